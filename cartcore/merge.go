package cartcore

// mergeInto adds what fits of the asks to next, never refusing, and marks the guest cart as merged.
// It answers whether next changed: a guest cart of a version that was merged before adds nothing, and so does one of
// which nothing fits.
func mergeInto(next *Cart, cmd Command, facts Facts, limits Limits, now int64, out *Outcome) bool {
	mark := cmd.Mark
	for i := range next.Merged {
		if next.Merged[i].Cart == mark.Cart && next.Merged[i].Version == mark.Version {
			return false
		}
	}
	mark.Rest = nil
	add := Command{Verb: Add, Short: ShortCaps, Seed: cmd.Seed}
	gained := int64(0)
	for i := range cmd.Asks {
		ask := cmd.Asks[i]
		result := mergeAsk(next, add, ask, facts, limits, now)
		gained += moved(result)
		if left := ask.Quantity - moved(result); left > 0 {
			mark.Rest = append(mark.Rest, Rest{SKU: ask.SKU, Quantity: left})
		}
		out.Results = append(out.Results, result)
	}
	if gained == 0 {
		return false
	}
	next.Merged = append(append([]Mark{}, next.Merged...), mark)
	if len(next.Merged) > marksKept {
		next.Merged = next.Merged[len(next.Merged)-marksKept:]
	}
	return true
}

// mergeAsk adds as many units of ask as the bounds leave room for.
func mergeAsk(next *Cart, add Command, ask Ask, facts Facts, limits Limits, now int64) Result {
	nothing := Result{Ask: ask, Requested: ask.Quantity, Why: WhyLimited}
	part := ask
	part.Quantity = roomFor(next, ask, limits)
	if part.Quantity == 0 {
		return nothing
	}
	result, err := applyAsk(next, add, part, facts, limits, now)
	if err != nil {
		nothing.Why = WhyCapped
		return nothing
	}
	result.Ask, result.Requested = ask, result.Was+ask.Quantity
	if result.Why == WhyPlain && part.Quantity < ask.Quantity {
		result.Why = WhyLimited
	}
	return result
}

// moved is how many units of a merged ask are in the cart now.
func moved(result Result) int64 {
	if result.Granted <= result.Was {
		return 0
	}
	return result.Granted - result.Was
}

// marksKept bounds Cart.Merged. A mark is needed only from the save of the customer's cart to the save of the guest's,
// a few milliseconds later or at the next request after a crash; 8 sign-ins from different guests fit between.
const marksKept = 8

// RestOf answers what stays in the guest cart of mark after it was merged into cart, and whether it was.
func RestOf(cart *Cart, guest *Cart) (rest []Rest, merged bool) {
	for i := range cart.Merged {
		if cart.Merged[i].Cart == guest.ID && cart.Merged[i].Version == guest.Version {
			return cart.Merged[i].Rest, true
		}
	}
	return nil, false
}

// roomFor answers how many units of ask.Quantity the bounds on lines and units leave room for.
func roomFor(cart *Cart, ask Ask, limits Limits) int64 {
	if FindSKU(cart.Lines, ask.SKU) < 0 && int64(len(cart.Lines)) >= limits.MaxLines {
		return 0
	}
	if limits.MaxUnits == 0 {
		return ask.Quantity
	}
	room := limits.MaxUnits - Units(cart.Lines)
	if room < 0 {
		return 0
	}
	if room < ask.Quantity {
		return room
	}
	return ask.Quantity
}

// AsksOf turns a guest cart's lines into the asks of a Merge.
func AsksOf(lines []Line) []Ask {
	asks := []Ask{}
	for i := range lines {
		rule := OptionsMerge
		if lines[i].OptionsReplaced {
			rule = OptionsReplace
		}
		asks = append(asks, Ask{SKU: lines[i].SKU, Named: lines[i].SKU, Quantity: lines[i].Quantity, Options: lines[i].Options, OptionRule: rule, Groups: lines[i].Groups})
	}
	return asks
}

// Keep is the guest's cart after a merge: only rest stays in it.
func Keep(guest *Cart, rest []Rest, now int64) *Cart {
	next := *guest
	next.Lines = []Line{}
	for i := range rest {
		if at := FindSKU(guest.Lines, rest[i].SKU); at >= 0 {
			line := guest.Lines[at]
			line.Quantity = rest[i].Quantity
			line.Updated = now
			next.Lines = append(next.Lines, line)
		}
	}
	next.Version = guest.Version + 1
	next.Updated = now
	return &next
}
