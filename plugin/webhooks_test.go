package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

func TestChangesThroughEveryDialectAreTold(t *testing.T) {
	r := newReceiver(t)
	s := openShop(t, r, plainHook)
	customer := s.customer(t, "182")
	vesuvio := "/api/v1/sdk/cart/store/a3f2b1c0-1234-5678-90ab-cdef12345678"
	s.mustAsk(t, "POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":2}`, customer...)
	s.mustAsk(t, "POST", vesuvio+"/item", `{"externalProductId":"prod_123","externalVariantId":"var_456","quantity":1}`, customer...)
	s.mustAsk(t, "PUT", "/api/v1/shop/cart/CK-SDS001", `{"quantity":5}`, customer...)
	s.mustAsk(t, "DELETE", "/api/v1/shop/cart/TSHIRT-456", "", customer...)
	s.mustAsk(t, "DELETE", vesuvio, "", customer...)
	s.mustAsk(t, "POST", "/store-alpha/agent/cart/add", `{"session_id":"sess_1","product_id":"prod_6789","quantity":2}`)
	s.mustAsk(t, "POST", "http://127.0.0.1/api/v1/cart/", `{"variant_sku":"SKU789","quantity":1}`)
	s.mustAsk(t, "GET", "/api/v1/shop/cart", "", "X-API-Key", "123456789") // a guest who only looks gets a cart
	accepted := r.awaitAccepted(t, 11)

	byCart := map[string][]string{}
	for _, d := range accepted {
		text := strings.TrimPrefix(d.Type, "cart.")
		if item, is := d.Data["item"].(map[string]any); is {
			text += fmt.Sprintf(" %v %v", item["sku"], item["quantity"])
		}
		if previous, is := d.Data["previousQuantity"]; is {
			text += fmt.Sprintf(" was %v", previous)
		}
		byCart[d.Cart] = append(byCart[d.Cart], text)
		if d.Data["storeId"] != "a3f2b1c0-1234-5678-90ab-cdef12345678" || d.Header.Get("X-Webhook-Id") != d.ID ||
			d.Header.Get("Content-Type") != "application/json" || d.Header.Get("User-Agent") != "VesuvioPay-Webhooks/1.0" {
			t.Errorf("%s came with %v as %s", d.Type, d.Header, d.Body)
		}
	}
	told := []string{}
	for _, texts := range byCart {
		told = append(told, strings.Join(texts, ", "))
	}
	sort.Strings(told)
	want := []string{
		"created",
		"created, item_added AGENT-6789 2",
		"created, item_added CK-SDS001 2, item_added TSHIRT-456 1, item_updated CK-SDS001 5 was 2, item_removed TSHIRT-456 1, cleared",
		"created, item_added SKU789 1",
	}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("told:\n%s\nwant:\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	for _, d := range accepted {
		if strings.Contains(d.Body, "sess_1") || strings.Contains(d.Body, "guest_") {
			t.Errorf("an event holds a guest's token: %s", d.Body)
		}
	}
	awaitEmpty(t, s)
}

// awaitEmpty waits until nothing is left to do in a shop's store.
func awaitEmpty(t *testing.T, s *shop) {
	t.Helper()
	awaitPending(t, s, func(keys []cartcore.Key) bool { return len(keys) == 0 })
}

// awaitPending waits until the records with something left to do are as wanted.
func awaitPending(t *testing.T, s *shop, wanted func(keys []cartcore.Key) bool) []cartcore.Key {
	t.Helper()
	return awaitValue(t, func() ([]cartcore.Key, bool) {
		keys, err := store.PendingCarts(s.engine.Shared.Carts)
		if err != nil {
			t.Fatal(err)
		}
		return keys, wanted(keys)
	})
}

func TestAFailingReceiverIsAskedAgain(t *testing.T) {
	ways := []struct {
		name string
		fail func(w http.ResponseWriter, r *http.Request) int
	}{
		{"it answers 500", func(http.ResponseWriter, *http.Request) int { return 500 }},
		{"it answers 429", func(http.ResponseWriter, *http.Request) int { return 429 }},
		{"it closes early", func(w http.ResponseWriter, _ *http.Request) int {
			connection, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				connection.Close()
			}
			return 0
		}},
		{"it hangs", func(_ http.ResponseWriter, r *http.Request) int {
			<-r.Context().Done()
			return 0
		}},
		{"it redirects", func(w http.ResponseWriter, _ *http.Request) int {
			w.Header().Set("Location", "/elsewhere")
			return 307
		}},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			r := newReceiver(t)
			r.answering(func(n int, _ delivery, w http.ResponseWriter, request *http.Request) int {
				if request.URL.Path != "/hook" {
					t.Errorf("%s was asked", request.URL.Path)
				}
				if n <= 3 {
					return way.fail(w, request)
				}
				return 204
			})
			s := openShop(t, r, strings.Replace(plainHook, "timeout: 10s", "timeout: 300ms", 1))
			s.add(t, "182", 1)
			s.add(t, "182", 1)
			accepted := r.awaitAccepted(t, 3)
			if got := typesIn(accepted); got != "created item_added item_updated" {
				t.Errorf("accepted: %s", got)
			}
			r.mu.Lock()
			for _, d := range r.asked[:3] {
				if d.ID != accepted[0].ID || d.Body != accepted[0].Body {
					t.Errorf("%s was sent before %s was accepted, or with another body", d.Type, accepted[0].Type)
				}
			}
			r.mu.Unlock()
			awaitEmpty(t, s)
		})
	}
}

// The events of one cart come in the order of its changes, whatever fails in between, and events of another cart do not wait for it.
func TestEventsOfACartComeInOrder(t *testing.T) {
	r := newReceiver(t)
	r.answering(func(n int, _ delivery, _ http.ResponseWriter, _ *http.Request) int {
		if n%3 == 0 {
			return 503
		}
		return 200
	})
	s := openShop(t, r, plainHook)
	const carts, changes = 6, 8
	var writers sync.WaitGroup
	for c := 0; c < carts; c++ {
		writers.Add(1)
		go func() {
			defer writers.Done()
			for i := 0; i < changes; i++ {
				s.add(t, fmt.Sprint(c), 1)
			}
		}()
	}
	writers.Wait()
	accepted := r.awaitAccepted(t, carts*(changes+1))
	awaitEmpty(t, s)
	quantities := map[string]float64{}
	for _, d := range accepted {
		item, is := d.Data["item"].(map[string]any)
		if !is {
			continue
		}
		if quantity := item["quantity"].(float64); quantity == quantities[d.Cart]+1 {
			quantities[d.Cart] = quantity
		} else if quantity > quantities[d.Cart] {
			t.Errorf("cart %s: quantity %v came after %v", d.Cart, quantity, quantities[d.Cart])
		}
	}
	for cart, quantity := range quantities {
		if quantity != changes {
			t.Errorf("cart %s: the last quantity told is %v, not %d", cart, quantity, changes)
		}
	}
	if len(quantities) != carts {
		t.Errorf("%d carts were told of, not %d", len(quantities), carts)
	}
}

// A receiver that does not answer at all holds up neither clients nor other webhooks.
func TestAHangingReceiverHoldsUpNobody(t *testing.T) {
	hanging, other := newReceiver(t), newReceiver(t)
	release := make(chan struct{})
	hanging.answering(func(_ int, _ delivery, _ http.ResponseWriter, r *http.Request) int {
		select {
		case <-release:
			return 200
		case <-r.Context().Done():
			return 0
		}
	})
	s := openShop(t, hanging, `
tenants:
  - webhooks:
      - {url: "{{hook}}", secretFile: "{{secret}}", allowPrivate: true}
      - {url: "`+other.URL+`/", secretFile: "{{secret}}", allowPrivate: true, events: [cart.item_added], userAgent: Shop/2}
outbox: {firstRetry: 100ms, longestRetry: 200ms, timeout: 60s}
log: {level: error}
`)
	const carts = 20
	for c := 0; c < carts; c++ {
		s.add(t, fmt.Sprint(c), 1)
	}
	for _, d := range other.awaitAccepted(t, carts) {
		if d.Type != cartcore.EventItemAdded || d.Header.Get("User-Agent") != "Shop/2" {
			t.Errorf("%s came from %s", d.Type, d.Header.Get("User-Agent"))
		}
	}
	close(release)
	hanging.awaitAccepted(t, 2*carts)
	awaitEmpty(t, s)
}

func TestAnEventThatNobodyTakesBecomesADeadLetter(t *testing.T) {
	r := newReceiver(t)
	r.answering(func(_ int, d delivery, _ http.ResponseWriter, _ *http.Request) int {
		if d.Type == cartcore.EventItemAdded {
			return 400
		}
		return 200
	})
	s := openShop(t, r, strings.Replace(plainHook, "outbox: {", "outbox: {attempts: 3, ", 1))
	s.add(t, "182", 1)
	s.add(t, "182", 1)
	if got := typesIn(r.awaitAccepted(t, 2)); got != "created item_updated" {
		t.Errorf("accepted: %s", got)
	}
	keys := awaitPending(t, s, func(keys []cartcore.Key) bool { return len(keys) == 1 && cartcore.OwnerIsDead(keys[0].Owner) })
	letter, err := store.GetCart(s.engine.Shared.Carts, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	event := letter.Outbox.Events[0]
	if event.Type != cartcore.EventItemAdded || event.To[0].Attempts != 3 || event.To[0].Error != "it answered 400; any 2xx would do" {
		t.Errorf("the letter is %s after %d attempts: %s", event.Type, event.To[0].Attempts, event.To[0].Error)
	}
	r.mu.Lock()
	tries := strings.Count(typesIn(r.asked), "item_added")
	r.mu.Unlock()
	if tries != 3 {
		t.Errorf("it was tried %d times", tries)
	}
}

func TestOnlySoManyDeadLettersAreKept(t *testing.T) {
	r := newReceiver(t)
	r.answering(func(int, delivery, http.ResponseWriter, *http.Request) int { return 400 })
	s := openShop(t, r, strings.Replace(plainHook, "outbox: {", "outbox: {attempts: 1, deadLetters: 3, ", 1))
	for c := 0; c < 4; c++ {
		s.add(t, fmt.Sprint(c), 1)
	}
	awaitPending(t, s, func(keys []cartcore.Key) bool {
		dead := 0
		for _, key := range keys {
			if cartcore.OwnerIsDead(key.Owner) {
				dead++
			}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.asked) == 8 && dead == 3 && dead == len(keys)
	})
}

func TestACartHoldsOnlySoManyEvents(t *testing.T) {
	r := newReceiver(t)
	release := make(chan struct{})
	r.answering(func(n int, _ delivery, _ http.ResponseWriter, r *http.Request) int {
		if n == 1 {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return 500
		}
		return 200
	})
	s := openShop(t, r, strings.Replace(plainHook, "outbox: {", "outbox: {perCart: 4, ", 1))
	for i := 0; i < 7; i++ { // created, added and 6 updates; 4 may wait, 4 more are kept until a worker comes
		s.add(t, "182", 1)
	}
	close(release)
	accepted := r.awaitAccepted(t, 4)
	keys := awaitPending(t, s, func(keys []cartcore.Key) bool {
		for _, key := range keys {
			if !cartcore.OwnerIsDead(key.Owner) {
				return false
			}
		}
		return len(keys) == 4
	})
	for _, d := range accepted {
		if d.Data["item"].(map[string]any)["quantity"].(float64) < 4 {
			t.Errorf("one of the oldest was sent: %s", d.Body)
		}
	}
	for _, key := range keys {
		letter, err := store.GetCart(s.engine.Shared.Carts, key)
		if err != nil || letter.Outbox.Events[0].To[0].Error != "more than 4 events of the cart wait" {
			t.Errorf("the letter is %+v, %v", letter, err)
		}
	}
}

// What waits when Traefik stops is delivered after the next start.
func TestEventsOutliveARestart(t *testing.T) {
	r := newReceiver(t)
	r.answering(func(int, delivery, http.ResponseWriter, *http.Request) int { return 500 })
	s := openShop(t, r, strings.Replace(plainHook, "outbox: {", "outbox: {attempts: 1000, ", 1))
	for c := 0; c < 3; c++ {
		s.add(t, fmt.Sprint(c), 1)
	}
	r.await(t, "an attempt", func(asked, _ []delivery) bool { return len(asked) >= 3 })
	s.close(t)
	r.answering(nil)
	reopened := reopenShop(t, s.Fixture)
	accepted := r.awaitAccepted(t, 6)
	if got := strings.Count(typesIn(accepted), "created"); got != 3 {
		t.Errorf("accepted: %s", typesIn(accepted))
	}
	awaitEmpty(t, reopened)
}

func TestAGuestsCartTellsItsEndAfterTheMerge(t *testing.T) {
	r := newReceiver(t)
	release := make(chan struct{})
	r.answering(func(n int, _ delivery, _ http.ResponseWriter, r *http.Request) int {
		if n == 1 {
			select {
			case <-release: // the guest's cart has told nothing when it is merged away
			case <-r.Context().Done():
			}
		}
		return 200
	})
	s := openShop(t, r, strings.Replace(plainHook, "timeout: 10s", "timeout: 60s", 1))
	answer := s.mustAsk(t, "POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":2}`, "X-API-Key", "123456789")
	guest := regexp.MustCompile(`guest_[0-9a-f-]{36}`).FindString(answer)
	s.mustAsk(t, "GET", "/api/v1/shop/cart", "", append(s.customer(t, "182"), "X-Cart-ID", guest)...)
	close(release)
	r.await(t, "all events", func(_, accepted []delivery) bool { return len(idsIn(accepted)) >= 5 })
	awaitEmpty(t, s)
	byCustomer := map[bool][]string{}
	seen := map[string]bool{}
	for _, d := range r.awaitAccepted(t, 5) {
		if !seen[d.ID] {
			byCustomer[d.Data["customerId"] == "182"] = append(byCustomer[d.Data["customerId"] == "182"], d.Type)
		}
		seen[d.ID] = true
	}
	if got := strings.Join(byCustomer[false], " "); got != "cart.created cart.item_added cart.cleared" {
		t.Errorf("the guest's cart told %s", got)
	}
	if got := strings.Join(byCustomer[true], " "); got != "cart.created cart.item_added" {
		t.Errorf("the customer's cart told %s", got)
	}
	if cart, err := store.GetCart(s.engine.Shared.Carts, cartcore.Key{Tenant: "store-alpha", Owner: cartcore.GuestOwner("shop", guest)}); cart != nil || err != nil {
		t.Errorf("the guest's cart is still there: %v", err)
	}
}

