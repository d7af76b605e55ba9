package hostile

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/transcript"
)

// Level is where the plugin runs.
type Level struct {
	Root string // the checkout, from the folder of the test
	Open func(t testing.TB, config map[string]any, name string) http.Handler
}

// Shop is a tenant as requests name it.
type Shop struct {
	ID, Domain, Store, Account, Host string
	Public, Secret                   string // API keys
	signs                            string // what transcript.Fixture.Token needs to sign as this shop's sign-in does
}

// The two tenants: store-alpha is the demo's.
var (
	alpha = &Shop{
		ID: "store-alpha", Domain: "store-alpha", Store: "a3f2b1c0-1234-5678-90ab-cdef12345678", Account: "5f493c9f30ec2a0007a94fc8",
		Host: "127.0.0.1", Public: "pk_test_demo", Secret: "sk_test_demo",
	}
	beta = &Shop{
		ID: "store-beta", Domain: "store-beta", Store: "b3f2b1c0-1234-5678-90ab-cdef12345678", Account: "6f493c9f30ec2a0007a94fc8",
		Host: "beta.example", Public: "pk_beta", Secret: "sk_beta", signs: " secret=b",
	}
)

// settings lay the second tenant over the demo. The hashes are those of pk_beta and sk_beta.
const settings = `
tenants:
  - {}
  - id: store-beta
    currency: USD
    domains: [store-beta]
    stores: [b3f2b1c0-1234-5678-90ab-cdef12345678]
    accounts: [6f493c9f30ec2a0007a94fc8]
    hosts: [beta.example]
    apiKeys:
      - {sha256: "%s", kind: public}
      - {sha256: "%s", kind: secret}
    catalog: {file: "{{demo}}/catalog.json"}
    customers: {secretFile: "{{demo}}/beta-secret"}
    sessions: {url: "{{sessions}}/{session}"}
log: {level: error}
`

// item is an article of the catalogue in the words of every dialect.
type item struct{ SKU, Product, Variant, Number, Key string }

// items are what the shops sell. The lamp's title, price and quantity stand nowhere else, so that they give a leak away.
var items = map[string]item{
	"":      {"LAMP-1", "p-lamp", "v-lamp", "7101", "prod71_LAMP-1_dflt"},
	"cable": {"CABLE-1", "p-cable", "v-cable", "7201", "prod72_CABLE-1_dflt"},
	"mug":   {"MUG-1", "p-mug", "v-mug", "7301", "prod73_MUG-1_dflt"},
}

const (
	catalogue = `{"items":[
{"sku":"LAMP-1","productId":"p-lamp","variantId":"w-lamp","externalProductId":"p-lamp","externalVariantId":"v-lamp","productNumber":71,"number":7101,"title":"Nocturne Lamp","price":"913.37","stock":6000,"attributes":{"weight":1,"taxCode":"T"}},
{"sku":"CABLE-1","productId":"p-cable","variantId":"w-cable","externalProductId":"p-cable","externalVariantId":"v-cable","productNumber":72,"number":7201,"title":"Plain Cable","price":"2.50","stock":6000,"attributes":{"weight":1,"taxCode":"T"}},
{"sku":"MUG-1","productId":"p-mug","variantId":"w-mug","externalProductId":"p-mug","externalVariantId":"v-mug","productNumber":73,"number":7301,"title":"Sold Out Mug","price":"8.00","stock":0,"attributes":{"weight":1,"taxCode":"T"}}
]}`
	lampTitle    = "Nocturne Lamp"
	lampQuantity = "4271"
	lampSubtotal = "3901003.27"
)

// world is one handler with its data folder.
type world struct {
	fixture *transcript.Fixture
	handler http.Handler
	log     *tail
}

