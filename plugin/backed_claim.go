package plugin

import (
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

// claimCart keeps other Traefiks from changing a cart at the service for as long as one change can take, and waits for one that
// does; held says that it takes too long.
func claimCart(d *desk, key cartcore.Key) (held bool, problem *cartcore.Error) {
	for waited := time.Duration(0); waited < d.Backend.Timeout; waited += changePause {
		wait, err := store.ClaimCart(d.Carts, key, backendPart, exchangesMost*d.Backend.Timeout.Milliseconds())
		if err != nil {
			return false, cartcore.Fail(cartcore.KindUnavailable, err)
		}
		if wait == 0 {
			return false, nil
		}
		time.Sleep(changePause)
	}
	return true, nil
}

// unclaimCart lets other Traefiks go on. A claim that cannot be given back ends by itself.
func unclaimCart(d *desk, key cartcore.Key) {
	_, _ = store.ClaimCart(d.Carts, key, backendPart, 0)
}

const (
	// backendPart names the claim on a cart beside those of the outbox.
	backendPart = "cart service"
	// changePause is between two tries to claim a cart: a few of them pass while a service answers.
	changePause = 10 * time.Millisecond
	// exchangesMost is more requests than one change takes even after a failure: the one that failed again, back to what was, a
	// look, the change and its correction.
	exchangesMost = 6
)
