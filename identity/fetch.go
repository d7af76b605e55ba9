package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of what is asked over the network. A host that hangs holds up at most connections requests at once.
const (
	connections      = 32
	idleConnections  = 8
	idleTime         = 90 * time.Second // as net/http's own default
	maxAnswerHeaders = 16 << 10         // bytes
)

// NewClient makes the client for key sets, session lookups and items of a catalogue service. It follows no redirect: the
// configured URL is the one that the operator trusts. It does not unpack: a bound on bytes is one on what is read.
func NewClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			MaxConnsPerHost:        connections,
			MaxIdleConnsPerHost:    idleConnections,
			IdleConnTimeout:        idleTime,
			MaxResponseHeaderBytes: maxAnswerHeaders,
			DisableCompression:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// get asks for a JSON document of at most most bytes. Its errors never hold the address: that may hold a session.
func get(d *Directory, address string, timeout time.Duration, most int64) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(d.ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, WithoutAddress(err)
	}
	return Ask(d.client, request, most)
}

// Ask sends a request for a JSON document of at most most bytes. Its errors never hold the address.
func Ask(client *http.Client, request *http.Request, most int64) (status int, body []byte, err error) {
	request.Header.Set("Accept", "application/json")
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", "polycart")
	}
	answer, err := client.Do(request) //nolint:gosec // the address is the operator's own
	if err != nil {
		return 0, nil, WithoutAddress(err)
	}
	body, err = io.ReadAll(io.LimitReader(answer.Body, most+1))
	if closing := answer.Body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return 0, nil, fmt.Errorf("reading the answer: %w", WithoutAddress(err))
	}
	if int64(len(body)) > most {
		return 0, nil, fmt.Errorf("reading the answer: it is longer than %d bytes", most)
	}
	return answer.StatusCode, body, nil
}

// quotes are where an error of net/http begins to repeat what the other side answered.
var quotes = []string{`"`, "line: "}

// WithoutAddress takes out of an error of net/http what must not be written down: the address, which may hold a session or a
// key, and what it repeats of an answer that is no HTTP, which may be what was sent there.
func WithoutAddress(err error) error {
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err
	}
	text := err.Error()
	for i := range quotes {
		if said, _, repeats := strings.Cut(text, quotes[i]); repeats {
			text = said + "…"
		}
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
