package cartcore_test

import (
	"reflect"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// row is a promise of Apply: the lines held, a command, and the lines and words after it.
type row struct {
	name    string
	held    string
	command cartcore.Command
	limits  cartcore.Limits // the zero value is roomy
	want    string
	told    string
	refused string
}

func promise(t *testing.T, rows []row) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			limits := row.limits
			if limits.MaxLines == 0 {
				limits = roomy
			}
			cart, untouched := holding(row.held), holding(row.held)
			row.command.Seed = seed
			next, outcome, err := apply(cart, row.command, shelf(), limits, now)
			same(t, "refused", refusal(err), row.refused)
			same(t, "lines", held(next), row.want)
			same(t, "told", told(outcome), row.told)
			if !reflect.DeepEqual(cart, untouched) {
				t.Errorf("the cart that was handed in is changed: %+v", cart)
			}
			if outcome.Changed == (next == cart) {
				t.Errorf("changed is %v but the cart is the same: %v", outcome.Changed, next == cart)
			}
			if outcome.Changed && (next.Version != cart.Version+1 || next.Updated != now || next.Created != before || next.ID != cart.ID) {
				t.Errorf("the changed cart has version %d, updated %d, created %d, id %s", next.Version, next.Updated, next.Created, next.ID)
			}
		})
	}
}

func TestAdd(t *testing.T) {
	add := func(all ...cartcore.Ask) cartcore.Command {
		return cartcore.Command{Verb: cartcore.Add, Asks: asks(all...)}
	}
	promise(t, []row{
		{name: "a new item gets a line at the end", held: "song 1", command: add(of("mug", 2)), want: "song 1, mug 2", told: "2/2 plain"},
		{name: "an item held gets more", held: "mug 2, song 1", command: add(of("mug", 3)), want: "mug 5, song 1", told: "5/5 plain"},
		{name: "stock cuts a new line", command: add(of("mug", 9)), want: "mug 5", told: "5/9 capped"},
		{name: "stock cuts the sum", held: "mug 4", command: add(of("mug", 4)), want: "mug 5", told: "5/8 capped"},
		{name: "stock that has fallen cuts the line held", held: "mug 8", command: add(of("mug", 1)), want: "mug 5", told: "5/9 capped"},
		{name: "nothing in stock is refused", held: "mug 1", command: add(of("soldout", 1)), want: "mug 1", refused: "out of stock: soldout"},
		{name: "stock below zero counts as nothing", command: add(of("owed", 1)), refused: "out of stock: owed"},
		{name: "an item without stock keeping never runs out", command: add(of("song", 10)), want: "song 10", told: "10/10 plain"},
		{name: "the bound on one item cuts", held: "song 8", command: add(of("song", 5)), want: "song 10", told: "10/13 limited"},
		{name: "an unknown item is refused", command: add(of("ghost", 1)), refused: "item unknown: ghost"},
		{name: "an item no longer sold is refused", command: add(of("lamp", 1)), refused: "item gone: lamp"},
		{name: "several items come in at once", command: add(of("mug", 1), of("song", 2)), want: "mug 1, song 2", told: "1/1 plain, 2/2 plain"},
		{name: "the same item twice is one line", command: add(of("mug", 1), of("mug", 2)), want: "mug 3", told: "1/1 plain, 3/3 plain"},
		{name: "one refused item refuses all", held: "mug 1", command: add(of("song", 1), of("soldout", 1)), want: "mug 1", refused: "out of stock: soldout"},
		{
			name: "a line too many is refused", held: "mug 1, song 1", command: add(of("cap-red", 1)), limits: cartcore.Limits{MaxLines: 2, MaxQuantityPerLine: 10},
			want: "mug 1, song 1", refused: "too many lines: cap-red",
		},
		{
			name: "a full cart still takes more of what it holds", held: "mug 1, song 1", command: add(of("song", 1)),
			limits: cartcore.Limits{MaxLines: 2, MaxQuantityPerLine: 10}, want: "mug 1, song 2", told: "2/2 plain",
		},
		{
			name: "a unit too many is refused", held: "mug 2, song 2", command: add(of("song", 2)),
			limits: cartcore.Limits{MaxLines: 9, MaxUnits: 5, MaxQuantityPerLine: 10}, want: "mug 2, song 2", refused: "too many units: song",
		},
		{
			name: "the last unit fits", held: "mug 2, song 2", command: add(of("song", 1)),
			limits: cartcore.Limits{MaxLines: 9, MaxUnits: 5, MaxQuantityPerLine: 10}, want: "mug 2, song 3", told: "3/3 plain",
		},
		{
			name: "units that stock takes away count for nothing", held: "mug 4", command: add(of("mug", 9)),
			limits: cartcore.Limits{MaxLines: 9, MaxUnits: 5, MaxQuantityPerLine: 10}, want: "mug 5", told: "5/13 capped",
		},
		{
			name: "a total past 2^53-1 is refused", held: "yacht 2", command: add(of("yacht", 1)), want: "yacht 2", refused: "amount too large: yacht",
		},
	})
}

