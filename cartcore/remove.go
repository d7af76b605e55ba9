package cartcore

// goneAsked answers an ask for a line whose item is not sold: item is nil where the catalogue does not have it.
func goneAsked(next *Cart, cmd *Command, ask *Ask, at int, item *Item, facts Facts) (*Result, *Error) {
	if cmd.Verb == Set && ask.Quantity == 0 {
		return removeLine(next, ask, at, facts), nil
	}
	if cmd.Gone == GoneRefuses {
		return nil, goneError(ask, item)
	}
	result := removeLine(next, ask, at, facts)
	result.Why = WhyInactive
	if item == nil {
		result.Why = WhyVanished
	}
	return result, nil
}

// goneError refuses an item that is not sold.
func goneError(ask *Ask, item *Item) *Error {
	if item == nil {
		return &Error{Kind: KindItemUnknown, Item: ask.Named, Requested: ask.Quantity}
	}
	return &Error{Kind: KindItemGone, Item: ask.Named, Requested: ask.Quantity}
}

// removeLine takes the line at out.
func removeLine(next *Cart, ask *Ask, at int, facts Facts) *Result {
	line := next.Lines[at]
	next.Lines = append(next.Lines[:at], next.Lines[at+1:]...)
	return &Result{Ask: ask, Item: facts[line.SKU], Line: line, Was: line.Quantity, Why: WhyRemoved}
}

// removeProduct takes every line of the ask's product out.
func removeProduct(next *Cart, ask *Ask, facts Facts) (*Result, *Error) {
	result := &Result{Ask: ask, Why: WhyRemoved}
	kept := []*Line{}
	for i := range next.Lines {
		line := next.Lines[i]
		item := facts[line.SKU]
		if item != nil && item.ProductID == ask.Item.ProductID {
			result.Line = line
			result.Item = item
			result.Was += line.Quantity
		} else {
			kept = append(kept, line)
		}
	}
	if result.Line == nil {
		return nil, &Error{Kind: KindLineUnknown, Item: ask.Named}
	}
	next.Lines = kept
	return result, nil
}

// notInCart tells an item that is not in the cart from one that does not exist.
func notInCart(ask *Ask, facts Facts) *Error {
	named := ask.LineID != "" || ask.LineNumber != 0
	if !named && facts[ask.SKU] == nil {
		return &Error{Kind: KindItemUnknown, Item: ask.Named}
	}
	return &Error{Kind: KindLineUnknown, Item: ask.Named}
}
