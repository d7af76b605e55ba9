package ucpschema_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/polycart/polycart/internal/ucpschema"
)

func open(t *testing.T) *ucpschema.Contract {
	t.Helper()
	contract, err := ucpschema.Open("../..")
	if err != nil {
		t.Fatal(err)
	}
	return contract
}

// headers are those that the contract requires of a write.
func headers() http.Header {
	return http.Header{
		"Ucp-Agent":       {`profile="https://platform.example/profile"`},
		"Request-Id":      {"7f5ac4fe-9b5e-4d4b-8b0e-2f3c2b1a0d10"},
		"Idempotency-Key": {"8f5ac4fe-9b5e-4d4b-8b0e-2f3c2b1a0d11"},
		"Content-Type":    {"application/json"},
	}
}

// verdict compares an error with the text that it must hold; "" means that there must be none.
func verdict(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil {
		t.Errorf("refused: %v", err)
	}
	if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
}

func TestRequestBodiesAreWhatTheProtocolAllows(t *testing.T) {
	contract := open(t)
	const line = `{"item":{"id":"item_123"},"quantity":2}`
	for _, test := range []struct{ name, method, path, body, want string }{
		{"the specification's create", "POST", "/carts", `{"line_items":[` + line + `],"context":{"address_country":"US","address_region":"CA","postal_code":"94105"}}`, ""},
		{"a create without lines", "POST", "/carts", `{"line_items":[]}`, ""},
		{"a create that leaves the lines out", "POST", "/carts", `{}`, "missing property 'line_items'"},
		{"a create with an id, which is only superfluous", "POST", "/carts", `{"id":"cart_abc123","line_items":[]}`, ""},
		{"a create with totals that no answer may have", "POST", "/carts", `{"totals":7,"line_items":[]}`, ""},
		{"a quantity of 0", "POST", "/carts", `{"line_items":[{"item":{"id":"a"},"quantity":0}]}`, "'/line_items/0/quantity'"},
		{"a quantity of a half", "POST", "/carts", `{"line_items":[{"item":{"id":"a"},"quantity":0.5}]}`, "'/line_items/0/quantity'"},
		{"a quantity in quotes", "POST", "/carts", `{"line_items":[{"item":{"id":"a"},"quantity":"2"}]}`, "'/line_items/0/quantity'"},
		{"a line without quantity", "POST", "/carts", `{"line_items":[{"item":{"id":"a"}}]}`, "missing property 'quantity'"},
		{"a line without item", "POST", "/carts", `{"line_items":[{"quantity":1}]}`, "missing property 'item'"},
		{"an item without id", "POST", "/carts", `{"line_items":[` + line + `,{"item":{"title":"Rose"},"quantity":1}]}`, "'/line_items/1/item': missing property 'id'"},
		// The place is not asked for: of a name the library says it wrongly now and then.
		{"a signal without a domain", "POST", "/carts", `{"line_items":[],"signals":{"ip":"127.0.0.1"}}`, "invalid propertyName 'ip'"},
		{"an attribution that is a number", "POST", "/carts", `{"line_items":[],"attribution":{"click":1}}`, "'/attribution/click'"},
		{"the specification's update", "PUT", "/carts/cart_abc123", `{"id":"cart_abc123","line_items":[{"id":"li_1","item":{"id":"item_123"},"quantity":3}]}`, ""},
		{"an update without the id", "PUT", "/carts/cart_abc123", `{"line_items":[` + line + `]}`, "missing property 'id'"},
		{"an update whose line has a number as its id", "PUT", "/carts/cart_abc123", `{"id":"cart_abc123","line_items":[{"id":1,"item":{"id":"a"},"quantity":1}]}`, "'/line_items/0/id'"},
		{"a cancel without a body", "POST", "/carts/cart_abc123/cancel", ``, ""},
		{"a cancel with the body of the example", "POST", "/carts/cart_abc123/cancel", `{}`, ""},
		{"a cancel with a body of its own", "POST", "/carts/cart_abc123/cancel", `{"id":"cart_abc123"}`, "cancel_cart has no body"},
		{"a read", "GET", "/carts/cart_abc123", ``, ""},
		{"a lookup", "POST", "/catalog/lookup", `{"ids":["item_123"]}`, ""},
		{"a lookup of nothing", "POST", "/catalog/lookup", `{"ids":[]}`, "'/ids'"},
		{"a product", "POST", "/catalog/product", `{"id":"item_123"}`, ""},
		{"a product without id", "POST", "/catalog/product", `{}`, "missing property 'id'"},
		{"no JSON", "POST", "/carts", `{`, "not JSON"},
		{"a method that carts have not", "DELETE", "/carts/cart_abc123", ``, "no operation"},
		{"a cart without an id in the path", "GET", "/carts/", ``, "no operation"},
	} {
		t.Run(test.name, func(t *testing.T) {
			verdict(t, contract.CheckRequest(test.method, test.path, headers(), []byte(test.body)), test.want)
		})
	}
}

