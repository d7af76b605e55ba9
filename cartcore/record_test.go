package cartcore_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/polycart/polycart/cartcore"
)

func TestARecordIsReadBackAsItWas(t *testing.T) {
	word := rapid.StringN(1, 12, -1)
	whole := rapid.Int64Range(0, cartcore.MaxInteger)
	option := rapid.Custom(func(t *rapid.T) cartcore.Option {
		return cartcore.Option{Name: word.Draw(t, "name"), Value: rapid.SampledFrom([]string{`"20"`, "9007199254740993", `{"a":[1.10,null]}`, `"<&>"`, `"é"`}).Draw(t, "value")}
	})
	line := rapid.Custom(func(t *rapid.T) *cartcore.Line {
		line := &cartcore.Line{
			ID: word.Draw(t, "id"), Number: whole.Draw(t, "number"), SKU: word.Draw(t, "sku"), Quantity: whole.Draw(t, "quantity"),
			OptionsReplaced: rapid.Bool().Draw(t, "replaced"), Added: whole.Draw(t, "added"), Updated: whole.Draw(t, "updated"),
		}
		line.Options = orNil(rapid.SliceOfN(option, 0, 3).Draw(t, "options"))
		line.Groups = orNil(rapid.SliceOfN(word, 0, 3).Draw(t, "groups"))
		return line
	})
	rest := rapid.Custom(func(t *rapid.T) cartcore.Rest {
		return cartcore.Rest{SKU: word.Draw(t, "sku"), Quantity: whole.Draw(t, "quantity")}
	})
	mark := rapid.Custom(func(t *rapid.T) cartcore.Mark {
		return cartcore.Mark{Cart: word.Draw(t, "cart"), Version: whole.Draw(t, "version"), Rest: orNil(rapid.SliceOfN(rest, 0, 2).Draw(t, "rest"))}
	})
	there := rapid.Custom(func(t *rapid.T) *cartcore.BackedLine {
		return &cartcore.BackedLine{
			ID: word.Draw(t, "id"), Parent: rapid.StringN(0, 3, -1).Draw(t, "parent"), Item: word.Draw(t, "item"), SKU: rapid.StringN(0, 3, -1).Draw(t, "sku"),
			Quantity: whole.Draw(t, "quantity"), Total: whole.Draw(t, "total"),
		}
	})
	intent := rapid.Custom(func(t *rapid.T) *cartcore.Intent {
		return &cartcore.Intent{Key: word.Draw(t, "key"), Method: word.Draw(t, "method"), Path: word.Draw(t, "path"), Body: word.Draw(t, "body"), At: whole.Draw(t, "at")}
	})
	backing := rapid.Custom(func(t *rapid.T) *cartcore.Backing {
		made := &cartcore.Backing{
			ID: rapid.StringN(0, 12, -1).Draw(t, "id"), Tag: rapid.StringN(0, 12, -1).Draw(t, "tag"), Moves: whole.Draw(t, "moves"), Subtotal: whole.Draw(t, "subtotal"),
			Lines: orNil(rapid.SliceOfN(there, 0, 3).Draw(t, "lines")),
		}
		if rapid.Bool().Draw(t, "under way") {
			made.Intent = intent.Draw(t, "intent")
		}
		return made
	})
	rapid.Check(t, func(t *rapid.T) {
		key := cartcore.Key{Tenant: word.Draw(t, "tenant"), Owner: word.Draw(t, "owner")}
		cart := &cartcore.Cart{
			Key: key, ID: word.Draw(t, "id"), Currency: "USD", Lines: rapid.SliceOfN(line, 0, 4).Draw(t, "lines"),
			NextLine: 1 + whole.Draw(t, "next"), Version: 1 + whole.Draw(t, "version"), Created: whole.Draw(t, "created"), Updated: whole.Draw(t, "updated"),
			Locked: whole.Draw(t, "locked"), Merged: orNil(rapid.SliceOfN(mark, 0, 2).Draw(t, "merged")),
		}
		if rapid.Bool().Draw(t, "backed") {
			cart.Backing = backing.Draw(t, "backing")
		}
		record, err := cartcore.Record(cart)
		if err != nil {
			t.Fatal(err)
		}
		back, err := cartcore.FromRecord(key, record)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, cart) {
			t.Fatalf("wrote %+v\nread %+v", cart, back)
		}
		if bytes.Contains(record, []byte(`"Key"`)) {
			t.Fatal("the record holds the key")
		}
	})
}

// orNil is a list as a record has it: an empty one is left out.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

func TestABrokenRecordIsRefused(t *testing.T) {
	key := cartcore.Key{Tenant: "shop", Owner: "guest:shop:secret-token"}
	for name, record := range map[string]string{
		"nothing":               ``,
		"no JSON":               `{"id":`,
		"no object":             `[]`,
		"no id":                 `{"v":1,"next":1}`,
		"no version":            `{"id":"x","next":1}`,
		"no next line":          `{"id":"x","v":1}`,
		"a quantity as text":    `{"id":"x","v":1,"next":2,"lines":[{"q":"2"}]}`,
		"a number out of range": `{"id":"x","v":99999999999999999999,"next":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			cart, err := cartcore.FromRecord(key, []byte(record))
			if err == nil {
				t.Fatalf("it is read as %+v", cart)
			}
			if strings.Contains(err.Error(), "secret-token") || !strings.Contains(err.Error(), "tenant shop") {
				t.Errorf("the error is %q", err)
			}
		})
	}
	t.Run("no lines are an empty cart", func(t *testing.T) {
		cart, err := cartcore.FromRecord(key, []byte(`{"id":"x","v":1,"next":1}`))
		if err != nil || cart.Lines == nil || cart.Key != key {
			t.Errorf("got %+v, %v", cart, err)
		}
	})
}
