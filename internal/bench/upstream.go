package bench

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// upstreamBytes is how long the upstream's answers are: as the shop dialect's for a cart of two lines.
const upstreamBytes = 1200

// upstream is the trivial server behind the Traefiks. It answers every request with the same few bytes.
type upstream struct {
	*http.Server
	url      string
	answered atomic.Int64
}

// startUpstream starts the upstream on a free port of this machine.
func startUpstream() (*upstream, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the upstream: %w", err)
	}
	u := &upstream{url: "http://" + listener.Addr().String()}
	body := []byte(`{"success":true,"data":"` + filler(upstreamBytes) + `"}`)
	length := strconv.Itoa(len(body))
	u.Server = &http.Server{
		ReadHeaderTimeout: 10 * time.Second, // nobody but Traefik asks; a connection that hangs is given up
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			u.answered.Add(1)
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", length)
			_, _ = w.Write(body) // a client that has gone needs no answer
		}),
	}
	go func() { _ = u.Serve(listener) }() // ends with Close; before that a target that nobody answers is an error of its own
	return u, nil
}
