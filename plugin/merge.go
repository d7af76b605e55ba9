package plugin

import (
	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// mergeNamed does the operation that merges a guest's cart into the customer's. Unlike the merge at sign-in it answers what
// came of it, and refuses where there is no such guest's cart or a checkout holds the customer's.
func mergeNamed(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, now int64) *adapters.Answer {
	if caller.MergeKey.Owner == "" {
		return refused(d, call, cartcore.Refuse(cartcore.KindCartUnknown))
	}
	if d.Engine.Asks {
		if answer := ready(d, call, caller, now); answer != nil {
			return answer
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
		if answer := mergeNamedOnce(d, call, caller, on, now); answer != nil {
			return answer
		}
	}
	return refused(d, call, cartcore.Refuse(cartcore.KindConflict))
}

// mergeNamedOnce answers nil where another writer won. As at sign-in the customer's cart is saved first, with a mark of the
// guest's, so that a crash before the guest's is saved neither loses nor doubles a line.
func mergeNamedOnce(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, now int64) *adapters.Answer {
	guest, err := store.GetCart(d.Engine.Shared.Carts, caller.MergeKey)
	if err != nil {
		return refused(d, call, cartcore.Fail(cartcore.KindUnavailable, err))
	}
	sold, problem := soldFor(d, call.Command, caller, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	if guest == nil {
		return mergedBefore(d, call, caller, on, sold, now)
	}
	call.Command.Asks = cartcore.AsksOf(guest.Lines)
	call.Command.Mark = cartcore.Mark{Cart: guest.ID, Version: cartcore.Edition(guest)}
	call.Command.Seed = identity.Entropy()
	answer := attempt(d, call, caller, on, sold, now)
	if answer == nil || answer.Status >= 300 {
		return answer
	}
	own, err := store.GetCart(d.Engine.Shared.Carts, caller.Key)
	if err != nil {
		return refused(d, call, cartcore.Fail(cartcore.KindUnavailable, err))
	}
	if own == nil {
		return nil
	}
	again, problem := settleGuest(d, call, own, guest, sold, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	if again {
		return nil
	}
	return answer
}

// mergedBefore answers where there is no guest's cart of the name: a retry with the first answer, anybody else that it is not known.
func mergedBefore(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, sold *catalog.Snapshot, now int64) *adapters.Answer {
	if on != nil {
		own, err := store.GetCart(d.Engine.Shared.Carts, caller.Key)
		if err != nil {
			return refused(d, call, cartcore.Fail(cartcore.KindUnavailable, err))
		}
		if own != nil && on.Key != "" && cartcore.FindReply(own.Replies, on.Key, now) != nil {
			return judged(d, call, caller, on, own, sold, now)
		}
	}
	return refused(d, call, cartcore.Refuse(cartcore.KindCartUnknown))
}
