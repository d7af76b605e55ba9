// Package identity finds out who asks, and for which tenant: it turns the cartcore.Credentials that an adapter read off
// a request into a cartcore.Caller. It knows no dialect: what differs between dialects arrives in the credentials.
package identity

// Tenant is one shop as it is configured. Within a directory no name, host or API key belongs to two tenants.
type Tenant struct {
	ID        string   // 1 to 64 letters, digits, dots, underscores or hyphens, the first a letter or digit
	Currency  string   // ISO 4217, three upper-case letters
	Domains   []string // names in a path; compared exactly
	Stores    []string // store ids in a path; compared exactly
	Accounts  []string // accounts in a header; compared exactly
	Hosts     []string // host names, lower case, without port; an IPv6 address without brackets
	APIKeys   []APIKey
	Customers CustomerTokens
	Sessions  SessionLookup
}

// APIKey is a key that names a tenant. The key itself is never configured, so a leaked configuration opens nothing.
type APIKey struct {
	SHA256 string // the SHA-256 of the key, 64 hexadecimal digits
	Kind   string // "public" or "secret"; both name the tenant, and only a secret one lets a server read a customer's cart
}

// CustomerTokens says how the tokens (JWT, RFC 7519) of signed-in customers verify. At most one of SecretFile,
// PublicKeyFile and JWKSURL is set; where none is, no token verifies.
type CustomerTokens struct {
	SecretFile    string // the HMAC secret, 32 bytes or more; one line break at the end is not part of it
	PublicKeyFile string // PEM: public keys (PKIX) or certificates, up to 8, any of which may verify a token
	JWKSURL       string // http or https; a key set (RFC 7517)

	Algorithms     []string // of HS256/384/512, RS256/384/512, PS256/384/512, ES256/384, EdDSA; empty: whatever fits the key
	Issuer         string   // what iss must be; empty: anything
	Audience       []string // aud must hold one of these; empty: anything
	Leeway         int64    // milliseconds that clocks may differ, to 300000; 0: 30 s
	ExpiryOptional bool     // accept tokens without exp, which never end

	// Claim is the path of the customer id, which is text or a whole number from 0 to 2^53-1: names joined by dots, a
	// dot that belongs to a name as `\.`. An array's entry is named by its index. Empty: sub.
	Claim string
	// PhoneVerifiedClaim is the path of a claim that is true where the phone number is verified. Empty: phone_verified,
	// and a token without it counts as verified; where a path is set, only true does.
	PhoneVerifiedClaim string

	// Header is a header that an earlier middleware (Traefik's ForwardAuth) sets to the customer id; empty: none.
	// Whoever can reach the plugin past that middleware is whoever they say they are. The phone number counts as
	// verified: who sets the header answers for it.
	Header string
}

// SessionLookup asks the shop whose a session is.
type SessionLookup struct {
	URL     string // http or https, with {session} once in its path or query; empty: sessions are not checked
	Timeout int64  // milliseconds for one lookup, to 30000; 0: 2 s
}
