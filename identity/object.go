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

// readObject reads a JSON object into its members. A text that has to be walked through is refused where it is longer
// than longest bytes. Names are compared exactly, which decoding into a struct would not
// do, and a name that is there twice, at any depth, is refused (RFC 8725 §2.4: parsers differ in which of them counts).
func readObject(text []byte, longest int) (map[string]json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if !utf8.Valid(text) || json.Unmarshal(text, &members) != nil || members == nil {
		return nil, errNotObject
	}
	// Each name of compact JSON is followed by `":`. Where that is there as often as there are members, no name is there
	// twice and no object inside; else it takes a walk, which is slow in the interpreter.
	compact := &bytes.Buffer{}
	if json.Compact(compact, text) == nil && bytes.Count(compact.Bytes(), []byte(`":`)) == len(members) {
		return members, nil
	}
	if len(text) > longest {
		return nil, errNested
	}
	if nameTwice(text) {
		return nil, errTwice
	}
	return members, nil
}

// nameTwice says whether an object in text, which is valid JSON, has a name twice.
func nameTwice(text []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	open := []map[string]bool{} // names so far of the objects around; nil for an array
	named := false              // the name of the next value has been read
	var array map[string]bool   // the interpreter panics where nil itself is appended (docs/interpreter.md: append of nil)
	for decoder.More() || len(open) > 0 {
		token, err := decoder.Token()
		if err != nil {
			return true // cannot be: the text was read before
		}
		delim, isDelim := token.(json.Delim)
		closes := isDelim && (delim == '}' || delim == ']')
		if closes {
			open = open[:len(open)-1]
			named = false
			continue
		}
		if len(open) > 0 && open[len(open)-1] != nil && !named {
			name, _ := token.(string) // an object's names are strings
			if open[len(open)-1][name] {
				return true
			}
			open[len(open)-1][name] = true
			named = true
			continue
		}
		named = false
		if isDelim && delim == '{' {
			open = append(open, map[string]bool{})
		} else if isDelim {
			open = append(open, array)
		}
	}
	return false
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