func TestAddThatRefusesShortStock(t *testing.T) {
	add := func(all ...cartcore.Ask) cartcore.Command {
		return cartcore.Command{Verb: cartcore.Add, Short: cartcore.ShortRefuses, Asks: asks(all...)}
	}
	promise(t, []row{
		{name: "all or nothing", held: "mug 4", command: add(of("mug", 2)), want: "mug 4", refused: "short stock: mug"},
		{name: "what fits is granted", held: "mug 4", command: add(of("mug", 1)), want: "mug 5", told: "5/5 plain"},
		{name: "none at all is told apart from too few", command: add(of("soldout", 1)), refused: "out of stock: soldout"},
		{name: "the bound on one item refuses", held: "song 8", command: add(of("song", 3)), want: "song 8", refused: "too many of one item: song"},
	})
}

func TestPut(t *testing.T) {
	put := func(all ...cartcore.Ask) cartcore.Command {
		return cartcore.Command{Verb: cartcore.Put, Short: cartcore.ShortRefusesAsk, Asks: asks(all...)}
	}
	promise(t, []row{
		{name: "a new item gets a line", command: put(of("mug", 2)), want: "mug 2", told: "2/2 plain"},
		{name: "an item held gets the new quantity", held: "mug 4", command: put(of("mug", 2)), want: "mug 2", told: "2/2 plain"},
		{name: "more than the stock is refused", held: "mug 4", command: put(of("mug", 6)), want: "mug 4", refused: "short stock: mug"},
		{name: "nothing in stock is refused", command: put(of("soldout", 1)), refused: "short stock: soldout"},
	})
}

