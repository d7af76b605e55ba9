package plugin

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/store"
)

// redisConfig is the configuration of a shop whose carts are in a Redis.
func redisConfig(address string) string {
	return "store: {kind: redis, redis: {addresses: ['" + address + "'], timeout: 10s}}\n"
}

// replicas opens the demo shop so many times over one Redis, as so many Traefiks would: to the registry another spelling of
// the address is another store.
func replicas(t *testing.T, n int, address string, r *receiver, config string) []*shop {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	all := []*shop{}
	for _, host := range []string{"127.0.0.1", "localhost", "Localhost", "lOcalhost", "loCalhost", "locAlhost"}[:n] {
		all = append(all, openShop(t, r, config+redisConfig(host+":"+port)))
	}
	if all[0].engine.Shared == all[1].engine.Shared {
		t.Fatal("two are one")
	}
	return all
}

func TestManyWritersOfOneCartOnSeveralReplicasLoseNoWrite(t *testing.T) {
	server := redistest.Start(t)
	// As long as between machines: writers who lost do not just happen to be back in time for their next attempt.
	slow := newRival(t, server.Address, func(cartcore.Key) { time.Sleep(2 * time.Millisecond) })
	all := replicas(t, 6, slow, newReceiver(t), "")
	customer := all[0].customer(t, "182")
	var done, refused atomic.Int64
	var writers sync.WaitGroup
	for i := range 64 {
		writers.Go(func() {
			for range 4 {
				status, answer := all[i%len(all)].ask(t, "POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":1}`, customer...)
				switch {
				case status == http.StatusOK:
					done.Add(1)
				case status == http.StatusConflict && strings.Contains(answer, "changed by another request"):
					refused.Add(1)
				default:
					t.Errorf("answered %d %s", status, answer)
				}
			}
		})
	}
	writers.Wait()
	t.Logf("%d writes were done, %d refused", done.Load(), refused.Load())
	// Without stepAside about 200 are.
	if done.Load() < 230 {
		t.Errorf("only %d of 256 writes were done", done.Load())
	}
	for _, s := range all { // all but one have an older cart in their cache
		if answer := s.mustAsk(t, "GET", "/api/v1/shop/cart", "", customer...); !strings.Contains(answer, fmt.Sprintf(`"items_quantity":%d,`, done.Load())) {
			t.Errorf("%d writes were acknowledged, and the cart is %s", done.Load(), answer)
		}
	}
}

func TestAReplicaReadsWhatAnotherOneHasWritten(t *testing.T) {
	both := replicas(t, 2, redistest.Start(t).Address, newReceiver(t), "")
	one, two := both[0], both[1]
	for quantity := 1; quantity < 20; quantity++ {
		writer, reader := one, two
		if quantity%2 == 0 {
			writer, reader = two, one
		}
		writer.add(t, "182", 1)
		if answer := reader.mustAsk(t, "GET", "/api/v1/shop/cart", "", one.customer(t, "182")...); !strings.Contains(answer, fmt.Sprintf(`"items_quantity":%d,`, quantity)) {
			t.Fatalf("after %d writes the other replica answers %s", quantity, answer)
		}
	}
}

// savedKey finds the name of the cart in a save: of all that is sent only a save holds a cart's record, which is JSON.
var savedKey = regexp.MustCompile(`(?s)\}:c:([^\r]+)\r\n.*\{"`)

// newRival stands between a replica and its Redis, and lets another writer win before each save.
func newRival(t *testing.T, server string, win func(key cartcore.Key)) (address string) {
	t.Helper()
	return redistest.StartProxy(t, server, func(piece []byte) int {
		if saved := savedKey.FindSubmatch(piece); saved != nil {
			if key, is := cartcore.KeyOf(string(saved[1])); is {
				win(key)
			}
		}
		return len(piece)
	}, nil)
}

func TestAWriterWhoAlwaysLosesIsToldSo(t *testing.T) {
	server := redistest.Start(t)
	for _, one := range []struct{ dialect, path, body, want string }{
		{"agent", "/store-alpha/agent/cart/add", `{"session_id":"sess_1","product_id":"prod_6789","quantity":1}`, `{"error":"Cart was changed by another request","status_code":409}`},
		{"shop", "/api/v1/shop/cart/CK-SDS001", `{"quantity":1}`, `{"success":false,"message":"Cart was changed by another request"}`},
		{"itemkey", "http://127.0.0.1/api/v1/cart/", `{"variant_sku":"SKU789","quantity":1,"product":123}`, `{"detail":"Cart was changed by another request."}`},
		{"vesuvio", "/api/v1/sdk/cart/store/a3f2b1c0-1234-5678-90ab-cdef12345678/item", `{"externalProductId":"prod_123","externalVariantId":"var_456","quantity":1}`, `{"success":false,"message":"Cart was changed by another request","errorCode":"CONFLICT"}`},
		{"fabric", "/api-cart/cart/item", `{"cartId":null,"items":[{"itemId":170,"quantity":1}]}`, `"Cart was changed by another request"`},
	} {
		t.Run(one.dialect, func(t *testing.T) {
			prefix := "rival-" + one.dialect + ":"
			kept, err := store.OpenRedis(store.RedisOptions{Addresses: []string{server.Address}, Prefix: prefix})
			if err != nil {
				t.Fatal(err)
			}
			direct := store.OpenCarts(kept, store.Bounds{}, store.Lifetimes{})
			t.Cleanup(func() { _ = store.CloseCarts(direct) }) // the store is shared, and may be closed
			won := 0
			var mu sync.Mutex
			rival := newRival(t, server.Address, func(key cartcore.Key) {
				mu.Lock()
				defer mu.Unlock()
				won++
				cart, err := store.GetCart(direct, key)
				if err != nil {
					t.Error(err)
					return
				}
				if cart == nil {
					cart = cartcore.New(key, "USD", "0123456789abcdef0123456789abcdef", time.Now().UnixMilli())
				}
				next := *cart
				next.Version++
				if err := store.SaveCart(direct, &next, cart.Version); err != nil {
					t.Error(err)
				}
			})
			s := openShop(t, newReceiver(t), fmt.Sprintf("store: {kind: redis, redis: {addresses: ['%s'], prefix: '%s', timeout: 10s}}\n", rival, prefix))
			headers := []string{"x-site-context", `{"date":"2020-08-28T02:35:27.787Z","channel":12,"account":"5f493c9f30ec2a0007a94fc8","stage":"sandbox"}`}
			if one.dialect == "shop" || one.dialect == "vesuvio" {
				headers = s.customer(t, "182")
			}
			status, answer := s.ask(t, "POST", one.path, one.body, headers...)
			if status != http.StatusConflict || !strings.Contains(answer, one.want) {
				t.Fatalf("answered %d %s", status, answer)
			}
			mu.Lock()
			defer mu.Unlock()
			// The first save finds a server that does not know the script yet, and is sent once more.
			if won != maxTries && won != maxTries+1 {
				t.Fatalf("the rival won %d times, wanted %d", won, maxTries)
			}
		})
	}
}

func TestANewReplicaDoesNotWaitForItsRedis(t *testing.T) {
	server := redistest.StartReal(t)
	server.Kill()
	s := openShop(t, newReceiver(t), redisConfig(server.Address)) // New answers no error, and at once
	status, answer := s.ask(t, "GET", "/api/v1/shop/cart", "", s.customer(t, "182")...)
	if status != http.StatusServiceUnavailable || !strings.Contains(answer, `"success":false`) {
		t.Fatalf("without a Redis: %d %s", status, answer)
	}
	server.Run(t)
	awaitValue(t, func() (int, bool) {
		status, _ := s.ask(t, "POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":1}`, s.customer(t, "182")...)
		return status, status == http.StatusOK
	})
}

func TestReplicasDeliverEachEventOnceAndInOrder(t *testing.T) {
	r := newReceiver(t)
	both := replicas(t, 2, redistest.Start(t).Address, r, plainHook)
	one, two := both[0], both[1]
	const carts, each = 6, 8
	var writers sync.WaitGroup
	for cart := range carts {
		writers.Go(func() {
			for quantity := range each {
				s := one
				if (cart+quantity)%2 == 1 {
					s = two
				}
				method := "PUT"
				if quantity == 0 {
					method = "POST"
				}
				s.mustAsk(t, method, "/api/v1/shop/cart/CK-SDS001", fmt.Sprintf(`{"quantity":%d}`, quantity+1), one.customer(t, strconv.Itoa(100+cart))...)
			}
		})
	}
	writers.Wait()
	accepted := r.awaitAccepted(t, carts*(each+1))
	awaitEmpty(t, one)
	r.mu.Lock()
	asked := len(r.asked)
	r.mu.Unlock()
	if len(idsIn(accepted)) != carts*(each+1) || asked != carts*(each+1) {
		t.Errorf("%d events in %d deliveries, want %d once each", len(idsIn(accepted)), asked, carts*(each+1))
	}
	last := map[string]float64{}
	for _, d := range accepted {
		if item, is := d.Data["item"].(map[string]any); is {
			quantity := item["quantity"].(float64)
			if quantity != last[d.Cart]+1 {
				t.Errorf("quantity %v was told after %v", quantity, last[d.Cart])
			}
			last[d.Cart] = quantity
		}
	}
}

func TestWhatADeadReplicaLeftIsDeliveredByAnother(t *testing.T) {
	server := redistest.Start(t)
	r := newReceiver(t)
	both := replicas(t, 2, server.Address, r, plainHook)
	one, two := both[0], both[1]
	awaitValue(t, func() (bool, bool) { // the other replica has looked, and will not look for a while
		two.engine.Shared.Outbox.mu.Lock()
		defer two.engine.Shared.Outbox.mu.Unlock()
		return true, two.engine.Shared.Outbox.scanned
	})
	// A process that claimed the cart and then died: nobody renews the claim, or gives it back.
	dead, err := store.OpenRedis(store.RedisOptions{Addresses: []string{server.Address}})
	if err != nil {
		t.Fatal(err)
	}
	hook := ""
	for id := range one.engine.Heralds["store-alpha"].Hooks {
		hook = id
	}
	key := cartcore.Key{Tenant: "store-alpha", Owner: cartcore.CustomerOwner("182")}
	carts := store.OpenCarts(dead, store.Bounds{}, store.Lifetimes{})
	t.Cleanup(func() { _ = store.CloseCarts(carts) }) // nobody answers there
	if wait, err := store.ClaimCart(carts, key, hook, 2500); wait != 0 || err != nil {
		t.Fatal(wait, err)
	}
	ends := time.Now().Add(2500 * time.Millisecond)
	one.add(t, "182", 1)
	one.close(t)
	o := two.engine.Shared.Outbox
	o.mu.Lock()
	o.rescan = 0 // its time has come
	o.mu.Unlock()
	accepted := r.awaitAccepted(t, 2)
	if early := time.Until(ends); early > 100*time.Millisecond {
		t.Errorf("a claimed cart's events were sent %s before the claim was over", early)
	}
	if typesIn(accepted) != "created item_added" {
		t.Errorf("told: %s", typesIn(accepted))
	}
	awaitEmpty(t, two)
}

func TestRedisSettingsAreChecked(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "some")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	one := []string{"redis.internal:6379"}
	for _, test := range []struct {
		name   string
		change func(s *Store)
		faults []string // what each begins with
	}{
		{"a server", func(s *Store) {}, nil},
		{"a cluster", func(s *Store) { s.Redis.Addresses, s.Redis.Cluster = []string{"a:1", "b:2"}, true }, nil},
		{"sentinels", func(s *Store) { s.Redis.Addresses, s.Redis.Master = []string{"a:1", "[::1]:2"}, "carts" }, nil},
		{"a user", func(s *Store) { s.Redis.Username, s.Redis.PasswordFile = "shop", file }, nil},
		{"TLS", func(s *Store) { s.Redis.TLS = RedisTLS{Enabled: true, ServerName: "redis"} }, nil},
		{"a kind that there is not", func(s *Store) { s.Kind = "valkey" }, []string{`store.redis.addresses: they are set, but store.kind is "valkey"`, `store.kind: "valkey" is not allowed; it must be file or redis or memory`}},
		{"no address", func(s *Store) { s.Redis.Addresses = nil }, []string{"store.redis.addresses: there is none"}},
		{"two servers", func(s *Store) { s.Redis.Addresses = []string{"a:1", "b:2"} }, []string{"store.redis.addresses: there are 2; it must be one, unless"}},
		{"a URL", func(s *Store) { s.Redis.Addresses = []string{"redis://a:1"} }, []string{`store.redis.addresses[0]: "redis://a:1" is not allowed; it must be host:port`}},
		{"a port that there is not", func(s *Store) { s.Redis.Addresses = []string{"a:70000"} }, []string{`store.redis.addresses[0]: "a:70000" is not allowed`}},
		{"sentinels of a cluster", func(s *Store) { s.Redis.Cluster, s.Redis.Master = true, "x" }, []string{`store.redis.master: "x" is not allowed where cluster is true`}},
		{"a user without a password", func(s *Store) { s.Redis.Username = "x" }, []string{`store.redis.username: "x" is not allowed by itself`}},
		{"a password that is not there", func(s *Store) { s.Redis.PasswordFile = folder + "/none" }, []string{"store.redis.passwordFile: open " + folder + "/none: no such file"}},
		{"many faults", func(s *Store) {
			s.Redis.Prefix, s.Redis.Timeout, s.Redis.PoolSize, s.Redis.Wait, s.Redis.Cluster, s.Redis.Database = "{x}", "1", 0, -1, true, 2
		}, []string{`store.redis.prefix: "{x}" is not allowed`, `store.redis.timeout: "1" is not allowed`, "store.redis.database: 2 is not allowed; it must be from 0 to 0", "store.redis.poolSize: 0 is not allowed; it must be from 1 to 1000", "store.redis.wait: -1 is not allowed"}},
		{"TLS that is not enabled", func(s *Store) { s.Redis.TLS.CAFile = file }, []string{"store.redis.tls: it is set, but enabled is false"}},
		{"files that are no PEM", func(s *Store) { s.Redis.TLS = RedisTLS{Enabled: true, CAFile: file, CertFile: file, KeyFile: file} }, []string{"store.redis.tls.caFile: ", "store.redis.tls.certFile: "}},
		{"a key without its certificate", func(s *Store) { s.Redis.TLS = RedisTLS{Enabled: true, KeyFile: file} }, []string{"store.redis.tls: certFile and keyFile must be set together"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := CreateConfig()
			config.Store.Kind, config.Store.Redis.Addresses = "redis", one
			test.change(&config.Store)
			faults := storeFaults(config)
			for i := range test.faults {
				found := false
				for j := range faults {
					found = found || strings.HasPrefix(faults[j], test.faults[i])
				}
				if !found {
					t.Errorf("%q is not among %q", test.faults[i], faults)
				}
			}
			if len(faults) != len(test.faults) {
				t.Errorf("found %q, want %d", faults, len(test.faults))
			}
		})
	}
}

func TestAReadAndAWriteOfACachedCartAreOneCommandEach(t *testing.T) {
	server := redistest.StartReal(t)
	s := openShop(t, newReceiver(t), redisConfig(server.Address))
	customer := s.customer(t, "182")
	for range 2 { // the scripts are known, and the cart is cached
		s.mustAsk(t, "POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":1}`, customer...)
		s.mustAsk(t, "GET", "/api/v1/shop/cart", "", customer...)
	}
	for _, one := range []struct {
		name, method, path, body string
		status                   int
		commands                 int
		header                   []string
	}{
		{"a read", "GET", "/api/v1/shop/cart", "", 200, 1, nil},
		{"an add", "POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":1}`, 200, 1, nil},
		{"an update", "PUT", "/api/v1/shop/cart/CK-SDS001", `{"quantity":7}`, 200, 1, nil},
		{"a write with a key", "POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":1}`, 200, 1, []string{"Idempotency-Key", "0123456789abcdef0123456789abcdef"}},
		{"its retry: it is told of the newest cart", "POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":1}`, 200, 1, []string{"Idempotency-Key", "0123456789abcdef0123456789abcdef"}},
		{"an update with the tag of the cart, which is that of the newest alone", "PUT", "/api/v1/shop/cart/CK-SDS001", `{"quantity":6}`, 200, 2, []string{"If-Match", "*"}},
		{"an update to what it is: there is nothing to save, and the newest cart is answered", "PUT", "/api/v1/shop/cart/CK-SDS001", `{"quantity":7}`, 200, 1, nil},
		{"a refusal: it is told of the newest cart", "PUT", "/api/v1/shop/cart/SKU789", `{"quantity":1}`, 404, 1, nil},
	} {
		commands := server.Commands(t, func() {
			if status, answer := s.ask(t, one.method, one.path, one.body, append(one.header, customer...)...); status != one.status {
				t.Errorf("%s is answered %d %s", one.name, status, answer)
			}
		})
		if len(commands) != one.commands {
			t.Errorf("%s sent %q, wanted %d commands", one.name, commands, one.commands)
		}
	}
}

// A write is first tried on the cart that the replica has seen last, which may be an older one.
func TestAWriteCountsOnTheNewestCartThoughTheReplicaKnowsAnOlderOne(t *testing.T) {
	server := redistest.Start(t)
	both := replicas(t, 2, server.Address, newReceiver(t), "limits: {maxUnits: 10}\n")
	here, there := both[0], both[1]
	for i, one := range []struct {
		name               string
		meanwhile          []string // method, path and body, at the other replica
		method, path, body string
		status             int
		quantity           int // of all units in the end
	}{
		{"another line was added", []string{"POST", "SKU789", `{"quantity":1}`}, "POST", "CK-SDS001", `{"quantity":1}`, 200, 4},
		{"the line was given another quantity", []string{"PUT", "CK-SDS001", `{"quantity":5}`}, "POST", "CK-SDS001", `{"quantity":1}`, 200, 6},
		{"the line was removed, and is updated", []string{"DELETE", "CK-SDS001", ""}, "PUT", "CK-SDS001", `{"quantity":4}`, 404, 0},
		{"the line was removed, and is added", []string{"DELETE", "CK-SDS001", ""}, "POST", "CK-SDS001", `{"quantity":4}`, 200, 4},
		{"a line is there that was not known", []string{"POST", "SKU789", `{"quantity":1}`}, "PUT", "SKU789", `{"quantity":3}`, 200, 5},
		{"the cart is fuller than was known", []string{"PUT", "CK-SDS001", `{"quantity":9}`}, "POST", "CK-SDS001", `{"quantity":5}`, 409, 9},
		{"the cart is emptier than was known", []string{"PUT", "CK-SDS001", `{"quantity":1}`}, "POST", "CK-SDS001", `{"quantity":9}`, 200, 10},
		{"the quantity is as it was known, and no more so", []string{"PUT", "CK-SDS001", `{"quantity":5}`}, "PUT", "CK-SDS001", `{"quantity":2}`, 200, 2},
	} {
		for _, luck := range []int64{luckBound, -luckBound} { // whether the replica trusts what it knows
			t.Run(fmt.Sprint(one.name, ", luck ", luck), func(t *testing.T) {
				customer := here.customer(t, fmt.Sprint("luck", luck, "-", i))
				here.mustAsk(t, "POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":2}`, customer...)
				here.mustAsk(t, "GET", "/api/v1/shop/cart", "", customer...)
				there.mustAsk(t, one.meanwhile[0], "/api/v1/shop/cart/"+one.meanwhile[1], one.meanwhile[2], customer...)
				here.engine.Shared.Luck.count.Store(luck)
				if status, answer := here.ask(t, one.method, "/api/v1/shop/cart/"+one.path, one.body, customer...); status != one.status {
					t.Fatalf("answered %d %s", status, answer)
				}
				for _, replica := range both {
					if answer := replica.mustAsk(t, "GET", "/api/v1/shop/cart", "", customer...); !strings.Contains(answer, fmt.Sprintf(`"items_quantity":%d,`, one.quantity)) {
						t.Errorf("wanted %d units: %s", one.quantity, answer)
					}
				}
			})
		}
	}
}

