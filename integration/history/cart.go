// Package history keeps what clients asked of a cart and were answered, and judges whether one cart can have given those
// answers: whether the history is linearizable, and whether every element that was acknowledged is there once.
package history

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/polycart/polycart/internal/callers"
)

// Items is how many different items the carts of a history have at most: few, so that clients meet on the same lines.
const Items = 4

// Cart is what is in a cart: units by item.
type Cart [Items]int64

// Asked is what a client asked.
type Asked struct {
	Verb     callers.Verb
	Item     int
	Quantity int64
	ByLine   bool // it names a line by a name that ends with the line (callers.Shopper.ByLine)
}

// Told is what a client was answered.
type Told struct {
	Unknown bool   // no answer, or one that leaves open whether it was done: at once, later, or never
	None    bool   // refused, because the item is not in the cart
	Cart    *Cart  // what is in the cart afterwards, where the answer tells
	Units   *int64 // of the item alone, where the answer tells only that
}

// cartModel is the cart as the dialects tell it.
var cartModel = porcupine.Model{
	Init: func() any { return Cart{} },
	Step: func(state, input, output any) (bool, any) {
		cart, is := step(state.(Cart), input.(Asked), output.(Told))
		return is, cart
	},
	Hash: func(state any) uint64 {
		sum := uint64(0)
		for _, units := range state.(Cart) {
			sum = sum*1000003 + uint64(units)
		}
		return sum
	},
	DescribeOperation: func(input, output any) string { return describe(input.(Asked), output.(Told)) },
	DescribeState:     func(state any) string { return fmt.Sprint(state) },
}

// step answers what a cart becomes by what was asked, and whether it can have answered so.
func step(cart Cart, asked Asked, told Told) (Cart, bool) {
	held := &cart[asked.Item]
	none := *held == 0 && (asked.Verb == callers.Set || asked.Verb == callers.Adjust || asked.Verb == callers.Remove)
	switch {
	case told.Unknown && none:
		return cart, true // done or not, nothing comes of it
	case told.None:
		return cart, none || asked.ByLine
	case none:
		return cart, false
	}
	switch asked.Verb {
	case callers.Add:
		*held += asked.Quantity
	case callers.Put, callers.Set:
		*held = asked.Quantity
	case callers.Adjust:
		*held = max(0, *held+asked.Quantity)
	case callers.Remove:
		*held = 0
	case callers.Clear:
		cart = Cart{}
	}
	return cart, told.Unknown || (told.Cart == nil || *told.Cart == cart) && (told.Units == nil || *told.Units == cart[asked.Item])
}

func describe(asked Asked, told Told) string {
	what := string(asked.Verb)
	if asked.Verb != callers.Read && asked.Verb != callers.Clear {
		what += fmt.Sprintf(" %d of %d", asked.Quantity, asked.Item)
	}
	said := []string{}
	switch {
	case told.Unknown:
		said = append(said, "unknown")
	case told.None:
		said = append(said, "not in the cart")
	default:
		said = append(said, "done")
	}
	if told.Cart != nil {
		said = append(said, fmt.Sprint(*told.Cart))
	}
	if told.Units != nil {
		said = append(said, fmt.Sprint(*told.Units))
	}
	return what + " → " + strings.Join(said, " ")
}
