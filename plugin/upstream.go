package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/polycart/polycart/ucp"
)

// errOversize stops the handler behind us when its answer is too large.
var errOversize = errors.New("the answer is larger than backend.maxBytes")

// recorder takes the answer of the handler behind us, within a bound.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	most   int
	over   bool
}

// Header is what http.ResponseWriter asks for.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader is what http.ResponseWriter asks for. Informational answers come before the one that counts.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
}

// Write is what http.ResponseWriter asks for. The error is errOversize past the bound.
func (r *recorder) Write(part []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.body.Len()+len(part) > r.most {
		return r.refuse()
	}
	return r.body.Write(part)
}

func (r *recorder) refuse() (int, error) {
	r.over = true
	return 0, errOversize
}

// passedOn are the headers of the client's request that the service gets too: who asks, as proxies tell it, and traces. Cookies,
// tokens and keys are the client's with us, not with the service.
var passedOn = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-Ip", "Traceparent", "Tracestate", "Accept-Language"}

// headerFor is the header of a request to the service.
func headerFor(b *backend, r *http.Request) http.Header {
	header := b.Headers.Clone()
	from := r.Header
	for _, name := range passedOn {
		if from[name] != nil {
			header[name] = from[name]
		}
	}
	// A UUID that is another for each request, as the service's log wants it; nobody needs to be unable to guess it.
	header["Request-Id"] = []string{fmt.Sprintf("%s%012x", b.Tracer, atomic.AddInt64(b.Sent, 1)&0xffffffffffff)}
	return header
}

// lookUpstream asks the service for a cart.
func lookUpstream(b *backend, r *http.Request, id, currency string) *ucp.Answer {
	into, failed := fetchCart(b, r, id)
	if failed != nil {
		return failed
	}
	return answered(into, id, currency)
}

// fetchCart gets a cart from the service; failed is there where no answer came.
func fetchCart(b *backend, r *http.Request, id string) (into *recorder, failed *ucp.Answer) {
	return fetch(b, r, r.Context(), http.MethodGet, b.Path+ucp.CartPath(id), headerFor(b, r), "")
}

// exchange sends a change to the service and reads the answer, about the cart id, or a new one where that is empty. It goes on when
// the client has gone: it would else be done or not by chance.
func exchange(b *backend, r *http.Request, change *ucp.Change, key, match, id, currency string) *ucp.Answer {
	header := headerFor(b, r)
	header["Content-Type"] = jsonMedia
	header["Idempotency-Key"] = []string{key}
	if match != "" {
		header["If-Match"] = []string{match}
	}
	into, failed := fetch(b, r, context.WithoutCancel(r.Context()), change.Method, b.Path+change.Path, header, change.Body)
	if failed != nil {
		return failed
	}
	return answered(into, id, currency)
}

// fetch sends one request to the service, within backend.timeout; failed is there where no answer came. What it does not say is
// the client's: the host and the address.
func fetch(b *backend, r *http.Request, base context.Context, method, path string, header http.Header, body string) (into *recorder, failed *ucp.Answer) {
	address, err := url.ParseRequestURI(path)
	if err != nil {
		return nil, ucp.Unsure(fmt.Errorf("asking the cart service: %w", err))
	}
	ctx, cancel := context.WithTimeout(base, b.Timeout)
	defer cancel()
	// A reverse proxy that finds a server in the context aborts it by a panic when an answer breaks off. We are not the server's.
	request := r.WithContext(context.WithValue(ctx, http.ServerContextKey, nil))
	request.Method = method
	request.RequestURI = path // which Traefik's proxy goes by
	request.URL = address
	request.Header = header
	request.Body = http.NoBody
	request.ContentLength = int64(len(body))
	request.TransferEncoding = nil
	request.Trailer = nil
	if body != "" {
		bring(request, body)
	}
	into = &recorder{header: http.Header{}, most: b.MaxBytes}
	if failed := ask(b.Next, into, request); failed != nil {
		return nil, failed
	}
	if ctx.Err() != nil {
		return nil, ucp.Unsure(fmt.Errorf("the cart service did not answer within backend.timeout, or the client has gone: %w", ctx.Err()))
	}
	return into, nil
}

// bring gives a request its body, so that it can be sent again: Go's transport does so by itself where a connection that was idle
// turns out to be closed, since the request has an Idempotency-Key.
func bring(request *http.Request, body string) {
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
	request.Body = io.NopCloser(strings.NewReader(body))
}

// answered reads what the handler behind us answered, where it came whole.
func answered(into *recorder, id, currency string) *ucp.Answer {
	if into.over {
		return ucp.Unsure(fmt.Errorf("reading the answer of the cart service: %w", errOversize))
	}
	if encoding := into.header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return ucp.Unsure(fmt.Errorf("the cart service answered %d in the encoding %q, which was not asked for", into.status, encoding))
	}
	if length := into.header.Get("Content-Length"); length != "" && length != fmt.Sprint(into.body.Len()) {
		return ucp.Unsure(fmt.Errorf("the answer of the cart service broke off: it has %d bytes of %s", into.body.Len(), length))
	}
	return ucp.Read(into.status, into.header, into.body.Bytes(), id, currency)
}

// ask runs the handler behind us. A panic of it is a request that failed.
func ask(next http.Handler, into *recorder, request *http.Request) (failed *ucp.Answer) {
	failed = nil // said, because a result does not begin as zero (docs/interpreter.md: named results)
	defer func() {
		if fault := recover(); fault != nil {
			failed = ucp.Unsure(fmt.Errorf("asking the cart service: it broke off: %v", fault))
		}
	}()
	next.ServeHTTP(into, request)
	if into.status == 0 {
		into.status = http.StatusOK // a handler that writes nothing has answered 200
	}
	return failed
}
