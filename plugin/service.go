package plugin

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// A catalogue that is a service is asked for what a request needs before the cart is locked, so that a slow service holds up
// nobody else's cart; under the lock the same is known already, but for what other machines put into the cart meanwhile.

// What a catalogue service is held to where the configuration says nothing; times in milliseconds.
const (
	serviceTimeout  = 2000
	serviceFresh    = 30 * 1000
	serviceStale    = 10 * 60 * 1000
	serviceAbsent   = 5 * 1000
	serviceMaxBytes = 1 << 20 // some thousand items
	serviceMaxItems = 10000   // some 20 MB
)

// ucpFields are where a UCP catalogue has the fields of an item: it counts no stock, and tells only whether a variant can be had.
var ucpFields = map[string]string{
	"sku": "variant.id", "variantId": "variant.id", "productId": "product.id", "title": "product.title", "variantTitle": "variant.title",
	"price": "variant.price.amount", "currency": "variant.price.currency", "originalPrice": "variant.list_price.amount",
	"active": "variant.availability.available", "trackStock": "=false", "stock": "", "externalProductId": "", "externalVariantId": "",
	"productNumber": "", "number": "", "imageUrl": "", "attributes": "",
}

func isService(from CatalogHTTP) bool { return from.URL != "" || len(from.URLs) > 0 }

// catalogWays counts the ways in which a catalogue is given.
func catalogWays(from Catalog) int {
	ways := 0
	if from.File != "" {
		ways++
	}
	if from.Inline != "" {
		ways++
	}
	if isService(from.HTTP) {
		ways++
	}
	return ways
}

// serviceFaults are the faults of a service that show without opening it.
func serviceFaults(from CatalogHTTP, at string) []string {
	faults := []string{}
	checks := [][2]string{{"timeout", from.Timeout}, {"fresh", from.Fresh}, {"stale", from.Stale}, {"absent", from.Absent}}
	for i := range checks {
		if fault := durationFault(at+"."+checks[i][0], checks[i][1], 0, true); fault != "" {
			faults = append(faults, fault)
		}
	}
	if from.Timeout != "" && (milliseconds(from.Timeout, 0) < 1 || milliseconds(from.Timeout, 0) > 30000) {
		faults = append(faults, fmt.Sprintf("%s.timeout: %q is not allowed; it must be from 1ms to 30s", at, from.Timeout))
	}
	if from.Preset != "" && from.Preset != "ucp" {
		faults = append(faults, fmt.Sprintf("%s.preset: %q is not allowed; it must be ucp or empty", at, from.Preset))
	}
	if from.PriceUnit != "" && from.PriceUnit != "major" && from.PriceUnit != "minor" {
		faults = append(faults, fmt.Sprintf("%s.priceUnit: %q is not allowed; it must be major or minor", at, from.PriceUnit))
	}
	if from.MaxBytes < 0 || from.MaxBytes > 64<<20 {
		faults = append(faults, fmt.Sprintf("%s.maxBytes: %d is not allowed; it must be from 0 to %d", at, from.MaxBytes, 64<<20))
	}
	if from.MaxItems != 0 && (from.MaxItems < 1000 || from.MaxItems > 10000000) {
		faults = append(faults, fmt.Sprintf("%s.maxItems: %d is not allowed; it must be from 1000 to 10000000, or 0", at, from.MaxItems))
	}
	return append(faults, headerFaults(from.Headers, at)...)
}

// openService opens a catalogue that is a service; at is the key of its configuration.
func openService(tenant Tenant, at string, log *slog.Logger) (*catalog.Catalog, []string) {
	from := tenant.Catalog.HTTP
	headers, faults := sentHeaders(from.Headers, from.SecretFile, from.SecretHeader, at)
	if from.Preset == "ucp" && headers["Ucp-Agent"] == "" {
		faults = append(faults, at+`.headers: the preset ucp needs UCP-Agent, such as profile="https://shop.example/.well-known/ucp"`)
	}
	opened, wrong := catalog.Open(catalog.Source{Service: serviceOf(from, headers), Currency: tenant.Currency, Logger: log})
	for i := range wrong {
		faults = append(faults, at+"."+wrong[i].Error())
	}
	return opened, faults
}

