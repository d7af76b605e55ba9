package integration_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// catalogDriver is interpreted. Each function answers "" where the promise that it is named for holds.
const catalogDriver = `package driver

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
)

const good = ` + "`" + `{"items":[
 {"sku":"SKU789","productId":"prod_headphones","variantId":"v1","externalProductId":"prod_123","externalVariantId":"var_456",
  "productNumber":123,"number":456,"title":"Wireless <Headphones> \u2028","price":"89.99","originalPrice":"99.99","stock":5,
  "attributes":{"meta":[ {"b":1, "a":2} ],"weight":23}},
 {"sku":"SKU790","productId":"prod_headphones","externalProductId":"prod_123","externalVariantId":"var_457","price":"0","trackStock":false,"active":false}
]}` + "`" + `

func Parse() string {
	s, faults := catalog.Parse([]byte(good), "EUR")
	if len(faults) > 0 {
		return faults[0].Error()
	}
	a, b := s.Facts["SKU789"], s.Facts["SKU790"]
	if a == nil || b == nil || len(s.Facts) != 2 {
		return "items are missing"
	}
	if a.Price != 8999 || a.OriginalPrice != 9999 || a.Stock != 5 || !a.TrackStock || !a.Active || a.NumericID != 456 || a.ProductNumber != 123 || a.VariantID != "v1" {
		return fmt.Sprint("SKU789 is ", a.Price, a.OriginalPrice, a.Stock, a.TrackStock, a.Active)
	}
	if a.Attributes["meta"] != ` + "`" + `[{"b":1,"a":2}]` + "`" + ` || a.Attributes["weight"] != "23" {
		return "attributes are " + fmt.Sprint(a.Attributes)
	}
	if b.Price != 0 || b.OriginalPrice != 0 || b.TrackStock || b.Active {
		return "SKU790 is wrong"
	}
	return ""
}

func Find() string {
	s, _ := catalog.Parse([]byte(good), "EUR")
	want := []struct {
		Ref cartcore.ItemRef
		SKU string
	}{
		{cartcore.ItemRef{SKU: "SKU790"}, "SKU790"},
		{cartcore.ItemRef{SKU: "SKU790", ProductID: "other"}, ""},
		{cartcore.ItemRef{NumericID: 456}, "SKU789"},
		{cartcore.ItemRef{ProductNumber: 123}, "SKU789"},
		{cartcore.ItemRef{ProductID: "prod_headphones"}, "SKU789"},
		{cartcore.ItemRef{ProductID: "prod_headphones", ExternalVariantID: "var_457"}, "SKU790"},
		{cartcore.ItemRef{ExternalProductID: "prod_123", ExternalVariantID: "var_457"}, "SKU790"},
		{cartcore.ItemRef{ExternalVariantID: "var_457"}, "SKU790"},
		{cartcore.ItemRef{ExternalProductID: "prod_123"}, ""},
		{cartcore.ItemRef{}, ""},
	}
	for i := range want {
		got := ""
		if item := catalog.Find(s, &want[i].Ref); item != nil {
			got = item.SKU
		}
		if got != want[i].SKU {
			return fmt.Sprintf("reference %d finds %q, not %q", i, got, want[i].SKU)
		}
	}
	return ""
}

// Faults answers the fault lines of a file.
func Faults(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	s, faults := catalog.Parse(text, "EUR")
	if s != nil {
		return "a broken catalogue made a snapshot"
	}
	lines := ""
	for i := range faults {
		lines += faults[i].Error() + "\n"
	}
	return lines
}

func Follow(folder string) string {
	path := folder + "/catalogue.json"
	write := func(text string, at int64) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			panic(err)
		}
		if err := os.Chtimes(path, time.Unix(at, 0), time.Unix(at, 0)); err != nil {
			panic(err)
		}
	}
	var log bytes.Buffer
	write(good, 1000)
	c, faults := catalog.Open(catalog.Source{File: path, CheckEvery: 1000, Currency: "EUR", Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	if len(faults) > 0 {
		return faults[0].Error()
	}
	now := int64(10000000)
	catalog.Current(c, now)
	write(strings.Replace(good, "89.99", "79.99", 1), 1001)
	if catalog.Current(c, now+999).Facts["SKU789"].Price != 8999 {
		return "the file is looked at too early"
	}
	if s := catalog.Current(c, now+1000); s.Facts["SKU789"].Price != 7999 || s.Generation != 2 {
		return "the new price is not taken"
	}
	write(strings.Replace(good, "89.99", "", 1), 1002)
	for i := int64(2); i < 6; i++ {
		if catalog.Current(c, now+i*1000).Facts["SKU789"].Price != 7999 {
			return "a broken file is taken"
		}
	}
	if n := strings.Count(log.String(), "catalogue refused"); n != 1 {
		return "a broken file is logged " + strconv.Itoa(n) + " times"
	}
	write(good, 1003)
	if s := catalog.Current(c, now+9000); s.Facts["SKU789"].Price != 8999 || s.Generation != 3 {
		return "the mended file is not taken"
	}
	return ""
}

func Swap(folder string) string {
	path := folder + "/swapped.json"
	version := func(n int) string {
		items := []string{}
		for i := 0; i < 20; i++ {
			items = append(items, "{\"sku\":\"S"+strconv.Itoa(i)+"\",\"price\":\""+strconv.Itoa(n)+"\",\"stock\":1}")
		}
		return "{\"items\":[" + strings.Join(items, ",") + "]}"
	}
	if err := os.WriteFile(path, []byte(version(1)), 0o644); err != nil {
		return err.Error()
	}
	c, faults := catalog.Open(catalog.Source{File: path, Currency: "EUR"})
	if len(faults) > 0 {
		return faults[0].Error()
	}
	wrong := make(chan string, 4)
	stop := make(chan bool)
	var readers sync.WaitGroup
	reader := func() {
		defer readers.Done()
		for {
			select {
			case <-stop:
				wrong <- ""
				return
			default:
			}
			s := catalog.Current(c, time.Now().UnixMilli())
			for _, item := range s.Facts {
				if item.Price != s.Facts["S0"].Price {
					wrong <- "two versions are mixed"
					return
				}
			}
		}
	}
	for i := 0; i < 3; i++ {
		readers.Add(1)
		go reader()
	}
	for n := 2; n < 30; n++ {
		next := path + ".new"
		if err := os.WriteFile(next, []byte(version(n)+strings.Repeat(" ", n)), 0o644); err != nil {
			return err.Error()
		}
		if err := os.Rename(next, path); err != nil {
			return err.Error()
		}
	}
	// The bound only keeps a broken reload from hanging the test: a good one takes milliseconds.
	bound := time.Now().Add(30 * time.Second)
	for catalog.Current(c, time.Now().UnixMilli()).Facts["S0"].Price != 2900 {
		if time.Now().After(bound) {
			close(stop)
			return "the last version is never seen"
		}
	}
	close(stop)
	readers.Wait()
	for i := 0; i < 3; i++ {
		if text := <-wrong; text != "" {
			return text
		}
	}
	return ""
}

func many(n int) string {
	var text strings.Builder
	text.WriteString("{\"items\":[")
	for i := 0; i < n; i++ {
		id := strconv.Itoa(i + 1)
		if i > 0 {
			text.WriteString(",")
		}
		text.WriteString("{\"sku\":\"SKU-" + id + "\",\"productId\":\"prod_" + id + "\",\"variantId\":\"v" + id + "\",\"externalProductId\":\"xp_" + id +
			"\",\"externalVariantId\":\"xv_" + id + "\",\"productNumber\":" + id + ",\"number\":" + id + ",\"title\":\"Wireless Headphones\",\"variantTitle\":\"\"," +
			"\"imageUrl\":\"https://shop.example/" + id + ".jpg\",\"price\":\"" + strconv.Itoa(i%5000+10) + ".99\",\"originalPrice\":\"" + strconv.Itoa(i%5000+20) +
			".99\",\"stock\":5,\"trackStock\":true,\"active\":true,\"attributes\":{\"meta\":[{\"a\":1}],\"options\":{\"x\":\"y\"},\"weight\":23}}")
	}
	text.WriteString("]}")
	return text.String()
}

// Cost answers nanoseconds: for each of n items loaded, for a Current that looks at nothing, for a Find by SKU and by number.
func Cost(n int) string {
	text := []byte(many(n))
	began := time.Now()
	s, faults := catalog.Parse(text, "EUR")
	if len(faults) > 0 {
		return faults[0].Error()
	}
	load := time.Since(began)
	folder, err := os.MkdirTemp("", "catalogue")
	if err != nil {
		return err.Error()
	}
	defer func() { os.RemoveAll(folder) }()
	if err := os.WriteFile(folder+"/c.json", text, 0o644); err != nil {
		return err.Error()
	}
	c, _ := catalog.Open(catalog.Source{File: folder + "/c.json", CheckEvery: 1000, Currency: "EUR"})
	catalog.Current(c, 5000)
	rounds := 20000
	began = time.Now()
	for i := 0; i < rounds; i++ {
		catalog.Current(c, 5001)
	}
	current := time.Since(began)
	began = time.Now()
	for i := 0; i < rounds; i++ {
		catalog.Current(c, 5000+int64(i)*1000)
	}
	looked := time.Since(began)
	began = time.Now()
	for i := 0; i < rounds; i++ {
		catalog.Find(s, &cartcore.ItemRef{SKU: "SKU-7"})
	}
	sku := time.Since(began)
	began = time.Now()
	for i := 0; i < rounds; i++ {
		catalog.Find(s, &cartcore.ItemRef{ProductID: "prod_7"})
	}
	product := time.Since(began)
	each := int64(rounds)
	return fmt.Sprint("load/item ", load.Nanoseconds()/int64(n), " ns, Current ", current.Nanoseconds()/each, " ns, with a look ", looked.Nanoseconds()/each,
		" ns, Find sku ", sku.Nanoseconds()/each, " ns, Find product ", product.Nanoseconds()/each, " ns")
}
`

