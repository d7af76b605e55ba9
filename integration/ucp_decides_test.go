package integration_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/polycart/polycart/integration/ucpshop"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/transcript"
)

// eachDialect runs a test for a shopper of each dialect, a customer of his own.
func (k *kept) eachDialect(t *testing.T, test func(t *testing.T, s *callers.Shopper)) {
	for dialect, c := range callers.All("") {
		t.Run(c.Dialect, func(t *testing.T) { test(t, k.shopper(t, dialect, t.Name())) })
	}
}

// changes changes an item at the service.
func (k *kept) changes(t testing.TB, item callers.Item, change func(*ucpshop.Item)) {
	t.Helper()
	if err := k.service.Shop.ChangeItem(id(item), change); err != nil {
		t.Fatal(err)
	}
}

// others has another client of the service replace the lines of a cart.
func (k *kept) others(t testing.TB, cart string, lines ...string) {
	t.Helper()
	k.service.do(t, http.MethodPut, "/carts/"+cart, `{"id":"`+cart+`","line_items":[`+strings.Join(lines, ",")+`]}`)
}

// line is a line of another client's request.
func line(item string, quantity int64) string {
	return fmt.Sprintf(`{"item":{"id":%q},"quantity":%d}`, item, quantity)
}

// What the service has less of than the catalogue says, or none, each dialect tells as it tells what the catalogue has less of: it
// caps, refuses or removes in its own words. The service then has what the client was told.
func TestEachDialectTellsWhatTheServiceDoesNotHave(t *testing.T) {
	shortages := []struct {
		name      string
		atService func(*ucpshop.Item)
		inFile    string // the same in a catalogue without a service
		delisted  bool
	}{
		{"four are left", func(item *ucpshop.Item) { item.Unlimited, item.Stock = false, 4 }, `"trackStock":true,"stock":4`, false},
		{"none is left", func(item *ucpshop.Item) { item.Unlimited, item.Stock = false, 0 }, `"trackStock":true,"stock":0`, false},
		{"it is sold no longer", func(item *ucpshop.Item) { item.Delisted = true }, `"trackStock":false,"active":false`, true},
	}
	for _, shortage := range shortages {
		for _, settings := range []ucpshop.Settings{{}, {Tags: true}, {Departures: ucpshop.Departures{UnknownItemIs400: true}}} {
			k := keptShop(t, settings, "")
			k.changes(t, k.items[1], shortage.atService)
			alone := aloneShop(t, k.items[1], shortage.inFile)
			for _, holds := range []int64{0, 2} {
				if holds > 0 && !strings.Contains(shortage.name, "four") {
					continue
				}
				for _, deed := range []callers.Deed{
					{Verb: callers.Add, Quantity: 9}, {Verb: callers.Put, Quantity: 9}, {Verb: callers.Set, Quantity: 9}, {Verb: callers.Adjust, Quantity: 9}, {Verb: callers.Add, Quantity: 1},
				} {
					deed.Item = k.items[1]
					t.Run(fmt.Sprintf("%s/%+v/%d and %s %d", shortage.name, settings.Departures.UnknownItemIs400 || settings.Tags, holds, deed.Verb, deed.Quantity), func(t *testing.T) {
						k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
							if !can(s, deed.Verb) {
								return
							}
							since := k.service.Made()
							does(t, s, k.level, callers.Add, k.items[0], 1)
							if holds > 0 {
								does(t, s, k.level, callers.Add, k.items[1], holds)
							}
							does(t, s, k.level, callers.Read, callers.Item{}, 0)
							got, notice := k.cut(t, s, deed)
							gotCart := does(t, s, k.level, callers.Read, callers.Item{}, 0)
							want, wantNotice := alone.same(t, s, holds, deed)
							if got.Status != want.Status || notice != wantNotice || (want.Status >= 300 || s.Dialect == "itemkey") && got.Body != want.Body {
								t.Errorf("with a service it is told %d %q %s, without one %d %q %s", got.Status, notice, got.Body, want.Status, wantNotice, want.Body)
							}
							if !maps.Equal(gotCart.Cart, alone.cart) {
								t.Errorf("with a service the cart holds %v, without one %v", gotCart.Cart, alone.cart)
							}
							k.wantHeld(t, since, gotCart.Cart)
						})
					})
				}
			}
		}
	}
}

