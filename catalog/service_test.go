package catalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
)

// pim is a real service: it sells whatever it is asked for, at a price that the test sets.
type pim struct {
	*httptest.Server
	mu      sync.Mutex
	price   string
	status  int
	hold    chan struct{} // closed where answers may go
	asked   []string      // path and query, or the body, of each request
	request *http.Request // the last one
	log     bytes.Buffer
}

func newPim(t *testing.T) *pim {
	p := &pim{price: `"1.00"`, status: http.StatusOK}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.asked = append(p.asked, r.URL.RequestURI()+string(body))
		p.request = r
		price, status, hold := p.price, p.status, p.hold
		p.mu.Unlock()
		if hold != nil {
			<-hold
		}
		w.WriteHeader(status)
		texts := []string{}
		for _, id := range strings.Split(r.URL.Query().Get("sku"), ",") {
			if !strings.HasPrefix(id, "none") {
				name, _ := json.Marshal(id)
				texts = append(texts, fmt.Sprintf(`{"sku":%s,"price":%s,"trackStock":false}`, name, price))
			}
		}
		fmt.Fprint(w, "["+strings.Join(texts, ",")+"]")
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *pim) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *pim) times() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

// open opens a catalogue of the service: answers are new for 100 ms, and used for 1 s more.
func (p *pim) open(t *testing.T, change func(*catalog.Service)) *catalog.Catalog {
	t.Helper()
	client := identity.NewClient()
	from := &catalog.Service{
		URL: p.URL + "/{kind}?sku={ids}", Timeout: 5000, Fresh: 100, Stale: 1000, Absent: 50, MaxBytes: 1 << 20, MaxKept: 1000,
		Ask: func(r *http.Request, most int64) (int, []byte, error) { return identity.Ask(client, r, most) },
	}
	if change != nil {
		change(from)
	}
	c, faults := catalog.Open(catalog.Source{Service: from, Currency: "EUR", Logger: slog.New(slog.NewTextHandler(&p.log, nil))})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	t.Cleanup(func() { catalog.Close(c) })
	return c
}

// await waits until something holds, a minute at most.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to hold within a minute")
		}
	}
}

func linesOf(skus ...string) []*cartcore.Line {
	lines := []*cartcore.Line{}
	for _, sku := range skus {
		lines = append(lines, &cartcore.Line{SKU: sku})
	}
	return lines
}

// priceOf is what an item costs, -1 where the catalogue does not have it.
func priceOf(t *testing.T, c *catalog.Catalog, sku string, sure bool, now int64) (int64, *cartcore.Error) {
	t.Helper()
	sold, problem := catalog.For(c, nil, linesOf(sku), sure, now)
	if problem != nil {
		return -1, problem
	}
	if sold.Facts[sku] == nil {
		return -1, nil
	}
	return sold.Facts[sku].Price, nil
}

func TestManyLinesAreAskedForInFewRequests(t *testing.T) {
	p := newPim(t)
	c := p.open(t, nil)
	skus := []string{}
	for i := 0; i < 25; i++ {
		skus = append(skus, fmt.Sprint("S", i))
	}
	sold, problem := catalog.For(c, nil, linesOf(skus...), true, 1000)
	if problem != nil || len(sold.Facts) != 25 || p.times() != 3 {
		t.Fatalf("%d items in %d requests, %v", len(sold.Facts), p.times(), problem)
	}
	again, _ := catalog.For(c, nil, linesOf(skus...), true, 1050)
	if p.times() != 3 || !catalog.Same(sold, again) {
		t.Fatalf("%d requests; the same is %v", p.times(), catalog.Same(sold, again))
	}
}

