package cartcore

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// news is what an event has to say beside what every event says.
type news struct {
	Status   string
	Items    json.RawMessage // the items in words
	Line     *Line           // the item that the event is about
	Previous *Line           // the same as it was
	Summary  bool            // the cart's totals belong to it
	Whole    bool            // the cart's items and totals belong to it
	Item     *Item           // for an event that is about an item and no cart
	Customer string          // and who waited for it
}

// What a cart can be, in the words of the events.
const (
	statusActive    = "Active"
	statusCheckout  = "Checkout"
	statusAbandoned = "Abandoned"
)

// noItems are the items of an event whose cart has none.
var noItems = json.RawMessage("[]")

// mostItems bounds the items that an event lists, so that the events of a cart of thousands of lines still fit into it. The
// summary counts them all.
const mostItems = 100

// maxEventBytes bounds an event: one that would be longer, by titles that go on for pages, lists no items.
const maxEventBytes = 128 << 10

// eventBody is an event as a webhook gets it (facts 1.8). The case of its names is the origin's.
type eventBody struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	CreatedAt string    `json:"created_at"`
	Data      eventData `json:"data"`
}

type eventData struct {
	StoreID           string          `json:"storeId"`
	CustomerID        *string         `json:"customerId"`
	OccurredAt        string          `json:"occurredAt"`
	ExternalReference *string         `json:"externalReference"`
	CartID            string          `json:"cartId,omitempty"`
	Status            string          `json:"status,omitempty"`
	Items             json.RawMessage `json:"items,omitempty"`
	Item              *eventItem      `json:"item,omitempty"`
	PreviousQuantity  *int64          `json:"previousQuantity,omitempty"`
	CartSummary       *eventSummary   `json:"cartSummary,omitempty"`
	Product           *eventVariant   `json:"product,omitempty"`
}

// eventItem is a line, in the names of the vesuvio cart. What the catalogue no longer knows is null.
type eventItem struct {
	ID                string          `json:"id"`
	ProductID         *string         `json:"productId"`
	VariantID         *string         `json:"variantId"`
	ExternalProductID *string         `json:"externalProductId"`
	ExternalVariantID *string         `json:"externalVariantId"`
	SKU               string          `json:"sku"`
	Quantity          int64           `json:"quantity"`
	Price             json.RawMessage `json:"price"`
	Product           *eventProduct   `json:"product"`
}

type eventProduct struct {
	Name     string `json:"name"`
	ImageURL string `json:"imageUrl"`
}

type eventSummary struct {
	TotalLines int64           `json:"totalLines"`
	TotalItems int64           `json:"totalItems"`
	Subtotal   json.RawMessage `json:"subtotal"`
	Currency   string          `json:"currency"`
}

// eventVariant is an item that can be had again.
type eventVariant struct {
	ProductID         string      `json:"productId"`
	VariantID         string      `json:"variantId"`
	ExternalProductID string      `json:"externalProductId"`
	ExternalVariantID string      `json:"externalVariantId"`
	SKU               string      `json:"sku"`
	Name              string      `json:"name"`
	ImageURL          string      `json:"imageUrl"`
	Price             json.Number `json:"price"`
	Currency          string      `json:"currency"`
	AvailableQuantity *int64      `json:"availableQuantity"` // null where stock is not tracked
	SubscriptionDate  string      `json:"subscriptionDate"`
}

// tell adds an event, where a webhook wants its type.
func tell(t *telling, kind string, says *news) {
	hooks := t.to.Hooks[kind]
	if len(hooks) == 0 {
		return
	}
	event := &Event{ID: eventID(t.seed+"/"+kind, len(t.events), t.now), Type: kind, At: t.now}
	for i := range hooks {
		event.To = append(event.To, &Delivery{Hook: hooks[i]})
	}
	at := time.UnixMilli(t.now).UTC().Format("2006-01-02T15:04:05.000Z")
	body := &eventBody{ID: event.ID, Type: kind, CreatedAt: at}
	body.Data = dataOf(t, says, at)
	event.Body = printedEvent(body)
	t.events = append(t.events, event)
}

// dataOf is what an event says.
func dataOf(t *telling, says *news, at string) eventData {
	data := eventData{StoreID: t.to.StoreID, CustomerID: customerOf(t.cart.Key.Owner), OccurredAt: at, Status: says.Status, Items: says.Items}
	if says.Item != nil {
		data.CustomerID = known(says.Customer)
		data.Product = variantOf(says.Item, t.cart)
		return data
	}
	data.CartID = t.cart.ID
	if says.Line != nil {
		data.Item = itemOf(says.Line, t.facts, t.cart.Currency)
	}
	if says.Previous != nil {
		was := says.Previous.Quantity
		data.PreviousQuantity = &was
	}
	if says.Summary || says.Whole {
		data.CartSummary = summaryOf(t.cart, t.facts)
	}
	if says.Whole {
		data.Items = itemsOf(t.cart, t.facts)
	}
	return data
}

