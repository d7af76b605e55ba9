package callers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/polycart/polycart/internal/transcript"
)

// Item is something that is sold, by the names that the dialects have for it.
type Item struct {
	SKU, Product, ExternalProduct, ExternalVariant string
	ProductNumber, Number                          int64
}

// Items are so many different items.
func Items(n int) []Item {
	items := []Item{}
	for i := range int64(n) {
		items = append(items, Item{
			SKU: fmt.Sprint("ITEM-", i), Product: fmt.Sprint("item_", i), ExternalProduct: fmt.Sprint("ext_item_", i), ExternalVariant: fmt.Sprint("ext_item_", i, "_1"),
			ProductNumber: 100 + i, Number: 10000 + i,
		})
	}
	return items
}

// Sell writes a catalogue in which every item is sold without end.
func Sell(path string, items []Item) error {
	sold := []any{}
	for _, item := range items {
		sold = append(sold, map[string]any{
			"sku": item.SKU, "productId": item.Product, "variantId": item.Product + "_1", "externalProductId": item.ExternalProduct, "externalVariantId": item.ExternalVariant,
			"productNumber": item.ProductNumber, "number": item.Number, "title": item.SKU, "price": "1.00", "trackStock": false,
			"attributes": map[string]any{"taxCode": "EWPE", "weight": 1, "weightUnit": "lb", "priceListId": 100000},
		})
	}
	text, err := json.Marshal(map[string]any{"items": sold})
	if err != nil {
		return fmt.Errorf("printing a catalogue: %w", err)
	}
	return os.WriteFile(path, text, 0o600)
}

// Verb is what a shopper does to a cart.
type Verb string

// What the dialects have operations for. Where a line is not in the cart Set, Adjust and Remove are refused.
const (
	Read   Verb = "read"
	Add    Verb = "add"    // so many units more
	Put    Verb = "put"    // so many units, of what is in the cart or not
	Set    Verb = "set"    // so many units, of what is in the cart; none takes it out
	Adjust Verb = "adjust" // so many units more or fewer, of what is in the cart; none left takes it out
	Remove Verb = "remove"
	Clear  Verb = "clear"
)

// Deed is one thing that a shopper does.
type Deed struct {
	Verb     Verb
	Item     Item // of all but Read and Clear
	Quantity int64
}

// Shopper is a customer who does everything that a dialect can do to a cart, and reads in the answers what is in it.
// He is one client: one goroutine at a time may use him.
type Shopper struct {
	Caller
	items []Item
	lines map[string]string // of vesuvio: the lines' names by SKU, as they were seen last
	cart  string            // of fabric: the cart's name, once it was seen
	key   string            // of the request that was sent last
	sent  wire              // that request
	tag   string            // of the cart that was read last
	held  map[string]int64
}

// Shoppers are the shoppers of one customer, in each dialect one.
func Shoppers(token string, items []Item) []*Shopper {
	all := []*Shopper{}
	for _, caller := range All(token) {
		all = append(all, &Shopper{Caller: caller, items: items, lines: map[string]string{}})
	}
	return all
}

// Verbs are what the shopper's dialect can do beside Read. The first puts an item into the cart.
func (s *Shopper) Verbs() []Verb {
	return map[string][]Verb{
		"agent": {Add, Remove}, "shop": {Add, Set, Remove, Clear}, "itemkey": {Put, Adjust, Remove, Clear}, "vesuvio": {Add, Set, Remove, Clear}, "fabric": {Add, Set, Clear},
	}[s.Dialect]
}

// Knows tells whether the shopper can ask for this yet: some lines and carts must have been seen first, for their names.
func (s *Shopper) Knows(deed Deed) bool {
	switch {
	case s.Dialect == "vesuvio" && (deed.Verb == Set || deed.Verb == Remove):
		return s.lines[deed.Item.SKU] != ""
	case s.Dialect == "fabric" && (deed.Verb == Set || deed.Verb == Clear):
		return s.cart != ""
	}
	return true
}

// ByLine tells that the shopper names a line by a name of its own, which ends with the line: such a deed may be refused
// although the item has come back meanwhile.
func (s *Shopper) ByLine(deed Deed) bool {
	return s.Dialect == "vesuvio" && (deed.Verb == Set || deed.Verb == Remove)
}

