package transcript

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
	"go.yaml.in/yaml/v3"
)

// Passed is what the handler behind the middleware answers in every transcript, with status 200: a request that no
// dialect owns ends there.
const Passed = "passed on"

// Fixture is what one transcript runs on: its own catalogue, secret and data folder.
type Fixture struct {
	Folder string
	Config map[string]any // the middleware's configuration, as a dynamic file has it
	secret []byte
}

// NewFixture copies the demo below root (the checkout) for one script, and lays the script's configuration over the demo's.
func NewFixture(t testing.TB, root string, script Script) *Fixture {
	t.Helper()
	f := &Fixture{Folder: t.TempDir()}
	demo := filepath.Join(root, "testdata", "demo")
	for _, name := range []string{"catalog.json", "customer-token-secret"} {
		data, err := os.ReadFile(filepath.Join(demo, name))
		if err != nil {
			t.Fatalf("copying the demo: %v", err)
		}
		if err := os.WriteFile(filepath.Join(f.Folder, name), data, 0o600); err != nil {
			t.Fatalf("copying the demo: %v", err)
		}
		if name == "customer-token-secret" {
			f.secret = data
		}
	}
	text, err := os.ReadFile(filepath.Join(demo, "dynamic.yml"))
	if err != nil {
		t.Fatalf("reading the demo's configuration: %v", err)
	}
	f.Config = middlewareOf(t, f.fill(t, string(text)))
	// Every request looks at the catalogue, so that a transcript can change it between two requests.
	overlay := "tenants: [{catalog: {checkEvery: 0s}}]\nstore: {sync: os}\n"
	for _, layer := range []string{overlay, script.Config} {
		over := map[string]any{}
		if err := yaml.Unmarshal([]byte(f.fill(t, layer)), &over); err != nil {
			t.Fatalf("reading the configuration of %s: %v", script.Name, err)
		}
		f.Config = overlaid(f.Config, over).(map[string]any)
	}
	return f
}

// KeepInRedis has the fixture's carts kept in a Redis, in a corner of their own.
func (f *Fixture) KeepInRedis(address string) {
	over := map[string]any{"store": map[string]any{"kind": "redis", "redis": map[string]any{"addresses": []any{address}, "prefix": f.Folder + ":"}}}
	f.Config = overlaid(f.Config, over).(map[string]any)
}

// SellOverHTTP has the fixture's catalogue answered by a JSON service of other names, prices in minor units and 404 for what it
// does not have, instead of a file. Nothing is kept, so that a script can change the catalogue between two requests. through
// stands before the service; nil is nothing.
func (f *Fixture) SellOverHTTP(t testing.TB, through func(http.Handler) http.Handler) {
	t.Helper()
	for _, one := range f.Config["tenants"].([]any) {
		tenant := one.(map[string]any)
		sold := tenant["catalog"].(map[string]any)
		if sold["file"] == nil || sold["inline"] != nil {
			continue // a catalogue of the script's own
		}
		currency := fmt.Sprint(tenant["currency"])
		service := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.shopService(w, r, currency) }))
		if through != nil {
			service = through(service)
		}
		server := httptest.NewServer(service)
		t.Cleanup(server.Close)
		fields := map[string]any{"sku": "code", "price": "money.amount", "originalPrice": "money.before", "currency": "money.currency"}
		tenant["catalog"] = map[string]any{"http": map[string]any{
			"url": server.URL + "/items?{kind}={id}", "urls": map[string]any{"sku": server.URL + "/items?sku={ids}"},
			"items": "data", "fields": fields, "priceUnit": "minor", "fresh": "0s", "stale": "0s", "absent": "0s",
		}}
	}
}

// shopService answers the items of the fixture's catalogue that a query names.
func (f *Fixture) shopService(w http.ResponseWriter, r *http.Request, currency string) {
	data, err := os.ReadFile(filepath.Join(f.Folder, "catalog.json"))
	var file struct {
		Items []map[string]json.RawMessage `json:"items"`
	}
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	found := []map[string]any{}
	for kind, values := range r.URL.Query() {
		for _, item := range file.Items {
			for _, id := range strings.Split(values[0], ",") {
				if strings.Trim(string(item[kind]), `"`) == id {
					found = append(found, retold(item, currency))
				}
			}
		}
	}
	if len(found) == 0 && !strings.Contains(r.URL.RawQuery, "sku=") {
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": found})
}

// retold is an item as another service would tell it.
func retold(item map[string]json.RawMessage, currency string) map[string]any {
	money := map[string]any{"currency": currency}
	told := map[string]any{"money": money}
	for name, value := range item {
		switch name {
		case "sku":
			told["code"] = value
		case "price", "originalPrice":
			var text string
			_ = json.Unmarshal(value, &text)
			minor, _ := cartcore.ParseMajor(text, cartcore.Decimals(currency))
			money[map[string]string{"price": "amount", "originalPrice": "before"}[name]] = minor
		default:
			told[name] = value
		}
	}
	return told
}

// fill puts the fixture's paths and addresses into a configuration.
func (f *Fixture) fill(t testing.TB, text string) string {
	if strings.Contains(text, "{{sessions}}") {
		server := httptest.NewServer(http.HandlerFunc(sessionService))
		t.Cleanup(server.Close)
		text = strings.ReplaceAll(text, "{{sessions}}", server.URL)
	}
	return strings.NewReplacer("{{demo}}", f.Folder, "{{data}}", filepath.Join(f.Folder, "data"), "{{upstream}}", "http://127.0.0.1:1").Replace(text)
}

// sessionService is a shop's session service: it knows sess_known as a guest and sess_182 as customer 182.
func sessionService(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/sess_known":
		fmt.Fprint(w, `{}`)
	case "/sess_182":
		fmt.Fprint(w, `{"customer":"182"}`)
	default:
		http.NotFound(w, r)
	}
}

