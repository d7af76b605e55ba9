package integration_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/integration/ucpshop"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/store"
)

// kept is a plugin before a cart service, over a catalogue of items of which the service sells what it likes.
type kept struct {
	fixture *transcript.Fixture
	service *cartService
	items   []callers.Item
	level   transcript.Level
}

// keptShop opens one; yaml is laid over the configuration.
func keptShop(t testing.TB, settings ucpshop.Settings, yaml string) *kept {
	t.Helper()
	k := &kept{items: callers.Items(3)}
	k.fixture = transcript.NewFixture(t, "..", transcript.Script{Name: "kept", Config: yaml})
	if err := callers.Sell(filepath.Join(k.fixture.Folder, "catalog.json"), k.items); err != nil {
		t.Fatal(err)
	}
	k.service = newCartService(t, k.fixture, settings)
	k.level = transcript.Handler(native(t, k.fixture.Config, k.service, "kept"))
	return k
}

// id is what the service calls an item.
func id(item callers.Item) string { return item.Product + "_1" }

// shopper is a new customer of a dialect.
func (k *kept) shopper(t testing.TB, dialect int, name string) *callers.Shopper {
	t.Helper()
	token, err := k.fixture.Token(name)
	if err != nil {
		t.Fatal(err)
	}
	return callers.Shoppers(token, k.items)[dialect]
}

// does has a shopper do something that must be done.
func does(t testing.TB, s *callers.Shopper, level transcript.Level, verb callers.Verb, item callers.Item, quantity int64) callers.Told {
	t.Helper()
	told, err := s.Do(level, callers.Deed{Verb: verb, Item: item, Quantity: quantity}, "")
	if err != nil || !told.Done {
		t.Fatalf("%s: %s %d %s: %d %s, %v", s.Dialect, verb, quantity, item.SKU, told.Status, told.Body, err)
	}
	return told
}

// wantCart fails where the cart that a shopper reads, or that the service has, holds something else.
func (k *kept) wantCart(t testing.TB, s *callers.Shopper, since int, want map[string]int64) {
	t.Helper()
	told, err := s.Do(k.level, callers.Deed{Verb: callers.Read}, "")
	if err != nil || (!told.Done && told.Status != http.StatusNotFound) {
		t.Fatalf("%s: reading: %d %s, %v", s.Dialect, told.Status, told.Body, err)
	}
	if len(told.Cart) != len(want) || !maps.Equal(told.Cart, want) && len(want) > 0 {
		t.Errorf("%s: the cart holds %v, want %v", s.Dialect, told.Cart, want)
	}
	k.wantHeld(t, since, want)
}

// wantHeld fails where the service holds something else, in the cart that it made after the first so many.
func (k *kept) wantHeld(t testing.TB, since int, want map[string]int64) {
	t.Helper()
	held := k.service.Held(t, since)
	has := map[string]int64{}
	for _, item := range k.items {
		if units := held.units(id(item)); units > 0 {
			has[item.SKU] = units
		}
	}
	if !maps.Equal(has, want) {
		t.Errorf("the service holds %v, want %v", has, want)
	}
}

// loss is a way in which an answer gets lost.
type loss struct {
	name  string
	serve func(w http.ResponseWriter, r *http.Request, shop http.Handler)
}

// losses are the ways: before the service hears of the request, and after it has done it.
var losses = []loss{
	{"before it is done", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusBadGateway) }},
	{"after it was done", func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
		shop.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusBadGateway)
	}},
	{"after half of the answer", func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
		into := httptest.NewRecorder()
		shop.ServeHTTP(into, r)
		into.Body.Truncate(into.Body.Len() / 2)
		passOn(w, into)
	}},
	{"by a panic after it was done", func(_ http.ResponseWriter, r *http.Request, shop http.Handler) {
		shop.ServeHTTP(httptest.NewRecorder(), r)
		panic("the proxy fell over")
	}},
	{"while the first with the key is still being done", func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
		shop.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusConflict)
	}},
}

