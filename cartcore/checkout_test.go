package cartcore_test

import (
	"testing"

	"github.com/polycart/polycart/cartcore"
)

func TestACheckoutHoldsACartOfWhichAllCanBeHad(t *testing.T) {
	tables := []struct{ name, held, refused string }{
		{"all in stock", "mug 5, song 900", ""},
		{"an empty cart", "", "cart empty"},
		{"more than there is", "song 1, mug 6", "items unavailable: 00000000-0000-4000-a000-000000000002 must be at most 5, not 6"},
		{
			"sold out, no longer sold and gone", "soldout 1, lamp 1, mug 1, ghost 2",
			"items unavailable: 00000000-0000-4000-a000-000000000001 must be at most 0, not 1: 00000000-0000-4000-a000-000000000002 must be at most 0, not 1: 00000000-0000-4000-a000-000000000004 must be at most 0, not 2",
		},
	}
	for _, row := range tables {
		t.Run(row.name, func(t *testing.T) {
			cart := holding(row.held)
			next, outcome, err := apply(cart, cartcore.Command{Verb: cartcore.Lock, Until: now + 5, NeedsCart: true, NeedsLines: true}, shelf(), roomy, now)
			same(t, "refused", refusal(err), row.refused)
			same(t, "lines", held(next), row.held)
			if row.refused == "" && (next.Locked != now+5 || !outcome.Changed) || row.refused != "" && next != cart {
				t.Errorf("the cart is held until %d", next.Locked)
			}
		})
	}
}

func TestASecondCheckoutHoldsACartNoLonger(t *testing.T) {
	cart := holding("mug 9") // more than can be had now
	cart.Locked = now + 5
	lock := cartcore.Command{Verb: cartcore.Lock, Until: now + 100, NeedsCart: true, NeedsLines: true}
	next, outcome, err := apply(cart, lock, shelf(), roomy, now)
	if err != nil || next != cart || outcome.Changed {
		t.Errorf("a second checkout answers %+v, %v", outcome, err)
	}
	if _, _, err = apply(cart, lock, shelf(), roomy, now+5); err == nil || err.Kind != cartcore.KindItemsUnavailable {
		t.Errorf("a checkout after the first has ended answers %v", err)
	}
}

func TestALookTellsWhatCanBeHadAndChangesNothing(t *testing.T) {
	cart := &cartcore.Cart{Currency: "USD"}
	look := cartcore.Command{Verb: cartcore.Look, Asks: asks(of("mug", 9), of("song", 900), of("lamp", 1), of("owed", 1))}
	next, outcome, err := apply(cart, look, shelf(), roomy, now)
	if err != nil || next != cart || outcome.Changed || outcome.Cut {
		t.Fatalf("got %+v, %v", outcome, err)
	}
	for i, want := range []int64{5, cartcore.MaxInteger, 0, 0} {
		same(t, "available", outcome.Results[i].Available, want)
	}
	_, _, err = apply(cart, cartcore.Command{Verb: cartcore.Look, Asks: asks(of("ghost", 1))}, shelf(), roomy, now)
	same(t, "refused", refusal(err), "item unknown: ghost")
}

func TestAClosedCartKeepsItsLinesAndItsOrder(t *testing.T) {
	next, outcome, err := apply(holding("mug 2"), cartcore.Command{Verb: cartcore.Close, Order: "1234", NeedsCart: true}, shelf(), roomy, now)
	if err != nil || next.Order != "1234" || held(next) != "mug 2" || !outcome.Changed {
		t.Errorf("got %+v, %v", next, err)
	}
}

func TestAnOrderIsKeptApartFromEveryCart(t *testing.T) {
	customers := []string{"182", "182:filed:ab", "ab:customer:182", "guest:fabric:x", "182/ab"}
	seen := map[string]bool{}
	for _, customer := range customers {
		seen[cartcore.CustomerOwner(customer)] = true
	}
	for _, token := range []string{"x", "ab"} {
		seen[cartcore.GuestOwner("fabric", token)] = true
	}
	owners := len(seen)
	for _, customer := range customers {
		seen[cartcore.FiledOwner(cartcore.CustomerOwner(customer), "ab")] = true
	}
	for _, token := range []string{"x", "ab"} {
		filed := cartcore.FiledOwner(cartcore.GuestOwner("fabric", token), "ab")
		if !cartcore.OwnerIsGuest(filed) {
			t.Errorf("%s lasts as long as a customer's cart", filed)
		}
		seen[filed] = true
	}
	if len(seen) != 2*owners {
		t.Errorf("two share a key: %v", seen)
	}
}

// What a client calls its cart is any text that a path can hold.
func TestNoClientCanNameTheOrderOfAnother(t *testing.T) {
	owned := cartcore.FiledOwner(cartcore.CustomerOwner("x:customer:182"), "ab")
	if named := cartcore.FiledOwner(cartcore.CustomerOwner("182"), "ab:customer:x"); named == owned {
		t.Errorf("customer 182 has named the order of another: %s", owned)
	}
}

func TestAMergeThatWasAskedForBeginsACart(t *testing.T) {
	merge := merging(guestHolding(""))
	for _, begin := range []bool{false, true} {
		cart := cartcore.New(cartcore.Key{Tenant: "shop"}, "USD", seed, now)
		merge.Begin = begin
		next, outcome, err := apply(cart, merge, shelf(), roomy, now)
		if err != nil || outcome.Changed != begin || (next.Version == 1) != begin {
			t.Errorf("begin %v: got %+v, %v", begin, next, err)
		}
	}
}
