package plugin

import (
	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/store"
)

// A cart that became an order is filed: it is kept under a key of its own with the order's number, and the owner's key is
// free for the next cart. No request pays for the difference between a cart and an order.

// closeCart makes the caller's cart an order.
func closeCart(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, now int64) *adapters.Answer {
	if d.Engine.Asks {
		if answer := ready(d, call, caller, now); answer != nil {
			return answer
		}
	}
	lock := d.Engine.Shared.Locks[stripeOf(caller.Key)]
	lock.Lock()
	defer lock.Unlock()
	sold, problem := soldFor(d, call.Command, caller, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	for try := 0; try < maxTries; try++ {
		stepAside(d.Engine.Shared, try)
		if answer := closeOnce(d, call, caller, on, sold, now); answer != nil {
			return answer
		}
	}
	return refused(d, call, cartcore.Refuse(cartcore.KindConflict))
}

// closeOnce files the cart and then drops it, so that a crash between the two loses neither; it answers nil where another
// writer won.
func closeOnce(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, sold *catalog.Snapshot, now int64) *adapters.Answer {
	filedKey := cartcore.Key{Tenant: caller.Tenant, Owner: cartcore.FiledOwner(caller.Key.Owner, call.Credentials.Cart)}
	before, err := store.GetCart(d.Engine.Shared.Carts, filedKey)
	if err != nil {
		return refused(d, call, cartcore.Fail(cartcore.KindUnavailable, err))
	}
	cart, caller, problem := cartOf(d, call, caller, now)
	if problem != nil && problem.Kind == cartcore.KindCartUnknown && before != nil {
		return closedBefore(d, call, caller, on, before, sold, now)
	}
	if problem != nil {
		return refused(d, call, problem)
	}
	if d.Backend != nil {
		seen, again, problem := seeing(d, visitOf(d, call, sold, now), cart)
		if problem != nil {
			return refused(d, call, problem)
		}
		if again {
			return nil
		}
		cart = seen.Cart
		sold = seen.Sold
	}
	if on != nil {
		if answer := judged(d, call, caller, on, cart, sold, now); answer != nil {
			return answer
		}
	}
	next, outcome, problem := cartcore.Apply(cart, call.Command, sold.Facts, call.Limits, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	answer := d.Route.Encode(call, &adapters.Seen{View: outcome.View, Outcome: outcome, Caller: caller})
	if on != nil {
		next = agreed(d, call, caller, on, cart, next, sold, answer, now)
	}
	again, problem := file(d, next, filedKey, before)
	if problem == nil && !again {
		again, problem = saved(dropFiled(d.Engine, cart))
	}
	if problem != nil {
		return refused(d, call, problem)
	}
	if again {
		return nil
	}
	cancelBacked(d, call.Request, cart)
	return answer
}

// file keeps an order under its key. before is there where a crash let a cart be filed and not dropped.
func file(d *desk, cart *cartcore.Cart, key cartcore.Key, before *cartcore.Cart) (again bool, problem *cartcore.Error) {
	filed := *cart
	filed.Key = key
	filed.Outbox = nil // an order has nothing to tell, and is not left alone when nobody changes it
	was := int64(0)
	if before != nil {
		was = before.Version
	}
	if filed.Version <= was {
		filed.Version = was + 1
	}
	return saved(store.SaveCart(d.Engine.Shared.Carts, &filed, was))
}

// dropFiled takes away a cart that is filed. That it became an order is no event of a cart.
// Its errors are those of store.DropCart.
func dropFiled(e *engine, cart *cartcore.Cart) error {
	return dropLeaving(e, cart, cart)
}

// closedBefore answers who closes a cart again: the same order is answered as it was the first time, since an answer can
// get lost; any other finds no cart.
func closedBefore(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, filed *cartcore.Cart, sold *catalog.Snapshot, now int64) *adapters.Answer {
	if on != nil && on.Key != "" && cartcore.FindReply(filed.Replies, on.Key, now) != nil {
		return judged(d, call, caller, on, filed, sold, now)
	}
	if filed.Order != call.Command.Order {
		return refused(d, call, cartcore.Refuse(cartcore.KindCartUnknown))
	}
	if d.Engine.Asks {
		asked, problem := catalog.For(d.Catalogs[caller.Tenant], nil, filed.Lines, false, now)
		if problem != nil {
			return refused(d, call, problem)
		}
		sold = asked
	}
	view, problem := cartcore.Show(filed, sold.Facts)
	if problem != nil {
		return refused(d, call, problem)
	}
	return d.Route.Encode(call, &adapters.Seen{View: view, Outcome: &cartcore.Outcome{View: view}, Caller: caller})
}
