package cartcore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Text from outside can be JSON and still be read differently by two parsers: RFC 8259 leaves open which of two equal names
// counts, what half a surrogate pair is, and how deep is too deep. Each step here is one call of native code, since a loop
// over the bytes would cost the interpreter milliseconds (docs/interpreter.md: what a call costs).

// MaxDepth is how deep arrays and objects of a request may stand in each other, the outermost counted. The deepest published
// body has five; options are the client's own.
const MaxDepth = 32

// The reasons why JSON is refused. They show nothing of it.
var (
	errSurrogate = errors.New("half a surrogate pair stands alone")
	errNameTwice = errors.New("a name stands twice in an object")
	errTooDeep   = fmt.Errorf("arrays and objects stand deeper than %d in each other", MaxDepth)
)

// nameEnd stands behind every name of compact JSON, and else only where a string begins with a colon.
var nameEnd = []byte(`":`)

// Strict refuses JSON that two parsers may read differently. text is valid, compact (json.Compact) and UTF-8.
//
// Without escapes, and with few brackets, only a name that stands twice can be wrong: then reading the text and writing it
// again leaves fewer names.
func Strict(text []byte) error {
	if bytes.IndexByte(text, '\\') < 0 && bytes.Count(text, openObject)+bytes.Count(text, openArray) <= MaxDepth {
		var value any
		if json.Unmarshal(text, &value) == nil {
			once, err := json.Marshal(value)
			if err == nil && bytes.Count(text, nameEnd) == bytes.Count(once, nameEnd) {
				return nil
			}
		}
	}
	return strict(text)
}

var openObject, openArray = []byte("{"), []byte("[")

// strict does the same for every text, and says what is wrong.
func strict(text []byte) error {
	plain := withoutEscapes(text)
	if strings.Contains(plain, `\u`) && surrogate.MatchString(surrogatePair.ReplaceAllString(plain, "")) {
		return errSurrogate
	}
	if strings.Count(plain, "{")+strings.Count(plain, "[") > MaxDepth && deeper(plain) {
		return errTooDeep
	}
	if nameTwice(text, plain) {
		return errNameTwice
	}
	return nil
}

// NameTwice says whether an object in text has a name twice, at any depth. text is valid, compact and UTF-8.
func NameTwice(text []byte) bool { return nameTwice(text, withoutEscapes(text)) }

// escapes are those that would hide where a string ends or begins. A pair of backslashes comes first, so that no half of one
// begins another escape.
var escapes = strings.NewReplacer(`\\`, "b", `\"`, "q", `\u003a`, ":", `\u003A`, ":")

// withoutEscapes is text in which every quotation mark begins or ends a string, and a colon at a string's beginning is one.
// Other escapes stay.
func withoutEscapes(text []byte) string {
	if bytes.IndexByte(text, '\\') < 0 {
		return string(text)
	}
	return escapes.Replace(string(text))
}

// Halves of surrogate pairs as escapes. What is left of them where the pairs are taken out is half a one.
var (
	surrogate     = regexp.MustCompile(`\\u[dD][89a-fA-F]`)
	surrogatePair = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)
)

// Depth is found by taking out the innermost brackets as often as may be.
var (
	noBrackets = regexp.MustCompile(`"[^"]*"|[^][{}"]+`)
	innermost  = strings.NewReplacer("[]", "", "{}", "")
)

// deeper says whether arrays and objects stand deeper than MaxDepth in each other.
func deeper(plain string) bool {
	brackets := noBrackets.ReplaceAllString(plain, "")
	for depth := 0; depth < MaxDepth && brackets != ""; depth++ {
		brackets = innermost.Replace(brackets)
	}
	return brackets != ""
}

// nameTwice compares how many names there are with how many are left once each counts once: `":` stands behind each, and
// at the beginning of strings that begin with a colon, here and there alike.
func nameTwice(text []byte, plain string) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a number past every float is no fault here
	var value any
	if decoder.Decode(&value) != nil {
		return true // cannot be: the text is valid
	}
	once, err := json.Marshal(value)
	return err != nil || strings.Count(plain, `":`) != strings.Count(withoutEscapes(once), `":`)
}
