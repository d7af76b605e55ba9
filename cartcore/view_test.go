package cartcore_test

import (
	"errors"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

func TestShow(t *testing.T) {
	t.Run("a line whose item vanished has no price and is not shown", func(t *testing.T) {
		view, err := cartcore.Show(holding("mug 2, ghost 3, cap-red 1"), shelf())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "lines, units, subtotal", []int64{int64(len(view.Lines)), view.Units, view.Subtotal}, []int64{2, 3, 2850})
	})
	t.Run("a line whose item is switched off is shown at its price", func(t *testing.T) {
		view, err := cartcore.Show(holding("lamp 2"), shelf())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "subtotal", view.Subtotal, int64(3000))
	})
	t.Run("prices that rose past 2^53-1 are told", func(t *testing.T) {
		_, err := cartcore.Show(holding("yacht 3"), shelf())
		same(t, "refused", refusal(err), "amount too large: yacht")
	})
}

func TestKeys(t *testing.T) {
	customer, guest := cartcore.CustomerOwner("182"), cartcore.GuestOwner("shop", "guest_1")
	same(t, "a customer is a guest", cartcore.OwnerIsGuest(customer), false)
	same(t, "a guest is a guest", cartcore.OwnerIsGuest(guest), true)
	same(t, "the key's text", cartcore.KeyText(cartcore.Key{Tenant: "shop", Owner: guest}), "shop/guest:shop:guest_1")
	same(t, "a short id", cartcore.ShortID("01234567-89ab-4def-a123-456789abcdef"), "0123456789ab4defa1234567")
}

func TestErrorTexts(t *testing.T) {
	if len(cartcore.Kinds()) == 0 {
		t.Fatal("there are no kinds")
	}
	names := map[string]bool{}
	for _, kind := range cartcore.Kinds() {
		name := cartcore.KindName(kind)
		if name == "" || names[name] {
			t.Errorf("kind %d is called %q, as another one or not at all", kind, name)
		}
		names[name] = true
	}
	same(t, "a kind that is none", cartcore.KindName(-1), "kind -1")
	tables := []struct {
		field cartcore.FieldError
		want  string
	}{
		{cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemMissing}, "quantity is required"},
		{cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemNull}, "quantity must not be null"},
		{cartcore.FieldError{Field: "sku", Problem: cartcore.ProblemBlank}, "sku must not be empty"},
		{cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemNotInteger, Value: `"2"`}, `quantity must be a whole number, not "2"`},
		{cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemTooSmall, Value: "0", Limit: 1}, "quantity must be at least 1, not 0"},
		{cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemTooLarge, Value: "11", Limit: 10}, "quantity must be at most 10, not 11"},
		{cartcore.FieldError{Field: "items", Problem: cartcore.ProblemTooLong, Limit: 100}, "items must not be longer than 100"},
		{cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemZero}, "quantity must not be 0"},
		{cartcore.FieldError{Field: "item_key", Problem: cartcore.ProblemNotValid}, "item_key is not valid"},
	}
	for _, row := range tables {
		same(t, row.field.Field, cartcore.FieldText(row.field), row.want)
	}
	fault := cartcore.Fail(cartcore.KindUnavailable, errors.New("reading cart file: disk gone"))
	same(t, "an error with its cause", fault.Error(), "unavailable: reading cart file: disk gone")
}
