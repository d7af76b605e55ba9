package jsonpath_test

import (
	"testing"

	"github.com/polycart/polycart/internal/pathcases"
	"github.com/polycart/polycart/jsonpath"
)

// What stands at a path: both editions, and the interpreter, pass this table.
func TestWhatStandsAtAPath(t *testing.T) {
	for _, c := range pathcases.Gets {
		path, err := jsonpath.Parse(c.Path)
		if err != nil {
			t.Errorf("%s: %v", c.Path, err)
			continue
		}
		got, there := jsonpath.Get([]byte(pathcases.Order), path)
		if string(got) != c.Want || there != (c.Want != "") {
			t.Errorf("%s: got %s, %v, want %s", c.Path, got, there, c.Want)
		}
	}
}

// What a change makes of a document: both editions, and the interpreter, pass this table. An empty want is a refusal.
func TestWhatAChangeMakes(t *testing.T) {
	for _, c := range pathcases.Changes {
		target, err := jsonpath.ParseTarget(c.Path)
		if err != nil {
			t.Errorf("%s: %v", c.Path, err)
			continue
		}
		got, err := jsonpath.Set([]byte(c.Document), target, []byte(`"v"`))
		if string(got) != c.Set || (err != nil) != (c.Set == "") {
			t.Errorf("%s set in %s: got %s, %v, want %s", c.Path, c.Document, got, err, c.Set)
		}
		got, err = jsonpath.Delete([]byte(c.Document), target)
		if string(got) != c.Removed || err != nil {
			t.Errorf("%s taken from %s: got %s, %v, want %s", c.Path, c.Document, got, err, c.Removed)
		}
	}
}

func TestPathsOutsideTheSubsetAreRefused(t *testing.T) {
	for _, text := range pathcases.NoPaths {
		if path, err := jsonpath.Parse(text); err == nil {
			t.Errorf("%q is taken to be looked up, as %+v", text, path)
		}
	}
	for _, text := range pathcases.NoTargets {
		if target, err := jsonpath.ParseTarget(text); err == nil {
			t.Errorf("%q is taken to be set, as %+v", text, target)
		}
	}
}
