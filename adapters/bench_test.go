package adapters

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// operation is a request of a dialect, by what its route does.
type operation struct {
	dialect, does        string
	method, target, body string
}

// siteContext names the account of the fabric dialect.
const siteContext = `{"date":"2020-08-28T02:35:27.787Z","channel":12,"account":"5f493c9f30ec2a0007a94fc8","stage":"sandbox"}`

// common are a read and the two writes of each dialect that carts see most.
var common = []operation{
	{"agent", "read", "GET", "/store-alpha/agent/cart/get?session_id=sess_1", ""},
	{"agent", "add", "POST", "/store-alpha/agent/cart/add", `{"session_id":"sess_1","product_id":"prod_1","quantity":1}`},
	{"shop", "read", "GET", "/api/v1/shop/cart", ""},
	{"shop", "add", "POST", "/api/v1/shop/cart/SKU-1", `{"quantity":1}`},
	{"shop", "set", "PUT", "/api/v1/shop/cart/SKU-1", `{"quantity":2}`},
	{"itemkey", "read", "GET", "/api/v1/cart/", ""},
	{"itemkey", "put", "POST", "/api/v1/cart/", `{"variant_sku":"SKU-1","quantity":2,"product":1}`},
	{"itemkey", "adjust", "PUT", "/api/v1/cart/items/", `{"item_key":"prod1_SKU-1_dflt","quantity":1}`},
	{"vesuvio", "read", "GET", "/api/v1/sdk/cart/store-1", ""},
	{"vesuvio", "add", "POST", "/api/v1/sdk/cart/store/store-1/item", `{"externalProductId":"ext_1","externalVariantId":"ext_1_1","quantity":1}`},
	{"vesuvio", "set", "PUT", "/api/v1/sdk/cart/store/store-1/item", `{"cartItemId":"` + cartcore.UUID(strings.Repeat("0", 32)) + `","quantity":2}`},
	{"fabric", "read", "GET", "/api-cart/cart", ""},
	{"fabric", "add", "POST", "/api-cart/cart/item", `{"cartId":null,"items":[{"itemId":1,"quantity":1}]}`},
	{"fabric", "set", "PATCH", "/api-cart/cart/000000000000000000000001/items", `{"items":[{"lineItemId":1,"itemId":1,"quantity":2}]}`},
}

// routed is the route of an operation, and its call as the door makes it.
func routed(b *testing.B, o operation) (*Route, *Call) {
	b.Helper()
	mux := http.NewServeMux()
	var found *Route
	request := httptest.NewRequest(o.method, o.target, nil)
	request.Header.Set("Authorization", "Bearer aaa.bbb.ccc")
	request.Header.Set("X-Site-Context", siteContext)
	for _, adapter := range All() {
		if adapter.Name == o.dialect {
			for i := range adapter.Routes {
				mux.HandleFunc(adapter.Routes[i].Pattern, func(http.ResponseWriter, *http.Request) { found = &adapter.Routes[i] })
			}
		}
	}
	mux.ServeHTTP(httptest.NewRecorder(), request)
	if found == nil || found.Does != o.does {
		b.Fatalf("%s %s leads to %+v", o.method, o.target, found)
	}
	limits := &cartcore.Limits{MaxLines: 500, MaxQuantityPerLine: 10000}
	return found, &Call{Request: request, Body: []byte(o.body), Limits: limits, Options: map[string]string{"priceListId": "100000"}}
}

// BenchmarkDecode reads a request into a command.
func BenchmarkDecode(b *testing.B) {
	for _, o := range common {
		b.Run(o.dialect+" "+o.does, func(b *testing.B) {
			route, call := routed(b, o)
			b.ReportAllocs()
			for b.Loop() {
				call.Command, call.Credentials = &cartcore.Command{}, &cartcore.Credentials{}
				if problem := route.Decode(call); problem != nil {
					b.Fatal(problem.Error())
				}
			}
		})
	}
}

// BenchmarkEncode prints the answer for a cart of one line and of a hundred.
func BenchmarkEncode(b *testing.B) {
	for _, o := range common {
		for _, lines := range []int{1, 100} {
			b.Run(fmt.Sprintf("%s %s, lines: %d", o.dialect, o.does, lines), func(b *testing.B) {
				route, call := routed(b, o)
				call.Command, call.Credentials = &cartcore.Command{Verb: cartcore.Read}, &cartcore.Credentials{}
				if problem := route.Decode(call); problem != nil {
					b.Fatal(problem.Error())
				}
				seen := seenAfter(b, call, lines)
				b.ReportAllocs()
				for b.Loop() {
					if answer := route.Encode(call, seen); answer.Status != http.StatusOK {
						b.Fatalf("%d %s", answer.Status, answer.Body)
					}
				}
			})
		}
	}
}

// seenAfter is what there is to print when the command of a call is done on a cart of so many lines.
func seenAfter(b *testing.B, call *Call, lines int) *Seen {
	b.Helper()
	facts := cartcore.Facts{}
	cart := cartcore.Born(cartcore.New(cartcore.Key{Tenant: "shop", Owner: cartcore.CustomerOwner("182")}, "USD", "seed", 1_700_000_000_000))
	for n := 1; n <= lines; n++ {
		item := &cartcore.Item{
			SKU: fmt.Sprintf("SKU-%d", n), ProductID: fmt.Sprintf("prod_%d", n), VariantID: fmt.Sprintf("var_%d", n), ProductNumber: int64(n), NumericID: int64(n),
			ExternalProductID: fmt.Sprintf("ext_%d", n), ExternalVariantID: fmt.Sprintf("ext_%d_1", n), Title: fmt.Sprintf("Item %d", n), Price: 1250, OriginalPrice: 1250, Active: true,
			Attributes: map[string]string{"weight": "1", "weightUnit": `"lb"`, "taxCode": `"EWPE"`},
		}
		facts[item.SKU] = item
		cart.Lines = append(cart.Lines, &cartcore.Line{
			ID: cartcore.UUID(fmt.Sprintf("%032x", n-1)), Number: int64(n), SKU: item.SKU, Quantity: 1, Added: cart.Created, Updated: cart.Created,
		})
	}
	cart.NextLine = int64(lines + 1)
	for _, ask := range call.Command.Asks {
		if ask.LineID == "" && ask.LineNumber == 0 {
			ask.SKU = "SKU-1" // as the catalogue names it
		}
	}
	call.Command.Seed = strings.Repeat("0", 32)
	_, outcome, problem := cartcore.Apply(cart, call.Command, facts, call.Limits, cart.Created+1)
	if problem != nil {
		b.Fatal(problem.Error())
	}
	return &Seen{View: outcome.View, Outcome: outcome, Caller: &cartcore.Caller{Tenant: "shop", Key: cart.Key, Customer: "182", Shown: "sess_1"}}
}
