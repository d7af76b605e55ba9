package badbody

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/polycart/polycart/cartcore"
)

// Case is a text that is sent as a body, or as a value in one.
type Case struct {
	Name string
	Text string
}

// Generated are texts of the classes that public collections of bad JSON have: each good document with each byte of it left
// out, doubled, cut at, or preceded by a byte that may mean something; numbers, strings and literals in forms of other
// languages; other encodings; names that stand twice; texts too deep.
func Generated() []Case {
	cases := []Case{}
	known := map[string]bool{}
	add := func(name, text string) {
		if !known[text] {
			known[text] = true
			cases = append(cases, Case{name, text})
		}
	}
	for i, document := range []string{`{"a":[1,{"b":"c\n"}],"d":-1.5e+3}`, `[true,null]`, `"\u0061"`, `[]`, `{}`} {
		add(fmt.Sprintf("document %d", i), document)
		for at := range document {
			add(fmt.Sprintf("document %d without byte %d", i, at), document[:at]+document[at+1:])
			add(fmt.Sprintf("document %d with byte %d twice", i, at), document[:at+1]+document[at:])
			add(fmt.Sprintf("document %d cut at %d", i, at), document[:at])
			for _, sign := range []string{",", ":", "]", "{", `"`, `\`, "0", "\x00", "\f", "\xff", "\u00a0", "/**/"} {
				add(fmt.Sprintf("document %d with %q at %d", i, sign, at), document[:at]+sign+document[at:])
			}
		}
		for _, tail := range []string{" {}", ",", "#", "//", "/**/", "\x00", "}", "]", `"`, " 1", ";", "\n\n" + document, " \t\r\n"} {
			add(fmt.Sprintf("document %d with %q behind it", i, tail), document+tail)
		}
	}
	for _, number := range strings.Fields(`0 -0 7 0.0 1.0 1.5 1e0 1E+2 1e-2 -1 100e-2 1e400 -1e400 1e-400 9007199254740991 9007199254740992 9223372036854775808
		18446744073709551616 123456789012345678901234567890 0.00000000000000000001 1.0000000000000000000000000001 1e1000000000000000000
		00 01 -01 +1 1. .1 -.1 1.e1 1e 1e+ 1eE2 0x10 0b1 0o7 1_000 1,000 Infinity -Infinity NaN nan -NaN - -- ++1 1+1 1e1.5 1f １ ٣ ½`) {
		add("number "+number, number)
	}
	for _, literal := range strings.Fields(`true false null True TRUE nul truee nulll undefined None nil yes a`) {
		add("literal "+literal, literal)
	}
	for _, text := range []string{
		`"\u0000"`, `"\u001f"`, `"\u007f"`, `"\/"`, `"\ufffd"`, `"\ufffe"`, `"\ufdd0"`, `"\uD83D\uDE00"`, `"\u2028"`, `""`, `" "`, `"é"`, "\"e\u0301\"",
		`"\ud800"`, `"\udc00"`, `"\uD800\uD800"`, `"\udc00\ud800"`, `"\ud800a"`, `"\ud800\n"`, `"\ud800\u0061"`, `"\\ud800"`, `"\\\ud800"`,
		`"\x41"`, `"\u004"`, `"\u00g0"`, `"\U00000041"`, `"\a"`, `"\0"`, `"\'"`, `'a'`, `"a`, `a"`, "\"\t\"", "\"\n\"", "\"\x00\"", "\"\x1f\"", `"\"`, "`a`", "“a”",
		"\"\xff\"", "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", "\"\xe0\x80\xaf\"", "\"\xf4\x90\x80\x80\"", "\"\xfc\x80\x80\x80\x80\x80\"", "\"\xe2\x82\"", "\"\x80\"", "\"\xe9\"",
		`"` + strings.Repeat("a", 255) + `"`, `"` + strings.Repeat("a", 256) + `"`, `"` + strings.Repeat("a", 10000) + `"`,
	} {
		add("string "+cut(text), text)
	}
	for _, object := range []string{
		`{"a":1,"a":1}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":[{"b":{"c":1,"\u0063":2}}]}`, `{"":1,"":2}`, `{"\"":1,"\u0022":2}`, `{"é":1,"\u00e9":2}`,
		"{\"é\":1,\"e\u0301\":2}", `{"a":1,"A":2}`, `{"__proto__":1,"constructor":2}`, `{"\ud800":1}`, "{\"\xff\":1,\"\xfe\":2}", `{a:1}`, `{'a':1}`, `{1:1}`, `{"a" 1}`, `{"a"=1}`,
		`{"a":1;"b":2}`, `{"a":{"a":{"a":1}}}`, `{null:1}`, `{{}}`, `{[]}`,
	} {
		add("object "+object, object)
	}
	for _, depth := range []int{cartcore.MaxDepth - 4, cartcore.MaxDepth, cartcore.MaxDepth + 1, 500, 9000, 20000} {
		add(fmt.Sprintf("%d arrays in each other", depth), strings.Repeat("[", depth)+strings.Repeat("]", depth))
		add(fmt.Sprintf("%d objects in each other", depth), strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth))
		add(fmt.Sprintf("%d arrays begun", depth), strings.Repeat("[", depth))
		add(fmt.Sprintf("%d objects begun", depth), strings.Repeat(`[{"":`, depth))
	}
	add("nothing but blanks", " \t\r\n")
	for _, text := range []string{`{"a":"é"}`, `[]`} {
		add("with a byte order mark: "+text, "\ufeff"+text)
		for name, order := range map[string][2]int{"little": {0, 8}, "big": {8, 0}} {
			wide := ""
			for _, unit := range utf16.Encode([]rune(text)) {
				wide += string([]byte{byte(unit >> order[0]), byte(unit >> order[1])})
			}
			add("UTF-16, "+name+" end first: "+text, wide)
		}
	}
	sort.SliceStable(cases, func(i, j int) bool { return cases[i].Name < cases[j].Name }) // a map has no order
	return cases
}

func cut(text string) string {
	if len(text) > 40 {
		return fmt.Sprintf("%s… of %d bytes", text[:20], len(text))
	}
	return text
}

// SuiteFolder names the environment variable that says where a checkout of github.com/nst/JSONTestSuite is.
const SuiteFolder = "POLYCART_JSONTESTSUITE"

// Suite is every file of JSONTestSuite, by names that begin with y_ (good), n_ (bad), i_ (up to the parser), or for its
// examples of what parsers make of the same text differently with t_. The test is skipped where there is none: Generated has
// cases of the same classes.
func Suite(t testing.TB, root string) []Case {
	t.Helper()
	folder := os.Getenv(SuiteFolder)
	if folder == "" {
		folder = filepath.Join(root, "..", "shared", "data", "jsontestsuite")
	}
	cases := []Case{}
	for _, kind := range []struct{ name, prefix string }{{"test_parsing", ""}, {"test_transform", "t_"}} {
		files, err := filepath.Glob(filepath.Join(folder, kind.name, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			cases = append(cases, Case{kind.prefix + filepath.Base(file), string(text)})
		}
	}
	if len(cases) == 0 {
		t.Skipf("there is no JSONTestSuite in %s; %s can name a folder with its test_parsing and test_transform", folder, SuiteFolder)
	}
	return cases
}
