package cartcore_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// shelf is what the tests sell. "ghost" is an item that the catalogue does not have.
func shelf() cartcore.Facts {
	items := []*cartcore.Item{
		{SKU: "mug", ProductID: "p-mug", NumericID: 1, Price: 800, Stock: 5, TrackStock: true, Active: true},
		{SKU: "cap-red", ProductID: "p-cap", NumericID: 2, Price: 1250, Stock: 3, TrackStock: true, Active: true},
		{SKU: "cap-blue", ProductID: "p-cap", NumericID: 3, Price: 1250, Stock: 9, TrackStock: true, Active: true},
		{SKU: "song", ProductID: "p-song", NumericID: 4, Price: 99, Active: true}, // never runs out
		{SKU: "lamp", ProductID: "p-lamp", NumericID: 5, Price: 1500, Stock: 7, TrackStock: true},
		{SKU: "soldout", ProductID: "p-soldout", NumericID: 6, Price: 100, TrackStock: true, Active: true},
		{SKU: "owed", ProductID: "p-owed", NumericID: 7, Price: 100, Stock: -4, TrackStock: true, Active: true}, // oversold elsewhere
		{SKU: "yacht", ProductID: "p-yacht", NumericID: 8, Price: cartcore.MaxInteger / 2, Active: true},
	}
	facts := cartcore.Facts{}
	for _, item := range items {
		item.OriginalPrice = item.Price
		facts[item.SKU] = item
	}
	return facts
}

// Two moments, Unix milliseconds.
const (
	before int64 = 1_700_000_000_000
	now    int64 = 1_700_000_060_000
)

const seed = "0123456789abcdef0123456789abcdef"

// roomy are bounds that no table meets by accident.
var roomy = cartcore.Limits{MaxLines: 10, MaxQuantityPerLine: 10}

// holding is a cart that was saved and has the lines written as "mug 2, cap-red 1".
func holding(lines string) *cartcore.Cart {
	cart := cartcore.New(cartcore.Key{Tenant: "shop", Owner: "customer:182"}, "USD", seed, before)
	cart.Version = 7
	for _, line := range strings.Split(lines, ", ") {
		sku, quantity, found := strings.Cut(line, " ")
		if !found {
			continue
		}
		units, err := strconv.ParseInt(quantity, 10, 64)
		if err != nil {
			panic(err)
		}
		cart.Lines = append(cart.Lines, &cartcore.Line{
			ID: cartcore.UUID(fmt.Sprintf("%032x", cart.NextLine)), Number: cart.NextLine, SKU: sku, Quantity: units, Added: before, Updated: before,
		})
		cart.NextLine++
	}
	return cart
}

// held writes the lines of a cart as holding reads them.
func held(cart *cartcore.Cart) string {
	lines := []string{}
	for _, line := range cart.Lines {
		lines = append(lines, fmt.Sprintf("%s %d", line.SKU, line.Quantity))
	}
	return strings.Join(lines, ", ")
}

// told writes what became of each ask: granted/requested and why, or the refusal.
func told(outcome *cartcore.Outcome) string {
	parts := []string{}
	for _, result := range outcome.Results {
		if result.Err != nil {
			parts = append(parts, result.Err.Error())
			continue
		}
		parts = append(parts, fmt.Sprintf("%d/%d %s", result.Granted, result.Requested, cartcore.WhyName(result.Why)))
	}
	return strings.Join(parts, ", ")
}

// of is an ask for an item of the shelf, or for one that the catalogue does not have.
func of(sku string, quantity int64) cartcore.Ask {
	ask := cartcore.Ask{SKU: sku, Named: sku, Quantity: quantity}
	if shelf()[sku] == nil {
		ask.SKU = ""
	}
	return ask
}

func asks(all ...cartcore.Ask) []*cartcore.Ask {
	list := []*cartcore.Ask{}
	for _, ask := range all {
		list = append(list, &ask)
	}
	return list
}

// refusal is the text of an error, "" for none.
func refusal(err *cartcore.Error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// apply does a command; a refused one has an empty outcome.
func apply(cart *cartcore.Cart, command cartcore.Command, facts cartcore.Facts, limits cartcore.Limits, now int64) (*cartcore.Cart, *cartcore.Outcome, *cartcore.Error) {
	next, outcome, err := cartcore.Apply(cart, &command, facts, &limits, now)
	if outcome == nil {
		outcome = &cartcore.Outcome{}
	}
	return next, outcome, err
}
