package ucpshop

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
)

// service is how one transport of the service is reached.
type service struct {
	Version   string `json:"version"`
	Spec      string `json:"spec"`
	Transport string `json:"transport"`
	Schema    string `json:"schema"`
	Endpoint  string `json:"endpoint"`
}

const specification = "https://ucp.dev/" + Version

// profileAge is how many seconds a profile may be kept: the least that the protocol allows, so that a move is soon seen.
const profileAge = 60

// profile answers what this service can do and where.
func (s *Shop) profile(w http.ResponseWriter, r *http.Request) {
	endpoint := s.settings.Endpoint
	if endpoint == "" {
		endpoint = "http://" + r.Host
		if r.TLS != nil {
			endpoint = "https://" + r.Host
		}
	}
	capability := func(page, schema string) []revision {
		return []revision{{Version: Version, Spec: specification + "/specification/" + page, Schema: specification + "/schemas/shopping/" + schema}}
	}
	answer := encoded(http.StatusOK, map[string]any{"ucp": map[string]any{
		"version": Version,
		"services": map[string][]service{"dev.ucp.shopping": {{
			Version: Version, Transport: "rest", Endpoint: endpoint,
			Spec: specification + "/specification/overview", Schema: specification + "/services/shopping/rest.openapi.json",
		}}},
		"capabilities": map[string][]revision{
			cartCapability:   capability("cart", "cart.json"),
			lookupCapability: capability("catalog/lookup", "catalog_lookup.json"),
		},
		"payment_handlers": map[string]any{},
	}})
	w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(profileAge))
	send(w, answer)
}

// health answers 200 while the file can be read.
func (s *Shop) health(w http.ResponseWriter, _ *http.Request) {
	if err := s.file.View(func(*bolt.Tx) error { return nil }); err != nil {
		send(w, answerTo(err))
		return
	}
	send(w, encoded(http.StatusOK, map[string]string{"status": "ok"}))
}

// noted remembers the status that was sent.
type noted struct {
	http.ResponseWriter
	status int
}

func (n *noted) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// logged tells the access log of every request.
func (s *Shop) logged(next http.Handler) http.Handler {
	log := s.settings.AccessLog
	if log == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := &noted{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		log.Info("request", "method", r.Method, "path", r.URL.EscapedPath(), "status", answer.status,
			"requestId", w.Header().Get("Request-Id"), "took", fmt.Sprint(time.Since(began)))
	})
}
