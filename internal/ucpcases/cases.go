// Package ucpcases is what the room ucp promises, compiled and interpreted: what each answer of a cart service comes to, which
// items it says are not sold, and what is asked of it.
package ucpcases

import (
	"fmt"
	"strings"
)

// Cart is the smallest cart that the protocol allows, but for its one line.
const Cart = `{"ucp":{"version":"2026-04-08"},"id":"cart_abc123","line_items":[` + Line + `],"currency":"USD",` +
	`"totals":[{"type":"subtotal","amount":5000},{"type":"total","amount":5000}]}`

// Line is the line of Cart.
const Line = `{"id":"li_1","item":{"id":"item_123","title":"Red T-Shirt","price":2500},"quantity":2,` +
	`"totals":[{"type":"subtotal","amount":5000},{"type":"total","amount":5000}]}`

// toldCart is what Cart comes to.
const toldCart = "cart cart_abc123 5000 \nli_1< item_123 Red T-Shirt  2 x 2500 = 5000"

// changed is Cart with one text, which it must hold once, in place of another.
func changed(was, is string) string {
	if strings.Count(Cart, was) != 1 {
		panic("the cart does not have once " + was)
	}
	return strings.Replace(Cart, was, is, 1)
}

// failed is the answer that a service gives with 200 where it did nothing.
func failed(messages ...string) string {
	return `{"ucp":{"version":"2026-04-08","status":"error"},"messages":[` + strings.Join(messages, ",") + `]}`
}

// warned is Cart with messages.
func warned(messages ...string) string {
	return changed(`"currency"`, `"messages":[`+strings.Join(messages, ",")+`],"currency"`)
}

// about is a message; an empty path is left out.
func about(kind, code, path, content string) string {
	at := ""
	if path != "" {
		at = fmt.Sprintf(`"path":%q,`, path)
	}
	return fmt.Sprintf(`{"type":%q,"code":%q,%s"content":%q,"severity":"recoverable"}`, kind, code, at, content)
}

const (
	unusable = "unsure: the cart service answered 200 with a cart that cannot be used: "
	notFound = `{"type":"error","code":"not_found","content":"Cart not found or has expired","severity":"unrecoverable"}`
)

