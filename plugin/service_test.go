package plugin

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/transcript"
)

// told is a service that answers with a text.
func told(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

// instead is a service that answers as the good one does, with one text in place of another.
func instead(was, is string) func(good http.Handler) http.HandlerFunc {
	return func(good http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			good.ServeHTTP(recorder, r)
			body := recorder.Body.String()
			if !strings.Contains(body, was) {
				panic("the service does not say " + was)
			}
			_, _ = w.Write([]byte(strings.ReplaceAll(body, was, is)))
		}
	}
}

// brokenServices are services that cannot be believed, and what the log says of each.
var brokenServices = []struct {
	name, says string
	made       func(good http.Handler) http.HandlerFunc
}{
	{"an answer without end", "longer than 1048576 bytes", func(http.Handler) http.HandlerFunc { return told(strings.Repeat(" ", 2<<20)) }},
	{"a gzip bomb", "not UTF-8", func(http.Handler) http.HandlerFunc {
		bomb := bytes.Buffer{}
		packer := gzip.NewWriter(&bomb)
		_, _ = packer.Write(make([]byte, 64<<20))
		_ = packer.Close()
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}
	}},
	{"an error page with 200", "not JSON", func(http.Handler) http.HandlerFunc { return told("<html>Oops</html>") }},
	{"a fault", "it answered 500", func(http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"data":[]}`, http.StatusInternalServerError)
		}
	}},
	{"a redirect", "it answered 302", func(http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }
	}},
	{"404 for a list", "it answered 404", func(http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"data":[]}`, http.StatusNotFound) }
	}},
	{"no answer in time", "deadline exceeded", func(http.Handler) http.HandlerFunc {
		return func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	}},
	{"an answer cut off", "unexpected EOF", func(http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"data":[`))
		}
	}},
	{"another shape", "must be an item or a list of items", func(http.Handler) http.HandlerFunc { return told(`{"data":"none"}`) }},
	{"nothing where items are", "nothing at data", func(http.Handler) http.HandlerFunc { return told(`{"error":"busy"}`) }},
	{"a name twice", "a name stands twice", func(http.Handler) http.HandlerFunc { return told(`{"data":[],"data":[]}`) }},
	{"a negative price", "price must be a whole number of minor units of USD from 0 to 9007199254740991, not -1", func(good http.Handler) http.HandlerFunc { return instead(`"amount":11000`, `"amount":-1`)(good) }},
	{"a price with decimals", "not 110.00", func(good http.Handler) http.HandlerFunc { return instead(`"amount":11000`, `"amount":110.00`)(good) }},
	{"a price with an exponent", "not 11e3", func(good http.Handler) http.HandlerFunc { return instead(`"amount":11000`, `"amount":11e3`)(good) }},
	{"a price as text", `not \"11000\"`, func(good http.Handler) http.HandlerFunc { return instead(`"amount":11000`, `"amount":"11000"`)(good) }},
	{"a price past every bound", "not 9007199254740992", func(good http.Handler) http.HandlerFunc {
		return instead(`"amount":11000`, `"amount":9007199254740992`)(good)
	}},
	{"no price", "price is required", func(good http.Handler) http.HandlerFunc { return instead(`"amount":11000`, `"amount":null`)(good) }},
	{"another currency", "its currency must be USD", func(good http.Handler) http.HandlerFunc { return instead(`"USD"`, `"EUR"`)(good) }},
	{"stock as text", "stock must be a whole number", func(good http.Handler) http.HandlerFunc { return instead(`"stock":1000`, `"stock":"1000"`)(good) }},
}

// Whatever a catalogue service answers, no dialect sells at a price that is not certain: a change is answered 503 in the
// dialect's own form and the cart stays as it is, it can still be read, and the log says what was wrong.
func TestABrokenCatalogueServiceSellsNothing(t *testing.T) {
	for _, broken := range brokenServices {
		t.Run(broken.name, func(t *testing.T) {
			breaks := atomic.Bool{}
			fixture := transcript.NewFixture(t, "..", transcript.Script{Name: t.Name()})
			fixture.SellOverHTTP(t, func(good http.Handler) http.Handler {
				bad := broken.made(good)
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if breaks.Load() {
						bad(w, r)
						return
					}
					good.ServeHTTP(w, r)
				})
			})
			fixture.Config["tenants"].([]any)[0].(map[string]any)["catalog"].(map[string]any)["http"].(map[string]any)["timeout"] = "100ms"
			token, err := fixture.Token("182")
			if err != nil {
				t.Fatal(err)
			}
			text := logged(t, func() {
				s := reopenShop(t, fixture)
				level := transcript.Handler(s.handler)
				all := callers.All(token)
				if answer, err := all[0].First(level); err != nil || answer.Status != http.StatusOK {
					t.Fatalf("before: %+v, %v", answer, err)
				}
				breaks.Store(true)
				time.Sleep(2 * time.Millisecond) // an answer counts for its millisecond
				for _, c := range all {
					if answer, err := c.Add(level); err != nil || answer != c.Down(http.StatusServiceUnavailable) {
						t.Errorf("%s: %+v, %v", c.Dialect, answer, err)
					}
					if units, err := c.Units(level); err != nil || units != 1 {
						t.Errorf("%s: %d units, %v", c.Dialect, units, err)
					}
				}
			})
			if !strings.Contains(text, broken.says) {
				t.Errorf("the log does not say %q:\n%s", broken.says, text)
			}
		})
	}
}

