package plugin

import (
	"bytes"
	"net/http"
	"sync/atomic"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/store"
	"github.com/polycart/polycart/ucp"
)

// lookBacked answers a request that only reads where a cart service is behind the router: what the service has counts. A cart that it
// answers as it did before is printed as it was before.
func lookBacked(d *desk, call *adapters.Call, caller *cartcore.Caller, cart *cartcore.Cart, sold *catalog.Snapshot, name string, now int64) *adapters.Answer {
	lately := d.Backend.Seen
	lately.mu.Lock()
	seen := lately.newer[cart]
	lately.mu.Unlock()
	if seen == nil || seen.Request == nil {
		return lookEarlier(d, call, caller, cart, sold, now)
	}
	into := fetch(d.Backend, call.Request, seen.Request)
	if into.status != http.StatusOK || seen.Known != sold || !bytes.Equal(seen.Body, into.body) {
		return lookBeside(d, call, caller, cart, sold, seen, into, now)
	}
	atomic.StoreInt64(seen.At, now)
	if seen.Name != name {
		return lookAgain(d, call, caller, seen, name, now)
	}
	return seen.Answer
}

// lookEarlier is lookBacked for a cart that was not seen lately, if at all.
func lookEarlier(d *desk, call *adapters.Call, caller *cartcore.Caller, cart *cartcore.Cart, sold *catalog.Snapshot, now int64) *adapters.Answer {
	seen := seenOf(d.Backend.Seen, cart)
	if seen == nil || seen.Request == nil {
		return lookFirst(d, call, caller, cart, sold, now)
	}
	return lookBeside(d, call, caller, cart, sold, seen, fetch(d.Backend, call.Request, seen.Request), now)
}

// lookBeside prints a cart that the service answers otherwise than before, or that is seen beside another catalogue.
func lookBeside(d *desk, call *adapters.Call, caller *cartcore.Caller, cart *cartcore.Cart, sold *catalog.Snapshot, seen *seenCart, into *recorder, now int64) *adapters.Answer {
	if into.status != http.StatusOK || !catalog.Same(seen.Known, sold) || !bytes.Equal(seen.Body, into.body) {
		return lookNewer(d, call, caller, cart, sold, into, now)
	}
	atomic.StoreInt64(seen.At, now)
	return lookSeen(d, call, caller, seen, now)
}

// lookAgain prints a cart that was seen again, and keeps at hand what was printed of it before.
func lookAgain(d *desk, call *adapters.Call, caller *cartcore.Caller, seen *seenCart, name string, now int64) *adapters.Answer {
	answer := recall(d.Engine.Answers, name, seen.Cart, seen.Sold)
	if answer == nil {
		return lookAnew(d, call, caller, seen.Cart, seen.Sold, name, now)
	}
	keepPrinted(d.Backend.Seen, seen, name, answer)
	return answer
}

// lookSeen prints a cart as it was seen.
func lookSeen(d *desk, call *adapters.Call, caller *cartcore.Caller, seen *seenCart, now int64) *adapters.Answer {
	name := nameOf(d, call, caller)
	if answer := recall(d.Engine.Answers, name, seen.Cart, seen.Sold); answer != nil {
		return answer
	}
	return lookAnew(d, call, caller, seen.Cart, seen.Sold, name, now)
}

// lookFirst looks at a cart that was not seen lately, without its lock, which most reads need not wait for.
func lookFirst(d *desk, call *adapters.Call, caller *cartcore.Caller, cart *cartcore.Cart, sold *catalog.Snapshot, now int64) *adapters.Answer {
	backing := cart.Backing
	if len(cart.Lines) == 0 && (backing == nil || (backing.ID == "" && backing.Intent == nil)) {
		return lookSeen(d, call, caller, &seenCart{Cart: cart, Sold: sold}, now)
	}
	if backing == nil || backing.ID == "" || backing.Intent != nil {
		return lookClosely(d, call, caller, sold, now)
	}
	return lookNewer(d, call, caller, cart, sold, fetchCart(d.Backend, call.Request, backing.ID), now)
}

// lookNewer prints a cart that the service answers otherwise than before.
func lookNewer(d *desk, call *adapters.Call, caller *cartcore.Caller, cart *cartcore.Cart, sold *catalog.Snapshot, into *recorder, now int64) *adapters.Answer {
	answer := answered(into, cart.Backing.ID, cart.Currency)
	if answer.Meaning == ucp.MeaningMissing {
		return lookClosely(d, call, caller, sold, now)
	}
	if answer.Meaning != ucp.MeaningCart {
		return refused(d, call, cartcore.Fail(cartcore.KindUnavailable, answer.Err))
	}
	v := visitOf(d, call, sold, now)
	made := knownBacking(d, v, cart, answer)
	if !cartcore.HoldsGoods(made, cart.Lines) {
		return lookClosely(d, call, caller, sold, now)
	}
	seen := seenBy(v, cart.Lines, made, answer)
	seen.Cart = cartcore.Backed(cart, made)
	keepSeen(d.Backend, seen, cart)
	return lookSeen(d, call, caller, seen, now)
}

// lookClosely looks at a cart under its lock, and puts right what is not as the service has it.
func lookClosely(d *desk, call *adapters.Call, caller *cartcore.Caller, sold *catalog.Snapshot, now int64) *adapters.Answer {
	lock := d.Locks[stripeOf(caller.Key)]
	lock.Lock()
	defer lock.Unlock()
	v := visitOf(d, call, sold, now)
	for try := 0; try < maxTries; try++ {
		stepAside(d.Engine.Shared, try)
		seen, again, problem := lookOnce(d, v, caller)
		if problem != nil {
			return refused(d, call, problem)
		}
		if !again {
			return lookSeen(d, call, caller, seen, now)
		}
	}
	return refused(d, call, cartcore.Refuse(cartcore.KindConflict))
}

func lookOnce(d *desk, v *visit, caller *cartcore.Caller) (seen *seenCart, again bool, problem *cartcore.Error) {
	held, problem := claimCart(d, caller.Key)
	if held || problem != nil {
		return nil, held, problem
	}
	defer func() { unclaimCart(d, caller.Key) }()
	cart, err := store.GetCart(d.Carts, caller.Key)
	if err != nil {
		return nil, false, cartcore.Fail(cartcore.KindUnavailable, err)
	}
	if cart == nil { // it has just gone
		return nil, false, cartcore.Refuse(cartcore.KindConflict)
	}
	return seeing(d, v, cart)
}