// A request for many items of which the service has one not, or not so many, is told as without a service: entry by entry where the
// dialect does so, else as a whole.
func TestRequestsForManyItems(t *testing.T) {
	bulk := func(quantities ...int64) string {
		entries := []string{}
		for at, n := range quantities {
			entries = append(entries, fmt.Sprintf(`{"externalProductId":"ext_item_%d","externalVariantId":"ext_item_%d_1","quantity":%d}`, at, at, n))
		}
		return `{"items":[` + strings.Join(entries, ",") + `]}`
	}
	many := func(quantities ...int64) string {
		entries := []string{}
		for at, n := range quantities {
			entries = append(entries, fmt.Sprintf(`{"itemId":%d,"quantity":%d}`, 10000+at, n))
		}
		return `{"cartId":null,"items":[` + strings.Join(entries, ",") + `]}`
	}
	told := regexp.MustCompile(`"(partialSuccess|success|errorCode|code|message|requested|available)":[^,}\]]*`)
	for short, says := range map[string]string{"four are left": `"trackStock":true,"stock":4`, "none is left": `"trackStock":true,"stock":0`, "it is sold no longer": `"trackStock":false,"active":false`} {
		for _, tags := range []bool{false, true} {
			k := keptShop(t, ucpshop.Settings{Tags: tags}, "")
			k.changes(t, k.items[1], func(item *ucpshop.Item) {
				item.Unlimited, item.Stock, item.Delisted = false, map[bool]int64{true: 4}[short == "four are left"], strings.Contains(short, "no longer")
			})
			alone := aloneShop(t, k.items[1], says)
			for _, request := range []struct{ name, method, path, body string }{
				{"vesuvio bulk", "POST", vesuvioBy + "/items/bulk", bulk(1, 9, 2)},
				{"vesuvio bulk, twice the same", "POST", vesuvioBy + "/items/bulk", `{"items":[` + strings.Repeat(`{"externalProductId":"ext_item_1","externalVariantId":"ext_item_1_1","quantity":3},`, 2) + strings.TrimPrefix(bulk(2), `{"items":[`)},
				{"fabric", "POST", "/api-cart/cart/item", many(1, 9, 2)},
				{"fabric, all can be had", "POST", "/api-cart/cart/item", many(1)},
			} {
				t.Run(fmt.Sprintf("%s/tags %v/%s", short, tags, request.name), func(t *testing.T) {
					since, name := k.service.Made(), strings.ReplaceAll(request.name, " ", "-")
					var answers [2]callers.Answer
					var carts [2]map[string]int64
					for at, shop := range []*kept{k, &alone.kept} {
						headers := []string{"x-site-context", fabricSite, "Authorization", "Bearer " + tokenOf(t, shop.fixture, name)}
						answers[at] = send(t, shop.level, request.method, request.path, request.body, headers...)
						s := shop.shopper(t, 1, name)
						carts[at] = does(t, s, shop.level, callers.Read, callers.Item{}, 0).Cart
					}
					got, want := told.FindAllString(answers[0].Body, -1), told.FindAllString(answers[1].Body, -1)
					if answers[0].Status != answers[1].Status || !slices.Equal(got, want) {
						t.Errorf("with a service it is told %d %q, without one %d %q", answers[0].Status, got, answers[1].Status, want)
					}
					if !maps.Equal(carts[0], carts[1]) {
						t.Errorf("with a service the cart holds %v, without one %v", carts[0], carts[1])
					}
					k.wantHeld(t, since, carts[0])
				})
			}
		}
	}
}

// cut does a deed and answers what it was told, and the notices.
func (k *kept) cut(t testing.TB, s *callers.Shopper, deed callers.Deed) (callers.Answer, string) {
	t.Helper()
	notice := ""
	told, err := s.Do(func(r *http.Request) (*http.Response, error) {
		response, err := k.level(r)
		if err == nil {
			notice = strings.Join(response.Header.Values("Cart-Notice"), "; ")
		}
		return response, err
	}, deed, "")
	if err != nil {
		t.Fatal(err)
	}
	return told.Answer, notice
}

// alone is a plugin without a cart service.
type alone struct {
	kept
	cart map[string]int64 // what a shopper's cart held at the end
}