func middlewareOf(t testing.TB, text string) map[string]any {
	t.Helper()
	var dynamic struct {
		HTTP struct {
			Middlewares map[string]struct {
				Plugin map[string]map[string]any `yaml:"plugin"`
			} `yaml:"middlewares"`
		} `yaml:"http"`
	}
	if err := yaml.Unmarshal([]byte(text), &dynamic); err != nil {
		t.Fatalf("reading the demo's configuration: %v", err)
	}
	return dynamic.HTTP.Middlewares["carts"].Plugin["polycart"]
}

// overlaid lays over onto base: objects by key, lists by index, everything else is replaced.
func overlaid(base, over any) any {
	switch over := over.(type) {
	case map[string]any:
		below, is := base.(map[string]any)
		if !is {
			return over
		}
		for key, value := range over {
			below[key] = overlaid(below[key], value)
		}
		return below
	case []any:
		below, is := base.([]any)
		if !is {
			return over
		}
		for i, value := range over {
			if i < len(below) {
				below[i] = overlaid(below[i], value)
			} else {
				below = append(below, value)
			}
		}
		return below
	}
	return over
}

// changeCatalog rewrites the fixture's catalogue with changes by SKU. What is not changed keeps its text.
func (f *Fixture) changeCatalog(text string) error {
	path := filepath.Join(f.Folder, "catalog.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("changing the catalogue: %w", err)
	}
	before, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("changing the catalogue: %w", err)
	}
	var file struct {
		Items []map[string]json.RawMessage `json:"items"`
	}
	changes := map[string]map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &file); err != nil {
		return fmt.Errorf("changing the catalogue: %w", err)
	}
	if err := json.Unmarshal([]byte(text), &changes); err != nil {
		return fmt.Errorf("reading the change of the catalogue: %w", err)
	}
	kept := []map[string]json.RawMessage{}
	for _, item := range file.Items {
		var sku string
		if err := json.Unmarshal(item["sku"], &sku); err != nil {
			return fmt.Errorf("reading the sku of an item of the catalogue: %w", err)
		}
		change, named := changes[sku]
		if named && change == nil {
			continue
		}
		for key, value := range change {
			item[key] = value
		}
		kept = append(kept, item)
	}
	file.Items = kept
	data, err = json.Marshal(file)
	if err != nil {
		return fmt.Errorf("changing the catalogue: %w", err)
	}
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return fmt.Errorf("changing the catalogue: %w", err)
	}
	// A file system's clock moves in steps of some milliseconds, and two changes can be as long as each other: without
	// a time of its own the second would not be seen.
	later := before.ModTime().Add(time.Second)
	if err := os.Chtimes(path+".new", later, later); err != nil {
		return fmt.Errorf("changing the catalogue: %w", err)
	}
	time.Sleep(2 * time.Millisecond) // an answer of a service counts for its millisecond at least
	return os.Rename(path+".new", path)
}

// Token makes the customer token that the words of a {{token …}} describe: a customer id, then claims as name=value. A
// value of exp is in seconds from now; secret=… signs with another secret; alg=… writes another algorithm into the header.
func (f *Fixture) Token(words string) (string, error) {
	fields := strings.Fields(words)
	claims := map[string]any{"sub": fields[0], "exp": time.Now().Add(time.Hour).Unix()}
	secret, algorithm := f.secret, ""
	for _, field := range fields[1:] {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "secret":
			secret = []byte(strings.Repeat(value, 32))
		case "alg":
			algorithm = value
		case "exp", "nbf":
			seconds, err := strconv.Atoi(value)
			if err != nil {
				return "", fmt.Errorf("reading the token's %s: %w", name, err)
			}
			claims[name] = time.Now().Add(time.Duration(seconds) * time.Second).Unix()
		default:
			claims[name] = value
			if flag, err := strconv.ParseBool(value); err == nil {
				claims[name] = flag
			}
		}
	}
	token, err := identity.Sign(secret, claims)
	if err != nil || algorithm == "" {
		return token, err
	}
	_, rest, _ := strings.Cut(token, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+algorithm+`","typ":"JWT"}`)) + "." + rest, nil
}
