package integration_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polycart/polycart/integration/interpreter"
	"github.com/polycart/polycart/integration/ucpshop"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/internal/transcript"
)

// trouble is something that a cart service, or what stands before it, does instead of answering as it should.
type trouble struct {
	name  string
	serve func(w http.ResponseWriter, r *http.Request, shop http.Handler)
	says  string // what the log must say of it
	slow  bool   // lasts for backend.timeout
	known bool   // shows only of a cart that the plugin knows: whatever is said of a new one must be taken
}

const (
	// mostBytes is backend.maxBytes of these tests.
	mostBytes = 16 << 10
	// serviceTimeout is backend.timeout where the service is slow.
	serviceTimeout = "100ms"
)

// troubles are made for one test, which ends what they start.
func troubles(t testing.TB) []trouble {
	cut := brokenOff(t, func(length int) string { return "Content-Length: " + strconv.Itoa(length) + "\r\n\r\n" }, "")
	chunked := brokenOff(t, func(length int) string { return fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", length/2) }, "\r\n")
	nobody := behindProxy(t, "http://127.0.0.1:1")
	return []trouble{
		{name: "an answer past backend.maxBytes", serve: altered(func(cart map[string]any) { cart["padding"] = strings.Repeat("x", mostBytes) }), says: "larger than backend.maxBytes"},
		{name: "a packed answer", serve: packed, says: `in the encoding "gzip"`},
		{name: "a page with 200", serve: page(200), says: "200 with what is no JSON"},
		{name: "a page with 404", serve: page(404), says: "404 with what is no JSON"},
		{name: "a page with 500", serve: page(500), says: "500 with what is no JSON"},
		{name: "a page with 502", serve: page(502), says: "502 with what is no JSON"},
		{name: "404 about something else", serve: said(404, `{"code":"no_such_route","content":"there is nothing here"}`), says: `404 "no_such_route": "there is nothing here"`},
		{name: "404 in another shape", serve: said(404, `{"message":"Not Found"}`), says: "answered 404"},
		{name: "an error of a code that nobody knows", serve: said(200, `{"ucp":{"version":"2026-04-08","status":"error"},"messages":[{"type":"error","code":"moon_phase","content":"not today","severity":"unrecoverable"}]}`), says: `"moon_phase": "not today"`},
		{name: "an error without a message", serve: said(200, `{"ucp":{"version":"2026-04-08","status":"error"}}`), says: "without a message"},
		{name: "no answer in time", serve: func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }, says: "within backend.timeout", slow: true},
		{name: "an answer that comes too late", serve: func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
			<-r.Context().Done()
			shop.ServeHTTP(w, r)
		}, says: "within backend.timeout", slow: true},
		{name: "an answer that is cut", serve: cut, says: "broke off"},
		{name: "a chunked answer that is cut", serve: chunked, says: "what is no JSON"},
		{name: "a service that is not there", serve: nobody, says: "502"},
		{name: "a price as text", serve: alteredLine(func(line map[string]any) { line["item"].(map[string]any)["price"] = "12" }), says: "/line_items/item/price that is not a whole number of at most 64 bits but a JSON string"},
		{name: "half a unit", serve: alteredLine(func(line map[string]any) { line["quantity"] = 1.5 }), says: "/line_items/quantity that is not a whole number"},
		{name: "no unit", serve: alteredLine(func(line map[string]any) { line["quantity"] = 0 }), says: "/line_items/0/quantity is 0"},
		{name: "line_items is null", serve: altered(func(cart map[string]any) { cart["line_items"] = nil }), says: "/line_items is missing"},
		{name: "line_items is an object", serve: altered(func(cart map[string]any) { cart["line_items"] = map[string]any{} }), says: "/line_items that is not a list but a JSON object"},
		{name: "line_items holds null", serve: altered(func(cart map[string]any) { cart["line_items"] = []any{nil} }), says: "/line_items/0"},
		{name: "no line_items", serve: altered(func(cart map[string]any) { delete(cart, "line_items") }), says: "/line_items is missing"},
		{name: "no price", serve: alteredLine(func(line map[string]any) { delete(line["item"].(map[string]any), "price") }), says: "/item/price is missing"},
		{name: "no item id", serve: alteredLine(func(line map[string]any) { delete(line["item"].(map[string]any), "id") }), says: "/item/id"},
		{name: "no line id", serve: alteredLine(func(line map[string]any) { delete(line, "id") }), says: "/line_items/0"},
		{name: "no cart id", serve: altered(func(cart map[string]any) { delete(cart, "id") }), says: "/id is"},
		{name: "a cart id that climbs", serve: altered(func(cart map[string]any) { cart["id"] = ".." }), says: "/id is"},
		{name: "no currency", serve: altered(func(cart map[string]any) { delete(cart, "currency") }), says: "/currency is"},
		{name: "another currency", serve: altered(func(cart map[string]any) { cart["currency"] = "EUR" }), says: `/currency is "EUR"; it must be USD`},
		{name: "no totals", serve: altered(func(cart map[string]any) { delete(cart, "totals") }), says: "/totals has no subtotal"},
		{name: "a negative price", serve: alteredLine(func(line map[string]any) { line["item"].(map[string]any)["price"] = -1 }), says: "/item/price is -1"},
		{name: "a price past 2^53-1", serve: alteredLine(func(line map[string]any) { line["item"].(map[string]any)["price"] = int64(1 << 53) }), says: "/item/price is 9007199254740992"},
		{name: "a price past 64 bits", serve: alteredLine(func(line map[string]any) {
			line["item"].(map[string]any)["price"] = json.Number("99999999999999999999")
		}), says: "/line_items/item/price that is not a whole number of at most 64 bits but a JSON number"},
		{name: "a negative subtotal", serve: altered(func(cart map[string]any) {
			cart["totals"] = []any{map[string]any{"type": "subtotal", "amount": -1}, map[string]any{"type": "total", "amount": -1}}
		}), says: "the subtotal is -1"},
		{name: "another cart", serve: altered(func(cart map[string]any) { cart["id"] = "cart_of_somebody_else" }), says: "another cart", known: true},
		{name: "an empty body", serve: said(200, ""), says: "what is no JSON"},
		{name: "a list", serve: said(200, "[]"), says: "not an object but a JSON array"},
		{name: "null", serve: said(200, "null"), says: "/id is"},
		{name: "two documents", serve: said(200, "{}{}"), says: "what is no JSON"},
		{name: "204", serve: said(204, ""), says: "answered 204"},
		{name: "206", serve: said(206, "{}"), says: "answered 206"},
		{name: "301", serve: moved, says: "answered 301"},
		{name: "304", serve: said(304, ""), says: "answered 304"},
		{name: "401", serve: said(401, `{"code":"signature_missing","content":"who are you"}`), says: `401 "signature_missing": "who are you"`},
		{name: "403", serve: said(403, `{"code":"profile_not_trusted","content":"not you"}`), says: "403"},
		{name: "409", serve: said(409, `{"code":"idempotency_conflict","content":"used"}`), says: "409"},
		{name: "412", serve: said(412, `{"code":"precondition_failed","content":"no"}`), says: "412"},
		{name: "422", serve: said(422, `{"code":"version_unsupported","content":"too new"}`), says: "422"},
		{name: "424", serve: said(424, `{"code":"profile_unreachable","content":"where"}`), says: "424"},
		{name: "429", serve: said(429, `{"code":"slow_down","content":"later"}`), says: "429"},
		{name: "503", serve: said(503, ""), says: "503"},
		{name: "a panic", serve: func(http.ResponseWriter, *http.Request, http.Handler) { panic("next fell over") }, says: "next fell over"},
		{name: "an aborted handler", serve: func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			_, _ = w.Write([]byte(`{"ucp":`))
			panic(http.ErrAbortHandler)
		}, says: "broke off"},
		{name: "a handler that writes nothing", serve: func(http.ResponseWriter, *http.Request, http.Handler) {}, says: "what is no JSON"},
	}
}

