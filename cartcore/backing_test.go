package cartcore_test

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/polycart/polycart/cartcore"
)

// backed is what a service has, written as "mug 2 1500, cap-red 1 1200": what the catalogue calls an item, how many, and the
// total of the line. "-" is an item that the catalogue does not have.
func backed(lines string) *cartcore.Backing {
	backing := &cartcore.Backing{ID: "cart_1", Tag: `"v1"`, Moves: 3}
	for i, line := range strings.Split(lines, ", ") {
		parts := strings.Fields(line)
		if len(parts) == 0 {
			continue
		}
		made := &cartcore.BackedLine{ID: "li_" + strconv.Itoa(i), Item: "service's " + parts[0], SKU: strings.Trim(parts[0], "-")}
		if _, err := fmt.Sscan(parts[1]+" "+parts[2], &made.Quantity, &made.Total); err != nil {
			panic(err)
		}
		backing.Lines = append(backing.Lines, made)
		backing.Subtotal += made.Total
	}
	return backing
}

func TestFollow(t *testing.T) {
	tests := []struct {
		name, ours, service, want string
		changed                   bool
	}{
		{"the same", "mug 2, cap-red 1", "mug 2 1, cap-red 1 1", "mug 2, cap-red 1", false},
		{"both empty", "", "", "", false},
		{"the same in another order", "mug 2, cap-red 1", "cap-red 1 1, mug 2 1", "mug 2, cap-red 1", false},
		{"an item in two lines", "mug 3", "mug 2 1, mug 1 1", "mug 3", false},
		{"something that the catalogue does not have", "mug 2", "- 7 1, mug 2 1", "mug 2", false},
		{"an item that the catalogue has lost", "ghost 3", "ghost 3 1", "ghost 3", false},
		{"fewer", "mug 3, cap-red 1", "mug 2 1, cap-red 1 1", "mug 2, cap-red 1", true},
		{"more", "mug 3", "mug 4 1", "mug 4", true},
		{"more in a second line", "mug 3", "mug 3 1, mug 1 1", "mug 4", true},
		{"one is gone", "mug 3, cap-red 1", "cap-red 1 1", "cap-red 1", true},
		{"all are gone", "mug 3, cap-red 1", "", "", true},
		{"all are gone but what the catalogue does not have", "mug 3", "- 3 1", "", true},
		{"one more", "mug 3", "cap-red 1 1, mug 3 1", "mug 3, cap-red 1", true},
		{"one more in two lines", "mug 3", "cap-red 1 1, mug 3 1, cap-red 2 1", "mug 3, cap-red 3", true},
		{"two more, in the service's order", "mug 3", "song 1 1, cap-red 2 1, mug 3 1", "mug 3, song 1, cap-red 2", true},
		{"others altogether", "mug 3", "song 1 1", "song 1", true},
		{"the first ones", "", "song 1 1", "song 1", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cart, backing := holding(test.ours), backed(test.service)
			next, changed := cartcore.Follow(cart, backing, seed, now)
			same(t, "lines", held(next), test.want)
			same(t, "changed", changed, test.changed)
			same(t, "the cart before", held(cart), test.ours)
			same(t, "version and time", []int64{next.Version, next.Updated}, []int64{cart.Version, cart.Updated})
			if next.Backing != backing || cart.Backing != nil {
				t.Errorf("the backing is %+v, before %+v", next.Backing, cart.Backing)
			}
		})
	}
}

func TestFollowKeepsWhatIsOurs(t *testing.T) {
	cart := holding("mug 3, cap-red 1, song 2")
	for _, line := range cart.Lines {
		line.Options, line.Groups = []cartcore.Option{{Name: "engraving", Value: `"A"`}}, []string{"g"}
	}
	next, _ := cartcore.Follow(cart, backed("mug 2 1, cap-red 1 1, lamp 4 1, yacht 1 1"), seed, now)
	same(t, "lines", held(next), "mug 2, cap-red 1, lamp 4, yacht 1")
	changed := *cart.Lines[0]
	changed.Quantity, changed.Updated = 2, now
	if !reflect.DeepEqual(next.Lines[0], &changed) {
		t.Errorf("a line with another quantity is %+v, was %+v", next.Lines[0], cart.Lines[0])
	}
	if next.Lines[1] != cart.Lines[1] {
		t.Errorf("a line that the service has as we do is %+v", next.Lines[1])
	}
	for at, number := range map[int]int64{2: 4, 3: 5} {
		line := next.Lines[at]
		if line.Number != number || line.Added != now || line.Updated != now || len(line.ID) != 36 || line.Options != nil || line.Groups != nil {
			t.Errorf("a new line is %+v", line)
		}
	}
	if next.Lines[2].ID == next.Lines[3].ID {
		t.Error("two new lines have one id")
	}
	same(t, "the next line's number", []int64{next.NextLine, cart.NextLine}, []int64{6, 4})
	again, _ := cartcore.Follow(cart, backed("lamp 4 1"), seed, now)
	same(t, "an id of the same seed", again.Lines[0].ID, next.Lines[2].ID)
	other, _ := cartcore.Follow(cart, backed("lamp 4 1"), "fedcba98", now)
	if other.Lines[0].ID == again.Lines[0].ID {
		t.Error("two seeds make one id")
	}
}

