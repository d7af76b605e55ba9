package adapters

import (
	"reflect"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

const vesuvioBulkPath = "/api/v1/sdk/cart/store/s/items/bulk"

func TestVesuvioReadsBulkRequestsIntoOneCommand(t *testing.T) {
	wrong := func(fields ...cartcore.FieldError) *cartcore.Error {
		return &cartcore.Error{Kind: cartcore.KindInvalid, Fields: fields}
	}
	tests := []struct {
		name, method, body string
		want               cartcore.Command
	}{
		{
			"an add", "POST", `{"items":[{"externalProductId":"p","externalVariantId":"v","quantity":2},7,{"externalProductId":"p","externalVariantId":"v","quantity":0}]}`,
			cartcore.Command{Verb: cartcore.Add, Short: cartcore.ShortRefuses, Each: true, Asks: []*cartcore.Ask{
				{Item: cartcore.ItemRef{ExternalProductID: "p", ExternalVariantID: "v"}, Named: "v", Quantity: 2},
				{Err: wrong(cartcore.FieldError{Field: "items[1]", Problem: cartcore.ProblemNotObject})},
				{Err: wrong(cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemTooSmall, Value: "0", Limit: 1})},
			}},
		},
		{
			"an update", "PUT", `{"items":[{"cartItemId":"l","quantity":0},{"cartItemId":"l"},null]}`,
			cartcore.Command{Verb: cartcore.Set, Short: cartcore.ShortRefuses, Each: true, Asks: []*cartcore.Ask{
				{LineID: "l", Named: "l"},
				{LineID: "l", Named: "l", Err: wrong(cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemMissing})},
				{Err: wrong(cartcore.FieldError{Field: "items[2]", Problem: cartcore.ProblemNotObject})},
			}},
		},
		{
			"a removal", "DELETE", `{"cartItemIds":["l",""]}`,
			cartcore.Command{Verb: cartcore.Remove, Each: true, Asks: []*cartcore.Ask{
				{LineID: "l", Named: "l"}, {Err: wrong(cartcore.FieldError{Field: "cartItemIds[1]", Problem: cartcore.ProblemBlank})},
			}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pattern := test.method + " /api/v1/sdk/cart/store/{storeId}/items/bulk"
			call := callTo(t, pattern, vesuvioBulkPath, test.body, nil)
			if err := decodedBy(t, vesuvio(), pattern, call); err != nil {
				t.Fatal(err.Error())
			}
			if !reflect.DeepEqual(*call.Command, test.want) {
				t.Errorf("got  %+v\nwant %+v", call.Command, test.want)
			}
		})
	}
}

func TestVesuvioRefusesABulkRequestOfTooManyEntries(t *testing.T) {
	for entries, want := range map[int]cartcore.Kind{100: cartcore.KindNone, 101: cartcore.KindTooManyAsks} {
		pattern := "DELETE /api/v1/sdk/cart/store/{storeId}/items/bulk"
		call := callTo(t, pattern, vesuvioBulkPath, `{"cartItemIds":["l"`+strings.Repeat(`,"l"`, entries-1)+`]}`, nil)
		got := cartcore.KindNone
		if err := decodedBy(t, vesuvio(), pattern, call); err != nil {
			got = err.Kind
		}
		if got != want || call.Credentials.Tenant != "s" {
			t.Errorf("%d entries of %+v: %s", entries, call.Credentials, cartcore.KindName(got))
		}
	}
}
