package plugin

import (
	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// subscribe lets a customer wait for an item to be in stock again, or wait no more. It lasts until either happens.
func subscribe(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, now int64) *adapters.Answer {
	sold, problem := soldFor(d, call.Command, caller, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	catalog.NameAsks(sold, call.Command.Asks)
	currency := identity.CurrencyOf(d.Engine.Directory, caller.Tenant)
	none := &cartcore.Cart{Currency: currency}
	_, outcome, problem := cartcore.Apply(none, call.Command, sold.Facts, call.Limits, now)
	if problem != nil && (on == nil || on.Key == "" || problem.Kind != cartcore.KindInStock) {
		return refused(d, call, problem)
	}
	if on != nil {
		on.Match = nil // no cart is changed
	}
	w := &waiting{Key: waitKey(caller, call.Command.Asks[0].SKU), Currency: currency, Outcome: outcome, Problem: problem, Sold: sold}
	lock := d.Engine.Shared.Locks[stripeOf(w.Key)]
	lock.Lock()
	defer lock.Unlock()
	for try := 0; try < maxTries; try++ {
		stepAside(d.Engine.Shared, try)
		if answer := subscribeOnce(d, call, caller, on, w, now); answer != nil {
			return answer
		}
	}
	return refused(d, call, cartcore.Refuse(cartcore.KindConflict))
}

// waiting is what a request to wait, or to wait no more, is about.
type waiting struct {
	Key      cartcore.Key
	Currency string
	Outcome  *cartcore.Outcome
	Problem  *cartcore.Error // why it cannot be, which counts where this is no retry of what was answered before
	Sold     *catalog.Snapshot
}

func waitKey(caller *cartcore.Caller, sku string) cartcore.Key {
	return cartcore.Key{Tenant: caller.Tenant, Owner: cartcore.NotifyOwner(sku, caller.Customer)}
}

// subscribeOnce changes the record of the wait; nil says that another writer won.
func subscribeOnce(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, w *waiting, now int64) *adapters.Answer {
	record, err := store.GetCart(d.Engine.Shared.Carts, w.Key)
	if err != nil {
		return refused(d, call, cartcore.Fail(cartcore.KindUnavailable, err))
	}
	if record == nil {
		record = cartcore.New(w.Key, w.Currency, identity.Entropy(), now)
	}
	if on != nil {
		if answer := judged(d, call, caller, on, record, w.Sold, now); answer != nil {
			return answer
		}
	}
	problem := w.Problem
	if problem == nil && call.Command.Verb == cartcore.Unsubscribe && !cartcore.Waits(record) {
		problem = cartcore.Refuse(cartcore.KindNotSubscribed)
	}
	if problem != nil {
		return refused(d, call, problem)
	}
	next := record
	if call.Command.Verb == cartcore.Subscribe {
		next = cartcore.Wait(record, now)
	} else {
		next = cartcore.WaitNoMore(record, now)
	}
	seen := &adapters.Seen{View: w.Outcome.View, Outcome: w.Outcome, Caller: caller, Subscribed: cartcore.Waits(next), SubscribedAt: next.Created}
	answer := d.Route.Encode(call, seen)
	if on != nil {
		next = agreed(d, call, caller, on, record, next, w.Sold, answer, now)
	}
	if cartcore.IsSpent(next) && next.Replies == nil {
		err = store.DropCart(d.Engine.Shared.Carts, record)
	} else {
		err = store.SaveCart(d.Engine.Shared.Carts, next, record.Version)
	}
	if err != nil {
		return unsaved(d, call, err)
	}
	noteWait(d.Engine.Shared.Outbox, next)
	return answer
}

// subscriptionOf answers since when, in Unix milliseconds, a customer waits for an item to be in stock again; 0: not at all.
func subscriptionOf(d *desk, caller *cartcore.Caller, sku string) (int64, *cartcore.Error) {
	record, err := store.GetCart(d.Engine.Shared.Carts, waitKey(caller, sku))
	if err != nil {
		return 0, cartcore.Fail(cartcore.KindUnavailable, err)
	}
	if record == nil || !cartcore.Waits(record) {
		return 0, nil
	}
	return record.Created, nil
}
