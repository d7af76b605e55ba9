// Package cartwalk takes a cart through many commands and writes down what becomes of it. The same source runs compiled
// and interpreted, and both must write the same.
package cartwalk

import (
	"fmt"
	"strings"

	"github.com/polycart/polycart/cartcore"
)

// dice is a linear congruential generator (Numerical Recipes §7.1): math/rand promises no sequence across releases. Or it
// takes its numbers from bytes that it is fed, two for each, and 0 when they are all taken.
type dice struct {
	State uint32
	Fed   []byte
	At    int
}

// roll answers a number from 0 to n-1.
func roll(d *dice, n int) int {
	if d.Fed != nil {
		if d.At+2 > len(d.Fed) {
			d.At = len(d.Fed)
			return 0
		}
		d.At += 2
		return (int(d.Fed[d.At-2])<<8 | int(d.Fed[d.At-1])) % n
	}
	d.State = d.State*1664525 + 1013904223
	return int(d.State>>8) % n
}

var skus = []string{"a", "b", "c", "d"}

// Walk writes a line for each of steps commands: what was asked, what became of it, and the cart's record.
func Walk(seed uint32, steps int) string {
	return walk(&dice{State: seed}, steps)
}

// mostSteps bounds what bytes can ask for.
const mostSteps = 40

// Fed writes the same for commands that bytes choose, as many as they are enough for. What must never be begins with Broken.
func Fed(by []byte) string {
	return walk(&dice{Fed: append([]byte{}, by...)}, mostSteps)
}

// Broken begins a trace that ends in what must never be.
const Broken = "broken: "

func walk(d *dice, steps int) string {
	cart := cartcore.New(cartcore.Key{Tenant: "shop", Owner: cartcore.CustomerOwner("182")}, "USD", "0123456789abcdef", 1000)
	var trace strings.Builder
	for step := 0; step < steps && (d.Fed == nil || d.At < len(d.Fed)); step++ {
		facts, command, limits := factsOf(d), commandOf(d, cart, step), limitsOf(d)
		before, fault := cartcore.Record(cart)
		if fault != nil {
			return fault.Error()
		}
		next, outcome, err := cartcore.Apply(cart, command, facts, limits, int64(2000+step))
		after, fault := cartcore.Record(cart)
		if fault != nil || string(before) != string(after) {
			return fmt.Sprintf("%sstep %d changed the cart handed in", Broken, step)
		}
		fmt.Fprintf(&trace, "%d verb %d short %d gone %d", step, int(command.Verb), int(command.Short), int(command.Gone))
		if err != nil {
			fmt.Fprintf(&trace, " refused: %s %v", err.Error(), err.Items)
			outcome = &cartcore.Outcome{}
			if next != cart {
				return fmt.Sprintf("%sstep %d was refused and made another cart", Broken, step)
			}
		}
		for i := range outcome.Results {
			result := outcome.Results[i]
			fmt.Fprintf(&trace, " %s was %d %d/%d %s", result.Ask.SKU, result.Was, result.Granted, result.Requested, cartcore.WhyName(result.Why))
			if result.Err != nil {
				trace.WriteString(" " + result.Err.Error())
			}
		}
		cart = next
		showInto(&trace, cart, facts)
		cart = again(&trace, cart)
		after, fault = cartcore.Record(cart)
		if fault != nil || len(after) > longestRecord(cart) {
			return fmt.Sprintf("%sstep %d made a record of %d bytes for %d lines (%v)", Broken, step, len(after), len(cart.Lines), fault)
		}
	}
	return trace.String()
}

// showInto writes the view of a cart and its record.
func showInto(trace *strings.Builder, cart *cartcore.Cart, facts cartcore.Facts) {
	view, err := cartcore.Show(cart, facts)
	if err != nil {
		trace.WriteString(err.Error() + "\n")
		return
	}
	record, fault := cartcore.Record(cart)
	if fault != nil {
		trace.WriteString(fault.Error() + "\n")
		return
	}
	fmt.Fprintf(trace, " %d units %s %s %s\n", view.Units, cartcore.Fixed(view.Subtotal, view.Decimals), cartcore.Shortest(view.Subtotal, view.Decimals), string(record))
}

// again writes a saved cart down and reads it back, as the store does.
func again(trace *strings.Builder, cart *cartcore.Cart) *cartcore.Cart {
	if cart.Version == 0 {
		return cart
	}
	record, fault := cartcore.Record(cart)
	if fault != nil {
		trace.WriteString(fault.Error())
		return cart
	}
	back, fault := cartcore.FromRecord(cart.Key, record)
	if fault != nil {
		trace.WriteString(fault.Error())
		return cart
	}
	same, fault := cartcore.Record(back)
	if fault != nil || string(same) != string(record) {
		trace.WriteString("\n" + Broken + "read back it is another: " + string(same))
	}
	return back
}

// longestRecord bounds a record of the carts here by what is in them: a line has options of four names at most, and each
// merge leaves a mark, of which 20 are kept.
func longestRecord(cart *cartcore.Cart) int { return 400 + 500*len(cart.Lines) + 300*len(cart.Merged) }

