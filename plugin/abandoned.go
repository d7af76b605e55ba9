package plugin

import (
	"errors"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// A cart with lines that nobody changes for tenants[].abandonedAfter counts as abandoned, once until it changes again. Such
// carts are watched: their record is pending, and their name stands in a schedule. A change does not move the name; when
// its time has come, the cart tells when it was last changed.

// watch puts a cart into the schedule. The lock is held.
func watch(o *outbox, cart *cartcore.Cart, name string) {
	h := heraldFor(o, cart.Key.Tenant)
	if h == nil || h.Idle == 0 {
		return
	}
	o.watched[name] = true
	addDue(o.idle, name, idleFrom(cart, h.Idle))
}

// idleFrom is when a cart counts as abandoned, in Unix milliseconds: not while a checkout holds it.
func idleFrom(cart *cartcore.Cart, idle int64) int64 {
	if from := cart.Updated + idle; from > cart.Locked {
		return from
	}
	return cart.Locked
}

// tellIdle looks at the carts whose time has come, one after the other.
func tellIdle(o *outbox) {
	for {
		name := nextIdle(o)
		if name == "" {
			return
		}
		if err := judgeIdle(o, name); err != nil {
			o.Log.Warn("an idle cart could not be looked at yet", "error", err.Error())
			o.mu.Lock()
			addDue(o.idle, name, time.Now().UnixMilli()+storePause)
			o.mu.Unlock()
		}
	}
}

// nextIdle answers the name of the next cart; empty where there is none or the outbox is closed, and then the worker is gone.
func nextIdle(o *outbox) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.due) == 0 || o.closed {
		o.idling = false
		return ""
	}
	name := o.due[0]
	o.due = o.due[1:]
	return name
}

// judgeIdle tells that a cart was abandoned, or watches on where it changed meanwhile.
func judgeIdle(o *outbox, name string) error {
	key, _ := cartcore.KeyOf(name)
	o.mu.Lock()
	h := heraldFor(o, key.Tenant)
	if h == nil || h.Idle == 0 {
		delete(o.watched, name)
	}
	o.mu.Unlock()
	if h == nil || h.Idle == 0 {
		return nil
	}
	now := time.Now().UnixMilli() // of both times that the catalogue is asked: what was answered or failed just now is not asked again
	askForIdle(o, h, key, now)
	lock := o.Shared.Locks[stripeOf(key)]
	lock.Lock()
	defer lock.Unlock()
	cart, err := store.GetCart(o.Shared.Carts, key)
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	if cart == nil || cart.Outbox == nil || !cart.Outbox.Watch {
		unwatch(o, name)
		return nil
	}
	if due := idleFrom(cart, h.Idle); due > now {
		o.mu.Lock()
		addDue(o.idle, name, due)
		o.mu.Unlock()
		return nil
	}
	sold, err := soldNow(h, cart.Lines, now)
	if err != nil {
		return err
	}
	next, lost := cartcore.Abandon(cart, sold.Facts, h.Audience, identity.Entropy(), now)
	err = store.SaveCart(o.Shared.Carts, next, cart.Version)
	if errors.Is(err, store.ErrConflict) {
		o.mu.Lock()
		addDue(o.idle, name, now)
		o.mu.Unlock()
		return nil
	}
	if err != nil {
		return err
	}
	logLost(o.Log, key.Tenant, lost)
	unwatch(o, name)
	wakeOutbox(o, next)
	return nil
}

func unwatch(o *outbox, name string) {
	o.mu.Lock()
	delete(o.watched, name)
	o.mu.Unlock()
}
