package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polycart/polycart/integration/ucpshop"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/transcript"
)

// merging is a guest with three of the first item and one of the second, and a customer with two of the first.
type merging struct {
	*kept
	guest  string // the name of the guest's cart
	bearer string
}

// merges opens a service that sells so many of the first item to each cart.
func merges(t *testing.T, settings ucpshop.Settings, stock int64) *merging {
	t.Helper()
	m := &merging{kept: keptShop(t, settings, "")}
	m.changes(t, m.items[0], func(item *ucpshop.Item) { item.Unlimited, item.Stock = false, stock })
	m.bearer = "Bearer " + tokenOf(t, m.fixture, "merges")
	guest := send(t, m.level, "POST", "/api-cart/cart/item", `{"cartId":null,"items":[{"itemId":10000,"quantity":3},{"itemId":10001,"quantity":1}]}`, "x-site-context", fabricSite)
	name := fabricID.FindStringSubmatch(guest.Body)
	if guest.Status != http.StatusOK || name == nil {
		t.Fatalf("the guest got %d %s", guest.Status, guest.Body)
	}
	m.guest = name[1]
	own := send(t, m.level, "POST", "/api-cart/cart/item", `{"cartId":null,"items":[{"itemId":10000,"quantity":2}]}`, "x-site-context", fabricSite, "Authorization", m.bearer)
	if own.Status != http.StatusOK {
		t.Fatalf("the customer got %d %s", own.Status, own.Body)
	}
	return m
}

// merge merges the guest's cart into the customer's.
func (m *merging) merge(t testing.TB) callers.Answer {
	return send(t, m.level, "PATCH", "/api-cart/cart/merge", `{"guestCartId":"`+m.guest+`"}`, "x-site-context", fabricSite, "Authorization", m.bearer)
}

// shown are the units of each item in a cart of the fabric dialect: the guest's, or the customer's. There are none of no cart.
func (m *merging) shown(t testing.TB, guests bool) map[string]int64 {
	t.Helper()
	path, headers := "/api-cart/cart", []string{"x-site-context", fabricSite, "Authorization", m.bearer}
	if guests {
		path, headers = path+"?cartId="+m.guest, headers[:2]
	}
	got := send(t, m.level, "GET", path, "", headers...)
	cart := struct {
		Items []struct {
			SKU      string
			Quantity int64
		}
	}{}
	if err := json.Unmarshal([]byte(got.Body), &cart); err != nil || got.Status != http.StatusOK && got.Status != http.StatusNotFound {
		t.Fatalf("reading got %d %s, %v", got.Status, got.Body, err)
	}
	units := map[string]int64{}
	for _, one := range cart.Items {
		units[one.SKU] += one.Quantity
	}
	return units
}

// wantSplit fails where the customer and the guest, here and at the service, do not have so many of the first item, and the second is
// not with one of them.
func (m *merging) wantSplit(t testing.TB, own, guests int64) {
	t.Helper()
	customer, guest := m.shown(t, false), m.shown(t, true)
	if customer["ITEM-0"] != own || guest["ITEM-0"] != guests || customer["ITEM-1"]+guest["ITEM-1"] != 1 {
		t.Errorf("the customer has %v and the guest %v, want %d and %d of the first", customer, guest, own, guests)
	}
	for at, shown := range []map[string]int64{guest, customer} {
		cart := m.service.heldCart(t, at)
		if cart.units("item_0_1") != shown["ITEM-0"] || cart.units("item_1_1") != shown["ITEM-1"] {
			t.Errorf("the service has %v, and what is shown is %v", cart, shown)
		}
	}
}

// A guest's cart that is merged into a customer's is merged at the service too: what fits is the customer's, the rest stays with the
// guest, on both sides.
func TestAMergeAtTheService(t *testing.T) {
	for _, tags := range []bool{false, true} {
		for _, stock := range []int64{3, 4, 100} {
			t.Run(fmt.Sprintf("tags %v, %d in stock", tags, stock), func(t *testing.T) {
				m := merges(t, ucpshop.Settings{Tags: tags}, stock)
				if merged := m.merge(t); merged.Status != http.StatusOK {
					t.Fatalf("the merge got %d %s", merged.Status, merged.Body)
				}
				m.wantSplit(t, min(stock, 5), 5-min(stock, 5))
			})
		}
	}
}

