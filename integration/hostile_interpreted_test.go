package integration_test

import (
	"net/http"
	"testing"

	"github.com/polycart/polycart/internal/hostile"
	"github.com/polycart/polycart/internal/transcript"
)

// Whose cart it is holds in the interpreter as it does natively, where plugin/hostile_test.go asks the same.
func TestHostileRequestsInterpreted(t *testing.T) {
	loaded := interpretedPlugin(t)
	level := &hostile.Level{Root: "..", Open: func(t testing.TB, config map[string]any, name string) http.Handler {
		handler, err := loaded.New(t.Context(), transcript.Upstream(), config, name)
		if err != nil {
			t.Fatal(err)
		}
		return handler
	}}
	t.Run("only the owner sees or changes a cart", func(t *testing.T) { hostile.Matrix(t, level) })
	t.Run("the owner is granted what others are refused", func(t *testing.T) { hostile.Owners(t, level) })
	t.Run("a client sets nothing that is the shop's", func(t *testing.T) { hostile.Fields(t, level) })
	t.Run("guest tokens cannot be guessed", func(t *testing.T) { hostile.Tokens(t, level) })
	t.Run("session cookies are held back", func(t *testing.T) { hostile.Cookies(t, level) })
	t.Run("a planted token opens nobody's cart", func(t *testing.T) { hostile.Fixation(t, level) })
}