// serviceOf is a service in the words of the catalogue.
func serviceOf(from CatalogHTTP, headers map[string]string) *catalog.Service {
	client := identity.NewClient()
	fields := map[string]string{}
	made := &catalog.Service{
		URL: from.URL, URLs: from.URLs, Body: from.Body, Headers: headers, Items: from.Items, Variants: from.Variants, Fields: fields,
		Minor: from.PriceUnit == "minor", Timeout: milliseconds(from.Timeout, serviceTimeout), Fresh: milliseconds(from.Fresh, serviceFresh),
		Stale: milliseconds(from.Stale, serviceStale), Absent: milliseconds(from.Absent, serviceAbsent), MaxBytes: from.MaxBytes, MaxKept: from.MaxItems,
		Ask: func(request *http.Request, most int64) (int, []byte, error) {
			return identity.Ask(client, request, most)
		},
	}
	if from.Preset == "ucp" {
		made.Minor, made.RequestID = true, true
		made.Body = `{"ids":{ids}}`
		made.Items, made.Variants = "products", "variants"
		for name, path := range ucpFields {
			fields[name] = path
		}
	}
	for name, path := range from.Fields {
		for preset := range ucpFields {
			if strings.EqualFold(preset, name) {
				delete(fields, preset) // Traefik's providers may change the case of keys
			}
		}
		fields[name] = path
	}
	if made.MaxBytes == 0 {
		made.MaxBytes = serviceMaxBytes
	}
	if made.MaxKept == 0 {
		made.MaxKept = serviceMaxItems
	}
	return made
}

// needsPrices tells whether a command is only done at prices and stock that the service stands by now. Others go on with what
// it said last.
func needsPrices(command *cartcore.Command) bool {
	switch command.Verb {
	case cartcore.Read, cartcore.Remove, cartcore.Clear, cartcore.Close, cartcore.Unsubscribe:
		return false
	}
	return true
}

// soldFor answers the catalogue as far as a command on the caller's cart needs it.
func soldFor(d *desk, command *cartcore.Command, caller *cartcore.Caller, now int64) (*catalog.Snapshot, *cartcore.Error) {
	if !d.Engine.Asks {
		return catalog.Current(d.Catalogs[caller.Tenant], now), nil
	}
	return askedFor(d, command, caller, now)
}

// askedFor is soldFor where some tenant's catalogue is a service.
func askedFor(d *desk, command *cartcore.Command, caller *cartcore.Caller, now int64) (*catalog.Snapshot, *cartcore.Error) {
	sold := d.Catalogs[caller.Tenant]
	if !catalog.IsService(sold) {
		return catalog.Current(sold, now), nil
	}
	lines := []*cartcore.Line{}
	for _, key := range []cartcore.Key{caller.Key, caller.MergeKey} {
		if key.Owner == "" {
			continue
		}
		cart, err := store.GetCart(d.Carts, key)
		if err != nil {
			return nil, cartcore.Fail(cartcore.KindUnavailable, err)
		}
		if cart != nil {
			lines = append(lines, cart.Lines...)
		}
	}
	return catalog.For(sold, command.Asks, lines, needsPrices(command), now)
}

// ready asks a service for what a command needs before a cart is locked. It answers a refusal where the service has no answer,
// else nil. Who has no service need not call it.
func ready(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) *adapters.Answer {
	if _, problem := askedFor(d, call.Command, caller, now); problem != nil {
		return refused(d, call, problem)
	}
	return nil
}

// soldNow answers what a tenant's catalogue says of the items of lines, for work that nobody waits for.
func soldNow(h *herald, lines []*cartcore.Line, now int64) (*catalog.Snapshot, error) {
	sold, problem := catalog.For(h.Catalog, nil, lines, false, now)
	if problem != nil {
		return nil, problem.Cause
	}
	return sold, nil
}

// askForIdle asks a service for what an idle cart holds, before the cart is locked.
func askForIdle(o *outbox, h *herald, key cartcore.Key, now int64) {
	if !catalog.IsService(h.Catalog) {
		return
	}
	if cart, err := store.GetCart(o.Shared.Carts, key); err == nil && cart != nil {
		_, _ = soldNow(h, cart.Lines, now) // what is wrong shows under the lock
	}
}
