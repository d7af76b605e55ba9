package adapters

import (
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

func TestVesuvioReadsWhatIsNotAboutLines(t *testing.T) {
	const store = "/api/v1/sdk/cart/store/s"
	customer := cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "s", APIKey: "k", Token: "t", Need: cartcore.NeedCustomer}
	verified, anybody := customer, customer
	verified.Phone = true
	anybody.Token, anybody.Need = "", cartcore.NeedStoreKey
	look := func(quantity int64) cartcore.Command {
		return cartcore.Command{Verb: cartcore.Look, Asks: []*cartcore.Ask{{Item: cartcore.ItemRef{ExternalProductID: "p", ExternalVariantID: "v"}, Named: "v", Quantity: quantity}}}
	}
	tests := []struct {
		name, pattern, target, body string
		want                        cartcore.Command
		who                         cartcore.Credentials
	}{
		{"availability needs a key and nobody in person", "POST /api/v1/sdk/cart/store/{storeId}/availability", store + "/availability", `{"externalProductId":"p","externalVariantId":"v","quantity":2}`, look(2), anybody},
		{"one is asked for where the request does not say", "POST /api/v1/sdk/cart/store/{storeId}/availability", store + "/availability", `{"externalProductId":"p","externalVariantId":"v"}`, look(1), anybody},
		{"with subscription it needs the customer", "POST /api/v1/sdk/cart/store/{storeId}/availability-with-subscription", store + "/availability-with-subscription", `{"externalProductId":"p","externalVariantId":"v","quantity":2}`, look(2), customer},
		{"finish needs a verified customer and a cart with lines", "POST /api/v1/sdk/cart/store/{storeId}/finish", store + "/finish", "", cartcore.Command{Verb: cartcore.Lock, NeedsCart: true, NeedsLines: true}, verified},
		{"a server names the customer", "GET /api/v1/customers/{customerId}/cart", "/api/v1/customers/182/cart", "", cartcore.Command{NeedsCart: true},
			cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "k", Customer: "182", Need: cartcore.NeedSecretKey}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			call := callTo(t, test.pattern, test.target, test.body, map[string]string{"Authorization": "Bearer t", "X-API-Key": "k"})
			call.Options = map[string]string{"checkoutUrl": "https://pay.example/"}
			if err := decodedBy(t, vesuvio(), test.pattern, call); err != nil {
				t.Fatal(err.Error())
			}
			if !reflect.DeepEqual(*call.Command, test.want) || *call.Credentials != test.who {
				t.Errorf("got  %+v of %+v\nwant %+v of %+v", call.Command, call.Credentials, test.want, test.who)
			}
		})
	}
}

func TestVesuvioFinishIsRefusedWhereNoAddressIsConfigured(t *testing.T) {
	call := callTo(t, "POST /api/v1/sdk/cart/store/{storeId}/finish", "/api/v1/sdk/cart/store/s/finish", "", nil)
	if err := vesuvioFinish(call); err == nil || err.Kind != cartcore.KindNotOffered || call.Credentials.Need != cartcore.NeedCustomer {
		t.Errorf("got %v of %+v", err, call.Credentials)
	}
}

func TestVesuvioCheckoutAddress(t *testing.T) {
	for template, fits := range map[string]bool{
		"":                              true,
		"https://pay.example":           true,
		"http://127.0.0.1:9/c/{cartId}": true,
		"https://pay.example/{storeId}/{cartId}?customer={customerId}": true,
		"https://pay.example/{cart}":                                   false,
		"https://pay.example/{cartId":                                  false,
		"https://pay.example/cartId}":                                  false,
		"https://{customerId}.pay.example/":                            false,
		"https://pay{customerId}":                                      false,
		"{storeId}https://pay.example/":                                false,
		"https://user:secret@pay.example/":                             false,
		"https://pay.example/a b":                                      false,
		"https://pay.example/\n":                                       false,
		"//pay.example/{cartId}":                                       false,
		"/checkout/{cartId}":                                           false,
		"javascript:alert(1)":                                          false,
		"ftp://pay.example/":                                           false,
		"https:///{cartId}":                                            false,
	} {
		if checkoutFits(template) != fits {
			t.Errorf("%q: got %v", template, !fits)
		}
	}
}

func TestVesuvioFillsTheCheckoutAddress(t *testing.T) {
	call := &Call{
		Request: httptest.NewRequest("POST", "/", nil), Credentials: &cartcore.Credentials{Tenant: "s/{cartId}"},
		Options: map[string]string{"checkoutUrl": "https://pay.example/{storeId}/{cartId}/{cartId}?c={customerId}"},
	}
	seen := &Seen{View: &cartcore.View{Cart: &cartcore.Cart{ID: "c1"}}, Caller: &cartcore.Caller{Customer: "ä &{storeId}"}}
	const want = `{"success":true,"data":{"checkoutUrl":"https://pay.example/s%2F%7BcartId%7D/c1/c1?c=%C3%A4%20%26%7BstoreId%7D"}}`
	if got := string(vesuvioFinished(call, seen).Body); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestVesuvioTellsSinceWhenACustomerWaits(t *testing.T) {
	item := &cartcore.Item{Title: "T", Price: 100, TrackStock: true, Active: true}
	outcome := &cartcore.Outcome{Results: []*cartcore.Result{{Item: item, Requested: 2}}}
	seen := &Seen{View: &cartcore.View{Decimals: 2}, Outcome: outcome, Caller: &cartcore.Caller{Customer: "1"}, Subscribed: true, SubscribedAt: 1_700_000_000_999}
	const head = `{"success":true,"data":{"isAvailable":false,"availableQuantity":0,"requestedQuantity":2,"trackInventory":true,`
	const waits = head + `"isSubscribed":true,"product":{"name":"T","price":1},"isSubscribedToBackInStock":true,"subscriptionDate":"2023-11-14T22:13:20Z"}}`
	if got := string(vesuvioAvailableWithSubscription(nil, seen).Body); got != waits {
		t.Errorf("got  %s\nwant %s", got, waits)
	}
	const anybody = head + `"isSubscribed":false,"product":{"name":"T","price":1}}}`
	if got := string(vesuvioAvailable(nil, seen).Body); got != anybody {
		t.Errorf("got  %s\nwant %s", got, anybody)
	}
}
