package plugin

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/store"
)

// panickyStore is a real store whose Save panics where it is told to.
type panickyStore struct {
	store.Store
	where string // "before" or "after" the cart is kept
}

func (p *panickyStore) Save(key string, was int64, record *store.Record) error {
	if p.where == "before" {
		panic("the store is broken")
	}
	err := p.Store.Save(key, was, record)
	if p.where == "after" && err == nil {
		panic("the store is broken")
	}
	return err
}

// panicsAt are the places of the request path, before anything is kept, where a fault of ours is made, and how. None needs
// a switch in the product: each is a desk whose parts are not what they should be.
var panicsAt = []struct {
	place  string
	breaks func(d *desk, carts *panickyStore)
}{
	{"decode", func(d *desk, _ *panickyStore) {
		d.Decode = func(*adapters.Call) *cartcore.Error { panic("a fault of the dialect") }
	}},
	{"identity", func(d *desk, _ *panickyStore) { d.Who = nil }},
	{"catalogue", func(d *desk, _ *panickyStore) { d.Catalogs = nil }},
	{"the items of the command", func(d *desk, _ *panickyStore) {
		decodesTo(d, func(call *adapters.Call) { call.Command.Asks = []*cartcore.Ask{nil} })
	}},
	{"load", func(d *desk, _ *panickyStore) { d.Carts = nil }},
	{"apply", func(d *desk, _ *panickyStore) { decodesTo(d, func(call *adapters.Call) { call.Limits = nil }) }},
	{"encode", func(d *desk, _ *panickyStore) {
		d.Encode = func(*adapters.Call, *adapters.Seen) *adapters.Answer { panic("a fault of the dialect") }
	}},
	{"save", func(_ *desk, carts *panickyStore) { carts.where = "before" }},
}

// decodesTo changes what a desk's dialect decodes.
func decodesTo(d *desk, change func(call *adapters.Call)) {
	decode := d.Decode
	d.Decode = func(call *adapters.Call) *cartcore.Error {
		problem := decode(call)
		change(call)
		return problem
	}
}

// A fault of ours anywhere on the request path is the dialect's own 500. The cart is as it was, the lock on it is let go, so
// that the next write works, and so is the key of a write that is to be done once. Nobody else notices.
func TestAPanicIsTheDialects500(t *testing.T) {
	for i, name := range dialectNames() {
		for _, fault := range panicsAt {
			for _, key := range []string{"", longEnoughKey} {
				t.Run(name+" "+fault.place+" "+key, func(t *testing.T) {
					s, carts := openOn(t)
					mine, other := callerOf(t, s, "182", i), callerOf(t, s, "183", i)
					sound := transcript.Handler(dialectHandler(s, name, nil))
					mustBegin(t, mine, sound)
					mustBegin(t, other, sound)
					before := read(t, mine, sound)

					broken := transcript.Handler(dialectHandler(s, name, func(d *desk) { fault.breaks(d, carts) }))
					for range 2 { // a lock that the first left would stop the second for ever
						if answer := add(t, mine, keyed(broken, key)); answer != mine.Down(500) {
							t.Errorf("answered %d %s, want %s", answer.Status, answer.Body, mine.Down(500).Body)
						}
					}
					carts.where = ""
					if now := read(t, mine, sound); now != before {
						t.Errorf("the cart was %s and is %s", before.Body, now.Body)
					}
					for _, caller := range []*callers.Caller{mine, other} {
						mustAdd(t, caller, keyed(sound, key))
						if got := units(t, caller, sound); got != 2 {
							t.Errorf("after the next write a cart holds %d units, want 2", got)
						}
					}
				})
			}
		}
	}
}

// Behind the save a fault comes too late to take the write back: the answer is 500, and with a key a retry gets what the
// first was to get, and adds nothing.
func TestAPanicBehindTheSaveIsPutRightByARetry(t *testing.T) {
	for i, name := range dialectNames() {
		t.Run(name, func(t *testing.T) {
			s, carts := openOn(t)
			mine := callerOf(t, s, "182", i)
			sound := transcript.Handler(dialectHandler(s, name, nil))
			mustBegin(t, mine, sound)
			carts.where = "after"
			if answer := add(t, mine, keyed(sound, longEnoughKey)); answer != mine.Down(500) {
				t.Errorf("answered %d %s, want %s", answer.Status, answer.Body, mine.Down(500).Body)
			}
			carts.where = ""
			mustAdd(t, mine, keyed(sound, longEnoughKey))
			if got := units(t, mine, sound); got != 2 {
				t.Errorf("after the retry the cart holds %d units, want 2", got)
			}
		})
	}
}