func TestSet(t *testing.T) {
	set := func(all ...cartcore.Ask) cartcore.Command {
		return cartcore.Command{Verb: cartcore.Set, Asks: asks(all...)}
	}
	toEmpty := func(all ...cartcore.Ask) cartcore.Command {
		return cartcore.Command{Verb: cartcore.Set, Short: cartcore.ShortCapsToEmpty, Asks: asks(all...)}
	}
	dropping := func(all ...cartcore.Ask) cartcore.Command {
		return cartcore.Command{Verb: cartcore.Set, Gone: cartcore.GoneDrops, Asks: asks(all...)}
	}
	promise(t, []row{
		{name: "the quantity is the new one", held: "mug 4, song 1", command: set(of("mug", 2)), want: "mug 2, song 1", told: "2/2 plain"},
		{name: "zero removes", held: "mug 4, song 1", command: set(of("mug", 0)), want: "song 1", told: "0/0 removed"},
		{name: "an item that is not there is refused", held: "song 1", command: set(of("mug", 2)), want: "song 1", refused: "line unknown: mug"},
		{name: "zero of an item that is not there is refused", held: "song 1", command: set(of("mug", 0)), want: "song 1", refused: "line unknown: mug"},
		{name: "an unknown item is refused as such", held: "song 1", command: set(of("ghost", 2)), want: "song 1", refused: "item unknown: ghost"},
		{name: "stock cuts", held: "mug 1", command: set(of("mug", 8)), want: "mug 5", told: "5/8 capped"},
		{name: "nothing in stock is refused and the line stays", held: "soldout 2", command: set(of("soldout", 1)), want: "soldout 2", refused: "out of stock: soldout"},
		{name: "nothing in stock takes the line where the dialect wants that", held: "soldout 2, mug 1", command: toEmpty(of("soldout", 1)), want: "mug 1", told: "0/1 capped"},
		{name: "a line is named by its number", held: "mug 1, song 1", command: set(cartcore.Ask{LineNumber: 2, Named: "2", Quantity: 3}), want: "mug 1, song 3", told: "3/3 plain"},
		{
			name: "a line is named by its id", held: "mug 1, song 1",
			command: set(cartcore.Ask{LineID: "00000000-0000-4000-a000-000000000002", Named: "x", Quantity: 3}), want: "mug 1, song 3", told: "3/3 plain",
		},
		{name: "a number that no line has is refused", held: "mug 1", command: set(cartcore.Ask{LineNumber: 9, Named: "9", Quantity: 3}), want: "mug 1", refused: "line unknown: 9"},
		{
			name: "a line that holds another item than the one named with it is refused", held: "mug 1, song 1",
			command: set(cartcore.Ask{LineNumber: 2, Item: cartcore.ItemRef{NumericID: 1}, Named: "2", Quantity: 3}), want: "mug 1, song 1", refused: "line unknown: 2",
		},
		{name: "an item no longer sold is refused and its line stays", held: "lamp 2", command: set(of("lamp", 1)), want: "lamp 2", refused: "item gone: lamp"},
		{name: "zero of an item no longer sold removes it", held: "lamp 2, mug 1", command: set(of("lamp", 0)), want: "mug 1", told: "0/0 removed"},
		{name: "an item no longer sold goes where the dialect drops it", held: "lamp 2, mug 1", command: dropping(of("lamp", 1)), want: "mug 1", told: "0/0 inactive"},
		{
			name: "a vanished item goes where the dialect drops it", held: "ghost 2, mug 1",
			command: dropping(cartcore.Ask{LineNumber: 1, Named: "1", Quantity: 1}), want: "mug 1", told: "0/0 vanished",
		},
		{
			name: "a cart over its bound on units can be brought down", held: "mug 5, song 5", command: set(of("song", 4)),
			limits: cartcore.Limits{MaxLines: 9, MaxUnits: 5, MaxQuantityPerLine: 10}, want: "mug 5, song 4", told: "4/4 plain",
		},
	})
}

func TestAdjust(t *testing.T) {
	adjust := func(all ...cartcore.Ask) cartcore.Command {
		return cartcore.Command{Verb: cartcore.Adjust, Short: cartcore.ShortRefusesAsk, Gone: cartcore.GoneDrops, Asks: asks(all...)}
	}
	promise(t, []row{
		{name: "the number is added", held: "mug 2", command: adjust(of("mug", 2)), want: "mug 4", told: "4/4 plain"},
		{name: "a negative number is taken away", held: "mug 4", command: adjust(of("mug", -3)), want: "mug 1", told: "1/1 plain"},
		{name: "a sum of zero removes", held: "mug 4, song 1", command: adjust(of("mug", -4)), want: "song 1", told: "0/0 removed"},
		{name: "a sum below zero removes", held: "mug 4, song 1", command: adjust(of("mug", -9)), want: "song 1", told: "0/0 removed"},
		{name: "a sum past the stock is cut", held: "mug 4", command: adjust(of("mug", 4)), want: "mug 5", told: "5/8 capped"},
		{name: "a number past the stock by itself is refused", held: "mug 4", command: adjust(of("mug", 6)), want: "mug 4", refused: "short stock: mug"},
		{name: "an item that is not there is refused", held: "song 1", command: adjust(of("mug", 1)), want: "song 1", refused: "line unknown: mug"},
		{name: "an item no longer sold goes", held: "lamp 2", command: adjust(of("lamp", 1)), told: "0/0 inactive"},
		{name: "less of what is sold out takes the line", held: "soldout 3, mug 1", command: adjust(of("soldout", -1)), want: "mug 1", told: "0/2 capped"},
	})
}

