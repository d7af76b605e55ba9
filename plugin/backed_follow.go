package plugin

import (
	"sync/atomic"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
	"github.com/polycart/polycart/ucp"
)

// Our record of a cart follows the service's: what others did there is taken over, what nobody was told of is undone, and what the
// service has lost is given back to it.

// seeing answers a cart as the service has it, under the lock of the cart, and keeps what the service has otherwise. again says that
// another writer won, or that the service's cart has gone. A cart of the service that has gone is made anew from ours.
func seeing(d *desk, v *visit, cart *cartcore.Cart) (seen *seenCart, again bool, problem *cartcore.Error) {
	backing := cart.Backing
	if backing != nil && backing.Intent != nil {
		return undo(d, v, cart)
	}
	if backing == nil || backing.ID == "" {
		if len(cart.Lines) > 0 {
			return restore(d, v, cart, cartcore.Quietly(cart))
		}
		return &seenCart{Kept: cart, Known: v.Sold, Cart: cart, Sold: &catalog.Snapshot{Facts: cartcore.Facts{}}}, false, nil
	}
	if seen := seenOf(d.Backend.Seen, cart); seen != nil && counts(d, v, seen) {
		return seen, false, nil
	}
	answer := lookUpstream(d.Backend, v.Request, backing.ID, cart.Currency)
	switch answer.Meaning {
	case ucp.MeaningCart:
		return follow(d, v, cart, knownBacking(d, v, cart, answer), answer)
	case ucp.MeaningMissing:
		again, problem = unsent(d, cart, &cartcore.Backing{Moves: backing.Moves})
		return nil, again, problem
	}
	return nil, false, cartcore.Fail(cartcore.KindUnavailable, answer.Err)
}

// counts tells whether a cart need not be looked at again before a command: it was seen a moment ago, or the command is a change that
// the service refuses where its cart is another one by now.
func counts(d *desk, v *visit, seen *seenCart) bool {
	if v.Command.Verb == cartcore.Read || !catalog.Same(seen.Known, v.Sold) {
		return false
	}
	return !isOld(d, v, seen) || (seen.Cart.Backing.Tag != "" && (v.Command.Verb <= cartcore.Clear || v.Command.Verb == cartcore.Merge))
}

// isOld tells whether others may have changed a cart at the service since it was seen; what it does not have is never old.
func isOld(d *desk, v *visit, seen *seenCart) bool {
	return !v.Looked && seen.At != nil && v.Now-atomic.LoadInt64(seen.At) >= d.Backend.LookAgain // two visits can be in one millisecond
}

// knownBacking is backingOf for a cart that the service was asked for. A catalogue service is asked for items that only the cart service
// has in it: somebody else put them there. What the catalogue does not answer stays a line that nobody is shown.
func knownBacking(d *desk, v *visit, cart *cartcore.Cart, answer *ucp.Answer) *cartcore.Backing {
	made := backingOf(d.Backend, cart.Backing, cart.Lines, v.Sold, answer)
	sells := d.Catalogs[cart.Key.Tenant]
	if !d.Engine.Asks || !catalog.IsService(sells) {
		return made
	}
	lines := append([]*cartcore.Line{}, cart.Lines...)
	for _, line := range made.Lines {
		if line.SKU == "" && line.Parent == "" {
			lines = append(lines, &cartcore.Line{SKU: line.Item})
		}
	}
	if len(lines) == len(cart.Lines) {
		return made
	}
	found, problem := catalog.For(sells, v.Command.Asks, lines, false, v.Now)
	if problem != nil {
		return made
	}
	v.Sold = found
	return backingOf(d.Backend, cart.Backing, cart.Lines, v.Sold, answer)
}

