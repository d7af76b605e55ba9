// Package hostile holds the shop to three promises: only the owner sees or changes a cart, a guest's token is the shop's own and
// nobody can guess it, and a client sets nothing that only the shop may set. The requests are generated from the dialects'
// route tables, so that a new route takes part or fails the tests, and are sent to a handler that the caller opens: the
// plugin compiled, or in the interpreter.
package hostile

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/polycart/polycart/adapters"
)

// Recipe says how a request of one route is made. The path is the route's pattern; what stands in braces in pattern,
// query and body is filled in by name (see values).
type Recipe struct {
	Query string
	Body  string
	Names string   // the item that is named: lamp, cable or mug; empty: lamp
	Takes []string // names that the route reads beside those of Query and Body
	Apart bool     // no cart counts: the route tells of the catalogue or of subscriptions
	Signs bool     // only a customer can send it, where others of the dialect are for guests too
	Owns  bool     // a server sends it, with the shop's secret key
}

// recipes has a Recipe for every route of every dialect. A request that can put an item into a cart names the cable, so that
// the lamp is in no cart but those that are attacked; one that changes what is there names the lamp.
var recipes = map[string]Recipe{
	"agent GET /{domain}/agent/cart/get":      {Query: "session_id={guest}"},
	"agent GET /{domain}/agent/cart/view":     {Query: "session_id={guest}"},
	"agent GET /{domain}/agents/cart/get":     {Query: "session_id={guest}"},
	"agent GET /{domain}/agents/cart/view":    {Query: "session_id={guest}"},
	"agent POST /{domain}/agent/cart/add":     {Body: `{"session_id":"{guest}","product_id":"{product}","quantity":2}`, Names: "cable"},
	"agent POST /{domain}/agents/cart/add":    {Body: `{"session_id":"{guest}","product_id":"{product}","quantity":2}`, Names: "cable"},
	"agent POST /{domain}/agent/cart/delete":  {Body: `{"session_id":"{guest}","product_id":"{product}"}`},
	"agent POST /{domain}/agents/cart/delete": {Body: `{"session_id":"{guest}","product_id":"{product}"}`},

	"shop GET /api/v1/shop/cart":          {},
	"shop POST /api/v1/shop/cart/{sku}":   {Body: `{"quantity":2,"options":{"engraving":"none"}}`, Names: "cable"},
	"shop PUT /api/v1/shop/cart/{sku}":    {Body: `{"quantity":2,"options":{"engraving":"none"}}`},
	"shop DELETE /api/v1/shop/cart/{sku}": {},
	"shop DELETE /api/v1/shop/cart":       {},

	"itemkey GET /api/v1/cart/{$}":          {},
	"itemkey POST /api/v1/cart/{$}":         {Body: `{"variant_sku":"{sku}","quantity":2}`, Names: "cable"},
	"itemkey DELETE /api/v1/cart/{$}":       {},
	"itemkey PUT /api/v1/cart/items/{$}":    {Body: `{"item_key":"{itemKey}","quantity":2}`},
	"itemkey DELETE /api/v1/cart/items/{$}": {Body: `{"item_key":"{itemKey}"}`},

	"vesuvio GET /api/v1/sdk/cart/{storeId}":                                       {},
	"vesuvio POST /api/v1/sdk/cart/store/{storeId}/item":                           {Body: `{"externalProductId":"{product}","externalVariantId":"{variant}","quantity":2}`, Names: "cable"},
	"vesuvio PUT /api/v1/sdk/cart/store/{storeId}/item":                            {Body: `{"cartItemId":"{cartItemId}","quantity":2}`},
	"vesuvio DELETE /api/v1/sdk/cart/store/{storeId}/item/{cartItemId}":            {},
	"vesuvio DELETE /api/v1/sdk/cart/store/{storeId}":                              {},
	"vesuvio GET /api/v1/customers/{customerId}/cart":                              {Owns: true},
	"vesuvio POST /api/v1/sdk/cart/store/{storeId}/availability":                   {Body: `{"externalProductId":"{product}","externalVariantId":"{variant}","quantity":2}`, Names: "mug", Apart: true},
	"vesuvio POST /api/v1/sdk/cart/store/{storeId}/availability-with-subscription": {Body: `{"externalProductId":"{product}","externalVariantId":"{variant}","quantity":2}`, Names: "mug", Apart: true},
	"vesuvio POST /api/v1/sdk/cart/store/{storeId}/finish":                         {},
	"vesuvio POST /api/v1/sdk/cart/store/{storeId}/back-in-stock-subscription":     {Body: `{"externalProductId":"{product}","externalVariantId":"{variant}"}`, Names: "mug", Apart: true},
	"vesuvio DELETE /api/v1/sdk/cart/store/{storeId}/back-in-stock-subscription":   {Body: `{"externalProductId":"{product}","externalVariantId":"{variant}"}`, Names: "mug", Apart: true},
	"vesuvio POST /api/v1/sdk/cart/store/{storeId}/items/bulk":                     {Body: `{"items":[{"externalProductId":"{product}","externalVariantId":"{variant}","quantity":2}]}`, Names: "cable"},
	"vesuvio PUT /api/v1/sdk/cart/store/{storeId}/items/bulk":                      {Body: `{"items":[{"cartItemId":"{cartItemId}","quantity":2}]}`},
	"vesuvio DELETE /api/v1/sdk/cart/store/{storeId}/items/bulk":                   {Body: `{"cartItemIds":["{cartItemId}"]}`},

	"fabric POST /api-cart/cart/item":                        {Body: `{"cartId":"{cartId}","items":[{"itemId":{number},"quantity":2,"price":{"sale":0,"base":0.5}}]}`, Names: "cable", Takes: []string{"userAuthToken", "group", "priceListId"}},
	"fabric GET /api-cart/cart":                              {Query: "cartId={cartId}", Takes: []string{"userAuthToken"}},
	"fabric PATCH /api-cart/cart/{cartId}/items":             {Body: `{"items":[{"lineItemId":{lineItemId},"itemId":{number},"quantity":2}]}`, Takes: []string{"userAuthToken", "group", "price"}},
	"fabric PATCH /api-cart/cart/{cartId}/item/{lineItemId}": {},
	"fabric PATCH /api-cart/cart/{cartId}/empty":             {},
	"fabric PATCH /api-cart/cart/merge":                      {Body: `{"guestCartId":"{guest}"}`, Takes: []string{"userAuthToken"}, Signs: true},
	"fabric DELETE /api-cart/cart/{cartId}":                  {Body: `{"orderNumber":"N-1"}`, Takes: []string{"userAuthToken"}},
	"fabric PATCH /api-cart/cart/{cartId}/orderNumber":       {Body: `{"orderNumber":"N-1"}`, Takes: []string{"userAuthToken"}},
}

