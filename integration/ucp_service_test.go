package integration_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/polycart/polycart/integration/ucpshop"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/internal/ucpschema"
)

// contract is the protocol that every request to a cart service, and every answer of one, is held against.
var contract = sync.OnceValues(func() (*ucpschema.Contract, error) { return ucpschema.Open("..") })

// shopProfile is what the plugin introduces itself as.
const shopProfile = "https://polycart.example/.well-known/ucp"

// cartService is a reference cart service behind a plugin, and what a test has happen between the two.
type cartService struct {
	Shop    *ucpshop.Shop
	t       testing.TB
	departs bool // its answers are not all the protocol's

	mu      sync.Mutex
	between func(w http.ResponseWriter, r *http.Request, shop http.Handler)
	asked   []upstream // what came, whatever became of it
	made    []string   // ids of the carts that the shop made
}

// upstream is a request to the service.
type upstream struct {
	Method, Path string
	Header       http.Header
	Body         string
}

// newCartService has a fixture's carts kept by a reference cart service that sells the fixture's catalogue.
func newCartService(t testing.TB, fixture *transcript.Fixture, settings ucpshop.Settings) *cartService {
	t.Helper()
	over, _ := fixture.Config["backend"].(map[string]any)
	backend := map[string]any{"kind": "ucp", "profile": shopProfile}
	for name, value := range over {
		backend[name] = value
	}
	fixture.Config["backend"] = backend
	tenant := fixture.Config["tenants"].([]any)[0].(map[string]any)
	if settings.File == "" {
		settings.File = filepath.Join(t.TempDir(), "ucpshop.db")
	}
	settings.NoSync = true
	settings.Currency = fmt.Sprint(tenant["currency"])
	if settings.Items == nil {
		settings.Items = sold(t, tenant)
	}
	shop, err := ucpshop.Open(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
	})
	return &cartService{Shop: shop, t: t, departs: settings.Departures != ucpshop.Departures{}}
}