// A service is described as it must be, or Traefik is not given a handler; each fault names its key.
func TestFaultsOfACatalogueService(t *testing.T) {
	const at = "tenants[0].catalog"
	for name, c := range map[string]struct {
		change func(*CatalogHTTP)
		want   string
	}{
		"no address for SKUs": {func(h *CatalogHTTP) { h.URL, h.URLs = "", map[string]string{"number": "http://pim/{id}"} }, at + ".http.url: it is empty, and so is urls.sku"},
		"no place":            {func(h *CatalogHTTP) { h.URL = "http://pim/items" }, at + ".http.url for sku: it must hold {id} or {ids} once"},
		"the host":            {func(h *CatalogHTTP) { h.URL = "http://{id}.pim/" }, at + ".http.url for sku: it must"},
		"a password":          {func(h *CatalogHTTP) { h.URL = "http://a:b@pim/{id}" }, at + ".http.url for sku: it must be an http or https URL without user name"},
		"a kind":              {func(h *CatalogHTTP) { h.URLs = map[string]string{"ean": "http://pim/{id}"} }, at + ".http.urls.ean: there is no such kind of identifier; there are sku, number"},
		"a field":             {func(h *CatalogHTTP) { h.Fields = map[string]string{"prize": "p"} }, at + ".http.fields.prize: there is no such field; there are sku"},
		"a path":              {func(h *CatalogHTTP) { h.Fields = map[string]string{"price": "p.*"} }, at + `.http.fields.price is "p.*" with "*"`},
		"a constant":          {func(h *CatalogHTTP) { h.Fields = map[string]string{"active": "=yes"} }, at + `.http.fields.active is "=yes"; after = it must be JSON`},
		"a body":              {func(h *CatalogHTTP) { h.URL, h.Body = "http://pim/", `{"id":1}` }, at + ".http.body: it must hold {ids} once"},
		"a unit":              {func(h *CatalogHTTP) { h.PriceUnit = "cents" }, at + `.http.priceUnit: "cents" is not allowed; it must be major or minor`},
		"a preset":            {func(h *CatalogHTTP) { h.Preset = "ean" }, at + `.http.preset: "ean" is not allowed; it must be ucp or empty`},
		"no agent":            {func(h *CatalogHTTP) { h.URL, h.Preset = "http://pim/catalog/lookup", "ucp" }, at + ".http.headers: the preset ucp needs UCP-Agent"},
		"a timeout":           {func(h *CatalogHTTP) { h.Timeout = "1h" }, at + `.http.timeout: "1h" is not allowed; it must be from 1ms to 30s`},
		"a secret":            {func(h *CatalogHTTP) { h.SecretFile = "/nowhere" }, at + ".http.secretFile: open /nowhere"},
	} {
		config := CreateConfig()
		config.Store.Kind = "memory"
		config.Tenants = []Tenant{{ID: "a", Currency: "EUR", Domains: []string{"a"}, Catalog: Catalog{HTTP: CatalogHTTP{URL: "http://pim/{id}"}}}}
		if faults := Validate(config); len(faults) > 0 {
			t.Fatal(faults)
		}
		c.change(&config.Tenants[0].Catalog.HTTP)
		if faults := strings.Join(Validate(config), "\n"); !strings.Contains(faults, c.want) {
			t.Errorf("%s: got %s, want %s", name, faults, c.want)
		}
	}
	config := CreateConfig()
	config.Tenants = []Tenant{{ID: "a", Currency: "EUR", Catalog: Catalog{File: "x", HTTP: CatalogHTTP{URL: "http://pim/{id}"}}}}
	if faults := strings.Join(Validate(config), "\n"); !strings.Contains(faults, at+": exactly one of file, inline and http must be set") {
		t.Errorf("got %s", faults)
	}
}
