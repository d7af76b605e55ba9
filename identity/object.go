package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/polycart/polycart/cartcore"
)

// The reasons why JSON is refused. They show nothing of it: it may be secret.
var (
	errNotObject   = errors.New("it is not a JSON object")
	errTwice       = errors.New("a name is there twice")
	errNested      = errors.New("it is long and has objects inside, or a name twice")
	errNotText     = errors.New("it is not a string")
	errNotCustomer = errors.New("it is neither a string nor a whole number from 0 to 2^53-1")
)

// readObject reads a JSON object into its members. A text with objects inside is refused where it is longer than longest
// bytes. Names are compared exactly, which decoding into a struct would not do, and a name that is there twice, at any depth,
// is refused (RFC 8725 §2.4: parsers differ in which of them counts).
func readObject(text []byte, longest int) (map[string]json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if !utf8.Valid(text) || json.Unmarshal(text, &members) != nil || members == nil {
		return nil, errNotObject
	}
	// Each name of compact JSON is followed by `":`. Where that is there as often as there are members, no name is there
	// twice and no object inside; else it takes longer to tell.
	compact := &bytes.Buffer{}
	if json.Compact(compact, text) == nil && bytes.Count(compact.Bytes(), []byte(`":`)) == len(members) {
		return members, nil
	}
	if len(text) > longest {
		return nil, errNested
	}
	if cartcore.NameTwice(compact.Bytes()) {
		return nil, errTwice
	}
	return members, nil
}

// textIn reads a member that must be a string; there is false where it is not there.
func textIn(members map[string]json.RawMessage, name string) (text string, there bool, err error) {
	raw, there := members[name]
	if !there {
		return "", false, nil
	}
	text, err = asText(raw)
	return text, true, err
}

// asText reads JSON text that must be a string: null is none.
func asText(raw json.RawMessage) (string, error) {
	text := ""
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return "", errNotText
	}
	return text, nil
}

// asCustomerID reads JSON text that must be a customer id. The number 182 and the string "182" are the same customer.
func asCustomerID(raw json.RawMessage) (string, error) {
	if len(raw) > 0 && raw[0] == '"' {
		text, err := asText(raw)
		if err != nil {
			return "", err
		}
		return text, customerFits(text)
	}
	number, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || number < 0 || number > cartcore.MaxInteger || raw[0] == '-' {
		return "", errNotCustomer
	}
	return string(raw), nil
}
