package plugin

import (
	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
)

// seldom answers the commands that are about more than the lines of the caller's cart; nil leaves it to change.
func seldom(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, now int64) *adapters.Answer {
	switch call.Command.Verb {
	case cartcore.Look:
		return available(d, call, caller, now)
	case cartcore.Subscribe, cartcore.Unsubscribe:
		return subscribe(d, call, caller, on, now)
	case cartcore.Merge:
		return mergeNamed(d, call, caller, on, now)
	case cartcore.Close:
		return closeCart(d, call, caller, on, now)
	}
	return checkOut(d, call, caller, now)
}

// checkOut says until when a checkout holds the cart, and refuses whoever cannot check out.
func checkOut(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) *adapters.Answer {
	if call.Credentials.Phone && !caller.PhoneVerified {
		return refused(d, call, cartcore.Refuse(cartcore.KindPhoneUnverified))
	}
	call.Command.Until = now + d.Engine.Checkout
	return nil
}
