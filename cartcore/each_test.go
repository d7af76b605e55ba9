package cartcore_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/polycart/polycart/cartcore"
)

func TestEachAskIsJudgedAlone(t *testing.T) {
	add := func(all ...cartcore.Ask) cartcore.Command {
		return cartcore.Command{Verb: cartcore.Add, Short: cartcore.ShortRefuses, Each: true, Asks: asks(all...)}
	}
	unread := cartcore.Ask{Named: "mug", SKU: "mug", Quantity: 1, Err: cartcore.RefuseField(cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemMissing})}
	promise(t, []row{
		{name: "a refused ask leaves the others", held: "mug 1", command: add(of("song", 1), of("soldout", 1), of("mug", 2)), want: "mug 3, song 1", told: "1/1 plain, out of stock: soldout, 3/3 plain"},
		{name: "the same item twice is judged in order", command: add(of("mug", 3), of("mug", 3), of("mug", 2)), want: "mug 5", told: "3/3 plain, short stock: mug, 5/5 plain"},
		{name: "an ask that cannot be read is refused in its turn", command: add(of("mug", 1), unread, of("song", 1)), want: "mug 1, song 1", told: "1/1 plain, invalid field: quantity is required, 1/1 plain"},
		{name: "nothing done changes nothing", held: "mug 5", command: add(of("mug", 1), unread), want: "mug 5", told: "short stock: mug, invalid field: quantity is required"},
		{
			name: "a line too many is refused, and what follows is not", held: "mug 1", command: add(of("song", 1), of("cap-red", 1), of("mug", 1)),
			limits: cartcore.Limits{MaxLines: 2, MaxQuantityPerLine: 10}, want: "mug 2, song 1", told: "1/1 plain, too many lines: cap-red, 2/2 plain",
		},
	})
}

// A total that is too large is the fault of the ask with which the cart comes to it.
func TestTheAskThatMakesTheTotalTooLargeIsRefused(t *testing.T) {
	command := cartcore.Command{Verb: cartcore.Add, Each: true, Seed: seed, Asks: asks(of("yacht", 1), of("yacht", 1), of("mug", 1), of("song", 1), of("yacht", 5))}
	next, outcome, err := apply(holding(""), command, shelf(), roomy, now)
	same(t, "refused", refusal(err), "")
	same(t, "told", told(outcome), "1/1 plain, 2/2 plain, amount too large: mug, amount too large: song, amount too large: yacht")
	same(t, "lines", held(next), "yacht 2")
}

// A command with Each is as good as a command for each ask, one after the other.
func TestABatchIsItsCommandsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, limits, command := drawnFacts(t), drawnLimits(t), drawnCommand(t)
		if command.Verb >= cartcore.Clear || command.Verb == cartcore.Read {
			command.Verb = cartcore.Add
		}
		command.Each = true
		for i := range skus {
			if item := facts[skus[i]]; item != nil && rapid.IntRange(0, 3).Draw(t, "dear") == 0 {
				item.Price = rapid.Int64Range(cartcore.MaxInteger/20, cartcore.MaxInteger).Draw(t, "price")
			}
		}
		for i := range command.Asks {
			if rapid.IntRange(0, 4).Draw(t, "unreadable") == 0 {
				command.Asks[i].Err = cartcore.RefuseField(cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemMissing})
			}
		}
		cart := drawnCart(t, "customer")
		if _, err := cartcore.Show(cart, facts); err != nil {
			t.Skip("the cart held cannot be shown")
		}
		batch, outcome, err := apply(cart, command, facts, limits, now)
		if err != nil {
			t.Fatalf("the batch is refused: %s", err.Error())
		}
		step, changed := cart, false
		for i, ask := range command.Asks {
			one := command
			one.Asks = []*cartcore.Ask{ask}
			one.Each = false
			next, result, refused := apply(step, one, facts, limits, now)
			if ask.Err != nil {
				next, refused = step, ask.Err
			}
			if !reflect.DeepEqual(outcome.Results[i].Err, sole(refused)) {
				t.Fatalf("ask %d is refused as %q, alone as %q", i, refusal(outcome.Results[i].Err), refusal(refused))
			}
			if refused == nil && !reflect.DeepEqual(outcome.Results[i], result.Results[0]) {
				t.Fatalf("ask %d: %+v, alone %+v", i, outcome.Results[i], result.Results[0])
			}
			changed = changed || refused == nil
			step = next
		}
		if !reflect.DeepEqual(batch.Lines, step.Lines) || batch.NextLine != step.NextLine || outcome.Changed != changed {
			t.Fatalf("the batch ends at %s, its commands at %s", held(batch), held(step))
		}
	})
}

// sole is an error without the list of all items refused with it, which a batch tells entry by entry.
func sole(err *cartcore.Error) *cartcore.Error {
	if err == nil {
		return nil
	}
	one := *err
	one.Items = nil
	return &one
}
