package plugin

import (
	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
)

// terms are what a client demands of a write beside the change itself: that it is done once, that the cart is the one
// that the client knows. Most writes have none.
type terms struct {
	Match []string // the lines of If-Match; nil: none
	Key   string   // digest of the Idempotency-Key; empty: none
	Print string   // digest of the request, where there is a key
	Guest string   // set by the write: the token of the guest whose cart it made and whose answer it kept
}

// write changes the caller's cart, on the client's terms where it has any.
func write(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) *adapters.Answer {
	header := call.Request.Header
	if header["Idempotency-Key"] == nil && header["If-Match"] == nil {
		return change(d, call, caller, nil, now)
	}
	return writeOnTerms(d, call, caller, now)
}

func writeOnTerms(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) *adapters.Answer {
	if call.Command.Verb == cartcore.Look { // it changes nothing, whatever its method
		return change(d, call, caller, nil, now)
	}
	on := &terms{Match: call.Request.Header["If-Match"]}
	sent := call.Request.Header["Idempotency-Key"]
	if sent == nil {
		return change(d, call, caller, on, now)
	}
	key, ok := keyIn(sent)
	if !ok {
		return refused(d, call, cartcore.Refuse(cartcore.KindKeyInvalid))
	}
	return once(d, call, caller, on, key, now)
}

// judged answers a write before its command is applied: again what was answered before, or why a term does not hold. nil
// says that the write goes on. A retry is answered before If-Match is judged, since its own first try changed the cart.
func judged(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, cart *cartcore.Cart, sold *catalog.Snapshot, now int64) *adapters.Answer {
	if on.Key != "" {
		if reply := cartcore.FindReply(cart.Replies, on.Key, now); reply != nil {
			return replayed(d, call, caller, on, cart, sold, reply)
		}
	}
	if on.Match == nil {
		return nil
	}
	tag, problem := tagNow(d, call, caller, cart, sold)
	if problem != nil {
		return refused(d, call, problem)
	}
	if listed(on.Match, tag, cartcore.Edition(cart) > 0, false) {
		return nil
	}
	answer := refused(d, call, cartcore.Refuse(cartcore.KindTagMismatch))
	if tag != "" {
		answer.Tag = []string{tag}
	}
	return answer
}

// agreed completes a write that was done: the tag that the client needs for its next one, and the cart with the answer
// kept in it. next is cart itself where nothing changed. Replies that are too old leave a cart that is saved anyway.
func agreed(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, cart, next *cartcore.Cart, sold *catalog.Snapshot, answer *adapters.Answer, now int64) *cartcore.Cart {
	if on != nil && on.Match != nil && answer.Status < 300 {
		if tag, problem := tagNow(d, call, caller, next, sold); problem == nil && tag != "" {
			answer.Tag = []string{tag}
		}
	}
	if on == nil || on.Key == "" {
		if next == cart {
			return next
		}
		kept := *next
		kept.Replies = cartcore.LastingReplies(next.Replies, now)
		return &kept
	}
	// A write that did nothing is kept where it was acknowledged; what was refused is judged anew. A cart is not made for it.
	if next == cart && (answer.Status >= 300 || cartcore.Edition(cart) == 0) {
		return next
	}
	if next == cart {
		next = cartcore.Quietly(cart)
	}
	kept := *next
	kept.Replies = cartcore.WithReply(next.Replies, replyOf(on, tokenOf(call, caller), answer, now), now)
	if caller.Fresh {
		on.Guest = caller.Guest
	}
	return &kept
}
