package adapters

import (
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// callTo is a request as the door hands it to a decoder: pattern is the route's, whose path values it fills in from target.
func callTo(t *testing.T, pattern, target, body string, header map[string]string) *Call {
	t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	request := httptest.NewRequest(method, target, nil)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	given := strings.Split(request.URL.Path, "/")
	for i, step := range strings.Split(path, "/") {
		if strings.HasPrefix(step, "{") {
			request.SetPathValue(strings.Trim(step, "{}"), given[i])
		}
	}
	return &Call{Request: request, Command: &cartcore.Command{}, Credentials: &cartcore.Credentials{}, Body: []byte(body), Options: map[string]string{}, Limits: &cartcore.Limits{MaxLines: 500, MaxQuantityPerLine: 10000}}
}

// decodedBy decodes a call by the route of its pattern.
func decodedBy(t *testing.T, adapter *Adapter, pattern string, call *Call) *cartcore.Error {
	t.Helper()
	for _, route := range adapter.Routes {
		if route.Pattern == pattern {
			return route.Decode(call)
		}
	}
	t.Fatalf("%s has no route %s", adapter.Name, pattern)
	return nil
}

func TestShopPrintsEveryRefusal(t *testing.T) {
	if len(shopRefusals) != len(cartcore.Kinds()) {
		t.Errorf("the table has %d rows, there are %d kinds", len(shopRefusals), len(cartcore.Kinds()))
	}
	checkRefusals(t, "testdata/shop-refusals.txt", func(refused *cartcore.Error) *Answer {
		return shopFail(&Call{Credentials: &cartcore.Credentials{}}, refused)
	})
}

func TestShopWordsEveryProblem(t *testing.T) {
	want := map[cartcore.Problem]string{
		cartcore.ProblemMissing:    "The quantity field is required.",
		cartcore.ProblemNull:       "The quantity must be an integer.",
		cartcore.ProblemBlank:      "The quantity field is required.",
		cartcore.ProblemNotInteger: "The quantity must be an integer.",
		cartcore.ProblemNotText:    "The quantity format is invalid.",
		cartcore.ProblemNotObject:  "The quantity must be an object.",
		cartcore.ProblemNotArray:   "The quantity format is invalid.",
		cartcore.ProblemTooSmall:   "The quantity must be at least 3.",
		cartcore.ProblemTooLarge:   "The quantity must not be greater than 3.",
		cartcore.ProblemTooLong:    "The quantity must not be longer than 3 bytes.",
		cartcore.ProblemZero:       "The quantity format is invalid.",
		cartcore.ProblemNotValid:   "The quantity format is invalid.",
	}
	for problem := cartcore.ProblemMissing; problem <= cartcore.ProblemNotValid; problem++ {
		if got := shopFieldText(cartcore.FieldError{Field: "quantity", Problem: problem, Value: `"2"`, Limit: 3}); got != want[problem] {
			t.Errorf("problem %d is %q, want %q", problem, got, want[problem])
		}
	}
}

func TestShopNamesEveryFieldOnce(t *testing.T) {
	answer := shopFail(&Call{Credentials: &cartcore.Credentials{}}, &cartcore.Error{Kind: cartcore.KindInvalid, Fields: []cartcore.FieldError{
		{Field: "quantity", Problem: cartcore.ProblemMissing}, {Field: "options", Problem: cartcore.ProblemNotObject}, {Problem: cartcore.ProblemNotObject},
	}})
	const want = `{"success":false,"message":"The given data was invalid","errors":{"body":["The body must be an object."],"options":["The options must be an object."],"quantity":["The quantity field is required."]}}`
	if answer.Status != 422 || string(answer.Body) != want {
		t.Errorf("got %d %s", answer.Status, answer.Body)
	}
}

func TestShopReadsRequestsIntoCommands(t *testing.T) {
	const add, set, remove, clear, read = "POST /api/v1/shop/cart/{sku}", "PUT /api/v1/shop/cart/{sku}", "DELETE /api/v1/shop/cart/{sku}", "DELETE /api/v1/shop/cart", "GET /api/v1/shop/cart"
	shirt := cartcore.Ask{Item: cartcore.ItemRef{SKU: "SHIRT"}, Named: "SHIRT"}
	with := func(ask cartcore.Ask, quantity int64, rule cartcore.OptionRule, options ...cartcore.Option) []*cartcore.Ask {
		ask.Quantity, ask.OptionRule = quantity, rule
		if options != nil {
			ask.Options = options
		}
		return []*cartcore.Ask{&ask}
	}
	tests := []struct {
		name, pattern, target, body string
		want                        cartcore.Command
	}{
		{"a read asks for nothing", read, "/api/v1/shop/cart", "", cartcore.Command{}},
		{"a clear names no item", clear, "/api/v1/shop/cart", "", cartcore.Command{Verb: cartcore.Clear}},
		{"a removal names the SKU of the path", remove, "/api/v1/shop/cart/SHIRT", "", cartcore.Command{Verb: cartcore.Remove, Asks: []*cartcore.Ask{&shirt}}},
		{"an add caps and lays options over", add, "/api/v1/shop/cart/SHIRT", `{"quantity":2,"options":{"b":1,"a":[2]}}`,
			cartcore.Command{Verb: cartcore.Add, Asks: with(shirt, 2, cartcore.OptionsMerge, cartcore.Option{Name: "b", Value: "1"}, cartcore.Option{Name: "a", Value: "[2]"})}},
		{"an add of options alone adds one", add, "/api/v1/shop/cart/SHIRT", `{"options":{"a":1}}`,
			cartcore.Command{Verb: cartcore.Add, Asks: with(shirt, 1, cartcore.OptionsMerge, cartcore.Option{Name: "a", Value: "1"})}},
		{"an update without options keeps them", set, "/api/v1/shop/cart/SHIRT", `{"quantity":0}`,
			cartcore.Command{Verb: cartcore.Set, Asks: with(shirt, 0, cartcore.OptionsKeep)}},
		{"an update with options replaces them", set, "/api/v1/shop/cart/SHIRT", `{"quantity":3,"options":{"a": "x y" }}`,
			cartcore.Command{Verb: cartcore.Set, Asks: with(shirt, 3, cartcore.OptionsReplace, cartcore.Option{Name: "a", Value: `"x y"`})}},
		{"a SKU is read unescaped", remove, "/api/v1/shop/cart/SH%20IRT", "",
			cartcore.Command{Verb: cartcore.Remove, Asks: []*cartcore.Ask{{Item: cartcore.ItemRef{SKU: "SH IRT"}, Named: "SH IRT"}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			call := callTo(t, test.pattern, test.target, test.body, nil)
			if err := decodedBy(t, shop(), test.pattern, call); err != nil {
				t.Fatal(err.Error())
			}
			if !reflect.DeepEqual(*call.Command, test.want) {
				t.Errorf("got  %+v\nwant %+v", call.Command, test.want)
			}
		})
	}
}

func TestShopReadsWhoAsks(t *testing.T) {
	tests := []struct {
		name   string
		header map[string]string
		want   cartcore.Credentials
	}{
		{"nobody shows anything", nil, cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey}},
		{"a key, a token and a guest id stand in three headers",
			map[string]string{"X-API-Key": "k", "Authorization": "Bearer t", "X-Cart-ID": "guest_g"},
			cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "k", Token: "t", Guest: "guest_g"}},
		{"another scheme holds no token", map[string]string{"Authorization": "Basic t"}, cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, route := range shop().Routes {
				call := callTo(t, route.Pattern, "/api/v1/shop/cart/SHIRT", `{"quantity":1}`, test.header)
				if err := route.Decode(call); err != nil {
					t.Fatal(err.Error())
				}
				if *call.Credentials != test.want {
					t.Errorf("%s: got %+v, want %+v", route.Pattern, call.Credentials, test.want)
				}
			}
		})
	}
}

