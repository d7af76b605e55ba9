// Package badbody has the bodies that a client should not send, the places in a request where they can stand, and what must
// become of them. The tests of every level take them from here.
package badbody

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/polycart/polycart/cartcore"
)

// Strange says why text is not one JSON value that every parser reads alike; it is empty where it is one. It goes from token
// to token, where the product counts, so that the two check each other.
func Strange(text string) string {
	if !json.Valid([]byte(text)) {
		return "it is no JSON"
	}
	if !utf8.ValidString(text) {
		return "it is not UTF-8"
	}
	twice, depth := walked(text)
	switch {
	case depth > cartcore.MaxDepth:
		return "it is too deep"
	case halfASurrogatePair(text):
		return "it has half a surrogate pair"
	case twice:
		return "a name stands twice"
	}
	return ""
}

// NameTwice says whether an object in text, which is valid JSON, has a name twice.
func NameTwice(text string) bool {
	twice, _ := walked(text)
	return twice
}

// walked says whether an object has a name twice, and how deep arrays and objects stand in each other.
func walked(text string) (twice bool, deepest int) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	type level struct {
		names map[string]bool // nil in an array
		named bool            // the name of the next value has been read
	}
	open := []*level{}
	for decoder.More() || len(open) > 0 {
		token, err := decoder.Token()
		if err != nil {
			panic(fmt.Sprintf("%q is valid, and %v", text, err))
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 && open[len(open)-1].names != nil {
			within := open[len(open)-1]
			within.named = !within.named
			if within.named {
				name := fmt.Sprint(token)
				twice = twice || within.names[name]
				within.names[name] = true
				continue
			}
		}
		switch token {
		case json.Delim('{'):
			open = append(open, &level{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, &level{})
		}
		deepest = max(deepest, len(open))
	}
	return twice, deepest
}

// halfASurrogatePair reads the escapes of valid JSON one by one.
func halfASurrogatePair(text string) bool {
	expected := -1 // where the second half of a pair must begin
	for at := strings.IndexByte(text, '\\'); at >= 0 && at < len(text); at++ {
		if text[at] != '\\' {
			continue
		}
		if text[at+1] != 'u' {
			at++
			continue
		}
		unit := 0
		if _, err := fmt.Sscanf(text[at+2:at+6], "%x", &unit); err != nil {
			panic(fmt.Sprintf("%q is valid, and %v", text, err))
		}
		second := unit >= 0xDC00 && unit < 0xE000
		if expected >= 0 && (at != expected || !second) || expected < 0 && second {
			return true
		}
		expected = -1
		at += 5
		if unit >= 0xD800 && unit < 0xDC00 {
			expected = at + 1
		}
	}
	return expected >= 0
}
