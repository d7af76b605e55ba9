package plugin

import (
	"errors"
	"net/http"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/store"
	"github.com/polycart/polycart/ucp"
)

// Where a cart service is behind the router, a change is applied here first, sent to the service, and told as the service did it.
// docs/backends.md has the order of one change, and what happens where it breaks off.

// visit is what one request brings to a cart that a service keeps.
type visit struct {
	Request *http.Request
	Command *cartcore.Command
	Limits  *cartcore.Limits
	Sold    *catalog.Snapshot
	Now     int64 // Unix milliseconds
	Looked  bool  // the service has said in this visit how the cart is
}

func visitOf(d *desk, call *adapters.Call, sold *catalog.Snapshot, now int64) *visit {
	return &visit{Request: call.Request, Command: call.Command, Limits: &d.Engine.Limits, Sold: sold, Now: now}
}

// attemptBacked is attempt where a cart service is behind the router; nil says that another writer won, or that the service has
// another cart by now.
func attemptBacked(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, sold *catalog.Snapshot, now int64) *adapters.Answer {
	cart, caller, problem := cartOf(d, call, caller, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	key := cart.Key
	held, problem := claimCart(d, key)
	if problem != nil {
		return refused(d, call, problem)
	}
	if held {
		return nil
	}
	defer func() { unclaimCart(d, key) }()
	v := visitOf(d, call, sold, now)
	seen, again, problem := seeing(d, v, cart)
	if problem != nil {
		return refused(d, call, problem)
	}
	if again {
		return nil
	}
	if on != nil {
		if answer := judged(d, call, caller, on, seen.Cart, seen.Sold, now); answer != nil {
			return answer
		}
	}
	done, again, problem := doBacked(d, v, seen)
	if problem != nil {
		return refused(d, call, problem)
	}
	if again {
		return nil
	}
	return finish(d, call, caller, on, done, now)
}

// doBacked applies a command to a cart as it was seen, and has the service do it. A deed that is not refused is still to be kept.
// again says that nothing was done, and that the newest cart is to be taken.
func doBacked(d *desk, v *visit, seen *seenCart) (done *deed, again bool, problem *cartcore.Error) {
	bare := cartcore.Backed(seen.Cart, nil) // whose totals are our own while it changes
	facts := factsOf(seen.Cart.Lines, v.Command.Asks, v.Sold.Facts)
	for sku, item := range seen.Sold.Facts {
		facts[sku] = item
	}
	next, outcome, problem := cartcore.Apply(bare, v.Command, facts, v.Limits, v.Now)
	if problem != nil {
		return nil, false, problem
	}
	if cartcore.SameGoods(bare.Lines, next.Lines) {
		if isOld(d, v, seen) {
			forgetSeen(d.Backend.Seen, seen)
			return nil, true, nil
		}
		return doneHere(seen, bare, next, outcome, facts)
	}
	kept, answer, again, problem := push(d, v, seen.Cart, cartcore.Quietly(seen.Cart), next.Lines, facts)
	if problem != nil || again {
		return nil, again, problem
	}
	return doneThere(d, v, bare, kept, next.Lines, facts, answer)
}

// doneHere is a command that changed nothing of what the service keeps: a choice on a line, or a checkout that holds the cart.
func doneHere(seen *seenCart, bare, next *cartcore.Cart, outcome *cartcore.Outcome, facts cartcore.Facts) (*deed, bool, *cartcore.Error) {
	after := cartcore.Backed(next, seen.Cart.Backing)
	view, problem := cartcore.Show(after, facts)
	if problem != nil {
		return nil, false, problem
	}
	outcome.View = view
	if next == bare {
		after = seen.Kept
	}
	return &deed{Base: seen.Kept, Next: after, Outcome: outcome, Sold: &catalog.Snapshot{Facts: facts}}, false, nil
}

// doneThere tells a command as the service did it. Where the dialect takes no part of what was asked for, or the service did
// not do it, the service is set back to what the cart was.
func doneThere(d *desk, v *visit, bare, kept *cartcore.Cart, sent []*cartcore.Line, facts cartcore.Facts, answer *ucp.Answer) (*deed, bool, *cartcore.Error) {
	backing := settledBacking(d, v, kept, sent, answer)
	priceBy(facts, backing, answer, facts)
	granted := grantedBy(d.Backend, answer, cartcore.GoodsOf(backing), sent, facts)
	next, outcome, refusal := cartcore.Apply(bare, v.Command, granted, v.Limits, v.Now)
	if answer.Cart != nil && (refusal != nil || refusedAny(outcome)) && !cartcore.HoldsGoods(backing, next.Lines) {
		before := cartcore.Backed(kept, backing)
		back, mended, again, problem := push(d, v, before, cartcore.Quietly(before), next.Lines, facts)
		if problem != nil || again {
			return nil, again, problem
		}
		kept = back
		if mended.Cart != nil {
			answer = mended
		}
		backing = settledBacking(d, v, kept, next.Lines, mended)
	}
	after := cartcore.Backed(next, backing)
	changed := refusal == nil
	if answer.Cart != nil {
		followed, differs := cartcore.Follow(next, backing, v.Command.Seed, v.Now)
		after = followed
		changed = changed || differs
	}
	after.Outbox = kept.Outbox // which next does not have: it comes of the cart before
	after.Version = kept.Version + 1
	after.Quiet = kept.Quiet
	if refusal != nil {
		if !changed {
			after.Quiet++
		}
		return nil, false, keepRefused(d, v, kept, after, facts, refusal)
	}
	// What is printed has the catalogue's stock, as the next read has.
	view, problem := cartcore.Show(after, facts)
	if problem != nil {
		return nil, false, problem
	}
	outcome.View = view
	done := &deed{Base: kept, Next: after, Outcome: outcome, Sold: &catalog.Snapshot{Facts: facts}}
	if answer.Cart != nil {
		done.Seen = seenBy(v, after.Lines, backing, answer)
	}
	return done, false, nil
}

// settledBacking is what is kept of the service's cart after it answered a change to lines.
func settledBacking(d *desk, v *visit, kept *cartcore.Cart, lines []*cartcore.Line, answer *ucp.Answer) *cartcore.Backing {
	if answer.Cart == nil { // it did nothing
		return cartcore.Moved(kept.Backing)
	}
	return cartcore.Moved(backingOf(d.Backend, kept.Backing, lines, v.Sold, answer))
}

// refusedAny tells whether some ask of a command was refused by itself.
func refusedAny(outcome *cartcore.Outcome) bool {
	for _, result := range outcome.Results {
		if result.Err != nil {
			return true
		}
	}
	return false
}

// keepRefused keeps what the service has after a command that it did not do, and answers why it did not.
func keepRefused(d *desk, v *visit, kept, after *cartcore.Cart, facts cartcore.Facts, refusal *cartcore.Error) *cartcore.Error {
	err := saveTelling(d.Engine, kept, after, cartcore.Put, facts, v.Command.Seed, v.Now)
	if err != nil && !errors.Is(err, store.ErrConflict) { // another writer has put it right
		return cartcore.Fail(cartcore.KindUnavailable, err)
	}
	return refusal
}
