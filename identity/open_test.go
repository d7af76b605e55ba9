package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The texts that an operator reads. PATH stands for the file of the case.
func TestFaultsOfTheConfiguration(t *testing.T) {
	path := ""
	key := func(text string) string { path = file(t, text); return path }
	customers := func(set func(*CustomerTokens)) func(*Tenant) {
		return func(tenant *Tenant) { set(&tenant.Customers) }
	}
	cases := []struct {
		name string
		set  func(*Tenant)
		want []string
	}{
		{"id", func(t *Tenant) { t.ID = "a/b" }, []string{`tenants[0].id is "a/b"; allowed are 1 to 64 letters, digits, dots, underscores and hyphens, the first a letter or digit`}},
		{"no id", func(t *Tenant) { t.ID = "" }, []string{`tenants[0].id is ""; allowed are 1 to 64 letters, digits, dots, underscores and hyphens, the first a letter or digit`}},
		{"currency", func(t *Tenant) { t.Currency = "eur" }, []string{`tenants[0].currency is "eur"; allowed are the three upper-case letters of ISO 4217, such as EUR`}},
		{"domain", func(t *Tenant) { t.Domains = []string{"ok.com", "a/b"} }, []string{`tenants[0].domains[1] is "a/b"; allowed are 1 to 255 characters without blanks, control characters and slashes`}},
		{"store", func(t *Tenant) { t.Stores = []string{""} }, []string{`tenants[0].stores[0] is ""; allowed are 1 to 255 characters without blanks, control characters and slashes`}},
		{"account", func(t *Tenant) { t.Accounts = []string{"a b"} }, []string{`tenants[0].accounts[0] is "a b"; allowed are 1 to 255 characters without blanks, control characters and slashes`}},
		{"host", func(t *Tenant) { t.Hosts = []string{"Shop.acme.com:80"} }, []string{`tenants[0].hosts[0] is "Shop.acme.com:80"; allowed is a host name in lower case, without port and brackets: "shop.acme.com"`}},
		{"host in brackets", func(t *Tenant) { t.Hosts = []string{"[::1]"} }, []string{`tenants[0].hosts[0] is "[::1]"; allowed is a host name in lower case, without port and brackets: "::1"`}},
		{"an API key instead of its hash", func(t *Tenant) { t.APIKeys = []APIKey{{SHA256: "sk_live_secret", Kind: "secret"}} }, []string{`tenants[0].apiKeys[0].sha256 has 14 characters; allowed is the SHA-256 of the key, 64 hexadecimal digits`}},
		{"the hash of no API key", func(t *Tenant) { t.APIKeys = []APIKey{{SHA256: hashOf(""), Kind: "secret"}} }, []string{`tenants[0].apiKeys[0].sha256 is e3b0c442…, the SHA-256 of an empty key; a key must not be empty`}},
		{"the kind of an API key", func(t *Tenant) { t.APIKeys = []APIKey{{SHA256: hashOf("x"), Kind: "private"}} }, []string{`tenants[0].apiKeys[0].kind is "private"; allowed are public and secret`}},
		{"two sources of keys", customers(func(c *CustomerTokens) { c.SecretFile, c.JWKSURL = "/a", "https://a" }), []string{`tenants[0].customers has secretFile and jwksURL; allowed is one of secretFile, publicKeyFile and jwksURL`}},
		{"no such file", customers(func(c *CustomerTokens) { path = filepath.Join(t.TempDir(), "none"); c.SecretFile = path }), []string{`tenants[0].customers.secretFile is "PATH": no such file or directory`}},
		{"a folder", customers(func(c *CustomerTokens) { path = t.TempDir(); c.PublicKeyFile = path }), []string{`tenants[0].customers.publicKeyFile is "PATH": it is not a regular file`}},
		{"a short secret", customers(func(c *CustomerTokens) { c.SecretFile = key(strings.Repeat("s", 31) + "\n") }), []string{`tenants[0].customers.secretFile is "PATH": the secret has 31 bytes; allowed are 32 or more`}},
		{"a public key as secret", customers(func(c *CustomerTokens) { c.SecretFile = key(pemOf(t, ring().RSA)) }), []string{`tenants[0].customers.secretFile is "PATH": it holds PEM; allowed is a secret, and a public key belongs into publicKeyFile`}},
		{"a secret as public key", customers(func(c *CustomerTokens) { c.PublicKeyFile = key(string(testSecret)) }), []string{`tenants[0].customers.publicKeyFile is "PATH": it holds no PEM; allowed are PUBLIC KEY and CERTIFICATE`}},
		{"a long file", customers(func(c *CustomerTokens) { c.SecretFile = key(strings.Repeat("s", maxKeyFile+1)) }), []string{`tenants[0].customers.secretFile is "PATH": it is longer than 65536 bytes`}},
		{"a private key", customers(func(c *CustomerTokens) { c.PublicKeyFile = key(privatePEM(t)) }), []string{`tenants[0].customers.publicKeyFile is "PATH": it holds a private key, which does not belong here; allowed are PUBLIC KEY and CERTIFICATE`}},
		{"another block", customers(func(c *CustomerTokens) { c.PublicKeyFile = key(block("RSA PUBLIC KEY", nil)) }), []string{`tenants[0].customers.publicKeyFile is "PATH": it holds a PEM block "RSA PUBLIC KEY"; allowed are PUBLIC KEY and CERTIFICATE`}},
		{"a short RSA key", customers(func(c *CustomerTokens) { c.PublicKeyFile = key(shortRSA(t)) }), []string{`tenants[0].customers.publicKeyFile is "PATH": an RSA key has 1024 bits; allowed are 2048 to 8192`}},
		{"a key on another curve", customers(func(c *CustomerTokens) { c.PublicKeyFile = key(p521(t)) }), []string{`tenants[0].customers.publicKeyFile is "PATH": an EC key is on the curve P-521; allowed are P-256 and P-384`}},
		{"too many keys", customers(func(c *CustomerTokens) { c.PublicKeyFile = key(strings.Repeat(pemOf(t, ring().P256), 9)) }), []string{`tenants[0].customers.publicKeyFile is "PATH": it holds 9 keys; allowed are up to 8`}},
		{"JWKS without scheme", customers(func(c *CustomerTokens) { c.JWKSURL = "id.acme.com/keys" }), []string{`tenants[0].customers.jwksURL is "id.acme.com/keys"; allowed is an absolute http or https URL`}},
		{"JWKS from a file", customers(func(c *CustomerTokens) { c.JWKSURL = "file:///etc/keys" }), []string{`tenants[0].customers.jwksURL is "file:///etc/keys"; allowed is an absolute http or https URL`}},
		{"JWKS with a password", customers(func(c *CustomerTokens) { c.JWKSURL = "https://me:secret@acme.com/keys?key=secret" }), []string{`tenants[0].customers.jwksURL is "https://acme.com/keys" with a user name or password; allowed is a URL without them`}},
		{"JWKS that is no URL", customers(func(c *CustomerTokens) { c.JWKSURL = "https://acme.com/%zz?key=secret" }), []string{`tenants[0].customers.jwksURL cannot be read as a URL; allowed is an absolute http or https URL`}},
		{"an unknown algorithm", customers(func(c *CustomerTokens) { c.SecretFile = key(string(testSecret)); c.Algorithms = []string{"none"} }), []string{`tenants[0].customers.algorithms[0] is "none"; allowed are HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA`}},
		{"an algorithm that does not fit the key", customers(func(c *CustomerTokens) {
			c.SecretFile = key(string(testSecret))
			c.Algorithms = []string{"HS256", "RS256"}
		}), []string{`tenants[0].customers.algorithms[1] is "RS256", which does not fit the key (secret); allowed are algorithms that do`}},
		{"HMAC with a key set", customers(func(c *CustomerTokens) { c.JWKSURL = "https://acme.com/keys"; c.Algorithms = []string{"HS256"} }), []string{`tenants[0].customers.algorithms[0] is "HS256", which needs a secret; a key set holds public keys only`}},
		{"an empty audience", customers(func(c *CustomerTokens) { c.Audience = []string{""} }), []string{`tenants[0].customers.audience[0] is empty; allowed is the text that aud must hold`}},
		{"leeway", customers(func(c *CustomerTokens) { c.Leeway = 300_001 }), []string{`tenants[0].customers.leeway is 300001; allowed are 0 (30s) and 1 to 300000 milliseconds`}},
		{"leeway below 0", customers(func(c *CustomerTokens) { c.Leeway = -1 }), []string{`tenants[0].customers.leeway is -1; allowed are 0 (30s) and 1 to 300000 milliseconds`}},
		{"a claim with a wildcard", customers(func(c *CustomerTokens) { c.Claim = "customer.*" }), []string{`tenants[0].customers.claim is "customer.*" with "*"; allowed is a path such as customer.id, with a backslash before any other sign`}},
		{"a claim with an empty name", customers(func(c *CustomerTokens) { c.Claim = "a..b" }), []string{`tenants[0].customers.claim is "a..b" with an empty name; allowed is a path such as customer.id`}},
		{"a claim with a loose backslash", customers(func(c *CustomerTokens) { c.Claim = `a\` }), []string{`tenants[0].customers.claim is "a\\", which ends in a backslash; allowed is a path such as customer.id`}},
		{"a long phone claim", customers(func(c *CustomerTokens) { c.PhoneVerifiedClaim = strings.Repeat("a", 256) }), []string{`tenants[0].customers.phoneVerifiedClaim has 256 bytes; allowed are up to 255`}},
		{"the trusted header", customers(func(c *CustomerTokens) { c.Header = "X Customer" }), []string{`tenants[0].customers.header is "X Customer"; allowed is the name of a header, up to 64 characters`}},
		{"a lookup without session", func(t *Tenant) { t.Sessions.URL = "https://acme.com/session" }, []string{`tenants[0].sessions.url is "https://acme.com/session"; allowed is a URL with {session} once, in its path or query`}},
		{"a lookup with two sessions", func(t *Tenant) { t.Sessions.URL = "https://acme.com/{session}/{session}" }, []string{`tenants[0].sessions.url is "https://acme.com/session/session"; allowed is a URL with {session} once, in its path or query`}},
		{"a lookup with the session as host", func(t *Tenant) { t.Sessions.URL = "https://{session}.acme.com/" }, []string{`tenants[0].sessions.url is "https://session.acme.com/"; allowed is a URL with {session} once, in its path or query`}},
		{"a lookup with the session as fragment", func(t *Tenant) { t.Sessions.URL = "https://acme.com/#{session}" }, []string{`tenants[0].sessions.url is "https://acme.com/"; allowed is a URL with {session} once, in its path or query`}},
		{"a lookup's timeout", func(t *Tenant) { t.Sessions = SessionLookup{URL: "https://acme.com/{session}", Timeout: 30_001} }, []string{`tenants[0].sessions.timeout is 30001; allowed are 0 (2s) and 1 to 30000 milliseconds`}},
		{"all faults at once", func(t *Tenant) { t.ID, t.Currency, t.Customers.Leeway = "", "", -1 }, []string{
			`tenants[0].id is ""; allowed are 1 to 64 letters, digits, dots, underscores and hyphens, the first a letter or digit`,
			`tenants[0].currency is ""; allowed are the three upper-case letters of ISO 4217, such as EUR`,
			`tenants[0].customers.leeway is -1; allowed are 0 (30s) and 1 to 300000 milliseconds`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tenant := shop(CustomerTokens{})
			c.set(&tenant)
			d, faults := Open([]Tenant{tenant}, nil)
			if d != nil {
				t.Error("there is a directory in spite of the fault")
			}
			wantFaults(t, faults, c.want, path)
		})
	}
}

func wantFaults(t *testing.T, faults []error, want []string, path string) {
	t.Helper()
	got := []string{}
	for _, fault := range faults {
		text := fault.Error()
		if path != "" {
			text = strings.ReplaceAll(text, path, "PATH")
		}
		got = append(got, text)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatTwoTenantsClaimIsAFault(t *testing.T) {
	other := shop(CustomerTokens{})
	other.ID = "zeta"
	_, faults := Open([]Tenant{shop(CustomerTokens{}), other, {ID: "acme", Currency: "EUR"}}, nil)
	wantFaults(t, faults, []string{
		`tenants[1].domains[0] is "acme.com", which tenant "acme" has; every name must be one tenant's alone`,
		`tenants[1].stores[0] is "12", which tenant "acme" has; every name must be one tenant's alone`,
		`tenants[1].accounts[0] is "5f3", which tenant "acme" has; every name must be one tenant's alone`,
		`tenants[1].hosts[0] is "shop.acme.com", which tenant "acme" has; every name must be one tenant's alone`,
		`tenants[1].apiKeys[0].sha256 is ` + hashOf("acme-key")[:8] + `…, which tenant "acme" has; every key must be one tenant's alone`,
		`tenants[2].id is "acme", which an earlier tenant has; every id must differ`,
	}, "")
}

func TestNoTenantAtAllIsAFault(t *testing.T) {
	_, faults := Open(nil, nil)
	wantFaults(t, faults, []string{"tenants is empty; at least one tenant is needed"}, "")
}

func TestATenantMayNameTheSameTwice(t *testing.T) {
	tenant := shop(CustomerTokens{})
	tenant.Domains = []string{"acme.com", "acme.com"}
	open(t, tenant)
}

func TestAPEMFileMayHoldSeveralKeysAndCertificates(t *testing.T) {
	d := open(t, shop(CustomerTokens{PublicKeyFile: file(t, "for the shop\n"+pemOf(t, ring().P256, ring().Ed25519)+certificate(t))}))
	for _, algorithm := range []string{"ES256", "EdDSA", "RS256", "PS512"} {
		wantCustomer(t, d, token(t, algorithm, signer(algorithm), goodClaims), moment, "182")
	}
}

// certificate is one of the ring's RSA key, ended long ago.
func certificate(t *testing.T) string {
	t.Helper()
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "acme"}, NotAfter: time.Unix(1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, ring().RSA.Public(), ring().RSA)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der)
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func privatePEM(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(ring().P256)
	if err != nil {
		t.Fatal(err)
	}
	return block("PRIVATE KEY", der)
}

func shortRSA(t *testing.T) string {
	t.Helper()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf(t, weak)
}

func p521(t *testing.T) string {
	t.Helper()
	other, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf(t, other)
}
