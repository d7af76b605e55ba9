package identity

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/polycart/polycart/cartcore"
)

// Directory is the configured tenants, ready to resolve requests. It is safe for many goroutines.
type Directory struct {
	byID     map[string]*tenant
	byName   map[cartcore.TenantBy]map[string]*tenant // domains, stores, accounts and hosts
	byAPIKey map[string]*tenant                       // by the lower-case hexadecimal SHA-256 of the key
	secret   map[string]bool                          // the keys of byAPIKey that only servers have

	recent   *recentCallers
	trusting bool // a tenant trusts a header

	client *http.Client
	log    *slog.Logger
	ctx    context.Context // of everything that asks over the network
	stop   context.CancelFunc

	mu     sync.Mutex // guards closed, and adding to aside
	closed bool
	aside  sync.WaitGroup // fetches that no request waits for
}

// tenant is a Tenant made ready.
type tenant struct {
	ID       string
	Currency string
	Config   Tenant
	Header   string        // canonical name of the trusted header; empty: none
	Tokens   *tokenCheck   // nil: no token verifies
	Sessions *sessionCheck // nil: sessions are not checked
}

// Open makes a directory of tenants. It answers every fault it finds, each naming the field, the value and what is
// allowed; with any fault there is no directory. log may be nil. Secret and key files are read here, key sets and
// sessions are fetched when they are first needed. Close ends the directory.
func Open(tenants []Tenant, log *slog.Logger) (*Directory, []error) {
	if log == nil {
		log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	}
	ctx, stop := context.WithCancel(context.Background())
	d := &Directory{
		byID:     map[string]*tenant{},
		byName:   map[cartcore.TenantBy]map[string]*tenant{},
		byAPIKey: map[string]*tenant{},
		secret:   map[string]bool{},
		client:   NewClient(),
		log:      log,
		recent:   &recentCallers{found: map[string]*recentCaller{}},
		ctx:      ctx,
		stop:     stop,
	}
	for _, by := range []cartcore.TenantBy{cartcore.TenantByDomain, cartcore.TenantByStore, cartcore.TenantByAccount, cartcore.TenantByHost} {
		d.byName[by] = map[string]*tenant{}
	}
	faults := []error{}
	if len(tenants) == 0 {
		faults = append(faults, fmt.Errorf("tenants is empty; at least one tenant is needed"))
	}
	for i := range tenants {
		faults = append(faults, addTenant(d, fmt.Sprintf("tenants[%d]", i), tenants[i])...)
	}
	if len(faults) > 0 {
		stop()
		return nil, faults
	}
	return d, nil
}

// Close stops every fetch under way and waits for those that run aside. A closed directory still resolves whatever
// needs no network.
func Close(d *Directory) {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.stop()
	d.aside.Wait()
	d.client.CloseIdleConnections()
}

// CurrencyOf answers the currency of the tenant id, empty where there is no such tenant.
func CurrencyOf(d *Directory, id string) string {
	t := d.byID[id]
	if t == nil {
		return ""
	}
	return t.Currency
}

// TenantOf answers the tenant id as it was configured, and whether there is one.
func TenantOf(d *Directory, id string) (Tenant, bool) {
	t := d.byID[id]
	if t == nil {
		return Tenant{}, false
	}
	return t.Config, true
}

// runAside runs work in a goroutine that Close waits for, and answers false where the directory is closed.
// A panic there would end the whole Traefik process, so it ends here.
func runAside(d *Directory, what string, work func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.aside.Add(1)
	go func() {
		defer d.aside.Done()
		defer func() {
			if r := recover(); r != nil {
				d.log.Error(what+" panicked", "panic", fmt.Sprint(r))
			}
		}()
		work()
	}()
	return true
}
