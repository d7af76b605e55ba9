package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/polycart/polycart/internal/traefik"
)

// The files of the cart service behind the demo, in the work folder.
const (
	serviceData = "ucpshop.db"
	serviceLog  = "ucpshop.log"
)

// behind is what stands behind the plugin in the demo.
type behind struct {
	url   string
	stop  func() error
	ended <-chan struct{} // closed when it has ended by itself; nil where it does not
	err   func() error    // why it ended
}

// startBehind starts what the demo's backend needs on a free port of this machine.
func (d demo) startBehind(ctx context.Context, progress io.Writer) (*behind, error) {
	if d.backend != backendUCP {
		return startShop()
	}
	program, err := traefik.BuildCartService(ctx, d.checkout, d.folder, progress)
	if err != nil {
		return nil, err
	}
	service, err := traefik.StartCartService(ctx, traefik.CartServiceSettings{
		Program: program, Data: d.path(serviceData), Catalog: d.path(demoCatalog), Log: d.path(serviceLog),
	})
	if err != nil {
		return nil, err
	}
	return &behind{url: service.URL, stop: service.Stop, ended: service.Ended(), err: service.Err}, nil
}

// shopPage is what the shop behind answers: every request that is no cart request goes there.
const shopPage = `This is the shop behind Polycart's demo. Your request was no cart request, so the plugin passed it on untouched.
`

// startShop starts the shop behind.
func startShop() (*behind, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the shop behind: %w", err)
	}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second, // nobody but Traefik asks; a connection that hangs is given up
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprint(w, shopPage)
		}),
	}
	go func() { _ = server.Serve(listener) }() // ends with Close; a client that finds nobody is told so by Traefik
	return &behind{url: "http://" + listener.Addr().String(), stop: server.Close}, nil
}