// Answers are answers of a cart service, and what Told must say of each.
var Answers = []struct {
	Name   string
	Status int
	Tag    string
	Body   string
	Want   string
}{
	{"the smallest cart", 200, "", Cart, toldCart},
	{"a cart just made", 201, "", Cart, toldCart},
	{"a success that says so", 200, "", changed(`"2026-04-08"`, `"2026-04-08","status":"success"`), toldCart},
	{"an empty cart", 200, "", strings.Replace(Cart, Line, "", 1), "cart cart_abc123 5000 "},
	{"every field of a line", 200, "", changed(`"quantity":2`, `"parent_id":"li_0","quantity":2`), "cart cart_abc123 5000 \nli_1<li_0 item_123 Red T-Shirt  2 x 2500 = 5000"},
	{"a picture", 200, "", changed(`"price"`, `"image_url":"https://shop.example/a.jpg","price"`), "cart cart_abc123 5000 \nli_1< item_123 Red T-Shirt https://shop.example/a.jpg 2 x 2500 = 5000"},
	{"two lines of one item", 200, "", changed(Line, Line+`,{"id":"li_2","item":{"id":"item_123","price":2500},"quantity":1,"totals":[]}`), toldCart + "\nli_2< item_123   1 x 2500 = 2500"},
	{"text that needs escaping", 200, "", changed("Red T-Shirt", `<é> \"\u2028\"`), "cart cart_abc123 5000 \nli_1< item_123 <é> \"\u2028\"  2 x 2500 = 5000"},
	{"an id that needs escaping", 200, "", changed("cart_abc123", "gid://a/Cart/1?k=ü"), strings.Replace(toldCart, "cart_abc123", "gid://a/Cart/1?k=ü", 1)},
	{"a cart for nothing", 200, "", changed(`"price":2500`, `"price":0`), strings.Replace(toldCart, "x 2500", "x 0", 1)},

	// Totals. Those of a line may be missing, and discounts are not ours to count.
	{"a line without totals", 200, "", changed(`"quantity":2,"totals":[{"type":"subtotal","amount":5000},{"type":"total","amount":5000}]`, `"quantity":2`), toldCart},
	{"a line with a total alone", 200, "", changed(`2,"totals":[{"type":"subtotal","amount":5000}`, `2,"totals":[{"type":"tax","amount":7}`), toldCart},
	{"a line with a subtotal of its own", 200, "", changed(`2,"totals":[{"type":"subtotal","amount":5000}`, `2,"totals":[{"type":"items_discount","amount":-9},{"type":"subtotal","amount":4999}`), strings.Replace(toldCart, "= 5000", "= 4999", 1)},
	{"taxes and discounts of the cart", 200, "", changed(`"USD","totals":[`, `"USD","totals":[{"type":"discount","amount":-500},{"type":"tax","amount":900},`), toldCart},
	{"no totals", 200, "", changed(`"USD","totals"`, `"USD","x"`), unusable + "/totals has no subtotal"},
	{"no subtotal", 200, "", changed(`"USD","totals":[{"type":"subtotal"`, `"USD","totals":[{"type":"fee"`), unusable + "/totals has no subtotal"},
	{"a subtotal without amount", 200, "", changed(`"USD","totals":[{"type":"subtotal","amount":5000}`, `"USD","totals":[{"type":"subtotal"}`), unusable + "/totals has no subtotal"},
	{"a negative subtotal", 200, "", changed(`"USD","totals":[{"type":"subtotal","amount":5000}`, `"USD","totals":[{"type":"subtotal","amount":-1}`), unusable + "/totals: the subtotal is -1; it must be from 0 to 9007199254740991"},
	{"the largest subtotal", 200, "", changed(`"USD","totals":[{"type":"subtotal","amount":5000}`, `"USD","totals":[{"type":"subtotal","amount":9007199254740991}`), strings.Replace(toldCart, " 5000 ", " 9007199254740991 ", 1)},
	{"a subtotal past every bound", 200, "", changed(`"USD","totals":[{"type":"subtotal","amount":5000}`, `"USD","totals":[{"type":"subtotal","amount":9007199254740992}`), unusable + "/totals: the subtotal is 9007199254740992; it must be from 0 to 9007199254740991"},
	{"a negative subtotal of a line", 200, "", changed(`2,"totals":[{"type":"subtotal","amount":5000}`, `2,"totals":[{"type":"subtotal","amount":-5}`), unusable + "/line_items/0/totals: the subtotal is -5; it must be from 0 to 9007199254740991"},
	{"a price times a quantity past every bound", 200, "", changed(`"price":2500},"quantity":2,"totals":[{"type":"subtotal","amount":5000}`, `"price":4503599627370496},"quantity":2,"totals":[{"type":"fee","amount":5000}`), unusable + "/line_items/0/totals has no subtotal, and the price 4503599627370496 times the quantity 2 passes 9007199254740991"},
	{"lines that together pass every bound in units", 200, "", changed(Line, Line+`,{"id":"li_2","item":{"id":"b","price":0},"quantity":9007199254740991}`), unusable + "/line_items: they come to 9007199254740993 units for 5000; both must be at most 9007199254740991"},
	{"lines that together pass every bound in money", 200, "", changed(Line, Line+`,{"id":"li_2","item":{"id":"b","price":9007199254740991},"quantity":1}`), unusable + "/line_items: they come to 3 units for 9007199254745991; both must be at most 9007199254740991"},

	// Numbers in other forms are refused: what a float lost on its way nobody can tell.
	{"a quantity with decimals", 200, "", changed(`"quantity":2`, `"quantity":2.0`), `unsure: the cart service answered 200 with a /line_items/quantity that is not a whole number of at most 64 bits but a JSON number: "\"title\":\"Red T-Shirt\",\"price\":2500},\"quantity\":2.0"`},
	{"a quantity as text", 200, "", changed(`"quantity":2`, `"quantity":"2"`), `unsure: the cart service answered 200 with a /line_items/quantity that is not a whole number of at most 64 bits but a JSON string: "\"title\":\"Red T-Shirt\",\"price\":2500},\"quantity\":\"2\""`},
	{"a price with an exponent", 200, "", changed(`"price":2500`, `"price":1e3`), `unsure: the cart service answered 200 with a /line_items/item/price that is not a whole number of at most 64 bits but a JSON number: "{\"id\":\"item_123\",\"title\":\"Red T-Shirt\",\"price\":1e3"`},
	{"an amount that no integer holds", 200, "", changed(`"USD","totals":[{"type":"subtotal","amount":5000}`, `"USD","totals":[{"type":"subtotal","amount":99999999999999999999}`), `unsure: the cart service answered 200 with a /totals/amount that is not a whole number of at most 64 bits but a JSON number: ":[{\"type\":\"subtotal\",\"amount\":99999999999999999999"`},
	{"a number longer than a log wants", 200, "", changed(`"price":2500`, `"price":`+strings.Repeat("9", 3000)), `unsure: the cart service answered 200 with a /line_items/item/price that is not a whole number of at most 64 bits but a JSON number: "` + strings.Repeat("9", 50) + `"`},
	{"a quantity of none", 200, "", changed(`"quantity":2`, `"quantity":0`), unusable + "/line_items/0/quantity is 0; it must be from 1 to 9007199254740991"},
	{"a negative quantity", 200, "", changed(`"quantity":2`, `"quantity":-3`), unusable + "/line_items/0/quantity is -3; it must be from 1 to 9007199254740991"},
	{"no quantity", 200, "", changed(`"quantity":2,`, ""), unusable + "/line_items/0/quantity is 0; it must be from 1 to 9007199254740991"},
	{"a quantity past every bound", 200, "", changed(`"quantity":2`, `"quantity":9007199254740992`), unusable + "/line_items/0/quantity is 9007199254740992; it must be from 1 to 9007199254740991"},
	{"a negative price", 200, "", changed(`"price":2500`, `"price":-1`), unusable + "/line_items/0/item/price is -1; it must be from 0 to 9007199254740991"},
	{"no price", 200, "", changed(`,"price":2500`, ""), unusable + "/line_items/0/item/price is missing"},
	{"a price of null", 200, "", changed(`"price":2500`, `"price":null`), unusable + "/line_items/0/item/price is missing"},
	{"a price past every bound", 200, "", changed(`"price":2500`, `"price":9007199254740992`), unusable + "/line_items/0/item/price is 9007199254740992; it must be from 0 to 9007199254740991"},

	// Names, which stand in paths or are kept.
	{"no id", 200, "", changed(`"id":"cart_abc123",`, ""), unusable + `/id is ""; it must have 1 to 255 bytes and name a path`},
	{"an id that is the folder itself", 200, "", changed("cart_abc123", "."), unusable + `/id is "."; it must have 1 to 255 bytes and name a path`},
	{"an id that is the folder above", 200, "", changed("cart_abc123", ".."), unusable + `/id is ".."; it must have 1 to 255 bytes and name a path`},
	{"the longest id", 200, "", changed("cart_abc123", strings.Repeat("c", 255)), strings.Replace(toldCart, "cart_abc123", strings.Repeat("c", 255), 1)},
	{"an id too long", 200, "", changed("cart_abc123", strings.Repeat("c", 256)), unusable + `/id is "` + strings.Repeat("c", 60) + `…"; it must have 1 to 255 bytes and name a path`},
	{"an id that is a number", 200, "", changed(`"cart_abc123"`, "7"), `unsure: the cart service answered 200 with a /id that is not text but a JSON number: "{\"ucp\":{\"version\":\"2026-04-08\"},\"id\":7"`},
	{"a line without id", 200, "", changed(`"id":"li_1",`, ""), unusable + `/line_items/0/id is ""; it must have 1 to 255 bytes`},
	{"a line whose id is too long", 200, "", changed("li_1", strings.Repeat("l", 256)), unusable + `/line_items/0/id is "` + strings.Repeat("l", 60) + `…"; it must have 1 to 255 bytes`},
	{"a line without item", 200, "", changed(`"id":"item_123",`, ""), unusable + `/line_items/0/item/id is ""; it must have 1 to 255 bytes`},
	{"a line whose item's id is too long", 200, "", changed("item_123", strings.Repeat("i", 256)), unusable + `/line_items/0/item/id is "` + strings.Repeat("i", 60) + `…"; it must have 1 to 255 bytes`},
	{"a line whose parent's id is too long", 200, "", changed(`"quantity":2`, `"quantity":2,"parent_id":"`+strings.Repeat("p", 256)+`"`), unusable + `/line_items/0/parent_id is "` + strings.Repeat("p", 60) + `…"; it must have at most 255 bytes`},
	{"the second line is the wrong one", 200, "", changed(Line, Line+`,{"id":"li_2","item":{"id":"b"},"quantity":1}`), unusable + "/line_items/1/item/price is missing"},
	{"another currency", 200, "", changed("USD", "EUR"), unusable + `/currency is "EUR"; it must be USD`},
	{"no currency", 200, "", changed(`"currency":"USD",`, ""), unusable + `/currency is ""; it must be USD`},
	{"no lines", 200, "", changed(`"line_items"`, `"lines"`), unusable + "/line_items is missing"},
	{"lines of null", 200, "", changed("["+Line+"]", "null"), unusable + "/line_items is missing"},

	// What is beside all this is tolerated.
	{"extra fields of a later draft", 200, "", changed(`"currency"`, `"actions":{"dev.ucp.x":[{"id":"a"}]},"policies":[{"type":"returns","description":{"plain":"x"}}],"expires_at":"2027-01-01T00:00:00Z","currency"`), toldCart},
	{"sale units of a later draft", 200, "", changed(`"price":2500`, `"price":2500,"quantity_unit":{"unit":"g","scale":2},"unit_price":{"amount":1}`), toldCart},
	{"fields of the service's own with the names of a fault", 200, "", changed(`"currency"`, `"code":17,"content":{"a":[]},"currency"`), toldCart},
	{"discounts", 200, "", changed(`"currency"`, `"discounts":{"codes":["X"],"applied":[{"title":"10%","amount":500}]},"currency"`), toldCart},
	{"a cart with a warning", 200, "", warned(about("warning", "quantity_adjusted", "$.line_items[0].quantity", "only 2 left")), toldCart},
	{"a cart with an error about an item", 201, "", warned(about("error", "out_of_stock", "", "item_9 is out of stock")), toldCart},

	// Entity tags.
	{"a tag", 200, `"v1"`, Cart, strings.Replace(toldCart, " \n", " \"v1\"\n", 1)},
	{"the empty tag", 200, `""`, Cart, strings.Replace(toldCart, " \n", " \"\"\n", 1)},
	{"a weak tag", 200, `W/"v1"`, Cart, toldCart},
	{"a tag without quotes", 200, `v1`, Cart, toldCart},
	{"half a tag", 200, `"`, Cart, toldCart},
	{"two tags", 200, `"v1","v2"`, Cart, toldCart},
	{"a tag with a line break", 200, "\"v\n1\"", Cart, toldCart},
	{"the longest tag", 200, `"` + strings.Repeat("t", 255) + `"`, Cart, strings.Replace(toldCart, " \n", " \""+strings.Repeat("t", 255)+"\"\n", 1)},
	{"a tag too long", 200, `"` + strings.Repeat("t", 256) + `"`, Cart, toldCart},

	// Outcomes with 200.
	{"nothing of it can be had", 200, "", failed(about("error", "out_of_stock", "", "All requested items are currently out of stock")), `declined: the cart service answered an error: "out_of_stock": "All requested items are currently out of stock"`},
	{"an item that is not found, by its path", 200, "", failed(about("error", "not_found", "$.line_items[0]", "gone")), `declined: the cart service answered an error: "not_found": "gone"`},
	{"an item that is not found, by its code", 200, "", failed(about("error", "item_not_found", "", "gone")), `declined: the cart service answered an error: "item_not_found": "gone"`},
	{"a note that something is not found", 200, "", failed(about("info", "not_found", "", "abc")), `rejected: the cart service answered an error: "not_found": "abc"`},
	{"an error without messages", 200, "", `{"ucp":{"version":"2026-04-08","status":"error"}}`, "rejected: the cart service answered an error: without a message"},
	{"a message longer than a log wants", 200, "", failed(about("error", "x", "", strings.Repeat("a", 61))), `rejected: the cart service answered an error: "x": "` + strings.Repeat("a", 60) + `…"`},

	// What is no answer of the protocol.
	{"an error page", 200, "", "<html>Oops</html>", `unsure: the cart service answered 200 with what is no JSON; it begins with "\u003chtml\u003eOops\u003c/html\u003e"`},
	{"nothing", 200, "", "", `unsure: the cart service answered 200 with what is no JSON; it begins with ""`},
	{"a cart cut off", 200, "", Cart[:len(Cart)-1], `unsure: the cart service answered 200 with what is no JSON; it begins with "{\"ucp\":{\"version\":\"2026-04-08\"},\"id\":\"cart_abc123\",\"line_ite…"`},
	{"a list", 200, "", "[" + Cart + "]", `unsure: the cart service answered 200 with a body that is not an object but a JSON array: "["`},
	{"lines that are an object", 200, "", changed("["+Line+"]", `{"a":1}`), `unsure: the cart service answered 200 with a /line_items that is not a list but a JSON object: "n\":\"2026-04-08\"},\"id\":\"cart_abc123\",\"line_items\":{"`},
	{"null", 200, "", "null", unusable + `/id is ""; it must have 1 to 255 bytes and name a path`},

	// Faults of the protocol, and departures of public servers.
	{"a fault", 401, "", `{"code":"signature_missing","content":"Sign it"}`, `rejected: the cart service answered 401 "signature_missing": "Sign it"`},
	{"a fault of another form", 403, "", `{"error":"forbidden"}`, `rejected: the cart service answered 403 "{\"error\":\"forbidden\"}"`},
	{"a fault whose code is a number", 422, "", `{"code":422,"content":"no"}`, `rejected: the cart service answered 422 "{\"code\":422,\"content\":\"no\"}"`},
	{"a fault without body", 429, "", "", `rejected: the cart service answered 429 with what is no JSON; it begins with ""`},
	{"a fault in a form that cannot be read", 400, "", `{"messages":[{"code":5}]}`, `rejected: the cart service answered 400 with a /messages/code that is not text but a JSON number: "{\"messages\":[{\"code\":5"`},
	{"a fault of a missing product", 404, "", failed(about("error", "PRODUCT_NOT_FOUND", "", "no product")), `rejected: the cart service answered 404 "PRODUCT_NOT_FOUND": "no product"`},
	{"a path that the service does not have", 404, "", "404 page not found\n", `rejected: the cart service answered 404 with what is no JSON; it begins with "404 page not found\n"`},
	{"an unknown product", 400, "", failed(about("error", "INVALID_REQUEST", "", "Product x not found")), `declined: the cart service answered 400 "INVALID_REQUEST": "Product x not found"`},
	{"a bad request", 400, "", `{"code":"digest_mismatch","content":"no"}`, `rejected: the cart service answered 400 "digest_mismatch": "no"`},
	{"a key used for another request", 409, "", failed(about("error", "IDEMPOTENCY_CONFLICT", "", "used")), `unsure: the cart service answered 409 "IDEMPOTENCY_CONFLICT": "used"`},
	{"another cart than If-Match names", 412, "", "", `stale: the cart service answered 412 with what is no JSON; it begins with ""`},
	{"a request that came too slowly", 408, "", "", `unsure: the cart service answered 408 with what is no JSON; it begins with ""`},
	{"a redirect", 302, "", "", `unsure: the cart service answered 302 with what is no JSON; it begins with ""`},
	{"no content", 204, "", "", `unsure: the cart service answered 204 with what is no JSON; it begins with ""`},
	{"a fault of the service", 500, "", `{"code":"internal","content":"oops"}`, `unsure: the cart service answered 500 "internal": "oops"`},
	{"a fault of the service that says not found", 503, "", failed(notFound), `unsure: the cart service answered 503 "not_found": "Cart not found or has expired"`},
	{"a cart with a fault", 502, "", Cart, `unsure: the cart service answered 502 "{\"ucp\":{\"version\":\"2026-04-08\"},\"id\":\"cart_abc123\",\"line_ite…"`},
}

