package plugin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/migrate"
	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/store"
)

// asked is a request and what the shop over files answered.
type asked struct {
	method, path, body string
	header             []string
	status             int
	answer             string
}

// again asks another shop the same, and wants the same answer.
func (a *asked) again(t *testing.T, s *shop) {
	t.Helper()
	if status, answer := s.ask(t, a.method, a.path, a.body, a.header...); status != a.status || answer != a.answer {
		t.Errorf("%s %s: over files %d %s, over Redis %d %s", a.method, a.path, a.status, a.answer, status, answer)
	}
}

// moving is a shop over files that is filled through every dialect, and what it is asked on the way.
type moving struct {
	*shop
	t       *testing.T
	keyed   []*asked // writes that bore an Idempotency-Key
	reading []*asked
}

// write asks for a change with a key of its own.
func (m *moving) write(method, path, body string, header ...string) string {
	m.t.Helper()
	one := &asked{method: method, path: path, body: body, header: append([]string{"Idempotency-Key", fmt.Sprintf(`"key-%d"`, len(m.keyed))}, header...)}
	one.answer = m.mustAsk(m.t, method, path, body, one.header...)
	one.status = http.StatusOK
	m.keyed = append(m.keyed, one)
	return one.answer
}

// read is what will be asked again at the end.
func (m *moving) read(path string, header ...string) {
	m.reading = append(m.reading, &asked{method: http.MethodGet, path: path, header: header})
}

const (
	moveSite = `{"date":"2020-08-28T02:35:27.787Z","channel":12,"account":"5f493c9f30ec2a0007a94fc8","stage":"sandbox"}`
	moveCart = "/api/v1/sdk/cart/"
	moveShop = "a3f2b1c0-1234-5678-90ab-cdef12345678"
)

var (
	shopGuest   = regexp.MustCompile(`"cart_id":"(guest_[^"]+)"`)
	fabricGuest = regexp.MustCompile(`^{"_id":"([0-9a-f]{24})"`)
)

