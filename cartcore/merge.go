package cartcore

// mergeInto adds what fits of the asks to next, never refusing, and marks the guest cart as merged.
// It answers whether next changed: a guest cart of a version that was merged before adds nothing, and so does one of
// which nothing fits.
func mergeInto(next *Cart, cmd *Command, facts Facts, limits *Limits, now int64, out *Outcome) bool {
	mark := cmd.Mark
	for i := range next.Merged {
		if next.Merged[i].Cart == mark.Cart && next.Merged[i].Version == mark.Version {
			return false
		}
	}
	mark.Rest = nil
	add := &Command{Verb: Add, Short: ShortCaps, Seed: cmd.Seed}
	gained := int64(0)
	for i := range cmd.Asks {
		ask := cmd.Asks[i]
		result := mergeAsk(next, add, ask, facts, limits, now)
		gained += moved(result)
		if left := ask.Quantity - moved(result); left > 0 {
			mark.Rest = append(mark.Rest, Rest{SKU: ask.SKU, Quantity: left})
		}
		note(out, result)
	}
	if gained == 0 {
		return false
	}
	if _, err := Show(next, facts); err != nil {
		// Both carts stay as they are: a refusal would lock the customer out for as long as the guest token is sent along.
		for i := range out.Results {
			out.Results[i] = unmerged(cmd.Asks[i], out.Results[i].Line, out.Results[i].Was, facts, WhyLimited)
		}
		return false
	}
	next.Merged = append(append([]Mark{}, next.Merged...), mark)
	if len(next.Merged) > marksKept {
		next.Merged = next.Merged[len(next.Merged)-marksKept:]
	}
	return true
}

// mergeAsk adds as many units of ask as the bounds leave room for. A line that holds more than its stock stays as it is:
// a merge takes nothing away.
func mergeAsk(next *Cart, add *Command, ask *Ask, facts Facts, limits *Limits, now int64) *Result {
	held := int64(0)
	var line *Line
	if at := FindSKU(next.Lines, ask.SKU); at >= 0 {
		line = next.Lines[at]
		held = line.Quantity
	}
	room, why := roomFor(next, ask, held, facts[ask.SKU], limits)
	if room == 0 {
		return unmerged(ask, line, held, facts, why)
	}
	part := *ask
	part.Quantity = room
	result, err := applyAsk(next, add, &part, facts, limits, now)
	if err != nil {
		return unmerged(ask, line, held, facts, WhyLimited)
	}
	result.Ask = ask
	result.Requested = held + ask.Quantity
	result.Why = why
	return result
}

// unmerged is the result of an ask of which nothing was moved to line, which holds held units; where it holds none there is
// no line.
func unmerged(ask *Ask, line *Line, held int64, facts Facts, why Why) *Result {
	result := &Result{Ask: ask, Item: facts[ask.SKU], Was: held, Requested: held + ask.Quantity, Granted: held, Why: why}
	if held > 0 {
		result.Line = line
	}
	if result.Item != nil {
		result.Available = Available(result.Item)
	}
	return result
}

// moved is how many units of a merged ask are in the cart now.
func moved(result *Result) int64 {
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
		if cart.Merged[i].Cart == guest.ID && cart.Merged[i].Version == Edition(guest) {
			return cart.Merged[i].Rest, true
		}
	}
	return nil, false
}

// roomFor answers how many units of ask.Quantity can be added to the held ones, and what cut them where it is fewer.
// item is nil where the catalogue does not have it.
func roomFor(cart *Cart, ask *Ask, held int64, item *Item, limits *Limits) (room int64, why Why) {
	if item == nil {
		return 0, WhyCapped
	}
	why = WhyPlain // said, because a result does not begin as zero (docs/interpreter.md: named results)
	room = ask.Quantity
	if left := Available(item) - held; left < room {
		room, why = left, WhyCapped
	}
	if left := limits.MaxQuantityPerLine - held; left < room {
		room, why = left, WhyLimited
	}
	if left := limits.MaxUnits - Units(cart.Lines); limits.MaxUnits > 0 && left < room {
		room, why = left, WhyLimited
	}
	if held == 0 && int64(len(cart.Lines)) >= limits.MaxLines {
		room, why = 0, WhyLimited
	}
	if room < 0 {
		room = 0
	}
	return room, why
}

// AsksOf turns a guest cart's lines into the asks of a Merge.
func AsksOf(lines []*Line) []*Ask {
	asks := []*Ask{}
	for i := range lines {
		rule := OptionsMerge
		if lines[i].OptionsReplaced {
			rule = OptionsReplace
		}
		asks = append(asks, &Ask{SKU: lines[i].SKU, Named: lines[i].SKU, Quantity: lines[i].Quantity, Options: lines[i].Options, OptionRule: rule, Groups: lines[i].Groups})
	}
	return asks
}

// Keep is the guest's cart after a merge: only rest stays in it.
func Keep(guest *Cart, rest []Rest, now int64) *Cart {
	next := *guest
	next.Lines = []*Line{}
	for i := range rest {
		if at := FindSKU(guest.Lines, rest[i].SKU); at >= 0 {
			line := *guest.Lines[at]
			line.Quantity = rest[i].Quantity
			line.Updated = now
			next.Lines = append(next.Lines, &line)
		}
	}
	next.Version = guest.Version + 1
	next.Updated = now
	return &next
}
