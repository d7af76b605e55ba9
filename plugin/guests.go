package plugin

import (
	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// mergeFirst merges the guest's cart that a customer brings along, and then does what was asked.
func mergeFirst(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) *adapters.Answer {
	if call.Command.Verb == cartcore.Merge { // the merge is what was asked, and is answered
		return write(d, call, caller, now)
	}
	notices, problem := mergeGuest(d, call, caller, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	merged := *caller
	merged.MergeKey = cartcore.Key{}
	answer := proceed(d, call, &merged, now)
	if len(notices) == 0 {
		return answer
	}
	told := *answer // the answer may be a prepared one, which nobody may change
	told.Header = append(append([]adapters.Header{}, answer.Header...), notices...)
	return &told
}

// mergeGuest moves what fits of a guest's cart into the customer's, once: the customer's cart is saved first, with a mark
// of the guest cart's version, so that a crash between the two saves neither loses nor doubles a line.
// The headers name what did not fit and stays with the guest.
func mergeGuest(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) ([]adapters.Header, *cartcore.Error) {
	known, err := store.GetCart(d.Engine.Shared.Carts, caller.MergeKey)
	if err != nil {
		return nil, cartcore.Fail(cartcore.KindUnavailable, err)
	}
	if known == nil || len(known.Lines) == 0 {
		return nil, nil
	}
	if d.Engine.Asks {
		if _, problem := askedFor(d, &cartcore.Command{Verb: cartcore.Merge}, caller, now); problem != nil {
			return nil, nil // the guest's cart waits, and the customer can still read
		}
	}
	first, second := lockPair(d.Engine.Shared, caller)
	first.Lock()
	defer first.Unlock()
	if second != nil {
		second.Lock()
		defer second.Unlock()
	}
	for try := 0; try < maxTries; try++ {
		stepAside(d.Engine.Shared, try)
		told, again, problem := mergeOnce(d, call, caller, now)
		if problem != nil || !again {
			return told, problem
		}
	}
	return nil, cartcore.Refuse(cartcore.KindConflict)
}

func mergeOnce(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) (told []adapters.Header, again bool, problem *cartcore.Error) {
	kept := d.Engine.Shared.Carts
	guest, err := store.GetCart(kept, caller.MergeKey)
	if err != nil {
		return nil, false, cartcore.Fail(cartcore.KindUnavailable, err)
	}
	if guest == nil || len(guest.Lines) == 0 {
		return nil, false, nil
	}
	own, err := store.GetCart(kept, caller.Key)
	if err != nil {
		return nil, false, cartcore.Fail(cartcore.KindUnavailable, err)
	}
	seed := identity.Entropy()
	if own == nil {
		own = cartcore.New(caller.Key, guest.Currency, seed, now)
	}
	command := &cartcore.Command{
		Verb: cartcore.Merge, Asks: cartcore.AsksOf(guest.Lines), Seed: seed, Mark: cartcore.Mark{Cart: guest.ID, Version: cartcore.Edition(guest)},
	}
	sold, problem := soldFor(d, command, caller, now)
	if problem != nil {
		return nil, false, problem
	}
	done, again, problem := merge(d, call, own, command, sold, now)
	if again {
		return nil, true, nil
	}
	if problem != nil && problem.Kind == cartcore.KindCartLocked {
		return nil, false, nil // a checkout holds the customer's cart: the guest's waits, and the customer can still read
	}
	if problem != nil {
		return nil, false, problem
	}
	if done.Next != done.Base {
		if again, problem = saved(saveTelling(d.Engine, done.Base, done.Next, cartcore.Merge, done.Sold.Facts, seed, now)); again || problem != nil {
			return nil, again, problem
		}
	}
	told = noticesOf(done.Outcome)
	again, problem = settleGuest(d, call, done.Next, guest, sold, now)
	return told, again, problem
}

// merge does a merge on the customer's cart, which is still to be kept.
func merge(d *desk, call *adapters.Call, own *cartcore.Cart, command *cartcore.Command, sold *catalog.Snapshot, now int64) (done *deed, again bool, problem *cartcore.Error) {
	if d.Backend != nil {
		return mergeBacked(d, call, own, command, sold, now)
	}
	merged, outcome, problem := cartcore.Apply(own, command, sold.Facts, &d.Engine.Limits, now)
	return &deed{Base: own, Next: merged, Outcome: outcome, Sold: sold}, false, problem
}

// settleGuest leaves in the guest's cart what did not fit into the customer's own, once that is saved.
func settleGuest(d *desk, call *adapters.Call, own, guest *cartcore.Cart, sold *catalog.Snapshot, now int64) (again bool, problem *cartcore.Error) {
	rest, done := cartcore.RestOf(own, guest)
	if !done {
		return false, nil
	}
	seed := identity.Entropy() // another than of the customer's cart: its events would else have the same ids
	if len(rest) == 0 {
		again, problem = saved(dropTelling(d.Engine, guest, sold.Facts, seed, now))
		if d.Backend != nil && !again && problem == nil {
			cancelBacked(d, call.Request, guest)
		}
		return again, problem
	}
	if d.Backend != nil {
		return keepRestBacked(d, call, guest, cartcore.Keep(guest, rest, now), sold, seed, now)
	}
	return saved(saveTelling(d.Engine, guest, cartcore.Keep(guest, rest, now), cartcore.Merge, sold.Facts, seed, now))
}