// Wherever an answer gets lost in a merge, no unit is lost or doubled, here or at the service; and a merge that is tried again ends as
// one that went well.
func TestAMergeWhoseAnswerWasLost(t *testing.T) {
	reached := 0
	for _, tags := range []bool{false, true} {
		for _, stock := range []int64{4, 100} {
			for _, way := range losses {
				for at, more := 0, true; more; at++ {
					t.Run(fmt.Sprintf("tags %v, %d in stock, change %d lost %s", tags, stock, at, way.name), func(t *testing.T) {
						if more = loseInMerge(t, tags, stock, at, way); more {
							reached++
						}
					})
				}
			}
		}
	}
	if reached < 30 {
		t.Errorf("an answer was lost at %d places, too few to show anything", reached)
	}
}

// loseInMerge has the answer to a change in a merge be lost, and tells whether there was one.
func loseInMerge(t *testing.T, tags bool, stock int64, at int, way loss) (lost bool) {
	m := merges(t, ucpshop.Settings{Tags: tags}, stock)
	changes, cancels := 0, false
	m.service.Between(func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
		if r.Method != http.MethodGet {
			changes++
			if changes == at+1 {
				lost, cancels = true, strings.HasSuffix(r.URL.Path, "/cancel")
				way.serve(w, r, shop)
				return
			}
		}
		shop.ServeHTTP(w, r)
	})
	merged := m.merge(t)
	m.service.Between(nil)
	if !lost {
		return false
	}
	if cancels { // the cart is nobody's any more; the service lets it expire
		if merged.Status != http.StatusOK || m.shown(t, false)["ITEM-0"] != 5 || len(m.shown(t, true)) != 0 {
			t.Errorf("the merge got %d %s; the customer has %v, the guest %v", merged.Status, merged.Body, m.shown(t, false), m.shown(t, true))
		}
		return true
	}
	if merged.Status != http.StatusServiceUnavailable {
		t.Errorf("the merge got %d %s", merged.Status, merged.Body)
	}
	if has := m.shown(t, false)["ITEM-0"]; has != 2 && has != min(stock, 5) {
		t.Errorf("the customer has %d", has)
	} else {
		m.wantSplit(t, has, 5-has)
	}
	if again := m.merge(t); again.Status != http.StatusOK {
		t.Errorf("the merge that was tried again got %d %s", again.Status, again.Body)
	}
	m.wantSplit(t, min(stock, 5), 5-min(stock, 5))
	return true
}

// A change of the guest's that is still on its way when the carts are merged comes to nothing, however late.
func TestAMergeOfACartWithAChangeOnItsWay(t *testing.T) {
	for _, stock := range []int64{4, 100} {
		t.Run(fmt.Sprint(stock, " in stock"), func(t *testing.T) {
			m := merges(t, ucpshop.Settings{}, stock)
			var late *http.Request
			m.service.Between(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
				late = copied(t, r)
				w.WriteHeader(http.StatusGatewayTimeout)
			})
			more := send(t, m.level, "POST", "/api-cart/cart/item", `{"cartId":"`+m.guest+`","items":[{"itemId":10002,"quantity":2}]}`, "x-site-context", fabricSite)
			m.service.Between(nil)
			if more.Status != http.StatusServiceUnavailable || late == nil {
				t.Fatalf("the guest got %d %s", more.Status, more.Body)
			}
			if merged := m.merge(t); merged.Status != http.StatusOK {
				t.Errorf("the merge got %d %s", merged.Status, merged.Body)
			}
			m.service.answer(httptest.NewRecorder(), late)
			m.wantSplit(t, min(stock, 5), 5-min(stock, 5))
			if guest, own := m.shown(t, true), m.shown(t, false); guest["ITEM-2"] != 0 || own["ITEM-2"] != 0 {
				t.Errorf("what failed is in %v or %v", guest, own)
			}
		})
	}
}

// A client who hangs up while the service is at work has done what it asked for: it could not else be known.
func TestAClientWhoHangsUp(t *testing.T) {
	k := keptShop(t, ucpshop.Settings{}, "")
	k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
		since := k.service.Made()
		does(t, s, k.level, callers.Add, k.items[0], 1)
		ctx, hangUp := context.WithCancel(t.Context())
		k.service.Between(func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
			hangUp()
			if r.Context().Err() == nil { // else the proxy gives up
				shop.ServeHTTP(w, r)
			}
		})
		_, err := s.Do(func(r *http.Request) (*http.Response, error) { return k.level(r.WithContext(ctx)) }, callers.Deed{Verb: callers.Add, Item: k.items[1], Quantity: 2}, "")
		k.service.Between(nil)
		if err != nil {
			t.Fatal(err)
		}
		k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1, k.items[1].SKU: 2})
	})
}

// told is an event that a webhook heard of.
type told struct{ ID, Type string }

