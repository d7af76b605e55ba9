package integration_test

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

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/store"
)

const hookSecret = "whsec_0123456789abcdef"

// hookReceiver is a real HTTP server that takes events; every third request is answered 503.
type hookReceiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests int
	accepted []hookEvent
}

type hookEvent struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Data struct {
		CartID     string  `json:"cartId"`
		CustomerID *string `json:"customerId"`
		Item       *struct {
			Quantity int64 `json:"quantity"`
		} `json:"item"`
		PreviousQuantity *int64 `json:"previousQuantity"`
	} `json:"data"`
}

func newHookReceiver(t *testing.T) *hookReceiver {
	r := &hookReceiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		mac := hmac.New(sha256.New, []byte(hookSecret))
		mac.Write(body)
		if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); request.Header.Get("X-Webhook-Signature") != want {
			t.Errorf("the signature is %q, want %q", request.Header.Get("X-Webhook-Signature"), want)
		}
		event := hookEvent{}
		if err := json.Unmarshal(body, &event); err != nil {
			t.Errorf("the body is no JSON: %v", err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests++
		if r.requests%3 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.accepted = append(r.accepted, event)
	}))
	t.Cleanup(r.Close)
	return r
}

// await waits until events of n different ids were accepted, and answers them, each id once.
func (r *hookReceiver) await(t *testing.T, n int) []hookEvent {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		r.mu.Lock()
		known, events := map[string]bool{}, []hookEvent{}
		for _, event := range r.accepted {
			if !known[event.ID] {
				events = append(events, event)
			}
			known[event.ID] = true
		}
		r.mu.Unlock()
		if len(events) >= n {
			return events
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d events were accepted, want %d: %+v", len(events), n, events)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// hookFixture is the demo shop with a webhook.
func hookFixture(t *testing.T, url, more string) *transcript.Fixture {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(hookSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	return transcript.NewFixture(t, "..", transcript.Script{Name: t.Name(), Config: fmt.Sprintf(`
tenants: [{abandonedAfter: 2s, webhooks: [{url: %q, secretFile: %q, allowPrivate: true}]}]
outbox: {firstRetry: 100ms, longestRetry: 200ms}
%s`, url, secret, more)})
}

// tellWebhooks changes carts on a level and checks what the receiver hears: every change once, in order, then that a cart
// was left alone.
func tellWebhooks(t *testing.T, r *hookReceiver, fixture *transcript.Fixture, level transcript.Level) {
	t.Helper()
	const carts, changes = 3, 5
	for c := 0; c < carts; c++ {
		token, err := fixture.Token(fmt.Sprint(c))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < changes; i++ {
			request, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/api/v1/shop/cart/CK-SDS001", strings.NewReader(`{"quantity":1}`))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("X-API-Key", "123456789")
			request.Header.Set("Authorization", "Bearer "+token)
			response, err := level(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Fatalf("adding answered %d", response.StatusCode)
			}
		}
	}
	told := map[string]string{}
	for _, event := range r.await(t, carts*(changes+2)) {
		text := strings.TrimPrefix(event.Type, "cart.")
		if event.Data.Item != nil {
			text += fmt.Sprint(" ", event.Data.Item.Quantity)
		}
		if event.Data.PreviousQuantity != nil {
			text += fmt.Sprint(" was ", *event.Data.PreviousQuantity)
		}
		if event.Data.CustomerID == nil {
			t.Fatalf("no customer in %+v", event)
		}
		told[*event.Data.CustomerID] += text + "\n"
	}
	want := "created\nitem_added 1\nitem_updated 2 was 1\nitem_updated 3 was 2\nitem_updated 4 was 3\nitem_updated 5 was 4\nabandoned\n"
	for c := 0; c < carts; c++ {
		if got := told[fmt.Sprint(c)]; got != want {
			t.Errorf("customer %d: told\n%s\nwant\n%s", c, got, want)
		}
	}
}

// tellRestocked lets a customer wait for an item on a level, puts it in stock and checks that the receiver hears of it.
func tellRestocked(t *testing.T, r *hookReceiver, fixture *transcript.Fixture, level transcript.Level) {
	t.Helper()
	token, err := fixture.Token("waiting")
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/api/v1/sdk/cart/store/a3f2b1c0-1234-5678-90ab-cdef12345678/back-in-stock-subscription",
		strings.NewReader(`{"externalProductId":"prod_404","externalVariantId":"var_404"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := level(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("subscribing answered %d", response.StatusCode)
	}
	path := filepath.Join(fixture.Folder, "catalog.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const none, some = `"price": "8.00", "stock": 0`, `"price": "8.00", "stock": 25`
	if strings.Count(string(text), none) != 1 {
		t.Fatal("the demo's sold-out item is not as it was")
	}
	if err := os.WriteFile(path+".new", []byte(strings.Replace(string(text), none, some, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; {
		heard := r.await(t, n)
		for _, event := range heard {
			if event.Type == cartcore.EventBackInStock && *event.Data.CustomerID == "waiting" {
				return
			}
		}
		n = len(heard) + 1
	}
}

// Webhooks hear of every change in order with the plugin loaded by Traefik's interpreter.
func TestWebhooksInterpreted(t *testing.T) {
	r := newHookReceiver(t)
	fixture := hookFixture(t, r.URL, "")
	handler, err := interpretedPlugin(t).New(t.Context(), transcript.Upstream(), fixture.Config, "webhooks")
	if err != nil {
		t.Fatal(err)
	}
	tellWebhooks(t, r, fixture, transcript.Handler(handler))
	tellRestocked(t, r, fixture, transcript.Handler(handler))
}

// What an earlier process left waiting in the data folder, the compiled one here, is delivered by the interpreted plugin.
func TestWaitingEventsAreDeliveredInterpreted(t *testing.T) {
	r := newHookReceiver(t)
	fixture := hookFixture(t, r.URL, "")
	sum := sha256.Sum256([]byte(r.URL))
	to := &cartcore.Audience{StoreID: "store-alpha", Hooks: map[string][]string{cartcore.EventItemAdded: {hex.EncodeToString(sum[:8])}}, MostEvents: 9}
	kept, err := store.OpenLog(store.LogOptions{Folder: filepath.Join(fixture.Folder, "data"), Sync: store.SyncOS})
	if err != nil {
		t.Fatal(err)
	}
	carts := store.OpenCarts(kept, store.Bounds{}, store.Lifetimes{})
	for c := 0; c < 5; c++ {
		key := cartcore.Key{Tenant: "store-alpha", Owner: cartcore.CustomerOwner(fmt.Sprint(c))}
		before := cartcore.New(key, "USD", fmt.Sprint(c), 1)
		next := cartcore.Born(before)
		next.Lines = []*cartcore.Line{{ID: "l1", Number: 1, SKU: "CK-SDS001", Quantity: int64(c + 1)}}
		cartcore.Tell(before, next, cartcore.Add, cartcore.Facts{}, to, fmt.Sprint(c), time.Now().UnixMilli())
		if err := store.SaveCart(carts, next, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.CloseCarts(carts); err != nil {
		t.Fatal(err)
	}
	if _, err := interpretedPlugin(t).New(t.Context(), transcript.Upstream(), fixture.Config, "webhooks"); err != nil {
		t.Fatal(err)
	}
	r.await(t, 5)
}

// The check of addresses holds in the interpreter too: a name that stands for this machine is not dialled.
func TestAPrivateReceiverIsRefusedInterpreted(t *testing.T) {
	r := newHookReceiver(t)
	port := r.URL[strings.LastIndex(r.URL, ":")+1:]
	fixture := hookFixture(t, "http://localhost:"+port, "")
	tenant := fixture.Config["tenants"].([]any)[0].(map[string]any)
	tenant["webhooks"].([]any)[0].(map[string]any)["allowPrivate"] = false
	fixture.Config["outbox"].(map[string]any)["attempts"] = 1
	handler, err := interpretedPlugin(t).New(t.Context(), transcript.Upstream(), fixture.Config, "webhooks")
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/store-alpha/agent/cart/add", strings.NewReader(`{"session_id":"sess_1","product_id":"prod_6789","quantity":1}`))
	handler.ServeHTTP(httptest.NewRecorder(), request)
	deadline := time.Now().Add(time.Minute)
	for {
		segments, err := filepath.Glob(filepath.Join(fixture.Folder, "data", "carts-*.log"))
		if err != nil || len(segments) != 1 {
			t.Fatalf("the data folder holds %q, %v", segments, err)
		}
		records, err := os.ReadFile(segments[0])
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(records), `"d":true`) >= 2 && strings.Contains(string(records), "stands for no public address") {
			break // both events are dead letters
		}
		if time.Now().After(deadline) {
			t.Fatal("the events are not given up")
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.requests > 0 {
		t.Error("the receiver was asked")
	}
}

// In a real Traefik webhooks hear the same as in an interpreter alone, in both editions.
func TestWebhooksInTraefik(t *testing.T) {
	upstream := httptest.NewServer(transcript.Upstream())
	defer upstream.Close()
	inEachEdition(t, func(t *testing.T, edition traefik.Edition) {
		r := newHookReceiver(t)
		fixture := hookFixture(t, r.URL, "")
		running := startTraefik(t, edition, []route{{"webhooks", fixture.Config}}, upstream.URL)
		tellWebhooks(t, r, fixture, running.level("webhooks"))
		tellRestocked(t, r, fixture, running.level("webhooks"))
	})
}