// Unsolds are answers, and whether they say that an item is not sold.
var Unsolds = []struct {
	Name   string
	Status int
	Body   string
	Item   string
	Want   bool
}{
	{"nothing said", 200, Cart, "SKU-1", false},
	{"not sold, by a text", 200, warned(about("error", "out_of_stock", "", "something"), about("error", "item_unavailable", "", "SKU-1 cannot be bought")), "SKU-1", true},
	{"not sold, by a path", 200, warned(about("error", "out_of_stock", "", "something"), about("error", "item_unavailable", `$.line_items[?@.item.id == "SKU-1"]`, "It cannot be bought")), "SKU-1", true},
	{"not sold, by a path in single quotes", 200, warned(about("error", "out_of_stock", "", "something"), about("error", "item_unavailable", `$.line_items[?(@.item.id=='SKU-1')]`, "It cannot be bought")), "SKU-1", true},
	{"an id that JSON escapes, by a path", 200, warned(about("error", "out_of_stock", "", "x"), about("error", "item_unavailable", `$.line_items[?@.item.id == "a\"b\u003c"]`, "x")), `a"b<`, true},
	{"an id that JSON need not escape, by a path", 200, warned(about("error", "out_of_stock", "", "x"), about("error", "item_unavailable", `$.line_items[?@.item.id == "a<b>&"]`, "x")), `a<b>&`, true},
	{"a long id, by a path", 200, warned(about("error", "out_of_stock", "", "x"), about("error", "item_unavailable", `$.line_items[?@.item.id == "`+strings.Repeat("i", 255)+`"]`, "x")), strings.Repeat("i", 255), true},
	{"none left", 200, warned(about("error", "out_of_stock", "", "SKU-1 is out of stock")), "SKU-1", false},
	{"fewer than wanted", 200, warned(about("warning", "quantity_adjusted", "$.line_items[0].quantity", "only 2")), "SKU-1", false},
	{"not sold, by a message that names nothing", 200, failed(about("error", "item_unavailable", "", "All items are not available")), "SKU-1", true},
	{"not found in the catalogue", 200, failed(about("error", "item_not_found", "", "SKU-1")), "SKU-1", true},
	{"an unknown product of a public server", 400, failed(about("error", "INVALID_REQUEST", "", "Product SKU-1 not found")), "SKU-1", true},
	{"a missing product of a public server", 400, failed(about("error", "RESOURCE_NOT_FOUND", "", "Product SKU-1")), "SKU-1", true},
	{"the first of two items is not sold", 200, warned(about("error", "item_unavailable", "", "SKU-1 gone"), about("error", "out_of_stock", "", "SKU-2 none")), "SKU-1", true},
	{"the second of two items is not sold", 200, warned(about("error", "out_of_stock", "", "SKU-2 none"), about("error", "item_unavailable", "", "SKU-1 gone")), "SKU-1", true},
	{"another item is not sold", 200, warned(about("error", "item_unavailable", "", "SKU-2 gone"), about("error", "out_of_stock", "", "SKU-1 none")), "SKU-1", false},
	{"an item whose id is longer is not sold", 200, warned(about("error", "out_of_stock", "", "something"), about("error", "item_unavailable", "", "SKU-10 gone")), "SKU-1", false},
	{"an item whose id is within another word", 200, warned(about("error", "out_of_stock", "", "something"), about("error", "item_unavailable", "", "11, 1x, x1, 1-1, é1 and 1é gone")), "1", false},
	{"an id that stands in another word first", 200, warned(about("error", "out_of_stock", "", "something"), about("error", "item_unavailable", "", "11 and 1 gone")), "1", true},
	{"an id that is a whole text", 200, warned(about("error", "out_of_stock", "", "something"), about("error", "item_unavailable", "", "1")), "1", true},
	{"both said of one item", 200, warned(about("error", "item_unavailable", "", "SKU-1"), about("error", "out_of_stock", "", "SKU-1")), "SKU-1", false},
	{"both said of nothing", 200, failed(about("error", "item_unavailable", "", "a"), about("error", "out_of_stock", "", "b")), "SKU-1", false},
	{"a word about something else", 200, warned(about("info", "free_shipping", "", "SKU-1")), "SKU-1", false},
	{"an item without a name", 200, warned(about("error", "item_unavailable", "", "SKU-2 gone"), about("error", "out_of_stock", "", "none")), "", false},
}

