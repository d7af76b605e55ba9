package plugin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

const (
	subscription = "/api/v1/sdk/cart/store/a3f2b1c0-1234-5678-90ab-cdef12345678/back-in-stock-subscription"
	soldOut      = `{"externalProductId":"prod_404","externalVariantId":"var_404"}`
)

// stock changes the stock of an item in the catalogue's file. Two changes can come in one step of the file system's clock,
// so each gets a time of its own.
func (s *shop) stock(t *testing.T, sku string, stock int) {
	t.Helper()
	path := filepath.Join(s.Folder, "catalog.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Items []map[string]json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, item := range file.Items {
		if string(item["sku"]) == strconv.Quote(sku) {
			item["stock"] = json.RawMessage(strconv.Itoa(stock))
		}
	}
	if text, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	later := before.ModTime().Add(time.Second)
	if err := os.Chtimes(path+".new", later, later); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) wait(t *testing.T, customer string) {
	t.Helper()
	s.mustAsk(t, "POST", subscription, soldOut, s.customer(t, customer)[:2]...)
}

func TestWhoWaitsIsToldOnceWhenAnItemIsInStockAgain(t *testing.T) {
	r := newReceiver(t)
	r.answering(func(n int, _ delivery, _ http.ResponseWriter, _ *http.Request) int {
		if n == 1 {
			return 500
		}
		return 200
	})
	s := openShop(t, r, plainHook)
	s.wait(t, "182")
	s.wait(t, "182") // a second time is the same subscription
	s.wait(t, "7")
	s.wait(t, "8")
	s.mustAsk(t, "DELETE", subscription, soldOut, s.customer(t, "8")[:2]...)
	s.close(t)
	s = reopenShop(t, s.Fixture) // subscriptions survive a restart
	s.stock(t, "SOLD-OUT", 3)
	accepted := r.awaitAccepted(t, 2)
	awaitEmpty(t, s)
	told := map[any]bool{}
	for _, d := range accepted {
		product, _ := d.Data["product"].(map[string]any)
		if d.Type != cartcore.EventBackInStock || product["sku"] != "SOLD-OUT" || product["externalVariantId"] != "var_404" || product["availableQuantity"] != 3.0 {
			t.Errorf("told %s", d.Body)
		}
		told[d.Data["customerId"]] = true
	}
	if !told["182"] || !told["7"] || len(told) != 2 {
		t.Errorf("told were %v", told)
	}

	// It is over: going and coming again tells nobody, but who waits anew.
	s.stock(t, "SOLD-OUT", 0)
	awaitValue(t, func() (int, bool) {
		status, _ := s.ask(t, "POST", subscription, soldOut, s.customer(t, "9")[:2]...)
		return status, status == 200
	})
	s.stock(t, "SOLD-OUT", 1)
	accepted = r.awaitAccepted(t, 3)
	awaitEmpty(t, s)
	if accepted[2].Data["customerId"] != "9" {
		t.Errorf("told %s", accepted[2].Body)
	}
	for _, customer := range []string{"182", "7", "8", "9"} {
		key := cartcore.Key{Tenant: "store-alpha", Owner: cartcore.NotifyOwner("SOLD-OUT", customer)}
		if record, err := store.GetCart(s.engine.Shared.Carts, key); record != nil || err != nil {
			t.Errorf("the record of customer %s is still there: %v", customer, err)
		}
	}
}

func TestTenThousandWhoWaitAreToldOnceEach(t *testing.T) {
	const customers = 10_000
	r := newReceiver(t)
	s := openShop(t, r, plainHook)
	var all sync.WaitGroup
	for part := 0; part < 8; part++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for c := part; c < customers; c += 8 {
				key := cartcore.Key{Tenant: "store-alpha", Owner: cartcore.NotifyOwner("SOLD-OUT", strconv.Itoa(c))}
				record := cartcore.Wait(cartcore.New(key, "USD", fmt.Sprint(c), 1), 1)
				if err := store.SaveCart(s.engine.Shared.Carts, record, 0); err != nil {
					t.Error(err)
					return
				}
				noteWait(s.engine.Shared.Outbox, record)
			}
		}()
	}
	all.Wait()
	s.stock(t, "SOLD-OUT", 1)
	told := map[any]int{}
	for _, d := range r.awaitAccepted(t, customers) {
		told[d.Data["customerId"]]++
	}
	awaitEmpty(t, s)
	if len(told) != customers {
		t.Errorf("%d customers were told, not %d", len(told), customers)
	}
	if accepted := r.awaitAccepted(t, customers); len(accepted) != customers {
		t.Errorf("%d events came", len(accepted))
	}
}

// The names of the records by which customers wait hold whatever customers and items are called.
func TestNamesOfWaitsAreReadBack(t *testing.T) {
	for _, sku := range []string{"a", "a:b", "a/b c%3A", "ü:"} {
		for _, customer := range []string{"1", "a:b", "x/y", "%"} {
			key, ok := cartcore.KeyOf(cartcore.KeyText(cartcore.Key{Tenant: "shop", Owner: cartcore.NotifyOwner(sku, customer)}))
			gotSKU, gotCustomer, is := cartcore.NotifyOf(key.Owner)
			if !ok || !is || key.Tenant != "shop" || gotSKU != sku || gotCustomer != customer {
				t.Errorf("%q %q is read back as %q %q", sku, customer, gotSKU, gotCustomer)
			}
		}
	}
	for _, owner := range []string{cartcore.CustomerOwner("notify:a:b"), cartcore.GuestOwner("agent", "x"), "notify:", "notify:a"} {
		if _, _, is := cartcore.NotifyOf(owner); is {
			t.Errorf("%s is taken for a wait", strings.TrimSpace(owner))
		}
	}
}
