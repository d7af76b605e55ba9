package plugin

import (
	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
)

// available answers what the catalogue says of an item. No cart is loaded, and nothing is kept.
func available(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) *adapters.Answer {
	sold, problem := soldFor(d, call.Command, caller, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	catalog.NameAsks(sold, call.Command.Asks)
	none := &cartcore.Cart{Currency: identity.CurrencyOf(d.Engine.Directory, caller.Tenant)}
	_, outcome, problem := cartcore.Apply(none, call.Command, sold.Facts, call.Limits, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	seen := &adapters.Seen{View: outcome.View, Outcome: outcome, Caller: caller}
	if caller.Customer != "" {
		seen.SubscribedAt, problem = subscriptionOf(d, caller, outcome.Results[0].Item.SKU)
		if problem != nil {
			return refused(d, call, problem)
		}
		seen.Subscribed = seen.SubscribedAt > 0
	}
	return d.Route.Encode(call, seen)
}
