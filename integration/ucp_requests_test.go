package integration_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polycart/polycart/integration/ucpshop"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/transcript"
)

// wantAsked fails where the service was asked otherwise than so, in this order.
func (k *kept) wantAsked(t testing.TB, what string, want ...string) {
	t.Helper()
	got := []string{}
	for _, asked := range k.service.Asked() {
		got = append(got, asked.Method)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s asks the service %v, want %v", what, got, want)
	}
}

// A read is one request to the service. A change is one where the service has tags, or where the cart was seen a moment ago, and else
// one more, to look. What changes nothing at the service is a look at most.
func TestOneRequestIsOneToTheService(t *testing.T) {
	const get, put, post = http.MethodGet, http.MethodPut, http.MethodPost
	for _, kind := range []struct {
		name     string
		settings ucpshop.Settings
		yaml     string
		before   []string // what a change asks before it changes
	}{
		{"with tags", ucpshop.Settings{Tags: true}, "backend: {lookAgain: 0s}\n", nil},
		{"without tags, seen a moment ago", ucpshop.Settings{}, "backend: {lookAgain: 1h}\n", nil},
		{"without tags, looking before each change", ucpshop.Settings{}, "backend: {lookAgain: 0s}\n", []string{get}},
	} {
		k := keptShop(t, kind.settings, kind.yaml)
		k.changes(t, k.items[2], func(item *ucpshop.Item) { item.Unlimited, item.Stock = false, 4 })
		t.Run(kind.name, func(t *testing.T) {
			k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
				if _, err := s.Do(k.level, callers.Deed{Verb: callers.Read}, ""); err != nil {
					t.Fatal(err)
				}
				k.wantAsked(t, "a read without a cart")
				does(t, s, k.level, callers.Add, k.items[0], 1)
				k.wantAsked(t, "a first change", post)
				for range 3 {
					does(t, s, k.level, callers.Read, callers.Item{}, 0)
					k.wantAsked(t, "a read", get)
				}
				does(t, s, k.level, callers.Add, k.items[1], 1)
				k.wantAsked(t, "a change", append(kind.before, put)...)
				does(t, s, k.level, callers.Add, k.items[1], 2)
				k.wantAsked(t, "a change after a change", append(kind.before, put)...)
				told, err := s.Do(k.level, callers.Deed{Verb: callers.Add, Item: k.items[2], Quantity: 9}, "")
				if err != nil {
					t.Fatal(err)
				}
				if told.Done {
					k.wantAsked(t, "a change that the service cuts", append(kind.before, put)...)
				} else {
					k.wantAsked(t, "a change that the service cuts and the dialect refuses", append(kind.before, put, put)...)
				}
				does(t, s, k.level, callers.Read, callers.Item{}, 0)
				k.wantAsked(t, "a read afterwards", get)
				if can(s, callers.Clear) {
					does(t, s, k.level, callers.Clear, callers.Item{}, 0)
					k.wantAsked(t, "a clear", append(kind.before, post)...)
					does(t, s, k.level, callers.Read, callers.Item{}, 0)
					k.wantAsked(t, "a read of what was cleared")
					does(t, s, k.level, callers.Add, k.items[0], 1)
					k.wantAsked(t, "a first change again", post)
				}
				const key = "the-same-key-again"
				add := callers.Deed{Verb: callers.Add, Item: k.items[1], Quantity: 1}
				if _, err := s.Do(k.level, add, key); err != nil {
					t.Fatal(err)
				}
				k.service.Asked()
				if _, err := s.Do(k.level, add, key); err != nil {
					t.Fatal(err)
				}
				if asked := k.service.Asked(); len(asked) > 1 || len(asked) == 1 && asked[0].Method != get {
					t.Errorf("a retry of what was done asks the service %v", asked)
				}
			})
		})
	}
}

// Each change at the service has a key of its own, a UUID, which it bears again where it is sent again.
func TestKeysAtTheService(t *testing.T) {
	k := keptShop(t, ucpshop.Settings{}, "")
	s := k.shopper(t, 1, "keys")
	seen, count := map[string]string{}, 0
	note := func() {
		for _, asked := range k.service.Asked() {
			key, what := asked.Header.Get("Idempotency-Key"), asked.Method+" "+asked.Path+" "+asked.Body
			if asked.Method == http.MethodGet {
				if key != "" {
					t.Errorf("%s has the key %s", what, key)
				}
				continue
			}
			if before, known := seen[key]; known && before != what {
				t.Errorf("%s and %s have one key", before, what)
			}
			seen[key] = what
			count++
		}
	}
	for round := range 3 { // the same things again and again
		does(t, s, k.level, callers.Add, k.items[0], 1)
		k.fails(t, s, k.items[1], "", func() { k.service.Between(losses[1].serve) })
		does(t, s, k.level, callers.Read, callers.Item{}, 0)
		does(t, s, k.level, callers.Set, k.items[0], 1)
		does(t, s, k.level, callers.Clear, callers.Item{}, 0)
		note()
		if want := 4 * (round + 1); len(seen) < want || count < len(seen)+round+1 {
			t.Errorf("round %d: %d changes had %d keys", round, count, len(seen))
		}
	}
}

// The transcripts of each dialect's own examples, of variants, retries and merges hold with a cart service behind the plugin in the
// interpreter too.
func TestTranscriptsWithACartServiceBehindInterpreted(t *testing.T) {
	open, played := openInterpreted(t), 0
	wanted := []string{"seed", "variants", "retry", "merge", "merge-short-of-stock", "limits-lines", "finish", "bulk-partial", "delete-by-order-number", "out-of-stock"}
	eachBacked(t, func(name string) bool { return slices.Contains(wanted, name) }, func(t *testing.T, script transcript.Script) {
		played++
		fixture := transcript.NewFixture(t, "..", script)
		handler := open(t, fixture.Config, behindPlugin(t, fixture, ucpshop.Settings{Tags: played%2 == 0}), script.Name)
		transcript.Run(t, script, fixture, transcript.Handler(handler))
	})
	if played < 15 {
		t.Errorf("%d transcripts were played; too few to show anything", played)
	}
}

// What customers do with answers getting lost, with the plugin in the interpreter.
func TestLostAnswersInterpreted(t *testing.T) {
	open := openInterpreted(t)
	for _, tags := range []bool{false, true} {
		k := &kept{items: callers.Items(3), fixture: transcript.NewFixture(t, "..", transcript.Script{Name: "lost"})}
		if err := callers.Sell(filepath.Join(k.fixture.Folder, "catalog.json"), k.items); err != nil {
			t.Fatal(err)
		}
		k.service = newCartService(t, k.fixture, ucpshop.Settings{Tags: tags})
		k.level = transcript.Handler(open(t, k.fixture.Config, k.service, "lost"))
		for n, loss := range losses {
			t.Run(fmt.Sprintf("tags %v/%s", tags, loss.name), func(t *testing.T) {
				s := k.shopper(t, n%dialects, t.Name())
				since := k.service.Made()
				does(t, s, k.level, callers.Add, k.items[0], 1)
				k.fails(t, s, k.items[1], "", func() { k.service.Between(loss.serve) })
				k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1})
				k.fails(t, s, k.items[1], "", func() { k.service.Between(loss.serve) })
				does(t, s, k.level, callers.Add, k.items[1], 2)
				k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1, k.items[1].SKU: 2})
			})
		}
	}
}