func TestWhetherAServiceHoldsTheSameGoods(t *testing.T) {
	tests := []struct {
		name, ours, service string
		want                bool
	}{
		{"the same", "mug 2, cap-red 1", "cap-red 1 1, mug 2 1", true},
		{"nothing", "", "", true},
		{"an item in two lines", "mug 3", "mug 2 1, mug 1 1", true},
		{"what the catalogue does not have beside it", "mug 2", "mug 2 1, - 7 1", true},
		{"nothing but what the catalogue does not have", "", "- 7 1", true},
		{"fewer", "mug 2", "mug 1 1", false},
		{"more", "mug 2", "mug 3 1", false},
		{"another item", "mug 2", "song 2 1", false},
		{"one more", "mug 2", "mug 2 1, song 1 1", false},
		{"one less", "mug 2, song 1", "mug 2 1", false},
		{"nothing there", "mug 2", "", false},
		{"nothing here", "", "mug 2 1", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			same(t, "holds", cartcore.HoldsGoods(backed(test.service), holding(test.ours).Lines), test.want)
		})
	}
}

func TestWhetherTwoCartsHoldTheSameGoods(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"the same", "mug 2, cap-red 1", "mug 2, cap-red 1", true},
		{"in another order", "mug 2, cap-red 1", "cap-red 1, mug 2", true},
		{"nothing", "", "", true},
		{"fewer", "mug 2", "mug 1", false},
		{"another item", "mug 2", "song 2", false},
		{"one more", "mug 2", "mug 2, song 1", false},
		{"nothing there", "mug 2", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b := holding(test.a).Lines, holding(test.b).Lines
			same(t, "one way", cartcore.SameGoods(a, b), test.want)
			same(t, "the other way", cartcore.SameGoods(b, a), test.want)
		})
	}
}

func TestABackingIsReplacedAndNeverChanged(t *testing.T) {
	backing := backed("mug 2 1500")
	was := *backing
	intent := &cartcore.Intent{Key: "k", Method: "PUT", Path: "/carts/cart_1", Body: "{}", At: now}
	under := cartcore.WithIntent(backing, intent)
	want := was
	want.Intent = intent
	if !reflect.DeepEqual(*under, want) {
		t.Errorf("with a change under way it is %+v", under)
	}
	settled := cartcore.Moved(under)
	want = was
	want.Moves = 4
	if !reflect.DeepEqual(*settled, want) {
		t.Errorf("after the change it is %+v", settled)
	}
	if ended := cartcore.WithIntent(under, nil); !reflect.DeepEqual(*ended, was) {
		t.Errorf("without the change it is %+v", ended)
	}
	if first := cartcore.WithIntent(nil, intent); !reflect.DeepEqual(first, &cartcore.Backing{Intent: intent}) {
		t.Errorf("the first change is %+v", first)
	}
	if moved := cartcore.Moved(nil); !reflect.DeepEqual(moved, &cartcore.Backing{Moves: 1}) {
		t.Errorf("the first move is %+v", moved)
	}
	cart := holding("mug 2")
	other := cartcore.Backed(cart, backing)
	if other.Backing != backing || cart.Backing != nil || held(other) != "mug 2" || other.Version != cart.Version {
		t.Errorf("backed it is %+v", other)
	}
	if !reflect.DeepEqual(*backing, was) || under.Intent != intent {
		t.Errorf("the backing is now %+v, then %+v", backing, under)
	}
}

func TestGoodsOfABacking(t *testing.T) {
	same(t, "goods", cartcore.GoodsOf(backed("mug 2 1, - 9 1, song 1 1, mug 5 1")), map[string]int64{"mug": 7, "song": 1})
}