// toldShop is a kept shop whose tenant has a webhook for events, all where that is empty. heard waits until so many events came, for ten seconds, and answers all that did.
func toldShop(t *testing.T, events string) (k *kept, heard func(n int) []told) {
	t.Helper()
	var mu sync.Mutex
	all := []told{}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		event := told{}
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, event)
	}))
	t.Cleanup(receiver.Close)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	k = keptShop(t, ucpshop.Settings{}, fmt.Sprintf("backend: {lookAgain: 0s}\ntenants: [{webhooks: [{%surl: %q, secretFile: %q, allowPrivate: true}]}]\n", events, receiver.URL, secret))
	return k, func(n int) []told {
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			mu.Lock()
			got := slices.Clone(all)
			mu.Unlock()
			if len(got) >= n || time.Now().After(deadline) {
				return got
			}
		}
	}
}

// Each event of a merge at sign-in has an id of its own, with a cart service and without: a receiver that knows an id drops the event.
func TestEventsOfAMergeAreToldApart(t *testing.T) {
	k, heard := toldShop(t, "events: [cart.item_updated], ")
	k.changes(t, k.items[0], func(item *ucpshop.Item) { item.Unlimited, item.Stock = false, 4 })
	without := maps.Clone(k.fixture.Config)
	delete(without, "backend")
	catalogue := filepath.Join(k.fixture.Folder, "catalog.json")
	text, err := os.ReadFile(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for round, level := range []transcript.Level{k.level, transcript.Handler(native(t, without, transcript.Upstream(), "kept"))} {
		s := k.shopper(t, 1, fmt.Sprint("signs-in-", round))
		does(t, s, level, callers.Add, k.items[0], 2)
		guest := send(t, level, "POST", "/api/v1/shop/cart/ITEM-0", `{"quantity":3}`, "X-API-Key", "123456789")
		_, rest, _ := strings.Cut(guest.Body, `"cart_id":"`)
		name, _, _ := strings.Cut(rest, `"`)
		if round > 0 { // what the service says, the catalogue says where there is none
			short := strings.ReplaceAll(string(text), `"trackStock":false`, `"trackStock":true,"stock":4`)
			if err := os.WriteFile(catalogue, []byte(short), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		signedIn := func(r *http.Request) (*http.Response, error) {
			r.Header.Set("X-Cart-ID", name)
			return level(r)
		}
		if read := does(t, s, signedIn, callers.Read, callers.Item{}, 0); read.Cart["ITEM-0"] != 4 {
			t.Fatalf("after the merge the customer has %v", read.Cart)
		}
		want := 2 * (round + 1) // the quantities in both carts
		events := heard(want)
		for _, event := range events {
			ids[event.ID] = true
		}
		if len(events) != want || len(ids) != want {
			t.Errorf("%d events had %d ids: %v", len(events), len(ids), events)
		}
	}
}

// Webhooks hear of what was done, once, as without a service: of no cart that was not made, and of no change that was undone.
func TestWebhooksHearOfWhatTheServiceDid(t *testing.T) {
	k, heard := toldShop(t, "")
	s, nobody := k.shopper(t, 1, "heard of"), k.shopper(t, 1, "not heard of")
	want := []string{}
	await := func(what string, more ...string) {
		t.Helper()
		want = append(want, more...)
		got := []string{}
		for _, one := range heard(len(want)) {
			got = append(got, one.Type)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: they heard %v, want %v", what, got, want)
		}
	}
	for _, loss := range losses {
		k.fails(t, nobody, k.items[0], "", func() { k.service.Between(loss.serve) })
		k.wantCart(t, nobody, 0, map[string]int64{})
	}
	does(t, s, k.level, callers.Add, k.items[0], 1)
	await("a first change", "cart.created", "cart.item_added")
	for _, loss := range losses {
		k.fails(t, s, k.items[1], "", func() { k.service.Between(loss.serve) })
		k.wantCart(t, s, 0, map[string]int64{k.items[0].SKU: 1})
	}
	does(t, s, k.level, callers.Set, k.items[0], 3)
	await("a change", "cart.item_updated")
	k.others(t, k.service.Held(t, 0).ID, line(id(k.items[1]), 2))
	k.wantCart(t, s, 0, map[string]int64{k.items[1].SKU: 2})
	await("a change of another client's", "cart.item_removed", "cart.item_added")
	k.service.do(t, http.MethodPost, "/carts/"+k.service.Held(t, 0).ID+"/cancel", "{}")
	k.wantCart(t, s, 0, map[string]int64{k.items[1].SKU: 2}) // made anew, of which nobody need hear
	does(t, s, k.level, callers.Clear, callers.Item{}, 0)
	await("a clear", "cart.cleared")
}
