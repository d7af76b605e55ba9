package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
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
		r.over = true
		return 0, errOversize
	}
	return r.body.Write(part)
}

// passedOn are the headers of the client's request that the service gets too: who asks, as proxies tell it, and traces. Cookies,
// tokens and keys are the client's with us, not with the service.
var passedOn = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-Ip", "Traceparent", "Tracestate", "Accept-Language"}

// lookUpstream asks the service for a cart.
func lookUpstream(b *backend, r *http.Request, id, currency string) *ucp.Answer {
	return exchange(b, r, &ucp.Change{Method: http.MethodGet, Path: ucp.CartPath(id)}, "", "", currency)
}

// exchange sends one request to the service and reads the answer.
func exchange(b *backend, r *http.Request, change *ucp.Change, key, match, currency string) *ucp.Answer {
	into, failed := fetch(b, r, change, key, match)
	if failed != nil {
		return failed
	}
	return answered(into, currency)
}

// fetch sends one request to the service; failed is there where no answer came. A change goes on when the client has gone: it would
// else be done or not by chance.
func fetch(b *backend, r *http.Request, change *ucp.Change, key, match string) (into *recorder, failed *ucp.Answer) {
	base := r.Context()
	if change.Method != http.MethodGet {
		base = context.WithoutCancel(base)
	}
	ctx, cancel := context.WithTimeout(base, b.Timeout)
	defer cancel()
	// A reverse proxy that finds a server in the context aborts it by a panic when an answer breaks off. We are not the server's.
	request, err := http.NewRequestWithContext(context.WithValue(ctx, http.ServerContextKey, nil), change.Method, "http://cart"+b.Path+change.Path, strings.NewReader(change.Body))
	if err != nil {
		return nil, ucp.Unsure(fmt.Errorf("asking the cart service: %w", err))
	}
	request.RequestURI = b.Path + change.Path // which Traefik's proxy goes by
	request.Host = r.Host
	request.RemoteAddr = r.RemoteAddr
	header := request.Header
	for name, values := range b.Headers {
		header[name] = values
	}
	for _, name := range passedOn {
		if values := r.Header[name]; values != nil {
			header[name] = values
		}
	}
	header["Request-Id"] = []string{cartcore.UUID(identity.Entropy())}
	if key != "" {
		header["Content-Type"] = jsonMedia
		header["Idempotency-Key"] = []string{key}
	}
	if match != "" {
		header["If-Match"] = []string{match}
	}
	into = &recorder{header: http.Header{}, most: int(b.MaxBytes)}
	if err := ask(b.Next, into, request); err != nil {
		return nil, ucp.Unsure(err)
	}
	if err := ctx.Err(); err != nil {
		return nil, ucp.Unsure(fmt.Errorf("the cart service did not answer within backend.timeout, or the client has gone: %w", err))
	}
	return into, nil
}

// answered reads what the handler behind us answered, where it came whole.
func answered(into *recorder, currency string) *ucp.Answer {
	if into.over {
		return ucp.Unsure(fmt.Errorf("reading the answer of the cart service: %w", errOversize))
	}
	if encoding := into.header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return ucp.Unsure(fmt.Errorf("the cart service answered %d in the encoding %q, which was not asked for", into.status, encoding))
	}
	if length := into.header.Get("Content-Length"); length != "" && length != fmt.Sprint(into.body.Len()) {
		return ucp.Unsure(fmt.Errorf("the answer of the cart service broke off: it has %d bytes of %s", into.body.Len(), length))
	}
	return ucp.Read(into.status, into.header, into.body.Bytes(), currency)
}

// ask runs the handler behind us. A panic of it is a request that failed.
func ask(next http.Handler, into *recorder, request *http.Request) (err error) {
	err = nil // said, because a result does not begin as zero (docs/interpreter.md: named results)
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("asking the cart service: it broke off: %v", fault)
		}
	}()
	next.ServeHTTP(into, request)
	if into.status == 0 {
		into.status = http.StatusOK // a handler that writes nothing has answered 200
	}
	return err
}