// aloneShop opens one whose catalogue says of an item what else a service says.
func aloneShop(t testing.TB, short callers.Item, says string) *alone {
	t.Helper()
	a := &alone{kept: kept{items: callers.Items(3)}}
	a.fixture = transcript.NewFixture(t, "..", transcript.Script{Name: "alone"})
	path := filepath.Join(a.fixture.Folder, "catalog.json")
	if err := callers.Sell(path, a.items); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	catalogue := struct {
		Items []map[string]any `json:"items"`
	}{}
	if err := json.Unmarshal(text, &catalogue); err != nil {
		t.Fatal(err)
	}
	for _, item := range catalogue.Items {
		if item["sku"] == short.SKU {
			if err := json.Unmarshal([]byte("{"+says+"}"), &item); err != nil {
				t.Fatal(err)
			}
		}
	}
	if text, err = json.Marshal(catalogue); err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.level = transcript.Handler(native(t, a.fixture.Config, transcript.Upstream(), "alone"))
	return a
}

// same has a customer of the same dialect do the same.
func (a *alone) same(t testing.TB, like *callers.Shopper, holds int64, deed callers.Deed) (callers.Answer, string) {
	t.Helper()
	dialect := 0
	for i, c := range callers.All("") {
		if c.Dialect == like.Dialect {
			dialect = i
		}
	}
	s := a.shopper(t, dialect, t.Name())
	does(t, s, a.level, callers.Add, a.items[0], 1)
	if holds > 0 {
		does(t, s, a.level, callers.Add, a.items[1], holds)
	}
	does(t, s, a.level, callers.Read, callers.Item{}, 0)
	told, notice := a.cut(t, s, deed)
	a.cart = does(t, s, a.level, callers.Read, callers.Item{}, 0).Cart
	return told, notice
}

// Prices, titles and totals are the service's, in answers to reads and to writes. The catalogue's are nowhere.
func TestPricesTitlesAndTotalsAreTheServices(t *testing.T) {
	k := keptShop(t, ucpshop.Settings{}, "")
	const title = "What the service calls it"
	shows := map[string][]string{ // by dialect: what its carts print of a line of three at 4.56
		"agent": {}, "shop": {title, `"price":4.56`, `"total":13.68`}, "itemkey": {title, `"price":"4.56"`, `"subtotal":13.68`},
		"vesuvio": {title, `"price":4.56`, `"subtotal":13.68`}, "fabric": {title, `"base":4.56`, `"amount":13.68`},
	}
	k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
		k.changes(t, k.items[0], func(item *ucpshop.Item) { item.Price, item.Title = 150, "Another title" })
		does(t, s, k.level, callers.Add, k.items[0], 2)
		does(t, s, k.level, callers.Read, callers.Item{}, 0)
		k.changes(t, k.items[0], func(item *ucpshop.Item) { item.Price, item.Title = 456, title })
		read := does(t, s, k.level, callers.Read, callers.Item{}, 0)
		if strings.Contains(read.Body, "Another title") || strings.Contains(read.Body, "1.5") && s.Dialect != "agent" {
			t.Errorf("a read shows what the service said before: %s", read.Body)
		}
		write := does(t, s, k.level, map[bool]callers.Verb{false: callers.Add, true: callers.Adjust}[s.Dialect == "itemkey"], k.items[0], 1)
		read = does(t, s, k.level, callers.Read, callers.Item{}, 0)
		for _, text := range shows[s.Dialect] {
			if !strings.Contains(read.Body, text) {
				t.Errorf("a read does not show %s: %s", text, read.Body)
			}
			if !strings.Contains(write.Body, text) && s.Dialect != "itemkey" { // whose writes show no cart
				t.Errorf("a write does not show %s: %s", text, write.Body)
			}
		}
	})
}

// What the service counts for a line and for the cart is shown, though it is not the price times the quantity.
func TestTotalsOfAServiceWithRebates(t *testing.T) {
	k := keptShop(t, ucpshop.Settings{}, "")
	k.service.Between(altered(func(cart map[string]any) {
		cart["totals"] = []any{map[string]any{"type": "subtotal", "amount": 175}, map[string]any{"type": "total", "amount": 175}}
		cart["line_items"].([]any)[0].(map[string]any)["totals"] = []any{map[string]any{"type": "subtotal", "amount": 175}}
	}))
	shows := map[string]string{"shop": `"total":1.75`, "itemkey": `"subtotal":1.75`, "vesuvio": `"subtotal":1.75`, "fabric": `"totalPrice":{"currency":"USD","amount":1.75}`}
	k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
		write := does(t, s, k.level, callers.Add, k.items[0], 2)
		read := does(t, s, k.level, callers.Read, callers.Item{}, 0)
		if !strings.Contains(read.Body, shows[s.Dialect]) || s.Dialect != "itemkey" && !strings.Contains(write.Body, shows[s.Dialect]) {
			t.Errorf("want %s in %s and in %s", shows[s.Dialect], read.Body, write.Body)
		}
	})
}

