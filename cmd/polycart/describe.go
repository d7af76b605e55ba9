package main

import (
	"encoding/json"

	"github.com/polycart/polycart/cartcore"
)

// The canonical command in words. A field that says nothing is left out.

var (
	verbs   = []string{"read", "add", "put", "set", "adjust", "remove", "clear", "merge", "lock", "look", "close", "subscribe", "unsubscribe"}
	shorts  = []string{"grant what there is", "refuse", "refuse what passes the stock by itself, else grant what there is", "grant what there is, even nothing"}
	gones   = []string{"", "drop the line"}
	options = []string{"", "merge", "replace"}
)

// named is the word at index n of names.
func named[N ~int](names []string, n N) string {
	if int(n) < 0 || int(n) >= len(names) {
		return "?"
	}
	return names[n]
}

type commandShown struct {
	Verb       string     `json:"verb"`
	Short      string     `json:"whenStockIsShort,omitempty"`
	Gone       string     `json:"whenItemIsGone,omitempty"`
	Each       bool       `json:"judgeEachAlone,omitempty"`
	NeedsCart  bool       `json:"needsCart,omitempty"`
	NeedsLines bool       `json:"needsLines,omitempty"`
	Asks       []askShown `json:"asks,omitempty"`
}

type askShown struct {
	Item       *itemShown                 `json:"item,omitempty"` // as the client named it
	SKU        string                     `json:"sku,omitempty"`  // as the catalogue found it
	LineID     string                     `json:"lineId,omitempty"`
	LineNumber int64                      `json:"lineNumber,omitempty"`
	Product    bool                       `json:"everyVariantOfProduct,omitempty"`
	Quantity   int64                      `json:"quantity"`
	Options    map[string]json.RawMessage `json:"options,omitempty"`
	OptionRule string                     `json:"optionRule,omitempty"`
	Groups     []string                   `json:"groups,omitempty"`
	Attributes map[string]string          `json:"mustHave,omitempty"`
	PriceSeen  string                     `json:"priceSeen,omitempty"`
}

type itemShown struct {
	SKU               string `json:"sku,omitempty"`
	ProductID         string `json:"productId,omitempty"`
	ExternalProductID string `json:"externalProductId,omitempty"`
	ExternalVariantID string `json:"externalVariantId,omitempty"`
	ProductNumber     int64  `json:"productNumber,omitempty"`
	NumericID         int64  `json:"number,omitempty"`
}

func describeCommand(command *cartcore.Command) commandShown {
	shown := commandShown{
		Verb: named(verbs, command.Verb), Each: command.Each, NeedsCart: command.NeedsCart, NeedsLines: command.NeedsLines,
		Gone: named(gones, command.Gone),
	}
	for _, ask := range command.Asks {
		shown.Asks = append(shown.Asks, describeAsk(ask))
	}
	if len(command.Asks) > 0 && command.Verb != cartcore.Remove {
		shown.Short = named(shorts, command.Short)
	}
	return shown
}

func describeAsk(ask *cartcore.Ask) askShown {
	shown := askShown{
		SKU: ask.SKU, LineID: ask.LineID, LineNumber: ask.LineNumber, Product: ask.Product, Quantity: ask.Quantity,
		OptionRule: named(options, ask.OptionRule), Groups: ask.Groups, PriceSeen: ask.PriceSeen,
	}
	if ask.Item != (cartcore.ItemRef{}) {
		item := itemShown(ask.Item)
		shown.Item = &item
	}
	for _, option := range ask.Options {
		if shown.Options == nil {
			shown.Options = map[string]json.RawMessage{}
		}
		shown.Options[option.Name] = json.RawMessage(option.Value)
	}
	for _, attribute := range ask.Attributes {
		if shown.Attributes == nil {
			shown.Attributes = map[string]string{}
		}
		value := attribute.Value
		if value == "" {
			value = "any"
		}
		shown.Attributes[attribute.Name] = value
	}
	return shown
}

type resultShown struct {
	SKU       string `json:"sku,omitempty"`
	Requested int64  `json:"requested"`
	Granted   int64  `json:"granted"`
	Why       string `json:"why,omitempty"`
	Refused   string `json:"refused,omitempty"`
}

func describeOutcome(outcome *cartcore.Outcome) []resultShown {
	shown := []resultShown{}
	for _, result := range outcome.Results {
		one := resultShown{SKU: result.Ask.SKU, Requested: result.Requested, Granted: result.Granted}
		if result.Why != cartcore.WhyPlain {
			one.Why = cartcore.WhyName(result.Why)
		}
		if result.Line != nil {
			one.SKU = result.Line.SKU
		}
		if result.Err != nil {
			one.Refused = result.Err.Error()
		}
		shown = append(shown, one)
	}
	return shown
}