// printedEvent is the bytes that are sent.
func printedEvent(body *eventBody) json.RawMessage {
	text, err := json.Marshal(body)
	if err == nil && len(text) > maxEventBytes {
		body.Data.Items = noItems
		text, err = json.Marshal(body)
	}
	if err != nil {
		panic("printing an event: " + err.Error()) // it is made of texts and numbers, which always print
	}
	return text
}

// customerOf is the customer's id, nil for a guest.
func customerOf(owner string) *string {
	id, is := strings.CutPrefix(owner, CustomerOwner(""))
	if !is {
		return nil
	}
	return &id
}

func itemsOf(cart *Cart, facts Facts) json.RawMessage {
	items := []*eventItem{}
	for i := range cart.Lines {
		if i < mostItems {
			items = append(items, itemOf(cart.Lines[i], facts, cart.Currency))
		}
	}
	text, err := json.Marshal(items)
	if err != nil {
		panic("printing the items of an event: " + err.Error()) // as in printedEvent
	}
	return text
}

// known is a text that is there.
func known(text string) *string { return &text }

// nothing is the JSON text of what is not known.
var nothing = json.RawMessage("null")

func itemOf(line *Line, facts Facts, currency string) *eventItem {
	shown := &eventItem{ID: line.ID, SKU: line.SKU, Quantity: line.Quantity, Price: nothing}
	if item := facts[line.SKU]; item != nil {
		shown.ProductID = known(item.ProductID)
		shown.VariantID = known(item.VariantID)
		shown.ExternalProductID = known(item.ExternalProductID)
		shown.ExternalVariantID = known(item.ExternalVariantID)
		shown.Price = json.RawMessage(Shortest(item.Price, Decimals(currency)))
		shown.Product = &eventProduct{Name: item.Title, ImageURL: item.ImageURL}
	}
	return shown
}

// summaryOf counts what the catalogue has a price for, as every dialect does.
func summaryOf(cart *Cart, facts Facts) *eventSummary {
	summary := &eventSummary{TotalLines: int64(len(cart.Lines)), TotalItems: Units(cart.Lines), Subtotal: nothing, Currency: cart.Currency}
	if view, err := Show(cart, facts); err == nil {
		summary.TotalLines = int64(len(view.Lines))
		summary.TotalItems = view.Units
		summary.Subtotal = json.RawMessage(Shortest(view.Subtotal, view.Decimals))
	}
	return summary
}

// variantOf is an item as the customer hears of it whose wait record is.
func variantOf(item *Item, record *Cart) *eventVariant {
	shown := &eventVariant{
		ProductID: item.ProductID, VariantID: item.VariantID, ExternalProductID: item.ExternalProductID, ExternalVariantID: item.ExternalVariantID,
		SKU: item.SKU, Name: item.Title, ImageURL: item.ImageURL, Price: json.Number(Shortest(item.Price, Decimals(record.Currency))),
		Currency: record.Currency, SubscriptionDate: time.UnixMilli(record.Created).UTC().Format("2006-01-02T15:04:05Z"),
	}
	if item.TrackStock {
		stock := item.Stock
		shown.AvailableQuantity = &stock
	}
	return shown
}

// crockford are the digits of a ULID from the tenth on, which are numbers to base 32 with digits 0 to v.
var crockford = strings.NewReplacer(
	"a", "A", "b", "B", "c", "C", "d", "D", "e", "E", "f", "F", "g", "G", "h", "H", "i", "J", "j", "K", "k", "M", "l", "N",
	"m", "P", "n", "Q", "o", "R", "p", "S", "q", "T", "r", "V", "s", "W", "t", "X", "u", "Y", "v", "Z",
)

var crockfordBytes = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// eventID makes an id of the origin's form, evt_ and a ULID: the time in 10 digits and 80 bits of the seed in 16. The same
// seed and number make the same id, so that a change tried again tells the same event.
func eventID(seed string, number int, now int64) string {
	sum := sha256.Sum256([]byte(seed + "/" + strconv.Itoa(number)))
	moment := strconv.FormatInt(now, 32)
	return "evt_" + strings.Repeat("0", 10-len(moment)) + crockford.Replace(moment) + crockfordBytes.EncodeToString(sum[:10])
}
