package plugin

import (
	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
)

// mergeBacked is merge where a cart service is behind the router.
func mergeBacked(d *desk, call *adapters.Call, own *cartcore.Cart, command *cartcore.Command, sold *catalog.Snapshot, now int64) (done *deed, again bool, problem *cartcore.Error) {
	held, problem := claimCart(d, own.Key)
	if held || problem != nil {
		return nil, held, problem
	}
	defer func() { unclaimCart(d, own.Key) }()
	v := visitOf(d, call, sold, now)
	v.Command = command
	seen, again, problem := seeing(d, v, own)
	if problem != nil || again {
		return nil, again, problem
	}
	return doBacked(d, v, seen)
}

// keepRestBacked leaves in the guest's cart, ours and the service's, what did not fit into the customer's. Where the service does not
// answer, what is left is on its way and the next look at the guest's cart ends it.
func keepRestBacked(d *desk, call *adapters.Call, guest, rest *cartcore.Cart, sold *catalog.Snapshot, seed string, now int64) (again bool, problem *cartcore.Error) {
	v := visitOf(d, call, sold, now)
	v.Command = &cartcore.Command{Verb: cartcore.Merge, Seed: seed}
	if guest.Backing != nil && guest.Backing.Intent != nil { // it is ended first: it could come after what is left
		_, _, problem = undo(d, v, guest)
		return true, problem
	}
	_, again, problem = restore(d, v, guest, rest)
	return again, problem
}
