package plugin

import (
	"net/http"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
	"github.com/polycart/polycart/ucp"
)

// push has the service put lines, and nothing else of the catalogue's, into the cart before. What is on its way is kept first, with
// base, the next version of before: whoever comes after a crash or a lost answer finds it there.
// again says that nothing came of it and the newest cart is to be taken. A problem leaves the cart as it was, but the service may have
// done the change where nobody can know; then it stays on its way. kept is what our store has afterwards.
func push(d *desk, v *visit, before, base *cartcore.Cart, lines []*cartcore.Line, facts cartcore.Facts) (kept *cartcore.Cart, answer *ucp.Answer, again bool, problem *cartcore.Error) {
	id, moves := "", int64(0)
	if before.Backing != nil {
		id = before.Backing.ID
		moves = before.Backing.Moves
	}
	change, err := ucp.ChangeTo(id, wantedOf(d.Backend, before.Backing, lines, facts))
	if err != nil {
		return nil, nil, false, cartcore.Fail(cartcore.KindInternal, err)
	}
	intent := &cartcore.Intent{Key: ucp.KeyOf(before.ID, moves, change), Method: change.Method, Path: change.Path, Body: change.Body, At: v.Now}
	kept = cartcore.Backed(base, cartcore.WithIntent(before.Backing, intent))
	if again, problem := saved(saveTelling(d.Engine, before, kept, cartcore.Merge, facts, v.Command.Seed, v.Now)); again || problem != nil {
		return nil, nil, again, problem
	}
	answer, again, problem = sent(d, v, kept)
	return kept, answer, again, problem
}

// sent sends the change that a cart has on its way. The answer has the cart, of a cancelled one an empty cart without id, or none where
// the service did nothing for what the change is about; again and problem are those of push.
func sent(d *desk, v *visit, kept *cartcore.Cart) (answer *ucp.Answer, again bool, problem *cartcore.Error) {
	answer = resend(d, v, kept)
	switch answer.Meaning {
	case ucp.MeaningCart, ucp.MeaningDeclined:
		return answer, false, nil
	case ucp.MeaningMissing:
		again, problem = unsent(d, kept, &cartcore.Backing{Moves: kept.Backing.Moves})
		return nil, again, problem
	case ucp.MeaningStale:
		stale := *kept.Backing
		stale.Tag = ""
		again, problem = unsent(d, kept, &stale)
		return nil, again, problem
	case ucp.MeaningRejected:
		_, problem = unsent(d, kept, kept.Backing)
		if problem != nil {
			return nil, false, problem
		}
	}
	return nil, false, cartcore.Fail(cartcore.KindUnavailable, answer.Err)
}

// resend sends the change that a cart has on its way, once more or for the first time: under its key it is done once.
func resend(d *desk, v *visit, kept *cartcore.Cart) *ucp.Answer {
	intent := kept.Backing.Intent
	match := ""
	if intent.Method == http.MethodPut {
		match = kept.Backing.Tag
	}
	answer := exchange(d.Backend, v.Request, &ucp.Change{Method: intent.Method, Path: intent.Path, Body: intent.Body}, intent.Key, match, kept.Backing.ID, kept.Currency)
	if answer.Meaning == ucp.MeaningStale && match == "" { // we demanded nothing that could fail
		answer.Meaning = ucp.MeaningRejected
	}
	if ucp.Cancels(intent.Path) && (answer.Meaning == ucp.MeaningCart || answer.Meaning == ucp.MeaningMissing) {
		return ucp.Gone()
	}
	return answer
}

// unsent keeps that a change was not done, so that the next try takes the newest cart, which as such was not seen yet, and looks at the
// service anew.
func unsent(d *desk, kept *cartcore.Cart, backing *cartcore.Backing) (again bool, problem *cartcore.Error) {
	if _, problem := saved(store.SaveCart(d.Carts, cartcore.Backed(cartcore.Quietly(kept), cartcore.Moved(backing)), kept.Version)); problem != nil {
		return false, problem
	}
	return true, nil
}

// cancelBacked takes the service's cart away after ours has gone. What fails is only told: nobody can reach that cart any more, and the
// service lets it expire.
func cancelBacked(d *desk, r *http.Request, cart *cartcore.Cart) {
	if d.Backend == nil || cart.Backing == nil || cart.Backing.ID == "" {
		return
	}
	change, err := ucp.ChangeTo(cart.Backing.ID, nil)
	if err == nil {
		answer := exchange(d.Backend, r, change, ucp.KeyOf(cart.ID, cart.Backing.Moves, change), "", cart.Backing.ID, cart.Currency)
		if answer.Meaning == ucp.MeaningCart || answer.Meaning == ucp.MeaningMissing {
			return
		}
		err = answer.Err
	}
	d.Engine.Log.Warn("a cart that is no longer used stays at the cart service until it expires", "tenant", cart.Key.Tenant, "cause", err.Error())
}
