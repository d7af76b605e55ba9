package plugin

import (
	"errors"
	"log/slog"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

// saveTelling saves a cart with the events of its change, for engines that have webhooks. verb is what was done.
// Its errors are those of store.SaveCart.
func saveTelling(e *engine, before, next *cartcore.Cart, verb cartcore.Verb, facts cartcore.Facts, seed string, now int64) error {
	h := e.Heralds[next.Key.Tenant]
	if h == nil {
		return store.SaveCart(e.Shared.Carts, next, before.Version)
	}
	lost := cartcore.Tell(before, next, verb, facts, h.Audience, seed, now)
	if err := store.SaveCart(e.Shared.Carts, next, before.Version); err != nil {
		return err
	}
	logLost(e.Log, next.Key.Tenant, lost)
	wakeOutbox(e.Shared.Outbox, next)
	return nil
}

// dropTelling takes away a cart whose lines are somewhere else now. What it still has to tell, and that it is empty, is kept
// in a record of its own first: after a crash between the two the events may come twice, but none is lost.
// Its errors are those of store.DropCart.
func dropTelling(e *engine, cart *cartcore.Cart, facts cartcore.Facts, seed string, now int64) error {
	h := e.Heralds[cart.Key.Tenant]
	if h == nil && !cartcore.HasEvents(cart) {
		return store.DropCart(e.Shared.Carts, cart)
	}
	last := cartcore.Keep(cart, nil, now)
	if h != nil {
		logLost(e.Log, cart.Key.Tenant, cartcore.Tell(cart, last, cartcore.Clear, facts, h.Audience, seed, now))
	}
	return dropLeaving(e, cart, last)
}

// dropLeaving drops a cart. What last still has to tell is kept in a record of its own first, so that a crash between the
// two loses no event. Its errors are those of store.DropCart.
func dropLeaving(e *engine, cart, last *cartcore.Cart) error {
	if cartcore.HasEvents(last) {
		left := cartcore.Left(last)
		if err := store.SaveCart(e.Shared.Carts, left, 0); err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
		wakeOutbox(e.Shared.Outbox, left)
	}
	return store.DropCart(e.Shared.Carts, cart)
}

// logLost says that events were given up because nobody takes them out of a cart.
func logLost(log *slog.Logger, tenant string, lost int) {
	if lost > 0 {
		log.Error("a cart holds more events than it can; the oldest were dropped", "tenant", tenant, "dropped", lost)
	}
}

// saveBorn saves a cart that was made for a guest who only reads. Its errors are those of store.SaveCart.
func saveBorn(e *engine, cart *cartcore.Cart, facts cartcore.Facts, now int64) error {
	return saveTelling(e, cart, cartcore.Born(cart), cartcore.Read, facts, cart.ID, now)
}