// eachLoss runs a test for every dialect, way of losing and kind of service; before has the cart of the shopper hold one unit of the
// first item, or nothing.
func eachLoss(t *testing.T, test func(t *testing.T, k *kept, s *callers.Shopper, since int, before map[string]int64, lose func())) {
	for _, tags := range []bool{false, true} {
		k := keptShop(t, ucpshop.Settings{Tags: tags}, "")
		for n, loss := range losses {
			for dialect, c := range callers.All("") {
				for held, first := range []string{"a first write", "a cart"} {
					if tags && dialect != n%dialects {
						continue // the dialects differ in nothing that has to do with tags
					}
					t.Run(fmt.Sprintf("tags %v/%s/%s/%s", tags, loss.name, c.Dialect, first), func(t *testing.T) {
						since, before := k.service.Made(), map[string]int64{}
						s := k.shopper(t, dialect, t.Name())
						if held > 0 {
							does(t, s, k.level, callers.Add, k.items[0], 1)
							does(t, s, k.level, callers.Read, callers.Item{}, 0)
							before[k.items[0].SKU] = 1
						}
						test(t, k, s, since, before, func() { k.service.Between(loss.serve) })
					})
				}
			}
		}
	}
}

// fails has a shopper put two units of an item into the cart while answers get lost.
func (k *kept) fails(t *testing.T, s *callers.Shopper, item callers.Item, key string, lose func()) {
	t.Helper()
	lose()
	told, err := s.Do(k.level, callers.Deed{Verb: callers.Add, Item: item, Quantity: 2}, key)
	k.service.Between(nil)
	if err != nil || told.Answer != s.Down(http.StatusServiceUnavailable) {
		t.Fatalf("it got %d %s, %v; want %s", told.Status, told.Body, err, s.Down(503).Body)
	}
}

// A client whose write was answered 503 finds the cart as it was, here and at the service.
func TestAWriteWhoseAnswerWasLostIsNotDone(t *testing.T) {
	eachLoss(t, func(t *testing.T, k *kept, s *callers.Shopper, since int, before map[string]int64, lose func()) {
		k.fails(t, s, k.items[1], "", lose)
		k.wantCart(t, s, since, before)
		if len(before) > 0 {
			return
		}
		tag := "" // which vesuvio and fabric, whose reads say that there is no cart, have none of
		told, err := s.Do(func(r *http.Request) (*http.Response, error) {
			r.Header.Set("If-Match", "*")
			response, err := k.level(r)
			if err == nil {
				tag = response.Header.Get("ETag")
			}
			return response, err
		}, callers.Deed{Verb: callers.Add, Item: k.items[1], Quantity: 2}, "")
		if err != nil || told.Status != http.StatusPreconditionFailed || tag != "" && (s.Dialect == "vesuvio" || s.Dialect == "fabric") {
			t.Errorf("a change of the cart that there is none of got %d %q %s, %v", told.Status, tag, told.Body, err)
		}
	})
}

// A client who tries again has done it once: with a key of its own or without, after a look or not.
func TestARetryOfAWriteWhoseAnswerWasLostIsDoneOnce(t *testing.T) {
	for _, key := range []string{"", "a-key-of-the-clients-own-0001"} {
		t.Run("key "+key, func(t *testing.T) {
			eachLoss(t, func(t *testing.T, k *kept, s *callers.Shopper, since int, before map[string]int64, lose func()) {
				k.fails(t, s, k.items[1], key, lose)
				k.fails(t, s, k.items[1], key, lose) // and again
				told, err := s.Do(k.level, callers.Deed{Verb: callers.Add, Item: k.items[1], Quantity: 2}, key)
				if err != nil || !told.Done {
					t.Fatalf("the retry got %d %s, %v", told.Status, told.Body, err)
				}
				before[k.items[1].SKU] = 2
				k.wantHeld(t, since, before)
				k.wantCart(t, s, since, before)
				if key == "" {
					return
				}
				again, err := s.Do(k.level, callers.Deed{Verb: callers.Add, Item: k.items[1], Quantity: 2}, key)
				if err != nil || again.Answer != told.Answer {
					t.Errorf("another retry got %d %s, %v; want %s", again.Status, again.Body, err, told.Body)
				}
				k.wantCart(t, s, since, before)
			})
		})
	}
}

// A client who does something else instead has done only that.
func TestAnotherWriteAfterALostAnswerIsDoneAlone(t *testing.T) {
	eachLoss(t, func(t *testing.T, k *kept, s *callers.Shopper, since int, before map[string]int64, lose func()) {
		k.fails(t, s, k.items[1], "", lose)
		does(t, s, k.level, callers.Add, k.items[2], 3)
		before[k.items[2].SKU] = 3
		k.wantHeld(t, since, before)
		k.wantCart(t, s, since, before)
	})
}

