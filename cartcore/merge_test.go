package cartcore_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/polycart/polycart/cartcore"
)

// guestHolding is a guest's cart with lines, as holding writes them.
func guestHolding(lines string) *cartcore.Cart {
	guest := holding(lines)
	guest.Key.Owner = cartcore.GuestOwner("shop", "guest_1")
	guest.ID, guest.Version = "11111111-1111-4111-a111-111111111111", 3
	return guest
}

// merging is the command that merges guest.
func merging(guest *cartcore.Cart) cartcore.Command {
	return cartcore.Command{
		Verb: cartcore.Merge, Asks: cartcore.AsksOf(guest.Lines), Seed: seed, Mark: cartcore.Mark{Cart: guest.ID, Version: guest.Version},
	}
}

func TestMerge(t *testing.T) {
	tables := []struct {
		name   string
		held   string
		guest  string
		limits cartcore.Limits
		want   string
		rest   string
		told   string
	}{
		{name: "an empty cart takes all", guest: "mug 2, song 1", want: "mug 2, song 1", told: "2/2 plain, 1/1 plain"},
		{name: "equal items add up", held: "mug 1, song 1", guest: "song 2, cap-red 1", want: "mug 1, song 3, cap-red 1", told: "3/3 plain, 1/1 plain"},
		{name: "what stock does not cover stays with the guest", held: "mug 4", guest: "mug 3", want: "mug 5", rest: "mug 2", told: "5/7 capped"},
		{name: "a line over its stock loses nothing", held: "mug 8, song 1", guest: "mug 1, song 1", want: "mug 8, song 2", rest: "mug 1", told: "8/9 capped, 2/2 plain"},
		{name: "what is sold out, no longer sold or unknown stays with the guest", held: "mug 1", guest: "soldout 1, lamp 2, ghost 3, song 1", want: "mug 1, song 1", rest: "soldout 1, lamp 2, ghost 3", told: "0/1 capped, 0/2 capped, 0/3 capped, 1/1 plain"},
		{
			name: "the bound on one item leaves the rest with the guest", held: "song 8", guest: "song 5", want: "song 10", rest: "song 3", told: "10/13 limited",
		},
		{
			name: "the bound on lines leaves whole lines with the guest", held: "mug 1", guest: "song 2, cap-red 1, mug 1",
			limits: cartcore.Limits{MaxLines: 2, MaxQuantityPerLine: 10}, want: "mug 2, song 2", rest: "cap-red 1", told: "2/2 plain, 0/1 limited, 2/2 plain",
		},
		{
			name: "the bound on units cuts the line that meets it", held: "mug 1", guest: "song 3, cap-red 1",
			limits: cartcore.Limits{MaxLines: 9, MaxUnits: 3, MaxQuantityPerLine: 10}, want: "mug 1, song 2", rest: "song 1, cap-red 1", told: "2/3 limited, 0/1 limited",
		},
	}
	for _, row := range tables {
		t.Run(row.name, func(t *testing.T) {
			limits := row.limits
			if limits.MaxLines == 0 {
				limits = roomy
			}
			guest := guestHolding(row.guest)
			next, outcome, err := apply(holding(row.held), merging(guest), shelf(), limits, now)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "lines", held(next), row.want)
			same(t, "told", told(outcome), row.told)
			rest, merged := cartcore.RestOf(next, guest)
			kept := cartcore.Keep(guest, rest, now)
			same(t, "merged", merged, true)
			same(t, "what stays with the guest", held(kept), row.rest)
			same(t, "the guest's version", kept.Version, guest.Version+1)
			same(t, "the guest's cart before", held(guest), row.guest)
		})
	}
}

func TestAMergeOfWhichNothingFitsChangesNothing(t *testing.T) {
	for name, carts := range map[string][2]string{
		"no room":              {"mug 5", "mug 1"},
		"an empty guest cart":  {"mug 5", ""},
		"a total past 2^53-1":  {"yacht 2", "mug 1, yacht 1"},
		"nothing that is sold": {"", "lamp 1, ghost 1"},
	} {
		t.Run(name, func(t *testing.T) {
			cart, guest := holding(carts[0]), guestHolding(carts[1])
			next, outcome, err := apply(cart, merging(guest), shelf(), roomy, now)
			if err != nil || next != cart || outcome.Changed {
				t.Fatalf("got %s, changed %v, %v", held(next), outcome.Changed, err)
			}
			for _, result := range outcome.Results {
				if result.Granted != result.Was {
					t.Errorf("%s is told as granted: %+v", result.Ask.SKU, result)
				}
			}
			if _, merged := cartcore.RestOf(next, guest); merged {
				t.Error("the guest's cart counts as merged")
			}
		})
	}
}

