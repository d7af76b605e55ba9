package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/jsonpath"
)

// An item of a service is written down as one of a catalogue file and then read as such: so it is held to the same rules, and
// a price that is missing, negative or no exact amount is never 0.

// translated reads the items of an answer. A faulty item is left out and told of; the error is that of the whole answer.
func translated(s *service, answer []byte) (items []*cartcore.Item, faults []error, err error) {
	items = nil // said, because a result does not begin as zero (docs/interpreter.md: named results)
	faults = nil
	text, err := compacted(answer)
	if err == nil {
		err = cartcore.Strict(text)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the answer is not JSON that can be used: %w", err)
	}
	entries, err := entriesOf(s, text)
	if err != nil {
		return nil, nil, err
	}
	for i := range entries {
		item, err := translatedItem(s, entries[i])
		if err != nil {
			faults = append(faults, err)
			continue
		}
		items = append(items, item)
	}
	return items, faults, nil
}

// entriesOf lists the JSON of every variant in an answer; with variants each stands beside its product.
func entriesOf(s *service, text []byte) ([]json.RawMessage, error) {
	at := json.RawMessage(text)
	if s.items != nil {
		found, there := jsonpath.Get(text, s.items)
		if !there {
			return nil, fmt.Errorf("the answer has nothing at %s", s.items.Text)
		}
		at = found
	}
	products, err := listOf(at)
	if err != nil || s.variants == nil {
		return products, err
	}
	all := []json.RawMessage{}
	for i := range products {
		found, there := jsonpath.Get(products[i], s.variants)
		if !there {
			return nil, fmt.Errorf("a product has nothing at %s", s.variants.Text)
		}
		variants, err := listOf(found)
		if err != nil {
			return nil, err
		}
		for j := range variants {
			all = append(all, json.RawMessage(`{"product":`+string(products[i])+`,"variant":`+string(variants[j])+`}`))
		}
	}
	return all, nil
}

// listOf is a list of objects, or one object.
func listOf(raw json.RawMessage) ([]json.RawMessage, error) {
	all := []json.RawMessage{}
	if raw[0] == '{' {
		all = append(all, raw)
		return all, nil
	}
	if raw[0] != '[' || json.Unmarshal(raw, &all) != nil {
		return nil, errors.New("the answer must be an item or a list of items")
	}
	for i := range all {
		if all[i][0] != '{' {
			return nil, errors.New("an item must be an object")
		}
	}
	return all, nil
}

// translatedItem reads one item.
func translatedItem(s *service, entry json.RawMessage) (*cartcore.Item, error) {
	text := bytes.Buffer{}
	text.WriteString(opening + "{")
	for i := range itemFields {
		name := itemFields[i].Name
		value, err := fieldOf(s, entry, name)
		if err != nil {
			return nil, err
		}
		if absent(value) {
			continue
		}
		if text.Len() > len(opening)+1 {
			text.WriteByte(',')
		}
		text.WriteString(`"` + name + `":`)
		text.Write(value)
	}
	text.WriteString("}]}")
	currency, err := fieldOf(s, entry, currencyField)
	if err == nil && !absent(currency) && string(currency) != strconv.Quote(s.currency) {
		err = fmt.Errorf("its currency must be %s, not %s", s.currency, shortened(string(currency)))
	}
	if err != nil {
		return nil, err
	}
	snapshot, faults := Parse(text.Bytes(), s.currency)
	if len(faults) > 0 {
		return nil, errors.New(strings.TrimPrefix(faults[0].Error(), "items[0] "))
	}
	for _, item := range snapshot.Facts {
		return item, nil
	}
	return nil, errEmpty
}

// minorForm is a price in minor units as it must be written.
var minorForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,15})$`)

// fieldOf answers the JSON of a field as a catalogue file has it; empty where there is none.
func fieldOf(s *service, entry json.RawMessage, name string) (json.RawMessage, error) {
	from := s.fields[name]
	if from == nil {
		return nil, nil
	}
	if from.Path == nil {
		return json.RawMessage(from.Constant), nil
	}
	value, there := jsonpath.Get(entry, from.Path)
	if !there || absent(value) {
		return nil, nil
	}
	if name != "price" && name != "originalPrice" {
		return value, nil
	}
	if !s.config.Minor {
		return value, nil // Parse takes text in major units and nothing else
	}
	minor, err := strconv.ParseInt(string(value), 10, 64)
	if !minorForm.Match(value) || err != nil || minor > cartcore.MaxInteger {
		return nil, fmt.Errorf("%s must be a whole number of minor units of %s from 0 to %d, not %s", name, s.currency, cartcore.MaxInteger, shortened(string(value)))
	}
	return json.RawMessage(strconv.Quote(cartcore.Fixed(minor, cartcore.Decimals(s.currency)))), nil
}