// altered has the service do what it is asked, and its answer changed.
func altered(change func(cart map[string]any)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
		into := httptest.NewRecorder()
		shop.ServeHTTP(into, r)
		cart := map[string]any{}
		if err := json.Unmarshal(into.Body.Bytes(), &cart); err != nil {
			panic(err)
		}
		change(cart)
		text, err := json.Marshal(cart)
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(into.Code)
		_, _ = w.Write(text)
	}
}

// alteredLine is altered with the first line of the cart.
func alteredLine(change func(line map[string]any)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return altered(func(cart map[string]any) { change(cart["line_items"].([]any)[0].(map[string]any)) })
}

// said answers without asking the service.
func said(status int, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// page answers as what stands before a service does when it fails.
func page(status int) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html><body><h1>%d</h1></body></html>", status)
	}
}

func moved(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	http.Redirect(w, r, "https://elsewhere.example/carts", http.StatusMovedPermanently)
}

func packed(w http.ResponseWriter, r *http.Request, shop http.Handler) {
	into := httptest.NewRecorder()
	shop.ServeHTTP(into, r)
	text := &bytes.Buffer{}
	zipped := gzip.NewWriter(text)
	_, _ = zipped.Write(into.Body.Bytes())
	_ = zipped.Close()
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(into.Code)
	_, _ = w.Write(text.Bytes())
}

