package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/polycart/polycart/cartcore"
)

// resolve finds out who asks, as Resolve does, without looking at what it found lately.
func resolve(d *Directory, dialect string, creds cartcore.Credentials, header http.Header, now int64) (cartcore.Caller, *cartcore.Error) {
	t, err := tenantFor(d, &creds)
	if err != nil {
		return cartcore.Caller{}, err
	}
	if creds.Need == cartcore.NeedSecretKey && !secretKey(d, creds.APIKey) {
		return cartcore.Caller{}, cartcore.Refuse(cartcore.KindAPIKey)
	}
	if creds.Need >= cartcore.NeedStoreKey {
		return cartcore.Caller{Tenant: t.ID, Key: cartcore.Key{Tenant: t.ID}}, nil
	}
	if creds.Token == "" && t.Header == "" && !creds.Session {
		return guestFor(t, dialect, &creds)
	}
	return personFor(d, t, dialect, &creds, header, now)
}

// The interpreter makes every variable and every part of an expression of a function anew at each call, used or not
// (docs/interpreter.md: what a call costs). So what most requests take is in small functions, and what few take in others.

// tenantFor finds the tenant that a request names.
func tenantFor(d *Directory, creds *cartcore.Credentials) (*tenant, *cartcore.Error) {
	if creds.APIKey != "" || creds.TenantBy == cartcore.TenantByAPIKey || creds.Need >= cartcore.NeedStoreKey {
		return tenantWithKey(d, creds)
	}
	return tenantNamed(d, creds)
}

// tenantNamed finds the tenant by name.
func tenantNamed(d *Directory, creds *cartcore.Credentials) (*tenant, *cartcore.Error) {
	t := d.byName[creds.TenantBy][creds.Tenant]
	if t == nil && creds.TenantBy == cartcore.TenantByHost {
		t = d.byName[cartcore.TenantByHost][hostName(creds.Tenant)]
	}
	if t == nil {
		return nil, cartcore.Refuse(cartcore.KindTenantUnknown)
	}
	return t, nil
}

// tenantWithKey finds the tenant by its API key, or by name and checks the key.
func tenantWithKey(d *Directory, creds *cartcore.Credentials) (*tenant, *cartcore.Error) {
	keyHolder := apiKeyHolder(d, creds.APIKey)
	if creds.TenantBy == cartcore.TenantByAPIKey {
		if keyHolder == nil {
			return nil, cartcore.Refuse(cartcore.KindAPIKey)
		}
		return keyHolder, nil
	}
	t, err := tenantNamed(d, creds)
	if err != nil {
		return nil, err
	}
	if creds.Need >= cartcore.NeedStoreKey && keyHolder == nil {
		return nil, cartcore.Refuse(cartcore.KindAPIKey)
	}
	if keyHolder != t {
		return nil, cartcore.Refuse(cartcore.KindForbidden)
	}
	return t, nil
}

// maxAPIKey bounds an API key, in bytes, so that a long header is not hashed.
const maxAPIKey = 1024

// apiKeyHolder answers whose the API key is, nil where nobody's. It is looked up by its hash: how long that takes
// tells something of the hash and nothing of the key, so the comparison needs no constant time.
func apiKeyHolder(d *Directory, key string) *tenant {
	if key == "" || len(key) > maxAPIKey {
		return nil
	}
	sum := sha256.Sum256([]byte(key))
	return d.byAPIKey[hex.EncodeToString(sum[:])]
}

// personFor finds out who asks where a request may show more than a guest token.
func personFor(d *Directory, t *tenant, dialect string, creds *cartcore.Credentials, header http.Header, now int64) (cartcore.Caller, *cartcore.Error) {
	who, err := customerFor(d, t, creds, header, now)
	if err != nil {
		return cartcore.Caller{}, err
	}
	if who.Customer == "" {
		return sessionFor(d, t, dialect, creds, now)
	}
	caller := asCustomer(t, who)
	if creds.Guest != "" {
		caller.MergeKey = guestBeside(t, dialect, creds)
	}
	return caller, nil
}

// guestBeside is the key of the guest's cart that a customer brings along; none where the guest token is no guest's.
func guestBeside(t *tenant, dialect string, creds *cartcore.Credentials) cartcore.Key {
	if creds.Need == cartcore.NeedSession || creds.Guest == creds.Token || !guestFits(creds.Guest) {
		return cartcore.Key{}
	}
	return cartcore.Key{Tenant: t.ID, Owner: cartcore.GuestOwner(dialect, creds.Guest)}
}

// customerFor finds the customer by the trusted header or the token; no Customer where neither is shown.
func customerFor(d *Directory, t *tenant, creds *cartcore.Credentials, header http.Header, now int64) (remembered, *cartcore.Error) {
	if t.Header != "" {
		who, shown, err := customerInHeader(t.Header, header)
		if shown {
			return who, err
		}
	}
	if creds.Token == "" {
		return remembered{}, nil
	}
	return checkToken(d, t.Tokens, creds.Token, now)
}

