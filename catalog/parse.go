package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/polycart/polycart/cartcore"
)

// file is the catalogue on the wire. Its items are read one by one, so that a fault can name its item.
type file struct {
	Items []json.RawMessage `json:"items"`
}

// opening is how a catalogue without blanks begins.
const opening = `{"items":[`

// parser is the work of one Parse.
type parser struct {
	currency string
	decimals int
	price    *regexp.Regexp   // what a price may look like in this currency
	prices   map[string]int64 // minor units by text: catalogues repeat their prices, and a map costs a tenth of reading one
	position map[string]int   // index of the item by SKU
	snapshot *Snapshot
	faults   []error
	more     int // faults that found no room in faults
}

// faultsListed is how many faults Parse lists: more than anyone mends in one go, and few enough for a terminal.
const faultsListed = 50

var (
	isCurrency = regexp.MustCompile(`^[A-Z]{3}$`)
	errEmpty   = errors.New("reading catalogue: it is empty; it must be a JSON object with the field items")
)

// Parse reads a catalogue whose prices are in currency (ISO 4217, capital letters). It lists everything that is wrong,
// item by item: at most 50 errors, then one that says how many more there are. With any error there is no Snapshot.
func Parse(data []byte, currency string) (*Snapshot, []error) {
	if !isCurrency.MatchString(currency) {
		return nil, []error{fmt.Errorf("reading catalogue: the currency must be three capital letters of ISO 4217 such as EUR, not %s", strconv.Quote(shortened(currency)))}
	}
	text, err := compacted(data)
	if err != nil {
		return nil, []error{err}
	}
	p := newParser(currency)
	items := split(p, text)
	p.snapshot = newSnapshot(len(items))
	p.position = make(map[string]int, len(items))
	for at := range items {
		readItem(p, at, items[at])
	}
	if p.more > 0 {
		p.faults = append(p.faults, fmt.Errorf("and %d more", p.more))
	}
	if len(p.faults) > 0 {
		return nil, p.faults
	}
	return p.snapshot, nil
}

func newParser(currency string) *parser {
	p := &parser{currency: currency, decimals: cartcore.Decimals(currency), prices: map[string]int64{}}
	// MaxInteger has 16 digits, so no price has more before the point; whether the amount fits is for ParseMajor to judge.
	// The pattern is stricter than ParseMajor, for which "" is 0.
	pattern := `^(0|[1-9][0-9]{0,15})$`
	if p.decimals > 0 {
		pattern = `^(0|[1-9][0-9]{0,15})(\.[0-9]{1,` + strconv.Itoa(p.decimals) + `})?$`
	}
	p.price = regexp.MustCompile(pattern)
	return p
}

// compacted answers the JSON text without blanks, which makes every value in it compact too.
func compacted(data []byte) ([]byte, error) {
	// Editors on Windows put a byte order mark before the text; RFC 8259 §8.1 allows a reader to skip it.
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errEmpty
	}
	// encoding/json would put a question mark in place of every broken character without a word.
	if !utf8.Valid(data) {
		return nil, errors.New("reading catalogue: the text is not UTF-8; save it as UTF-8")
	}
	buffer := bytes.Buffer{}
	buffer.Grow(len(data))
	if err := json.Compact(&buffer, data); err == nil {
		return buffer.Bytes(), nil
	}
	// Compact does not say where the text breaks off; Unmarshal does.
	err := json.Unmarshal(data, &json.RawMessage{})
	at := int64(len(data))
	broken := &json.SyntaxError{}
	if errors.As(err, &broken) && broken.Offset < at {
		at = broken.Offset
	}
	line := bytes.Count(data[:at], []byte("\n")) + 1
	return nil, fmt.Errorf("reading catalogue: the text is not JSON at line %d, byte %d: %w", line, at, err)
}

// split answers the items of a compact catalogue and lists what is wrong around them.
func split(p *parser, text []byte) []json.RawMessage {
	all := file{}
	if err := json.Unmarshal(text, &all); err != nil || text[0] != '{' {
		blame(p, errors.New("catalogue: it must be an object with one list, {\"items\": […]}, not "+shortened(string(text))))
		return nil
	}
	// A catalogue with nothing but one list of items has exactly this length: the opening, the items, the commas, the end.
	length := len(opening) + len(all.Items) - 1 + 2
	for at := range all.Items {
		length += len(all.Items[at])
	}
	if length != len(text) || !bytes.HasPrefix(text, []byte(opening)) {
		wrongNames(p, "catalogue", "", text, fileFields)
	}
	if len(all.Items) == 0 {
		// An export that went wrong writes an empty list: taking it would empty the shop and every cart.
		blame(p, errors.New("catalogue: items must list at least one item; to sell nothing, list items with \"active\": false"))
	}
	return all.Items
}

// blame lists a fault, or counts it where the list is full.
func blame(p *parser, fault error) {
	if len(p.faults) == faultsListed {
		p.more++
		return
	}
	p.faults = append(p.faults, fault)
}

// valueShown is how many bytes of a value an error shows.
const valueShown = 60

// shortened cuts a value for an error text, between two characters.
func shortened(text string) string {
	if len(text) <= valueShown {
		return text
	}
	return strings.ToValidUTF8(text[:valueShown], "") + "…"
}
