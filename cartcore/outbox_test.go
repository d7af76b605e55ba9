package cartcore_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/polycart/polycart/cartcore"
)

// listening is an audience in which each hook wants every type.
func listening(most int, hooks ...string) *cartcore.Audience {
	to := &cartcore.Audience{StoreID: "store-1", Hooks: map[string][]string{}, MostEvents: most, Watches: true}
	for _, kind := range cartcore.EventTypes() {
		to.Hooks[kind] = hooks
	}
	return to
}

// heard is an event as a receiver reads it.
type heard struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Data struct {
		CustomerID       *string `json:"customerId"`
		CartID           string  `json:"cartId"`
		Status           string  `json:"status"`
		PreviousQuantity *int64  `json:"previousQuantity"`
		Item             *struct {
			ID       string `json:"id"`
			SKU      string `json:"sku"`
			Quantity int64  `json:"quantity"`
		} `json:"item"`
		CartSummary *struct {
			TotalLines int64 `json:"totalLines"`
			TotalItems int64 `json:"totalItems"`
		} `json:"cartSummary"`
	} `json:"data"`
}

func hear(t interface{ Fatal(...any) }, event *cartcore.Event) heard {
	var said heard
	if err := json.Unmarshal(event.Body, &said); err != nil {
		t.Fatal(err)
	}
	if said.ID != event.ID || said.Type != event.Type {
		t.Fatal("the body names another event")
	}
	return said
}

// typesOf are the types of a cart's events in a line of text.
func typesOf(cart *cartcore.Cart) string {
	types := []string{}
	if cart.Outbox != nil {
		for _, event := range cart.Outbox.Events {
			types = append(types, strings.TrimPrefix(event.Type, "cart."))
		}
	}
	return strings.Join(types, " ")
}

func TestEventsOfAChange(t *testing.T) {
	facts := cartcore.Facts{"mug": {SKU: "mug", Price: 800, Active: true}, "song": {SKU: "song", Price: 99, Active: true}}
	limits := cartcore.Limits{MaxLines: 10, MaxQuantityPerLine: 100}
	ask := func(sku string, quantity int64) *cartcore.Ask {
		return &cartcore.Ask{SKU: sku, Named: sku, Quantity: quantity}
	}
	fresh := cartcore.New(cartcore.Key{Tenant: "shop", Owner: "customer:182"}, "USD", seed, before)
	steps := []struct {
		name    string
		command cartcore.Command
		want    string
	}{
		{"the first thing in a cart makes the cart", cartcore.Command{Verb: cartcore.Add, Asks: []*cartcore.Ask{ask("mug", 2)}}, "created item_added"},
		{"more of it is an update", cartcore.Command{Verb: cartcore.Add, Asks: []*cartcore.Ask{ask("mug", 1)}}, "item_updated"},
		{"the same quantity again is nothing", cartcore.Command{Verb: cartcore.Put, Asks: []*cartcore.Ask{ask("mug", 3)}}, ""},
		{"other options are an update", cartcore.Command{Verb: cartcore.Put, Asks: []*cartcore.Ask{{
			SKU: "mug", Quantity: 3, OptionRule: cartcore.OptionsReplace, Options: []cartcore.Option{{Name: "colour", Value: `"red"`}},
		}}}, "item_updated"},
		{"several at once are an event each", cartcore.Command{Verb: cartcore.Put, Asks: []*cartcore.Ask{ask("song", 1), ask("mug", 1)}}, "item_updated item_added"},
		{"a line that goes is removed", cartcore.Command{Verb: cartcore.Remove, Asks: []*cartcore.Ask{ask("mug", 0)}}, "item_removed"},
		{"a checkout is told once", cartcore.Command{Verb: cartcore.Lock, Until: before + 5000}, "checkout_started"},
		{"clearing is one event for all lines", cartcore.Command{Verb: cartcore.Clear}, "cleared"},
		{"clearing an empty cart is nothing", cartcore.Command{Verb: cartcore.Clear}, ""},
	}
	cart, now := fresh, before
	for _, step := range steps {
		now += 10_000
		if step.command.Verb == cartcore.Lock {
			step.command.Until = now + 5000
		}
		step.command.Seed = seed
		next, _, problem := cartcore.Apply(cart, &step.command, facts, &limits, now)
		if problem != nil {
			t.Fatalf("%s: %v", step.name, problem.Error())
		}
		if next == cart {
			continue
		}
		lost := cartcore.Tell(cart, next, step.command.Verb, facts, listening(100, "h"), seed, now)
		if got := typesOf(next); got != step.want || lost != 0 {
			t.Errorf("%s: told %q, want %q", step.name, got, step.want)
		}
		if next.Outbox.Watch != (len(next.Lines) > 0) {
			t.Errorf("%s: watched is %v with %d lines", step.name, next.Outbox.Watch, len(next.Lines))
		}
		emptied := *next // what was told is delivered
		emptied.Outbox = &cartcore.Outbox{Watch: next.Outbox.Watch}
		cart = &emptied
	}
}

