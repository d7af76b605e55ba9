package cartcore_test

import (
	"fmt"
	"math/big"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/polycart/polycart/cartcore"
)

// skus are the items of the drawn catalogues.
var skus = []string{"a", "b", "c", "d"}

// drawnFacts is a catalogue in which each item has its own price and stock, or is switched off, or missing.
func drawnFacts(t *rapid.T) cartcore.Facts {
	facts := cartcore.Facts{}
	for i, sku := range skus {
		if rapid.IntRange(0, 7).Draw(t, "missing") == 7 {
			continue
		}
		facts[sku] = &cartcore.Item{
			SKU: sku, ProductID: "p" + sku[:1], NumericID: int64(i + 1), Price: rapid.Int64Range(0, 5000).Draw(t, "price"),
			Stock: rapid.Int64Range(-1, 9).Draw(t, "stock"), TrackStock: rapid.IntRange(0, 3).Draw(t, "tracked") > 0,
			Active: rapid.IntRange(0, 5).Draw(t, "active") > 0,
		}
	}
	return facts
}

func drawnLimits(t *rapid.T) cartcore.Limits {
	return cartcore.Limits{
		MaxLines: rapid.Int64Range(1, 5).Draw(t, "maxLines"), MaxUnits: rapid.SampledFrom([]int64{0, 0, 3, 8, 20}).Draw(t, "maxUnits"),
		MaxQuantityPerLine: rapid.Int64Range(1, 12).Draw(t, "maxQuantityPerLine"),
	}
}

// drawnCart is a saved cart; its quantities may be past today's stock and bounds, as happens when those fall.
func drawnCart(t *rapid.T, owner string) *cartcore.Cart {
	cart := cartcore.New(cartcore.Key{Tenant: "shop", Owner: owner}, "USD", seed, before)
	cart.Version = 1
	for _, sku := range skus {
		if quantity := rapid.Int64Range(-6, 9).Draw(t, owner+" holds"); quantity > 0 {
			cart.Lines = append(cart.Lines, &cartcore.Line{
				ID: cartcore.UUID(fmt.Sprintf("%032x", cart.NextLine)), Number: cart.NextLine, SKU: sku, Quantity: quantity, Added: before, Updated: before,
			})
			cart.NextLine++
		}
	}
	return cart
}

func drawnCommand(t *rapid.T) cartcore.Command {
	verbs := []cartcore.Verb{cartcore.Add, cartcore.Put, cartcore.Set, cartcore.Adjust, cartcore.Remove, cartcore.Clear, cartcore.Read}
	command := cartcore.Command{
		Verb:  rapid.SampledFrom(verbs).Draw(t, "verb"),
		Short: rapid.SampledFrom([]cartcore.Short{cartcore.ShortCaps, cartcore.ShortRefuses, cartcore.ShortRefusesAsk, cartcore.ShortCapsToEmpty}).Draw(t, "short"),
		Gone:  rapid.SampledFrom([]cartcore.Gone{cartcore.GoneRefuses, cartcore.GoneDrops}).Draw(t, "gone"),
		Each:  rapid.Bool().Draw(t, "each"), Seed: rapid.StringMatching("[0-9a-f]{8}").Draw(t, "seed"),
	}
	for n := rapid.IntRange(1, 3).Draw(t, "asks"); n > 0; n-- {
		ask := cartcore.Ask{SKU: rapid.SampledFrom(skus).Draw(t, "sku"), Quantity: rapid.Int64Range(1, 12).Draw(t, "quantity")}
		if command.Verb == cartcore.Set {
			ask.Quantity--
		}
		if command.Verb == cartcore.Adjust {
			ask.Quantity = rapid.Int64Range(-12, 12).Filter(func(n int64) bool { return n != 0 }).Draw(t, "by")
		}
		ask.Named = ask.SKU
		command.Asks = append(command.Asks, &ask)
	}
	return command
}

// plain is the shop's rules in the plainest words: units by item, and nothing of lines, ids and times.
type plain map[string]int64

func (p plain) copied() plain {
	other := plain{}
	for sku, units := range p {
		other[sku] = units
	}
	return other
}