// Step is a route with its recipe.
type Step struct {
	Dialect string
	Pattern string
	Reads   bool
	Recipe
}

// Steps is the route tables of every dialect with their recipes. The error names a route without a recipe and a recipe
// without a route: who adds a route says here how it is attacked.
func Steps() ([]Step, error) {
	steps, known := []Step{}, map[string]bool{}
	for _, adapter := range adapters.All() {
		words := dialects[adapter.Name]
		if words == nil || (words.token == nil) != (adapter.Guest == nil) {
			return nil, fmt.Errorf("nothing says how the dialect %s shows who asks, and the tokens that it issues: add it to dialects in internal/hostile", adapter.Name)
		}
		for _, route := range adapter.Routes {
			name := adapter.Name + " " + route.Pattern
			recipe, found := recipes[name]
			if !found {
				return nil, fmt.Errorf("the route %q has no recipe: add one to recipes in internal/hostile", name)
			}
			if recipe.Body != "" && route.Body == adapters.NoBody {
				return nil, fmt.Errorf("the recipe of %q has a body, which the route does not read", name)
			}
			known[name] = true
			steps = append(steps, Step{adapter.Name, route.Pattern, strings.HasPrefix(route.Pattern, "GET "), recipe})
		}
	}
	for name := range recipes {
		if !known[name] {
			return nil, fmt.Errorf("the recipe of %q is for a route that no dialect has", name)
		}
	}
	return steps, nil
}

// Shown is what a request shows: who asks, and which cart, line or customer is meant.
type Shown struct {
	Shop     *Shop
	Key      string // API key; empty: none
	Token    string // customer token
	Guest    string // guest token; in fabric the cart that is named
	Cart     string // fabric: the cart that is named, where it is not Guest
	Customer string // vesuvio: the customer whose cart a server asks for
	Line     string // vesuvio: cartItemId
	Number   string // fabric: lineItemId
	Header   http.Header
}

// values are what can stand in braces in a pattern, a query or a body.
func values(step *Step, s *Shown) map[string]string {
	item := items[step.Names]
	guest, cart := s.Guest, s.Cart
	if cart == "" {
		cart = s.Guest
	}
	if guest == "" {
		guest = s.Cart
	}
	if dialects[step.Dialect].session && s.Token != "" { // then the session is the token
		guest = s.Token
	}
	return map[string]string{
		"domain": s.Shop.Domain, "storeId": s.Shop.Store, "guest": guest, "cartId": cart, "customerId": s.Customer,
		"cartItemId": s.Line, "lineItemId": s.Number,
		"sku": item.SKU, "product": item.Product, "variant": item.Variant, "number": item.Number, "itemKey": item.Key, "$": "",
	}
}

// brace is a name in braces.
var brace = regexp.MustCompile(`\{[A-Za-z$]+\}`)

// filled is a template with the values in it, each written as the place needs it. It panics at a name that values lacks.
func filled(template string, values map[string]string, written func(string) string) string {
	return brace.ReplaceAllStringFunc(template, func(name string) string {
		value, known := values[name[1:len(name)-1]]
		if !known {
			panic("internal/hostile: nothing fills in " + name + " of " + template)
		}
		return written(value)
	})
}

// Request makes the request of a step. Every call makes a new one.
func Request(step *Step, s *Shown) *http.Request {
	filling := values(step, s)
	return requestWith(step, s, filled(step.Query, filling, url.QueryEscape), bodyOf(step, s))
}

// bodyOf is the body of a step's request, as JSON text.
func bodyOf(step *Step, s *Shown) string {
	return filled(step.Body, values(step, s), inText)
}

func requestWith(step *Step, s *Shown, query, body string) *http.Request {
	method, path, _ := strings.Cut(step.Pattern, " ")
	target := filled(path, values(step, s), url.PathEscape)
	if query != "" {
		target += "?" + query
	}
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	dialects[step.Dialect].dress(r, s)
	for name, sent := range s.Header {
		r.Header[name] = slices.Clone(sent)
	}
	return r
}

// inText is a value as it stands within the quotes of a JSON text.
func inText(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // json.Marshal of a string has no error to give
	}
	return string(text[1 : len(text)-1])
}