// The one shape that receivers rely on, byte for byte.
func TestAnEventInFull(t *testing.T) {
	facts := cartcore.Facts{"mug": {
		SKU: "mug", ProductID: "p1", VariantID: "v1", ExternalProductID: "prod_1", ExternalVariantID: "var_1", Title: "Mug", ImageURL: "https://shop.example/mug.png",
		Price: 1990, Active: true,
	}}
	cart := cartcore.New(cartcore.Key{Tenant: "shop", Owner: "customer:182"}, "USD", seed, before)
	cart.Version = 1
	cart.Lines = []*cartcore.Line{{ID: "l1", Number: 1, SKU: "mug", Quantity: 2}}
	next := *cart
	next.Lines = []*cartcore.Line{{ID: "l1", Number: 1, SKU: "mug", Quantity: 3}, {ID: "l2", Number: 2, SKU: "gone", Quantity: 1}}
	cartcore.Tell(cart, &next, cartcore.Put, facts, listening(10, "h"), seed, 1763764770123)
	want := []string{
		`{"id":"ID","type":"cart.item_updated","created_at":"2025-11-21T22:39:30.123Z","data":{"storeId":"store-1","customerId":"182",` +
			`"occurredAt":"2025-11-21T22:39:30.123Z","externalReference":null,"cartId":"CART","item":{"id":"l1","productId":"p1","variantId":"v1",` +
			`"externalProductId":"prod_1","externalVariantId":"var_1","sku":"mug","quantity":3,"price":19.9,"product":{"name":"Mug","imageUrl":"https://shop.example/mug.png"}},` +
			`"previousQuantity":2,"cartSummary":{"totalLines":1,"totalItems":3,"subtotal":59.7,"currency":"USD"}}}`,
		`{"id":"ID","type":"cart.item_added","created_at":"2025-11-21T22:39:30.123Z","data":{"storeId":"store-1","customerId":"182",` +
			`"occurredAt":"2025-11-21T22:39:30.123Z","externalReference":null,"cartId":"CART","item":{"id":"l2","productId":null,"variantId":null,` +
			`"externalProductId":null,"externalVariantId":null,"sku":"gone","quantity":1,"price":null,"product":null},` +
			`"cartSummary":{"totalLines":1,"totalItems":3,"subtotal":59.7,"currency":"USD"}}}`,
	}
	form := regexp.MustCompile(`evt_01[0-9A-HJKMNP-TV-Z]{24}`)
	for i, event := range next.Outbox.Events {
		got := strings.ReplaceAll(form.ReplaceAllString(string(event.Body), "ID"), cart.ID, "CART")
		if got != want[i] {
			t.Errorf("event %d is\n%s\nwant\n%s", i, got, want[i])
		}
	}
	if next.Outbox.Events[0].ID == next.Outbox.Events[1].ID {
		t.Error("two events have one id")
	}
}

// Whatever is done to a cart, its events tell what it holds: who adds them up has the cart.
func TestEventsAddUpToTheCart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cart := cartcore.New(cartcore.Key{Tenant: "shop", Owner: "customer:1"}, "USD", seed, before)
		limits := drawnLimits(t)
		known := map[string]int64{} // units by line
		told := 0
		for n := rapid.IntRange(1, 12).Draw(t, "commands"); n > 0; n-- {
			facts, command := drawnFacts(t), drawnCommand(t)
			command.Seed = fmt.Sprint(n)
			next, _, problem := cartcore.Apply(cart, &command, facts, &limits, before+int64(n))
			if problem != nil || next == cart {
				continue
			}
			if lost := cartcore.Tell(cart, next, command.Verb, facts, listening(1000, "h"), command.Seed, before); lost > 0 {
				t.Fatal("events were lost")
			}
			for _, event := range next.Outbox.Events[told:] {
				said := hear(t, event)
				switch said.Type {
				case cartcore.EventCleared:
					known = map[string]int64{}
				case cartcore.EventItemRemoved:
					delete(known, said.Data.Item.ID)
				case cartcore.EventItemAdded:
					if known[said.Data.Item.ID] != 0 {
						t.Fatal("a line was added twice")
					}
					known[said.Data.Item.ID] = said.Data.Item.Quantity
				case cartcore.EventItemUpdated:
					if known[said.Data.Item.ID] != *said.Data.PreviousQuantity {
						t.Fatalf("the quantity before is told as %d, and was %d", *said.Data.PreviousQuantity, known[said.Data.Item.ID])
					}
					known[said.Data.Item.ID] = said.Data.Item.Quantity
				}
			}
			told = len(next.Outbox.Events)
			cart = next
			if len(known) != len(cart.Lines) {
				t.Fatalf("the events tell of %d lines, the cart has %d", len(known), len(cart.Lines))
			}
			for _, line := range cart.Lines {
				if known[line.ID] != line.Quantity {
					t.Fatalf("the events tell of %d of a line, the cart has %d", known[line.ID], line.Quantity)
				}
			}
		}
	})
}