func TestAbandonedAndRecoveredCartsAreTold(t *testing.T) {
	r := newReceiver(t)
	s := openShop(t, r, `
tenants: [{abandonedAfter: 1s, webhooks: [{url: "{{hook}}", secretFile: "{{secret}}", allowPrivate: true, events: [cart.abandoned, cart.recovered, cart.item_removed]}]}]
outbox: {firstRetry: 100ms, longestRetry: 200ms}
log: {level: error}
`)
	s.add(t, "182", 3)
	abandoned := r.awaitAccepted(t, 1)[0]
	if items, _ := json.Marshal(abandoned.Data["items"]); abandoned.Type != cartcore.EventAbandoned || abandoned.Data["status"] != "Abandoned" || !strings.Contains(string(items), `"quantity":3`) {
		t.Errorf("told %s", abandoned.Body)
	}
	s.mustAsk(t, "DELETE", "/api/v1/shop/cart/CK-SDS001", "", s.customer(t, "182")...)
	if got := typesIn(r.awaitAccepted(t, 3)); got != "abandoned recovered item_removed" {
		t.Errorf("told %s", got)
	}
	awaitEmpty(t, s) // an empty cart is not watched
	s.add(t, "7", 1)
	s.close(t)
	reopenShop(t, s.Fixture) // and after a restart it is watched on
	if told := r.awaitAccepted(t, 4)[3]; told.Type != cartcore.EventAbandoned || told.Data["customerId"] != "7" {
		t.Errorf("told %s", told.Body)
	}
}

