package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"sort"
	"strconv"
	"strings"

	"github.com/polycart/polycart/cartcore"
)

// What stands here runs for a broken item only, so it may be slow; it must be exact.

// field is the name of a field and what its JSON value must be.
type field struct {
	Name string
	Must string
}

const (
	aString  = "a string"
	aNumber  = "a whole number"
	aBoolean = "true or false"
	anObject = "an object"
	aList    = "a list"
)

var fileFields = []field{{"items", aList}}

// itemFields are the fields of an item, in the order of the documentation.
var itemFields = []field{
	{"sku", aString}, {"productId", aString}, {"variantId", aString}, {"externalProductId", aString}, {"externalVariantId", aString},
	{"productNumber", aNumber}, {"number", aNumber}, {"title", aString}, {"variantTitle", aString}, {"imageUrl", aString},
	{"price", aString}, {"originalPrice", aString}, {"stock", aNumber}, {"trackStock", aBoolean}, {"active", aBoolean}, {"attributes", anObject},
}

var known = namesOf(itemFields)

func namesOf(fields []field) map[string]bool {
	names := map[string]bool{}
	for i := range fields {
		names[fields[i].Name] = true
	}
	return names
}

// wrongNames lists the names of a JSON object that stand twice or that fields does not have; nil fields allow every name.
func wrongNames(p *parser, at, prefix string, raw []byte, fields []field) {
	allowed := namesOf(fields)
	times := map[string]int{}
	names := []string{}
	walk := json.NewDecoder(bytes.NewReader(raw))
	if _, err := walk.Token(); err != nil {
		blame(p, errors.New(at+": reading its names: "+err.Error()))
		return
	}
	for walk.More() {
		token, err := walk.Token()
		value := json.RawMessage{}
		if err == nil {
			err = walk.Decode(&value)
		}
		name, ok := token.(string)
		if err != nil || !ok {
			blame(p, errors.New(at+": its names cannot be read"))
			return
		}
		if times[name] == 0 {
			names = append(names, name)
		}
		times[name]++
	}
	sort.Strings(names)
	for i := range names {
		shown := strconv.Quote(prefix + shortened(names[i]))
		if fields != nil && !allowed[names[i]] {
			blame(p, errors.New(at+": "+shown+" is not a field; the fields are "+fieldList(fields)))
		} else if times[names[i]] > 1 {
			blame(p, errors.New(at+": "+shown+" is given "+strconv.Itoa(times[names[i]])+" times; a name may be given once"))
		}
	}
}

func fieldList(fields []field) string {
	names := []string{}
	for i := range fields {
		names = append(names, fields[i].Name)
	}
	return strings.Join(names, ", ")
}

// wrongTypes lists the fields of an item whose JSON value is of the wrong type.
func wrongTypes(p *parser, at int, sku string, given map[string]json.RawMessage) {
	for i := range itemFields {
		f := itemFields[i]
		value := given[f.Name]
		if !isWrong(value, f.Must) {
			continue
		}
		must := f.Must
		if f.Name == "price" || f.Name == "originalPrice" {
			must = priceRule(p)
		} else if f.Name == "stock" {
			must = stockRule
		} else if f.Must == aNumber {
			must = numberRule
		}
		blameField(p, at, sku, f.Name+" must be "+must+", not "+shortened(string(value)))
	}
}

// forgetWrongTypes takes out what encoding/json leaves of a value of the wrong type: a pointer to 0.
func forgetWrongTypes(e *entry, given map[string]json.RawMessage) {
	if isWrong(given["productNumber"], aNumber) {
		e.ProductNumber = nil
	}
	if isWrong(given["number"], aNumber) {
		e.Number = nil
	}
	if isWrong(given["price"], aString) {
		e.Price = nil
	}
	if isWrong(given["originalPrice"], aString) {
		e.OriginalPrice = nil
	}
	if isWrong(given["stock"], aNumber) {
		e.Stock = nil
	}
	if isWrong(given["trackStock"], aBoolean) {
		e.TrackStock = nil
	}
}

// isWrong answers whether a field is given and its value is not what must says.
func isWrong(value json.RawMessage, must string) bool { return !absent(value) && !isA(value, must) }

// isA answers whether a compact JSON value is what must says.
func isA(value json.RawMessage, must string) bool {
	if must == aString {
		return value[0] == '"'
	}
	if must == anObject {
		return value[0] == '{'
	}
	if must == aBoolean {
		return value[0] == 't' || value[0] == 'f'
	}
	number := int64(0)
	return json.Unmarshal(value, &number) == nil
}

// absent answers whether a field is not given; null counts as not given.
func absent(value json.RawMessage) bool { return len(value) == 0 || value[0] == 'n' }

// place names an item in an error: by its index in the list, from 0, and its SKU.
func place(at int, sku string) string {
	name := "items[" + strconv.Itoa(at) + "]"
	if sku == "" {
		return name
	}
	return name + " (sku " + strconv.Quote(shortened(sku)) + ")"
}

func blameField(p *parser, at int, sku, what string) {
	blame(p, errors.New(place(at, sku)+": "+what))
}

func blameNumber(p *parser, at int, sku, field, rule string, value int64) {
	blameField(p, at, sku, field+" must be "+rule+", not "+strconv.FormatInt(value, 10))
}

// blameTaken lists an identifier that another item has.
func blameTaken(p *parser, at int, item *cartcore.Item, identifier string, other *cartcore.Item) {
	blameField(p, at, item.SKU, identifier+" is already that of sku "+strconv.Quote(shortened(other.SKU))+"; each item has its own")
}