// customerInHeader reads the customer id from the trusted header; shown is false where there is none.
func customerInHeader(name string, header http.Header) (who remembered, shown bool, refused *cartcore.Error) {
	values := header.Values(name)
	if len(values) == 0 || (len(values) == 1 && values[0] == "") {
		return remembered{}, false, nil
	}
	if len(values) > 1 {
		return remembered{}, true, cartcore.Fail(cartcore.KindBadToken, fmt.Errorf("header %s is there %d times; once is allowed", name, len(values)))
	}
	if err := customerFits(values[0]); err != nil {
		return remembered{}, true, cartcore.Fail(cartcore.KindBadToken, fmt.Errorf("reading header %s: %w", name, err))
	}
	return remembered{Customer: values[0], PhoneVerified: true}, true, nil
}

// sessionFor finds out whose a session is: it may itself be a customer's token, and the shop may know it. A guest token
// that is no session is the guest's.
func sessionFor(d *Directory, t *tenant, dialect string, creds *cartcore.Credentials, now int64) (cartcore.Caller, *cartcore.Error) {
	if !creds.Session {
		return guestFor(t, dialect, creds)
	}
	if t.Tokens != nil && strings.Count(creds.Guest, ".") == 2 {
		who, err := customerInSession(d, t, creds, now)
		if err != nil {
			return cartcore.Caller{}, err
		}
		if who.Customer != "" {
			return asCustomer(t, who), nil
		}
	}
	if t.Sessions == nil || !guestFits(creds.Guest) || creds.Need == cartcore.NeedCustomer {
		return guestFor(t, dialect, creds)
	}
	who, err := lookUpSession(d, t.Sessions, creds.Guest, now)
	if err != nil {
		return cartcore.Caller{}, err
	}
	if who.Customer != "" {
		return asCustomer(t, who), nil
	}
	// Where anyone is welcome the shop need not know the session: it may be one that we made.
	if who.Unknown && creds.Need != cartcore.NeedAnyone {
		return cartcore.Caller{}, cartcore.Refuse(cartcore.KindSessionUnknown)
	}
	caller, err := guestFor(t, dialect, creds)
	caller.Vouched = !who.Unknown
	caller.Until = who.Until
	return caller, err
}

// customerInSession finds the customer whose token the session itself is; no Customer where it is none.
func customerInSession(d *Directory, t *tenant, creds *cartcore.Credentials, now int64) (remembered, *cartcore.Error) {
	who, err := checkToken(d, t.Tokens, creds.Guest, now)
	if err == nil || err.Kind != cartcore.KindBadToken {
		return who, err
	}
	// The shop's own sessions may hold two dots, or be tokens that only the lookup can judge.
	if t.Sessions != nil || !headerReads(creds.Guest) {
		return remembered{}, nil
	}
	return remembered{}, err
}

// guestFor is the caller as a guest, where the request's need leaves it at that.
func guestFor(t *tenant, dialect string, creds *cartcore.Credentials) (cartcore.Caller, *cartcore.Error) {
	if creds.Need != cartcore.NeedCustomer && guestFits(creds.Guest) {
		return *WithGuest(&cartcore.Caller{Tenant: t.ID}, dialect, creds.Guest, false), nil
	}
	return nobodyFor(t, creds)
}

// nobodyFor answers a request that shows nothing that would do for its need.
func nobodyFor(t *tenant, creds *cartcore.Credentials) (cartcore.Caller, *cartcore.Error) {
	if creds.Need == cartcore.NeedCustomer {
		return cartcore.Caller{}, cartcore.Refuse(cartcore.KindUnauthenticated)
	}
	if creds.Need == cartcore.NeedCart {
		return cartcore.Caller{}, cartcore.Refuse(cartcore.KindCartUnknown)
	}
	if creds.Need == cartcore.NeedSession && creds.Guest == "" {
		return cartcore.Caller{}, cartcore.Refuse(cartcore.KindSessionMissing)
	}
	if creds.Need == cartcore.NeedSession {
		return cartcore.Caller{}, cartcore.Refuse(cartcore.KindSessionUnknown)
	}
	return cartcore.Caller{Tenant: t.ID, Key: cartcore.Key{Tenant: t.ID}}, nil
}

// asCustomer is the caller who is a customer of t.
func asCustomer(t *tenant, who remembered) cartcore.Caller {
	return cartcore.Caller{
		Tenant:        t.ID,
		Key:           cartcore.Key{Tenant: t.ID, Owner: cartcore.CustomerOwner(who.Customer)},
		Customer:      who.Customer,
		PhoneVerified: who.PhoneVerified,
		Until:         who.Until,
	}
}

// controls are the characters that no customer id has.
const controls = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"

// maxCustomer bounds a customer id, in bytes, which becomes part of a store key; sub has no bound in RFC 7519, but
// OpenID Connect Core §2 sets 255.
const maxCustomer = 255

// The reasons why text is no customer id. They do not show it.
var (
	errCustomerLength     = errors.New("the customer id is empty or longer than 255 bytes")
	errCustomerCharacters = errors.New("the customer id has control characters or is not UTF-8")
)

// customerFits says why text cannot be a customer id. A replacement character stands for whatever was not UTF-8:
// two customers could share it.
func customerFits(text string) error {
	if text == "" || len(text) > maxCustomer {
		return errCustomerLength
	}
	if !utf8.ValidString(text) || strings.ContainsAny(text, controls) || strings.Contains(text, "\uFFFD") {
		return errCustomerCharacters
	}
	return nil
}
