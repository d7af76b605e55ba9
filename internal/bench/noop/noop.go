// Package noop is the least that a Traefik plugin can be: it answers every request itself. What it costs, every plugin that
// is interpreted costs at least. Traefik interprets it in both editions.
package noop

import (
	"context"
	"net/http"
)

// Config has nothing to configure.
type Config struct{}

// CreateConfig is called by Traefik.
func CreateConfig() *Config { return &Config{} }

// answer is as long as the agent dialect's for a cart of one line.
var answer = []byte(`[{"id":"00000000-0000-4000-a000-000000000000","domain":"bench","session_id":"00000000000000000000000000000000","product_id":"prod_1","quantity":1,"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}]`)

// New is called by Traefik.
func New(_ context.Context, _ http.Handler, _ *Config, _ string) (http.Handler, error) {
	return http.HandlerFunc(serve), nil
}

func serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // a client that has gone needs no answer
}
