package integration_test

import (
	"fmt"
	"testing"

	"github.com/polycart/polycart/internal/pathcases"
)

// pathDriver is interpreted: it answers what stands at a path, what a change makes, and "refused" for a path that is none.
const pathDriver = `package paths

import "github.com/polycart/polycart/jsonpath"

func Get(document, text string) string {
	path, err := jsonpath.Parse(text)
	if err != nil {
		return "refused"
	}
	value, there := jsonpath.Get([]byte(document), path)
	if !there {
		return ""
	}
	return string(value)
}

func Change(document, text, value string) string {
	target, err := jsonpath.ParseTarget(text)
	if err != nil {
		return "refused"
	}
	changed, err := jsonpath.Delete([]byte(document), target)
	if value != "" {
		changed, err = jsonpath.Set([]byte(document), target, []byte(value))
	}
	if err != nil {
		return ""
	}
	return string(changed)
}
`

// Paths find and change the same interpreted as natively.
func TestPathsInterpreted(t *testing.T) {
	i := interpreted(t, "paths", pathDriver)
	is := func(want, call string, words ...string) {
		t.Helper()
		for at, word := range words {
			call += fmt.Sprintf("%q", word)
			if at < len(words)-1 {
				call += ", "
			}
		}
		value, err := i.Eval(call + ")")
		if err != nil {
			t.Fatal(err)
		}
		if value.String() != want {
			t.Errorf("%s) is %s, want %s", call, value.String(), want)
		}
	}
	for _, c := range pathcases.Gets {
		is(c.Want, "paths.Get(", pathcases.Order, c.Path)
	}
	for _, c := range pathcases.Changes {
		is(c.Set, "paths.Change(", c.Document, c.Path, "\"v\"")
		is(c.Removed, "paths.Change(", c.Document, c.Path, "")
	}
	for _, text := range pathcases.NoPaths {
		is("refused", "paths.Get(", "{}", text)
	}
	for _, text := range pathcases.NoTargets {
		is("refused", "paths.Change(", "{}", text, "")
	}
}
