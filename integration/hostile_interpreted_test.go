package integration_test

import (
	"net/http"
	"testing"

	"github.com/polycart/polycart/integration/interpreter"
	"github.com/polycart/polycart/internal/hostile"
	"github.com/polycart/polycart/internal/transcript"
)

// interpretedLevel is the plugin in Traefik's interpreter.
func interpretedLevel(loaded *interpreter.Plugin) *hostile.Level {
	return &hostile.Level{Root: "..", Open: func(t testing.TB, config map[string]any, name string) http.Handler {
		handler, err := loaded.New(t.Context(), transcript.Upstream(), config, name)
		if err != nil {
			t.Fatal(err)
		}
		return handler
	}}
}

// Whose cart it is holds in the interpreter as it does natively, where plugin/hostile_test.go asks the same.
func TestHostileRequestsInterpreted(t *testing.T) {
	level := interpretedLevel(interpretedPlugin(t))
	t.Run("only the owner sees or changes a cart", func(t *testing.T) { hostile.Matrix(t, level) })
}