// waitingCart is a cart with n events for each hook.
func waitingCart(t *testing.T, n, most int, hooks ...string) *cartcore.Cart {
	t.Helper()
	cart := cartcore.New(cartcore.Key{Tenant: "shop", Owner: "guest:agent:secret"}, "USD", seed, before)
	for i := 0; i < n; i++ {
		next := *cart
		next.Version++
		next.Lines = []*cartcore.Line{{ID: "l1", Number: 1, SKU: "mug", Quantity: int64(i + 1)}}
		if i == 0 {
			cart.Version, next.Version = 1, 2
		}
		cartcore.Tell(cart, &next, cartcore.Put, cartcore.Facts{}, listening(most, hooks...), fmt.Sprint(i), before+int64(i))
		cart = &next
	}
	return cart
}

func TestSettling(t *testing.T) {
	t.Run("what is delivered leaves the cart, and its edition stays", func(t *testing.T) {
		cart := waitingCart(t, 3, 10, "a")
		first := cart.Outbox.Events[0]
		next, letters := cartcore.Settle(cart, "a", []*cartcore.Told{{Event: first.ID}}, before)
		if len(next.Outbox.Events) != 2 || len(letters) != 0 || next.Version != cart.Version+1 || cartcore.Edition(next) != cartcore.Edition(cart) || next.Updated != cart.Updated {
			t.Fatalf("settled to %+v", next.Outbox)
		}
		if len(cart.Outbox.Events) != 3 {
			t.Fatal("the cart before has changed")
		}
	})
	t.Run("one webhook's delivery is not another's", func(t *testing.T) {
		cart := waitingCart(t, 1, 10, "a", "b")
		next, _ := cartcore.Settle(cart, "a", []*cartcore.Told{{Event: cart.Outbox.Events[0].ID}}, before)
		forA, _, _ := cartcore.Waiting(next, "a", 10)
		forB, _, _ := cartcore.Waiting(next, "b", 10)
		if len(forA) != 0 || len(forB) != 1 {
			t.Fatalf("a waits for %d, b for %d", len(forA), len(forB))
		}
	})
	t.Run("a failed attempt waits for its time, and what is behind waits with it", func(t *testing.T) {
		cart := waitingCart(t, 2, 10, "a")
		next, _ := cartcore.Settle(cart, "a", []*cartcore.Told{{Event: cart.Outbox.Events[0].ID, Error: "it answered 500", Next: 77}}, before)
		events, due, _ := cartcore.Waiting(next, "a", 10)
		if len(events) != 2 || due != 77 || cartcore.Attempts(events[0], "a") != 1 {
			t.Fatalf("%d wait, due at %d", len(events), due)
		}
	})
	t.Run("a dead delivery becomes a letter, which can be sent again", func(t *testing.T) {
		cart := waitingCart(t, 2, 10, "a", "b")
		event := cart.Outbox.Events[0]
		next, letters := cartcore.Settle(cart, "a", []*cartcore.Told{{Event: event.ID, Error: "no", Dead: true}}, before+9)
		if len(letters) != 1 || len(next.Outbox.Events) != 2 {
			t.Fatalf("%d letters", len(letters))
		}
		letter := letters[0]
		if !cartcore.OwnerIsDead(letter.Key.Owner) || letter.Key.Owner != "dead:"+event.ID+":a" || letter.ID != cart.ID || letter.Updated != before+9 || string(letter.Outbox.Events[0].Body) != string(event.Body) {
			t.Fatalf("the letter is %+v", letter)
		}
		if waiting, _, _ := cartcore.Waiting(letter, "a", 10); len(waiting) != 0 {
			t.Fatal("a dead letter waits")
		}
		again := cartcore.Again(letter, before)
		waiting, due, _ := cartcore.Waiting(again, "a", 10)
		if len(waiting) != 1 || due != 0 || cartcore.Attempts(waiting[0], "a") != 0 || cartcore.IsSpent(again) {
			t.Fatalf("sent again it is %+v", again)
		}
	})
	t.Run("what is not there changes nothing", func(t *testing.T) {
		cart := waitingCart(t, 1, 10, "a")
		if next, _ := cartcore.Settle(cart, "a", []*cartcore.Told{{Event: "evt_other"}}, before); next != cart {
			t.Fatal("the cart has changed")
		}
	})
	t.Run("events beyond the bound are dead, oldest first, and leave at the next turn", func(t *testing.T) {
		cart := waitingCart(t, 7, 5, "a")
		waiting, _, overflow := cartcore.Waiting(cart, "a", 10)
		if len(waiting) != 5 || !overflow || waiting[0].ID != cart.Outbox.Events[2].ID {
			t.Fatalf("%d wait, overflow %v", len(waiting), overflow)
		}
		next, letters := cartcore.Settle(cart, "a", nil, before)
		if len(letters) != 2 || len(next.Outbox.Events) != 5 || !strings.Contains(letters[0].Outbox.Events[0].To[0].Error, "more than 5 events") {
			t.Fatalf("%d letters, %d events stay", len(letters), len(next.Outbox.Events))
		}
	})
	t.Run("where nobody takes them out, the oldest are lost at twice the bound", func(t *testing.T) {
		if cart := waitingCart(t, 30, 5, "a"); len(cart.Outbox.Events) != 10 {
			t.Fatalf("%d events are kept", len(cart.Outbox.Events))
		}
	})
}

