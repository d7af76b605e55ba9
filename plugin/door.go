package plugin

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// desk is where the requests of one route are served. What every request takes is at hand here, since the interpreter pays
// for each step of the way to it (docs/interpreter.md: what a call costs).
type desk struct {
	Engine   *engine
	Adapter  *adapters.Adapter
	Route    *adapters.Route
	Name     string // the dialect's
	Number   string // the desk's own among those of its engine, for names of prepared answers
	Reads    bool
	Options  map[string]string
	Limits   *cartcore.Limits
	Body     adapters.Body
	Decode   func(call *adapters.Call) *cartcore.Error
	Encode   func(call *adapters.Call, seen *adapters.Seen) *adapters.Answer
	Who      *identity.Directory
	Catalogs map[string]*catalog.Catalog // by tenant id
	Carts    *store.Carts
	Locks    []*sync.Mutex
	Familiar *familiar // reads that were asked lately; nil: the desk writes, callers are limited, or a header names them
	Backend  *backend  // nil: carts are kept here alone
	Luck     *luck     // of guesses that a cart is known; nil: others do not write the carts, or a cart service has a say
}

// newDesk makes the desk of the i-th route of a dialect ready.
func newDesk(e *engine, adapter *adapters.Adapter, i int, options map[string]string) *desk {
	route := &adapter.Routes[i]
	d := &desk{
		Engine: e, Adapter: adapter, Route: route, Name: adapter.Name, Number: adapter.Name + strconv.Itoa(i),
		Reads: strings.HasPrefix(route.Pattern, http.MethodGet+" "), Options: options, Limits: &e.Limits,
		Body: route.Body, Decode: route.Decode, Encode: route.Encode,
		Who: e.Directory, Catalogs: e.Catalogs, Carts: e.Shared.Carts, Locks: e.Shared.Locks,
	}
	if d.Reads && d.Body == adapters.NoBody && e.Rates == nil && identity.Settles(e.Directory) {
		d.Familiar = e.Familiar
	}
	return d
}

// New makes the handler of one router. A path that no dialect owns goes to next untouched.
// The error names every fault of the configuration; Traefik then drops the router.
func New(ctx context.Context, next http.Handler, config *Config, name string) (http.Handler, error) {
	log := newLog(config.Log.Level, name)
	e, err := obtain(ctx, config, log)
	if err != nil {
		return nil, fmt.Errorf("polycart: middleware %s: %w", name, err)
	}
	mux, err := routes(e, config, next)
	if err != nil {
		return nil, fmt.Errorf("polycart: middleware %s: %w", name, err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// ServeMux answers an unclean path with a redirect; such a path is none of ours.
		if path := r.URL.Path; strings.Contains(path, "//") || strings.Contains(path, "/.") {
			next.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}), nil
}

// routes lays every dialect's route table into one ServeMux.
func routes(e *engine, config *Config, next http.Handler) (mux *http.ServeMux, err error) {
	// Two dialects whose prefixes and hosts make their paths meet are a fault of the configuration, which ServeMux tells by a panic.
	defer func() {
		if fault := recover(); fault != nil {
			mux = nil // not one of a pair (docs/interpreter.md: assignments of several values)
			err = fmt.Errorf("dialects: two dialects share a path; give one a prefix or hosts: %v", fault)
		}
	}()
	mux = http.NewServeMux()
	mux.Handle("/", next)
	behind := newBackend(e, config, next)
	all := adapters.All()
	for i := range all {
		shapeAdapter(all[i], config)
		addDialect(mux, e, all[i], dialectNamed(config, all[i].Name), next, behind)
	}
	return mux, nil
}

func addDialect(mux *http.ServeMux, e *engine, adapter *adapters.Adapter, dialect Dialect, next http.Handler, behind *backend) {
	if dialect.Disabled {
		return
	}
	options := map[string]string{}
	for i := range adapter.Options {
		options[adapter.Options[i].Name] = adapter.Options[i].Default
	}
	for name, value := range dialect.Options {
		if option, found := optionNamed(adapter, name); found {
			options[option.Name] = value
		}
	}
	hosts := dialect.Hosts
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	for i := range adapter.Routes {
		method, path, _ := strings.Cut(adapter.Routes[i].Pattern, " ")
		d := newDesk(e, adapter, i, options)
		d.Backend = behind
		if behind == nil && store.AreShared(d.Carts) {
			d.Luck = e.Shared.Luck
		}
		for j := range hosts {
			at := method + " " + strings.ToLower(hosts[j]) + dialect.Prefix
			mux.Handle(at+path, deskHandler(d))
			// Without its slash the path is not ours, and ServeMux would redirect it instead of passing it on.
			if bare, cut := strings.CutSuffix(path, "/{$}"); cut {
				mux.Handle(at+bare, next)
			}
		}
	}
}

// deskHandler makes the handler of one desk. It stands alone because closures made in a loop share the loop's variable in
// the interpreter (docs/interpreter.md: loop variables).
func deskHandler(d *desk) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(d, w, r) })
}

// dialectNamed finds a dialect's configuration; Traefik's providers may change the case of keys.
func dialectNamed(config *Config, name string) Dialect {
	for key, dialect := range config.Dialects {
		if strings.EqualFold(key, name) {
			return dialect
		}
	}
	return Dialect{}
}
