package adapters

import (
	"encoding/json"
	"time"

	"github.com/polycart/polycart/cartcore"
)

// vesuvioSubscribe reads for which item a customer waits to be in stock again.
func vesuvioSubscribe(call *Call) *cartcore.Error {
	return vesuvioWaiting(call, cartcore.Subscribe)
}

// vesuvioUnsubscribe reads for which item a customer waits no more: from the body, or where there is none from the query,
// since not every client can send a body with DELETE.
func vesuvioUnsubscribe(call *Call) *cartcore.Error {
	return vesuvioWaiting(call, cartcore.Unsubscribe)
}

// vesuvioWaiting reads the item. The command is set first: by it vesuvioFail knows which code a wrong field has.
func vesuvioWaiting(call *Call, verb cartcore.Verb) *cartcore.Error {
	vesuvioCaller(call)
	call.Command = &cartcore.Command{Verb: verb}
	found, err := bodyMembers(call)
	if err != nil {
		return err
	}
	if verb == cartcore.Unsubscribe && len(call.Body) == 0 {
		found = inQuery(call, "externalProductId", "externalVariantId")
	}
	ask, problems := vesuvioItem(found)
	if len(problems) > 0 {
		return &cartcore.Error{Kind: cartcore.KindInvalid, Fields: problems}
	}
	ask.Quantity = 1
	call.Command.Asks = []*cartcore.Ask{ask}
	return nil
}

// inQuery reads texts of the query as the body would have them.
func inQuery(call *Call, names ...string) map[string]rawJSON {
	found := map[string]rawJSON{}
	query := call.Request.URL.Query()
	for i := range names {
		if query.Has(names[i]) {
			found[names[i]] = json.RawMessage(quoted(query.Get(names[i])))
		}
	}
	return found
}

type vesuvioSubscribed struct {
	Success bool           `json:"success"`
	Data    vesuvioWaitFor `json:"data"`
}

type vesuvioWaitFor struct {
	ExternalProductID         string `json:"externalProductId"`
	ExternalVariantID         string `json:"externalVariantId"`
	IsSubscribedToBackInStock bool   `json:"isSubscribedToBackInStock"`
	SubscriptionDate          string `json:"subscriptionDate,omitempty"`
}

// vesuvioSubscription answers whether the customer waits for the item now, in the words of availability with subscription.
func vesuvioSubscription(_ *Call, seen *Seen) *Answer {
	item := seen.Outcome.Results[0].Item
	data := vesuvioWaitFor{ExternalProductID: item.ExternalProductID, ExternalVariantID: item.ExternalVariantID, IsSubscribedToBackInStock: seen.Subscribed}
	if seen.Subscribed {
		data.SubscriptionDate = time.UnixMilli(seen.SubscribedAt).UTC().Format("2006-01-02T15:04:05Z")
	}
	return printed(200, vesuvioSubscribed{true, data})
}
