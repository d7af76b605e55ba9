package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/polycart/polycart/internal/ucpcases"
)

// Answers of a cart service are read, and requests to it written, the same interpreted as natively.
func TestUCPInterpreted(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "internal", "ucpcases", "told.go"))
	if err != nil {
		t.Fatal(err)
	}
	i := interpreted(t, "told", string(source))
	is := func(t *testing.T, want, format string, values ...any) {
		t.Helper()
		call := fmt.Sprintf(format, values...)
		value, err := i.Eval(call)
		if err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		if got := fmt.Sprint(value); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", call, got, want)
		}
	}
	for _, c := range ucpcases.Answers {
		t.Run(c.Name, func(t *testing.T) { is(t, c.Want, "ucpcases.Told(%d, %q, %q, %q)", c.Status, c.Tag, "", c.Body) })
	}
	for _, c := range ucpcases.Asked {
		t.Run(c.Name, func(t *testing.T) { is(t, c.Want, "ucpcases.Told(%d, %q, %q, %q)", c.Status, c.Tag, c.ID, c.Body) })
	}
	for _, c := range ucpcases.Unsolds {
		t.Run(c.Name, func(t *testing.T) {
			is(t, fmt.Sprint(c.Want), "ucpcases.Unsold(%d, %q, %q)", c.Status, c.Body, c.Item)
		})
	}
	for _, c := range ucpcases.Requests {
		t.Run(c.Name, func(t *testing.T) {
			is(t, c.Want, "ucpcases.Request(%q, %q)", c.ID, c.Lines)
			is(t, ucpcases.Key("cart", 7, c.ID, c.Lines), "ucpcases.Key(%q, 7, %q, %q)", "cart", c.ID, c.Lines)
		})
	}
}