func TestRequestHeadersAreWhatTheContractRequires(t *testing.T) {
	contract := open(t)
	for _, test := range []struct{ name, header, value, want string }{
		{"no agent", "UCP-Agent", "", "UCP-Agent is required"},
		{"an agent that is no dictionary", "UCP-Agent", "https://platform.example/profile", "RFC 8941"},
		{"an agent without profile", "UCP-Agent", `version="2026-04-08"`, "profile must be"},
		{"a profile that is a token", "UCP-Agent", `profile=platform`, "profile must be"},
		{"a profile without TLS", "UCP-Agent", `profile="http://platform.example"`, "profile must be"},
		{"an agent with more members", "UCP-Agent", `profile="https://platform.example/p";v=1, other=?1`, ""},
		{"no request id", "Request-Id", "", "Request-Id is required"},
		{"a request id that is no UUID", "Request-Id", "42", "Request-Id"},
		{"no idempotency key", "Idempotency-Key", "", "Idempotency-Key is required"},
		{"an idempotency key that is no UUID", "Idempotency-Key", "once", "Idempotency-Key"},
		{"another content type", "Content-Type", "text/plain", "Content-Type"},
		{"a content type with a charset", "Content-Type", "application/json; charset=utf-8", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := headers()
			header.Del(test.header)
			if test.value != "" {
				header.Set(test.header, test.value)
			}
			verdict(t, contract.CheckRequest("POST", "/carts", header, []byte(`{"line_items":[]}`)), test.want)
		})
	}
	t.Run("a read needs no idempotency key", func(t *testing.T) {
		header := headers()
		header.Del("Idempotency-Key")
		verdict(t, contract.CheckRequest("GET", "/carts/c", header, nil), "")
	})
}

const (
	minimal = `{"ucp":{"version":"2026-04-08"},"id":"cart_abc123","line_items":[{"id":"li_1","item":{"id":"item_123","title":"Red T-Shirt","price":2500},"quantity":2,"totals":[{"type":"subtotal","amount":5000},{"type":"total","amount":5000}]}],"currency":"USD","totals":[{"type":"subtotal","amount":5000},{"type":"total","amount":5000}]}`
	failed  = `{"ucp":{"version":"2026-04-08","status":"error"},"messages":[{"type":"error","code":"not_found","content":"Cart not found or has expired","severity":"unrecoverable"}]}`
)