// brokenOff has the service do what it is asked and a proxy pass on half of the answer: then the connection breaks.
func brokenOff(t testing.TB, framing func(length int) string, behind string) func(http.ResponseWriter, *http.Request, http.Handler) {
	answers := make(chan *httptest.ResponseRecorder, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer := <-answers
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer connection.Close()
		text := answer.Body.Bytes()
		fmt.Fprintf(connection, "HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n%s%s%s", answer.Code, framing(len(text)), text[:len(text)/2], behind)
	}))
	t.Cleanup(server.Close)
	proxy := behindProxy(t, server.URL)
	return func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
		into := httptest.NewRecorder()
		shop.ServeHTTP(into, r)
		answers <- into
		r.Body = http.NoBody
		r.ContentLength = 0
		proxy(w, r, nil)
	}
}

// behindProxy is a reverse proxy, as Traefik puts one before every service.
func behindProxy(t testing.TB, address string) func(http.ResponseWriter, *http.Request, http.Handler) {
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) { proxy.ServeHTTP(w, r) }
}

// besieged is a plugin, a cart service, and a second router of the same plugin that has no patience.
type besieged struct {
	service   *cartService
	fixture   *transcript.Fixture
	sane      transcript.Level
	impatient transcript.Level

	log        *pluginLog
	logsWithin time.Duration // what a process logs takes a moment to be here
}

// besiege makes the plugin by open, as a test has it run.
func besiege(t testing.TB, settings ucpshop.Settings, open func(t testing.TB, from map[string]any, next http.Handler, name string) http.Handler) *besieged {
	t.Helper()
	b := besiegedBy(t, settings)
	b.log = logging(t, func() {
		b.sane = transcript.Handler(open(t, b.fixture.Config, b.service, "hostile"))
		b.impatient = transcript.Handler(open(t, b.hurried(), b.service, "impatient"))
	})
	return b
}

// besiegedBy is a service, and the configuration of a plugin before it.
func besiegedBy(t testing.TB, settings ucpshop.Settings) *besieged {
	t.Helper()
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: "hostile", Config: fmt.Sprintf("backend: {timeout: 20s, maxBytes: %d}\n", mostBytes)})
	return &besieged{fixture: fixture, service: newCartService(t, fixture, settings)}
}

// hurried is the configuration of the router that has no patience.
func (b *besieged) hurried() map[string]any {
	config, backend := maps.Clone(b.fixture.Config), maps.Clone(b.fixture.Config["backend"].(map[string]any))
	backend["timeout"] = serviceTimeout
	config["backend"] = backend
	return config
}

