package plugin

import (
	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// mergeFirst merges the guest's cart that a customer brings along, and then does what was asked.
func mergeFirst(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) *adapters.Answer {
	if call.Command.Verb == cartcore.Merge { // the merge is what was asked, and is answered
		return write(d, call, caller, now)
	}
	notices, problem := mergeGuest(d, caller, now)
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
func mergeGuest(d *desk, caller *cartcore.Caller, now int64) ([]adapters.Header, *cartcore.Error) {
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
		told, again, problem := mergeOnce(d, caller, now)
		if problem != nil || !again {
			return told, problem
		}
	}
	return nil, cartcore.Refuse(cartcore.KindConflict)
}

func mergeOnce(d *desk, caller *cartcore.Caller, now int64) (told []adapters.Header, again bool, problem *cartcore.Error) {
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
	merged, outcome, problem := cartcore.Apply(own, command, sold.Facts, &d.Engine.Limits, now)
	if problem != nil && problem.Kind == cartcore.KindCartLocked {
		return nil, false, nil // a checkout holds the customer's cart: the guest's waits, and the customer can still read
	}
	if problem != nil {
		return nil, false, problem
	}
	if merged != own {
		if again, problem = saved(saveTelling(d.Engine, own, merged, cartcore.Merge, sold.Facts, seed, now)); again || problem != nil {
			return nil, again, problem
		}
	}
	told = noticesOf(outcome)
	again, problem = settleGuest(d, merged, guest, sold.Facts, seed, now)
	return told, again, problem
}

// settleGuest leaves in the guest's cart what did not fit into the customer's own, once that is saved.
func settleGuest(d *desk, own, guest *cartcore.Cart, facts cartcore.Facts, seed string, now int64) (again bool, problem *cartcore.Error) {
	rest, done := cartcore.RestOf(own, guest)
	if !done {
		return false, nil
	}
	if len(rest) == 0 {
		return saved(dropTelling(d.Engine, guest, facts, seed, now))
	}
	return saved(saveTelling(d.Engine, guest, cartcore.Keep(guest, rest, now), cartcore.Merge, facts, seed, now))
}
