package cartcore_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/badbody"
)

func TestJSONThatTwoParsersReadDifferentlyIsRefused(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	tests := []struct{ name, text, why string }{
		{"an empty object", `{}`, ""},
		{"names that differ", `{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}`, ""},
		{"names that differ by a letter's case", `{"a":1,"A":2}`, ""},
		{"names in strings", `{"a":"\"b\":1,\"b\":2","b":":","c":[":",":\":","\u003a","\u0022:"]}`, ""},
		{"names that end in signs of JSON", `{"a\\":1,"a\"":2,"a:":3,":":4,"":5,"{":6,",":7}`, ""},
		{"numbers past every float", `{"a":[1e999,123456789012345678901234567890],"b":{}}`, ""},
		{"a name twice", `{"a":1,"a":2}`, "twice"},
		{"a name twice with equal values", `{"a":null,"a":null}`, "twice"},
		{"the empty name twice", `{"":1,"":1}`, "twice"},
		{"a name twice in an array in an object", `{"a":[{"b":{"c":1,"c":2}}]}`, "twice"},
		{"a name twice, once as an escape", `{"a":1,"\u0061":2}`, "twice"},
		{"a name twice, its quotation mark once as an escape of another kind", `{"\"":1,"\u0022":2}`, "twice"},
		{"a name twice, a slash once escaped", `{"/":1,"\/":2}`, "twice"},
		{"a name twice, a colon once escaped", `{":":1,"\u003A":2}`, "twice"},
		{"a name twice beside strings that look like names", `{"b":":\":","a":":","a":"\u003a"}`, "twice"},
		{"a name twice whose first value holds more names", `{"a":{"b":":"},"a":1}`, "twice"},
		{"a name twice, once as a pair of surrogates", `{"😀":1,"\ud83d\uDE00":2}`, "twice"},
		{"the deepest arrays", nested(cartcore.MaxDepth), ""},
		{"arrays too deep", nested(cartcore.MaxDepth + 1), "deeper"},
		{"objects too deep", strings.Repeat(`{"a":`, cartcore.MaxDepth+1) + "1" + strings.Repeat("}", cartcore.MaxDepth+1), "deeper"},
		{"arrays and objects too deep", strings.Repeat(`[{"a":`, cartcore.MaxDepth/2) + "[]" + strings.Repeat("}]", cartcore.MaxDepth/2), "deeper"},
		{"arrays far too deep", nested(9000), "deeper"},
		{"many arrays beside each other", `[` + strings.Repeat(`[],{},`, 500) + `[]]`, ""},
		{"brackets in strings", `["` + strings.Repeat(`[{\"`, 100) + `"]`, ""},
		{"a pair of surrogates", `["\ud83d\ude00\uD83D\uDE00"]`, ""},
		{"an escape below the surrogates", `["\ud7ff\ue000"]`, ""},
		{"a backslash before what looks like a surrogate", `["\\ud800"]`, ""},
		{"the first half of a pair", `["\ud800"]`, "surrogate"},
		{"the first half of a pair in a name", `{"\uDBFFa":1}`, "surrogate"},
		{"the second half of a pair", `["\udc00"]`, "surrogate"},
		{"two first halves", `["\ud800\ud800"]`, "surrogate"},
		{"a pair the wrong way round", `["\ude00\ud83d"]`, "surrogate"},
		{"halves around a pair", `["\ud83d\ud83d\ude00\ude00"]`, "surrogate"},
		{"a half behind a backslash", `["\\\ud800"]`, "surrogate"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := cartcore.Strict([]byte(test.text))
			if test.why == "" && err != nil || test.why != "" && (err == nil || !strings.Contains(err.Error(), test.why)) {
				t.Errorf("got %v, want %q", err, test.why)
			}
		})
	}
}

// FuzzStrict holds what counts and takes out against a walk from token to token.
func FuzzStrict(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":{"b":1},"b":2}`, `{"a":"\":","b":"\":"}`, `[{"a":":"},{"\\":":\\"}]`, `{"a":{"b":1,"b":1}}`, `{"":"","":""}`,
		`["\ud83d\ude00","\ud800","\\ud800"]`, strings.Repeat("[", 33) + strings.Repeat("]", 33), `{"\u003a":1,":":[":","\u003A"]}`, "\"\xff\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		var compact bytes.Buffer
		if json.Compact(&compact, sent) != nil || !utf8.Valid(sent) {
			return
		}
		text := compact.Bytes()
		strange := badbody.Strange(string(text))
		if err := cartcore.Strict(text); (err != nil) != (strange != "") {
			t.Fatalf("%q: got %v, want %q", text, err, strange)
		}
		if twice := badbody.NameTwice(string(text)); cartcore.NameTwice(text) != twice {
			t.Fatalf("%q: a name twice is %v by the walk", text, twice)
		}
	})
}
