package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/integration/cartwalk"
)

// A cart goes the same way interpreted as compiled: outcomes, refusals, ids, totals and records, byte for byte.
func TestCartcoreInterpreted(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("cartwalk", "walk.go"))
	if err != nil {
		t.Fatal(err)
	}
	i := interpreted(t, "cartwalk", string(source))
	same := func(t *testing.T, call, compiled string) {
		t.Helper()
		value, err := i.Eval(call)
		if err != nil {
			t.Fatal(err)
		}
		want, got := strings.Split(compiled, "\n"), strings.Split(value.String(), "\n")
		for n := range want {
			if n >= len(got) || got[n] != want[n] {
				t.Fatalf("line %d\ncompiled:    %s\ninterpreted: %s", n+1, want[n], strings.Join(got[n:min(n+1, len(got))], ""))
			}
		}
		if len(want) < 100 || len(got) != len(want) {
			t.Fatalf("compiled wrote %d lines, interpreted %d", len(want), len(got))
		}
	}
	for seed := uint32(1); seed <= 5; seed++ {
		t.Run(fmt.Sprintf("walk %d", seed), func(t *testing.T) {
			same(t, fmt.Sprintf("cartwalk.Walk(%d, 400)", seed), cartwalk.Walk(seed, 400))
		})
	}
	t.Run("money", func(t *testing.T) { same(t, "cartwalk.Money(7, 1000)", cartwalk.Money(7, 1000)) })
}
