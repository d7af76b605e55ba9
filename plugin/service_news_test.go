package plugin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// A cart that nobody changes counts as abandoned also where prices come from a service: it is told at the service's prices, once,
// and not before the service tells them. Nobody's cart is locked while the service is asked.
func TestACartOfAServicesItemsIsToldToBeAbandoned(t *testing.T) {
	r := newReceiver(t)
	down, refused, locked := atomic.Bool{}, atomic.Int64{}, atomic.Int64{}
	stripe := stripeOf(cartcore.Key{Tenant: "store-alpha", Owner: cartcore.CustomerOwner("182")})
	at := atomic.Pointer[engine]{} // what asks
	s := openServedShop(t, r, `
tenants: [{abandonedAfter: 1s, webhooks: [{url: "{{hook}}", secretFile: "{{secret}}", allowPrivate: true, events: [cart.abandoned, cart.recovered]}]}]
outbox: {firstRetry: 100ms, longestRetry: 200ms}
log: {level: error}
`, func(good http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if !down.Load() {
				good.ServeHTTP(w, request)
				return
			}
			time.Sleep(5 * time.Millisecond) // a slow answer, so that who asks again under the lock does so at another moment
			if asking := at.Load(); asking != nil {
				refused.Add(1)
				if lock := asking.Shared.Locks[stripe]; lock.TryLock() {
					lock.Unlock()
				} else {
					locked.Add(1)
				}
			}
			w.WriteHeader(http.StatusServiceUnavailable)
		})
	})
	s.add(t, "182", 3)
	down.Store(true)
	s.close(t)

	s = reopenShop(t, s.Fixture) // nothing is known of what is sold
	at.Store(s.engine)
	awaitValue(t, func() (int64, bool) { return refused.Load(), refused.Load() > 0 })
	down.Store(false)
	told := r.awaitAccepted(t, 1)[0]
	items, _ := json.Marshal(told.Data["items"])
	if told.Type != cartcore.EventAbandoned || !strings.Contains(string(items), `"quantity":3`) || !strings.Contains(string(items), "110") {
		t.Errorf("told %s", told.Body)
	}
	s.add(t, "182", 1)
	if got := typesIn(r.awaitAccepted(t, 3)); got != "abandoned recovered abandoned" {
		t.Errorf("told %s", got)
	}
	awaitEmpty(t, s)
	if locked.Load() > 0 {
		t.Errorf("of %d times that the service was asked, the cart was locked %d times", refused.Load(), locked.Load())
	}
}
