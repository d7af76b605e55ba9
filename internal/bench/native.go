package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
)

// Operation is a read or a write of a dialect, for a handler in this process: what Run measures in a Traefik can be profiled
// by itself.
type Operation struct {
	Name     string
	requests []*http.Request
	bodies   [][]byte
	taken    int
}

// Next is the request of the caller whose turn it is. It must be answered before the same caller's turn comes again.
func (o *Operation) Next() *http.Request {
	at := o.taken % len(o.requests)
	o.taken++
	request := o.requests[at]
	request.Body = io.NopCloser(bytes.NewReader(o.bodies[at]))
	return request
}

// Native lays out the shop and its carts in folder. It answers the configuration of a plugin that serves them, and each
// dialect's reads and writes.
func Native(ctx context.Context, folder string) (config map[string]any, operations []*Operation, err error) {
	shop, settings := shop{folder}, Settings{Groups: []string{Reads, Writes, Lines}, Connections: []int{1}}
	if err := shop.write(); err != nil {
		return nil, nil, err
	}
	data := filepath.Join(folder, "data")
	if err := seed(ctx, data, "", fewBatches(settings), func(int) {}); err != nil {
		return nil, nil, err
	}
	for _, one := range operationsOf(settings, nil) {
		if one.route != routeCarts {
			continue
		}
		wires, err := one.wires(settings.callers(one.lines))
		if err != nil {
			return nil, nil, err
		}
		found := &Operation{Name: one.name}
		for _, wire := range wires {
			if err := found.add(wire); err != nil {
				return nil, nil, err
			}
		}
		operations = append(operations, found)
	}
	return shop.config(data, "os", false), operations, nil
}

// add reads a request from the wire, as a server does.
func (o *Operation) add(wire []byte) error {
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
	if err != nil {
		return fmt.Errorf("reading a request of %s: %w", o.Name, err)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return fmt.Errorf("reading a request of %s: %w", o.Name, err)
	}
	o.requests, o.bodies = append(o.requests, request), append(o.bodies, body)
	return nil
}