// fill makes guests and customers of every dialect, n of each.
func (m *moving) fill(n int) {
	for i := range n {
		session := fmt.Sprintf("sess_%d", i)
		m.write("POST", "/store-alpha/agent/cart/add", fmt.Sprintf(`{"session_id":"%s","product_id":"prod_6789","quantity":%d}`, session, 1+i%4))
		m.read("/store-alpha/agent/cart/get?session_id=" + session)

		found := shopGuest.FindStringSubmatch(m.mustAsk(m.t, "POST", "/api/v1/shop/cart/TSHIRT-456", `{"quantity":1}`, "X-API-Key", "123456789"))
		guest := []string{"X-API-Key", "123456789", "X-Cart-ID", found[1]}
		m.write("POST", "/api/v1/shop/cart/TSHIRT-456", `{"quantity":1,"options":{"gift":"yes"}}`, guest...)
		m.read("/api/v1/shop/cart", guest...)

		first := httptest.NewRecorder()
		m.handler.ServeHTTP(first, httptest.NewRequest("GET", "http://127.0.0.1/api/v1/cart/", nil))
		cookie := []string{"Cookie", "sessionid=" + first.Result().Cookies()[0].Value}
		m.write("POST", "http://127.0.0.1/api/v1/cart/", `{"variant_sku":"SKU789","quantity":1,"product":123}`, cookie...)
		m.read("http://127.0.0.1/api/v1/cart/", cookie...)

		found = fabricGuest.FindStringSubmatch(m.mustAsk(m.t, "POST", "/api-cart/cart/item", `{"cartId":null,"items":[{"itemId":170,"quantity":1}]}`, "x-site-context", moveSite))
		m.write("POST", "/api-cart/cart/item", `{"cartId":"`+found[1]+`","items":[{"itemId":170,"quantity":2}]}`, "x-site-context", moveSite)
		m.read("/api-cart/cart?cartId="+found[1], "x-site-context", moveSite)

		customer := m.customer(m.t, fmt.Sprint(1000+i))
		m.write("POST", moveCart+"store/"+moveShop+"/item", `{"externalProductId":"prod_123","externalVariantId":"var_456","quantity":2}`, customer...)
		m.write("POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":1}`, customer...)
		m.read(moveCart+moveShop, customer...)
		m.read("/api/v1/shop/cart", customer...)
		m.read("/api-cart/cart", "Authorization", customer[1], "x-site-context", moveSite)
		switch i % 10 {
		case 0: // an order; the customer's next cart is another one
			id := fabricGuest.FindStringSubmatch(m.mustAsk(m.t, "GET", "/api-cart/cart", "", "Authorization", customer[1], "x-site-context", moveSite))[1]
			m.write("DELETE", "/api-cart/cart/"+id, `{"orderNumber":"1234-1234-12345"}`, "Authorization", customer[1], "x-site-context", moveSite)
		case 1: // a checkout that holds the cart
			m.mustAsk(m.t, "POST", moveCart+"store/"+moveShop+"/finish", "", customer...)
		case 2:
			m.wait(m.t, fmt.Sprint(1000+i))
			m.reading = append(m.reading, &asked{method: http.MethodPost, path: moveCart + "store/" + moveShop + "/availability-with-subscription", body: soldOut, header: customer})
		}
	}
}

// What a client sees, and a webhook hears, does not depend on the carts having been moved: whole, after a run that was
// broken off, from files that the plugin itself has written through every dialect.
func TestAShopOverRedisAnswersAsItDidOverFiles(t *testing.T) {
	const each = 400
	r := newReceiver(t)
	r.answering(func(int, delivery, http.ResponseWriter, *http.Request) int { return http.StatusServiceUnavailable })
	config := `
tenants: [{webhooks: [{url: "{{hook}}", secretFile: "{{secret}}", allowPrivate: true}]}]
outbox: {firstRetry: 1s, longestRetry: 2s, timeout: 10s, attempts: 1000, perCart: 8}
dialects: {vesuvio: {options: {checkoutUrl: "https://pay.example/{storeId}/{cartId}"}}}
log: {level: error}
`
	files := &moving{shop: openShop(t, r, config), t: t}
	files.fill(each)
	for range 12 { // more than outbox.perCart, so that the oldest events become dead letters
		files.add(t, "7", 1)
	}
	// The retries first: one whose cart has become an order since is a new write.
	for _, one := range append(append([]*asked{}, files.keyed...), files.reading...) {
		one.status, one.answer = files.ask(t, one.method, one.path, one.body, one.header...)
	}
	dead := func(keys []cartcore.Key) bool {
		return slices.ContainsFunc(keys, func(key cartcore.Key) bool { return cartcore.OwnerIsDead(key.Owner) })
	}
	awaitPending(t, files.shop, dead)
	files.close(t)

	server := redistest.Start(t)
	to, err := store.OpenRedis(store.RedisOptions{Addresses: []string{server.Address}, Prefix: files.Folder + ":"})
	if err != nil {
		t.Fatal(err)
	}
	from, err := store.OpenLog(store.LogOptions{Folder: filepath.Join(files.Folder, "data")})
	if err != nil {
		t.Fatal(err)
	}
	moved, err := migrate.Run(t.Context(), from, to, migrate.Settings{Workers: 4, Began: func(string, int) {}, Did: func() {}})
	if err != nil || !moved.Whole() || moved.Records < 5*each {
		t.Fatalf("%v; of %d records %d went over and %d are there", err, moved.Records, moved.Copy.Count(migrate.Copied), moved.Check.Count(migrate.There))
	}
	left, err := from.Pending()
	if err != nil || len(left) < each {
		t.Fatalf("there are %d carts with something left to do, %v", len(left), err)
	}
	there, err := to.Pending()
	slices.Sort(left)
	slices.Sort(there)
	if err != nil || !slices.Equal(left, there) {
		t.Errorf("in files %d carts have something left to do, in Redis %d, %v", len(left), len(there), err)
	}
	for _, close := range []func() error{from.Close, to.Close} {
		if err := close(); err != nil {
			t.Error(err)
		}
	}

	r.answering(nil)
	files.KeepInRedis(server.Address)
	over := reopenShop(t, files.Fixture)
	for _, one := range append(files.reading, files.keyed...) {
		one.again(t, over)
	}
	if !dead(awaitPending(t, over, dead)) {
		t.Error("the dead letter is gone")
	}
	told := fmt.Sprintf("all events of %d customers", each)
	r.await(t, told, func(_, accepted []delivery) bool {
		added := map[string]bool{}
		for _, d := range accepted {
			if customer, _ := d.Data["customerId"].(string); d.Type == "cart.item_added" {
				added[customer] = true
			}
		}
		return len(added) >= each
	})
	over.stock(t, "SOLD-OUT", 5)
	r.await(t, "that an item is in stock again, by all who wait", func(_, accepted []delivery) bool {
		return strings.Count(typesIn(accepted), "back_in_stock") >= each/10
	})
}