func TestRemove(t *testing.T) {
	remove := func(all ...cartcore.Ask) cartcore.Command {
		return cartcore.Command{Verb: cartcore.Remove, Asks: asks(all...)}
	}
	product := cartcore.Ask{Product: true, Item: cartcore.ItemRef{ProductID: "p-cap"}, SKU: "cap-red", Named: "p-cap"}
	promise(t, []row{
		{name: "the line goes", held: "mug 2, song 1", command: remove(of("mug", 0)), want: "song 1", told: "0/0 removed"},
		{name: "the last line leaves an empty cart", held: "mug 2", command: remove(of("mug", 0)), told: "0/0 removed"},
		{name: "an item that is not there is refused", held: "song 1", command: remove(of("mug", 0)), want: "song 1", refused: "line unknown: mug"},
		{name: "an unknown item is refused as such", held: "song 1", command: remove(of("ghost", 0)), want: "song 1", refused: "item unknown: ghost"},
		{name: "an item no longer sold goes like any other", held: "lamp 2, mug 1", command: remove(of("lamp", 0)), want: "mug 1", told: "0/0 removed"},
		{name: "a vanished item goes by its line's number", held: "ghost 2, mug 1", command: remove(cartcore.Ask{LineNumber: 1, Named: "1"}), want: "mug 1", told: "0/0 removed"},
		{name: "a product goes with all its variants", held: "cap-red 1, mug 1, cap-blue 2", command: remove(product), want: "mug 1", told: "0/0 removed"},
		{name: "a product of which nothing is there is refused", held: "mug 1", command: remove(product), want: "mug 1", refused: "line unknown: p-cap"},
	})
}

func TestClearReadAndLock(t *testing.T) {
	promise(t, []row{
		{name: "clear takes every line", held: "mug 2, ghost 1", command: cartcore.Command{Verb: cartcore.Clear}},
		{name: "clear of an empty cart changes nothing", command: cartcore.Command{Verb: cartcore.Clear}},
		{name: "read changes nothing", held: "mug 9", command: cartcore.Command{Verb: cartcore.Read}, want: "mug 9"},
		{name: "lock keeps the lines", held: "mug 5", command: cartcore.Command{Verb: cartcore.Lock, Until: now + 1}, want: "mug 5"},
		{
			name:    "an operation that needs a line is refused on an empty cart",
			command: cartcore.Command{Verb: cartcore.Remove, Asks: asks(of("mug", 0)), NeedsLines: true}, refused: "cart empty",
		},
	})
	t.Run("clear of a cart that was never saved makes it", func(t *testing.T) {
		cart := cartcore.New(cartcore.Key{Tenant: "shop"}, "USD", seed, now)
		next, outcome, err := apply(cart, cartcore.Command{Verb: cartcore.Clear}, shelf(), roomy, now)
		if err != nil || !outcome.Created || !outcome.Changed || next.Version != 1 {
			t.Errorf("got %+v, %+v, %v", next, outcome, err)
		}
	})
	t.Run("an operation that needs a cart is refused where there is none", func(t *testing.T) {
		cart := cartcore.New(cartcore.Key{Tenant: "shop"}, "USD", seed, now)
		_, _, err := apply(cart, cartcore.Command{Verb: cartcore.Read, NeedsCart: true}, shelf(), roomy, now)
		same(t, "refused", refusal(err), "cart unknown")
	})
}