// Whatever the service answers, or does not: each dialect says that it cannot serve now, the log says why, and the cart is as it was, at
// the service too.
func TestAServiceThatMisbehaves(t *testing.T) {
	b := besiege(t, ucpshop.Settings{}, native)
	for _, one := range troubles(t) {
		t.Run(one.name, func(t *testing.T) {
			for dialect := range dialects {
				b.withstands(t, dialect, one)
			}
		})
	}
}

// The same of a service with tags. Every trouble is met in one of the dialects.
func TestAServiceWithTagsThatMisbehaves(t *testing.T) {
	b := besiege(t, ucpshop.Settings{Tags: true}, native)
	for n, one := range troubles(t) {
		if one.name == "412" {
			continue // what a service with tags says of somebody else's change
		}
		t.Run(one.name, func(t *testing.T) { b.withstands(t, n%dialects, one) })
	}
}

// The same with the plugin in the interpreter.
func TestAServiceThatMisbehavesInterpreted(t *testing.T) {
	b := besiege(t, ucpshop.Settings{}, openInterpreted(t))
	for n, one := range troubles(t) {
		t.Run(one.name, func(t *testing.T) { b.withstands(t, n%dialects, one) })
	}
}

// openInterpreted opens plugins in one interpreter, which the first starts.
func openInterpreted(t testing.TB) func(t testing.TB, from map[string]any, next http.Handler, name string) http.Handler {
	loaded := sync.OnceValue(func() *interpreter.Plugin { return interpretedPlugin(t) })
	return func(t testing.TB, from map[string]any, next http.Handler, name string) http.Handler {
		handler, err := loaded().New(t.Context(), next, from, name)
		if err != nil {
			t.Fatal(err)
		}
		return handler
	}
}

// The same of a real Traefik, whose own proxy stands between: and of a service that was ended, for which Traefik answers.
func TestAServiceThatMisbehavesBehindTraefik(t *testing.T) {
	b := besiegedBy(t, ucpshop.Settings{})
	address, err := traefik.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	serve := func() *http.Server { return serveOn(t, address, b.service) }
	server := serve()
	running := startTraefik(t, traefik.Stock, []route{{"impatient", b.hurried()}, {"hostile", b.fixture.Config}}, "http://"+address)
	b.sane, b.impatient = running.level("hostile"), running.level("impatient")
	b.log, b.logsWithin = &pluginLog{text: running.log.String}, 10*time.Second
	met := 0
	for n, one := range troubles(t) {
		switch one.name {
		case "an answer past backend.maxBytes", "a packed answer", "a page with 502", "no answer in time", "an answer that is cut", "a chunked answer that is cut", "an empty body", "another cart":
		default:
			continue
		}
		met++
		if strings.Contains(one.name, "cut") {
			one.says = "" // Traefik's own proxies tell it in ways of their own
		}
		t.Run(one.name, func(t *testing.T) { b.withstands(t, n%dialects, one) })
	}
	if met != 8 {
		t.Errorf("%d troubles were met", met)
	}
	t.Run("a service that was ended", func(t *testing.T) {
		c := callers.All(tokenOf(t, b.fixture, "ended"))[0]
		wantAnswer(t, "the first write", http.StatusOK)(c.First(b.sane))
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
		b.log.Errors(t)
		wantSame(t, "a read", c.Down(503))(c.Read(b.sane))
		b.wantSaid(t, "the read", trouble{says: "502"})
		wantSame(t, "a write", c.Down(503))(c.Add(b.sane))
		b.wantSaid(t, "the write", trouble{says: "502"})
		server = serve()
		wantAnswer(t, "the next write", http.StatusOK)(c.Add(b.sane))
		if units, err := c.Units(b.sane); err != nil || units != 2 {
			t.Errorf("the cart holds %d units, %v; want 2", units, err)
		}
	})
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}

// serveOn has a service answer at an address, and what is no request of the protocol answered as in every transcript.
func serveOn(t testing.TB, address string, service http.Handler) *http.Server {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/carts", service)
	mux.Handle("/carts/", service)
	mux.Handle("/", transcript.Upstream())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // ends with Close; before that a request that nobody answers is an error of its own
	return server
}

// dialects is how many there are.
const dialects = 5

