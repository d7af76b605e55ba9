//go:build ignore

// Command receiver takes Polycart's webhooks, verifies their signature and prints each event once.
//
//	go run docs/webhooks/receiver.go --secret ./webhook-secret --listen 127.0.0.1:9001
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
)

// maxBody is more than any event has.
const maxBody = 1 << 20

func main() {
	path := flag.String("secret", "webhook-secret", "file with the webhook's secret")
	listen := flag.String("listen", "127.0.0.1:9001", "host:port to listen on")
	flag.Parse()
	text, err := os.ReadFile(*path)
	if err != nil {
		log.Fatal(err)
	}
	r := &receiver{secret: []byte(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")), seen: map[string]bool{}}
	log.Fatal(http.ListenAndServe(*listen, r))
}

type receiver struct {
	secret []byte
	mu     sync.Mutex
	seen   map[string]bool // in production: a table of the database in which the event's effect is kept too
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
	if err != nil {
		http.Error(w, "reading the event", http.StatusBadRequest)
		return
	}
	// The signature is over the bytes as they came: verify before you parse, and compare in constant time.
	mac := hmac.New(sha256.New, r.secret)
	mac.Write(body)
	sent, err := hex.DecodeString(strings.TrimPrefix(request.Header.Get("X-Webhook-Signature"), "sha256="))
	if err != nil || !hmac.Equal(sent, mac.Sum(nil)) {
		http.Error(w, "the signature does not fit", http.StatusUnauthorized)
		return
	}
	var event struct {
		ID   string          `json:"id"`
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, "reading the event", http.StatusBadRequest)
		return
	}
	// Every event comes at least once, so it may come again: its id tells.
	r.mu.Lock()
	again := r.seen[event.ID]
	r.seen[event.ID] = true
	r.mu.Unlock()
	if !again {
		fmt.Println(event.Type, event.ID, string(event.Data))
	}
	w.WriteHeader(http.StatusNoContent)
}