// What a service may do that is no trouble.
func TestAServiceMayAnswerSo(t *testing.T) {
	for name, serve := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"with an early hint first": func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
			w.WriteHeader(http.StatusEarlyHints)
			shop.ServeHTTP(w, r)
		},
		"without titles":         alteredLine(func(line map[string]any) { delete(line["item"].(map[string]any), "title") }),
		"without lines' totals":  alteredLine(func(line map[string]any) { line["totals"] = []any{} }),
		"with fields of its own": altered(func(cart map[string]any) { cart["loyalty"] = map[string]any{"points": 3.5} }),
		"with 200 to a create": func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
			into := httptest.NewRecorder()
			shop.ServeHTTP(into, r)
			into.Code = http.StatusOK
			passOn(w, into)
		},
		"with a weak tag": func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
			w.Header().Set("ETag", `W/"weak"`)
			shop.ServeHTTP(w, r)
		},
		"in small pieces": func(w http.ResponseWriter, r *http.Request, shop http.Handler) {
			into := httptest.NewRecorder()
			shop.ServeHTTP(into, r)
			w.WriteHeader(into.Code)
			for _, piece := range bytes.SplitAfter(into.Body.Bytes(), []byte(",")) {
				_, _ = w.Write(piece)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := keptShop(t, ucpshop.Settings{}, "")
			k.service.Between(serve)
			k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
				since := k.service.Made()
				does(t, s, k.level, callers.Add, k.items[0], 1)
				does(t, s, k.level, callers.Add, k.items[1], 2)
				k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1, k.items[1].SKU: 2})
			})
		})
	}
}

// A cart that another client of the service changes is shown as it is, and our next change keeps what it did: with tags the service
// refuses what is about an older cart, without them we look first.
func TestAnotherClientOfTheService(t *testing.T) {
	for _, kind := range []struct {
		name     string
		settings ucpshop.Settings
		yaml     string
	}{
		{"without tags, looking before each change", ucpshop.Settings{}, "backend: {lookAgain: 0s}\n"},
		{"with tags", ucpshop.Settings{Tags: true}, "backend: {lookAgain: 1h}\n"},
	} {
		for _, looks := range []bool{false, true} {
			k := keptShop(t, kind.settings, kind.yaml)
			t.Run(fmt.Sprintf("%s/a read between %v", kind.name, looks), func(t *testing.T) {
				k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
					since := k.service.Made()
					does(t, s, k.level, callers.Add, k.items[0], 1)
					k.others(t, k.service.Held(t, since).ID, line(id(k.items[0]), 5), line(id(k.items[1]), 2))
					if looks {
						k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 5, k.items[1].SKU: 2})
					}
					does(t, s, k.level, callers.Add, k.items[2], 1)
					k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 5, k.items[1].SKU: 2, k.items[2].SKU: 1})
				})
			})
		}
	}
}

// A line that only the service knows is shown to nobody, and no change takes it out or moves it from what it belongs to.
func TestALineThatTheCatalogueDoesNotKnow(t *testing.T) {
	k := keptShop(t, ucpshop.Settings{Items: []ucpshop.Item{
		{ID: "item_0_1", Title: "Zero", Price: 100, Unlimited: true}, {ID: "item_1_1", Title: "One", Price: 100, Unlimited: true},
		{ID: "item_2_1", Title: "Two", Price: 100, Unlimited: true}, {ID: "gift_wrap", Title: "Gift wrap", Price: 300, Unlimited: true},
	}}, "backend: {lookAgain: 0s}\n")
	k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
		since := k.service.Made()
		does(t, s, k.level, callers.Add, k.items[0], 1)
		cart := k.service.Held(t, since)
		k.others(t, cart.ID, fmt.Sprintf(`{"id":%q,"item":{"id":"item_0_1"},"quantity":1}`, cart.Lines[0].ID), fmt.Sprintf(`{"item":{"id":"gift_wrap"},"quantity":2,"parent_id":%q}`, cart.Lines[0].ID))
		wrapped := k.service.Held(t, since).line("gift_wrap")
		k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1})
		does(t, s, k.level, callers.Add, k.items[1], 3)
		k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1, k.items[1].SKU: 3})
		if now := k.service.Held(t, since).line("gift_wrap"); now != wrapped || now.Parent != cart.Lines[0].ID || now.Quantity != 2 {
			t.Errorf("the line of the service was %+v and is %+v", wrapped, now)
		}
		if can(s, callers.Clear) {
			does(t, s, k.level, callers.Clear, callers.Item{}, 0)
			k.wantCart(t, s, since, map[string]int64{})
			if units := k.service.Held(t, since).units("gift_wrap"); units != 2 {
				t.Errorf("after a clear the service has %d of its own, want 2", units)
			}
		}
	})
}

