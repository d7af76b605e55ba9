package cartcore

// View is a cart with the catalogue's facts laid beside it: what an adapter prints.
type View struct {
	Cart     *Cart
	Lines    []PricedLine // the lines whose item the catalogue has
	Units    int64        // in those lines
	Subtotal int64        // minor units
	Decimals int          // of the currency's major unit
}

// PricedLine is a line with its item and its price.
type PricedLine struct {
	Line  Line
	Item  *Item
	Total int64 // minor units
}

// Show lays the catalogue's facts beside a cart. A line whose item the catalogue no longer has stays in the cart and is
// not shown: it has no price. The error is KindAmountTooLarge where prices have risen so that a total passes MaxInteger.
func Show(cart *Cart, facts Facts) (View, *Error) {
	view := View{Cart: cart, Lines: make([]PricedLine, 0, len(cart.Lines)), Decimals: Decimals(cart.Currency)}
	subtotal, err := Subtotal(cart.Lines, facts)
	if err != nil {
		return view, err
	}
	view.Subtotal = subtotal
	for i := range cart.Lines {
		line := cart.Lines[i]
		item := facts[line.SKU]
		if item == nil {
			continue
		}
		view.Units += line.Quantity
		view.Lines = append(view.Lines, PricedLine{Line: line, Item: item, Total: item.Price * line.Quantity})
	}
	return view, nil
}
