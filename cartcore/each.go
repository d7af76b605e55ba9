package cartcore

// applyEach does every ask of a command as if it were a command of its own: an ask that is refused leaves the cart as the
// one before it did, and the asks after it go on from there.
func applyEach(next *Cart, cmd *Command, facts Facts, limits *Limits, now int64, out *Outcome) {
	ceiling := subtotalOf(next, facts)
	for i := range cmd.Asks {
		before := copyOf(next)
		result, err := applyOne(next, cmd, cmd.Asks[i], facts, limits, now)
		if err == nil {
			ceiling, err = raised(ceiling, next, result, facts)
		}
		if err != nil {
			*next = *before
			result = &Result{Ask: cmd.Asks[i], Err: err}
			out.Cut = true
		} else {
			out.Changed = true
		}
		note(out, result)
	}
}

// applyOne does an ask, unless it could not even be read.
func applyOne(next *Cart, cmd *Command, ask *Ask, facts Facts, limits *Limits, now int64) (*Result, *Error) {
	if ask.Err != nil {
		return nil, ask.Err
	}
	return applyAsk(next, cmd, ask, facts, limits, now)
}

// subtotalOf is what a cart comes to, MaxInteger where that is too much to say.
func subtotalOf(cart *Cart, facts Facts) int64 {
	view, err := Show(cart, facts)
	if err != nil {
		return MaxInteger
	}
	return view.Subtotal
}

// raised refuses a result with which the cart comes to more than MaxInteger. ceiling is no less than what the cart came to
// before, and raised answers the same of the cart after it: as long as that is within bounds nothing need be added up,
// which for a hundred asks on a cart of hundreds of lines would take the interpreter longer than the asks.
func raised(ceiling int64, next *Cart, result *Result, facts Facts) (int64, *Error) {
	if result.Item == nil || result.Granted == 0 {
		return ceiling, nil
	}
	amount, fits := Times(result.Item.Price, result.Granted)
	if sum, within := Plus(ceiling, amount); fits && within {
		return sum, nil
	}
	view, err := Show(next, facts)
	if err != nil {
		return ceiling, err
	}
	return view.Subtotal, nil
}
