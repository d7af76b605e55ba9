package callers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

// Gossip is a receiver of webhooks, and a service for sessions, that repeats what it is asked, in answers that are no HTTP:
// in turn as a status line, as a header, and not at all but with a refusal.
func Gossip() http.Handler {
	asked := atomic.Int64{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event := struct {
			Data struct{ CustomerID any }
		}{}
		_ = json.NewDecoder(r.Body).Decode(&event) // a question for a session has no body
		heard := fmt.Sprintf("heard-of-%v-at-%s", event.Data.CustomerID, r.URL.Path)
		switch asked.Add(1) % 3 {
		case 0:
			w.WriteHeader(http.StatusGone)
		case 1:
			instead(w, heard+"\r\n\r\n")
		case 2:
			instead(w, "HTTP/1.1 200 OK\r\n"+heard+"\r\n\r\n")
		}
	})
}

// instead answers with a text instead of HTTP.
func instead(w http.ResponseWriter, text string) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err) // no server of net/http answers HTTP/1.1 so
	}
	_, _ = io.WriteString(connection, text) // whoever asked may have gone
	connection.Close()
}
