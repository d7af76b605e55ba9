package ucpshop_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/polycart/polycart/integration/ucpshop"
	"github.com/polycart/polycart/internal/ucpschema"
)

// contract is the protocol that every answer of these tests is held against.
var contract = sync.OnceValues(func() (*ucpschema.Contract, error) { return ucpschema.Open("../..") })

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// platform is somebody who asks a shop.
type platform struct {
	url  string
	shop *ucpshop.Shop
}

// openShop opens a shop that ends with the test. Without a file of its own it is new.
func openShop(t testing.TB, settings ucpshop.Settings) *platform {
	t.Helper()
	if settings.File == "" {
		settings.File = filepath.Join(t.TempDir(), "carts.db")
	}
	shop, err := ucpshop.Open(settings)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(shop.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
	})
	return &platform{url: server.URL, shop: shop}
}

// answered is an answer, of which the members are read that tests look at.
type answered struct {
	status int
	header http.Header
	text   string
	document
}

type document struct {
	UCP struct {
		Status string `json:"status"`
	} `json:"ucp"`
	ID        string `json:"id"`
	LineItems []struct {
		ID       string `json:"id"`
		ParentID string `json:"parent_id"`
		Quantity int64  `json:"quantity"`
		Item     struct {
			ID    string `json:"id"`
			Title string `json:"title"`
			Price int64  `json:"price"`
		} `json:"item"`
		Totals []amount `json:"totals"`
	} `json:"line_items"`
	Totals      []amount       `json:"totals"`
	Currency    string         `json:"currency"`
	Messages    []note         `json:"messages"`
	Context     map[string]any `json:"context"`
	ContinueURL string         `json:"continue_url"`
	ExpiresAt   time.Time      `json:"expires_at"`
	Code        string         `json:"code"`
	Content     string         `json:"content"`
}

type amount struct {
	Type   string `json:"type"`
	Amount int64  `json:"amount"`
}

type note struct {
	Type, Code, Path, Content, Severity string
}

// total is the amount of the entry that is called total.
func (d document) total() int64 { return totalOf(d.Totals) }

func totalOf(entries []amount) int64 {
	for _, entry := range entries {
		if entry.Type == "total" {
			return entry.Amount
		}
	}
	return -1
}

// lines says what is in the cart: id, quantity and item of each line.
func (d document) lines() string {
	var lines []string
	for _, l := range d.LineItems {
		number, _ := json.Marshal(l.Quantity)
		lines = append(lines, l.ID+" "+string(number)+" "+l.Item.ID)
	}
	return strings.Join(lines, ", ")
}

// codes says what the messages are.
func (d document) codes() string {
	var codes []string
	for _, m := range d.Messages {
		codes = append(codes, strings.TrimSpace(m.Type+" "+m.Code+" "+m.Severity))
	}
	return strings.Join(codes, ", ")
}

// request makes a request as the contract wants it; headers are further ones, name and value, an empty value removes.
func (p *platform) request(method, path, body string, headers ...string) *http.Request {
	request := httptest.NewRequest(method, p.url+path, strings.NewReader(body))
	request.RequestURI = ""
	request.Header.Set("UCP-Agent", `profile="https://platform.example/profile"`)
	request.Header.Set("Request-Id", uuid.NewString())
	if method != http.MethodGet {
		request.Header.Set("Content-Type", "application/json")
		if strings.HasPrefix(path, "/carts") {
			request.Header.Set("Idempotency-Key", uuid.NewString())
		}
	}
	for at := 0; at+1 < len(headers); at += 2 {
		request.Header.Set(headers[at], headers[at+1])
		if headers[at+1] == "" {
			request.Header.Del(headers[at])
		}
	}
	return request
}

// ask sends a request and holds the answer to the protocol.
func (p *platform) ask(t fataler, method, path, body string, headers ...string) answered {
	t.Helper()
	got := p.askFreely(t, method, path, body, headers...)
	protocol, err := contract()
	if err != nil {
		t.Fatalf("%v", err)
	}
	operation, err := protocol.Operation(method, path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if err := protocol.CheckResponse(operation, got.status, []byte(got.text)); err != nil {
		t.Fatalf("%s %s was answered against the protocol: %v\n%s", method, path, err, got.text)
	}
	return got
}

// askFreely sends a request whose answer the protocol does not know.
func (p *platform) askFreely(t fataler, method, path, body string, headers ...string) answered {
	t.Helper()
	response, err := http.DefaultClient.Do(p.request(method, path, body, headers...))
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%v", err)
	}
	got := answered{status: response.StatusCode, header: response.Header, text: string(text)}
	if err := json.Unmarshal(text, &got.document); err != nil && len(text) > 0 && text[0] == '{' {
		t.Fatalf("%v: %s", err, text)
	}
	return got
}

// expect compares what was got.
func expect[V comparable](t fataler, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// wish writes the body of a request: each line is item and quantity, or line id, item and quantity.
func wish(id string, lines ...string) string {
	body := map[string]any{}
	if id != "" {
		body["id"] = id
	}
	list := []any{}
	for _, text := range lines {
		words := strings.Fields(text)
		line := map[string]any{"quantity": json.Number(words[len(words)-1]), "item": map[string]any{"id": words[len(words)-2]}}
		if len(words) == 3 {
			line["id"] = words[0]
		}
		list = append(list, line)
	}
	body["line_items"] = list
	text, _ := json.Marshal(body)
	return string(text)
}
