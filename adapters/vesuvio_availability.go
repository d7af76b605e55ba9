package adapters

import (
	"time"

	"github.com/polycart/polycart/cartcore"
)

// vesuvioLook reads what a client with a key of the store wants to know of an item; nobody is signed in.
func vesuvioLook(call *Call) *cartcore.Error {
	vesuvioCaller(call)
	call.Credentials.Token = ""
	call.Credentials.Need = cartcore.NeedStoreKey
	return vesuvioLooking(call)
}

// vesuvioLookAsCustomer reads the same of a customer, who may wait for the item.
func vesuvioLookAsCustomer(call *Call) *cartcore.Error {
	vesuvioCaller(call)
	return vesuvioLooking(call)
}

// vesuvioLooking reads the item and how many of it; one where the request does not say. The command is set first: by it
// vesuvioFail knows which code a wrong field has.
func vesuvioLooking(call *Call) *cartcore.Error {
	call.Command = &cartcore.Command{Verb: cartcore.Look}
	found, err := bodyMembers(call)
	if err != nil {
		return err
	}
	ask, problems := vesuvioItem(found)
	ask.Quantity = 1
	if _, given := found["quantity"]; given {
		quantity, problem := integer(found, "quantity", 1, call.Limits.MaxQuantityPerLine)
		if problem != nil {
			problems = append(problems, *problem)
		}
		ask.Quantity = quantity
	}
	if len(problems) > 0 {
		return &cartcore.Error{Kind: cartcore.KindInvalid, Fields: problems}
	}
	call.Command.Asks = []*cartcore.Ask{ask}
	return nil
}

// The answer as the seed prints it.
type vesuvioAvailability struct {
	Success bool               `json:"success"`
	Data    vesuvioStockOfItem `json:"data"`
}

type vesuvioStockOfItem struct {
	IsAvailable               bool               `json:"isAvailable"`
	AvailableQuantity         *int64             `json:"availableQuantity"` // null where stock is not tracked
	RequestedQuantity         int64              `json:"requestedQuantity"`
	TrackInventory            bool               `json:"trackInventory"`
	IsSubscribed              bool               `json:"isSubscribed"`
	Product                   vesuvioStockedItem `json:"product"`
	IsSubscribedToBackInStock *bool              `json:"isSubscribedToBackInStock,omitempty"`
	SubscriptionDate          string             `json:"subscriptionDate,omitempty"`
}

type vesuvioStockedItem struct {
	Name  string  `json:"name"`
	Price rawJSON `json:"price"`
}

func vesuvioAvailable(_ *Call, seen *Seen) *Answer {
	return printed(200, vesuvioAvailability{true, vesuvioStockOf(seen)})
}

func vesuvioAvailableWithSubscription(_ *Call, seen *Seen) *Answer {
	stock := vesuvioStockOf(seen)
	subscribed := seen.Subscribed
	stock.IsSubscribed = subscribed
	stock.IsSubscribedToBackInStock = &subscribed
	if subscribed {
		stock.SubscriptionDate = time.UnixMilli(seen.SubscribedAt).UTC().Format("2006-01-02T15:04:05Z")
	}
	return printed(200, vesuvioAvailability{true, stock})
}

func vesuvioStockOf(seen *Seen) vesuvioStockOfItem {
	result := seen.Outcome.Results[0]
	item := result.Item
	stock := vesuvioStockOfItem{
		IsAvailable: result.Requested <= result.Available, RequestedQuantity: result.Requested, TrackInventory: item.TrackStock,
		Product: vesuvioStockedItem{item.Title, rawJSON(major(item.Price, seen.View.Decimals))},
	}
	if item.TrackStock || !item.Active {
		stock.AvailableQuantity = &result.Available
	}
	return stock
}
