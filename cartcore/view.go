package cartcore

// View is a cart with the catalogue's facts laid beside it: what an adapter prints.
type View struct {
	Cart     *Cart
	Lines    []*PricedLine // the lines whose item the catalogue has
	Units    int64         // in those lines
	Subtotal int64         // minor units; the service's own where one is behind us
	Decimals int           // of the currency's major unit
}

// PricedLine is a line with its item and its price.
type PricedLine struct {
	Line  *Line
	Item  *Item
	Total int64 // minor units
}

// Show lays the catalogue's facts beside a cart. A line whose item the catalogue no longer has stays in the cart and is
// not shown: it has no price. The error is KindAmountTooLarge where a total passes MaxInteger, as it can when prices rise.
func Show(cart *Cart, facts Facts) (*View, *Error) {
	lines := make([]*PricedLine, 0, len(cart.Lines))
	units, subtotal := int64(0), int64(0)
	for _, line := range cart.Lines {
		item := facts[line.SKU]
		if item == nil {
			continue
		}
		// The product and the sum are checked as Times and Plus check them: two calls a line would cost the interpreter more
		// than all the rest here (docs/interpreter.md: what a call costs).
		price := item.Price
		quantity := line.Quantity
		if price > 0 && quantity > (MaxInteger-subtotal)/price {
			return nil, &Error{Kind: KindAmountTooLarge, Item: line.SKU}
		}
		total := price * quantity
		subtotal += total
		units += quantity
		lines = append(lines, &PricedLine{Line: line, Item: item, Total: total})
	}
	view := &View{Cart: cart, Lines: lines, Units: units, Subtotal: subtotal, Decimals: Decimals(cart.Currency)}
	if cart.Backing != nil {
		backedTotals(view, cart.Backing)
	}
	return view, nil
}
