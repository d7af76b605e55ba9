package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// lines joins errors to one text, a line each.
func lines(faults []error) string {
	text := ""
	for _, fault := range faults {
		text += fault.Error() + "\n"
	}
	return text
}

// parsed reads a catalogue that must be good.
func parsed(t *testing.T, text, currency string) *Snapshot {
	t.Helper()
	s, faults := Parse([]byte(text), currency)
	if len(faults) > 0 {
		t.Fatal(lines(faults))
	}
	return s
}

// Each file of testdata/faults is a broken catalogue, named by what is wrong with it; the text beside it is what Parse lists.
// The interpreted test of the integration module reads the same files.
func TestEveryFaultIsNamedExactly(t *testing.T) {
	files, err := filepath.Glob("testdata/faults/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no broken catalogues", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			s, faults := Parse(text, "EUR")
			if got := lines(faults); got != string(want) || got == "" {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
			if s != nil {
				t.Error("a broken catalogue made a snapshot")
			}
		})
	}
}

func TestEveryFieldArrives(t *testing.T) {
	s := parsed(t, "\ufeff"+`{ "items": [ {
		"sku":"SKU789", "productId":"prod_headphones", "variantId":"v-1", "externalProductId":"prod_123", "externalVariantId":"var_456",
		"productNumber":123, "number":456, "title":"Wireless \"Headphones\" <b> \u00e9 \/", "variantTitle":"Color: Red", "imageUrl":"https:\/\/shop.example\/a.jpg",
		"price":"89.99", "originalPrice":"99.9", "stock":5, "trackStock":true, "active":false,
		"attributes":{"meta":[ {"z" : 1, "a" : 2.50} ], "weight":23, "name":"<\u00e9>", "none":null, "deep":{"b":{}, "a":[]}} } ] }`, "EUR")
	want := &cartcore.Item{
		SKU: "SKU789", ProductID: "prod_headphones", VariantID: "v-1", ExternalProductID: "prod_123", ExternalVariantID: "var_456",
		ProductNumber: 123, NumericID: 456, Title: `Wireless "Headphones" <b> é /`, VariantTitle: "Color: Red", ImageURL: "https://shop.example/a.jpg",
		Price: 8999, OriginalPrice: 9990, Stock: 5, TrackStock: true, Active: false,
		Attributes: map[string]string{"meta": `[{"z":1,"a":2.50}]`, "weight": "23", "name": `"<\u00e9>"`, "none": "null", "deep": `{"b":{},"a":[]}`},
	}
	if got := s.Facts["SKU789"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestWhatIsMissingHasItsDefault(t *testing.T) {
	tests := []struct {
		name, item string
		want       cartcore.Item
	}{
		{"stock is tracked, the item is sold, and the original price is the price", `{"sku":"A","price":"1.5","stock":0}`,
			cartcore.Item{SKU: "A", Price: 150, OriginalPrice: 150, TrackStock: true, Active: true}},
		{"an item whose stock is not tracked needs no stock", `{"sku":"A","price":"1","trackStock":false}`,
			cartcore.Item{SKU: "A", Price: 100, OriginalPrice: 100, Active: true}},
		{"null is as good as missing", `{"sku":"A","price":"1","stock":2,"productId":null,"number":null,"title":null,"originalPrice":null,"trackStock":null,"active":null,"attributes":null}`,
			cartcore.Item{SKU: "A", Price: 100, OriginalPrice: 100, Stock: 2, TrackStock: true, Active: true}},
		{"an empty identifier is as good as missing", `{"sku":"A","productId":"","variantId":"","externalProductId":"","externalVariantId":"","price":"1","stock":2,"attributes":{}}`,
			cartcore.Item{SKU: "A", Price: 100, OriginalPrice: 100, Stock: 2, TrackStock: true, Active: true}},
		{"an escaped name is the name", `{"sku":"A","pr\u0069ce":"1","stock":2,"attributes":{"\u00e9":1,"\/":2}}`,
			cartcore.Item{SKU: "A", Price: 100, OriginalPrice: 100, Stock: 2, TrackStock: true, Active: true, Attributes: map[string]string{"é": "1", "/": "2"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := parsed(t, `{"items":[`+test.item+`]}`, "EUR")
			if got := s.Facts["A"]; !reflect.DeepEqual(got, &test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestAPriceIsReadInTheDecimalsOfItsCurrency(t *testing.T) {
	tests := []struct {
		currency, price string
		want            int64 // minor units; -1 is refused
	}{
		{"EUR", "0", 0}, {"EUR", "0.0", 0}, {"EUR", "0.00", 0}, {"EUR", "110", 11000}, {"EUR", "19.9", 1990}, {"EUR", "0.01", 1},
		{"EUR", "90071992547409.91", cartcore.MaxInteger}, {"EUR", "90071992547409.92", -1}, {"EUR", "0.001", -1}, {"EUR", "1.000", -1},
		{"JPY", "110", 110}, {"JPY", "110.0", -1}, {"JPY", "9007199254740991", cartcore.MaxInteger}, {"JPY", "9007199254740992", -1},
		{"KWD", "1.234", 1234}, {"KWD", "1.2", 1200}, {"KWD", "1.2345", -1}, {"KWD", "9007199254740.991", cartcore.MaxInteger},
		{"EUR", "", -1}, {"EUR", ".", -1}, {"EUR", "-0", -1}, {"EUR", "1.\n", -1}, {"EUR", "１", -1}, {"EUR", "0x1", -1}, {"EUR", "1_0", -1},
	}
	for _, test := range tests {
		t.Run(test.currency+" "+test.price, func(t *testing.T) {
			text := fmt.Sprintf(`{"items":[{"sku":"A","price":%s,"stock":1}]}`, jsonText(test.price))
			s, faults := Parse([]byte(text), test.currency)
			if test.want < 0 {
				if len(faults) != 1 || !strings.Contains(faults[0].Error(), test.currency) {
					t.Error("not refused in the words of the currency:", lines(faults))
				}
				return
			}
			if len(faults) > 0 {
				t.Fatal(lines(faults))
			}
			if got := s.Facts["A"].Price; got != test.want {
				t.Errorf("got %d, want %d minor units", got, test.want)
			}
		})
	}
}

func TestACurrencyIsThreeCapitals(t *testing.T) {
	for _, currency := range []string{"", "eur", "EURO", "E R", "€"} {
		_, faults := Parse([]byte(`{"items":[{"sku":"A","price":"1","stock":1}]}`), currency)
		want := "reading catalogue: the currency must be three capital letters of ISO 4217 such as EUR, not " + strconv.Quote(currency) + "\n"
		if lines(faults) != want {
			t.Errorf("got %q, want %q", lines(faults), want)
		}
	}
}

// jsonText is a string as JSON, without escapes that only HTML needs.
func jsonText(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err)
	}
	return strings.TrimSpace(out.String())
}

// inconsistency answers what is wrong with a snapshot: an item that one of its identifiers does not find, or "".
func inconsistency(s *Snapshot) string {
	for sku, item := range s.Facts {
		if sku != item.SKU || item.Price < 0 || item.OriginalPrice < item.Price || item.Stock < 0 {
			return "item " + sku + " is impossible"
		}
		alone := []cartcore.ItemRef{{SKU: sku}}
		if item.NumericID != 0 {
			alone = append(alone, cartcore.ItemRef{NumericID: item.NumericID})
		}
		if item.ExternalProductID != "" && item.ExternalVariantID != "" {
			alone = append(alone, cartcore.ItemRef{ExternalProductID: item.ExternalProductID, ExternalVariantID: item.ExternalVariantID})
		}
		if item.ExternalProductID != "" && item.ExternalVariantID == "" {
			alone = append(alone, cartcore.ItemRef{ExternalProductID: item.ExternalProductID})
		}
		if item.ExternalVariantID != "" && item.ExternalProductID == "" {
			alone = append(alone, cartcore.ItemRef{ExternalVariantID: item.ExternalVariantID})
		}
		all := cartcore.ItemRef{SKU: sku, ProductID: item.ProductID, ExternalProductID: item.ExternalProductID, ExternalVariantID: item.ExternalVariantID,
			ProductNumber: item.ProductNumber, NumericID: item.NumericID}
		for _, ref := range append(alone, all) {
			if Find(s, &ref) != item {
				return fmt.Sprintf("item %s is not found by %+v", sku, ref)
			}
		}
		if item.VariantID != "" && s.ByVariant[item.VariantID] != item {
			return "item " + sku + " is not found by its variant id"
		}
		for _, ref := range []cartcore.ItemRef{{ProductID: item.ProductID}, {ProductNumber: item.ProductNumber}} {
			if ref != (cartcore.ItemRef{}) {
				found := Find(s, &ref)
				if found == nil || (ref.ProductID != "" && found.ProductID != item.ProductID) || found.ProductNumber != item.ProductNumber && ref.ProductNumber != 0 {
					return fmt.Sprintf("no variant is found by %+v", ref)
				}
			}
		}
	}
	return ""
}

func TestEveryItemIsFoundByEachOfItsIdentifiers(t *testing.T) {
	random := rand.New(rand.NewSource(1)) // a fixed seed: a failure can be run again
	good := 0
	for round := 0; round < 3000; round++ {
		items := []string{}
		for i, n := 0, random.Intn(5)+1; i < n; i++ {
			fields := []string{`"sku":"S` + strconv.Itoa(random.Intn(40)) + `"`, `"price":"` + strconv.Itoa(random.Intn(100)) + `"`, `"stock":1`}
			for _, name := range []string{"productId", "variantId", "externalProductId", "externalVariantId"} {
				if random.Intn(2) == 0 {
					fields = append(fields, `"`+name+`":"`+strconv.Itoa(random.Intn(6))+`"`)
				}
			}
			for _, name := range []string{"productNumber", "number"} {
				if random.Intn(2) == 0 {
					fields = append(fields, `"`+name+`":`+strconv.Itoa(random.Intn(6)+1))
				}
			}
			random.Shuffle(len(fields), func(a, b int) { fields[a], fields[b] = fields[b], fields[a] })
			items = append(items, "{"+strings.Join(fields, ",")+"}")
		}
		text := `{"items":[` + strings.Join(items, ",") + `]}`
		s, faults := Parse([]byte(text), "EUR")
		if len(faults) > 0 {
			continue
		}
		good++
		if wrong := inconsistency(s); wrong != "" || len(s.Facts) != len(items) {
			t.Fatalf("%s\n%s", wrong, text)
		}
	}
	if good < 300 {
		t.Errorf("only %d catalogues of 3000 were good: too few to prove anything", good)
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/faults/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, "EUR")
	}
	f.Add([]byte(`{"items":[{"sku":"A","productId":"p","number":1,"externalProductId":"x","price":"1.5","stock":1,"attributes":{"a":{"b":[1,"\u2028"]}}}]}`), "KWD")
	f.Fuzz(func(t *testing.T, text []byte, currency string) {
		s, faults := Parse(text, currency)
		if (s == nil) == (len(faults) == 0) || len(faults) > faultsListed+1 {
			t.Fatalf("a snapshot and %d faults", len(faults))
		}
		for _, fault := range faults {
			if fault.Error() == "" || len(fault.Error()) > 1000 {
				t.Fatalf("a fault of %d bytes", len(fault.Error()))
			}
		}
		if s == nil {
			return
		}
		if wrong := inconsistency(s); wrong != "" {
			t.Fatal(wrong)
		}
		for _, item := range s.Facts {
			for name, value := range item.Attributes {
				if !json.Valid([]byte(value)) {
					t.Fatalf("attribute %q is no JSON: %q", name, value)
				}
			}
		}
	})
}

// catalogueOf writes a catalogue of n items with all fields.
func catalogueOf(n int) []byte {
	var text bytes.Buffer
	text.WriteString(`{"items":[`)
	for i := 1; i <= n; i++ {
		if i > 1 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"sku":"SKU-%d","productId":"prod_%d","variantId":"v%d","externalProductId":"xp_%d","externalVariantId":"xv_%d","productNumber":%d,"number":%d,`+
			`"title":"Wireless Headphones","variantTitle":"","imageUrl":"https://shop.example/%d.jpg","price":"%d.99","originalPrice":"%d.99","stock":5,"trackStock":true,`+
			`"active":true,"attributes":{"meta":[{"a":1}],"options":{"x":"y"},"weight":23}}`, i, i, i, i, i, i, i, i, i%5000+10, i%5000+20)
	}
	text.WriteString(`]}`)
	return text.Bytes()
}

func BenchmarkParse100000Items(b *testing.B) {
	text := catalogueOf(100000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, faults := Parse(text, "EUR"); len(faults) > 0 {
			b.Fatal(lines(faults))
		}
	}
}

func TestTheDocumentedExampleIsGood(t *testing.T) {
	page, err := os.ReadFile("../docs/catalogue.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(page), "```json\n")
	example, _, closed := strings.Cut(example, "```")
	if !found || !closed {
		t.Fatal("docs/catalogue.md has no example")
	}
	if s := parsed(t, example, "EUR"); len(s.Facts) != 2 || s.Facts["SKU789"].Price != 8999 || s.Facts["GIFT-CARD"].Price != 2500 {
		t.Errorf("the example reads as %+v", s.Facts)
	}
	for _, field := range itemFields {
		if !strings.Contains(string(page), "`"+field.Name+"`") {
			t.Errorf("docs/catalogue.md does not explain %s", field.Name)
		}
	}
}