func (p plain) units() int64 {
	total := int64(0)
	for _, units := range p {
		total += units
	}
	return total
}

// do does one ask, or answers false and may leave p half changed.
func (p plain) do(command cartcore.Command, ask cartcore.Ask, item *cartcore.Item, limits cartcore.Limits) bool {
	has, is := p[ask.SKU]
	wanted := ask.Quantity
	switch command.Verb {
	case cartcore.Add, cartcore.Adjust:
		wanted += has
	case cartcore.Remove:
		wanted = 0
	}
	mayCreate := command.Verb == cartcore.Add || command.Verb == cartcore.Put
	if !is && !mayCreate {
		return false
	}
	removes := command.Verb == cartcore.Remove || command.Verb == cartcore.Set && wanted == 0
	if item == nil || !item.Active {
		delete(p, ask.SKU)
		return is && (removes || command.Gone == cartcore.GoneDrops)
	}
	if removes || wanted <= 0 {
		delete(p, ask.SKU)
		return true
	}
	stock := cartcore.Available(item)
	granted := wanted
	for _, most := range []int64{stock, limits.MaxQuantityPerLine} {
		if granted > most {
			granted = most
		}
	}
	switch command.Short {
	case cartcore.ShortCaps:
		if stock == 0 {
			return false
		}
	case cartcore.ShortRefuses:
		if granted < wanted {
			return false
		}
	case cartcore.ShortRefusesAsk:
		if ask.Quantity > stock {
			return false
		}
	}
	if granted == 0 {
		delete(p, ask.SKU)
		return true
	}
	p[ask.SKU] = granted
	if !is && int64(len(p)) > limits.MaxLines {
		return false
	}
	return limits.MaxUnits == 0 || granted <= has || p.units() <= limits.MaxUnits
}

// after is the model's answer to a command: the units, and whether it is refused as a whole.
func (p plain) after(command cartcore.Command, facts cartcore.Facts, limits cartcore.Limits) (plain, bool) {
	if command.Verb == cartcore.Clear {
		return plain{}, false
	}
	if command.Verb == cartcore.Read {
		return p, false
	}
	now := p.copied()
	for _, ask := range command.Asks {
		next := now.copied()
		done := next.do(command, *ask, facts[ask.SKU], limits)
		if !done && !command.Each {
			return p, true
		}
		if done {
			now = next
		}
	}
	return now, false
}

func unitsOf(cart *cartcore.Cart, sku string) int64 {
	if at := cartcore.FindSKU(cart.Lines, sku); at >= 0 {
		return cart.Lines[at].Quantity
	}
	return 0
}

func plainOf(cart *cartcore.Cart) plain {
	p := plain{}
	for _, line := range cart.Lines {
		p[line.SKU] += line.Quantity
	}
	return p
}

func copyOf(cart *cartcore.Cart) *cartcore.Cart {
	other := *cart
	other.Lines = []*cartcore.Line{}
	for _, line := range cart.Lines {
		same := *line
		other.Lines = append(other.Lines, &same)
	}
	return &other
}

func TestACartDoesWhatThePlainRulesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := drawnLimits(t)
		cart := drawnCart(t, "customer")
		for steps := rapid.IntRange(1, 12).Draw(t, "steps"); steps > 0; steps-- {
			facts, command := drawnFacts(t), drawnCommand(t)
			untouched := copyOf(cart)
			want, refused := plainOf(cart).after(command, facts, limits)
			next, outcome, err := apply(cart, command, facts, limits, now)
			if !reflect.DeepEqual(cart, untouched) {
				t.Fatalf("%+v changed the cart handed in", command)
			}
			if refused != (err != nil) {
				t.Fatalf("%+v on %s: refused %v, want %v", command, held(cart), err, refused)
			}
			if got := plainOf(next); !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v on %s: got %v, want %v", command, held(cart), got, want)
			}
			if again, retold, twice := apply(cart, command, facts, limits, now); !reflect.DeepEqual(again, next) || !reflect.DeepEqual(retold, outcome) || !reflect.DeepEqual(twice, err) {
				t.Fatalf("%+v on %s answers differently the second time", command, held(cart))
			}
			sound(t, cart, next, outcome, facts, limits)
			exactTotals(t, next, facts)
			cart = next
		}
	})
}