func TestAWebhookThatIsNotConfiguredAnyMoreEndsInLetters(t *testing.T) {
	r, next := newReceiver(t), newReceiver(t)
	r.answering(func(int, delivery, http.ResponseWriter, *http.Request) int { return 500 })
	config := strings.Replace(plainHook, "outbox: {", "outbox: {attempts: 4, ", 1)
	s := openShop(t, r, config)
	s.add(t, "182", 1)
	r.await(t, "an attempt", func(asked, _ []delivery) bool { return len(asked) > 0 })
	s.close(t)
	hook := s.Config["tenants"].([]any)[0].(map[string]any)["webhooks"].([]any)[0].(map[string]any)
	hook["url"] = next.URL
	again := reopenShop(t, s.Fixture)
	keys := awaitPending(t, again, func(keys []cartcore.Key) bool {
		return len(keys) == 2 && cartcore.OwnerIsDead(keys[0].Owner) && cartcore.OwnerIsDead(keys[1].Owner)
	})
	letter, err := store.GetCart(again.engine.Shared.Carts, keys[0])
	if err != nil || letter.Outbox.Events[0].To[0].Error != errHookGone.Error() {
		t.Errorf("the letter is %+v, %v", letter, err)
	}
}

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	public := []string{"93.184.215.14", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1"}
	private := []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.0.8", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
		"::7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "2001:db8::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	}
	for _, text := range public {
		if !publicAddress(netip.MustParseAddr(text)) {
			t.Errorf("%s is taken for private", text)
		}
	}
	for _, text := range private {
		if publicAddress(netip.MustParseAddr(text)) {
			t.Errorf("%s is taken for public", text)
		}
	}
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":")+1:]
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "127.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]"} {
		err := post(context.Background(), newHookClient(false), &webhook{URL: "http://" + host + ":" + port + "/"}, &cartcore.Event{}, 5000)
		if err == nil {
			t.Errorf("%s was dialled", host)
		}
	}
	if reached {
		t.Error("a private address was reached")
	}
}

