package ucpshop_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/integration/ucpshop"
)

// shirts are two variants of one product, one of them sold out, and an item that is no longer sold.
func shirts() []ucpshop.Item {
	return []ucpshop.Item{
		{ID: "red", ProductID: "shirt", SKU: "S-RED", Title: "Shirt", VariantTitle: "Red", Price: 2000, ListPrice: 2500, Stock: 3, ImageURL: "https://shop.example/red.png"},
		{ID: "blue", ProductID: "shirt", Title: "Shirt", VariantTitle: "Blue", Price: 2200, Stock: 0},
		{ID: "old", Title: "Old", Price: 1, Stock: 4, Delisted: true},
	}
}

func TestTheCatalogueSaysWhatCanBeBought(t *testing.T) {
	p := openShop(t, ucpshop.Settings{Items: shirts(), Currency: "KWD"})
	for _, test := range []struct{ name, path, body, want string }{
		{"by variant id", "lookup", `{"ids":["blue"]}`, "shirt 2000-2200 KWD: blue Blue 2200 out_of_stock exact"},
		{"by SKU", "lookup", `{"ids":["S-RED"]}`, "shirt 2000-2200 KWD: red Red 2000 in_stock exact"},
		{"by product id", "lookup", `{"ids":["shirt"]}`, "shirt 2000-2200 KWD: red Red 2000 in_stock featured"},
		{"one variant by two names", "lookup", `{"ids":["red","shirt","red"]}`, "shirt 2000-2200 KWD: red Red 2000 in_stock exact featured"},
		{"several", "lookup", `{"ids":["old","blue"]}`, "shirt 2000-2200 KWD: blue Blue 2200 out_of_stock exact; old 1-1 KWD: old Old 1 discontinued exact"},
		{"one that is not there", "lookup", `{"ids":["green","old"]}`, "old 1-1 KWD: old Old 1 discontinued exact; info not_found green"},
		{"a product", "product", `{"id":"blue"}`, "shirt 2000-2200 KWD: blue Blue 2200 out_of_stock, red Red 2000 in_stock"},
		{"a product by its own id", "product", `{"id":"shirt"}`, "shirt 2000-2200 KWD: red Red 2000 in_stock, blue Blue 2200 out_of_stock"},
		{"a product that is not there", "product", `{"id":"green"}`, "error not_found Product not found"},
		{"no ids", "lookup", `{"ids":[]}`, "400 invalid_request"},
		{"an id that is a number", "lookup", `{"ids":[1]}`, "400 invalid_request"},
		{"too many ids", "lookup", `{"ids":["a"` + strings.Repeat(`,"a"`, 100) + `]}`, "400 request_too_large"},
		{"no id", "product", `{}`, "400 invalid_request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := p.ask(t, "POST", "/catalog/"+test.path, test.body)
			if got.status != 200 {
				expect(t, "answer", fmt.Sprint(got.status, " ", got.Code), test.want)
				return
			}
			expect(t, "what is listed", listing(t, got.text), test.want)
		})
	}
}

// listing says what a catalogue answer holds.
func listing(t *testing.T, text string) string {
	t.Helper()
	type money struct {
		Amount   int64
		Currency string
	}
	type product struct {
		ID         string
		PriceRange struct{ Min, Max money } `json:"price_range"`
		Variants   []struct {
			ID, Title    string
			Price        money
			Availability struct{ Status string }
			Inputs       []struct{ Match string }
		}
	}
	answer := struct {
		Products []product
		Product  *product
		Messages []note
	}{}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Product != nil {
		answer.Products = append(answer.Products, *answer.Product)
	}
	var all []string
	for _, p := range answer.Products {
		var variants []string
		for _, v := range p.Variants {
			words := fmt.Sprint(v.ID, " ", v.Title, " ", v.Price.Amount, " ", v.Availability.Status)
			for _, input := range v.Inputs {
				words += " " + input.Match
			}
			variants = append(variants, words)
		}
		all = append(all, fmt.Sprintf("%s %d-%d %s: %s", p.ID, p.PriceRange.Min.Amount, p.PriceRange.Max.Amount, p.PriceRange.Min.Currency, strings.Join(variants, ", ")))
	}
	for _, m := range answer.Messages {
		all = append(all, m.Type+" "+m.Code+" "+m.Content)
	}
	return strings.Join(all, "; ")
}

