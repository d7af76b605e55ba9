package integration_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/integration/interpreter"
	"github.com/polycart/polycart/internal/transcript"
)

// Every transcript holds with the plugin loaded by Traefik's interpreter.
func TestTranscriptsInterpreted(t *testing.T) {
	scripts, err := transcript.Load(filepath.Join("..", "testdata", "transcripts"))
	if err != nil {
		t.Fatal(err)
	}
	loaded := interpretedPlugin(t)
	for _, script := range scripts {
		t.Run(script.Name, func(t *testing.T) {
			fixture := transcript.NewFixture(t, "..", script)
			handler, err := loaded.New(t.Context(), transcript.Upstream(), fixture.Config, script.Name)
			if err != nil {
				t.Fatal(err)
			}
			transcript.Run(t, script, fixture, transcript.Handler(handler))
		})
	}
}

// So do those of what sells, in each dialect, with the catalogue behind a service.
func TestTranscriptsOverACatalogueServiceInterpreted(t *testing.T) {
	scripts, err := transcript.Load(filepath.Join("..", "testdata", "transcripts"))
	if err != nil {
		t.Fatal(err)
	}
	loaded := interpretedPlugin(t)
	played := 0
	for _, script := range scripts {
		_, name, _ := strings.Cut(script.Name, "/")
		if name != "seed" && name != "variants" && name != "retry" && name != "update-no-longer-sold" && name != "limits-lines" {
			continue
		}
		played++
		t.Run(script.Name, func(t *testing.T) {
			fixture := transcript.NewFixture(t, "..", script)
			fixture.SellOverHTTP(t, nil)
			handler, err := loaded.New(t.Context(), transcript.Upstream(), fixture.Config, script.Name)
			if err != nil {
				t.Fatal(err)
			}
			transcript.Run(t, script, fixture, transcript.Handler(handler))
		})
	}
	if played < 10 {
		t.Errorf("%d transcripts were played; too few to show anything", played)
	}
}

// interpretedPlugin loads the plugin of this checkout in an interpreter.
func interpretedPlugin(t testing.TB) *interpreter.Plugin {
	t.Helper()
	i := interpreted(t, "", "")
	loaded, err := interpreter.LoadPlugin(i)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}