func TestCatalogInterpreted(t *testing.T) {
	i := interpreted(t, "driver", catalogDriver)
	answer := func(t *testing.T, call string) string {
		t.Helper()
		value, err := i.Eval(call)
		if err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		return value.String()
	}

	files := t.TempDir()
	promises := []struct{ name, call string }{
		{"every field of an item arrives", `driver.Parse()`},
		{"an item is found by each of its identifiers", `driver.Find()`},
		{"a changed file is followed and a broken one is not", `driver.Follow("` + files + `")`},
		{"readers see one whole version while files are swapped", `driver.Swap("` + files + `")`},
	}
	for _, promise := range promises {
		t.Run(promise.name, func(t *testing.T) {
			if wrong := answer(t, promise.call); wrong != "" {
				t.Error(wrong)
			}
		})
	}

	broken, err := filepath.Glob("../catalog/testdata/faults/*.json")
	if err != nil || len(broken) == 0 {
		t.Fatal("no broken catalogues", err)
	}
	for _, file := range broken {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name+" is named as in ordinary Go", func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			if got := answer(t, "driver.Faults("+strconv.Quote(file)+")"); got != string(want) {
				t.Errorf("interpreted:\n%s\ncompiled:\n%s", got, want)
			}
		})
	}
	if testing.Verbose() {
		t.Log(answer(t, `driver.Cost(20000)`))
	}
}