// A cart that has expired at the service, or was canceled there, is made anew with all that is in ours: at the next read, or with the
// next change.
func TestACartThatTheServiceHasLost(t *testing.T) {
	for _, settings := range []ucpshop.Settings{{}, {Tags: true}, {Departures: ucpshop.Departures{MissingCartIs404: true}}} {
		for _, next := range []callers.Verb{callers.Read, callers.Add} {
			k := keptShop(t, settings, "")
			t.Run(fmt.Sprintf("tags %v, 404 %v, then %s", settings.Tags, settings.Departures.MissingCartIs404, next), func(t *testing.T) {
				k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
					since := k.service.Made()
					does(t, s, k.level, callers.Add, k.items[0], 1)
					does(t, s, k.level, callers.Add, k.items[1], 2)
					before := does(t, s, k.level, callers.Read, callers.Item{}, 0)
					k.service.do(t, http.MethodPost, "/carts/"+k.service.Held(t, since).ID+"/cancel", "{}")
					want := map[string]int64{k.items[0].SKU: 1, k.items[1].SKU: 2}
					if next == callers.Add {
						does(t, s, k.level, callers.Add, k.items[2], 3)
						want[k.items[2].SKU] = 3
					} else if after := does(t, s, k.level, callers.Read, callers.Item{}, 0); after.Body != "" && after.Answer != before.Answer {
						t.Errorf("the cart was %s and is %s", before.Body, after.Body)
					}
					k.wantHeld(t, since, want)
					k.wantCart(t, s, since, want)
				})
			})
		}
	}
}

// A cart that was there before the service was configured goes to it as it is, at the first read or change.
func TestACartFromBeforeTheService(t *testing.T) {
	for _, next := range []callers.Verb{callers.Read, callers.Add} {
		k := keptShop(t, ucpshop.Settings{}, "")
		before := maps.Clone(k.fixture.Config)
		delete(before, "backend")
		unbacked := transcript.Handler(native(t, before, transcript.Upstream(), "kept"))
		t.Run(string(next), func(t *testing.T) {
			k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
				since, want := k.service.Made(), map[string]int64{k.items[0].SKU: 1, k.items[1].SKU: 2}
				does(t, s, unbacked, callers.Add, k.items[0], 1)
				does(t, s, unbacked, callers.Add, k.items[1], 2)
				shown := does(t, s, unbacked, callers.Read, callers.Item{}, 0)
				if next == callers.Add {
					does(t, s, k.level, callers.Add, k.items[2], 3)
					want[k.items[2].SKU] = 3
				} else if now := does(t, s, k.level, callers.Read, callers.Item{}, 0); now.Body != "" && now.Body != shown.Body {
					t.Errorf("the cart was %s and is %s", shown.Body, now.Body)
				}
				k.wantHeld(t, since, want)
				k.wantCart(t, s, since, want)
			})
		})
	}
}