// Told is what a shopper was answered, and what of the cart it says.
type Told struct {
	Answer
	Done  bool             // the deed is done
	None  bool             // it was refused, because the item is not in the cart
	Beat  bool             // it was refused, because other writers always won
	Busy  bool             // it was refused, because it is still under way with the same key
	Cart  map[string]int64 // the units of all items by SKU; nil where the answer does not tell
	Units *int64           // of the deed's item, where the answer tells that alone
}

// Do does a deed, with an Idempotency-Key unless that is empty. With the key of the deed before it sends the same request, byte
// for byte, whatever it has seen of the cart since. An error is of the connection, or of an answer that is none.
func (s *Shopper) Do(level transcript.Level, deed Deed, key string) (Told, error) {
	if key == "" || key != s.key {
		s.key, s.sent = key, s.wireOf(deed)
	}
	tag := ""
	got, err := s.send(func(request *http.Request) (*http.Response, error) {
		if key != "" {
			request.Header.Set("Idempotency-Key", key)
		}
		if deed.Verb == Read && s.tag != "" {
			request.Header.Set("If-None-Match", s.tag)
		}
		response, err := level(request)
		if err == nil {
			tag = response.Header.Get("ETag")
		}
		return response, err
	}, s.sent)
	if err != nil {
		return Told{}, err
	}
	told := Told{Answer: got, Done: got.Status == http.StatusOK || got.Status == http.StatusNoContent}
	switch {
	case got.Status == http.StatusNotModified && deed.Verb == Read:
		told.Done, told.Cart = true, s.held
		return told, nil
	case got.Status == http.StatusConflict && strings.Contains(got.Body, "was changed by another request"):
		told.Beat = true
	case got.Status == http.StatusConflict && strings.Contains(got.Body, "is still being processed"):
		told.Busy = true
	case got.Status == http.StatusNotFound || got.Status == http.StatusBadRequest:
		for _, text := range []string{"Item not found in cart", "This item is not in your cart", "Invalid cart item key", "CART_ITEM_NOT_FOUND", "LINE_ITEM_NOT_FOUND"} {
			told.None = told.None || strings.Contains(got.Body, text)
		}
	}
	if !told.Done {
		return told, nil
	}
	if err := s.see(deed, &told); err != nil {
		return told, fmt.Errorf("%s: %s: %w: %s", s.Dialect, deed.Verb, err, got.Body)
	}
	if deed.Verb == Read {
		s.tag, s.held = tag, told.Cart
	}
	return told, nil
}

// wireOf is the request for a deed.
func (s *Shopper) wireOf(deed Deed) wire {
	item, n := deed.Item, deed.Quantity
	if deed.Verb == Read {
		return s.read
	}
	switch s.Dialect {
	case "agent":
		if deed.Verb == Remove {
			return wire{"POST", "/store-alpha/agent/cart/delete", fmt.Sprintf(`{"product_id":%q}`, item.Product)}
		}
		return wire{"POST", s.add.path, fmt.Sprintf(`{"product_id":%q,"quantity":%d}`, item.Product, n)}
	case "shop":
		method := map[Verb]string{Add: "POST", Set: "PUT", Remove: "DELETE", Clear: "DELETE"}[deed.Verb]
		switch deed.Verb {
		case Clear:
			return wire{method, s.read.path, ""}
		case Remove:
			return wire{method, s.read.path + "/" + item.SKU, ""}
		}
		return wire{method, s.read.path + "/" + item.SKU, fmt.Sprintf(`{"quantity":%d}`, n)}
	case "itemkey":
		key := itemKey(item)
		switch deed.Verb {
		case Clear:
			return wire{"DELETE", s.first.path, ""}
		case Remove:
			return wire{"DELETE", s.add.path, fmt.Sprintf(`{"item_key":%q}`, key)}
		case Adjust:
			return wire{"PUT", s.add.path, fmt.Sprintf(`{"item_key":%q,"quantity":%d}`, key, n)}
		}
		return wire{"POST", s.first.path, fmt.Sprintf(`{"variant_sku":%q,"quantity":%d}`, item.SKU, n)}
	case "vesuvio":
		line := s.lines[item.SKU]
		switch deed.Verb {
		case Clear:
			return wire{"DELETE", strings.TrimSuffix(s.add.path, "/item"), ""}
		case Remove:
			return wire{"DELETE", s.add.path + "/" + line, ""}
		case Set:
			return wire{"PUT", s.add.path, fmt.Sprintf(`{"cartItemId":%q,"quantity":%d}`, line, n)}
		}
		return wire{"POST", s.add.path, fmt.Sprintf(`{"externalProductId":%q,"externalVariantId":%q,"quantity":%d}`, item.ExternalProduct, item.ExternalVariant, n)}
	}
	switch deed.Verb {
	case Clear:
		return wire{"PATCH", s.read.path + "/" + s.cart + "/empty", ""}
	case Set:
		return wire{"PATCH", s.read.path + "/" + s.cart + "/items", fmt.Sprintf(`{"items":[{"itemId":%d,"quantity":%d}]}`, item.Number, n)}
	}
	return wire{"POST", s.add.path, fmt.Sprintf(`{"cartId":null,"items":[{"itemId":%d,"quantity":%d}]}`, item.Number, n)}
}