// The totals of a service count, to the unit, where it has what the cart has; else a client would see a total that its lines
// do not come to.
func TestShowTakesTheTotalsOfAService(t *testing.T) {
	tests := []struct {
		name, ours, service string
		totals              []int64 // of the lines shown, then the subtotal
	}{
		{"dearer and cheaper than ours", "mug 2, cap-red 1", "cap-red 1 1300, mug 2 1500", []int64{1500, 1300, 2800}},
		{"for nothing", "mug 2", "mug 2 0", []int64{0, 0}},
		{"an item in two lines", "mug 3", "mug 2 1500, mug 1 800", []int64{2300, 2300}},
		{"with something that the catalogue does not have", "mug 2", "mug 2 1500, - 1 99", []int64{1500, 1599}},
		{"with an item that the catalogue has lost", "mug 2, ghost 1", "mug 2 1500, ghost 1 99", []int64{1500, 1599}},
		{"nothing", "", "", []int64{0}},
		{"nothing but what the catalogue does not have", "", "- 1 99", []int64{99}},
		{"fewer there", "mug 2", "mug 1 700", []int64{1600, 1600}},
		{"more there", "mug 2", "mug 3 700", []int64{1600, 1600}},
		{"one more there", "mug 2", "mug 2 700, song 1 1", []int64{1600, 1600}},
		{"one less there", "mug 2, song 1", "mug 2 700", []int64{1600, 99, 1699}},
		{"nothing there", "mug 2", "", []int64{1600, 1600}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			view, err := cartcore.Show(cartcore.Backed(holding(test.ours), backed(test.service)), shelf())
			if err != nil {
				t.Fatal(err)
			}
			got := []int64{}
			for _, line := range view.Lines {
				got = append(got, line.Total)
			}
			same(t, "totals", append(got, view.Subtotal), test.totals)
		})
	}
}

// drawnBacking is what a service has: items of the catalogue in any number of lines, and others.
func drawnBacking(t *rapid.T) *cartcore.Backing {
	whole := rapid.Int64Range(0, 5000)
	backing := &cartcore.Backing{ID: rapid.SampledFrom([]string{"", "cart_1"}).Draw(t, "its id"), Moves: whole.Draw(t, "moves"), Subtotal: whole.Draw(t, "subtotal")}
	for n := rapid.IntRange(0, 6).Draw(t, "its lines"); n > 0; n-- {
		backing.Lines = append(backing.Lines, &cartcore.BackedLine{
			ID: strconv.Itoa(n), Item: "i", SKU: rapid.SampledFrom(append([]string{""}, skus...)).Draw(t, "its sku"),
			Quantity: rapid.Int64Range(1, 9).Draw(t, "its quantity"), Total: whole.Draw(t, "its total"),
		})
	}
	return backing
}

// Whatever the service has: a cart that follows it has the same, follows it once, and is shown at the service's totals.
func TestACartThatFollowsHoldsWhatTheServiceHas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cart, backing := drawnCart(t, "customer:182"), drawnBacking(t)
		was := copyOf(cart)
		next, changed := cartcore.Follow(cart, backing, seed, now)
		if !cartcore.HoldsGoods(backing, next.Lines) {
			t.Fatalf("the service has %+v, the cart has %s", cartcore.GoodsOf(backing), held(next))
		}
		if changed == cartcore.SameGoods(cart.Lines, next.Lines) || changed == cartcore.HoldsGoods(backing, cart.Lines) {
			t.Fatalf("changed is %v, from %s to %s", changed, held(cart), held(next))
		}
		if again, changed := cartcore.Follow(next, backing, seed, now+1); changed || held(again) != held(next) {
			t.Fatalf("it follows twice, from %s to %s", held(next), held(again))
		}
		if !reflect.DeepEqual(cart, was) {
			t.Fatal("the cart before was changed")
		}
		numbers, ids := map[int64]bool{}, map[string]bool{}
		for _, line := range next.Lines {
			if numbers[line.Number] || ids[line.ID] || line.Number >= next.NextLine {
				t.Fatalf("the number or the id of line %+v is not its own", line)
			}
			numbers[line.Number], ids[line.ID] = true, true
		}
		view, err := cartcore.Show(next, drawnFacts(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range view.Lines {
			want := int64(0)
			for _, there := range backing.Lines {
				if there.SKU == line.Line.SKU {
					want += there.Total
				}
			}
			if line.Total != want {
				t.Fatalf("%s is shown at %d, not %d", line.Line.SKU, line.Total, want)
			}
		}
		if view.Subtotal != backing.Subtotal {
			t.Fatalf("the subtotal is %d, not %d", view.Subtotal, backing.Subtotal)
		}
	})
}