// A request that reaches the service after its client was told that it failed, and after others, changes nothing.
func TestAWriteThatArrivesLateChangesNothing(t *testing.T) {
	for _, next := range []callers.Verb{callers.Read, callers.Add} {
		t.Run("after a "+string(next), func(t *testing.T) {
			eachLoss(t, func(t *testing.T, k *kept, s *callers.Shopper, since int, before map[string]int64, _ func()) {
				var late *http.Request
				k.fails(t, s, k.items[1], "", func() {
					k.service.Between(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
						if r.Method == http.MethodGet {
							k.service.answer(w, r)
							return
						}
						late = copied(t, r)
						w.WriteHeader(http.StatusGatewayTimeout)
					})
				})
				if next == callers.Add {
					does(t, s, k.level, callers.Add, k.items[2], 3)
					before[k.items[2].SKU] = 3
				} else {
					k.wantCart(t, s, since, before)
				}
				if late == nil {
					t.Fatal("the service was not asked to change anything")
				}
				k.service.answer(httptest.NewRecorder(), late)
				k.wantHeld(t, since, before)
				k.wantCart(t, s, since, before)
				does(t, s, k.level, callers.Add, k.items[1], 1)
				before[k.items[1].SKU] = 1
				k.wantCart(t, s, since, before)
			})
		})
	}
}

// copied is a request to send again.
func copied(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	again := r.Clone(t.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	return again
}

// A process that ends between any two steps of a write leaves a cart that the next one finds as it was: whatever the service had
// done by then, nobody was told of it.
func TestACrashAtAnyStepOfAWrite(t *testing.T) {
	type step struct {
		name string
		deed func(k *kept) callers.Deed
	}
	steps := []step{
		{"an add", func(k *kept) callers.Deed { return callers.Deed{Verb: callers.Add, Item: k.items[1], Quantity: 2} }},
		{"a change that the service cuts", func(k *kept) callers.Deed { return callers.Deed{Verb: callers.Add, Item: k.items[2], Quantity: 9} }},
		{"a removal", func(k *kept) callers.Deed { return callers.Deed{Verb: callers.Remove, Item: k.items[0]} }},
		{"the last line set to none", func(k *kept) callers.Deed { return callers.Deed{Verb: callers.Set, Item: k.items[0]} }},
		{"a clear", func(*kept) callers.Deed { return callers.Deed{Verb: callers.Clear} }},
	}
	points := 0
	for _, tags := range []bool{false, true} {
		k := keptShop(t, ucpshop.Settings{Tags: tags}, "")
		if err := k.service.Shop.ChangeItem(id(k.items[2]), func(item *ucpshop.Item) { item.Unlimited, item.Stock = false, 4 }); err != nil {
			t.Fatal(err)
		}
		for dialect := range dialects {
			for n, one := range steps {
				deed := one.deed(k)
				if !can(k.shopper(t, dialect, "nobody"), deed.Verb) {
					continue
				}
				for at := 0; ; at++ { // the upstream request before or after which the process ends
					reached := false
					name := fmt.Sprintf("tags %v, %s, step %d", tags, one.name, at)
					s := k.shopper(t, dialect, fmt.Sprint("crash-", dialect, "-", n, "-", at))
					t.Run(s.Dialect+"/"+name, func(t *testing.T) { reached = k.crashes(t, s, deed, at) })
					if !reached {
						break
					}
					points++
				}
			}
		}
	}
	if points < 60 {
		t.Errorf("the process ended at %d points, too few to show anything", points)
	}
}

// can tells whether a shopper's dialect has an operation.
func can(s *callers.Shopper, verb callers.Verb) bool {
	for _, known := range append(s.Verbs(), callers.Read, callers.Add) {
		if known == verb {
			return true
		}
	}
	return false
}

// crashes has the process end at a step of a deed: before the service is asked where at is even, after it has answered where it is odd.
// It answers whether there is such a step.
func (k *kept) crashes(t *testing.T, s *callers.Shopper, deed callers.Deed, at int) (reached bool) {
	since := k.service.Made()
	does(t, s, k.level, callers.Add, k.items[0], 1)
	does(t, s, k.level, callers.Read, callers.Item{}, 0)
	left := filepath.Join(t.TempDir(), "data")
	asked := 0
	k.service.Between(func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
		if reached {
			panic("the process has ended")
		}
		if asked == at/2 && at%2 == 0 {
			reached = true
			copyFolder(t, filepath.Join(k.fixture.Folder, "data"), left)
			panic("the process ends")
		}
		shop.ServeHTTP(w, r)
		if asked == at/2 {
			reached = true
			copyFolder(t, filepath.Join(k.fixture.Folder, "data"), left)
			panic("the process ends")
		}
		asked++
	})
	told, err := s.Do(k.level, deed, "")
	k.service.Between(nil)
	if !reached {
		return false // it was done before
	}
	if err != nil || told.Answer != s.Down(http.StatusServiceUnavailable) {
		t.Fatalf("the client of a process that ends got %d %s, %v", told.Status, told.Body, err)
	}
	config := maps.Clone(k.fixture.Config)
	config["store"] = map[string]any{"folder": left, "sync": "os"}
	after := &kept{fixture: k.fixture, service: k.service, items: k.items, level: transcript.Handler(native(t, config, k.service, "after"))}
	after.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1})
	does(t, s, after.level, callers.Add, k.items[1], 1)
	after.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1, k.items[1].SKU: 1})
	return true
}