func TestManyRequestsForOneItemAskOnce(t *testing.T) {
	p := newPim(t)
	p.hold = make(chan struct{})
	c := p.open(t, nil)
	all := sync.WaitGroup{}
	for i := 0; i < 20; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if price, problem := priceOf(t, c, "A", true, 1000); price != 100 || problem != nil {
				t.Errorf("price %d, %v", price, problem)
			}
		}()
	}
	await(t, func() bool { return p.times() > 0 })
	close(p.hold)
	all.Wait()
	if p.times() != 1 {
		t.Errorf("asked %d times: %v", p.times(), p.asked)
	}
}

func TestAStaleAnswerIsUsedWhileItIsFetchedAgain(t *testing.T) {
	p := newPim(t)
	c := p.open(t, nil)
	if price, _ := priceOf(t, c, "A", true, 1000); price != 100 {
		t.Fatal(price)
	}
	p.set(func() { p.price = `"2.00"`; p.hold = make(chan struct{}) })
	if price, problem := priceOf(t, c, "A", true, 1500); price != 100 || problem != nil {
		t.Fatalf("price %d, %v: it did not use what it knew", price, problem)
	}
	close(p.hold)
	await(t, func() bool { price, _ := priceOf(t, c, "A", true, 1500); return price == 200 })
	if p.times() != 2 {
		t.Errorf("asked %d times", p.times())
	}
}

// Beyond the bound a change is refused, and a read still has what was said last.
func TestAnAnswerIsNotUsedForChangesBeyondItsBound(t *testing.T) {
	p := newPim(t)
	c := p.open(t, nil)
	_, _ = priceOf(t, c, "A", true, 1000)
	p.set(func() { p.status = http.StatusBadGateway })
	if price, problem := priceOf(t, c, "A", true, 2101); problem == nil || problem.Kind != cartcore.KindUnavailable {
		t.Errorf("price %d, %v", price, problem)
	}
	if price, problem := priceOf(t, c, "A", false, 1<<40); price != 100 || problem != nil {
		t.Errorf("price %d, %v", price, problem)
	}
	if price, problem := priceOf(t, c, "B", false, 2101); problem == nil {
		t.Errorf("price %d for what is not known at all", price)
	}
}

func TestWhatTheServiceDoesNotHaveIsRememberedForAWhile(t *testing.T) {
	p := newPim(t)
	c := p.open(t, nil)
	for _, now := range []int64{1000, 1050, 1051} {
		if price, problem := priceOf(t, c, "none", true, now); price != -1 || problem != nil {
			t.Errorf("price %d, %v", price, problem)
		}
	}
	if p.times() != 2 {
		t.Errorf("asked %d times, want 2", p.times())
	}
}

// One broken item of an answer is not taken as gone, and the others are sold.
func TestABrokenItemDoesNotHoldUpTheOthers(t *testing.T) {
	p := newPim(t)
	c := p.open(t, nil)
	p.set(func() { p.price = `"1.00","x":1` })
	if _, problem := priceOf(t, c, "A", true, 1000); problem != nil {
		t.Fatal(problem)
	}
	p.set(func() { p.price = `1.00` })
	for i := 0; i < 20; i++ {
		if price, problem := priceOf(t, c, fmt.Sprint("broken", i), true, 1000); problem == nil {
			t.Fatalf("price %d", price)
		}
	}
	p.set(func() { p.price = `"3.00"` })
	if price, problem := priceOf(t, c, "B", true, 1000); price != 300 || problem != nil {
		t.Errorf("price %d, %v: broken items took the whole service for broken", price, problem)
	}
	if !strings.Contains(p.log.String(), `price must be a string in major units of EUR`) {
		t.Errorf("the log is %s", p.log.String())
	}
}