func itemKey(item Item) string { return fmt.Sprintf("prod%d_%s_dflt", item.ProductNumber, item.SKU) }

// see reads what an answer says of the cart.
func (s *Shopper) see(deed Deed, told *Told) error {
	switch {
	case s.Dialect == "agent" && deed.Verb == Add:
		row := struct{ Quantity int64 }{}
		told.Units = &row.Quantity
		return json.Unmarshal([]byte(told.Body), &row)
	case s.Dialect == "agent" && deed.Verb != Read, s.Dialect == "itemkey" && deed.Verb != Read:
		return nil
	}
	rows, err := s.rows([]byte(told.Body))
	if err != nil {
		return err
	}
	told.Cart = map[string]int64{}
	clear(s.lines)
	for _, row := range rows {
		sku := ""
		for _, item := range s.items {
			if row.name == item.SKU || row.name == item.Product || row.name == item.ExternalVariant || row.name == itemKey(item) {
				sku = item.SKU
			}
		}
		if _, twice := told.Cart[sku]; sku == "" || twice {
			return fmt.Errorf("a line is of %q, which is none of our items or twice in the cart", row.name)
		}
		told.Cart[sku] = row.units
		s.lines[sku] = row.line
	}
	return nil
}

// row is a line of a cart, by whatever name the dialect has for the item.
type row struct {
	name, line string
	units      int64
}

func (s *Shopper) rows(body []byte) ([]row, error) {
	// Every dialect's cart at once: none has a member that means something else in another.
	type line struct {
		ID       string `json:"id"`
		Product  string `json:"product_id"`
		SKU      string `json:"sku"`
		Variant  string `json:"externalVariantId"`
		Quantity int64  `json:"quantity"`
	}
	rows := []row{}
	lines := []line{}
	var err error
	switch s.Dialect {
	case "agent":
		err = json.Unmarshal(body, &lines)
	case "shop":
		answer := struct {
			Data struct {
				Cart struct{ Items []line } `json:"cart_data"`
			}
		}{}
		err = json.Unmarshal(body, &answer)
		lines = answer.Data.Cart.Items
	case "itemkey":
		answer := struct{ Items map[string]line }{}
		err = json.Unmarshal(body, &answer)
		for key, one := range answer.Items {
			rows = append(rows, row{name: key, units: one.Quantity})
		}
	case "vesuvio":
		answer := struct{ Data struct{ Items []line } }{}
		err = json.Unmarshal(body, &answer)
		lines = answer.Data.Items
	case "fabric":
		answer := struct {
			ID    string `json:"_id"`
			Items []line
		}{}
		err = json.Unmarshal(body, &answer)
		lines, s.cart = answer.Items, answer.ID
	}
	for _, one := range lines {
		rows = append(rows, row{name: one.Product + one.SKU + one.Variant, line: one.ID, units: one.Quantity})
	}
	return rows, err
}
