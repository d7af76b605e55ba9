package integration_test

import (
	"fmt"
	"math/rand"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"github.com/polycart/polycart/integration/ucpshop"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/internal/transcript"
)

// Customers who change one cart at once, in all dialects, while answers get lost: what was acknowledged is there once, the rest is not.
func TestChangesAtOnceWhileAnswersGetLost(t *testing.T) {
	for _, tags := range []bool{false, true} {
		t.Run(fmt.Sprint("tags ", tags), func(t *testing.T) {
			k := keptShop(t, ucpshop.Settings{Tags: tags}, "")
			k.together(t, []transcript.Level{k.level})
		})
	}
}

// The same through two plugins that share their carts, one of them in the interpreter, each of which knows nothing of the other.
func TestChangesAtOnceThroughTwoPlugins(t *testing.T) {
	address := redistest.Start(t).Address
	for _, tags := range []bool{false, true} {
		t.Run(fmt.Sprint("tags ", tags), func(t *testing.T) {
			k := &kept{items: callers.Items(3), fixture: transcript.NewFixture(t, "..", transcript.Script{Name: "together", Config: "backend: {lookAgain: 0s}\n"})}
			k.fixture.KeepInRedis(address)
			if err := callers.Sell(filepath.Join(k.fixture.Folder, "catalog.json"), k.items); err != nil {
				t.Fatal(err)
			}
			k.service = newCartService(t, k.fixture, ucpshop.Settings{Tags: tags})
			k.level = transcript.Handler(native(t, k.fixture.Config, k.service, "together"))
			k.together(t, []transcript.Level{k.level, transcript.Handler(openInterpreted(t)(t, k.fixture.Config, k.service, "together"))})
		})
	}
}

// together has one customer change the cart in every dialect at every level at once.
func (k *kept) together(t *testing.T, levels []transcript.Level) {
	token := tokenOf(t, k.fixture, "together")
	first := callers.Shoppers(token, k.items)[1]
	model := map[string]int64{}
	for _, item := range k.items {
		does(t, first, k.level, callers.Add, item, 1)
		model[item.SKU] = 1
	}
	var mu sync.Mutex
	random, failed := rand.New(rand.NewSource(1)), 0
	k.service.Between(func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
		mu.Lock()
		lost, way := random.Intn(6) == 0, losses[random.Intn(len(losses))]
		mu.Unlock()
		if lost {
			way.serve(w, r, shop)
			return
		}
		shop.ServeHTTP(w, r)
	})
	var all sync.WaitGroup
	for at, level := range levels {
		for _, s := range callers.Shoppers(token, k.items) {
			all.Go(func() {
				verb := callers.Add
				if s.Dialect == "itemkey" {
					verb = callers.Adjust // whose only way to add is to put
				}
				for n := range 12 {
					item := k.items[n%len(k.items)]
					told, err := s.Do(level, callers.Deed{Verb: verb, Item: item, Quantity: 1}, "")
					if err != nil {
						t.Errorf("plugin %d: %v", at, err)
						return
					}
					mu.Lock()
					switch {
					case told.Done:
						model[item.SKU]++
					case told.Beat:
					case told.Status == http.StatusServiceUnavailable:
						failed++
					default:
						t.Errorf("plugin %d: %s: %d %s", at, s.Dialect, told.Status, told.Body)
					}
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	k.service.Between(nil)
	for _, level := range levels {
		k.level = level
		k.wantCart(t, first, 0, model)
	}
	if failed < 5 || model[k.items[0].SKU] < 5 {
		t.Errorf("%d changes failed and the cart holds %v: too few to show anything", failed, model)
	}
}
