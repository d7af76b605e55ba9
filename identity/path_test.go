package identity

import (
	"testing"

	"github.com/polycart/polycart/jsonpath"
)

// What stands at a path: the compiled edition passes the same test.
func TestWhatStandsAtAPath(t *testing.T) {
	const claims = `{"sub":"182","customer":{"id":182,"a.b":true,"":1,"0":"zero"},"ids":["7",{"x":null}],"@id":" \u00e9 ","größe":[]}`
	cases := []struct {
		path, want string
		there      bool
	}{
		{"sub", `"182"`, true},
		{"customer.id", "182", true},
		{`customer.a\.b`, "true", true},
		{"customer.0", `"zero"`, true},
		{"ids.0", `"7"`, true},
		{"ids.1.x", "null", true},
		{`\@id`, `" \u00e9 "`, true},
		{"größe", "[]", true},
		{"customer.a.b", "", false},
		{"customer.ID", "", false},
		{"sub.id", "", false},
		{"sub.0", "", false},
		{"ids.2", "", false},
		{"ids.x", "", false},
		{"ids.1.x.y", "", false},
		{"größe.0", "", false},
		{"none", "", false},
	}
	for _, c := range cases {
		path, err := readPath(c.path)
		if err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		raw, there := jsonpath.Get([]byte(claims), path)
		if string(raw) != c.want || there != c.there {
			t.Errorf("%s: got %s, %v, want %s, %v", c.path, raw, there, c.want, c.there)
		}
	}
}

func TestPathsWithSignsThatMeanSomethingElsewhereAreRefused(t *testing.T) {
	for _, text := range []string{"", ".", "a.", ".a", "a*", "a?", "#", "a|b", "@this", "!a", "{a}", "[0]", "a(b)", "a=b", "a%b", `"a"`, "a<b", "a\n", `a\`} {
		if path, err := readPath(text); err == nil {
			t.Errorf("%q is taken as %q", text, path.Names)
		}
	}
}
