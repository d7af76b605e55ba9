package identity

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// How a key set is fetched.
const (
	setTimeout   = 3 * time.Second
	maxSet       = 256 << 10      // bytes
	setFor       = 10 * 60 * 1000 // ms after which a set is fetched again: how long a key that was taken back still counts
	refetchAfter = 60 * 1000      // ms between fetches for keys that the set does not have, or after a failure
	retryAfter   = 5 * 1000       // ms between fetches while there is no key at all
)

// keyEndpoint is where a key set comes from. tokenCheck.mu guards what is below Timeout.
type keyEndpoint struct {
	URL     string
	Shown   string // URL as a log may have it
	Timeout time.Duration
	under   chan struct{} // closed when the fetch under way ends; nil where there is none
	tried   bool
	triedAt int64  // Unix milliseconds
	failed  error  // why the last fetch brought no keys; nil where it did
	held    []byte // the document that the keys in force came from
}

// errUnfinished stands until a fetch has ended: should it panic, those who wait for it see this.
var errUnfinished = errors.New("the fetch did not end")

// fetchKeys waits for a fetch of the key set: the one under way, else one of its own, unless the last began less than
// pause milliseconds ago.
func fetchKeys(d *Directory, c *tokenCheck, now, pause int64) {
	c.mu.Lock()
	under := c.Set.under
	if under == nil && c.Set.tried && now < c.Set.triedAt+pause {
		c.mu.Unlock()
		return
	}
	mine := under == nil
	if mine {
		under = beginFetch(c, now)
	}
	c.mu.Unlock()
	if mine {
		runFetch(d, c, under, now)
		return
	}
	<-under // runFetch closes it after Set.Timeout at the latest
}

// fetchKeysAside begins a fetch that nobody waits for, unless one is under way.
func fetchKeysAside(d *Directory, c *tokenCheck, now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Set.under != nil {
		return
	}
	under := beginFetch(c, now)
	if !runAside(d, "fetching a key set", func() { runFetch(d, c, under, now) }) {
		c.Set.under = nil
		close(under)
	}
}

// beginFetch makes a fetch the one under way; c.mu is held.
func beginFetch(c *tokenCheck, now int64) chan struct{} {
	under := make(chan struct{})
	c.Set.under = under
	c.Set.tried, c.Set.triedAt = true, now
	return under
}

// runFetch fetches the key set. Where that fails the keys in force stay.
func runFetch(d *Directory, c *tokenCheck, under chan struct{}, now int64) {
	failed := errUnfinished
	document := []byte(nil)
	keys := []*verifyKey(nil)
	defer func() {
		c.mu.Lock()
		c.Set.failed = failed
		c.Set.under = nil
		if failed == nil && !bytes.Equal(document, c.Set.held) {
			c.Set.held = document
			installKeys(c, keys)
		}
		c.nextLook = now + setFor
		if failed != nil {
			c.nextLook = now + refetchAfter
		}
		c.mu.Unlock()
		close(under)
		if failed != nil {
			d.log.Warn("fetching the key set of a tenant", "tenant", c.Tenant, "url", c.Set.Shown, "error", failed.Error())
		}
	}()
	status, body, err := get(d, c.Set.URL, c.Set.Timeout, maxSet)
	if err != nil {
		failed = err
		return
	}
	if status != 200 {
		failed = fmt.Errorf("it answered %d; only 200 is allowed", status)
		return
	}
	keys, failed = readKeySet(body)
	document = body
}
