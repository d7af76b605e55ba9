package bench

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// upstreamBytes is how long the upstream's answers are: as the shop dialect's for a cart of two lines.
const upstreamBytes = 1200

// startUpstream starts the trivial server behind the Traefiks. It answers every request with the same few bytes.
func startUpstream() (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("starting the upstream: %w", err)
	}
	body := []byte(`{"success":true,"data":"` + filler(upstreamBytes) + `"}`)
	length := strconv.Itoa(len(body))
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second, // nobody but Traefik asks; a connection that hangs is given up
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", length)
			_, _ = w.Write(body) // a client that has gone needs no answer
		}),
	}
	go server.Serve(listener) // ends with Close
	return "http://" + listener.Addr().String(), func() { server.Close() }, nil
}
