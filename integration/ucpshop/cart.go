package ucpshop

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/polycart/polycart/cartcore"
)

// cart is a cart as it is kept. Prices are not: an answer shows those of its moment.
type cart struct {
	ID          string         `json:"id"`
	Lines       []line         `json:"lines"`
	LastLine    int64          `json:"last_line"` // number of the newest line's id; no id comes back in a cart
	Revision    int64          `json:"revision"`  // counts the writes, from 1
	Buyer       map[string]any `json:"buyer,omitempty"`
	Context     map[string]any `json:"context,omitempty"`
	Attribution map[string]any `json:"attribution,omitempty"`
	Expires     int64          `json:"expires,omitempty"` // Unix seconds; 0 is never
}

// line is a line as it is kept. Title and price are what the item had when the line was written, for when it is no
// longer listed.
type line struct {
	ID       string `json:"id"`
	Parent   string `json:"parent,omitempty"`
	Item     string `json:"item"`
	Quantity int64  `json:"quantity"`
	Title    string `json:"title"`
	Price    int64  `json:"price"`
}

// tag is the cart's ETag. It names the cart's revision, not the prices of the moment: it is there to be sent back in If-Match.
func (c *cart) tag() string { return `"` + strconv.FormatInt(c.Revision, 10) + `"` }

func (c *cart) expired(now time.Time) bool { return c.Expires != 0 && now.Unix() >= c.Expires }

// replace gives the cart the lines that were asked for, and says what was not granted.
//
// A line with an id that the cart has is that line. Any other takes the id of the first line of its item, below the same
// parent, that no line of the request has named; else it is new. Lines of one item below one parent become one, whose
// quantity is their sum.
func (s *Shop) replace(c *cart, wanted []askedLine) []message {
	items := s.stocked()
	departures := s.settings.Departures
	if !departures.DuplicatesKept {
		wanted = merged(wanted)
	}
	names := namesOf(c, wanted)
	var lines []line
	var messages []message
	for at, want := range wanted {
		item, known := items[want.item]
		granted := want.quantity
		if !departures.NoStockCheck {
			granted = min(granted, item.available())
		}
		switch {
		case !known || item.Delisted:
			messages = append(messages, missing("item_unavailable", want.item, "cannot be purchased"))
			continue
		case granted == 0:
			messages = append(messages, missing("out_of_stock", want.item, "is out of stock"))
			continue
		case granted < want.quantity:
			messages = append(messages, message{
				Type: "warning", Code: "quantity_adjusted", Path: fmt.Sprintf("$.line_items[%d].quantity", len(lines)),
				Content: fmt.Sprintf("Quantity adjusted, requested %d units but only %d available", want.quantity, granted),
			})
		}
		id := names[at]
		if id == "" {
			c.LastLine++
			id = "li_" + strconv.FormatInt(c.LastLine, 10)
		}
		lines = append(lines, line{ID: id, Parent: want.parent, Item: item.ID, Quantity: granted, Title: item.Title, Price: item.Price})
	}
	c.Lines = lines
	dropOrphans(c)
	return messages
}

// missing says that an item asked for is not in the cart. No line bears it, so the path asks for it and finds nothing.
func missing(code, item, why string) message {
	return message{
		Type: "error", Code: code, Severity: recoverable, Content: item + " " + why,
		Path: "$.line_items[?@.item.id == " + quoted(item) + "]",
	}
}

// quoted is a text as a string of JSONPath, which takes what JSON takes.
func quoted(text string) string {
	literal, _ := json.Marshal(text) // a string always encodes
	return string(literal)
}

// merged adds up the lines of one item below one parent.
func merged(wanted []askedLine) []askedLine {
	type place struct{ item, parent string }
	at := map[place]int{}
	var one []askedLine
	for _, want := range wanted {
		first, seen := at[place{want.item, want.parent}]
		if !seen {
			at[place{want.item, want.parent}] = len(one)
			one = append(one, want)
			continue
		}
		// Both are at most 2^53-1, so that the sum of two fits.
		one[first].quantity = min(one[first].quantity+want.quantity, cartcore.MaxInteger)
		if one[first].id == "" {
			one[first].id = want.id
		}
	}
	return one
}

