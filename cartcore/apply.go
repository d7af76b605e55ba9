package cartcore

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// New is an empty cart that no store has seen. seed is random hexadecimal digits, now Unix milliseconds.
func New(key Key, currency, seed string, now int64) *Cart {
	return &Cart{Key: key, ID: newID(seed, 0), Currency: currency, Lines: []Line{}, NextLine: 1, Created: now, Updated: now}
}

// Apply does a command. It never changes cart: where something changed the cart it answers is a new one, with the
// version one higher and Updated at now (Unix milliseconds); where nothing did, it is cart itself.
// A refused command changes nothing; only with Command.Each some asks can be refused and others done.
func Apply(cart *Cart, cmd Command, facts Facts, limits Limits, now int64) (*Cart, Outcome, *Error) {
	if cmd.NeedsCart && cart.Version == 0 {
		return cart, Outcome{}, Refuse(KindCartUnknown)
	}
	if cmd.Verb == Read {
		return cart, Outcome{}, nil
	}
	if cart.Locked > now {
		return cart, Outcome{}, Refuse(KindCartLocked)
	}
	if cmd.NeedsLines && len(cart.Lines) == 0 {
		return cart, Outcome{}, Refuse(KindCartEmpty)
	}
	next := *cart
	next.Lines = append([]Line{}, cart.Lines...)
	out := Outcome{Created: cart.Version == 0}
	if cmd.Verb == Clear {
		next.Lines = []Line{}
		out.Changed = len(cart.Lines) > 0 || out.Created
	} else if cmd.Verb == Lock {
		next.Locked = cmd.Until
		out.Changed = true
	} else if cmd.Verb == Merge {
		out.Changed = mergeInto(&next, cmd, facts, limits, now, &out)
	} else {
		for i := range cmd.Asks {
			before := next
			if cmd.Each {
				before.Lines = append([]Line{}, next.Lines...)
			}
			result, err := applyAsk(&next, cmd, cmd.Asks[i], facts, limits, now)
			if err != nil && !cmd.Each {
				return cart, Outcome{}, withOthers(err, &next, cmd, i, facts, limits, now)
			}
			if err != nil {
				next = before
				result = Result{Ask: cmd.Asks[i], Err: err}
			} else {
				out.Changed = true
			}
			out.Results = append(out.Results, result)
		}
	}
	if !out.Changed {
		return cart, out, nil
	}
	if _, err := Subtotal(next.Lines, facts); err != nil {
		return cart, Outcome{}, err
	}
	next.Version = cart.Version + 1
	next.Updated = now
	return &next, out, nil
}

