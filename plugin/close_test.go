package plugin

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

// A cart that becomes an order tells what it had to tell, and nothing more: it is neither cleared nor abandoned.
func TestAnOrderTellsWhatTheCartHadToTell(t *testing.T) {
	r := newReceiver(t)
	release := make(chan struct{})
	r.answering(func(n int, _ delivery, _ http.ResponseWriter, r *http.Request) int {
		if n == 1 {
			select {
			case <-release: // the cart has told nothing when it becomes an order
			case <-r.Context().Done():
			}
		}
		return 200
	})
	s := openShop(t, r, strings.NewReplacer("timeout: 10s", "timeout: 60s", "tenants: [{", "tenants: [{abandonedAfter: 1s, ").Replace(plainHook))
	who := append(s.customer(t, "182"), "x-site-context", `{"account":"5f493c9f30ec2a0007a94fc8"}`)
	answer := s.mustAsk(t, "POST", "/api-cart/cart/item", `{"cartId":null,"items":[{"itemId":170,"quantity":1}]}`, who...)
	id := regexp.MustCompile(`"_id":"([0-9a-f]{24})"`).FindStringSubmatch(answer)[1]
	if answer = s.mustAsk(t, "DELETE", "/api-cart/cart/"+id, `{"orderNumber":"1234"}`, who...); !strings.Contains(answer, `"deleted":true`) {
		t.Fatalf("answered %s", answer)
	}
	close(release)
	r.await(t, "all events", func(_, accepted []delivery) bool { return len(idsIn(accepted)) >= 2 })
	awaitEmpty(t, s)
	seen := map[string]bool{}
	types := []string{}
	for _, d := range r.awaitAccepted(t, 2) {
		if !seen[d.ID] {
			types = append(types, d.Type)
		}
		seen[d.ID] = true
	}
	if got := strings.Join(types, " "); got != "cart.created cart.item_added" {
		t.Errorf("told %s", got)
	}
	owner := cartcore.CustomerOwner("182")
	if cart, err := store.GetCart(s.engine.Shared.Carts, cartcore.Key{Tenant: "store-alpha", Owner: owner}); cart != nil || err != nil {
		t.Errorf("the cart is still there: %v", err)
	}
	filed, err := store.GetCart(s.engine.Shared.Carts, cartcore.Key{Tenant: "store-alpha", Owner: cartcore.FiledOwner(owner, id)})
	if err != nil || filed == nil || filed.Order != "1234" || len(filed.Lines) != 1 || filed.Outbox != nil {
		t.Errorf("the order is kept as %+v, %v", filed, err)
	}
}

// What is left by a crash between filing and dropping a cart is put right by the next try.
func TestACartThatWasFiledAndNotDroppedIsClosedAgain(t *testing.T) {
	s := openShop(t, newReceiver(t), `{store: {kind: memory}, log: {level: error}}`)
	who := append(s.customer(t, "182"), "x-site-context", `{"account":"5f493c9f30ec2a0007a94fc8"}`)
	s.add(t, "182", 2)
	carts, key := s.engine.Shared.Carts, cartcore.Key{Tenant: "store-alpha", Owner: cartcore.CustomerOwner("182")}
	cart, err := store.GetCart(carts, key)
	if err != nil {
		t.Fatal(err)
	}
	id := cartcore.ShortID(cart.ID)
	filed := *cart
	filed.Key = cartcore.Key{Tenant: key.Tenant, Owner: cartcore.FiledOwner(key.Owner, id)}
	filed.Version, filed.Order = cart.Version+1, "1234"
	if err := store.SaveCart(carts, &filed, 0); err != nil {
		t.Fatal(err)
	}
	for try := 0; try < 2; try++ {
		if answer := s.mustAsk(t, "DELETE", "/api-cart/cart/"+id, `{"orderNumber":"1234"}`, who...); !strings.Contains(answer, `"deleted":true`) {
			t.Errorf("answered %s", answer)
		}
	}
	if cart, err = store.GetCart(carts, key); cart != nil || err != nil {
		t.Errorf("the cart is still there: %v", err)
	}
}
