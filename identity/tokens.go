package identity

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/polycart/polycart/cartcore"
)

// fileEvery is how often a key file is looked at, in milliseconds.
const fileEvery = 1000

// keysTried bounds how many keys are tried on a token that names none, so that a forged one costs little.
const keysTried = 8

// tokenCheck verifies the customer tokens of one tenant. What it has verified it remembers until the token ends or the
// keys change, so that a token costs its verification once.
type tokenCheck struct {
	Tenant  string          // for the log
	Allowed map[string]bool // algorithms; empty: whatever fits the key
	Rules   *claimRules
	File    *keyFile     // nil where the keys come from a set
	Set     *keyEndpoint // nil where they come from a file

	mu       sync.Mutex
	keys     []*verifyKey // never changed, only replaced; nil until a set was fetched
	known    *memory
	nextLook int64 // Unix milliseconds from which the file is looked at, or the set fetched, again
}

// The reasons why a token with nothing wrong in itself is refused.
var (
	errNoKeys     = errors.New("the tenant has no keys for customer tokens")
	errNotAllowed = errors.New("the token's alg is not one of the tenant's algorithms")
	errSignature  = errors.New("the token's signature fits no key")
	errKeyUnknown = errors.New("the tenant's key set has no key for the token")
)

// installKeys puts keys in force and forgets what was verified with others; where c is in use, c.mu is held.
// A verification that still runs with the old keys remembers in the memory that is dropped here.
func installKeys(c *tokenCheck, keys []*verifyKey) {
	c.keys = keys
	c.known = newMemory()
}

// checkToken verifies a customer token at now (Unix milliseconds). The error is KindBadToken, or KindUnavailable where
// the key set cannot be had. A token verified before is answered here, by one look into the memory.
func checkToken(d *Directory, c *tokenCheck, text string, now int64) (remembered, *cartcore.Error) {
	if c == nil {
		return remembered{}, cartcore.Fail(cartcore.KindBadToken, errNoKeys)
	}
	if len(text) > maxToken { // before it is hashed
		return remembered{}, cartcore.Fail(cartcore.KindBadToken, errTokenLength)
	}
	sum := sha256.Sum256([]byte(text))
	name := string(sum[:])
	c.mu.Lock()
	due := now >= c.nextLook
	who, ok := c.known.newer[name]
	c.mu.Unlock()
	if ok && !due && now < who.Until {
		return who, nil
	}
	return checkAnew(d, c, text, name, now)
}

// checkAnew verifies a token that is not among those verified last, or when the keys are due to be looked at.
func checkAnew(d *Directory, c *tokenCheck, text, name string, now int64) (remembered, *cartcore.Error) {
	lookAgain(d, c, now)
	c.mu.Lock()
	who, ok := recall(c.known, name, now)
	c.mu.Unlock()
	if ok {
		return who, nil
	}
	token, err := readToken(text)
	if err == nil && len(c.Allowed) > 0 && !c.Allowed[token.Algorithm] {
		err = errNotAllowed
	}
	if err != nil {
		return remembered{}, cartcore.Fail(cartcore.KindBadToken, err)
	}
	known, refused := verify(d, c, &token, now)
	if refused != nil {
		return remembered{}, refused
	}
	who, err = checkClaims(c.Rules, token.Claims, now)
	if err != nil {
		return remembered{}, cartcore.Fail(cartcore.KindBadToken, err)
	}
	c.mu.Lock()
	remember(known, name, who)
	c.mu.Unlock()
	return who, nil
}

// lookAgain reads a changed key file, or begins to fetch a key set that has become old, where that is due.
func lookAgain(d *Directory, c *tokenCheck, now int64) {
	c.mu.Lock()
	due := now >= c.nextLook
	if due && c.Set == nil {
		c.nextLook = now + fileEvery // so that no other request looks too
	}
	c.mu.Unlock()
	if due && c.Set != nil {
		fetchKeysAside(d, c, now)
	} else if due {
		readChangedFile(d, c)
	}
}

// readChangedFile puts the keys of a changed file in force; a file that cannot be used leaves the old ones.
func readChangedFile(d *Directory, c *tokenCheck) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys, changed, err := loadFile(c.File)
	if err == nil && changed && len(unfit("", namesOf(c.Allowed), keys)) > 0 {
		err = errors.New("its key does not fit the tenant's algorithms")
	}
	complaint := ""
	if err != nil {
		complaint = err.Error()
	} else if changed {
		installKeys(c, keys)
		d.log.Info("read the changed keys of a tenant", "tenant", c.Tenant, "file", c.File.Path)
	} else {
		return
	}
	if complaint != "" && complaint != c.File.complained {
		d.log.Error("reading the changed keys of a tenant; the old ones stay", "tenant", c.Tenant, "file", c.File.Path, "error", complaint)
	}
	c.File.complained = complaint
}

// namesOf lists the names in set.
func namesOf(set map[string]bool) []string {
	names := []string{}
	for name := range set {
		names = append(names, name)
	}
	return names
}

// heldKeys answers the keys in force and the memory that belongs to them.
func heldKeys(c *tokenCheck) ([]*verifyKey, *memory, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Set == nil {
		return c.keys, c.known, nil
	}
	return c.keys, c.known, c.Set.failed
}

// verify looks for a key that the token's signature fits, and answers the memory that belongs to it.
func verify(d *Directory, c *tokenCheck, token *webToken, now int64) (*memory, *cartcore.Error) {
	keys, known, _ := heldKeys(c)
	if c.Set == nil {
		if fits, _ := anyFits(keys, token, false); fits {
			return known, nil
		}
		return nil, cartcore.Fail(cartcore.KindBadToken, errSignature)
	}
	if keys == nil {
		fetchKeys(d, c, now, retryAfter)
		failed := error(nil)
		keys, known, failed = heldKeys(c)
		if keys == nil {
			return nil, noKeySet(failed)
		}
	}
	fits, named := anyFits(keys, token, true)
	if fits {
		return known, nil
	}
	if named {
		return nil, cartcore.Fail(cartcore.KindBadToken, errSignature)
	}
	// The issuer may have a new key since.
	fetchKeys(d, c, now, refetchAfter)
	keys, known, failed := heldKeys(c)
	if fits, _ = anyFits(keys, token, true); fits {
		return known, nil
	}
	if failed != nil {
		return nil, noKeySet(failed)
	}
	return nil, cartcore.Fail(cartcore.KindBadToken, errKeyUnknown)
}

// noKeySet is the refusal where a key set cannot be had.
func noKeySet(failed error) *cartcore.Error {
	return cartcore.Fail(cartcore.KindUnavailable, fmt.Errorf("fetching the tenant's key set: %w", failed))
}

// anyFits says whether the token's signature fits one of keys, and whether a key by the name that the token gives is
// among them. byName is for key sets; the keys of a file have no names, so a token's is not looked at.
func anyFits(keys []*verifyKey, token *webToken, byName bool) (fits, named bool) {
	named = false // said, because a result does not begin as zero (docs/interpreter.md: named results)
	tried := 0
	for i := range keys {
		key := keys[i]
		if byName && token.KeyID != "" {
			if key.ID != token.KeyID {
				continue
			}
			named = true
		}
		if tried >= keysTried || !keyTakes(key, token.Algorithm) {
			continue
		}
		tried++
		if signatureFits(token.Algorithm, key, token.Signed, token.Signature) {
			return true, named
		}
	}
	return false, named
}
