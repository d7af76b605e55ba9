package plugin_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/plugin"
)

// opened is the plugin on a data folder of its own, with yaml laid over the demo's configuration.
func opened(t *testing.T, name, yaml string) (http.Handler, *transcript.Fixture) {
	t.Helper()
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: name, Config: yaml})
	handler, err := plugin.New(t.Context(), transcript.Upstream(), decoded(t, fixture.Config), name)
	if err != nil {
		t.Fatal(err)
	}
	return handler, fixture
}

// sent is the answer to a request of the shop dialect; headers are names and values in turn.
func sent(handler http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("X-API-Key", "123456789")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

const (
	tshirt  = "/api/v1/shop/cart/TSHIRT-456"
	longKey = "8e03978e-40d5-43dd-bc93-6894a57f9324"
)

// Sixty-four clients who send the same write with the same key at once have one effect: one is answered, the others are
// given that answer or told that it is not there yet.
func TestOneKeyHasOneEffect(t *testing.T) {
	handler, fixture := opened(t, "once", "")
	token, err := fixture.Token("182")
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []struct{ name, authorization string }{{"a customer", "Bearer " + token}, {"a guest without a token", ""}} {
		t.Run(who.name, func(t *testing.T) {
			answers := make([]*httptest.ResponseRecorder, 64)
			var clients sync.WaitGroup
			for i := range answers {
				clients.Go(func() {
					answers[i] = sent(handler, "POST", tshirt, `{"quantity":1}`, "Idempotency-Key", longKey, "Authorization", who.authorization)
				})
			}
			clients.Wait()
			first := sent(handler, "POST", tshirt, `{"quantity":1}`, "Idempotency-Key", longKey, "Authorization", who.authorization)
			if first.Code != http.StatusOK || first.Header().Get("Idempotent-Replayed") != "true" {
				t.Fatalf("afterwards a retry gets %d %v", first.Code, first.Header())
			}
			if !strings.Contains(first.Body.String(), `"items_quantity":1,`) {
				t.Errorf("the effect was not one: %s", first.Body)
			}
			done := 0
			for _, answer := range answers {
				switch {
				case answer.Code == http.StatusConflict && strings.Contains(answer.Body.String(), "still being processed"):
				case answer.Code != http.StatusOK || answer.Body.String() != first.Body.String():
					t.Errorf("a client got %d %s", answer.Code, answer.Body)
				case answer.Header().Get("Idempotent-Replayed") == "":
					done++
				}
			}
			if done != 1 {
				t.Errorf("%d clients were told that theirs was the first, want 1", done)
			}
		})
	}
}

// A retry that comes while the first request is at work is told so at once; afterwards it is given the answer.
func TestARetryDoesNotWaitForTheFirstRequest(t *testing.T) {
	handler, fixture := opened(t, "running", "")
	token, err := fixture.Token("182")
	if err != nil {
		t.Fatal(err)
	}
	add := func() *httptest.ResponseRecorder {
		return sent(handler, "POST", tshirt, `{"quantity":1}`, "Idempotency-Key", longKey, "Authorization", "Bearer "+token)
	}
	release := plugin.HoldCarts()
	first := make(chan *httptest.ResponseRecorder, 1)
	go func() { first <- add() }()
	if !plugin.AwaitRunning() {
		release()
		t.Fatal("the first request did not begin")
	}
	during := add()
	release()
	if during.Code != http.StatusConflict {
		t.Errorf("during the first request a retry gets %d %s", during.Code, during.Body)
	}
	answer := <-first
	after := add()
	if answer.Code != http.StatusOK || after.Body.String() != answer.Body.String() || after.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("the first request got %d, a retry after it %d %v", answer.Code, after.Code, after.Header())
	}
}

// Many writers who each take the newest tag lose no update: as many changes are granted as units are in the cart.
func TestNoUpdateIsLostWithTags(t *testing.T) {
	handler, fixture := opened(t, "tags", "")
	token, err := fixture.Token("182")
	if err != nil {
		t.Fatal(err)
	}
	who := []string{"Authorization", "Bearer " + token}
	sent(handler, "POST", tshirt, `{"quantity":1}`, who...)
	const writers, each = 8, 4
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for granted := 0; granted < each; {
				tag := sent(handler, "GET", "/api/v1/shop/cart", "", who...).Header().Get("ETag")
				answer := sent(handler, "POST", tshirt, `{"quantity":1}`, append([]string{"If-Match", tag}, who...)...)
				switch answer.Code {
				case http.StatusOK:
					granted++
				case http.StatusPreconditionFailed:
				default:
					t.Errorf("a write got %d %s", answer.Code, answer.Body)
					return
				}
			}
		})
	}
	all.Wait()
	read := sent(handler, "GET", "/api/v1/shop/cart", "", who...)
	if want := fmt.Sprintf(`"items_quantity":%d,`, 1+writers*each); !strings.Contains(read.Body.String(), want) {
		t.Errorf("want %s in %s", want, read.Body)
	}
}