func TestALockedCart(t *testing.T) {
	cart := holding("mug 2")
	cart.Locked = now + 1
	add := cartcore.Command{Verb: cartcore.Add, Asks: asks(of("mug", 1)), Seed: seed}
	for _, verb := range []cartcore.Verb{cartcore.Add, cartcore.Put, cartcore.Set, cartcore.Adjust, cartcore.Remove, cartcore.Clear, cartcore.Merge, cartcore.Close} {
		command := add
		command.Verb = verb
		if next, _, err := apply(cart, command, shelf(), roomy, now); err == nil || err.Kind != cartcore.KindCartLocked || next != cart {
			t.Errorf("verb %d on a locked cart: got %v", verb, err)
		}
	}
	if _, _, err := apply(cart, cartcore.Command{Verb: cartcore.Read}, shelf(), roomy, now); err != nil {
		t.Errorf("a locked cart cannot be read: %v", err)
	}
	next, _, err := apply(cart, add, shelf(), roomy, now+1)
	if err != nil || held(next) != "mug 3" {
		t.Errorf("a lock that has run out still holds: %s, %v", held(next), err)
	}
}

func TestEach(t *testing.T) {
	each := func(verb cartcore.Verb, all ...cartcore.Ask) cartcore.Command {
		return cartcore.Command{Verb: verb, Each: true, Short: cartcore.ShortRefuses, Asks: asks(all...)}
	}
	promise(t, []row{
		{
			name: "a refused ask does not refuse the others", held: "mug 1", command: each(cartcore.Add, of("mug", 1), of("soldout", 1), of("song", 2)),
			want: "mug 2, song 2", told: "2/2 plain, out of stock: soldout, 2/2 plain",
		},
		{
			name: "where every ask is refused nothing changes", held: "mug 1", command: each(cartcore.Add, of("ghost", 1), of("soldout", 1)),
			want: "mug 1", told: "item unknown: ghost, out of stock: soldout",
		},
		{
			name: "an ask that was refused half way leaves no line", held: "mug 4", command: each(cartcore.Add, of("song", 2), of("mug", 1)),
			limits: cartcore.Limits{MaxLines: 9, MaxUnits: 5, MaxQuantityPerLine: 10}, want: "mug 5", told: "too many units: song, 5/5 plain",
		},
		{
			name: "a line removed by one ask is gone for the next", held: "mug 1, song 1", command: each(cartcore.Remove, of("mug", 0), of("mug", 0)),
			want: "song 1", told: "0/0 removed, line unknown: mug",
		},
	})
}

func TestARefusalNamesEveryItemOfItsReason(t *testing.T) {
	command := cartcore.Command{Verb: cartcore.Add, Short: cartcore.ShortRefuses, Asks: asks(
		of("mug", 1), of("soldout", 1), of("ghost", 1), of("cap-red", 4), of("soldout", 2), of("lamp", 1), of("song", 1),
	)}
	_, _, err := apply(holding(""), command, shelf(), roomy, now)
	if err == nil || err.Kind != cartcore.KindOutOfStock {
		t.Fatalf("got %v", err)
	}
	same(t, "items", err.Items, []string{"soldout", "cap-red", "lamp"})
}

