package integration_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/polycart/polycart/integration/interpreter"
	"github.com/polycart/polycart/internal/transcript"
)

// The manifest stands the test of Traefik's plugin catalog (traefik/piceus, pkg/core/yaegi.go): the plugin loads without
// unsafe, testData decodes into the configuration, and New answers a handler within five seconds.
func TestTheManifestStandsTheCatalogsTest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", ".traefik.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		DisplayName string         `yaml:"displayName"`
		Type        string         `yaml:"type"`
		Import      string         `yaml:"import"`
		Summary     string         `yaml:"summary"`
		TestData    map[string]any `yaml:"testData"`
		UseUnsafe   bool           `yaml:"useUnsafe"`
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.DisplayName == "" || manifest.Summary == "" || manifest.Type != "middleware" || manifest.UseUnsafe {
		t.Errorf("the manifest lacks a name, a summary or the type middleware, or asks for unsafe: %+v", manifest)
	}
	if manifest.Import != interpreter.ModulePath+"/plugin" {
		t.Errorf("the manifest imports %s, want a package of %s", manifest.Import, interpreter.ModulePath)
	}
	loaded := interpretedPlugin(t)
	done := make(chan error, 1)
	go func() {
		handler, err := loaded.New(t.Context(), transcript.Upstream(), manifest.TestData, "test")
		if err == nil {
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/store-alpha/agent/cart/get?session_id=sess_1", nil))
			if got := recorder.Body.String(); got != "[]" {
				t.Errorf("an empty cart reads %q, want []", got)
			}
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("New did not answer within five seconds")
	}
}

// The catalog refuses a plugin whose go.mod requires Traefik or its interpreter.
func TestTheModuleRequiresNothingOfTraefiks(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.Contains(line, "github.com/traefik/") {
			t.Errorf("go.mod requires %s", strings.TrimSpace(line))
		}
	}
}