// namesOf answers for each line wanted the id of the line of the cart that it is, or "".
func namesOf(c *cart, wanted []askedLine) []string {
	has := map[string]bool{}
	for _, held := range c.Lines {
		has[held.ID] = true
	}
	names := make([]string, len(wanted))
	for at, want := range wanted {
		if has[want.id] {
			names[at] = want.id
			delete(has, want.id)
		}
	}
	free := map[[2]string][]string{} // ids by item and parent
	for _, held := range c.Lines {
		if has[held.ID] {
			place := [2]string{held.Item, held.Parent}
			free[place] = append(free[place], held.ID)
		}
	}
	for at, want := range wanted {
		place := [2]string{want.item, want.parent}
		if ids := free[place]; names[at] == "" && len(ids) > 0 {
			names[at], free[place] = ids[0], ids[1:]
		}
	}
	return names
}

// dropOrphans takes the parent from every line whose parent is not in the cart.
func dropOrphans(c *cart) {
	has := map[string]bool{}
	for _, held := range c.Lines {
		has[held.ID] = true
	}
	for at := range c.Lines {
		if parent := c.Lines[at].Parent; parent == c.Lines[at].ID || !has[parent] {
			c.Lines[at].Parent = ""
		}
	}
}

// shown is the cart as it is answered, at the prices of this moment, or a fault where it comes to more than can be said.
func (s *Shop) shown(c *cart, messages []message) (*cartAnswer, error) {
	answer := &cartAnswer{
		UCP: about(cartCapability, "success"), ID: c.ID, LineItems: []lineAnswer{}, Buyer: c.Buyer, Context: c.Context, Attribution: c.Attribution,
		Currency: s.settings.Currency, Messages: messages, ContinueURL: s.settings.Storefront + "/cart/" + url.PathEscape(c.ID),
	}
	if c.Expires != 0 {
		answer.ExpiresAt = time.Unix(c.Expires, 0).UTC().Format(time.RFC3339)
	}
	items := s.stocked()
	sum := int64(0)
	for _, held := range c.Lines {
		item, known := items[held.Item]
		if !known {
			item = Item{Title: held.Title, Price: held.Price}
		}
		amount, fits := times(item.Price, held.Quantity)
		if !fits || amount > cartcore.MaxInteger-sum {
			return nil, &fault{
				status: http.StatusUnprocessableEntity, code: "amount_too_large",
				content: fmt.Sprintf("the cart would come to more than %d minor units with %d of %s", cartcore.MaxInteger, held.Quantity, held.Item),
			}
		}
		sum += amount
		answer.LineItems = append(answer.LineItems, lineAnswer{
			ID: held.ID, ParentID: held.Parent, Quantity: held.Quantity, Totals: amounts(amount),
			Item: itemAnswer{ID: held.Item, Title: item.Title, Price: item.Price, ImageURL: item.ImageURL},
		})
	}
	answer.Totals = amounts(sum)
	return answer, nil
}

// doubts says what of a cart that was written earlier cannot be sold at this moment. Its lines stay as they were written: a
// read changes nothing.
func (s *Shop) doubts(c *cart) []message {
	if s.settings.Departures.NoStockCheck {
		return nil
	}
	items := s.stocked()
	var messages []message
	for at, held := range c.Lines {
		path := fmt.Sprintf("$.line_items[%d]", at)
		item, known := items[held.Item]
		switch left := item.available(); {
		case !known || item.Delisted:
			messages = append(messages, message{
				Type: "error", Code: "item_unavailable", Severity: recoverable, Path: path, Content: held.Item + " cannot be purchased",
			})
		case left == 0:
			messages = append(messages, message{
				Type: "error", Code: "out_of_stock", Severity: recoverable, Path: path, Content: held.Item + " is out of stock",
			})
		case left < held.Quantity:
			messages = append(messages, message{
				Type: "error", Code: "out_of_stock", Severity: recoverable, Path: path + ".quantity",
				Content: fmt.Sprintf("only %d of the %d units are available", left, held.Quantity),
			})
		}
	}
	return messages
}

// times multiplies two numbers that are not negative, and tells whether the product is at most MaxInteger.
func times(price, quantity int64) (int64, bool) {
	high, low := bits.Mul64(uint64(price), uint64(quantity))
	if high != 0 || low > uint64(cartcore.MaxInteger) {
		return 0, false
	}
	return int64(low), true
}