func TestTheProfileSaysWhereTheServiceIs(t *testing.T) {
	p := openShop(t, ucpshop.Settings{})
	protocol, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	got := p.askFreely(t, "GET", "/.well-known/ucp", "", "UCP-Agent", "")
	expect(t, "status", got.status, 200)
	if err := protocol.CheckProfile([]byte(got.text)); err != nil {
		t.Error(err)
	}
	expect(t, "Cache-Control", got.header.Get("Cache-Control"), "public, max-age=60")
	expect(t, "the endpoint is where it was asked", strings.Contains(got.text, `"endpoint":"`+p.url+`"`), true)

	named := openShop(t, ucpshop.Settings{Endpoint: "https://shop.example/ucp/"})
	got = named.askFreely(t, "GET", "/.well-known/ucp", "")
	expect(t, "the endpoint is the one that was set", strings.Contains(got.text, `"endpoint":"https://shop.example/ucp"`), true)
	expect(t, "health", named.askFreely(t, "GET", "/healthz", "", "UCP-Agent", "").text, `{"status":"ok"}`)
}

func TestPolycartsCatalogueIsSoldAtItsPrices(t *testing.T) {
	data, err := os.ReadFile("../../testdata/demo/catalog.json")
	if err != nil {
		t.Fatal(err)
	}
	snapshot, faults := catalog.Parse(data, "USD")
	if faults != nil {
		t.Fatal(faults)
	}
	p := openShop(t, ucpshop.Settings{Items: ucpshop.FromCatalog(snapshot)})
	for _, test := range []struct{ lines, want, codes string }{
		{"var_headphones 2", "li_1 2 var_headphones", ""},
		{"var_headphones 6", "li_1 5 var_headphones", "warning quantity_adjusted"},
		{"var_91 100000", "li_1 100000 var_91", ""},
		{"var_soldout 1", "", "error out_of_stock unrecoverable"},
		{"var_retired 1", "", "error item_unavailable unrecoverable"},
	} {
		t.Run(test.lines, func(t *testing.T) {
			got := p.ask(t, "POST", "/carts", wish("", test.lines))
			expect(t, "lines", got.lines(), test.want)
			expect(t, "messages", got.codes(), test.codes)
		})
	}
	for sku, item := range snapshot.Facts {
		want := fmt.Sprintf("%s %d-%d USD: %s", item.ProductID, item.Price, item.Price, item.VariantID)
		got := p.ask(t, "POST", "/catalog/lookup", `{"ids":["`+sku+`"]}`)
		if is := listing(t, got.text); !strings.HasPrefix(is, want) {
			t.Errorf("%s is listed as %s, want %s", sku, is, want)
		}
	}
}

func TestASeedIsReadOrItsFaultIsNamed(t *testing.T) {
	for _, test := range []struct{ name, seed, want string }{
		{"one item", `{"items":[{"id":"a","title":"A","price":5,"stock":1}]}`, ""},
		{"a price with a fraction", `{"items":[{"id":"a","title":"A","price":5.5,"stock":1}]}`, "price"},
		{"a field that is not known", `{"items":[{"id":"a","titel":"A"}]}`, "titel"},
		{"no items", `{"items":[]}`, "items must list at least one"},
		{"more behind it", `{"items":[{"id":"a","title":"A"}]} {}`, "behind the first"},
		{"no id", `{"items":[{"title":"A"}]}`, "no id"},
		{"no title", `{"items":[{"id":"a"}]}`, "item a: title is required"},
		{"a negative price", `{"items":[{"id":"a","title":"A","price":-5}]}`, "item a: price must be from 0"},
		{"a negative stock", `{"items":[{"id":"a","title":"A","stock":-5}]}`, "item a: stock must be from 0"},
		{"an image without a host", `{"items":[{"id":"a","title":"A","image_url":"a.png"}]}`, "item a: image_url"},
		{"an item twice", `{"items":[{"id":"a","title":"A"},{"id":"a","title":"A"}]}`, "item a is listed twice"},
	} {
		t.Run(test.name, func(t *testing.T) {
			items, err := ucpshop.ReadItems([]byte(test.seed))
			if err == nil {
				var shop *ucpshop.Shop
				if shop, err = ucpshop.Open(ucpshop.Settings{File: t.TempDir() + "/carts.db", Items: items}); err == nil {
					t.Cleanup(func() { _ = shop.Close() })
				}
			}
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