func TestAPrivateReceiverIsRefusedByName(t *testing.T) {
	r := newReceiver(t)
	s := openShop(t, r, strings.Replace(strings.Replace(plainHook, `"{{hook}}"`, `"http://localhost:{{port}}/hook"`, 1), ", allowPrivate: true", "", 1)+"\n")
	s.engine.Heralds["store-alpha"].Rules.Attempts = 1
	s.add(t, "182", 1)
	// While a letter is kept and the cart has not let go of its event, both are pending.
	keys := awaitPending(t, s, func(keys []cartcore.Key) bool {
		return len(keys) == 2 && cartcore.OwnerIsDead(keys[0].Owner) && cartcore.OwnerIsDead(keys[1].Owner)
	})
	letter, err := store.GetCart(s.engine.Shared.Carts, keys[0])
	if err != nil || !strings.Contains(letter.Outbox.Events[0].To[0].Error, "no public address") {
		t.Errorf("the letter is %+v, %v", letter, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.asked) > 0 {
		t.Error("the receiver was asked")
	}
}

func TestWebhookFaultsAreNamed(t *testing.T) {
	r := newReceiver(t)
	s := openShop(t, r, plainHook)
	good := s.engine.Heralds["store-alpha"]
	if len(good.Hooks) != 1 {
		t.Fatal("there is no webhook")
	}
	config := CreateConfig()
	config.Tenants = []Tenant{{
		ID: "shop", Currency: "USD", Catalog: Catalog{Inline: `{"items":[{"sku":"a","price":"1.00","stock":1,"title":"A"}]}`},
		Webhooks: []Webhook{
			{URL: "ftp://x/secret-path", SecretFile: "/none"},
			{URL: "http://127.0.0.1/secret-path", Events: []string{"cart.created", "cart.created", "cart.other"}, UserAgent: "a\nb"},
			{URL: "https://u:p@shop.example/"},
		},
	}, {ID: "other", Currency: "USD", Catalog: Catalog{Inline: `{"items":[]}`}, AbandonedAfter: "5m"}}
	config.Store = Store{Kind: "memory", Sync: "os", SyncEvery: "1s", CustomerLife: "1h", GuestLife: "1h", EmptyLife: "1h"}
	config.Outbox = Outbox{Attempts: 0, FirstRetry: "1ms", LongestRetry: "x", LongestAge: "1h", Timeout: "1s", PerCart: 0, DeadLetters: -1, DeadLetterLife: "1h"}
	got := strings.Join(Validate(config), "\n")
	for _, want := range []string{
		"tenants[0].webhooks[0].url: it must be an absolute http or https URL", "tenants[0].webhooks[0].secretFile: open /none",
		"tenants[0].webhooks[1].url: its address is not a public one", "tenants[0].webhooks[1].secretFile: it is empty",
		`tenants[0].webhooks[1].events[1]: "cart.created" stands twice`, `tenants[0].webhooks[1].events[2]: "cart.other" is not allowed`,
		"tenants[0].webhooks[1].userAgent", "tenants[0].webhooks[2].url: it must be a URL without user name",
		"tenants[1].abandonedAfter: it needs a webhook", "outbox.attempts: 0", `outbox.firstRetry: "1ms"`, `outbox.longestRetry: "x"`, "outbox.perCart: 0", "outbox.deadLetters: -1",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("nothing says %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret-path") {
		t.Error("a fault shows the path of an address")
	}
}

func TestWaitsDoubleUpToABound(t *testing.T) {
	rules := &outboxRules{FirstRetry: 1000, LongestRetry: 30000}
	for attempt, most := range []int64{1: 1000, 2: 2000, 3: 4000, 4: 8000, 5: 16000, 6: 30000, 100: 30000} {
		if most == 0 {
			continue
		}
		for i := 0; i < 50; i++ {
			if wait := retryAfter(rules, int64(attempt)); wait < most/2 || wait > most {
				t.Fatalf("after attempt %d the wait is %d ms, want %d to %d", attempt, wait, most/2, most)
			}
		}
	}
}

func TestAScheduleGivesEveryNameOnceAndNotTooEarly(t *testing.T) {
	s := newSchedule(1_000_000)
	for i := int64(0); i < 500; i++ {
		addDue(s, fmt.Sprint(1_000_000+i*37), 1_000_000+i*37)
	}
	addDue(s, "500", 500) // overdue
	got := map[string]bool{}
	for now := int64(1_000_000); now < 1_030_000; now += 250 {
		if now == 1_010_000 {
			now += 9_000 // the machine slept
		}
		for _, name := range takeDue(s, now) {
			var due int64
			if _, err := fmt.Sscan(name, &due); err != nil {
				t.Fatal(err)
			}
			if due > now || got[name] {
				t.Fatalf("%s came at %d, or twice", name, now)
			}
			got[name] = true
		}
	}
	if len(got) != 501 || len(s.steps) != 0 {
		t.Fatalf("%d names came", len(got))
	}
}