func copyFolder(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(to, "lock")); err != nil { // of this process, which goes on
		t.Error(err)
	}
}

// Whatever customers do in whatever dialect and whatever gets lost on the way: what was acknowledged is in the cart, once, what was
// not is not, and the service has the same.
func TestAcknowledgedChangesAreDoneOnceAndOthersNever(t *testing.T) {
	for _, seed := range []int64{1, 2, 3, 4} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewSource(seed))
			settings := ucpshop.Settings{Tags: seed%2 == 0}
			settings.Departures = ucpshop.Departures{MissingCartIs404: seed > 2, ConflictInEnvelope: seed > 2, AbsentKept: seed > 2}
			k := keptShop(t, settings, []string{"", "backend: {lookAgain: 0s}\n"}[random.Intn(2)])
			const stock = 9 // of the last item, at the service alone
			if err := k.service.Shop.ChangeItem(id(k.items[2]), func(item *ucpshop.Item) { item.Unlimited, item.Stock = false, stock }); err != nil {
				t.Fatal(err)
			}
			shoppers := callers.Shoppers(tokenOf(t, k.fixture, "random"), k.items)
			model, failed := map[string]int64{}, 0
			for step := range 60 {
				s := shoppers[random.Intn(len(shoppers))]
				deed := k.randomDeed(random, s)
				name := fmt.Sprintf("seed %d, step %d: %s: %s %d %s", seed, step, s.Dialect, deed.Verb, deed.Quantity, deed.Item.SKU)
				if random.Intn(3) == 0 {
					k.failAt(random)
				}
				key := ""
				if random.Intn(2) == 0 {
					key = fmt.Sprintf("key-of-seed-%d-step-%d", seed, step)
				}
				told, err := s.Do(k.level, deed, key)
				for tries := 0; err == nil && told.Status == http.StatusServiceUnavailable && random.Intn(2) == 0; tries++ {
					failed++
					told, err = s.Do(k.level, deed, key)
				}
				k.service.Between(nil)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if told.Done {
					done(model, deed, stock, k.items[2].SKU)
				} else if told.Status == http.StatusServiceUnavailable {
					failed++
				} else if told.Status >= 500 {
					t.Fatalf("%s: %d %s", name, told.Status, told.Body)
				}
				if told.None && !s.ByLine(deed) && model[deed.Item.SKU] > 0 {
					t.Errorf("%s: it was refused, and the cart holds %v", name, model)
				}
				if random.Intn(2) == 0 {
					k.wantCart(t, shoppers[random.Intn(len(shoppers))], 0, model)
				} else if told.Done && deed.Verb != callers.Read {
					k.wantHeld(t, 0, model)
				}
				if t.Failed() {
					t.Fatalf("after %s", name)
				}
			}
			for _, s := range shoppers {
				k.wantCart(t, s, 0, model)
			}
			if failed < 5 {
				t.Errorf("only %d requests failed", failed)
			}
		})
	}
}

// randomDeed is something that the shopper can do.
func (k *kept) randomDeed(random *rand.Rand, s *callers.Shopper) callers.Deed {
	verbs := append(s.Verbs(), callers.Read, callers.Add, callers.Add, callers.Add)
	if s.Dialect == "itemkey" {
		verbs = append(s.Verbs(), callers.Read, callers.Put, callers.Adjust) // whose only way to add is to put
	}
	for {
		deed := callers.Deed{Verb: verbs[random.Intn(len(verbs))], Item: k.items[random.Intn(len(k.items))], Quantity: int64(1 + random.Intn(5))}
		if deed.Verb == callers.Clear && random.Intn(3) > 0 || !s.Knows(deed) {
			continue
		}
		if deed.Verb == callers.Adjust && random.Intn(2) == 0 {
			deed.Quantity = -deed.Quantity
		}
		return deed
	}
}

