package plugin

import (
	"errors"
	"hash/maphash"
	"math/rand"
	"sync"
	"time"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// maxTries bounds how often a command is applied again after another writer won. In one process the lock on the cart
// lets nobody else win, so this counts writers on other machines.
const maxTries = 8

// change answers a request that changes the caller's cart. on is nil where the client makes no terms.
func change(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, now int64) *adapters.Answer {
	if call.Command.Verb > cartcore.Clear {
		if answer := seldom(d, call, caller, on, now); answer != nil {
			return answer
		}
	}
	if d.Engine.Asks {
		if answer := ready(d, call, caller, now); answer != nil {
			return answer
		}
	}
	lock := d.Locks[stripeOf(caller.Key)]
	lock.Lock()
	defer lock.Unlock()
	sold, problem := soldFor(d, call.Command, caller, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	catalog.NameAsks(sold, call.Command.Asks)
	call.Command.Seed = identity.Entropy()
	if d.Luck != nil {
		if answer := presume(d, call, caller, on, sold, now); answer != nil {
			return answer
		}
	}
	answer := attempt(d, call, caller, on, sold, now)
	if answer == nil {
		answer = tryAgain(d, call, caller, on, sold, now)
	}
	return answer
}

// tryAgain applies the command to the newest cart after another writer won.
func tryAgain(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, sold *catalog.Snapshot, now int64) *adapters.Answer {
	for try := 1; try < maxTries; try++ {
		stepAside(d.Engine.Shared, try)
		if d.Engine.Asks { // the winner may have put in what was not asked for
			again, problem := soldFor(d, call.Command, caller, now)
			if problem != nil {
				return refused(d, call, problem)
			}
			sold = again
		}
		if answer := attempt(d, call, caller, on, sold, now); answer != nil {
			return answer
		}
	}
	return refused(d, call, cartcore.Refuse(cartcore.KindConflict))
}

// stepAside lets the writers of other processes go first for a moment that is random, longer each time: those who lost
// against one another once would else meet again and again. The first bound is about what a save takes.
func stepAside(shared *sharedCarts, try int) {
	if try > 0 && store.AreShared(shared.Carts) {
		time.Sleep(time.Duration(rand.Int63n(int64(2*time.Millisecond) << try))) //nolint:gosec // spreads writers, guards nothing
	}
}

// attempt loads the cart and does the command on it; nil says that another writer won.
func attempt(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, sold *catalog.Snapshot, now int64) *adapters.Answer {
	if d.Backend != nil {
		return attemptBacked(d, call, caller, on, sold, now)
	}
	if on != nil || call.Credentials.Cart != "" || caller.Key.Owner == "" {
		return attemptOnTerms(d, call, caller, on, sold, now)
	}
	cart, err := store.GetCart(d.Carts, caller.Key)
	if cart == nil {
		return attemptAnew(d, call, caller, sold, now, err)
	}
	return apply(d, call, caller, nil, cart, sold, now)
}

// attemptAnew does the command on a new cart, unless it is not known whether there is one.
func attemptAnew(d *desk, call *adapters.Call, caller *cartcore.Caller, sold *catalog.Snapshot, now int64, err error) *adapters.Answer {
	if err != nil {
		return refused(d, call, cartcore.Fail(cartcore.KindUnavailable, err))
	}
	cart, caller, problem := newCart(d, call, caller, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	return apply(d, call, caller, nil, cart, sold, now)
}

// attemptOnTerms does what few attempts need: it makes a guest's first cart, and judges what the client demands.
func attemptOnTerms(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, sold *catalog.Snapshot, now int64) *adapters.Answer {
	cart, caller, problem := cartOf(d, call, caller, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	if on != nil {
		if answer := judged(d, call, caller, on, cart, sold, now); answer != nil {
			return answer
		}
	}
	return apply(d, call, caller, on, cart, sold, now)
}

// apply applies the command and finishes it; nil says that another writer won.
func apply(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, cart *cartcore.Cart, sold *catalog.Snapshot, now int64) *adapters.Answer {
	next, outcome, problem := cartcore.Apply(cart, call.Command, sold.Facts, call.Limits, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	return finish(d, call, caller, on, &deed{Base: cart, Next: next, Outcome: outcome, Sold: sold}, now)
}

// deed is a command that was applied, and is not kept yet.
type deed struct {
	Base    *cartcore.Cart // what is to be replaced
	Next    *cartcore.Cart // what replaces it; Base where nothing changed
	Outcome *cartcore.Outcome
	Sold    *catalog.Snapshot
	Seen    *seenCart // how the service behind us has Next; nil where there is none
}

// finish prints the answer and keeps what changed; nil says that another writer won.
func finish(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, done *deed, now int64) *adapters.Answer {
	cart, next, outcome, sold := done.Base, done.Next, done.Outcome, done.Sold
	answer := d.Encode(call, &adapters.Seen{View: outcome.View, Outcome: outcome, Caller: caller})
	if outcome.Cut {
		answer.Header = append(answer.Header, noticesOf(outcome)...)
	}
	if on != nil || cart.Replies != nil {
		next = agreed(d, call, caller, on, cart, next, sold, answer, now)
	}
	if next != cart {
		if err := keep(d, call, cart, next, sold, now); err != nil {
			return unsaved(d, call, err)
		}
	}
	if done.Seen != nil {
		keepSeen(d.Backend, done.Seen, next)
	}
	if outcome.Cut {
		logCut(d, outcome)
	}
	return answer
}

// keep saves what a cart has become, with what webhooks are to be told where a tenant has any.
func keep(d *desk, call *adapters.Call, cart, next *cartcore.Cart, sold *catalog.Snapshot, now int64) error {
	if d.Engine.Heralds == nil {
		return store.SaveCart(d.Carts, next, cart.Version)
	}
	return saveTelling(d.Engine, cart, next, call.Command.Verb, sold.Facts, call.Command.Seed, now)
}

// unsaved answers a write that the store refused; nil where another writer won.
func unsaved(d *desk, call *adapters.Call, err error) *adapters.Answer {
	again, problem := saved(err)
	if again {
		return nil
	}
	return refused(d, call, problem)
}

// saved tells a conflict, after which a write is tried again, from a store that cannot answer.
func saved(err error) (again bool, problem *cartcore.Error) {
	if err == nil {
		return false, nil
	}
	if errors.Is(err, store.ErrConflict) {
		return true, nil
	}
	return false, cartcore.Fail(cartcore.KindUnavailable, err)
}

// cartOf answers the caller's cart, a new one where there is none yet.
func cartOf(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) (*cartcore.Cart, *cartcore.Caller, *cartcore.Error) {
	if caller.Key.Owner == "" {
		return newCart(d, call, caller, now)
	}
	cart, err := store.GetCart(d.Carts, caller.Key)
	if err != nil {
		return nil, caller, cartcore.Fail(cartcore.KindUnavailable, err)
	}
	if cart == nil {
		return newCart(d, call, caller, now)
	}
	if call.Credentials.Cart != "" {
		return cart, caller, misnamed(call, caller, cart)
	}
	return cart, caller, nil
}

// newCart answers a cart that no store has seen. A guest token that no cart is known by counts for nothing: the guest gets
// a fresh one, or where the request names a cart is told that there is none.
func newCart(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) (*cartcore.Cart, *cartcore.Caller, *cartcore.Error) {
	need := call.Credentials.Need
	if caller.Customer == "" && !caller.Vouched && need != cartcore.NeedSession {
		if need == cartcore.NeedCart {
			return nil, caller, cartcore.Refuse(cartcore.KindCartUnknown)
		}
		caller = identity.WithGuest(caller, d.Adapter.Name, d.Adapter.Guest(identity.Entropy()), true)
	}
	cart := cartcore.New(caller.Key, identity.CurrencyOf(d.Engine.Directory, caller.Tenant), identity.Entropy(), now)
	return cart, caller, misnamed(call, caller, cart)
}

// misnamed refuses a customer's request that names another cart than the customer's own.
func misnamed(call *adapters.Call, caller *cartcore.Caller, cart *cartcore.Cart) *cartcore.Error {
	if call.Credentials.Cart == "" || caller.Customer == "" || (cartcore.Edition(cart) > 0 && cartcore.ShortID(cart.ID) == call.Credentials.Cart) {
		return nil
	}
	return cartcore.Refuse(cartcore.KindCartUnknown)
}

// lockSeed makes the stripes of this process.
var lockSeed = maphash.MakeSeed()

// stripeOf is the number of the lock on a cart.
func stripeOf(key cartcore.Key) uint64 {
	return maphash.String(lockSeed, key.Owner) % lockStripes
}

// lockPair answers the locks on the caller's cart and on the guest's cart to merge, in the order in which everybody takes
// them; second is nil where both carts share one.
func lockPair(shared *sharedCarts, caller *cartcore.Caller) (first, second *sync.Mutex) {
	a, b := stripeOf(caller.Key), stripeOf(caller.MergeKey)
	if a == b {
		return shared.Locks[a], nil
	}
	if a > b {
		a, b = b, a
	}
	return shared.Locks[a], shared.Locks[b]
}