func TestAttributesThatAnAskRequires(t *testing.T) {
	facts := shelf()
	facts["mug"].Attributes = map[string]string{"weight": "2", "list": "100"}
	tables := []struct {
		name    string
		wants   cartcore.Attribute
		refused string
	}{
		{"any value will do", cartcore.Attribute{Name: "weight"}, ""},
		{"the right value will do", cartcore.Attribute{Name: "list", Value: "100"}, ""},
		{"another value is an unknown item", cartcore.Attribute{Name: "list", Value: "101"}, "item unknown: mug"},
		{"a missing attribute is named", cartcore.Attribute{Name: "taxCode"}, "item incomplete: mug"},
		{"a default stands for a missing one", cartcore.Attribute{Name: "taxCode", Default: `"A"`}, ""},
		{"a default is compared too", cartcore.Attribute{Name: "taxCode", Value: `"B"`, Default: `"A"`}, "item unknown: mug"},
	}
	for _, row := range tables {
		t.Run(row.name, func(t *testing.T) {
			ask := of("mug", 1)
			ask.Attributes = []cartcore.Attribute{row.wants}
			_, _, err := apply(holding(""), cartcore.Command{Verb: cartcore.Add, Asks: asks(ask), Seed: seed}, facts, roomy, now)
			same(t, "refused", refusal(err), row.refused)
			if err != nil && err.Kind == cartcore.KindItemIncomplete {
				same(t, "attribute", err.Attribute, "taxCode")
			}
		})
	}
}

func TestOptions(t *testing.T) {
	option := func(name, value string) cartcore.Option { return cartcore.Option{Name: name, Value: value} }
	tables := []struct {
		name     string
		rule     cartcore.OptionRule
		sent     []cartcore.Option
		want     []cartcore.Option
		replaced bool
	}{
		{"are kept where the rule says so", cartcore.OptionsKeep, []cartcore.Option{option("c", "9")}, []cartcore.Option{option("a", "1"), option("b", "2")}, false},
		{
			"are laid over those held: a known name keeps its place, a new one follows", cartcore.OptionsMerge,
			[]cartcore.Option{option("c", "9"), option("a", "5")}, []cartcore.Option{option("a", "5"), option("b", "2"), option("c", "9")}, false,
		},
		{"stand alone where they replace", cartcore.OptionsReplace, []cartcore.Option{option("c", "9")}, []cartcore.Option{option("c", "9")}, true},
		{"are gone where nothing replaces them", cartcore.OptionsReplace, nil, nil, true},
	}
	for _, row := range tables {
		t.Run(row.name, func(t *testing.T) {
			cart := holding("mug 1")
			cart.Lines[0].Options = []cartcore.Option{option("a", "1"), option("b", "2")}
			ask := of("mug", 2)
			ask.OptionRule, ask.Options = row.rule, row.sent
			next, _, err := apply(cart, cartcore.Command{Verb: cartcore.Set, Asks: asks(ask)}, shelf(), roomy, now)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "options", next.Lines[0].Options, row.want)
			same(t, "replaced", next.Lines[0].OptionsReplaced, row.replaced)
			same(t, "the options held before", cart.Lines[0].Options, []cartcore.Option{option("a", "1"), option("b", "2")})
		})
	}
}

func TestLineNumbersAndIDs(t *testing.T) {
	do := func(cart *cartcore.Cart, verb cartcore.Verb, ask cartcore.Ask, seed string) *cartcore.Cart {
		t.Helper()
		next, _, err := apply(cart, cartcore.Command{Verb: verb, Asks: asks(ask), Seed: seed}, shelf(), roomy, now)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	cart := do(holding("mug 1"), cartcore.Add, of("song", 1), "aa")
	again := do(holding("mug 1"), cartcore.Add, of("song", 1), "aa")
	other := do(holding("mug 1"), cartcore.Add, of("song", 1), "bb")
	if cart.Lines[1].ID != again.Lines[1].ID || cart.Lines[1].ID == other.Lines[1].ID {
		t.Error("a line's id is not made of the command's seed")
	}
	cart = do(cart, cartcore.Remove, of("song", 0), "cc")
	cart = do(cart, cartcore.Add, of("song", 1), "dd")
	same(t, "the number of a line that came back", cart.Lines[1].Number, int64(3))
	kept := do(cart, cartcore.Set, of("song", 4), "ee").Lines[1]
	if kept.ID != cart.Lines[1].ID || kept.Number != 3 || kept.Added != now || kept.Updated != now {
		t.Errorf("a line that was changed is another one: %+v", kept)
	}
}