// panickyTransport panics where an event of one customer is sent.
type panickyTransport struct {
	http.RoundTripper
	customer string
	panicked atomic.Int64
}

func (p *panickyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	event, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(event, []byte(`"customerId":"`+p.customer+`"`)) {
		p.panicked.Add(1)
		panic("a fault of the delivery")
	}
	return p.RoundTripper.RoundTrip(r)
}

// A fault of ours in a delivery ends neither Traefik, nor requests, nor the deliveries of other carts.
func TestAPanicInADeliveryEndsThere(t *testing.T) {
	r := newReceiver(t)
	s := openShop(t, r, plainHook)
	transport := &panickyTransport{RoundTripper: s.engine.Shared.Outbox.Private.Transport, customer: "182"}
	s.engine.Shared.Outbox.Private.Transport = transport
	s.add(t, "182", 1)
	awaitValue(t, func() (int64, bool) { n := transport.panicked.Load(); return n, n > 0 })
	s.add(t, "182", 1)
	s.add(t, "183", 1)
	for _, d := range r.awaitAccepted(t, 2) {
		if d.Data["customerId"] != "183" {
			t.Errorf("told %s", d.Body)
		}
	}
	if answer := s.mustAsk(t, "GET", "/api/v1/shop/cart", "", s.customer(t, "182")...); !strings.Contains(answer, `"items_quantity":2,`) {
		t.Errorf("the cart is %s", answer)
	}
}

// longEnoughKey is an Idempotency-Key.
const longEnoughKey = "8e03978e-40d5-43dd-bc93-6894a57f9324"

func dialectNames() []string {
	names := []string{}
	for _, adapter := range adapters.All() {
		names = append(names, adapter.Name)
	}
	return names
}

// openOn opens the demo shop on a store that can panic, with a log that nobody reads.
func openOn(t *testing.T) (*shop, *panickyStore) {
	t.Helper()
	s := openShop(t, newReceiver(t), "store: {kind: memory}\n")
	carts := &panickyStore{Store: store.NewMemory(nil)}
	s.engine.Shared.Carts = store.OpenCarts(carts, store.Bounds{Carts: 100, Bytes: 1 << 20}, store.Lifetimes{})
	s.engine.Log = slog.New(slog.DiscardHandler)
	return s, carts
}

// keyed sends a request with a key, if it is not empty.
func keyed(level transcript.Level, key string) transcript.Level {
	return func(r *http.Request) (*http.Response, error) {
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		return level(r)
	}
}

// callerOf is a customer in the i-th dialect.
func callerOf(t *testing.T, s *shop, customer string, i int) *callers.Caller {
	t.Helper()
	token, err := s.Token(customer)
	if err != nil {
		t.Fatal(err)
	}
	return &callers.All(token)[i]
}

// dialectHandler serves one dialect from the shop's engine; breaks, where given, changes each of its desks.
func dialectHandler(s *shop, name string, breaks func(d *desk)) http.Handler {
	mux := http.NewServeMux()
	for _, adapter := range adapters.All() {
		if adapter.Name != name {
			continue
		}
		for i := range adapter.Routes {
			d := newDesk(s.engine, adapter, i, map[string]string{})
			if breaks != nil {
				breaks(d)
			}
			mux.Handle(adapter.Routes[i].Pattern, deskHandler(d))
		}
	}
	return mux
}

func mustBegin(t *testing.T, c *callers.Caller, level transcript.Level) {
	t.Helper()
	mustSucceed(t, must(t, func() (callers.Answer, error) { return c.First(level) }))
}

func mustAdd(t *testing.T, c *callers.Caller, level transcript.Level) {
	t.Helper()
	mustSucceed(t, add(t, c, level))
}

func mustSucceed(t *testing.T, answer callers.Answer) {
	t.Helper()
	if answer.Status != http.StatusOK {
		t.Fatalf("answered %d %s", answer.Status, answer.Body)
	}
}

func add(t *testing.T, c *callers.Caller, level transcript.Level) callers.Answer {
	t.Helper()
	return must(t, func() (callers.Answer, error) { return c.Add(level) })
}

func read(t *testing.T, c *callers.Caller, level transcript.Level) callers.Answer {
	t.Helper()
	return must(t, func() (callers.Answer, error) { return c.Read(level) })
}

func units(t *testing.T, c *callers.Caller, level transcript.Level) int64 {
	t.Helper()
	return must(t, func() (int64, error) { return c.Units(level) })
}

func must[T any](t *testing.T, ask func() (T, error)) T {
	t.Helper()
	answer, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	return answer
}
