package plugin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-viper/mapstructure/v2"

	"github.com/polycart/polycart/internal/transcript"
)

const hookSecret = "whsec_0123456789abcdef"

// patience is how long a test waits for what must come; nothing depends on how long it takes.
const patience = 20 * time.Second

// delivery is a request that a receiver got.
type delivery struct {
	ID     string
	Type   string
	Cart   string
	Data   map[string]any
	Body   string
	Header http.Header
}

// receiver is a real HTTP server that takes events.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	changed  *sync.Cond
	asked    []delivery // every request, in the order they came
	accepted []delivery // those that were answered 2xx
	answer   func(n int, d delivery, w http.ResponseWriter, r *http.Request) int
}

// newReceiver takes everything until answer is set.
func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{}
	r.changed = sync.NewCond(&r.mu)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return // the sender broke off
		}
		mac := hmac.New(sha256.New, []byte(hookSecret))
		mac.Write(body)
		if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); request.Header.Get("X-Webhook-Signature") != want {
			t.Errorf("the signature is %q, want %q", request.Header.Get("X-Webhook-Signature"), want)
		}
		d := delivery{Body: string(body), Header: request.Header}
		var event struct {
			ID, Type string
			Data     map[string]any
		}
		if err := json.Unmarshal(body, &event); err != nil {
			t.Errorf("the body is no JSON: %v", err)
		}
		d.ID, d.Type, d.Data = event.ID, event.Type, event.Data
		d.Cart, _ = event.Data["cartId"].(string)
		r.mu.Lock()
		r.asked = append(r.asked, d)
		n, answer := len(r.asked), r.answer
		r.changed.Broadcast()
		r.mu.Unlock()
		status := http.StatusOK
		if answer != nil {
			status = answer(n, d, w, request)
		}
		if status >= 200 && status < 300 {
			r.mu.Lock()
			r.accepted = append(r.accepted, d)
			r.changed.Broadcast()
			r.mu.Unlock()
		}
		if status != 0 {
			w.WriteHeader(status)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// answering sets what the receiver answers: a status, or 0 where the function did so itself.
func (r *receiver) answering(answer func(n int, d delivery, w http.ResponseWriter, r *http.Request) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// await waits until what the receiver got is enough.
func (r *receiver) await(t testing.TB, what string, enough func(asked, accepted []delivery) bool) {
	t.Helper()
	late := false
	timer := time.AfterFunc(patience, func() {
		r.mu.Lock()
		late = true
		r.changed.Broadcast()
		r.mu.Unlock()
	})
	defer timer.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	for !enough(r.asked, r.accepted) {
		if late {
			t.Fatalf("%s did not come; asked: %s; accepted: %s", what, typesIn(r.asked), typesIn(r.accepted))
		}
		r.changed.Wait()
	}
}

// awaitAccepted waits for so many accepted events and answers them.
func (r *receiver) awaitAccepted(t testing.TB, n int) []delivery {
	t.Helper()
	r.await(t, fmt.Sprint(n, " accepted events"), func(_, accepted []delivery) bool { return len(accepted) >= n })
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery{}, r.accepted...)
}

// idsIn are the ids of events, each once.
func idsIn(all []delivery) map[string]bool {
	ids := map[string]bool{}
	for _, d := range all {
		ids[d.ID] = true
	}
	return ids
}

func typesIn(all []delivery) string {
	types := []string{}
	for _, d := range all {
		types = append(types, strings.TrimPrefix(d.Type, "cart."))
	}
	return strings.Join(types, " ")
}

// shop is the demo shop with a webhook, in this process.
type shop struct {
	*transcript.Fixture
	handler http.Handler
	engine  *engine
}

// openShop opens the demo shop. config is YAML laid over the demo's; {{hook}} stands for the receiver's address and
// {{secret}} for the file with its secret.
func openShop(t testing.TB, r *receiver, config string) *shop {
	t.Helper()
	return reopenShop(t, hookedFixture(t, r, config))
}

// hookedFixture is the fixture of openShop.
func hookedFixture(t testing.TB, r *receiver, config string) *transcript.Fixture {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(hookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config = strings.NewReplacer("{{hook}}", r.URL+"/hook", "{{secret}}", secret, "{{port}}", r.URL[strings.LastIndex(r.URL, ":")+1:]).Replace(config)
	return transcript.NewFixture(t, "..", transcript.Script{Name: t.Name(), Config: config})
}

// plainHook is the configuration of one webhook that hears everything, and of short waits.
const plainHook = `
tenants: [{webhooks: [{url: "{{hook}}", secretFile: "{{secret}}", allowPrivate: true}]}]
outbox: {firstRetry: 100ms, longestRetry: 200ms, timeout: 10s}
log: {level: error}
`

func reopenShop(t testing.TB, fixture *transcript.Fixture) *shop {
	t.Helper()
	config := CreateConfig()
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		DecodeHook: mapstructure.StringToSliceHookFunc(","), WeaklyTypedInput: true, Result: config,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := decoder.Decode(fixture.Config); err != nil {
		t.Fatal(err)
	}
	handler, err := New(t.Context(), transcript.Upstream(), config, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	registryLock.Lock()
	e := engines[string(text)]
	registryLock.Unlock()
	s := &shop{Fixture: fixture, handler: handler, engine: e}
	t.Cleanup(func() { s.close(t) })
	return s
}

// close closes the shop's store at once, as the registry does after a while.
func (s *shop) close(t testing.TB) {
	t.Helper()
	registryLock.Lock()
	s.engine.Users = 0
	registryLock.Unlock()
	if err := sweep(s.engine); err != nil {
		t.Error(err)
	}
}

// ask sends a request and answers the status and the body.
func (s *shop) ask(t testing.TB, method, path, body string, header ...string) (int, string) {
	t.Helper()
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, request)
	return answer.Code, answer.Body.String()
}

// mustAsk is ask where the answer is 2xx.
func (s *shop) mustAsk(t testing.TB, method, path, body string, header ...string) string {
	t.Helper()
	status, answer := s.ask(t, method, path, body, header...)
	if status < 200 || status > 299 {
		t.Fatalf("%s %s answered %d %s", method, path, status, answer)
	}
	return answer
}

// customer are the headers of a customer of the shop dialect.
func (s *shop) customer(t testing.TB, id string) []string {
	t.Helper()
	token, err := s.Token(id)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + token, "X-API-Key", "123456789"}
}

// add adds to the quantity of the shop dialect's product for a customer.
func (s *shop) add(t testing.TB, customer string, quantity int) {
	t.Helper()
	s.mustAsk(t, http.MethodPost, "/api/v1/shop/cart/CK-SDS001", fmt.Sprintf(`{"quantity":%d}`, quantity), s.customer(t, customer)...)
}

// awaitValue asks again and again until the value is the wanted one.
func awaitValue[T any](t testing.TB, ask func() (T, bool)) T {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		value, ok := ask()
		if ok {
			return value
		}
		if time.Now().After(deadline) {
			t.Fatalf("waiting in vain; the last was %v", value)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
