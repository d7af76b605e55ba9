package cartcore

// Functions are small here, and what few commands need stands in functions of its own: the interpreter makes every variable
// and every part of an expression anew at each call, used or not (docs/interpreter.md: what a call costs).

// Apply does a command. It never changes cart: where something changed the cart it answers is a new one, with the
// version one higher and Updated at now (Unix milliseconds); where nothing did, it is cart itself.
// A refused command changes nothing; only with Command.Each some asks can be refused and others done.
func Apply(cart *Cart, cmd *Command, facts Facts, limits *Limits, now int64) (*Cart, *Outcome, *Error) {
	if cmd.NeedsCart || cmd.NeedsLines || cart.Locked > now {
		if err := unready(cart, cmd, now); err != nil {
			return cart, nil, err
		}
	}
	out := &Outcome{Created: cart.Version == cart.Quiet}
	if cmd.Verb == Read {
		return looked(cart, facts, out)
	}
	next := copyOf(cart)
	if err := change(next, cmd, facts, limits, now, out); err != nil {
		return cart, nil, err
	}
	if !out.Changed {
		return looked(cart, facts, out)
	}
	next.Version++
	next.Updated = now
	return lookedAfter(cart, next, facts, out)
}

// looked is the outcome with the view of a cart.
func looked(cart *Cart, facts Facts, out *Outcome) (*Cart, *Outcome, *Error) {
	return lookedAfter(cart, cart, facts, out)
}

// lookedAfter is the outcome with the view of next, which cart has become; a cart that cannot be shown does not become it.
func lookedAfter(cart, next *Cart, facts Facts, out *Outcome) (*Cart, *Outcome, *Error) {
	view, err := Show(next, facts)
	if err != nil {
		return cart, nil, err
	}
	out.View = view
	return next, out, nil
}

// unready refuses a command that the cart cannot take as it stands.
func unready(cart *Cart, cmd *Command, now int64) *Error {
	if cmd.NeedsCart && Edition(cart) == 0 {
		return Refuse(KindCartUnknown)
	}
	if cart.Locked > now {
		return heldBack(cmd)
	}
	if cmd.NeedsLines && len(cart.Lines) == 0 {
		return Refuse(KindCartEmpty)
	}
	return nil
}

// heldBack refuses a command that changes a cart while a checkout holds it.
func heldBack(cmd *Command) *Error {
	if cmd.Verb == Read || cmd.Verb == Lock {
		return nil
	}
	return Refuse(KindCartLocked)
}

// copyOf is a cart to change: its lines are a list of its own, of lines that are never changed.
func copyOf(cart *Cart) *Cart {
	next := *cart
	next.Lines = append([]*Line{}, cart.Lines...)
	return &next
}

// change does a command on next and says in out what it did.
func change(next *Cart, cmd *Command, facts Facts, limits *Limits, now int64, out *Outcome) *Error {
	if len(cmd.Asks) == 1 && cmd.Verb < Clear && !cmd.Each {
		result, err := applyAsk(next, cmd, cmd.Asks[0], facts, limits, now)
		if err != nil {
			return err
		}
		note(out, result)
		out.Changed = true
		return nil
	}
	return changeMuch(next, cmd, facts, limits, now, out)
}

// note adds a result to out.
func note(out *Outcome, result *Result) {
	out.Results = append(out.Results, result)
	if result.Why != WhyPlain && result.Why != WhyRemoved {
		out.Cut = true
	}
}

// changeMuch does the commands that are about the whole cart or about several lines.
func changeMuch(next *Cart, cmd *Command, facts Facts, limits *Limits, now int64, out *Outcome) *Error {
	switch cmd.Verb {
	case Clear:
		out.Changed = len(next.Lines) > 0 || out.Created
		next.Lines = []*Line{}
	case Lock:
		return lockFor(next, cmd, facts, now, out)
	case Close:
		out.Changed = true
		next.Order = cmd.Order
	case Look, Subscribe, Unsubscribe:
		return lookAt(cmd, facts, out)
	case Merge:
		out.Changed = mergeInto(next, cmd, facts, limits, now, out) || (cmd.Begin && out.Created)
	default:
		return applyAsks(next, cmd, facts, limits, now, out)
	}
	return nil
}

