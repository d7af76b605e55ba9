package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/polycart/polycart/identity"
)

// The shop that is measured. Its names are worth nothing anywhere else.
const (
	shopTenant  = "bench"
	shopHost    = "bench.test"
	shopStore   = "a3f2b1c0-1234-5678-90ab-cdef12345678"
	shopAccount = "5f493c9f30ec2a0007a94fc8"
	shopKey     = "bench-key"
	shopSecret  = "the secret of a benchmark, which protects nothing"
	shopItems   = 500           // as many as the longest cart has lines, which is the default of limits.maxLines
	plenty      = 1_000_000_000 // stock, and the most of an item in a cart: no add of a run is refused or cut
)

// shop is where the files of the shop are.
type shop struct{ folder string }

func (s shop) catalog() string { return filepath.Join(s.folder, "catalog.json") }
func (s shop) secret() string  { return filepath.Join(s.folder, "customer-token-secret") }

// sku is the SKU of the item n, from 1.
func sku(n int) string { return fmt.Sprintf("SKU-%04d", n) }

// write lays out the catalogue and the secret.
func (s shop) write() error {
	items := []map[string]any{}
	for n := 1; n <= shopItems; n++ {
		items = append(items, map[string]any{
			"sku": sku(n), "productId": fmt.Sprintf("prod_%d", n), "variantId": fmt.Sprintf("var_%d", n),
			"externalProductId": fmt.Sprintf("ext_%d", n), "externalVariantId": fmt.Sprintf("ext_%d_1", n),
			"productNumber": n, "number": n, "title": fmt.Sprintf("Item %d of the benchmark", n),
			"imageUrl": fmt.Sprintf("https://bench.test/images/%d.png", n), "price": "12.50", "stock": plenty,
			"attributes": map[string]any{
				"options": map[string]any{"product_id": n, "sku": sku(n), "type": "physical"},
				"taxCode": "EWPE", "weight": 1, "weightUnit": "lb", "priceListId": 100000,
			},
		})
	}
	text, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		return fmt.Errorf("writing the catalogue: %w", err)
	}
	if err := os.WriteFile(s.catalog(), text, 0o644); err != nil {
		return fmt.Errorf("writing the catalogue: %w", err)
	}
	if err := os.WriteFile(s.secret(), []byte(shopSecret), 0o600); err != nil {
		return fmt.Errorf("writing the secret of the customer tokens: %w", err)
	}
	return nil
}

// token is the token of a customer.
func token(customer string) (string, error) {
	return identity.Sign([]byte(shopSecret), map[string]any{"sub": customer, "exp": time.Now().Add(24 * time.Hour).Unix()})
}

// The routes of a Traefik under test; the header X-Route chooses one.
const (
	routeHeader  = "X-Route"
	routeCarts   = "carts"
	routeThrough = "through"
	routeNoop    = "noop"
)

// config is the plugin's configuration. few is for the group carts, whose carts must not be in memory.
func (s shop) config(data, sync string, few bool) map[string]any {
	key := sha256.Sum256([]byte(shopKey))
	config := map[string]any{
		"tenants": []any{map[string]any{
			"id": shopTenant, "currency": "USD", "domains": []string{shopTenant}, "stores": []string{shopStore},
			"accounts": []string{shopAccount}, "hosts": []string{shopHost},
			"apiKeys":   []any{map[string]any{"sha256": hex.EncodeToString(key[:]), "kind": "public"}},
			"catalog":   map[string]any{"file": s.catalog()},
			"customers": map[string]any{"secretFile": s.secret()},
		}},
		"limits": map[string]any{"maxQuantityPerLine": plenty},
		"store":  map[string]any{"folder": data, "sync": sync},
		"log":    map[string]any{"level": "error"},
	}
	if few {
		config["cache"] = map[string]any{"carts": cachedOfMany, "answerBytes": 0}
	}
	return config
}

// dynamic is the dynamic configuration of a Traefik whose plugin has config.
func dynamic(config map[string]any, upstream string) ([]byte, error) {
	routers := map[string]any{}
	for _, name := range []string{routeCarts, routeThrough, routeNoop} {
		router := map[string]any{"entryPoints": []string{"web"}, "rule": "Header(`" + routeHeader + "`, `" + name + "`)", "service": "upstream"}
		if name != routeThrough {
			router["middlewares"] = []string{name}
		}
		routers[name] = router
	}
	text, err := yaml.Marshal(map[string]any{"http": map[string]any{
		"routers": routers,
		"middlewares": map[string]any{
			routeCarts: map[string]any{"plugin": map[string]any{"polycart": config}},
			routeNoop:  map[string]any{"plugin": map[string]any{noopPlugin: map[string]any{}}},
		},
		"services": map[string]any{"upstream": map[string]any{"loadBalancer": map[string]any{
			"servers": []any{map[string]any{"url": upstream}},
		}}},
	}})
	if err != nil {
		return nil, fmt.Errorf("writing the dynamic configuration: %w", err)
	}
	return text, nil
}

// filler makes text of so many bytes that JSON takes as it stands.
func filler(bytes int) string { return strings.Repeat("x", max(bytes, 0)) }
