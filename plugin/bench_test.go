package plugin_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/polycart/polycart/internal/bench"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/plugin"
)

// BenchmarkServe answers whole requests natively: those that polycart bench sends to a Traefik.
func BenchmarkServe(b *testing.B) {
	config, operations, err := bench.Native(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	handler, err := plugin.New(b.Context(), transcript.Upstream(), decoded(b, config), "bench")
	if err != nil {
		b.Fatal(err)
	}
	for _, operation := range operations {
		b.Run(operation.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				answer := httptest.NewRecorder()
				if handler.ServeHTTP(answer, operation.Next()); answer.Code != http.StatusOK {
					b.Fatalf("%d %s", answer.Code, answer.Body)
				}
			}
		})
	}
}
