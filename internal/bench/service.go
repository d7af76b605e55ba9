package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/polycart/polycart/internal/traefik"
)

// The targets of the group Backed that reach the cart service without the plugin: what its others are compared with, and a write.
const (
	ThroughService = "pass-through, UCP read"
	writeThrough   = "pass-through, UCP update"
)

const (
	// linesOfBacked is how many lines the carts of the group Backed have: a handful, as people have.
	linesOfBacked = 5
	// serviceProfile is where the service could read what the plugin can do; nobody answers there.
	serviceProfile = "https://" + shopHost + "/.well-known/ucp"
	// servicePath is a path that the service answers without further headers.
	servicePath = "/.well-known/ucp"
)

// asPlatform are the headers that a client of the service sends. A key of its own in every write, which requests that are written
// once cannot have, is left out.
var asPlatform = []string{"UCP-Agent", `profile="` + serviceProfile + `"`, "Request-Id", "7f2d5c8e-3b1a-4e6f-9c0d-1a2b3c4d5e6f"}

// serviceCarts names a cart that the service alone has, by what it is for and from 0.
type serviceCarts func(purpose, n int) string

// overService are what is measured with a cart service behind: what passes through to it, each dialect's read, an add and an update.
func overService(held serviceCarts) []operation {
	found := []operation{
		{name: ThroughService, route: routeThrough, method: "GET", path: "/carts/{caller}", header: asPlatform,
			owners: func(n int) string { return held(toRead, n) }},
		{name: writeThrough, route: routeThrough, method: "PUT", path: "/carts/{caller}", header: asPlatform,
			owners: func(n int) string { return held(toWrite, n) }, body: `{"id":"{caller}",` + serviceLines("{quantity}") + `}`},
	}
	for _, one := range append(reads(), agentAdd(), shopUpdate()) {
		one.name += ", UCP"
		found = append(found, one)
	}
	for i := range found {
		found[i].backed, found[i].lines = true, linesOfBacked
	}
	return found
}

// serviceLines are the lines of a cart as the service is told them, each with a quantity.
func serviceLines(quantity string) string {
	lines := []string{}
	for n := 1; n <= linesOfBacked; n++ {
		lines = append(lines, fmt.Sprintf(`{"item":{"id":"var_%d"},"quantity":%s}`, n, quantity))
	}
	return `"line_items":[` + strings.Join(lines, ",") + `]`
}

// backedBatches are the carts of a Traefik before a cart service. The service hears of each with the first request about it.
func backedBatches(s Settings) []batch {
	batches := []batch{}
	for _, purpose := range []int{toRead, toWrite} {
		for _, owner := range []func(n int) string{guests("agent", purpose), guests("itemkey", purpose), customers(purpose, 1)} {
			batches = append(batches, batch{owner, s.callers(linesOfBacked), linesOfBacked})
		}
	}
	return batches
}

// startService builds and starts the cart service, and puts the carts into it that it alone has.
func (s *stage) startService(ctx context.Context) error {
	folder := filepath.Join(s.shop.folder, "service")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the work folder: %w", err)
	}
	program, err := traefik.BuildCartService(ctx, s.settings.Checkout, folder, s.progress)
	if err != nil {
		return err
	}
	s.log.path = filepath.Join(folder, "log")
	s.service, err = traefik.StartCartService(ctx, traefik.CartServiceSettings{
		Program: program, Data: filepath.Join(folder, "carts.db"), Catalog: s.shop.catalog(), Log: s.log.path, Flags: []string{"--optional-headers"},
	})
	if err != nil {
		return err
	}
	s.later(s.service.Stop)
	fmt.Fprintf(s.progress, "bench: the cart service is process %d on %s\n", s.service.PID(), s.service.URL)
	ids := map[int][]string{}
	for _, purpose := range []int{toRead, toWrite} {
		for range s.settings.callers(linesOfBacked) {
			id, err := makeServiceCart(ctx, s.service.URL)
			if err != nil {
				return fmt.Errorf("making a cart of the cart service: %w", err)
			}
			ids[purpose] = append(ids[purpose], id)
		}
	}
	s.held = func(purpose, n int) string { return ids[purpose][n] }
	return nil
}

// makeServiceCart has the service at base make a cart, and answers its id.
func makeServiceCart(ctx context.Context, base string) (id string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/carts", strings.NewReader("{"+serviceLines("1")+"}"))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(asPlatform[0], asPlatform[1])
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	cart := struct {
		ID    string
		Lines []struct{} `json:"line_items"`
	}{}
	if err := json.NewDecoder(response.Body).Decode(&cart); err != nil {
		return "", fmt.Errorf("reading its answer: %w", err)
	}
	if response.StatusCode != http.StatusCreated || len(cart.Lines) != linesOfBacked {
		return "", fmt.Errorf("it answered %s and %d lines", response.Status, len(cart.Lines))
	}
	return cart.ID, nil
}

// serviceEnded is closed when the service has ended; nil where there is none.
func (s *stage) serviceEnded() <-chan struct{} {
	if s.service == nil {
		return nil
	}
	return s.service.Ended()
}

// served is how many requests the service has answered since it was asked for last.
func (s *stage) served() (int, error) { return s.log.more() }

// serviceLog counts the requests in the log of the service, which writes a line before it answers.
type serviceLog struct {
	path string
	read int64 // bytes
}

// more is how many lines have come since the last time.
func (l *serviceLog) more() (lines int, err error) {
	file, err := os.Open(l.path)
	if err != nil {
		return 0, fmt.Errorf("counting the requests to the cart service: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(l.read, io.SeekStart); err != nil {
		return 0, fmt.Errorf("counting the requests to the cart service: %w", err)
	}
	part := make([]byte, 64<<10)
	for {
		count, err := file.Read(part)
		l.read += int64(count)
		lines += bytes.Count(part[:count], []byte{'\n'})
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return 0, fmt.Errorf("counting the requests to the cart service: %w", err)
		}
	}
}
