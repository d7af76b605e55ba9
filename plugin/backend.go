package plugin

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
)

// backend is a cart service behind the router, as the requests of one router reach it. Of a configuration without one there is
// nil, and no request pays for it.
type backend struct {
	Next      http.Handler // Traefik's service of the router, with what stands before it
	Path      string       // before the paths of the protocol
	ItemID    string       // what the service calls an item by; empty is the default
	Headers   http.Header
	Timeout   time.Duration
	LookAgain int64 // milliseconds
	MaxBytes  int   // of an answer
	Seen      *seenCarts
	Tracer    string // the first 24 characters of each Request-Id
	Sent      *int64 // requests, from firstSent
}

// firstSent has twelve hexadecimal digits, as all numbers of requests after it that anybody lives to see.
const firstSent = 1 << 44

// itemIDs are the identifiers of the catalogue that a service may have for its items: those that no two items share.
var itemIDs = []string{"sku", "variantId"}

// ownHeaders are those that a request to a cart service has anyway: with what the configuration says in place of ours it would be
// another request, and with ours in place of that the configuration would count for nothing.
var ownHeaders = []string{"Ucp-Agent", "Request-Id", "Idempotency-Key", "If-Match", "Content-Type", "Accept", "Accept-Encoding", "User-Agent"}

// profileText is what can stand between quotes in UCP-Agent (RFC 8941 §3.3.3) and needs no escaping there.
var profileText = regexp.MustCompile(`^[!#-\[\]-~]+$`)

// backendFaults are the faults of a backend that show without opening it.
func backendFaults(config *Config) []string {
	from := config.Backend
	if from.Kind == "" {
		return unusedBackend(from)
	}
	faults := []string{}
	if from.Kind != "ucp" {
		faults = append(faults, fmt.Sprintf("backend.kind: %q is not allowed; it must be ucp or empty", from.Kind))
	}
	profile, err := url.Parse(from.Profile)
	if err != nil || profile.Scheme != "https" || profile.Hostname() == "" || !profileText.MatchString(from.Profile) {
		faults = append(faults, fmt.Sprintf("backend.profile: %q is not allowed; it must be an https URL such as https://shop.example/.well-known/ucp", from.Profile))
	}
	if from.Path != "" && !prefixForm.MatchString(from.Path) {
		faults = append(faults, fmt.Sprintf("backend.path: %q is not allowed; it must be a path such as /ucp, without a slash at the end", from.Path))
	}
	if from.ItemID != "" {
		if fault := choiceFault("backend.itemId", from.ItemID, itemIDs); fault != "" {
			faults = append(faults, fault)
		}
	}
	for _, reserved := range ownHeaders {
		for name := range from.Headers {
			if http.CanonicalHeaderKey(name) == reserved {
				faults = append(faults, fmt.Sprintf("backend.headers.%s: it is not allowed; the plugin sends this header itself", name))
			}
		}
		if http.CanonicalHeaderKey(from.SecretHeader) == reserved {
			faults = append(faults, fmt.Sprintf("backend.secretHeader: %q is not allowed; the plugin sends this header itself", from.SecretHeader))
		}
	}
	faults = append(faults, headerFaults(from.Headers, "backend")...)
	if from.Timeout == "" || milliseconds(from.Timeout, 0) < 1 || milliseconds(from.Timeout, 0) > 30000 {
		faults = append(faults, fmt.Sprintf("backend.timeout: %q is not allowed; it must be from 1ms to 30s", from.Timeout))
	}
	if fault := durationFault("backend.lookAgain", from.LookAgain, 0, false); fault != "" {
		faults = append(faults, fault)
	}
	if from.MaxBytes < 1024 || from.MaxBytes > 64<<20 {
		faults = append(faults, fmt.Sprintf("backend.maxBytes: %d is not allowed; it must be from 1024 to %d", from.MaxBytes, 64<<20))
	}
	return faults
}

// unusedBackend finds settings of a backend that has no kind: whoever wrote them believes that there is one.
func unusedBackend(from Backend) []string {
	if from.Profile == "" && from.Path == "" && from.ItemID == "" && len(from.Headers) == 0 && from.SecretFile == "" && from.SecretHeader == "" {
		return nil
	}
	return []string{`backend.kind: it is empty, and so the other settings count for nothing; it must be ucp`}
}

// backendHeaders are the headers that every request to the backend has.
func backendHeaders(from Backend) (headers http.Header, faults []string) {
	sent, faults := sentHeaders(from.Headers, from.SecretFile, from.SecretHeader, "backend")
	headers = http.Header{}
	for name, value := range sent {
		headers[name] = []string{value}
	}
	headers["Ucp-Agent"] = []string{`profile="` + from.Profile + `"`}
	headers["Accept"] = jsonMedia
	headers["Accept-Encoding"] = []string{"identity"} // nobody before us unpacks what comes back
	headers["User-Agent"] = []string{"Polycart"}
	return headers, faults
}

// newBackend is the backend of a router; nil where the configuration has none.
func newBackend(e *engine, config *Config, next http.Handler) *backend {
	from := config.Backend
	if from.Kind == "" {
		return nil
	}
	sent := new(int64)
	*sent = firstSent
	return &backend{
		Next: next, Path: from.Path, ItemID: from.ItemID, Headers: e.BackendHeaders, Timeout: time.Duration(milliseconds(from.Timeout, 0)) * time.Millisecond,
		LookAgain: milliseconds(from.LookAgain, 0), MaxBytes: int(from.MaxBytes), Seen: e.SeenCarts,
		Tracer: cartcore.UUID(identity.Entropy())[:24], Sent: sent,
	}
}