// The kept answers are in the cart's record: they outlive the cache.
func TestKeysOutliveTheCache(t *testing.T) {
	handler, _ := opened(t, "record", "cache: {carts: 1}\n")
	first := sent(handler, "POST", tshirt, `{"quantity":1}`, "Idempotency-Key", longKey)
	_, rest, _ := strings.Cut(first.Body.String(), `"cart_id":"`)
	guest, _, _ := strings.Cut(rest, `"`)
	sent(handler, "POST", tshirt, `{"quantity":1}`) // another guest, whose cart takes the one place in the cache
	again := sent(handler, "POST", tshirt, `{"quantity":1}`, "Idempotency-Key", longKey, "X-Cart-ID", guest)
	if again.Code != first.Code || again.Body.String() != first.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("the retry got %d %v %s", again.Code, again.Header(), again.Body)
	}
}

// An answer that cannot be made short is not kept; its retry still changes nothing, and shows the cart as a read does.
func TestAnAnswerTooLongToKeepIsNotDoneAgain(t *testing.T) {
	handler, fixture := opened(t, "long", "")
	token, err := fixture.Token("182")
	if err != nil {
		t.Fatal(err)
	}
	who := []string{"Authorization", "Bearer " + token}
	random := make([]byte, 2900) // a line's options may have 4096 bytes, and base64 makes four of three
	add := func(sku, key string) *httptest.ResponseRecorder {
		body := `{"quantity":1,"options":{"note":"` + base64.RawURLEncoding.EncodeToString(random) + `"}}`
		return sent(handler, "POST", "/api/v1/shop/cart/"+sku, body, append([]string{"Idempotency-Key", key}, who...)...)
	}
	for _, sku := range []string{"AGENT-6789", "CK-SDS001", "SKU789", "testPrice", "NO-WEIGHT", "TSHIRT-456"} {
		_, _ = rand.Read(random) // crypto/rand never fails
		if answer := add(sku, "key-"+sku); answer.Code != http.StatusOK {
			t.Fatalf("adding %s got %d %s", sku, answer.Code, answer.Body)
		}
	}
	again := add("TSHIRT-456", "key-TSHIRT-456")
	read := sent(handler, "GET", "/api/v1/shop/cart", "", who...)
	if again.Code != http.StatusOK || again.Header().Get("Idempotent-Replayed") != "true" || again.Body.String() != read.Body.String() {
		t.Errorf("the retry got %d %v and not what a read gets", again.Code, again.Header())
	}
	if !strings.Contains(read.Body.String(), `"items_quantity":6,`) {
		t.Error("the retry was done again")
	}
}

// Two routers with the middleware, and the handlers before and after a change of the configuration, count together.
func TestHandlersCountTogether(t *testing.T) {
	handler, fixture := opened(t, "metered", "limits: {requestsPerMinute: 1, burst: 2}\n")
	token, err := fixture.Token("182")
	if err != nil {
		t.Fatal(err)
	}
	config := decoded(t, fixture.Config)
	config.Limits.MaxLines = 7
	reloaded, err := plugin.New(t.Context(), transcript.Upstream(), config, "metered")
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		handler http.Handler
		status  int
	}{{handler, 200}, {reloaded, 200}, {handler, 429}, {reloaded, 429}} {
		answer := sent(step.handler, "GET", "/api/v1/shop/cart", "", "Authorization", "Bearer "+token)
		if answer.Code != step.status {
			t.Errorf("request %d got %d, want %d", i+1, answer.Code, step.status)
		}
	}
}

// A read that was printed before has its tag without being printed again, and HEAD bears the same.
func TestEveryReadOfTheSameCartHasTheSameTag(t *testing.T) {
	handler, fixture := opened(t, "same", "")
	token, err := fixture.Token("182")
	if err != nil {
		t.Fatal(err)
	}
	who := []string{"Authorization", "Bearer " + token}
	sent(handler, "POST", tshirt, `{"quantity":1}`, who...)
	first := sent(handler, "GET", "/api/v1/shop/cart", "", who...).Header().Get("ETag")
	if second := sent(handler, "GET", "/api/v1/shop/cart", "", who...).Header().Get("ETag"); second != first || first == "" {
		t.Errorf("the tags are %q and %q", first, second)
	}
	if head := sent(handler, "HEAD", "/api/v1/shop/cart", "", who...).Header().Get("ETag"); head != first {
		t.Errorf("HEAD has %q, want %q", head, first)
	}
}
