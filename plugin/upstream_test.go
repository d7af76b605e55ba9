package plugin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/ucp"
)

// behindRouter is a backend whose service answers as next does.
func behindRouter(next http.HandlerFunc) *backend {
	return &backend{
		Next: next, Path: "/ucp", Headers: http.Header{"Accept": jsonMedia}, Timeout: time.Second, MaxBytes: 8,
		Tracer: "7f5ac4fe-9b5e-4d4b-8b0e-", Sent: new(int64), Seen: newSeenCarts(4 * seenOverhead),
	}
}

func TestAnAnswerIsTakenWithinItsBound(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		status int
		body   string
		over   bool
	}{
		{"as much as may be", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("12345678")) }, 200, "12345678", false},
		{"in parts", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("1234"))
			_, _ = w.Write([]byte("5678"))
		}, 200, "12345678", false},
		{"more in one part", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("123456789")) }, 200, "", true},
		{"more in parts, and none of it is taken for an answer", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("12345678"))
			if _, err := w.Write([]byte("9")); !errors.Is(err, errOversize) {
				panic(err)
			}
		}, 200, "", true},
		{"more as text", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "123456789") }, 200, "", true},
		{"early hints come before it", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNotFound)
			w.WriteHeader(http.StatusOK)
			_, _ = w.Write([]byte("1"))
		}, 404, "1", false},
		{"what is written has a status", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(nil)
			w.WriteHeader(http.StatusTeapot)
		}, 200, "", false},
		{"it is flushed", func(w http.ResponseWriter, _ *http.Request) {
			if err := http.NewResponseController(w).Flush(); err != nil {
				panic(err)
			}
			w.WriteHeader(http.StatusNotFound)
		}, 404, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			into := fetchCart(behindRouter(test.answer), httptest.NewRequest(http.MethodGet, "/", nil), "a")
			if into.failed != nil || into.status != test.status || string(into.body) != test.body || into.over != test.over {
				t.Errorf("got %v, status %d, body %q, over %t", into.failed, into.status, into.body, into.over)
			}
		})
	}
}

func TestAnAnswerThatDoesNotComeIsNone(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	tests := []struct {
		name, says string
		answer     http.HandlerFunc
	}{
		{"a panic", "it broke off: net/http: abort Handler", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("1"))
			panic(http.ErrAbortHandler)
		}},
		{"the client goes", "or the client has gone: context canceled", func(w http.ResponseWriter, r *http.Request) {
			leave()
			<-r.Context().Done()
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			into := fetchCart(behindRouter(test.answer), httptest.NewRequest(http.MethodGet, "/", nil).WithContext(gone), "a")
			if into.status != 0 || into.failed == nil || into.failed.Meaning != ucp.MeaningUnsure || !strings.Contains(into.failed.Err.Error(), test.says) {
				t.Errorf("status %d, %+v", into.status, into.failed)
			}
		})
	}
}

var requestID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// A request to the service is made for many clients, and has of each only what is said.
func TestARequestThatIsSentAgainIsWhole(t *testing.T) {
	asked := []*http.Request{}
	b := behindRouter(func(_ http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Clone(r.Context()))
		r.URL.Path, r.Host, r.RequestURI = "/changed", "changed.example", "/changed" // as a middleware behind us may
		r.Header["Accept"] = []string{"changed"}
		r.Header.Set("X-Changed", "1")
	})
	*b.Sent = firstSent
	template, err := requestTo(b, http.MethodGet, ucp.CartPath("a/b"))
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"192.0.2.1:1", "192.0.2.2:2"} {
		client := httptest.NewRequest(http.MethodPost, "https://shop.example/cart?x=y", strings.NewReader("a body"))
		client.RemoteAddr = address
		client.Header = http.Header{
			"X-Forwarded-For": {"a", "b"}, "Traceparent": {"00-1"}, "Cookie": {"session=1"}, "Authorization": {"Bearer x"}, "X-Api-Key": {"k"}, "X-Other": {"o"},
		}
		fetch(b, client, template)
	}
	ids := map[string]bool{}
	for i, r := range asked {
		id := r.Header.Get("Request-Id")
		ids[id] = requestID.MatchString(id)
		r.Header.Del("Request-Id")
		if r.Method != http.MethodGet || r.URL.String() != "/ucp/carts/a%2Fb" || r.RequestURI != "/ucp/carts/a%2Fb" || r.Host != "shop.example" || r.TLS == nil ||
			r.RemoteAddr != []string{"192.0.2.1:1", "192.0.2.2:2"}[i] || r.Body != http.NoBody || r.ContentLength != 0 || r.Context().Value(http.ServerContextKey) != nil {
			t.Errorf("request %d: %+v", i, r)
		}
		if len(r.Header) != 3 || r.Header["Accept"][0] != "application/json" || len(r.Header["X-Forwarded-For"]) != 2 || r.Header.Get("Traceparent") != "00-1" {
			t.Errorf("request %d has %v", i, r.Header)
		}
	}
	if len(ids) != 2 {
		t.Errorf("ids of two requests: %v", ids)
	}
	for id, fine := range ids {
		if !fine {
			t.Errorf("%q is no UUID", id)
		}
	}
}

