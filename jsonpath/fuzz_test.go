package jsonpath_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/pathcases"
	"github.com/polycart/polycart/jsonpath"
)

// The seam of paths is held in each edition to the libraries themselves, asked as anybody would ask them.

func FuzzGet(f *testing.F) {
	for _, c := range pathcases.Gets {
		f.Add(pathcases.Order, c.Path)
	}
	f.Add(`[{"a":[{"b":"x"}]},{"a":[]}]`, `#(a.0.b=="x")#.a.0`)
	f.Add(`{"a":{"#":5,"#.b":6}}`, `a.\#`)
	f.Add(`[[1,2],[3]]`, "#.0")
	f.Fuzz(func(t *testing.T, document, text string) {
		path, err := jsonpath.Parse(text)
		if err != nil || !strict(document) || !within(document, path) {
			return
		}
		want := gjson.Get(document, text)
		got, there := jsonpath.Get([]byte(document), path)
		if there != want.Exists() || string(got) != strings.TrimSpace(want.Raw) {
			t.Fatalf("%q in %s: got %s, %v, gjson has %s, %v", text, document, got, there, want.Raw, want.Exists())
		}
	})
}

// strict tells whether a text is a document for paths.
func strict(document string) bool {
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(document)) != nil || cartcore.Strict(compact.Bytes()) != nil {
		return false
	}
	return json.Valid([]byte(document)) && strings.ToValidUTF8(document, "") == document
}

// within tells whether gjson means with a path what this room promises. It looks for members in strings that hold brackets,
// takes an escaped number for no index and an escape in a path through an array for two names, calls 5 equal to "5", and
// has a meaning for # after an object.
func within(document string, path *jsonpath.Path) bool {
	names := append(append(append([]string{}, path.Names...), path.Field...), path.Rest...)
	if strings.Contains(path.Text, `\`) {
		for _, name := range names {
			if strings.Trim(name, "0123456789") == "" || strings.Trim(document, " \t\r\n")[0] == '[' || strings.Contains(document, "[") {
				return false
			}
		}
	}
	if path.Hash == jsonpath.HashNone {
		return true
	}
	var value any
	if json.Unmarshal([]byte(document), &value) != nil || bracketed(value) {
		return false
	}
	if path.Hash > jsonpath.HashEach && !onlyTexts(value) {
		return false
	}
	before, _, _ := strings.Cut(path.Text, "#")
	at := gjson.Parse(document)
	if before != "" {
		at = gjson.Get(document, strings.TrimSuffix(before, "."))
	}
	return at.IsArray()
}

// bracketed tells whether a string holds a bracket.
func bracketed(value any) bool {
	switch value := value.(type) {
	case string:
		return strings.ContainsAny(value, "{[")
	case []any:
		for _, one := range value {
			if bracketed(one) {
				return true
			}
		}
	case map[string]any:
		for name, one := range value {
			if bracketed(name) || bracketed(one) {
				return true
			}
		}
	}
	return false
}

// onlyTexts tells whether all that is no array and no object is text.
func onlyTexts(value any) bool {
	switch value := value.(type) {
	case []any:
		for _, one := range value {
			if !onlyTexts(one) {
				return false
			}
		}
		return true
	case map[string]any:
		for _, one := range value {
			if !onlyTexts(one) {
				return false
			}
		}
		return true
	}
	_, is := value.(string)
	return is
}

func FuzzChange(f *testing.F) {
	for _, c := range pathcases.Changes {
		f.Add(c.Document, c.Path)
	}
	f.Fuzz(func(t *testing.T, document, text string) {
		target, err := jsonpath.ParseTarget(text)
		if err != nil || !strict(document) {
			return
		}
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(document)) != nil || compact.Bytes()[0] != '{' && compact.Bytes()[0] != '[' {
			return
		}
		before := compact.String()
		got, err := jsonpath.Set([]byte(before), target, []byte(`{"v":1.50}`))
		if err == nil && !strings.Contains(text, `\`) {
			want, wrong := sjson.SetRaw(before, text, `{"v":1.50}`)
			if wrong != nil || want != string(got) {
				t.Fatalf("%q set in %s: got %s, sjson has %s, %v", text, before, got, want, wrong)
			}
		}
		if err == nil && !json.Valid(got) {
			t.Fatalf("%q set in %s: got %s", text, before, got)
		}
		got, err = jsonpath.Delete([]byte(before), target)
		if err != nil || !json.Valid(got) {
			t.Fatalf("%q taken from %s: got %s, %v", text, before, got, err)
		}
		if !strings.Contains(text, `\`) && !strings.Contains(text, "-1") && !strings.Contains(before, `\"`) {
			if want, wrong := sjson.Delete(before, text); wrong != nil || want != string(got) {
				t.Fatalf("%q taken from %s: got %s, sjson has %s, %v", text, before, got, want, wrong)
			}
		}
		if compact.String() != before {
			t.Fatalf("%q changed the document %s itself", text, before)
		}
	})
}