// sound checks what holds of every cart after every command.
func sound(t *rapid.T, cart, next *cartcore.Cart, outcome *cartcore.Outcome, facts cartcore.Facts, limits cartcore.Limits) {
	seen := map[string]bool{}
	last := int64(0)
	for _, line := range next.Lines {
		if line.Quantity < 1 || line.Number <= last || line.Number >= next.NextLine || seen[line.SKU] || seen[line.ID] {
			t.Fatalf("an unsound line %+v in %+v", line, next)
		}
		seen[line.SKU], seen[line.ID], last = true, true, line.Number
	}
	if len(next.Lines) > len(cart.Lines) && int64(len(next.Lines)) > limits.MaxLines {
		t.Fatalf("%d lines", len(next.Lines))
	}
	for _, result := range outcome.Results {
		if result.Err != nil || result.Granted == 0 {
			continue
		}
		if result.Granted > cartcore.Available(facts[result.Ask.SKU]) || result.Granted > limits.MaxQuantityPerLine || result.Granted > result.Requested {
			t.Fatalf("%s: %d are granted", result.Ask.SKU, result.Granted)
		}
		if cut := result.Granted < result.Requested; cut != (result.Why == cartcore.WhyCapped || result.Why == cartcore.WhyLimited) {
			t.Fatalf("granted %d of %d, told as %s", result.Granted, result.Requested, cartcore.WhyName(result.Why))
		}
	}
	if outcome.Changed == (next == cart) || outcome.Changed && next.Version != cart.Version+1 {
		t.Fatalf("changed is %v, version %d after %d", outcome.Changed, next.Version, cart.Version)
	}
}

// exactTotals holds what Show says against arithmetic without bounds.
func exactTotals(t *rapid.T, cart *cartcore.Cart, facts cartcore.Facts) {
	view, err := cartcore.Show(cart, facts)
	if err != nil {
		t.Fatal(err)
	}
	total, units, shown := new(big.Int), int64(0), 0
	for _, line := range cart.Lines {
		item := facts[line.SKU]
		if item == nil {
			continue
		}
		amount := new(big.Int).Mul(big.NewInt(item.Price), big.NewInt(line.Quantity))
		if view.Lines[shown].Total != amount.Int64() || view.Lines[shown].Line.SKU != line.SKU {
			t.Fatalf("line %d of the view is %+v", shown, view.Lines[shown])
		}
		total.Add(total, amount)
		units += line.Quantity
		shown++
	}
	if view.Subtotal != total.Int64() || view.Units != units || len(view.Lines) != shown {
		t.Fatalf("the view says %d for %d units in %d lines, not %s for %d in %d", view.Subtotal, view.Units, len(view.Lines), total, units, shown)
	}
}

func TestATotalIsExactOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := cartcore.Facts{}
		lines := []*cartcore.Line{}
		want := new(big.Int)
		for _, sku := range skus {
			price := rapid.Int64Range(0, cartcore.MaxInteger).Draw(t, "price")
			quantity := rapid.OneOf(rapid.Int64Range(1, 3), rapid.Int64Range(1, cartcore.MaxInteger)).Draw(t, "quantity")
			facts[sku] = &cartcore.Item{SKU: sku, Price: price, Active: true}
			lines = append(lines, &cartcore.Line{SKU: sku, Quantity: quantity})
			want.Add(want, new(big.Int).Mul(big.NewInt(price), big.NewInt(quantity)))
		}
		view, err := cartcore.Show(&cartcore.Cart{Currency: "USD", Lines: lines}, facts)
		if fits := want.Cmp(big.NewInt(cartcore.MaxInteger)) <= 0; fits != (err == nil) || fits && view.Subtotal != want.Int64() {
			t.Fatalf("got %+v, %v, want %s", view, err, want)
		}
	})
}