// withstands lets customers of a dialect meet a trouble.
func (b *besieged) withstands(t *testing.T, dialect int, one trouble) {
	met := b.sane
	if one.slow {
		met = b.impatient
	}
	name := strings.ReplaceAll(one.name, " ", "-") + "-" + callers.All("")[dialect].Dialect
	t.Run(callers.All("")[dialect].Dialect, func(t *testing.T) {
		b.meets(t, callers.All(tokenOf(t, b.fixture, name))[dialect], one, met)
		if !one.known {
			b.startsWith(t, callers.All(tokenOf(t, b.fixture, "new-"+name))[dialect], one, met)
		}
	})
}

// meets is a customer with a cart who reads and writes in trouble.
func (b *besieged) meets(t *testing.T, c callers.Caller, one trouble, met transcript.Level) {
	since := b.service.Made()
	wantAnswer(t, "the first write", http.StatusOK)(c.First(b.sane))
	before := wantAnswer(t, "a read", http.StatusOK)(c.Read(b.sane))
	b.log.Errors(t)

	b.service.Between(one.serve)
	wantSame(t, "a read in trouble", c.Down(503))(c.Read(met))
	b.wantSaid(t, "the read", one)
	wantSame(t, "a write in trouble", c.Down(503))(c.Add(met))
	b.wantSaid(t, "the write", one)
	b.service.Between(nil)

	wantSame(t, "a read afterwards", before)(c.Read(b.sane))
	if units := b.service.Held(t, since).units("var_1"); units != 1 {
		t.Errorf("the service holds %d units, want 1", units)
	}
	wantAnswer(t, "the next write", http.StatusOK)(c.Add(b.sane))
	if units, err := c.Units(b.sane); err != nil || units != 2 {
		t.Errorf("the cart holds %d units, %v; want 2", units, err)
	}
	if units := b.service.Held(t, since).units("var_1"); units != 2 {
		t.Errorf("the service holds %d units, want 2", units)
	}
}

// startsWith is a customer whose first write is in trouble.
func (b *besieged) startsWith(t *testing.T, c callers.Caller, one trouble, met transcript.Level) {
	since := b.service.Made()
	before, err := c.Read(b.sane)
	if err != nil {
		t.Fatal(err)
	}
	b.log.Errors(t)
	b.service.Between(one.serve)
	wantSame(t, "a first write in trouble", c.Down(503))(c.First(met))
	b.wantSaid(t, "the first write", one)
	b.service.Between(nil)
	wantSame(t, "a newcomer's read afterwards", before)(c.Read(b.sane))
	if held := b.service.Held(t, since); held != nil {
		t.Errorf("the service holds %v, want no cart", held.Units)
	}
}

// wantAnswer fails a test where an answer has another status.
func wantAnswer(t testing.TB, what string, status int) func(callers.Answer, error) callers.Answer {
	return func(answer callers.Answer, err error) callers.Answer {
		t.Helper()
		if err != nil || answer.Status != status {
			t.Errorf("%s got %d %s, %v; want %d", what, answer.Status, answer.Body, err, status)
		}
		return answer
	}
}

// wantSame fails a test where an answer is another one.
func wantSame(t testing.TB, what string, want callers.Answer) func(callers.Answer, error) {
	return func(answer callers.Answer, err error) {
		t.Helper()
		if err != nil || answer != want {
			t.Errorf("%s got %d %s, %v; want %d %s", what, answer.Status, answer.Body, err, want.Status, want.Body)
		}
	}
}

// wantSaid fails where the log has not one error, or one that does not say what was wrong.
func (b *besieged) wantSaid(t *testing.T, what string, one trouble) {
	t.Helper()
	lines := b.log.Errors(t)
	for deadline := time.Now().Add(b.logsWithin); len(lines) == 0 && time.Now().Before(deadline); lines = b.log.Errors(t) {
		time.Sleep(time.Millisecond)
	}
	if len(lines) != 1 || !strings.Contains(lines[0].Cause, one.says) {
		t.Errorf("%s: the log says %+v, want one error with %q", what, lines, one.says)
	}
}
