package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/polycart/polycart/ucp"
)

// errOversize stops the handler behind us when its answer is too large.
var errOversize = errors.New("the answer is larger than backend.maxBytes")

// recorder takes the answer of the handler behind us, within a bound. Its Header is the native one: a proxy asks for the header
// several times an answer, and each time that native code calls an interpreted method costs as much as several native calls.
type recorder struct {
	*httptest.ResponseRecorder
	status int
	body   []byte
	most   int
	over   bool
	failed *ucp.Answer // no answer came; nil: one did
}

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
	if len(r.body)+len(part) > r.most {
		return refuse(r)
	}
	r.body = append(r.body, part...)
	return len(part), nil
}

// WriteString is what io.WriteString asks for: the one of the native recorder knows no bound.
func (r *recorder) WriteString(part string) (int, error) { return r.Write([]byte(part)) }

// Flush is what http.Flusher asks for; nobody reads along.
func (r *recorder) Flush() {}

func refuse(r *recorder) (int, error) {
	r.over = true
	r.body = nil // a part of an answer is not to be taken for one that was seen
	return 0, errOversize
}

// passedOn are the headers of the client's request that the service gets too: who asks, as proxies tell it, and traces. Cookies,
// tokens and keys are the client's with us, not with the service.
var passedOn = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-Ip", "Traceparent", "Tracestate", "Accept-Language"}

// requestTo is a request to the service as far as it is the same for every client.
func requestTo(b *backend, method, path string) (*http.Request, error) {
	address, err := url.ParseRequestURI(b.Path + path)
	if err != nil {
		return nil, fmt.Errorf("asking the cart service: %w", err)
	}
	return &http.Request{
		Method: method, URL: address, RequestURI: b.Path + path, // by which Traefik's proxy goes
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: b.Headers, Body: http.NoBody,
	}, nil
}

// lookUpstream asks the service for a cart.
func lookUpstream(b *backend, r *http.Request, id, currency string) *ucp.Answer {
	return answered(fetchCart(b, r, id), id, currency)
}

// fetchCart gets a cart from the service.
func fetchCart(b *backend, r *http.Request, id string) *recorder {
	template, err := requestTo(b, http.MethodGet, ucp.CartPath(id))
	if err != nil {
		return &recorder{failed: ucp.Unsure(err)}
	}
	return fetch(b, r, template)
}

// exchange sends a change to the service and reads the answer, about the cart id, or a new one where that is empty. It goes on when
// the client has gone: it would else be done or not by chance.
func exchange(b *backend, r *http.Request, change *ucp.Change, key, match, id, currency string) *ucp.Answer {
	template, err := requestTo(b, change.Method, change.Path)
	if err != nil {
		return ucp.Unsure(err)
	}
	header := b.Headers.Clone()
	header["Content-Type"] = jsonMedia
	header["Idempotency-Key"] = []string{key}
	if match != "" {
		header["If-Match"] = []string{match}
	}
	template.Header = header
	if change.Body != "" {
		bring(template, change.Body)
	}
	return answered(fetch(b, r.WithContext(context.WithoutCancel(r.Context())), template), id, currency)
}

// fetch sends one request to the service, within backend.timeout and while the client waits. What the template does not say is the
// client's: the host, the address, and what is passed on. A panic of the handler behind us is a request that failed.
func fetch(b *backend, r, template *http.Request) (into *recorder) {
	into = &recorder{ResponseRecorder: httptest.NewRecorder(), most: b.MaxBytes}
	// A reverse proxy that finds a server in the context aborts it by a panic when an answer breaks off. We are not the server's.
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), http.ServerContextKey, nil), b.Timeout)
	defer func() {
		cancel()
		if fault := recover(); fault != nil {
			fail(into, fmt.Errorf("asking the cart service: it broke off: %v", fault))
		}
	}()
	request := template.Clone(ctx)
	request.Host = r.Host
	request.RemoteAddr = r.RemoteAddr
	request.TLS = r.TLS
	header := request.Header
	from := r.Header
	for _, name := range passedOn {
		if values := from[name]; values != nil {
			header[name] = values
		}
	}
	// A UUID that is another for each request, as the service's log wants it; nobody needs to be unable to guess it.
	header["Request-Id"] = []string{b.Tracer + strconv.FormatInt(atomic.AddInt64(b.Sent, 1), 16)}
	b.Next.ServeHTTP(into, request)
	if late := ctx.Err(); late != nil {
		fail(into, fmt.Errorf("the cart service did not answer within backend.timeout, or the client has gone: %w", late))
	}
	return into
}

// fail has an answer be none.
func fail(into *recorder, err error) {
	into.failed = ucp.Unsure(err)
	into.status = 0
}

// bring gives a request its body, so that it can be sent again: Go's transport does so by itself where a connection that was idle
// turns out to be closed, since the request has an Idempotency-Key.
func bring(request *http.Request, body string) {
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
	request.Body = io.NopCloser(strings.NewReader(body))
	request.ContentLength = int64(len(body))
}

// answered reads what the handler behind us answered, where it came whole.
func answered(into *recorder, id, currency string) *ucp.Answer {
	if into.failed != nil {
		return into.failed
	}
	if into.status == 0 {
		into.status = http.StatusOK // a handler that writes nothing has answered 200
	}
	if into.over {
		return ucp.Unsure(fmt.Errorf("reading the answer of the cart service: %w", errOversize))
	}
	header := into.Header()
	if encoding := header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return ucp.Unsure(fmt.Errorf("the cart service answered %d in the encoding %q, which was not asked for", into.status, encoding))
	}
	if length := header.Get("Content-Length"); length != "" && length != fmt.Sprint(len(into.body)) {
		return ucp.Unsure(fmt.Errorf("the answer of the cart service broke off: it has %d bytes of %s", len(into.body), length))
	}
	return ucp.Read(into.status, header, into.body, id, currency)
}