// withOthers names in err every later ask that is refused for the same reason, so that a client hears of all at once.
func withOthers(err *Error, next *Cart, cmd Command, refused int, facts Facts, limits Limits, now int64) *Error {
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

// applyAsk does one ask on next, whose lines are its own.
func applyAsk(next *Cart, cmd Command, ask Ask, facts Facts, limits Limits, now int64) (Result, *Error) {
	at := FindLine(next.Lines, ask)
	if cmd.Verb == Remove {
		return removeAsked(next, ask, at, facts)
	}
	creates := cmd.Verb == Add || cmd.Verb == Put
	if at < 0 && !creates {
		return Result{}, notInCart(ask, facts)
	}
	sku := ask.SKU
	if at >= 0 {
		sku = next.Lines[at].SKU
	}
	item := facts[sku]
	if at >= 0 && item != nil && ask.Item.NumericID != 0 && ask.Item.NumericID != item.NumericID {
		return Result{}, &Error{Kind: KindLineUnknown, Item: ask.Named} // the line named holds another item than the one named
	}
	if item == nil || !item.Active {
		return goneAsked(next, cmd, ask, at, item, facts)
	}
	if err := lacking(ask, item); err != nil {
		return Result{}, err
	}

	held := int64(0)
	if at >= 0 {
		held = next.Lines[at].Quantity
	}
	wanted := ask.Quantity
	if cmd.Verb == Add || cmd.Verb == Adjust {
		wanted = held + ask.Quantity
	}
	if wanted <= 0 {
		return removeAsked(next, ask, at, facts)
	}
	result := Result{Ask: ask, Item: item, Was: held, Requested: wanted, Available: Available(item)}
	granted, why, err := grant(cmd.Short, ask, wanted, result.Available, limits)
	if err != nil {
		return Result{}, err
	}
	result.Granted, result.Why = granted, why
	if granted == 0 {
		if at >= 0 {
			result.Line = next.Lines[at]
			next.Lines = append(next.Lines[:at], next.Lines[at+1:]...)
		}
		return result, nil
	}
	if at < 0 {
		if int64(len(next.Lines)) >= limits.MaxLines {
			return Result{}, &Error{Kind: KindTooManyLines, Item: ask.Named, Limit: limits.MaxLines}
		}
		next.Lines = append(next.Lines, Line{ID: newID(cmd.Seed, next.NextLine), Number: next.NextLine, SKU: sku, Added: now})
		next.NextLine++
		at = len(next.Lines) - 1
	}
	if limits.MaxUnits > 0 && granted > held && Units(next.Lines)-held+granted > limits.MaxUnits {
		return Result{}, &Error{Kind: KindTooManyUnits, Item: ask.Named, Limit: limits.MaxUnits}
	}
	line := next.Lines[at]
	line.Quantity = granted
	line.Updated = now
	line.Options, line.OptionsReplaced = optionsAfter(line, ask)
	if len(ask.Groups) > 0 {
		line.Groups = ask.Groups
	}
	next.Lines[at] = line
	result.Line = line
	return result, nil
}

// grant decides how many of wanted units a line gets.
func grant(short Short, ask Ask, wanted, available int64, limits Limits) (int64, Why, *Error) {
	if available == 0 && (short == ShortCaps || short == ShortRefuses) {
		return 0, WhyPlain, &Error{Kind: KindOutOfStock, Item: ask.Named, Requested: wanted}
	}
	if short == ShortRefusesAsk && ask.Quantity > available {
		return 0, WhyPlain, &Error{Kind: KindShortStock, Item: ask.Named, Requested: ask.Quantity, Available: available}
	}
	if wanted > available && short == ShortRefuses {
		return 0, WhyPlain, &Error{Kind: KindShortStock, Item: ask.Named, Requested: wanted, Available: available}
	}
	granted, why := wanted, WhyPlain
	if granted > available {
		granted, why = available, WhyCapped
	}
	if granted > limits.MaxQuantityPerLine {
		if short == ShortRefuses {
			return 0, WhyPlain, &Error{Kind: KindTooManyOfItem, Item: ask.Named, Requested: wanted, Limit: limits.MaxQuantityPerLine}
		}
		granted, why = limits.MaxQuantityPerLine, WhyLimited
	}
	return granted, why, nil
}

// lacking refuses an item that does not have what ask requires of it.
func lacking(ask Ask, item *Item) *Error {
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

// goneAsked answers an ask for an item that is not sold: item is nil where the catalogue does not have it.
func goneAsked(next *Cart, cmd Command, ask Ask, at int, item *Item, facts Facts) (Result, *Error) {
	why, kind := WhyInactive, KindItemGone
	if item == nil {
		why, kind = WhyVanished, KindItemUnknown
	}
	if at >= 0 && cmd.Verb == Set && ask.Quantity == 0 {
		return removeAsked(next, ask, at, facts)
	}
	if at < 0 || cmd.Gone == GoneRefuses {
		return Result{}, &Error{Kind: kind, Item: ask.Named, Requested: ask.Quantity}
	}
	line := next.Lines[at]
	next.Lines = append(next.Lines[:at], next.Lines[at+1:]...)
	return Result{Ask: ask, Item: item, Line: line, Was: line.Quantity, Why: why}, nil
}

// removeAsked takes the line at out, or every line of the ask's product.
func removeAsked(next *Cart, ask Ask, at int, facts Facts) (Result, *Error) {
	if at < 0 && !ask.Product {
		return Result{}, notInCart(ask, facts)
	}
	result := Result{Ask: ask, Why: WhyRemoved}
	kept := []Line{}
	for i := range next.Lines {
		line := next.Lines[i]
		goes := i == at
		if ask.Product {
			item := facts[line.SKU]
			goes = item != nil && item.ProductID == ask.Item.ProductID
		}
		if goes {
			result.Line, result.Item = line, facts[line.SKU]
			result.Was += line.Quantity
		} else {
			kept = append(kept, line)
		}
	}
	if len(kept) == len(next.Lines) {
		return Result{}, &Error{Kind: KindLineUnknown, Item: ask.Named}
	}
	next.Lines = kept
	return result, nil
}

// notInCart tells an item that is not in the cart from one that does not exist.
func notInCart(ask Ask, facts Facts) *Error {
	named := ask.LineID != "" || ask.LineNumber != 0
	if !named && facts[ask.SKU] == nil {
		return &Error{Kind: KindItemUnknown, Item: ask.Named}
	}
	return &Error{Kind: KindLineUnknown, Item: ask.Named}
}

// optionsAfter answers the options of a line after an ask.
func optionsAfter(line Line, ask Ask) ([]Option, bool) {
	if ask.OptionRule == OptionsKeep {
		return line.Options, line.OptionsReplaced
	}
	if ask.OptionRule == OptionsReplace {
		return ask.Options, true
	}
	return OverlayOptions(line.Options, ask.Options), false
}

// OverlayOptions lays over onto base: a name in both takes over's value at base's place, new names follow.
func OverlayOptions(base, over []Option) []Option {
	merged := append([]Option{}, base...)
	for i := range over {
		at := -1
		for j := range merged {
			if merged[j].Name == over[i].Name {
				at = j
			}
		}
		if at >= 0 {
			merged[at] = over[i]
		} else {
			merged = append(merged, over[i])
		}
	}
	return merged
}

// Units is the number of units in all lines together.
func Units(lines []Line) int64 {
	total := int64(0)
	for i := range lines {
		total += lines[i].Quantity
	}
	return total
}

// Subtotal is the price of all lines that the catalogue has, in minor units.
// The error is KindAmountTooLarge where it passes MaxInteger.
func Subtotal(lines []Line, facts Facts) (int64, *Error) {
	total := int64(0)
	for i := range lines {
		item := facts[lines[i].SKU]
		if item == nil {
			continue
		}
		amount, fits := Times(item.Price, lines[i].Quantity)
		if fits {
			total, fits = Plus(total, amount)
		}
		if !fits {
			return 0, &Error{Kind: KindAmountTooLarge, Item: lines[i].SKU}
		}
	}
	return total, nil
}

// newID makes a version 4 UUID of random seed and a number, so that a command tried again makes the same ids.
func newID(seed string, number int64) string {
	sum := sha256.Sum256([]byte(seed + "/" + strconv.FormatInt(number, 10)))
	return UUID(hex.EncodeToString(sum[:16]))
}

// UUID lays 32 hexadecimal digits out as a version 4 UUID (RFC 9562 §5.4).
func UUID(digits string) string {
	return digits[:8] + "-" + digits[8:12] + "-4" + digits[13:16] + "-a" + digits[17:20] + "-" + digits[20:32]
}
