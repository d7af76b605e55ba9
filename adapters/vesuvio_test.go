package adapters

import (
	"reflect"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

func TestVesuvioPrintsEveryRefusal(t *testing.T) {
	if len(vesuvioRefusals) != len(cartcore.Kinds()) {
		t.Errorf("the table has %d rows, there are %d kinds", len(vesuvioRefusals), len(cartcore.Kinds()))
	}
	call := &Call{Credentials: &cartcore.Credentials{}, Command: &cartcore.Command{Verb: cartcore.Add}}
	checkRefusals(t, "testdata/vesuvio-refusals.txt", func(refused *cartcore.Error) *Answer { return vesuvioFail(call, refused) })
}

func TestVesuvioGivesEveryRefusalACode(t *testing.T) {
	for _, kind := range cartcore.Kinds() {
		if row := vesuvioRefusals[kind]; row.code == "" || row.text == "" {
			t.Errorf("%q has the code %q and the text %q", cartcore.KindName(kind), row.code, row.text)
		}
	}
}

const (
	vesuvioGetRoute    = "GET /api/v1/sdk/cart/{storeId}"
	vesuvioAddRoute    = "POST /api/v1/sdk/cart/store/{storeId}/item"
	vesuvioSetRoute    = "PUT /api/v1/sdk/cart/store/{storeId}/item"
	vesuvioRemoveRoute = "DELETE /api/v1/sdk/cart/store/{storeId}/item/{cartItemId}"
	vesuvioClearRoute  = "DELETE /api/v1/sdk/cart/store/{storeId}"
)

func TestVesuvioReadsRequestsIntoCommands(t *testing.T) {
	tests := []struct {
		name, pattern, target, body string
		want                        cartcore.Command
	}{
		{"a read needs a cart that was kept", vesuvioGetRoute, "/api/v1/sdk/cart/s", "", cartcore.Command{NeedsCart: true}},
		{"a clear needs one too", vesuvioClearRoute, "/api/v1/sdk/cart/store/s", "", cartcore.Command{Verb: cartcore.Clear, NeedsCart: true}},
		{"an add names the variant by both external ids and refuses what is short", vesuvioAddRoute, "/api/v1/sdk/cart/store/s/item", `{"externalProductId":"p","externalVariantId":"v","quantity":2}`,
			cartcore.Command{Verb: cartcore.Add, Short: cartcore.ShortRefuses, Asks: []*cartcore.Ask{{Item: cartcore.ItemRef{ExternalProductID: "p", ExternalVariantID: "v"}, Named: "v", Quantity: 2}}}},
		{"an update names the line by its id", vesuvioSetRoute, "/api/v1/sdk/cart/store/s/item", `{"cartItemId":"l","quantity":0}`,
			cartcore.Command{Verb: cartcore.Set, Short: cartcore.ShortRefuses, Asks: []*cartcore.Ask{{LineID: "l", Named: "l"}}}},
		{"a removal names the line in the path", vesuvioRemoveRoute, "/api/v1/sdk/cart/store/s/item/l", "",
			cartcore.Command{Verb: cartcore.Remove, Asks: []*cartcore.Ask{{LineID: "l", Named: "l"}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			call := callTo(t, test.pattern, test.target, test.body, map[string]string{"Authorization": "Bearer t", "X-API-Key": "k"})
			if err := decodedBy(t, vesuvio(), test.pattern, call); err != nil {
				t.Fatal(err.Error())
			}
			if !reflect.DeepEqual(*call.Command, test.want) {
				t.Errorf("got  %+v\nwant %+v", call.Command, test.want)
			}
			who := cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "s", APIKey: "k", Token: "t", Need: cartcore.NeedCustomer}
			if *call.Credentials != who {
				t.Errorf("got %+v, want %+v", call.Credentials, who)
			}
		})
	}
}

func TestVesuvioKnowsWhoAsksEvenWhenItRefusesTheFields(t *testing.T) {
	for _, pattern := range []string{vesuvioAddRoute, vesuvioSetRoute} {
		for _, body := range []string{"{", "[]", "{}", `{"quantity":1}`} {
			call := callTo(t, pattern, "/api/v1/sdk/cart/store/s/item", body, nil)
			if err := decodedBy(t, vesuvio(), pattern, call); err == nil || call.Credentials.Tenant != "s" || call.Credentials.Need != cartcore.NeedCustomer {
				t.Errorf("%s %s: got %v with %+v", pattern, body, err, call.Credentials)
			}
		}
	}
}

func TestVesuvioTellsACartThatNeverWasByWhatWasAsked(t *testing.T) {
	tests := []struct {
		name string
		verb cartcore.Verb
		want string
	}{
		{"a read is told that the cart is empty", cartcore.Read, `{"success":false,"message":"Cart is empty","errorCode":"CART_EMPTY"}`},
		{"a clear is told that there is none", cartcore.Clear, `{"success":false,"message":"Cart not found","errorCode":"CART_NOT_FOUND"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := vesuvioFail(&Call{Credentials: &cartcore.Credentials{}, Command: &cartcore.Command{Verb: test.verb}}, cartcore.Refuse(cartcore.KindCartUnknown))
			if answer.Status != 404 || string(answer.Body) != test.want {
				t.Errorf("got %d %s", answer.Status, answer.Body)
			}
		})
	}
}

func TestVesuvioErrorsDoNotRepeatWhatWasSent(t *testing.T) {
	field := cartcore.FieldError{Field: "cartItemId", Problem: cartcore.ProblemNotText, Value: `12345`}
	answer := vesuvioFail(&Call{Command: &cartcore.Command{}}, cartcore.RefuseField(field))
	const want = `{"success":false,"message":"Validation failed","errorCode":"VALIDATION_FAILED","errors":[{"field":"cartItemId","message":"cartItemId must be a string"}]}`
	if string(answer.Body) != want {
		t.Errorf("got %s", answer.Body)
	}
}