func TestMergeKeepsWhatAGuestChose(t *testing.T) {
	guest := guestHolding("mug 1, song 1")
	guest.Lines[0].Options = []cartcore.Option{{Name: "engraving", Value: `"Ann"`}}
	guest.Lines[0].Groups = []string{"g1"}
	guest.Lines[1].OptionsReplaced = true
	cart := holding("mug 1, song 1")
	cart.Lines[0].Options = []cartcore.Option{{Name: "wrap", Value: "true"}}
	cart.Lines[1].Options = []cartcore.Option{{Name: "wrap", Value: "true"}}
	next, _, err := apply(cart, merging(guest), shelf(), roomy, now)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "options laid over", next.Lines[0].Options, `[{wrap true} {engraving "Ann"}]`)
	same(t, "groups", next.Lines[0].Groups, "[g1]")
	same(t, "options replaced", next.Lines[1].Options, "[]")
}

func TestOldMarksAreForgotten(t *testing.T) {
	cart := holding("")
	for version := int64(1); version <= 20; version++ {
		guest := guestHolding("song 1")
		guest.Version = version
		limits := cartcore.Limits{MaxLines: 9, MaxQuantityPerLine: 100}
		next, _, err := apply(cart, merging(guest), shelf(), limits, now)
		if err != nil {
			t.Fatal(err)
		}
		if _, merged := cartcore.RestOf(next, guest); !merged {
			t.Fatal("the newest mark is missing")
		}
		cart = next
	}
	same(t, "marks", len(cart.Merged), 8)
	same(t, "the newest", cart.Merged[7].Version, int64(20))
}

func TestMergeLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts, limits := drawnFacts(t), drawnLimits(t)
		cart, guest := drawnCart(t, "customer"), drawnCart(t, "guest")
		guest.ID = "11111111-1111-4111-a111-111111111111"
		untouched, guestUntouched := copyOf(cart), copyOf(guest)
		next, outcome, err := apply(cart, merging(guest), facts, limits, now)
		if err != nil {
			t.Fatalf("a merge is refused: %v", err)
		}
		rest, merged := cartcore.RestOf(next, guest)
		if !merged {
			if next != cart || outcome.Changed {
				t.Fatal("an unmarked merge changed the cart")
			}
			return
		}
		kept := cartcore.Keep(guest, rest, now)
		grew := false
		for _, sku := range skus {
			was, brought, is, left := unitsOf(cart, sku), unitsOf(guest, sku), unitsOf(next, sku), unitsOf(kept, sku)
			if was+brought != is+left {
				t.Fatalf("%s: %d and %d became %d and %d", sku, was, brought, is, left)
			}
			if is < was {
				t.Fatalf("%s: a merge took %d away", sku, was-is)
			}
			if is > was {
				grew = true
				if is > cartcore.Available(facts[sku]) || is > limits.MaxQuantityPerLine {
					t.Fatalf("%s: %d are granted", sku, is)
				}
			}
		}
		if !grew {
			t.Fatal("a merge is marked that moved nothing")
		}
		if len(next.Lines) > len(cart.Lines) && int64(len(next.Lines)) > limits.MaxLines {
			t.Fatalf("%d lines", len(next.Lines))
		}
		if limits.MaxUnits > 0 && cartcore.Units(next.Lines) > limits.MaxUnits {
			t.Fatalf("%d units", cartcore.Units(next.Lines))
		}
		if again, _, err := apply(next, merging(guest), facts, limits, now+1); err != nil || again != next {
			t.Fatalf("the same mark merges again: %v", err)
		}
		if more, _, err := apply(next, merging(kept), facts, limits, now+1); err != nil || more != next {
			t.Fatalf("something that fits was left with the guest: %s became %s", held(next), held(more))
		}
		if !reflect.DeepEqual(cart, untouched) || !reflect.DeepEqual(guest, guestUntouched) {
			t.Fatal("a cart that was handed in is changed")
		}
	})
}

// Between the two saves of a merge the guest may send a retry that changes nothing: the cart is saved for it, and still is
// the one that was merged.
func TestASaveThatChangesNothingIsNotMergedAgain(t *testing.T) {
	guest, cart := holding("mug 2"), holding("song 1")
	guest.ID = "guest"
	command := cartcore.Command{Verb: cartcore.Merge, Seed: seed, Asks: cartcore.AsksOf(guest.Lines), Mark: cartcore.Mark{Cart: guest.ID, Version: cartcore.Edition(guest)}}
	merged, _, err := apply(cart, command, shelf(), roomy, now)
	if err != nil {
		t.Fatal(err)
	}
	again := cartcore.Quietly(guest)
	if again.Version != guest.Version+1 {
		t.Errorf("the version is %d after %d", again.Version, guest.Version)
	}
	command.Mark.Version = cartcore.Edition(again)
	twice, _, err := apply(merged, command, shelf(), roomy, now+1)
	if err != nil || twice != merged {
		t.Errorf("the guest's cart was merged again: %s (%v)", held(twice), err)
	}
	if _, done := cartcore.RestOf(merged, again); !done {
		t.Error("the guest's cart does not count as merged any more")
	}
}
