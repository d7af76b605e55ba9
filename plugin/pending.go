package plugin

import (
	"errors"
	"sort"
	"strings"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

// After this many carts the search pauses, so that requests come first.
const (
	scanStep  = 128
	scanPause = time.Millisecond
)

const (
	// scanEvery, in milliseconds, is how often it is looked what other processes that share the store have left to do: as often as
	// the claims of one that died end, at the usual timeout.
	scanEvery = 40 * 1000
	// scanShare is the part of the time, one in so many, that such searches may take.
	scanShare = 20
)

// scanOutbox finds what an earlier process, an earlier tenure of the store, or another process left to do. It reads the pending carts one by
// one, in the background: requests that change a cart meanwhile wake the outbox by themselves.
func scanOutbox(o *outbox, tenure int64) {
	began := time.Now()
	whole := scanPending(o)
	pause := time.Since(began).Milliseconds() * scanShare
	if pause < scanEvery {
		pause = scanEvery
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.scanning = false
	o.scanned = whole
	o.tenure = tenure
	o.rescan = time.Now().UnixMilli() + pause
}

// scanPending answers false where the store did not answer; the next tick begins anew.
func scanPending(o *outbox) bool {
	keys, err := store.PendingCarts(o.Shared.Carts)
	if err != nil {
		return false
	}
	letters := []string{}
	for i := range keys {
		if cartcore.OwnerIsDead(keys[i].Owner) {
			letters = append(letters, cartcore.KeyText(keys[i]))
			continue
		}
		if !wakePending(o, keys[i]) {
			return false
		}
		if i%scanStep == scanStep-1 && !slept(o, scanPause) {
			return false
		}
	}
	sort.Slice(letters, func(a, b int) bool { return letterOrder(letters[a]) < letterOrder(letters[b]) })
	o.mu.Lock()
	o.letters = letters
	o.mu.Unlock()
	return true
}

// letterOrder is what dead letters are ordered by: the id of the event begins with its time.
func letterOrder(name string) string { return name[strings.IndexByte(name, '/'):] }

// wakePending wakes the outbox for a pending cart, and answers false where the store did not answer.
func wakePending(o *outbox, key cartcore.Key) bool {
	cart, err := store.PeekCart(o.Shared.Carts, key)
	if errors.Is(err, store.ErrDamaged) {
		o.Log.Error("the events of a damaged cart cannot be delivered", "tenant", key.Tenant, "error", err.Error())
		return true
	}
	if err != nil {
		return false
	}
	if cart != nil && cart.Outbox != nil {
		noteWait(o, cart)
		wakeOutbox(o, cart)
	}
	return true
}
