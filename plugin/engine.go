package plugin

import (
	"log/slog"
	"net/http"
	"strconv"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
)

// engine is a configuration made ready: who the tenants are, what they sell, where their carts are.
type engine struct {
	Key       string // in the registry
	Users     int    // handlers in use; guarded by registryLock
	Directory *identity.Directory
	Catalogs  map[string]*catalog.Catalog // by tenant id
	Asks      bool                        // some of them are services, which must be asked for what a request needs
	Shared    *sharedCarts
	Answers   *preparedAnswers
	Familiar  *familiar
	Heralds   map[string]*herald // by tenant id; nil where no tenant has a webhook
	Limits    cartcore.Limits
	MaxBody   int64
	Checkout  int64  // milliseconds for which a checkout holds a cart
	Rates     *rates // nil: callers are not limited
	Log       *slog.Logger

	BackendHeaders http.Header // sent with every request to the cart service behind the router
	SeenCarts      *seenCarts  // as that service has them
}

// prepare opens what a configuration names, but for the store. It answers every fault it finds, and an engine only where
// there is none.
func prepare(config *Config, log *slog.Logger) (*engine, []string) {
	faults := settingFaults(config)
	directory, wrong := identity.Open(identityTenants(config), log)
	for i := range wrong {
		faults = append(faults, wrong[i].Error())
	}
	e := &engine{
		Directory: directory, Catalogs: map[string]*catalog.Catalog{}, Answers: newPreparedAnswers(config.Cache.AnswerBytes), Familiar: &familiar{reads: map[string]*familiarRead{}}, MaxBody: config.Limits.MaxBodyBytes, Checkout: milliseconds(config.Limits.CheckoutLock, 0), Rates: ratesOf(config), Log: log,
		Limits: cartcore.Limits{
			MaxLines: config.Limits.MaxLines, MaxUnits: config.Limits.MaxUnits, MaxQuantityPerLine: config.Limits.MaxQuantityPerLine,
		},
	}
	for i := range config.Tenants {
		opened, wrong := openCatalog(config.Tenants[i], "tenants["+strconv.Itoa(i)+"].catalog", log)
		faults = append(faults, wrong...)
		e.Catalogs[config.Tenants[i].ID] = opened
		e.Asks = e.Asks || isService(config.Tenants[i].Catalog.HTTP)
	}
	headers, wrongHeaders := backendHeaders(config.Backend)
	faults = append(faults, wrongHeaders...)
	e.BackendHeaders = headers
	e.SeenCarts = newSeenCarts(config.Cache.AnswerBytes)
	heralds, wrongHooks := heraldsOf(config, e.Catalogs)
	faults = append(faults, wrongHooks...)
	e.Heralds = heralds
	if len(faults) > 0 {
		if directory != nil {
			closeEngine(e)
		}
		return nil, faults
	}
	return e, nil
}

// openCatalog opens a tenant's catalogue; at is the key of its configuration.
func openCatalog(tenant Tenant, at string, log *slog.Logger) (*catalog.Catalog, []string) {
	if catalogWays(tenant.Catalog) != 1 {
		return nil, nil // settingFaults says so
	}
	if isService(tenant.Catalog.HTTP) {
		return openService(tenant, at+".http", log)
	}
	key := at + ".file"
	if tenant.Catalog.File == "" {
		key = at + ".inline"
	}
	opened, wrong := catalog.Open(catalogSource(tenant, log))
	faults := []string{}
	for i := range wrong {
		faults = append(faults, key+": "+wrong[i].Error())
	}
	return opened, faults
}

func closeEngine(e *engine) {
	identity.Close(e.Directory)
	for _, opened := range e.Catalogs {
		catalog.Close(opened)
	}
}
