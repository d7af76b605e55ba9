package plugin

import (
	"sync/atomic"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/store"
)

// In a store that others write too, a change needs no look at the newest cart where this process knows it: the save finds out. A
// wrong guess costs the work of the change once more, several times what the look costs, so it is only made while nearly all
// come true, as they do where a client's requests stay at one Traefik.

// luck counts how the last guesses did, made or only watched: for every right one up, for every wrong one down.
type luck struct {
	count atomic.Int64
}

const (
	// luckDown is by how much a wrong guess counts more than a right one: while more than one of nine is wrong, none is made.
	luckDown = 8
	// luckBound is how far it goes up and down: after so many right ones in a row guesses are made again.
	luckBound = 64
)

// guessed notes how a guess did.
func guessed(l *luck, right bool) {
	count := l.count.Load()
	if right && count < luckBound {
		l.count.Add(1)
	}
	if !right && count > -luckBound {
		l.count.Add(-luckDown)
	}
}

// presume does the command on the cart as this process knows it. nil says that another writer was there, or that nothing is to be
// saved: then only the newest cart tells what to answer.
func presume(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, sold *catalog.Snapshot, now int64) *adapters.Answer {
	known := store.PresumeCart(d.Carts, caller.Key)
	if known == nil || call.Credentials.Cart != "" || on != nil && newestOnly(on, known, now) {
		return nil
	}
	if d.Luck.count.Load() < 0 {
		return askInstead(d, call, caller, on, known, sold, now)
	}
	next, outcome, problem := cartcore.Apply(known, call.Command, sold.Facts, call.Limits, now)
	if problem != nil || next == known {
		return nil
	}
	answer := finish(d, call, caller, on, &deed{Base: known, Next: next, Outcome: outcome, Sold: sold}, now)
	guessed(d.Luck, answer != nil)
	return answer
}

// askInstead does the command on the newest cart, and notes whether a guess would have been right.
func askInstead(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, known *cartcore.Cart, sold *catalog.Snapshot, now int64) *adapters.Answer {
	if on != nil {
		return nil
	}
	cart, err := store.GetCart(d.Carts, caller.Key)
	if cart == nil {
		return attemptAnew(d, call, caller, sold, now, err)
	}
	guessed(d.Luck, cart == known)
	return apply(d, call, caller, nil, cart, sold, now)
}

// newestOnly tells whether the client's terms can be judged on the newest cart alone: a tag, or a retry of what is done.
func newestOnly(on *terms, cart *cartcore.Cart, now int64) bool {
	return on.Match != nil || cartcore.FindReply(cart.Replies, on.Key, now) != nil
}
