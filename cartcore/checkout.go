package cartcore

import "strconv"

// lockFor holds a cart for a checkout, if all that is in it can be had. A cart that is held stays held as long as the
// first checkout said: finishing again tells nothing new and must not keep a customer from the cart for ever.
func lockFor(next *Cart, cmd *Command, facts Facts, now int64, out *Outcome) *Error {
	if next.Locked > now {
		return nil
	}
	missing := []FieldError{}
	for i := range next.Lines {
		line := next.Lines[i]
		item := facts[line.SKU]
		available := int64(0)
		if item != nil {
			available = Available(item)
		}
		if line.Quantity > available {
			missing = append(missing, FieldError{Field: line.ID, Problem: ProblemTooLarge, Value: strconv.FormatInt(line.Quantity, 10), Limit: available})
		}
	}
	if len(missing) > 0 {
		return &Error{Kind: KindItemsUnavailable, Fields: missing}
	}
	out.Changed = true
	next.Locked = cmd.Until
	return nil
}

// lookAt tells of every ask how many could be had. It changes nothing.
func lookAt(cmd *Command, facts Facts, out *Outcome) *Error {
	for i := range cmd.Asks {
		ask := cmd.Asks[i]
		item := facts[ask.SKU]
		if item == nil {
			return &Error{Kind: KindItemUnknown, Item: ask.Named, Requested: ask.Quantity}
		}
		if cmd.Verb == Subscribe && Available(item) > 0 {
			return &Error{Kind: KindInStock, Item: ask.Named}
		}
		result := &Result{Ask: ask, Item: item, Requested: ask.Quantity, Granted: ask.Quantity, Available: Available(item)}
		if result.Granted > result.Available {
			result.Granted = result.Available
		}
		out.Results = append(out.Results, result)
	}
	return nil
}
