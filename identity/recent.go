package identity

import (
	"net/http"
	"strings"
	"sync"

	"github.com/polycart/polycart/cartcore"
)

// recentLife is how long, in milliseconds, what Resolve found is taken again without asking: as long as between two looks
// at a key file, so that a changed key is in force within two seconds.
const recentLife = fileEvery

// recentMost bounds the callers found lately: 4096 entries of some 500 bytes stay under 2 MB. Past it they are all dropped,
// which costs each one more look into the memory of its tenant.
const recentMost = 4096

// recentCallers are the callers found lately by the credentials they showed.
type recentCallers struct {
	mu    sync.Mutex
	found map[string]*recentCaller
}

// recentCaller is a caller that was found, for one need.
type recentCaller struct {
	Caller *cartcore.Caller // until its Settled
	Need   cartcore.Need
}

// Resolve finds out who asks. header is the request's, for the trusted header; now is Unix milliseconds. Nobody may change
// the caller: it is shared by requests that show the same.
//
// A caller without an owner in its key is a guest who showed no token (for cartcore.NeedAnyone), or a store's key and
// nobody in person (for cartcore.NeedStoreKey, and for cartcore.NeedSecretKey where no customer is named). Whether a guest token is known is not asked here: the store knows.
//
// The error's kind is KindTenantUnknown, KindAPIKey, KindForbidden, KindUnauthenticated, KindBadToken,
// KindSessionMissing, KindSessionUnknown, KindCartUnknown, or KindUnavailable where a key set or the session lookup
// does not answer. Its cause is for the log and holds no token.
func Resolve(d *Directory, dialect string, creds *cartcore.Credentials, header http.Header, now int64) (*cartcore.Caller, *cartcore.Error) {
	if creds.Customer != "" {
		return customerNamed(d, creds)
	}
	shown := strings.Join([]string{dialect, creds.Tenant, creds.APIKey, creds.Token, creds.Guest}, "\n")
	recent := d.recent
	recent.mu.Lock()
	hit := recent.found[shown]
	recent.mu.Unlock()
	if hit != nil && now < hit.Caller.Settled && creds.Need == hit.Need {
		return hit.Caller, nil
	}
	return resolveAnew(d, dialect, creds, header, now, shown)
}

// Settles tells whether Resolve ever answers callers with a Settled: not where a tenant has a trusted header.
func Settles(d *Directory) bool { return !d.trusting }

// resolveAnew finds out who asks and notes it. A trusted header is no part of what is noted, so where a tenant has one
// nothing is.
func resolveAnew(d *Directory, dialect string, creds *cartcore.Credentials, header http.Header, now int64, shown string) (*cartcore.Caller, *cartcore.Error) {
	caller, err := resolve(d, dialect, *creds, header, now)
	if err != nil {
		return nil, err
	}
	caller.Shown = shown
	if d.trusting {
		return &caller, nil
	}
	until := now + recentLife
	if caller.Until > 0 && caller.Until < until {
		until = caller.Until
	}
	caller.Settled = until
	d.recent.mu.Lock()
	defer d.recent.mu.Unlock()
	if len(d.recent.found) >= recentMost {
		d.recent.found = map[string]*recentCaller{}
	}
	d.recent.found[shown] = &recentCaller{Caller: &caller, Need: creds.Need}
	return &caller, nil
}