// Requests are what is asked of a service, and what Asked must say of it.
var Requests = []struct {
	Name  string
	ID    string
	Lines string
	Want  string
}{
	{"a create", "", "li_1|li_0|item_123|2", `POST /carts false {"line_items":[{"item":{"id":"item_123"},"quantity":2}]}`},
	{"a create of nothing", "", "", `POST /carts false {"line_items":[]}`},
	{"a replacement", "cart_abc123", "li_1||a|2 |li_1|b|9007199254740991", `PUT /carts/cart_abc123 false {"id":"cart_abc123","line_items":[{"id":"li_1","item":{"id":"a"},"quantity":2},{"parent_id":"li_1","item":{"id":"b"},"quantity":9007199254740991}]}`},
	{"a cancel", "cart_abc123", "", `POST /carts/cart_abc123/cancel true {}`},
	{"a cart whose id needs escaping", "gid://a/Cart/1?k=ü%", "||<&\">|1", `PUT /carts/gid:%2F%2Fa%2FCart%2F1%3Fk=%C3%BC%25 false {"id":"gid://a/Cart/1?k=ü%","line_items":[{"item":{"id":"\u003c\u0026\"\u003e"},"quantity":1}]}`},
	{"a cancel of a cart whose id needs escaping", "a/cancel", "", `POST /carts/a%2Fcancel/cancel true {}`},
	{"a cart whose id ends as a cancel", "a/cancel", "||a|1", `PUT /carts/a%2Fcancel false {"id":"a/cancel","line_items":[{"item":{"id":"a"},"quantity":1}]}`},
	{"a cart that is called cancel", "cancel", "||a|1", `PUT /carts/cancel false {"id":"cancel","line_items":[{"item":{"id":"a"},"quantity":1}]}`},
	{"a cancel of a cart that is called cancel", "cancel", "", `POST /carts/cancel/cancel true {}`},
}

