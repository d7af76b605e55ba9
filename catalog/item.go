package catalog

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"

	"github.com/polycart/polycart/cartcore"
)

// entry is one item on the wire. Pointers tell a field that is missing from one that is 0 or false.
type entry struct {
	SKU               string                     `json:"sku"`
	ProductID         string                     `json:"productId"`
	VariantID         string                     `json:"variantId"`
	ExternalProductID string                     `json:"externalProductId"`
	ExternalVariantID string                     `json:"externalVariantId"`
	ProductNumber     *int64                     `json:"productNumber"`
	Number            *int64                     `json:"number"`
	Title             string                     `json:"title"`
	VariantTitle      string                     `json:"variantTitle"`
	ImageURL          string                     `json:"imageUrl"`
	Price             *string                    `json:"price"`
	OriginalPrice     *string                    `json:"originalPrice"`
	Stock             *int64                     `json:"stock"`
	TrackStock        *bool                      `json:"trackStock"`
	Active            *bool                      `json:"active"`
	Attributes        map[string]json.RawMessage `json:"attributes"`
}

// isSKU is what a SKU may be: it stands in paths, in quoted strings of headers and in log lines.
var isSKU = regexp.MustCompile(`^[^\p{Cc}/\\"']{1,64}$`)

const (
	skuRule    = "1 to 64 characters without control characters, slash, backslash or quotes"
	numberRule = "a whole number from 1 to 9007199254740991"
	stockRule  = "a whole number of units from 0 to 9007199254740991"
)

// readItem reads the compact JSON text of one item, lists its faults and puts it into the snapshot.
func readItem(p *parser, at int, raw []byte) {
	if raw[0] != '{' {
		blame(p, errors.New(place(at, "")+": it must be an object, not "+shortened(string(raw))))
		return
	}
	e := entry{}
	faulty := json.Unmarshal(raw, &e) != nil
	given := map[string]json.RawMessage{}
	faulty = json.Unmarshal(raw, &given) != nil || faulty

	// Where every name is known and stands once, the text has exactly this length: the braces and commas, and for each
	// field two quotes, a colon, the name and the value. Only where it has not, the names are looked at one by one.
	length := 1
	for name, value := range given {
		if !known[name] {
			faulty = true
		}
		length += len(name) + len(value) + 4
	}
	if faulty || length != len(raw) {
		wrongNames(p, place(at, e.SKU), "", raw, itemFields)
		wrongTypes(p, at, e.SKU, given)
		forgetWrongTypes(&e, given)
	}

	item := &cartcore.Item{
		SKU: e.SKU, ProductID: e.ProductID, VariantID: e.VariantID,
		ExternalProductID: e.ExternalProductID, ExternalVariantID: e.ExternalVariantID,
		Title: e.Title, VariantTitle: e.VariantTitle, ImageURL: e.ImageURL,
		TrackStock: e.TrackStock == nil || *e.TrackStock, Active: e.Active == nil || *e.Active,
	}
	checkSKU(p, at, item, given)
	readNumbers(p, at, item, &e, given)
	readPrices(p, at, item, &e, given)
	if len(e.Attributes) > 0 {
		item.Attributes = readAttributes(p, at, item, e.Attributes, given)
	}
	index(p, at, item)
}

// checkSKU lists what is wrong with the SKU itself.
func checkSKU(p *parser, at int, item *cartcore.Item, given map[string]json.RawMessage) {
	sku := item.SKU
	if sku == "" && absent(given["sku"]) {
		blameField(p, at, "", "sku is required: "+skuRule)
		return
	}
	if sku == "" && given["sku"][0] != '"' {
		return // wrongTypes has said it
	}
	if !isSKU.MatchString(sku) {
		blameField(p, at, sku, "sku must be "+skuRule+", not "+strconv.Quote(shortened(sku)))
	}
}

// readNumbers fills in the item's numbers and its stock.
func readNumbers(p *parser, at int, item *cartcore.Item, e *entry, given map[string]json.RawMessage) {
	if e.ProductNumber != nil {
		item.ProductNumber = *e.ProductNumber
		if item.ProductNumber < 1 || item.ProductNumber > cartcore.MaxInteger {
			blameNumber(p, at, item.SKU, "productNumber", numberRule, item.ProductNumber)
		}
	}
	if e.Number != nil {
		item.NumericID = *e.Number
		if item.NumericID < 1 || item.NumericID > cartcore.MaxInteger {
			blameNumber(p, at, item.SKU, "number", numberRule, item.NumericID)
		}
	}
	if e.Stock != nil {
		item.Stock = *e.Stock
		if item.Stock < 0 || item.Stock > cartcore.MaxInteger {
			blameNumber(p, at, item.SKU, "stock", stockRule, item.Stock)
		}
	} else if item.TrackStock && absent(given["stock"]) && !isWrong(given["trackStock"], aBoolean) {
		blameField(p, at, item.SKU, "stock is required: "+stockRule+"; or \"trackStock\": false")
	}
}

// readPrices fills in the two prices. A price is never 0 by absence.
func readPrices(p *parser, at int, item *cartcore.Item, e *entry, given map[string]json.RawMessage) {
	item.Price = noPrice
	if e.Price != nil {
		item.Price = readPrice(p, at, item.SKU, "price", *e.Price)
	} else if absent(given["price"]) {
		blameField(p, at, item.SKU, "price is required: "+priceRule(p))
	}
	item.OriginalPrice = item.Price
	if e.OriginalPrice == nil {
		return
	}
	item.OriginalPrice = readPrice(p, at, item.SKU, "originalPrice", *e.OriginalPrice)
	if item.OriginalPrice != noPrice && item.OriginalPrice < item.Price {
		blameField(p, at, item.SKU, "originalPrice must be at least the price, "+strconv.Quote(*e.Price)+", not "+strconv.Quote(*e.OriginalPrice))
	}
}

// noPrice stands for a price that could not be read; the item's faults are listed and it is never sold.
const noPrice int64 = -1

// readPrice answers a price in minor units, or noPrice after listing what is wrong with it.
func readPrice(p *parser, at int, sku, field, text string) int64 {
	if minor, ok := p.prices[text]; ok {
		return minor
	}
	minor := noPrice
	ok := p.price.MatchString(text)
	if ok {
		minor, ok = cartcore.ParseMajor(text, p.decimals)
	}
	if !ok {
		blameField(p, at, sku, field+" must be "+priceRule(p)+", not "+strconv.Quote(shortened(text)))
		return noPrice
	}
	p.prices[text] = minor
	return minor
}

// exampleMinor is the price in minor units that error texts show as an example.
const exampleMinor = 11000

// priceRule says what a price must be in the catalogue's currency. There is one form only: a number in the file could
// mean major or minor units.
func priceRule(p *parser) string {
	decimals := "without decimals"
	if p.decimals > 0 {
		decimals = "with at most " + strconv.Itoa(p.decimals) + " decimals"
	}
	return "a string in major units of " + p.currency + " such as \"" + cartcore.Fixed(exampleMinor, p.decimals) + "\", " + decimals +
		" and at most " + cartcore.Fixed(cartcore.MaxInteger, p.decimals)
}

// readAttributes answers the attributes as compact JSON text by name.
func readAttributes(p *parser, at int, item *cartcore.Item, from, given map[string]json.RawMessage) map[string]string {
	attributes := make(map[string]string, len(from))
	length := 1
	for name, value := range from {
		attributes[name] = string(value)
		length += len(name) + len(value) + 4
	}
	if length != len(given["attributes"]) {
		wrongNames(p, place(at, item.SKU), "attributes.", given["attributes"], nil)
	}
	return attributes
}