func TestCartsThatWereSeenTakeNoMoreThanTheirBound(t *testing.T) {
	b := behindRouter(nil)
	answer := &adapters.Answer{Status: 200, Body: []byte("{}")}
	kept := []*cartcore.Cart{}
	look := func(n int) *seenCart { return seenOf(b.Seen, kept[n]) }
	for range 4 {
		cart := &cartcore.Cart{Backing: &cartcore.Backing{ID: "x"}}
		kept = append(kept, cart)
		keepSeen(b, &seenCart{Body: make([]byte, 100)}, cart)
	}
	if look(0) != nil || look(1) != nil || look(2) == nil || look(3) == nil || b.Seen.bytes != 100+seenOverhead {
		t.Errorf("of four where two fit: %v %v %v %v, %d bytes in the newer half", look(0), look(1), look(2), look(3), b.Seen.bytes)
	}
	for range 100 { // the same cart in place of itself takes no more
		keepSeen(b, &seenCart{Body: make([]byte, 100)}, kept[3])
	}
	if look(2) == nil || look(3) == nil || b.Seen.bytes != 100+seenOverhead {
		t.Errorf("one of two was kept again: %v %v, %d bytes", look(2), look(3), b.Seen.bytes)
	}
	stale := look(3)
	keepSeen(b, &seenCart{Body: make([]byte, 50)}, kept[3])
	keepPrinted(b.Seen, stale, "name", answer)
	if now := look(3); now == stale || now.Answer != nil {
		t.Error("what was printed of a cart lies with one that was seen after it")
	}
	keepPrinted(b.Seen, look(3), "name", answer)
	if now := look(3); now.Answer != answer || now.Name != "name" || now.Request == nil {
		t.Errorf("what was printed of a cart is not at hand: %+v", now)
	}
	forgetSeen(b.Seen, look(3))
	if look(3) != nil || b.Seen.bytes != 0 {
		t.Errorf("a cart that was forgotten: %v, %d bytes", look(3), b.Seen.bytes)
	}
}

// Reads of one cart at once use one request and one answer, which none of them changes (run it with -race).
func TestReadsOfOneCartAtOnce(t *testing.T) {
	b := behindRouter(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/changed"
		r.Header.Set("Accept", "changed")
		_, _ = w.Write([]byte("12345678"))
	})
	cart := &cartcore.Cart{Backing: &cartcore.Backing{ID: "x"}}
	keepSeen(b, &seenCart{Body: []byte("12345678"), At: new(int64)}, cart)
	answer := &adapters.Answer{Status: 200, Body: []byte("{}")}
	wait := sync.WaitGroup{}
	for range 8 {
		wait.Go(func() {
			for n := range int64(100) {
				seen := seenOf(b.Seen, cart)
				into := fetch(b, httptest.NewRequest(http.MethodGet, "/", nil), seen.Request)
				if string(into.body) != string(seen.Body) || (seen.Answer != nil && seen.Answer != answer) {
					t.Errorf("got %q, %v", into.body, seen.Answer)
				}
				atomic.StoreInt64(seen.At, n)
				keepPrinted(b.Seen, seen, "name", answer)
			}
		})
	}
	wait.Wait()
	if seen := seenOf(b.Seen, cart); seen.Request.URL.Path != "/ucp/carts/x" || seen.Request.Header.Get("Accept") != "application/json" {
		t.Errorf("the request has become %+v", seen.Request)
	}
}