// Asked are answers about a cart that was asked for by its id.
var Asked = []struct {
	Name, ID  string
	Status    int
	Tag, Body string
	Want      string
}{
	{"a tag of what is no cart", "cart_abc123", 200, `"v1"`, failed(notFound), `missing: the cart service answered an error: "not_found": "Cart not found or has expired"`},
	{"no such cart", "cart_abc123", 200, "", failed(notFound), `missing: the cart service answered an error: "not_found": "Cart not found or has expired"`},
	{"a cart that is not found after a note", "cart_abc123", 200, "", failed(about("info", "free_shipping", "", "hm"), notFound), `missing: the cart service answered an error: "free_shipping": "hm"; "not_found": "Cart not found or has expired"`},
	{"more messages than a log wants", "cart_abc123", 200, "", failed(notFound, notFound, notFound, notFound, notFound, notFound), "missing: the cart service answered an error: " + strings.Repeat(`"not_found": "Cart not found or has expired"; `, 5) + "…"},
	{"a fault of a missing cart", "cart_abc123", 404, "", failed(about("error", "RESOURCE_NOT_FOUND", "", "no cart")), `missing: the cart service answered 404 "RESOURCE_NOT_FOUND": "no cart"`},
	{"the cart itself", "cart_abc123", 200, "", Cart, toldCart},
	{"another cart", "cart_other", 200, "", Cart, unusable + `/id is "cart_abc123", another cart than the one that was asked for`},
	{"a create that finds none of its items", "", 200, "", failed(notFound), `declined: the cart service answered an error: "not_found": "Cart not found or has expired"`},
}
