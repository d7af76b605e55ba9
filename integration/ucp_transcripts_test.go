package integration_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/integration/interpreter"
	"github.com/polycart/polycart/integration/ucpshop"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/plugin"
)

// Why a transcript is not the same with a cart service behind the plugin. docs/backends.md tells it to operators.
const (
	oneShop  = "one service sells for one shop, and the transcript has two"
	dropped  = "the service leaves out, at any change, what can no longer be had; without one a line stays until it is named"
	vanished = "the service's total counts what it still has and the catalogue has lost"
)

// differsBehindService are the transcripts that are not the same with a cart service behind the plugin, and why.
var differsBehindService = map[string]string{
	"agent/two-shops":                 oneShop,
	"itemkey/two-shops":               oneShop,
	"shop/two-tenants":                oneShop,
	"vesuvio/two-stores":              oneShop,
	"fabric/merge-what-fits":          dropped,
	"fabric/remove-no-longer-sold":    dropped,
	"itemkey/no-longer-sold-removed":  dropped,
	"vesuvio/bulk-item-vanished":      dropped,
	"fabric/update-no-longer-sold":    vanished,
	"shop/item-vanished-meanwhile":    vanished,
	"vesuvio/customer-cart":           vanished,
	"vesuvio/item-vanished-meanwhile": vanished,
}

// What a client sees does not depend on whether a cart service is behind the plugin.
func TestTranscriptsWithACartServiceBehind(t *testing.T) {
	for _, tags := range []bool{false, true} {
		t.Run(map[bool]string{false: "without tags", true: "with tags"}[tags], func(t *testing.T) {
			eachBacked(t, func(string) bool { return true }, func(t *testing.T, script transcript.Script) {
				fixture := transcript.NewFixture(t, "..", script)
				handler := native(t, fixture.Config, behindPlugin(t, fixture, ucpshop.Settings{Tags: tags}), script.Name)
				transcript.Run(t, script, fixture, transcript.Handler(handler))
			})
		})
	}
}

// The page for operators names every transcript that differs.
func TestTheDocumentationSaysWhereACartServiceDiffers(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "backends.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range differsBehindService {
		if link := "(../testdata/transcripts/" + name + ".txt)"; !strings.Contains(string(page), link) {
			t.Errorf("docs/backends.md does not link %s", name)
		}
	}
}

// eachBacked runs a test for every transcript that is wanted, by its name without the dialect, and is the same with a cart service.
func eachBacked(t *testing.T, wanted func(name string) bool, run func(t *testing.T, script transcript.Script)) {
	t.Helper()
	scripts, err := transcript.Load(filepath.Join("..", "testdata", "transcripts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		_, name, _ := strings.Cut(script.Name, "/")
		if differsBehindService[script.Name] == "" && wanted(name) {
			t.Run(script.Name, func(t *testing.T) { run(t, script) })
		}
	}
}

// behindPlugin has a fixture's carts kept by a reference cart service that sells the fixture's catalogue, as it is at each
// request. What is no request of the protocol is passed on, as in every transcript.
func behindPlugin(t testing.TB, fixture *transcript.Fixture, settings ucpshop.Settings) http.Handler {
	t.Helper()
	settings.File = filepath.Join(fixture.Folder, "ucpshop.db")
	service, other := newCartService(t, fixture, settings), transcript.Upstream()
	tenant := fixture.Config["tenants"].([]any)[0].(map[string]any)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/carts" && !strings.HasPrefix(r.URL.Path, "/carts/") {
			other.ServeHTTP(w, r)
			return
		}
		if err := service.Shop.SetItems(sold(t, tenant)); err != nil {
			t.Error(err)
		}
		service.ServeHTTP(w, r)
	})
}

// sold is a tenant's catalogue as the cart service sells it.
func sold(t testing.TB, tenant map[string]any) []ucpshop.Item {
	t.Helper()
	from := tenant["catalog"].(map[string]any)
	text := []byte(fmt.Sprint(from["inline"]))
	if file, _ := from["file"].(string); file != "" {
		var err error
		if text, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	snapshot, faults := catalog.Parse(text, fmt.Sprint(tenant["currency"]))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return ucpshop.FromCatalog(snapshot)
}

// native is the middleware compiled into this test.
func native(t testing.TB, from map[string]any, next http.Handler, name string) http.Handler {
	t.Helper()
	config := plugin.CreateConfig()
	if err := interpreter.Decode(from, config); err != nil {
		t.Fatal(err)
	}
	handler, err := plugin.New(t.Context(), next, config, name)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}