// Servers that depart from the protocol in known ways are served all the same.
func TestKnownDepartures(t *testing.T) {
	for name, departures := range map[string]ucpshop.Departures{
		"a missing cart is 404": {MissingCartIs404: true}, "an unknown item is 400": {UnknownItemIs400: true}, "a conflict in an envelope": {ConflictInEnvelope: true},
		"duplicates are kept": {DuplicatesKept: true}, "no stock is checked": {NoStockCheck: true}, "what is absent is kept": {AbsentKept: true},
		"an id in the body is optional": {BodyID: ucpshop.BodyIDOptional},
		"all at once":                   {MissingCartIs404: true, UnknownItemIs400: true, ConflictInEnvelope: true, DuplicatesKept: true, NoStockCheck: true, AbsentKept: true},
	} {
		t.Run(name, func(t *testing.T) {
			k := keptShop(t, ucpshop.Settings{Departures: departures}, "backend: {lookAgain: 0s}\n")
			k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
				since, more := k.service.Made(), map[bool]callers.Verb{false: callers.Add, true: callers.Adjust}[s.Dialect == "itemkey"]
				does(t, s, k.level, callers.Add, k.items[0], 1)
				does(t, s, k.level, callers.Add, k.items[1], 2)
				does(t, s, k.level, more, k.items[1], 1)
				k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1, k.items[1].SKU: 3})
				k.others(t, k.service.Held(t, since).ID, line(id(k.items[0]), 1), line(id(k.items[0]), 3))
				k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 4})
				does(t, s, k.level, more, k.items[0], 1)
				k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 5})
				if can(s, callers.Remove) {
					does(t, s, k.level, callers.Remove, k.items[0], 0)
				} else {
					does(t, s, k.level, callers.Set, k.items[0], 0)
				}
				k.wantCart(t, s, since, map[string]int64{})
				does(t, s, k.level, callers.Add, k.items[2], 1)
				k.wantCart(t, s, since, map[string]int64{k.items[2].SKU: 1})
			})
		})
	}
}

// A server that refuses the cart's id in the body, which 2026-04-08 requires there, is told of by the log; the cart stays as it was.
func TestAServerThatRefusesTheID(t *testing.T) {
	k := keptShop(t, ucpshop.Settings{Departures: ucpshop.Departures{BodyID: ucpshop.BodyIDRefused}}, "")
	k.eachDialect(t, func(t *testing.T, s *callers.Shopper) {
		since := k.service.Made()
		does(t, s, k.level, callers.Add, k.items[0], 1)
		k.fails(t, s, k.items[1], "", func() {})
		k.wantCart(t, s, since, map[string]int64{k.items[0].SKU: 1})
	})
}

