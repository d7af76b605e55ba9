package plugin

import (
	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/store"
)

// look answers a request that only reads. An answer that was printed from the same cart and the same catalogue is sent again.
// name is nameOf.
func look(d *desk, call *adapters.Call, caller *cartcore.Caller, name string, now int64) *adapters.Answer {
	if caller.Key.Owner == "" {
		return lookNew(d, call, caller, now)
	}
	cart, err := store.GetCart(d.Carts, caller.Key)
	if cart == nil {
		return lookNone(d, call, caller, err, now)
	}
	if d.Engine.Asks {
		return lookAsked(d, call, caller, cart, name, now)
	}
	sold := catalog.Current(d.Catalogs[caller.Tenant], now)
	if d.Backend != nil {
		return lookBacked(d, call, caller, cart, sold, name, now)
	}
	if answer := recall(d.Engine.Answers, name, cart, sold); answer != nil {
		return answer
	}
	return lookAnew(d, call, caller, cart, sold, name, now)
}

// lookAsked is look where some tenant's catalogue is a service.
func lookAsked(d *desk, call *adapters.Call, caller *cartcore.Caller, cart *cartcore.Cart, name string, now int64) *adapters.Answer {
	sold, problem := askedFor(d, call.Command, caller, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	if d.Backend != nil {
		return lookBacked(d, call, caller, cart, sold, name, now)
	}
	return lookSeen(d, call, caller, &seenCart{Cart: cart, Sold: sold}, now)
}

// lookNone answers a request that reads where the store has no cart, or does not answer.
func lookNone(d *desk, call *adapters.Call, caller *cartcore.Caller, err error, now int64) *adapters.Answer {
	if err != nil {
		return refused(d, call, cartcore.Fail(cartcore.KindUnavailable, err))
	}
	return lookNew(d, call, caller, now)
}

// nameOf is the name under which the answer to a read is kept.
func nameOf(d *desk, call *adapters.Call, caller *cartcore.Caller) string {
	return d.Number + schemeOf(call.Request) + "\n" + call.Credentials.Cart + "\n" + caller.Shown
}

// lookAnew prints a cart, and keeps the answer under name for the next who asks the same.
func lookAnew(d *desk, call *adapters.Call, caller *cartcore.Caller, cart *cartcore.Cart, sold *catalog.Snapshot, name string, now int64) *adapters.Answer {
	if problem := misnamed(call, caller, cart); problem != nil {
		return refused(d, call, problem)
	}
	_, outcome, problem := cartcore.Apply(cart, call.Command, sold.Facts, call.Limits, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	answer := d.Route.Encode(call, &adapters.Seen{View: outcome.View, Outcome: outcome, Caller: caller})
	answer.Tag = tagOf(answer.Body)
	answer.Length = lengthOf(answer.Body)
	remember(d.Engine.Answers, name, cart, sold, answer)
	return answer
}

// lookNew answers a request that reads where there is no cart yet. A guest gets a fresh token, whose cart is kept so that
// the token is known when it comes back.
func lookNew(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) *adapters.Answer {
	cart, caller, problem := newCart(d, call, caller, now)
	if problem == nil {
		problem = misnamed(call, caller, cart)
	}
	if problem != nil {
		return refused(d, call, problem)
	}
	sold := catalog.Current(d.Catalogs[caller.Tenant], now)
	_, outcome, problem := cartcore.Apply(cart, call.Command, sold.Facts, call.Limits, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	if caller.Fresh {
		if _, problem := saved(saveBorn(d.Engine, cart, sold.Facts, now)); problem != nil {
			return refused(d, call, problem)
		}
	}
	answer := d.Route.Encode(call, &adapters.Seen{View: outcome.View, Outcome: outcome, Caller: caller})
	answer.Tag = tagOf(answer.Body)
	return answer
}