// Between has something happen to every request from now on; shop is the service. nil: nothing happens.
func (s *cartService) Between(happens func(w http.ResponseWriter, r *http.Request, shop http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.between = happens
}

// ServeHTTP holds a request against the protocol and answers it as the service does, or as the test has it.
func (s *cartService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("reading a request to the cart service: %v", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.check(r, body)
	s.mu.Lock()
	s.asked = append(s.asked, upstream{r.Method, r.URL.Path, r.Header.Clone(), string(body)})
	between := s.between
	s.mu.Unlock()
	if between != nil {
		between(w, r, http.HandlerFunc(s.answer))
		return
	}
	s.answer(w, r)
}

// check holds a request against the protocol's schemas and contract.
func (s *cartService) check(r *http.Request, body []byte) {
	protocol, err := contract()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := protocol.CheckRequest(r.Method, r.URL.Path, r.Header, body); err != nil {
		s.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	surplus, err := protocol.Surplus(r.Method, r.URL.Path, body)
	if err != nil || len(surplus) > 0 {
		s.t.Errorf("%s %s: %v are none of the request's (%v): %s", r.Method, r.URL.Path, surplus, err, body)
	}
}

// checkAnswer holds an answer against the protocol, which has no tags.
func (s *cartService) checkAnswer(r *http.Request, answer *httptest.ResponseRecorder) {
	protocol, err := contract()
	if err != nil || s.departs || answer.Code == http.StatusPreconditionFailed {
		return // check has told the error
	}
	name, err := protocol.Operation(r.Method, r.URL.Path)
	if err == nil {
		err = protocol.CheckResponse(name, answer.Code, answer.Body.Bytes())
	}
	if err != nil {
		s.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
}

// answer has the shop answer, and remembers the carts that it makes.
func (s *cartService) answer(w http.ResponseWriter, r *http.Request) {
	into := httptest.NewRecorder()
	s.Shop.Handler().ServeHTTP(into, r)
	s.checkAnswer(r, into)
	made := struct{ ID string }{}
	if into.Code == http.StatusCreated {
		if err := json.Unmarshal(into.Body.Bytes(), &made); err != nil {
			s.t.Errorf("reading a new cart: %v", err)
		}
		s.mu.Lock()
		if !slices.Contains(s.made, made.ID) { // a request that is repeated makes none
			s.made = append(s.made, made.ID)
		}
		s.mu.Unlock()
	}
	passOn(w, into)
}

// passOn writes an answer that was recorded.
func passOn(w http.ResponseWriter, from *httptest.ResponseRecorder) {
	for name, values := range from.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(from.Code)
	_, _ = w.Write(from.Body.Bytes())
}

// Asked answers the requests that came since it was asked last.
func (s *cartService) Asked() []upstream {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// Made is how many carts the service has made.
func (s *cartService) Made() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.made)
}

// held is a cart as the service has it.
type held struct {
	ID    string
	Units map[string]int64 // by the service's id of the item
	Lines []heldLine
}

type heldLine struct {
	ID       string `json:"id"`
	Parent   string `json:"parent_id"`
	Quantity int64  `json:"quantity"`
	Item     struct {
		ID string `json:"id"`
	} `json:"item"`
}

// Held answers the one living cart of those that the service made after the first so many; nil where none lives. Two at once are an
// error: one of them would be nobody's.
func (s *cartService) Held(t testing.TB, since int) *held {
	t.Helper()
	s.mu.Lock()
	ids := s.made[since:]
	s.mu.Unlock()
	var found *held
	for at := range ids {
		cart := s.heldCart(t, since+at)
		if cart != nil && found != nil {
			t.Errorf("the service has two carts of one customer: %s and %s", found.ID, cart.ID)
		}
		if cart != nil {
			found = cart
		}
	}
	return found
}

// heldCart answers the cart that the service made after so many others, or nil where it lives no more.
func (s *cartService) heldCart(t testing.TB, at int) *held {
	t.Helper()
	s.mu.Lock()
	id := s.made[at]
	s.mu.Unlock()
	cart := struct {
		ID        string
		LineItems []heldLine `json:"line_items"`
	}{}
	if err := json.Unmarshal(s.do(t, http.MethodGet, "/carts/"+id, "").Body.Bytes(), &cart); err != nil {
		t.Fatal(err)
	}
	if cart.ID == "" {
		return nil
	}
	found := &held{ID: cart.ID, Units: map[string]int64{}, Lines: cart.LineItems}
	for _, line := range cart.LineItems {
		found.Units[line.Item.ID] += line.Quantity
	}
	return found
}

// Units answers how many units of an item the cart holds; 0 of no cart.
func (h *held) units(item string) int64 {
	if h == nil {
		return 0
	}
	return h.Units[item]
}

// line answers the line of an item, a zero one where there is none.
func (h *held) line(item string) heldLine {
	for _, line := range h.Lines {
		if line.Item.ID == item {
			return line
		}
	}
	return heldLine{}
}

// do asks the service as another of its clients does.
func (s *cartService) do(t testing.TB, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("UCP-Agent", `profile="https://another.example/profile"`)
	r.Header.Set("Request-Id", uuid.NewString())
	if method != http.MethodGet {
		r.Header.Set("Idempotency-Key", uuid.NewString())
		r.Header.Set("Content-Type", "application/json")
	}
	into := httptest.NewRecorder()
	s.answer(into, r)
	if into.Code >= 300 && into.Code != http.StatusNotFound {
		t.Fatalf("%s %s: %d %s", method, path, into.Code, into.Body)
	}
	return into
}

// pluginLog is what the plugins of a test log.
type pluginLog struct {
	text  func() string
	taken int
}

// logging runs build, which makes a plugin, with standard output turned into a log.
func logging(t testing.TB, build func()) *pluginLog {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	stdout := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = stdout }()
	build()
	return &pluginLog{text: func() string {
		text, err := os.ReadFile(file.Name())
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}}
}

// logged is a line of the plugin's log.
type logged struct{ Level, Msg, Cause, Kind string }

// Errors answers the lines at error level that were added since it was asked last.
func (l *pluginLog) Errors(t testing.TB) []logged {
	t.Helper()
	text := l.text()
	whole := strings.LastIndex(text, "\n") + 1
	text, l.taken = text[l.taken:whole], whole
	found := []logged{}
	for line := range strings.Lines(text) {
		one := logged{}
		if !strings.Contains(line, `"plugin":"polycart"`) {
			continue // Traefik's own
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Errorf("reading the log: %v: %s", err, line)
		}
		if one.Level == "ERROR" {
			found = append(found, one)
		}
	}
	return found
}