// send sends one request as a client writes it; headers are names and values in turn.
func send(t testing.TB, level transcript.Level, method, path, body string, headers ...string) callers.Answer {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := level(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text := &bytes.Buffer{}
	if _, err := text.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	return callers.Answer{Status: response.StatusCode, Body: text.String()}
}

const (
	fabricSite = `{"account":"5f493c9f30ec2a0007a94fc8"}`
	vesuvioBy  = "/api/v1/sdk/cart/store/a3f2b1c0-1234-5678-90ab-cdef12345678"
)

// fabricID is the name of a cart in an answer of the fabric dialect.
var fabricID = regexp.MustCompile(`^\{"_id":"([0-9a-f]{24})"`)

// A cart that becomes an order is taken away at the service, and the customer's next cart is a new one there.
func TestAnOrderAtTheService(t *testing.T) {
	k := keptShop(t, ucpshop.Settings{}, "")
	s := k.shopper(t, 4, "orders")
	does(t, s, k.level, callers.Add, k.items[0], 1)
	read := does(t, s, k.level, callers.Read, callers.Item{}, 0)
	bearer := "Bearer " + tokenOf(t, k.fixture, "orders")
	order := send(t, k.level, "PATCH", "/api-cart/cart/"+fabricID.FindStringSubmatch(read.Body)[1]+"/orderNumber", `{"orderNumber":"1234-1234-12345"}`, "x-site-context", fabricSite, "Authorization", bearer)
	if order.Status != http.StatusOK {
		t.Fatalf("the order got %d %s", order.Status, order.Body)
	}
	k.wantHeld(t, 0, map[string]int64{})
	does(t, s, k.level, callers.Add, k.items[1], 2)
	k.wantCart(t, s, 0, map[string]int64{k.items[1].SKU: 2})
}

// While a checkout holds a cart no change goes to the service; what the service changes by itself is shown.
func TestACheckoutAtTheService(t *testing.T) {
	k := keptShop(t, ucpshop.Settings{}, "backend: {lookAgain: 0s}\ndialects: {vesuvio: {options: {checkoutUrl: \"https://pay.example/{cartId}\"}}}\n")
	s := k.shopper(t, 3, "checks out")
	does(t, s, k.level, callers.Add, k.items[0], 1)
	finish := send(t, k.level, "POST", vesuvioBy+"/finish", "", "Authorization", "Bearer "+tokenOf(t, k.fixture, "checks out"))
	if finish.Status != http.StatusOK {
		t.Fatalf("finish got %d %s", finish.Status, finish.Body)
	}
	k.service.Asked()
	told, err := s.Do(k.level, callers.Deed{Verb: callers.Add, Item: k.items[1], Quantity: 1}, "")
	if err != nil || told.Status != http.StatusConflict || !strings.Contains(told.Body, "CART_LOCKED") {
		t.Errorf("a change got %d %s, %v", told.Status, told.Body, err)
	}
	for _, asked := range k.service.Asked() {
		if asked.Method != http.MethodGet {
			t.Errorf("the service was asked to %s %s", asked.Method, asked.Path)
		}
	}
	k.others(t, k.service.Held(t, 0).ID, line(id(k.items[0]), 2))
	k.wantCart(t, s, 0, map[string]int64{k.items[0].SKU: 2})
	if told, err := s.Do(k.level, callers.Deed{Verb: callers.Add, Item: k.items[1], Quantity: 1}, ""); err != nil || told.Status != http.StatusConflict {
		t.Errorf("after a change at the service the cart is no longer held: %d %s, %v", told.Status, told.Body, err)
	}
}

// What the service is called by: items by the identifier that backend.itemId says, below backend.path, with the headers and the secret
// of the operator's, and nothing that is the client's own.
func TestWhatTheServiceIsTold(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("Bearer of-the-operators\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	item := callers.Items(1)[0]
	for _, way := range []struct{ itemID, item string }{{"", item.Product + "_1"}, {"variantId", item.Product + "_1"}, {"sku", item.SKU}} {
		t.Run("itemId "+way.itemID, func(t *testing.T) {
			fixture := transcript.NewFixture(t, "..", transcript.Script{Name: "told", Config: fmt.Sprintf(
				"backend: {path: /ucp/v1, itemId: %q, headers: {X-Shop: ours}, secretFile: %q}\n", way.itemID, secret)})
			if err := callers.Sell(filepath.Join(fixture.Folder, "catalog.json"), callers.Items(2)); err != nil {
				t.Fatal(err)
			}
			service := newCartService(t, fixture, ucpshop.Settings{Items: []ucpshop.Item{{ID: way.item, Title: "It", Price: 700, Stock: 50}}})
			level := transcript.Handler(native(t, fixture.Config, http.StripPrefix("/ucp/v1", service), "told"))
			token := tokenOf(t, fixture, "told")
			for _, s := range callers.Shoppers(token, callers.Items(2)) {
				since := service.Made()
				mine := func(r *http.Request) (*http.Response, error) {
					r.Header.Set("Cookie", "sessionid=the-clients-cookie")
					r.Header.Set("Idempotency-Key", "the-clients-key-"+s.Dialect)
					r.Header.Set("X-Client", "the-clients-header")
					r.Header.Set("X-Forwarded-For", "192.0.2.7")
					return level(r)
				}
				does(t, s, mine, callers.Add, item, 2)
				does(t, s, mine, callers.Read, callers.Item{}, 0)
				if s.Dialect == "agent" && service.Held(t, since).units(way.item) != 2 {
					t.Errorf("the service holds %v", service.Held(t, since))
				}
			}
			asked := service.Asked()
			if len(asked) < 10 {
				t.Errorf("the service was asked %d times", len(asked))
			}
			for _, one := range asked {
				for name, want := range map[string]string{
					"Authorization": "Bearer of-the-operators", "X-Shop": "ours", "Ucp-Agent": `profile="` + shopProfile + `"`, "X-Forwarded-For": "192.0.2.7", "Accept-Encoding": "identity",
				} {
					if got := one.Header.Get(name); got != want {
						t.Errorf("%s %s: %s is %q, want %q", one.Method, one.Path, name, got, want)
					}
				}
				all := fmt.Sprint(one.Path, one.Header, one.Body)
				for _, theirs := range []string{token, "the-clients", "123456789", "5f493c9f30ec2a0007a94fc8"} {
					if strings.Contains(all, theirs) {
						t.Errorf("%s %s tells the service %q: %s", one.Method, one.Path, theirs, all)
					}
				}
			}
		})
	}
}