func newWorld(t testing.TB, level *Level, name string) *world {
	t.Helper()
	hashes := fmt.Sprintf(settings, sha(beta.Public), sha(beta.Secret))
	fixture := transcript.NewFixture(t, level.Root, transcript.Script{Name: name, Config: hashes})
	for file, text := range map[string]string{"catalog.json": catalogue, "beta-secret": strings.Repeat("b", 32)} {
		if err := os.WriteFile(filepath.Join(fixture.Folder, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &world{fixture, level.Open(t, fixture.Config, name), &tail{folder: filepath.Join(fixture.Folder, "data")}}
}

// token is a customer's token, signed as the shop's sign-in does; claims are those of transcript.Fixture.Token.
func (w *world) token(t testing.TB, shop *Shop, customer, claims string) string {
	t.Helper()
	token, err := w.fixture.Token(customer + shop.signs + claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// answer is what a client gets.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

func (w *world) send(t testing.TB, r *http.Request) *answer {
	t.Helper()
	response, err := transcript.Handler(w.handler)(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	decent(t, r, response)
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &answer{response.StatusCode, response.Header, string(body)}
}

// ask sends the request of a step and wants success.
func (w *world) ask(t testing.TB, step *Step, s *Shown) *answer {
	t.Helper()
	got := w.send(t, Request(step, s))
	if got.Status >= 300 || got.Body == transcript.Passed {
		t.Fatalf("%s %s: the owner gets %d %s", step.Dialect, step.Pattern, got.Status, got.Body)
	}
	return got
}

// holder is the owner of a cart with lines.
type holder struct {
	Shown
	Name       string       // the customer's id, or the guest's token
	kept       cartcore.Key // of the cart, in the store
	CartNumber string       // of a customer's cart, in fabric
}

// customer is a customer of shop who puts an item into a cart. Showing is what else that request shows.
func (w *world) customer(t testing.TB, shop *Shop, id, names, quantity string, showing http.Header) *holder {
	t.Helper()
	h := &holder{Name: id, kept: cartcore.Key{Tenant: shop.ID, Owner: cartcore.CustomerOwner(id)}}
	h.Shown = Shown{Shop: shop, Key: shop.Public, Token: w.token(t, shop, id, ""), Customer: id, Header: showing}
	w.ask(t, buys("shop", names, quantity), &h.Shown)
	h.Header = nil
	var cart struct {
		ID     string      `json:"_id"`
		Number json.Number `json:"cartId"`
		Items  []struct {
			LineItemID json.Number `json:"lineItemId"`
		} `json:"items"`
	}
	read(t, w.ask(t, &Step{Dialect: "fabric", Pattern: dialects["fabric"].reads}, &h.Shown), &cart)
	h.Cart, h.CartNumber, h.Number = cart.ID, cart.Number.String(), cart.Items[0].LineItemID.String()
	var envelope struct {
		Data struct {
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
		} `json:"data"`
	}
	read(t, w.ask(t, &Step{Dialect: "vesuvio", Pattern: dialects["vesuvio"].reads}, &h.Shown), &envelope)
	h.Line = envelope.Data.Items[0].ID
	return h
}

// guest is a guest of a dialect who puts an item into a cart. Showing is what that request shows: a token that the shop never
// issued, headers.
func (w *world) guest(t testing.TB, shop *Shop, dialect, names, quantity string, showing Shown) *holder {
	t.Helper()
	showing.Shop, showing.Key = shop, shop.Public
	got := w.ask(t, buys(dialect, names, quantity), &showing)
	token := showing.Guest
	if !dialects[dialect].session {
		token = dialects[dialect].token(t, got)
	}
	return &holder{
		Shown: Shown{Shop: shop, Key: shop.Public, Guest: token, Number: "1"},
		Name:  token, kept: cartcore.Key{Tenant: shop.ID, Owner: cartcore.GuestOwner(dialect, token)},
	}
}

// buys is a step that puts as many of an item into a cart.
func buys(dialect, names, quantity string) *Step {
	recipe := recipes[dialect+" "+dialects[dialect].adds]
	recipe.Names = names
	recipe.Body = strings.Replace(recipe.Body, `"quantity":2`, `"quantity":`+quantity, 1)
	return &Step{Dialect: dialect, Pattern: dialects[dialect].adds, Recipe: recipe}
}

// looks is the step by which a dialect reads a cart.
func looks(dialect string) *Step {
	return &Step{Dialect: dialect, Pattern: dialects[dialect].reads, Reads: true, Recipe: recipes[dialect+" "+dialects[dialect].reads]}
}

// stepNamed is the step of a route with its recipe.
func stepNamed(t testing.TB, dialect, pattern string) *Step {
	t.Helper()
	recipe, found := recipes[dialect+" "+pattern]
	if !found {
		t.Fatalf("the route %s %s has no recipe", dialect, pattern)
	}
	return &Step{Dialect: dialect, Pattern: pattern, Recipe: recipe}
}

func read(t testing.TB, from *answer, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(from.Body), into); err != nil {
		t.Fatalf("reading %s: %v", from.Body, err)
	}
}
