package plugin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// openServedShop is openShop with a catalogue that is a service, behind what through makes of it.
func openServedShop(t *testing.T, r *receiver, config string, through func(good http.Handler) http.Handler) *shop {
	t.Helper()
	fixture := hookedFixture(t, r, config)
	fixture.SellOverHTTP(t, through)
	return reopenShop(t, fixture)
}

// A catalogue service is asked for what customers wait for. While it does not answer nobody is told anything, and then who
// waits is told once; an item that it cannot tell of holds up nobody who waits for another one.
func TestWhoWaitsIsToldWhenAServiceHasTheItemAgain(t *testing.T) {
	const broken = `{"externalProductId":"prod_123","externalVariantId":"var_456"}` // TSHIRT-456
	r := newReceiver(t)
	down, breaks, refused := atomic.Bool{}, atomic.Bool{}, atomic.Int64{}
	s := openServedShop(t, r, plainHook, func(good http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if down.Load() {
				refused.Add(1)
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			answer := httptest.NewRecorder()
			good.ServeHTTP(answer, request)
			body := answer.Body.String()
			if breaks.Load() {
				body = strings.ReplaceAll(body, `"code":"TSHIRT-456"`, `"code":"TSHIRT-456","trackStock":"perhaps"`)
			}
			w.WriteHeader(answer.Code)
			fmt.Fprint(w, body)
		})
	})
	s.stock(t, "TSHIRT-456", 0)
	s.wait(t, "182")
	s.mustAsk(t, "POST", subscription, broken, s.customer(t, "7")[:2]...)
	s.close(t)

	down.Store(true)
	s = reopenShop(t, s.Fixture) // nothing is known of what is sold
	s.stock(t, "SOLD-OUT", 3)
	awaitValue(t, func() (int64, bool) { return refused.Load(), refused.Load() > 1 })
	breaks.Store(true)
	down.Store(false)
	told := r.awaitAccepted(t, 1)[0]
	product, _ := told.Data["product"].(map[string]any)
	if told.Type != cartcore.EventBackInStock || told.Data["customerId"] != "182" || product["sku"] != "SOLD-OUT" || product["availableQuantity"] != 3.0 {
		t.Errorf("told %s", told.Body)
	}

	s.stock(t, "TSHIRT-456", 2)
	breaks.Store(false)
	accepted := r.awaitAccepted(t, 2)
	awaitEmpty(t, s)
	if accepted[1].Data["customerId"] != "7" || len(r.awaitAccepted(t, 2)) != 2 {
		t.Errorf("told %s", accepted[1].Body)
	}
}
