package integration_test

import (
	"strings"
	"testing"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/internal/badbody"
	"github.com/polycart/polycart/internal/transcript"
)

// A body that is no JSON object, or that two parsers could read differently, is refused in the interpreter too, and changes
// nothing.
func TestStrangeBodiesAreRefusedInterpreted(t *testing.T) {
	few := []badbody.Case{}
	for i, c := range badbody.Generated() {
		// One byte more or less means the same wherever it stands; natively all are sent.
		if i%8 == 0 || !strings.HasPrefix(c.Name, "document ") {
			few = append(few, c)
		}
	}
	strangeBodies(t, few)
}

// The same with every file of JSONTestSuite.
func TestTheBodiesOfJSONTestSuiteAreRefusedInterpreted(t *testing.T) {
	strangeBodies(t, badbody.Suite(t, ".."))
}

func strangeBodies(t *testing.T, cases []badbody.Case) {
	bases, err := badbody.Bases("..")
	if err != nil {
		t.Fatal(err)
	}
	loaded := interpretedPlugin(t)
	for _, base := range bases {
		if base.Route.Body == adapters.NoBody {
			continue
		}
		t.Run(base.Name(), func(t *testing.T) {
			fixture := transcript.NewFixture(t, "..", base.Script)
			handler, err := loaded.New(t.Context(), transcript.Upstream(), fixture.Config, base.Name())
			if err != nil {
				t.Fatal(err)
			}
			badbody.Replay(t, base, fixture, transcript.Handler(handler), func(b *badbody.Bothered) {
				if sent := b.Bodies(base, cases); sent < 500 {
					t.Errorf("only %d bodies were sent", sent)
				}
			})
		})
	}
}