func TestAServiceThatFailsIsLeftAloneForAMoment(t *testing.T) {
	p := newPim(t)
	p.status = http.StatusInternalServerError
	c := p.open(t, nil)
	for i := 0; i < 20; i++ {
		_, _ = priceOf(t, c, fmt.Sprint("A", i), true, int64(981+i/2))
	}
	if p.times() != 5 {
		t.Errorf("asked %d times, want 5: once in a millisecond, and no more after five failures", p.times())
	}
	p.set(func() { p.status = http.StatusOK })
	if price, problem := priceOf(t, c, "A", true, 5984); problem == nil {
		t.Errorf("price %d: it was asked", price)
	}
	if price, problem := priceOf(t, c, "A", true, 5985); price != 100 || problem != nil {
		t.Errorf("price %d, %v: it was not asked again", price, problem)
	}
}

func TestIdentifiersAreEscapedInAnAddress(t *testing.T) {
	p := newPim(t)
	c := p.open(t, func(s *catalog.Service) { s.URL = p.URL + "/a/{id}?sku=x" })
	for _, sku := range []string{"A B+c%&=?#é", "..", "."} {
		_, _ = catalog.For(c, nil, linesOf(sku), true, 1000)
	}
	if strings.Join(p.asked, " ") != "/a/A%20B%2Bc%25%26%3D%3F%23%C3%A9?sku=x" {
		t.Errorf("asked %q", p.asked)
	}
	many := p.open(t, nil)
	if price, problem := priceOf(t, many, "A,B", true, 1000); price != -1 || problem != nil || p.times() != 1 {
		t.Errorf("price %d, %v, asked %q: two items for one", price, problem, p.asked)
	}
}

func TestTheCatalogueOfUCP(t *testing.T) {
	var seen *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		seen, body = r, string(text)
		fmt.Fprint(w, `{"ucp":{"version":"2026-04-08"},"products":[{"id":"roses","title":"Roses","description":{"plain":"x"},"variants":[
			{"id":"roses_red","title":"Red","price":{"amount":3500,"currency":"EUR"},"availability":{"available":true}},
			{"id":"roses_white","title":"White","price":{"amount":3600,"currency":"EUR"},"list_price":{"amount":4000,"currency":"EUR"},"availability":{"available":false}}]}]}`)
	}))
	defer server.Close()
	client := identity.NewClient()
	c, faults := catalog.Open(catalog.Source{Currency: "EUR", Service: &catalog.Service{
		URL: server.URL + "/catalog/lookup", Body: `{"ids":{ids}}`, Items: "products", Variants: "variants", Minor: true, RequestID: true,
		Headers: map[string]string{"Ucp-Agent": `profile="https://a.example/p"`}, Timeout: 5000, Fresh: 1000, MaxBytes: 1 << 20, MaxKept: 1000,
		Fields: map[string]string{"sku": "variant.id", "productId": "product.id", "title": "product.title", "variantTitle": "variant.title",
			"price": "variant.price.amount", "originalPrice": "variant.list_price.amount", "currency": "variant.price.currency",
			"active": "variant.availability.available", "trackStock": "=false"},
		Ask: func(r *http.Request, most int64) (int, []byte, error) { return identity.Ask(client, r, most) },
	}})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	defer catalog.Close(c)
	asks := []*cartcore.Ask{{Item: cartcore.ItemRef{ProductID: "roses"}}}
	sold, problem := catalog.For(c, asks, nil, true, 1000)
	if problem != nil {
		t.Fatal(problem)
	}
	catalog.NameAsks(sold, asks)
	red, white := sold.Facts["roses_red"], sold.Facts["roses_white"]
	if asks[0].SKU != "roses_red" || red == nil || white == nil || red.Price != 3500 || white.OriginalPrice != 4000 || !red.Active || white.Active || red.Title != "Roses" || white.VariantTitle != "White" {
		t.Errorf("named %q, red %+v, white %+v", asks[0].SKU, red, white)
	}
	if seen.Method != http.MethodPost || body != `{"ids":["roses"]}` || seen.Header.Get("UCP-Agent") == "" || len(seen.Header.Get("Request-Id")) != 36 {
		t.Errorf("asked %s %s with %v", seen.Method, body, seen.Header)
	}
}