func TestAnswersAreWhatTheProtocolAllows(t *testing.T) {
	contract := open(t)
	const totals = `"totals":[{"type":"subtotal","amount":5000},{"type":"total","amount":5000}]}`
	for _, test := range []struct {
		name, operation string
		status          int
		body            [3]string // a body, and what stands in it for what
		want            string
	}{
		{"the least cart", "get_cart", 200, [3]string{minimal}, ""},
		{"a created cart", "create_cart", 201, [3]string{minimal}, ""},
		{"a created cart with status 200", "create_cart", 200, [3]string{minimal}, "'/ucp/status'"},
		{"a create that made nothing", "create_cart", 200, [3]string{failed}, ""},
		{"a create that failed with status 201", "create_cart", 201, [3]string{failed}, "'/ucp/status'"},
		{"a cart that is not there", "get_cart", 200, [3]string{failed}, ""},
		{"a failure with an id", "get_cart", 200, [3]string{failed, `"messages"`, `"id":"cart_1","messages"`}, "'id'"},
		{"a failure that does not say so", "get_cart", 200, [3]string{failed, `,"status":"error"`, ``}, "'/ucp'"},
		{"a failure without a message", "get_cart", 200, [3]string{`{"ucp":{"version":"2026-04-08","status":"error"},"messages":[]}`}, "'/messages'"},
		{"an error without severity", "get_cart", 200, [3]string{failed, `,"severity":"unrecoverable"`, ``}, "'severity'"},
		{"a severity that is not known", "get_cart", 200, [3]string{failed, `unrecoverable`, `fatal`}, "'/messages/0/severity'"},
		{"an empty cart", "update_cart", 200, [3]string{`{"ucp":{"version":"2026-04-08"},"id":"c","line_items":[],"currency":"USD","totals":[{"type":"subtotal","amount":0},{"type":"total","amount":0}]}`}, ""},
		{"a line without totals in it", "get_cart", 200, [3]string{minimal, `2,"totals":[{"type":"subtotal","amount":5000},{"type":"total","amount":5000}]`, `2,"totals":[]`}, ""},
		{"a version that is no date", "get_cart", 200, [3]string{minimal, "2026-04-08", "v1"}, "'/ucp/version'"},
		{"two totals", "get_cart", 200, [3]string{minimal, `"USD",` + totals, `"USD","totals":[{"type":"subtotal","amount":5000},{"type":"total","amount":1},{"type":"total","amount":5000}]}`}, "'/totals'"},
		{"no subtotal", "get_cart", 200, [3]string{minimal, `"USD",` + totals, `"USD","totals":[{"type":"total","amount":5000}]}`}, "'/totals'"},
		{"an amount with a fraction", "get_cart", 200, [3]string{minimal, `"price":2500`, `"price":25.5`}, "'/line_items/0/item/price'"},
		{"an amount in quotes", "get_cart", 200, [3]string{minimal, `"price":2500`, `"price":"2500"`}, "'/line_items/0/item/price'"},
		{"a negative price", "get_cart", 200, [3]string{minimal, `"price":2500`, `"price":-1`}, "'/line_items/0/item/price'"},
		{"a line with quantity 0", "get_cart", 200, [3]string{minimal, `"quantity":2`, `"quantity":0`}, "'/line_items/0/quantity'"},
		{"a discount that adds", "get_cart", 200, [3]string{minimal, `"USD","totals":[`, `"USD","totals":[{"type":"discount","amount":5},`}, "'/totals/0/amount'"},
		{"a total of its own without a text", "get_cart", 200, [3]string{minimal, `"USD","totals":[`, `"USD","totals":[{"type":"gift_wrap","amount":5},`}, "'/totals/0'"},
		{"a total of its own with a text", "get_cart", 200, [3]string{minimal, `"USD","totals":[`, `"USD","totals":[{"type":"gift_wrap","amount":5,"display_text":"Gift wrap"},`}, ""},
		{"an expiry that is no time", "get_cart", 200, [3]string{minimal, `"id":"cart_abc123"`, `"id":"c","expires_at":"tomorrow"`}, "'/expires_at'"},
		{"an adjusted quantity", "update_cart", 200, [3]string{minimal, `"id":"cart_abc123"`, `"id":"c","messages":[{"type":"warning","code":"quantity_adjusted","path":"$.line_items[0].quantity","content":"fewer"}]`}, ""},
		{"status 404", "get_cart", 404, [3]string{failed}, "the protocol has only"},
		{"a conflict", "update_cart", 409, [3]string{`{"code":"idempotency_conflict","content":"used before"}`}, ""},
		{"a conflict without a body", "update_cart", 409, [3]string{``}, ""},
		{"a conflict with messages", "update_cart", 409, [3]string{failed}, "'code'"},
		{"a product that is not there", "get_product", 200, [3]string{failed}, ""},
		{"a lookup that found nothing", "lookup_catalog", 200, [3]string{`{"ucp":{"version":"2026-04-08"},"products":[]}`}, ""},
		{"an operation that is not known", "delete_cart", 200, [3]string{minimal}, "no operation"},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := test.body[0]
			if test.body[1] != "" {
				body = strings.Replace(body, test.body[1], test.body[2], 1)
				if body == test.body[0] {
					t.Fatalf("%s does not stand in the body", test.body[1])
				}
			}
			verdict(t, contract.CheckResponse(test.operation, test.status, []byte(body)), test.want)
		})
	}
}

func TestWhatARequestNeedNotSayIsNamed(t *testing.T) {
	contract := open(t)
	for _, test := range []struct {
		name, method, path, body string
		want                     []string
	}{
		{"nothing", "POST", "/carts", `{"line_items":[{"item":{"id":"a"},"quantity":1}],"buyer":{"email":"a@b.example"},"x":1}`, nil},
		{
			"what only the business says", "POST", "/carts", `{"id":"c","currency":"USD","line_items":[{"id":"li","item":{"id":"a","price":1},"quantity":1}]}`,
			[]string{"/currency", "/id", "/line_items/0/id", "/line_items/0/item/price"},
		},
		{
			"an update may name cart and lines", "PUT", "/carts/c", `{"id":"c","totals":[],"line_items":[{"id":"li","item":{"id":"a"},"quantity":1,"totals":[]}]}`,
			[]string{"/line_items/0/totals", "/totals"},
		},
		{"a read has no body", "GET", "/carts/c", ``, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := contract.Surplus(test.method, test.path, []byte(test.body))
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestAProfileSaysWhereTheServiceIs(t *testing.T) {
	contract := open(t)
	const service = `{"version":"2026-04-08","transport":"rest","endpoint":"https://shop.example/ucp"}`
	for _, test := range []struct{ name, body, want string }{
		{"the least profile", `{"ucp":{"version":"2026-04-08","services":{"dev.ucp.shopping":[` + service + `]},"payment_handlers":{}}}`, ""},
		{"no payment handlers", `{"ucp":{"version":"2026-04-08","services":{"dev.ucp.shopping":[` + service + `]}}}`, "'payment_handlers'"},
		{"no endpoint", `{"ucp":{"version":"2026-04-08","services":{"dev.ucp.shopping":[{"version":"2026-04-08","transport":"rest"}]},"payment_handlers":{}}}`, "'endpoint'"},
		{"no ucp", `{}`, "profile"},
	} {
		t.Run(test.name, func(t *testing.T) { verdict(t, contract.CheckProfile([]byte(test.body)), test.want) })
	}
}