func TestShopKnowsWhoAsksEvenWhenItRefusesTheFields(t *testing.T) {
	for _, body := range []string{"{", "[]", `{"quantity":"x"}`, `{"quantity":1,"options":1}`} {
		call := callTo(t, "POST /api/v1/shop/cart/{sku}", "/api/v1/shop/cart/SHIRT", body, map[string]string{"X-API-Key": "k"})
		if err := shopAdd(call); err == nil || call.Credentials.APIKey != "k" {
			t.Errorf("%s: got %v with %+v", body, err, call.Credentials)
		}
	}
}

func TestAPathValueTooLongToNameAnythingIsCut(t *testing.T) {
	call := callTo(t, "DELETE /api/v1/shop/cart/{sku}", "/api/v1/shop/cart/"+strings.Repeat("A", 100000), "", nil)
	if err := shopRemove(call); err != nil {
		t.Fatal(err.Error())
	}
	if got := len(call.Command.Asks[0].Named); got != maxPathBytes {
		t.Errorf("an item of 100000 bytes is named in %d", got)
	}
}

func TestShopPrintsAnItem(t *testing.T) {
	line := cartcore.Line{SKU: "SHIRT", Quantity: 2, Options: []cartcore.Option{{Name: "size", Value: `"L"`}}}
	replaced := line
	replaced.OptionsReplaced = true
	facts := map[string]string{"options": `{"code":"shirt","size":null}`, "meta": `[{"meta_key":"cover"}]`}
	tests := []struct {
		name                 string
		item                 cartcore.Item
		line                 cartcore.Line
		stock                int64
		options, meta, price string
	}{
		{"the client's options lie over the product's own, at their place", cartcore.Item{Active: true, TrackStock: true, Stock: 7, Price: 1990, Attributes: facts}, line, 7, `{"code":"shirt","size":"L"}`, `[{"meta_key":"cover"}]`, "19.9"},
		{"after an update the client's options stand alone", cartcore.Item{Active: true, TrackStock: true, Stock: 7, Price: 11000, Attributes: facts}, replaced, 7, `{"size":"L"}`, `[{"meta_key":"cover"}]`, "110"},
		{"a product without facts has the client's options", cartcore.Item{Active: true, TrackStock: true, Stock: 7}, line, 7, `{"size":"L"}`, `[]`, "0"},
		{"facts of another type count as none", cartcore.Item{Active: true, TrackStock: true, Attributes: map[string]string{"options": `"x"`, "meta": `{}`}}, line, 0, `{"size":"L"}`, `[]`, "0"},
		{"stock that is not counted shows what one line can have", cartcore.Item{Active: true}, line, 10000, `{"size":"L"}`, `[]`, "0"},
		{"what is no longer sold has no stock, counted or not", cartcore.Item{Stock: 7}, line, 0, `{"size":"L"}`, `[]`, "0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			call := &Call{Limits: &cartcore.Limits{MaxQuantityPerLine: 10000}}
			got := shopItemOf(call, &cartcore.PricedLine{Line: &test.line, Item: &test.item, Total: 2 * test.item.Price}, 2)
			if got.Stock != test.stock || string(got.Options) != test.options || string(got.Meta) != test.meta || got.Price.String() != test.price {
				t.Errorf("got stock %d, options %s, meta %s, price %s", got.Stock, got.Options, got.Meta, got.Price)
			}
		})
	}
}

func TestShopGuestIDsAreOfTheSeedsForm(t *testing.T) {
	if got := shopGuest("763d13695bb8f745ee4d4612126bcdb8"); got != "guest_763d1369-5bb8-4745-ae4d-4612126bcdb8" {
		t.Errorf("got %s", got)
	}
}
