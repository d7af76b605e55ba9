// Package callers are customers who each speak one of the five dialects, for tests that break something: they put one
// unit of the demo's Complete Kit into their cart, count what is there, and know what their dialect says when nothing works.
package callers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/polycart/polycart/internal/transcript"
)

// SKU is the item that every caller asks for: the demo has 1,000 of it, and every attribute that a dialect wants.
const SKU = "CK-SDS001"

// Caller is one customer in one dialect.
type Caller struct {
	Dialect string
	down    map[int]string // what the dialect says, by status, when nothing works
	first   wire           // puts a unit into a cart without the item
	add     wire           // puts a unit more
	read    wire
	units   func(body []byte) (int64, error)
	header  []string
}

type wire struct{ method, path, body string }

// All are the callers of one customer, in each dialect one. token is a customer token of the demo.
func All(token string) []Caller {
	bearer := []string{"Authorization", "Bearer " + token}
	const agent, vesuvio = "/store-alpha/agent/cart/", "/api/v1/sdk/cart/"
	const store = "a3f2b1c0-1234-5678-90ab-cdef12345678"
	const itemkey = "prod1_CK-SDS001_dflt"
	all := []Caller{
		{
			Dialect: "agent", header: bearer,
			down: map[int]string{
				500: `{"error":"Internal server error","status_code":500}`,
				503: `{"error":"Service temporarily unavailable","status_code":503}`,
			},
			add:  wire{"POST", agent + "add", `{"product_id":"prod_1","quantity":1}`},
			read: wire{"GET", agent + "get", ""},
			units: func(body []byte) (int64, error) {
				rows := []struct{ Quantity int64 }{}
				err := json.Unmarshal(body, &rows)
				sum := int64(0)
				for _, row := range rows {
					sum += row.Quantity
				}
				return sum, err
			},
		},
		{
			Dialect: "shop", header: append([]string{"X-API-Key", "123456789"}, bearer...),
			down: map[int]string{
				500: `{"success":false,"message":"Server Error"}`,
				503: `{"success":false,"message":"Service Unavailable"}`,
			},
			add:  wire{"POST", "/api/v1/shop/cart/" + SKU, `{"quantity":1}`},
			read: wire{"GET", "/api/v1/shop/cart", ""},
			units: func(body []byte) (int64, error) {
				answer := struct {
					Data struct {
						Cart struct {
							Units int64 `json:"items_quantity"`
						} `json:"cart_data"`
					}
				}{}
				err := json.Unmarshal(body, &answer)
				return answer.Data.Cart.Units, err
			},
		},
		{
			Dialect: "itemkey", header: bearer,
			down: map[int]string{
				500: `{"detail":"A server error occurred."}`,
				503: `{"detail":"Service temporarily unavailable, try again later."}`,
			},
			first: wire{"POST", "/api/v1/cart/", `{"variant_sku":"` + SKU + `","quantity":1}`},
			add:   wire{"PUT", "/api/v1/cart/items/", `{"item_key":"` + itemkey + `","quantity":1}`},
			read:  wire{"GET", "/api/v1/cart/", ""},
			units: func(body []byte) (int64, error) {
				answer := struct{ Count int64 }{}
				err := json.Unmarshal(body, &answer)
				return answer.Count, err
			},
		},
		{
			Dialect: "vesuvio", header: bearer,
			down: map[int]string{
				500: `{"success":false,"message":"Internal server error","errorCode":"INTERNAL_ERROR"}`,
				503: `{"success":false,"message":"Service temporarily unavailable","errorCode":"SERVICE_UNAVAILABLE"}`,
			},
			add:  wire{"POST", vesuvio + "store/" + store + "/item", `{"externalProductId":"ext_1","externalVariantId":"ext_1_1","quantity":1}`},
			read: wire{"GET", vesuvio + store, ""},
			units: func(body []byte) (int64, error) {
				answer := struct {
					Data struct{ TotalItems int64 }
				}{}
				err := json.Unmarshal(body, &answer)
				return answer.Data.TotalItems, err
			},
		},
		{
			Dialect: "fabric", header: append([]string{"x-site-context", `{"account":"5f493c9f30ec2a0007a94fc8"}`}, bearer...),
			down: map[int]string{
				500: `{"code":"INTERNAL_SERVER_ERROR","message":"Internal server error"}`,
				503: `{"code":"SERVICE_UNAVAILABLE","message":"Service temporarily unavailable"}`,
			},
			add:  wire{"POST", "/api-cart/cart/item", `{"cartId":null,"items":[{"itemId":1001,"quantity":1}]}`},
			read: wire{"GET", "/api-cart/cart", ""},
			units: func(body []byte) (int64, error) {
				answer := struct{ Quantity int64 }{}
				err := json.Unmarshal(body, &answer)
				return answer.Quantity, err
			},
		},
	}
	for i := range all {
		if all[i].first.method == "" {
			all[i].first = all[i].add
		}
	}
	return all
}

// Answer is what a caller was answered.
type Answer struct {
	Status int
	Body   string
}

// First puts a unit into a cart that has none of the item.
func (c *Caller) First(level transcript.Level) (Answer, error) { return c.send(level, c.first) }

// Add puts a unit more into the cart.
func (c *Caller) Add(level transcript.Level) (Answer, error) { return c.send(level, c.add) }

// Read reads the cart.
func (c *Caller) Read(level transcript.Level) (Answer, error) { return c.send(level, c.read) }

// Units reads the cart and counts the units in it.
func (c *Caller) Units(level transcript.Level) (int64, error) {
	answer, err := c.Read(level)
	if err != nil {
		return 0, err
	}
	return c.Count(answer)
}

// Count counts the units in a cart that was read. A cart that does not exist has none.
func (c *Caller) Count(answer Answer) (int64, error) {
	if answer.Status == http.StatusNotFound {
		return 0, nil
	}
	if answer.Status != http.StatusOK {
		return 0, fmt.Errorf("%s: reading the cart: %d %s", c.Dialect, answer.Status, answer.Body)
	}
	units, err := c.units([]byte(answer.Body))
	if err != nil {
		return 0, fmt.Errorf("%s: reading the cart: %w: %s", c.Dialect, err, answer.Body)
	}
	return units, nil
}

// Down is what the dialect says, in its own form, with a status that is no fault of the caller's: 500 or 503.
func (c *Caller) Down(status int) Answer { return Answer{Status: status, Body: c.down[status]} }

func (c *Caller) request(w wire) *http.Request {
	request, err := http.NewRequest(w.method, "http://127.0.0.1"+w.path, strings.NewReader(w.body))
	if err != nil {
		panic(err) // a path of this file is no path
	}
	if w.body == "" {
		request.Body = http.NoBody
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(c.header); i += 2 {
		request.Header.Set(c.header[i], c.header[i+1])
	}
	return request
}

func (c *Caller) send(level transcript.Level, w wire) (Answer, error) {
	response, err := level(c.request(w))
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %s %s: %w", c.Dialect, w.method, w.path, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %s %s: reading the answer: %w", c.Dialect, w.method, w.path, err)
	}
	return Answer{Status: response.StatusCode, Body: string(body)}, nil
}