// applyAsks does every ask in turn.
func applyAsks(next *Cart, cmd *Command, facts Facts, limits *Limits, now int64, out *Outcome) *Error {
	if cmd.Each {
		applyEach(next, cmd, facts, limits, now, out)
		return nil
	}
	for i := range cmd.Asks {
		result, err := applyAsk(next, cmd, cmd.Asks[i], facts, limits, now)
		if err != nil {
			return withOthers(err, next, cmd, i, facts, limits, now)
		}
		out.Changed = true
		note(out, result)
	}
	return nil
}

// withOthers names in err every later ask that is refused for the same reason, so that a client hears of all at once.
func withOthers(err *Error, next *Cart, cmd *Command, refused int, facts Facts, limits *Limits, now int64) *Error {
	err.Items = []string{err.Item}
	named := map[string]bool{err.Item: true}
	for i := refused + 1; i < len(cmd.Asks); i++ {
		_, other := applyAsk(next, cmd, cmd.Asks[i], facts, limits, now)
		if other != nil && !named[other.Item] && reason(other.Kind) == reason(err.Kind) {
			err.Items = append(err.Items, other.Item)
			named[other.Item] = true
		}
	}
	return err
}

// reason takes the kinds together that mean the same to who wants the items: they cannot be had.
func reason(kind Kind) Kind {
	if kind == KindShortStock || kind == KindItemGone {
		return KindOutOfStock
	}
	return kind
}

// applyAsk does one ask on next, whose list of lines is its own.
func applyAsk(next *Cart, cmd *Command, ask *Ask, facts Facts, limits *Limits, now int64) (*Result, *Error) {
	at := FindLine(next.Lines, ask)
	if at < 0 {
		return applyNew(next, cmd, ask, facts, limits, now)
	}
	item := facts[next.Lines[at].SKU]
	if cmd.Verb == Remove || item == nil || !item.Active || ask.Attributes != nil || ask.Item.NumericID != 0 {
		if result, err := applySpecial(next, cmd, ask, at, item, facts); result != nil || err != nil {
			return result, err
		}
	}
	return applyHeld(next, cmd, ask, at, item, limits, now)
}

// applyHeld changes the quantity of the line at, whose item is sold.
func applyHeld(next *Cart, cmd *Command, ask *Ask, at int, item *Item, limits *Limits, now int64) (*Result, *Error) {
	line := next.Lines[at]
	wanted := ask.Quantity
	if cmd.Verb == Add || cmd.Verb == Adjust {
		wanted += line.Quantity
	}
	result := &Result{Ask: ask, Item: item, Was: line.Quantity, Requested: wanted, Granted: wanted, Available: Available(item)}
	if wanted <= 0 || wanted > result.Available || wanted > limits.MaxQuantityPerLine || cmd.Short == ShortRefusesAsk || limits.MaxUnits > 0 {
		if gone, err := applyBounds(next, cmd, result, at, limits); gone || err != nil {
			return result, err
		}
	}
	result.Line = lineAfter(line, ask, result.Granted, now)
	next.Lines[at] = result.Line
	return result, nil
}

// applyBounds holds a result against stock and limits; gone says that nothing is left and the line went.
func applyBounds(next *Cart, cmd *Command, result *Result, at int, limits *Limits) (gone bool, err *Error) {
	if result.Requested <= 0 {
		result.Requested = 0
		result.Granted = 0
		result.Why = WhyRemoved
	} else if err := cutDown(cmd.Short, result, limits); err != nil {
		return false, err
	} else if err := tooManyUnits(next, result, limits); err != nil {
		return false, err
	}
	if result.Granted > 0 {
		return false, nil
	}
	result.Line = next.Lines[at]
	next.Lines = append(next.Lines[:at], next.Lines[at+1:]...)
	return true, nil
}

// applyNew does an ask for an item that the cart has no line of.
func applyNew(next *Cart, cmd *Command, ask *Ask, facts Facts, limits *Limits, now int64) (*Result, *Error) {
	if cmd.Verb == Remove && ask.Product {
		return removeProduct(next, ask, facts)
	}
	item := facts[ask.SKU]
	if cmd.Verb != Add && cmd.Verb != Put {
		return nil, notInCart(ask, facts)
	}
	if item == nil || !item.Active {
		return nil, goneError(ask, item)
	}
	if err := lacking(ask, item); err != nil {
		return nil, err
	}
	result := &Result{Ask: ask, Item: item, Requested: ask.Quantity, Granted: ask.Quantity, Available: Available(item)}
	if err := cutDown(cmd.Short, result, limits); err != nil {
		return nil, err
	}
	if result.Granted == 0 {
		return result, nil
	}
	if int64(len(next.Lines)) >= limits.MaxLines {
		return nil, &Error{Kind: KindTooManyLines, Item: ask.Named, Limit: limits.MaxLines}
	}
	if err := tooManyUnits(next, result, limits); err != nil {
		return nil, err
	}
	born := &Line{ID: newID(cmd.Seed, next.NextLine), Number: next.NextLine, SKU: ask.SKU, Added: now}
	result.Line = lineAfter(born, ask, result.Granted, now)
	next.Lines = append(next.Lines, result.Line)
	next.NextLine++
	return result, nil
}