func factsOf(d *dice) cartcore.Facts {
	facts := cartcore.Facts{}
	for i := range skus {
		price := int64(roll(d, 5000))
		if roll(d, 40) == 0 {
			price = cartcore.MaxInteger / 3
		}
		item := &cartcore.Item{
			SKU: skus[i], ProductID: "p" + skus[i], NumericID: int64(i + 1), Price: price, OriginalPrice: price,
			Stock: int64(roll(d, 11) - 1), TrackStock: roll(d, 4) > 0, Active: roll(d, 6) > 0,
		}
		if roll(d, 8) > 0 {
			facts[skus[i]] = item
		}
	}
	return facts
}

func limitsOf(d *dice) *cartcore.Limits {
	units := []int64{0, 0, 3, 8, 20}
	if d.Fed != nil && roll(d, 3) == 0 {
		return &cartcore.Limits{MaxLines: 500, MaxQuantityPerLine: cartcore.MaxInteger}
	}
	return &cartcore.Limits{MaxLines: int64(1 + roll(d, 5)), MaxUnits: units[roll(d, len(units))], MaxQuantityPerLine: int64(1 + roll(d, 12))}
}

func commandOf(d *dice, cart *cartcore.Cart, step int) *cartcore.Command {
	verbs := []cartcore.Verb{
		cartcore.Add, cartcore.Add, cartcore.Put, cartcore.Set, cartcore.Adjust, cartcore.Remove, cartcore.Merge, cartcore.Read, cartcore.Clear,
	}
	command := &cartcore.Command{
		Verb: verbs[roll(d, len(verbs))], Short: cartcore.Short(roll(d, 4)), Gone: cartcore.Gone(roll(d, 2)), Each: roll(d, 3) == 0,
		Seed: fmt.Sprintf("%08x", roll(d, 1<<20)), NeedsCart: roll(d, 9) == 0, NeedsLines: roll(d, 9) == 0,
		Mark: cartcore.Mark{Cart: "guest", Version: int64(roll(d, 12) + 1)},
	}
	if roll(d, 50) == 0 {
		command.Verb, command.Until = cartcore.Lock, int64(2000+step+2)
	} else if roll(d, 25) == 0 {
		command.Verb = cartcore.Look
	} else if roll(d, 50) == 0 {
		command.Verb, command.Order = cartcore.Close, "1234"
	}
	for n := 1 + roll(d, 3); n > 0; n-- {
		command.Asks = append(command.Asks, askOf(d, cart, command.Verb))
	}
	return command
}

func askOf(d *dice, cart *cartcore.Cart, verb cartcore.Verb) *cartcore.Ask {
	sku := skus[roll(d, len(skus))]
	ask := &cartcore.Ask{SKU: sku, Named: sku, Quantity: int64(1 + roll(d, 12)), OptionRule: cartcore.OptionRule(roll(d, 3))}
	if verb == cartcore.Set {
		ask.Quantity--
	}
	if verb == cartcore.Adjust {
		ask.Quantity -= 7
	}
	if d.Fed != nil && roll(d, 5) == 0 {
		ask.Quantity = cartcore.MaxInteger - ask.Quantity
	}
	if roll(d, 3) == 0 {
		ask.Options = []cartcore.Option{{Name: "o" + skus[roll(d, len(skus))], Value: `{"a":[1.10,"<&>"]}`}}
	}
	if roll(d, 9) == 0 {
		ask.Err = cartcore.RefuseField(cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemMissing})
	}
	if roll(d, 5) == 0 {
		ask.Groups = []string{"g" + sku}
	}
	if verb == cartcore.Remove && roll(d, 3) == 0 {
		ask.Product, ask.Item.ProductID = true, "p"+sku
	}
	if verb != cartcore.Merge && len(cart.Lines) > 0 && roll(d, 4) == 0 {
		ask.LineNumber = cart.Lines[roll(d, len(cart.Lines))].Number
	} else if verb != cartcore.Merge && len(cart.Lines) > 0 && roll(d, 4) == 0 {
		ask.LineID = cart.Lines[roll(d, len(cart.Lines))].ID
	}
	return ask
}

// Money writes amounts printed, read, multiplied and added.
func Money(seed uint32, steps int) string {
	d := &dice{State: seed}
	texts := []string{"", ".", "5.", ".5", "-1", "+1", "007", "19.999", "1e2", "90071992547409.91", "90071992547409.92"}
	var trace strings.Builder
	for i := range texts {
		minor, ok := cartcore.ParseMajor(texts[i], 2)
		fmt.Fprintf(&trace, "%q %d %v\n", texts[i], minor, ok)
	}
	for step := 0; step < steps; step++ {
		a := int64(roll(d, 1<<23)) << uint(roll(d, 31))
		b := int64(roll(d, 1<<23)) << uint(roll(d, 31))
		decimals := roll(d, 5)
		text := cartcore.Shortest(a, decimals)
		back, ok := cartcore.ParseMajor(text, decimals)
		product, fits := cartcore.Times(a, b)
		sum, sumFits := cartcore.Plus(a, b)
		fmt.Fprintf(&trace, "%s %s %d %v %d %v %d %v\n", cartcore.Fixed(a, decimals), text, back, ok, product, fits, sum, sumFits)
	}
	return trace.String()
}