// failAt has one of the next requests to the service be lost, in one of the ways.
func (k *kept) failAt(random *rand.Rand) {
	left, way := random.Intn(3), losses[random.Intn(len(losses))]
	k.service.Between(func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
		left--
		if left == -1 || random.Intn(5) == 0 {
			way.serve(w, r, shop)
			return
		}
		shop.ServeHTTP(w, r)
	})
}

// done does a deed that was acknowledged to the model.
func done(model map[string]int64, deed callers.Deed, stock int64, short string) {
	sku := deed.Item.SKU
	switch deed.Verb {
	case callers.Add, callers.Adjust:
		model[sku] += deed.Quantity
	case callers.Put, callers.Set:
		model[sku] = deed.Quantity
	case callers.Remove:
		model[sku] = 0
	case callers.Clear:
		clear(model)
	}
	if sku == short {
		model[sku] = min(model[sku], stock)
	}
	if model[sku] <= 0 {
		delete(model, sku)
	}
}

// A change that the service fails whenever it comes holds up the cart only for as long as it could still arrive by another way.
func TestAChangeThatTheServiceAlwaysFailsIsGivenUpAfterAMinute(t *testing.T) {
	server := redistest.StartReal(t)
	k := keptShop(t, ucpshop.Settings{}, "store: {kind: redis, redis: {addresses: ['"+server.Address+"'], prefix: 'aged:'}}\n")
	kept, err := store.OpenRedis(store.RedisOptions{Addresses: []string{server.Address}, Prefix: "aged:"})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	for dialect, c := range callers.All("") {
		t.Run(c.Dialect, func(t *testing.T) {
			since := k.service.Made()
			s := k.shopper(t, dialect, t.Name())
			does(t, s, k.level, callers.Add, k.items[0], 1)
			failing := ""
			k.service.Between(func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
				key := r.Header.Get("Idempotency-Key")
				if failing == "" {
					failing = key
				}
				if key != "" && key == failing {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				shop.ServeHTTP(w, r)
			})
			defer k.service.Between(nil)
			for range 3 {
				told, err := s.Do(k.level, callers.Deed{Verb: callers.Add, Item: k.items[1], Quantity: 2}, "")
				if err != nil || told.Answer != s.Down(http.StatusServiceUnavailable) {
					t.Fatalf("it got %d %s, %v", told.Status, told.Body, err)
				}
			}
			if aged := age(t, server, kept, 59*time.Second); aged != 1 {
				t.Fatalf("%d changes are on their way, wanted 1", aged)
			}
			if told, err := s.Do(k.level, callers.Deed{Verb: callers.Read}, ""); err != nil || told.Status != http.StatusServiceUnavailable {
				t.Fatalf("within the minute a read got %d %s, %v", told.Status, told.Body, err)
			}
			age(t, server, kept, time.Second)
			k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1})
			does(t, s, k.level, callers.Add, k.items[2], 1)
			k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1, k.items[2].SKU: 1})
		})
	}
}

// age makes the changes that are on their way so much older, and answers how many there are.
func age(t testing.TB, server *redistest.Server, kept store.Store, by time.Duration) (changes int) {
	t.Helper()
	names, err := server.Client(t).Keys(t.Context(), "aged:*:c:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		_, text, _ := strings.Cut(name, ":c:")
		key, _ := cartcore.KeyOf(text)
		record, err := kept.Load(text, 0)
		if err != nil {
			t.Fatal(err)
		}
		cart, err := cartcore.FromRecord(key, record.Data)
		if err != nil {
			t.Fatal(err)
		}
		if cart.Backing == nil || cart.Backing.Intent == nil {
			continue
		}
		changes++
		older := cartcore.Quietly(cart)
		intent, backing := *cart.Backing.Intent, *cart.Backing
		intent.At -= by.Milliseconds()
		backing.Intent = &intent
		older.Backing = &backing
		data, err := cartcore.Record(older)
		if err != nil {
			t.Fatal(err)
		}
		if err := kept.Save(text, record.Version, &store.Record{Version: older.Version, Expires: record.Expires, Pending: record.Pending, Token: record.Token, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	return changes
}