// applySpecial does what few asks on a line need: it removes, answers for an item that is gone, and refuses an item that does
// not fit the ask. It answers nothing where the ask goes on as usual.
func applySpecial(next *Cart, cmd *Command, ask *Ask, at int, item *Item, facts Facts) (*Result, *Error) {
	if cmd.Verb == Remove && ask.Product {
		return removeProduct(next, ask, facts)
	}
	if cmd.Verb == Remove {
		return removeLine(next, ask, at, facts), nil
	}
	if item != nil && ask.Item.NumericID != 0 && ask.Item.NumericID != item.NumericID {
		return nil, &Error{Kind: KindLineUnknown, Item: ask.Named} // the line named holds another item than the one named
	}
	if item == nil || !item.Active {
		return goneAsked(next, cmd, ask, at, item, facts)
	}
	return nil, lacking(ask, item)
}

// cutDown decides how many of the units requested a line gets.
func cutDown(short Short, result *Result, limits *Limits) *Error {
	ask, available := result.Ask, result.Available
	if available == 0 && (short == ShortCaps || short == ShortRefuses) {
		return &Error{Kind: KindOutOfStock, Item: ask.Named, Requested: result.Requested}
	}
	if short == ShortRefusesAsk && ask.Quantity > available {
		return &Error{Kind: KindShortStock, Item: ask.Named, Requested: ask.Quantity, Available: available}
	}
	if result.Requested > available && short == ShortRefuses {
		return &Error{Kind: KindShortStock, Item: ask.Named, Requested: result.Requested, Available: available}
	}
	if result.Granted > available {
		result.Granted = available
		result.Why = WhyCapped
	}
	if result.Granted <= limits.MaxQuantityPerLine {
		return nil
	}
	if short == ShortRefuses {
		return &Error{Kind: KindTooManyOfItem, Item: ask.Named, Requested: result.Requested, Limit: limits.MaxQuantityPerLine}
	}
	result.Granted = limits.MaxQuantityPerLine
	result.Why = WhyLimited
	return nil
}

// tooManyUnits refuses a result that would take the cart over the bound on units.
func tooManyUnits(next *Cart, result *Result, limits *Limits) *Error {
	if limits.MaxUnits == 0 || result.Granted <= result.Was || Units(next.Lines)-result.Was+result.Granted <= limits.MaxUnits {
		return nil
	}
	return &Error{Kind: KindTooManyUnits, Item: result.Ask.Named, Limit: limits.MaxUnits}
}

// lineAfter is a line with a new quantity and with what else the ask brings.
func lineAfter(line *Line, ask *Ask, quantity, now int64) *Line {
	after := *line
	after.Quantity = quantity
	after.Updated = now
	if ask.OptionRule == OptionsMerge {
		after.Options = OverlayOptions(line.Options, ask.Options)
		after.OptionsReplaced = false
	} else if ask.OptionRule == OptionsReplace {
		after.Options = ask.Options
		after.OptionsReplaced = true
	}
	if len(ask.Groups) > 0 {
		after.Groups = ask.Groups
	}
	return &after
}

// lacking refuses an item that does not have what ask requires of it.
func lacking(ask *Ask, item *Item) *Error {
	for i := range ask.Attributes {
		wanted := ask.Attributes[i]
		has := item.Attributes[wanted.Name]
		if has == "" {
			has = wanted.Default
		}
		if has == "" {
			return &Error{Kind: KindItemIncomplete, Item: ask.Named, Attribute: wanted.Name}
		}
		if wanted.Value != "" && wanted.Value != has {
			return &Error{Kind: KindItemUnknown, Item: ask.Named}
		}
	}
	return nil
}

// Units is the number of units in all lines together.
func Units(lines []*Line) int64 {
	total := int64(0)
	for i := range lines {
		total += lines[i].Quantity
	}
	return total
}