// Where another replica writes the same carts in turn, as behind a load balancer that spreads requests, to guess would only cost.
func TestAReplicaGuessesOnlyWhileItIsRight(t *testing.T) {
	server := redistest.StartReal(t)
	both := replicas(t, 2, server.Address, newReceiver(t), "")
	here, there := both[0], both[1]
	customer := here.customer(t, "182")
	add := func(s *shop) (commands int) {
		return len(server.Commands(t, func() { s.mustAsk(t, "POST", "/api/v1/shop/cart/CK-SDS001", `{"quantity":1}`, customer...) }))
	}
	for range 4 {
		add(here)
		add(there)
	}
	if commands := add(here); commands != 2 {
		t.Errorf("a write of a cart that others write in turn sent %d commands, wanted a look and a save", commands)
	}
	for range luckBound + luckDown {
		add(here)
	}
	if commands := add(here); commands != 1 {
		t.Errorf("a write of a cart that nobody else writes any more sent %d commands, wanted a save", commands)
	}
	if answer := there.mustAsk(t, "GET", "/api/v1/shop/cart", "", customer...); !strings.Contains(answer, fmt.Sprintf(`"items_quantity":%d,`, 8+1+luckBound+luckDown+1)) {
		t.Errorf("the cart is %s", answer)
	}
}