func TestAbandonedAndRecovered(t *testing.T) {
	cart := waitingCart(t, 1, 10, "a")
	abandoned, _ := cartcore.Abandon(cart, cartcore.Facts{}, listening(10, "a"), "s", before+100)
	if got := typesOf(abandoned); got != "item_added abandoned" || abandoned.Outbox.Watch || abandoned.Updated != cart.Updated || cartcore.Edition(abandoned) != cartcore.Edition(cart) {
		t.Fatalf("told %q, outbox %+v", got, abandoned.Outbox)
	}
	if said := hear(t, abandoned.Outbox.Events[1]); said.Data.Status != "Abandoned" || said.Data.CustomerID != nil {
		t.Fatalf("it says %+v", said)
	}
	next := *abandoned
	next.Version++
	next.Lines = nil
	next.Updated = before + 200
	cartcore.Tell(abandoned, &next, cartcore.Remove, cartcore.Facts{}, listening(10, "a"), "s", before+200)
	if got := typesOf(&next); got != "item_added abandoned recovered item_removed" || next.Outbox.Abandoned != 0 {
		t.Fatalf("told %q", got)
	}
}

func TestOneChangeOfManyLinesIsToldWhole(t *testing.T) {
	cart := cartcore.New(cartcore.Key{Tenant: "shop", Owner: "customer:1"}, "USD", seed, before)
	next := *cart
	for i := 0; i < 500; i++ {
		next.Lines = append(next.Lines, &cartcore.Line{ID: fmt.Sprint("l", i), SKU: "mug", Quantity: 1})
	}
	cartcore.Tell(cart, &next, cartcore.Merge, cartcore.Facts{}, listening(256, "a"), "s", before)
	if waiting, _, overflow := cartcore.Waiting(&next, "a", 1000); len(waiting) != 501 || overflow {
		t.Fatalf("%d events wait, overflow %v", len(waiting), overflow)
	}
}

// A cart of any size keeps its events within bounds, so that it can always be saved.
func TestEventsOfAHugeCartFit(t *testing.T) {
	facts, cart := cartcore.Facts{}, cartcore.New(cartcore.Key{Tenant: "shop", Owner: "customer:1"}, "USD", seed, before)
	for i := 0; i < 3000; i++ {
		sku := fmt.Sprint("sku-", i)
		facts[sku] = &cartcore.Item{SKU: sku, Title: strings.Repeat("long ", 400), Price: 1, Active: true}
		cart.Lines = append(cart.Lines, &cartcore.Line{ID: fmt.Sprint("l", i), SKU: sku, Quantity: 1})
	}
	before0 := cartcore.New(cart.Key, "USD", seed, before)
	cartcore.Tell(before0, cart, cartcore.Merge, facts, listening(100000, "a"), "s", before)
	total := 0
	for _, event := range cart.Outbox.Events {
		total += len(event.Body)
	}
	if total > 2<<20 || len(cart.Outbox.Events) == 0 {
		t.Fatalf("%d events take %d bytes", len(cart.Outbox.Events), total)
	}
	cart.Version = 1
	record, err := cartcore.Record(cart)
	if err != nil || len(record) > 8<<20 {
		t.Fatalf("the record has %d bytes, %v", len(record), err)
	}
	kept, err := cartcore.FromRecord(cart.Key, record)
	if err != nil || string(kept.Outbox.Events[0].Body) != string(cart.Outbox.Events[0].Body) {
		t.Fatalf("an event is not what it was when it is read back: %v", err)
	}
}
