package identity

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/polycart/polycart/cartcore"
)

// The forms of configured values. A tenant id becomes part of store keys, so it holds no slash.
var (
	idForm       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
	nameForm     = regexp.MustCompile(`^[^\x00-\x20\x7f/]{1,255}$`)
	hashForm     = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	headerForm   = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$") // a token, RFC 9110 §5.6.2
)

// emptyHash is the SHA-256 of nothing. A key of that hash would be a key that nobody has to know.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// addTenant makes config ready and adds it to d; field is its place in the configuration.
func addTenant(d *Directory, field string, config Tenant) []error {
	faults := []error{}
	t := &tenant{ID: config.ID, Currency: config.Currency, Config: config}
	if !idForm.MatchString(config.ID) {
		faults = append(faults, fmt.Errorf("%s.id is %q; allowed are 1 to 64 letters, digits, dots, underscores and hyphens, the first a letter or digit", field, config.ID))
	} else if d.byID[config.ID] != nil {
		faults = append(faults, fmt.Errorf("%s.id is %q, which an earlier tenant has; every id must differ", field, config.ID))
	} else {
		d.byID[config.ID] = t
	}
	if !currencyForm.MatchString(config.Currency) {
		faults = append(faults, fmt.Errorf("%s.currency is %q; allowed are the three upper-case letters of ISO 4217, such as EUR", field, config.Currency))
	}
	faults = append(faults, claimNames(d, t, cartcore.TenantByDomain, field+".domains", config.Domains)...)
	faults = append(faults, claimNames(d, t, cartcore.TenantByStore, field+".stores", config.Stores)...)
	faults = append(faults, claimNames(d, t, cartcore.TenantByAccount, field+".accounts", config.Accounts)...)
	faults = append(faults, claimNames(d, t, cartcore.TenantByHost, field+".hosts", config.Hosts)...)
	for i := range config.APIKeys {
		faults = append(faults, claimAPIKey(d, t, fmt.Sprintf("%s.apiKeys[%d]", field, i), config.APIKeys[i])...)
	}
	var more []error
	t.Tokens, more = openTokens(field+".customers", config.ID, config.Customers)
	faults = append(faults, more...)
	if config.Customers.Header != "" {
		if !headerForm.MatchString(config.Customers.Header) {
			faults = append(faults, fmt.Errorf("%s.customers.header is %q; allowed is the name of a header, up to 64 characters", field, config.Customers.Header))
		}
		t.Header = http.CanonicalHeaderKey(config.Customers.Header)
		d.trusting = true
	}
	t.Sessions, more = openSessions(field+".sessions", config.Sessions)
	faults = append(faults, more...)
	return faults
}

// claimNames gives names of one sort to t.
func claimNames(d *Directory, t *tenant, by cartcore.TenantBy, field string, names []string) []error {
	faults := []error{}
	for i := range names {
		name := names[i]
		if !nameForm.MatchString(name) {
			faults = append(faults, fmt.Errorf("%s[%d] is %q; allowed are 1 to 255 characters without blanks, control characters and slashes", field, i, name))
			continue
		}
		if by == cartcore.TenantByHost && hostName(name) != name {
			faults = append(faults, fmt.Errorf("%s[%d] is %q; allowed is a host name in lower case, without port and brackets: %q", field, i, name, hostName(name)))
			continue
		}
		if other := d.byName[by][name]; other != nil && other != t {
			faults = append(faults, fmt.Errorf("%s[%d] is %q, which tenant %q has; every name must be one tenant's alone", field, i, name, other.ID))
			continue
		}
		d.byName[by][name] = t
	}
	return faults
}

// claimAPIKey gives an API key to t. A value of the wrong form may be the key itself, so no fault shows it.
func claimAPIKey(d *Directory, t *tenant, field string, key APIKey) []error {
	faults := []error{}
	hash := strings.ToLower(key.SHA256)
	if !hashForm.MatchString(hash) {
		faults = append(faults, fmt.Errorf("%s.sha256 has %d characters; allowed is the SHA-256 of the key, 64 hexadecimal digits", field, len(key.SHA256)))
	} else if hash == emptyHash {
		faults = append(faults, fmt.Errorf("%s.sha256 is %s…, the SHA-256 of an empty key; a key must not be empty", field, hash[:8]))
	} else if other := d.byAPIKey[hash]; other != nil && other != t {
		faults = append(faults, fmt.Errorf("%s.sha256 is %s…, which tenant %q has; every key must be one tenant's alone", field, hash[:8], other.ID))
	} else {
		// A key that is listed as public too is no secret.
		d.secret[hash] = key.Kind == "secret" && (other == nil || d.secret[hash])
		d.byAPIKey[hash] = t
	}
	if key.Kind != "public" && key.Kind != "secret" {
		faults = append(faults, fmt.Errorf("%s.kind is %q; allowed are public and secret", field, key.Kind))
	}
	return faults
}

// hostName is a host as configured tenants name it: lower case, without port, brackets and the root's dot.
func hostName(host string) string {
	host = strings.ToLower(host)
	if strings.HasPrefix(host, "[") {
		if end := strings.IndexByte(host, ']'); end > 0 {
			return host[1:end]
		}
		return host
	}
	if strings.Count(host, ":") == 1 {
		host = host[:strings.IndexByte(host, ':')]
	}
	return strings.TrimSuffix(host, ".")
}

// readURL reads an absolute http or https URL. The fault shows neither user, password nor query: they may be secret.
func readURL(field, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read as a URL; allowed is an absolute http or https URL", field)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Opaque != "" {
		return nil, fmt.Errorf("%s is %q; allowed is an absolute http or https URL", field, shownURL(u))
	}
	if u.User != nil {
		return nil, fmt.Errorf("%s is %q with a user name or password; allowed is a URL without them", field, shownURL(u))
	}
	return u, nil
}

// shownURL is as much of a URL as a log may have.
func shownURL(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return shown.String()
}

// boundedMillis reads a number of milliseconds: 0 stands for usual, and up to most is allowed.
func boundedMillis(field string, given int64, usual, most time.Duration) (time.Duration, error) {
	if given < 0 || given > int64(most/time.Millisecond) {
		return usual, fmt.Errorf("%s is %d; allowed are 0 (%s) and 1 to %d milliseconds", field, given, usual, int64(most/time.Millisecond))
	}
	if given == 0 {
		return usual, nil
	}
	return time.Duration(given) * time.Millisecond, nil
}