// follow takes over what the service has otherwise than our cart.
func follow(d *desk, v *visit, cart *cartcore.Cart, backing *cartcore.Backing, answer *ucp.Answer) (seen *seenCart, again bool, problem *cartcore.Error) {
	v.Looked = true
	next, changed := cartcore.Follow(cart, backing, identity.Entropy(), v.Now)
	seen = seenBy(v, next.Lines, backing, answer)
	if !changed && (cart.Backing != nil && cart.Backing.Intent == nil && cart.Backing.ID == backing.ID) {
		seen.Cart = next
		keepSeen(d.Backend, seen, cart)
		return seen, false, nil
	}
	next.Version++
	next.Updated = v.Now
	if !changed {
		next.Quiet++
		next.Updated = cart.Updated
	}
	if again, problem := saved(saveTelling(d.Engine, cart, next, cartcore.Put, factsOf(cart.Lines, nil, seen.Sold.Facts), identity.Entropy(), v.Now)); again || problem != nil {
		return nil, again, problem
	}
	keepSeen(d.Backend, seen, next)
	return seen, false, nil
}

// settlesWithin is for how long a change that was sent and not answered can still be on its way, in milliseconds: longer than any
// request lives between Traefik and a service. Until then it is sent again before anything else is done, so that it cannot come later.
const settlesWithin = 60 * 1000

// undo ends a change whose answer nobody got: its client was told that it was not done, so it is undone.
func undo(d *desk, v *visit, cart *cartcore.Cart) (seen *seenCart, again bool, problem *cartcore.Error) {
	age := v.Now - cart.Backing.Intent.At
	settled := cartcore.Backed(cart, cartcore.Moved(cart.Backing))
	if age < settlesWithin {
		answer := resend(d, v, cart)
		if !answer.Complete {
			return nil, false, cartcore.Fail(cartcore.KindUnavailable, answer.Err)
		}
		if answer.Meaning == ucp.MeaningMissing {
			again, problem = unsent(d, cart, &cartcore.Backing{Moves: cart.Backing.Moves})
			return nil, again, problem
		}
		if answer.Cart != nil {
			backing := cartcore.Moved(backingOf(d.Backend, cart.Backing, cart.Lines, v.Sold, answer))
			if cartcore.HoldsGoods(backing, cart.Lines) {
				return follow(d, v, cart, backing, answer)
			}
			settled.Backing = backing
		}
	}
	if settled.Backing.ID == "" && len(cart.Lines) == 0 {
		again, problem = unsent(d, cart, cart.Backing)
		return nil, again, problem
	}
	return restore(d, v, settled, cartcore.Quietly(settled))
}

// restore has the service put into its cart what base holds, the next version of cart, where it has none or another one.
func restore(d *desk, v *visit, cart, base *cartcore.Cart) (seen *seenCart, again bool, problem *cartcore.Error) {
	kept, answer, again, problem := push(d, v, cart, base, base.Lines, v.Sold.Facts)
	if problem != nil || again {
		return nil, again, problem
	}
	backing := settledBacking(d, v, kept, base.Lines, answer)
	if answer.Cart != nil {
		return follow(d, v, kept, backing, answer)
	}
	// Nothing of it can be had: the lines stay, as they do where no service is behind us.
	next := cartcore.Backed(cartcore.Quietly(kept), backing)
	if again, problem := saved(store.SaveCart(d.Carts, next, kept.Version)); again || problem != nil {
		return nil, again, problem
	}
	gone := grantedBy(d.Backend, answer, cartcore.GoodsOf(backing), next.Lines, factsOf(next.Lines, nil, v.Sold.Facts))
	return &seenCart{Kept: next, Known: v.Sold, Cart: next, Sold: &catalog.Snapshot{Facts: gone}}, false, nil
}

// seenBy is how the service has a cart of lines.
func seenBy(v *visit, lines []*cartcore.Line, backing *cartcore.Backing, answer *ucp.Answer) *seenCart {
	facts := factsOf(lines, nil, v.Sold.Facts)
	priceBy(facts, backing, answer, v.Sold.Facts)
	at := new(int64)
	*at = v.Now
	return &seenCart{Known: v.Sold, Sold: &catalog.Snapshot{Facts: facts}, Body: answer.Body, At: at}
}
