package integration_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/polycart/polycart/internal/transcript"
)

// One key has one effect with the plugin in the interpreter too, where a map that two goroutines see without a lock would
// end the process; kept answers come back from the record, long ones too.
func TestRetriesInterpreted(t *testing.T) {
	loaded := interpretedPlugin(t)
	// One place in the cache, so that every other cart is read from its record.
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: "retries", Config: "cache: {carts: 1}\nlimits: {requestsPerMinute: 100000, maxLines: 1000}\n"})
	handler, err := loaded.New(t.Context(), transcript.Upstream(), fixture.Config, "retries")
	if err != nil {
		t.Fatal(err)
	}
	token, err := fixture.Token("182")
	if err != nil {
		t.Fatal(err)
	}
	send := func(method, body, key, authorization string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(method, "/api/v1/shop/cart/TSHIRT-456", strings.NewReader(body))
		request.Header.Set("X-API-Key", "123456789")
		request.Header.Set("Idempotency-Key", key)
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return answer
	}

	for _, who := range []struct{ name, authorization string }{{"a customer", "Bearer " + token}, {"a guest without a token", ""}} {
		t.Run(who.name, func(t *testing.T) {
			const key = "8e03978e-40d5-43dd-bc93-6894a57f9324"
			answers := make([]*httptest.ResponseRecorder, 16)
			var clients sync.WaitGroup
			for i := range answers {
				clients.Go(func() { answers[i] = send("POST", `{"quantity":1}`, key, who.authorization) })
			}
			clients.Wait()
			send("POST", `{"quantity":1}`, "somebody-else-altogether", "") // takes the place in the cache
			last := send("POST", `{"quantity":1}`, key, who.authorization)
			if last.Code != http.StatusOK || last.Header().Get("Idempotent-Replayed") != "true" || !strings.Contains(last.Body.String(), `"items_quantity":1,`) {
				t.Fatalf("afterwards a retry gets %d %v %s", last.Code, last.Header(), last.Body)
			}
			done := 0
			for _, answer := range answers {
				if answer.Code == http.StatusOK && answer.Body.String() != last.Body.String() {
					t.Errorf("a client got %s", answer.Body)
				}
				if answer.Code == http.StatusOK && answer.Header().Get("Idempotent-Replayed") == "" {
					done++
				} else if answer.Code != http.StatusOK && answer.Code != http.StatusConflict {
					t.Errorf("a client got %d %s", answer.Code, answer.Body)
				}
			}
			if done != 1 {
				t.Errorf("%d clients were told that theirs was the first, want 1", done)
			}
		})
	}

	t.Run("a long answer", func(t *testing.T) {
		options := strings.Builder{} // near the 4096 bytes that a line may have, on four lines
		for i := range 190 {
			fmt.Fprintf(&options, `,"option-%d":"%d"`, i, i)
		}
		body := `{"quantity":1,"options":{` + options.String()[1:] + `}}`
		const key = "b1c9a3f0-0000-4000-a000-6894a57f9324"
		authorization := "Bearer " + token
		for _, sku := range []string{"CK-SDS001", "SKU789", "testPrice"} {
			request := httptest.NewRequest("POST", "/api/v1/shop/cart/"+sku, strings.NewReader(body))
			request.Header.Set("X-API-Key", "123456789")
			request.Header.Set("Authorization", authorization)
			handler.ServeHTTP(httptest.NewRecorder(), request)
		}
		first := send("POST", body, key, authorization)
		if first.Code != http.StatusOK || first.Body.Len() < 16<<10 {
			t.Fatalf("the answer is %d of %d bytes, which is not long", first.Code, first.Body.Len())
		}
		send("POST", `{"quantity":1}`, "somebody-else-altogether", "")
		again := send("POST", body, key, authorization)
		if again.Body.String() != first.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" {
			t.Errorf("the retry gets %d bytes %v, want %d", again.Body.Len(), again.Header(), first.Body.Len())
		}
	})
}
