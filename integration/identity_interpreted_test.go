package integration_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// identityDriver runs inside the interpreter: it opens directories and answers who asks as one line of text.
const identityDriver = `package drive

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
)

var directories []*identity.Directory

func tenants(customers identity.CustomerTokens, sessionURL, apiKeyHash string) []identity.Tenant {
	return []identity.Tenant{
		{ID: "acme", Currency: "EUR", Domains: []string{"acme.com"}, Stores: []string{"12"}, Accounts: []string{"5f3"}, Hosts: []string{"shop.acme.com", "::1"},
			APIKeys: []identity.APIKey{{SHA256: apiKeyHash, Kind: "public"}}, Customers: customers, Sessions: identity.SessionLookup{URL: sessionURL, Timeout: 2000}},
		{ID: "zeta", Currency: "JPY", Stores: []string{"99"}},
	}
}

// Open answers the number of a new directory, or its faults.
func Open(secretFile, publicKeyFile, jwksURL, claim, header, sessionURL, apiKeyHash, log string) (int, string) {
	file, err := os.Create(log)
	if err != nil {
		return 0, err.Error()
	}
	customers := identity.CustomerTokens{SecretFile: secretFile, PublicKeyFile: publicKeyFile, JWKSURL: jwksURL, Claim: claim, Header: header}
	d, faults := identity.Open(tenants(customers, sessionURL, apiKeyHash), slog.New(slog.NewJSONHandler(file, nil)))
	if len(faults) > 0 {
		texts := []string{}
		for _, fault := range faults {
			texts = append(texts, fault.Error())
		}
		return 0, strings.Join(texts, "\n")
	}
	directories = append(directories, d)
	return len(directories) - 1, ""
}

// Ask answers "tenant owner customer guest merge", or the kind of the refusal and its text.
func Ask(number, by, need int, name, apiKey, token, guest string, session bool, trusted string, now int64) string {
	creds := cartcore.Credentials{TenantBy: cartcore.TenantBy(by), Tenant: name, APIKey: apiKey, Token: token, Guest: guest, Need: cartcore.Need(need), Session: session}
	header := http.Header{}
	if trusted != "" {
		header.Set("X-Customer", trusted)
	}
	caller, err := identity.Resolve(directories[number], "any", &creds, header, now)
	if err != nil {
		return "refused: " + err.Error()
	}
	return fmt.Sprintf("%s %s %s %s %s %t", caller.Tenant, caller.Key.Owner, caller.Customer, caller.Guest, caller.MergeKey.Owner, caller.PhoneVerified)
}

// Loop asks n times with one token or guest, for benchmarks.
func Loop(number, n int, token, guest string, now int64) string {
	header := http.Header{}
	creds := cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Token: token, Guest: guest}
	for i := 0; i < n; i++ {
		if _, err := identity.Resolve(directories[number], "any", &creds, header, now); err != nil {
			return err.Error()
		}
	}
	return ""
}

// LoopTokens asks once with each token.
func LoopTokens(number int, tokens []string, now int64) string {
	header := http.Header{}
	for i := range tokens {
		creds := cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Token: tokens[i]}
		if _, err := identity.Resolve(directories[number], "any", &creds, header, now); err != nil {
			return err.Error()
		}
	}
	return ""
}

func Close(number int) { identity.Close(directories[number]) }

func Sign(secret string, sub string, exp int64) string {
	text, err := identity.Sign([]byte(secret), map[string]any{"sub": sub, "exp": exp})
	if err != nil {
		return err.Error()
	}
	return text
}

func Rest() string {
	caller := identity.WithGuest(&cartcore.Caller{Tenant: "acme", Customer: "1"}, "any", "g-1", true)
	config, there := identity.TenantOf(directories[0], "zeta")
	return fmt.Sprintf("%d %s %t %s %s %t %s", len(identity.Entropy()), caller.Key.Owner, caller.Fresh, caller.Customer, config.Stores[0], there, identity.CurrencyOf(directories[0], "zeta"))
}

func Faults(short string) string {
	bad := []identity.Tenant{{ID: "a/b", Currency: "eur", Hosts: []string{"Shop:80"}, APIKeys: []identity.APIKey{{SHA256: "sk_secret", Kind: "x"}},
		Customers: identity.CustomerTokens{SecretFile: short, Claim: "a.*", Leeway: -1}, Sessions: identity.SessionLookup{URL: "https://acme.com/"}}}
	_, faults := identity.Open(bad, nil)
	texts := []string{}
	for i := range faults {
		texts = append(texts, faults[i].Error())
	}
	return strings.Join(texts, "\n")
}
`

// identityMoment is the time of these tests, Unix milliseconds.
const identityMoment int64 = 1_800_000_000_000

const identityClaims = `{"sub":"182","exp":1800003600}`

var identitySecret = []byte("a secret of thirty-two bytes, ok")

// identityRoom is the identity room in the interpreter.
type identityRoom struct {
	open       func(secretFile, publicKeyFile, jwksURL, claim, header, sessionURL, apiKeyHash, log string) (int, string)
	ask        func(number, by, need int, name, apiKey, token, guest string, session bool, trusted string, now int64) string
	loop       func(number, n int, token, guest string, now int64) string
	loopTokens func(number int, tokens []string, now int64) string
	close      func(number int)
	sign       func(secret, sub string, exp int64) string
	rest       func() string
	faults     func(short string) string
	log        string
}

// identityInterpreted loads the room once, with a driver in a folder of its own.
func identityInterpreted(t testing.TB) *identityRoom {
	t.Helper()
	i := interpreted(t, "drive", identityDriver)
	room := &identityRoom{log: filepath.Join(t.TempDir(), "log")}
	for name, function := range map[string]any{"Open": &room.open, "Ask": &room.ask, "Loop": &room.loop, "LoopTokens": &room.loopTokens, "Close": &room.close, "Sign": &room.sign, "Rest": &room.rest, "Faults": &room.faults} {
		value, err := i.Eval("drive." + name)
		if err != nil {
			t.Fatal(err)
		}
		switch f := function.(type) {
		case *func(string, string, string, string, string, string, string, string) (int, string):
			*f = value.Interface().(func(string, string, string, string, string, string, string, string) (int, string))
		case *func(int, int, int, string, string, string, string, bool, string, int64) string:
			*f = value.Interface().(func(int, int, int, string, string, string, string, bool, string, int64) string)
		case *func(int, int, string, string, int64) string:
			*f = value.Interface().(func(int, int, string, string, int64) string)
		case *func(int, []string, int64) string:
			*f = value.Interface().(func(int, []string, int64) string)
		case *func(int):
			*f = value.Interface().(func(int))
		case *func(string, string, int64) string:
			*f = value.Interface().(func(string, string, int64) string)
		case *func() string:
			*f = value.Interface().(func() string)
		case *func(string) string:
			*f = value.Interface().(func(string) string)
		}
	}
	return room
}

// opened opens a directory that the test closes.
func (room *identityRoom) opened(t testing.TB, secretFile, publicKeyFile, jwksURL, claim, header, sessionURL string) int {
	t.Helper()
	sum := sha256.Sum256([]byte("acme-key"))
	number, faults := room.open(secretFile, publicKeyFile, jwksURL, claim, header, sessionURL, hex.EncodeToString(sum[:]), room.log)
	if faults != "" {
		t.Fatal(faults)
	}
	t.Cleanup(func() { room.close(number) })
	return number
}

// signIn asks with a token for a store's customer.
func (room *identityRoom) signIn(number int, token string, now int64) string {
	return room.ask(number, 1, 1, "12", "", token, "", false, "", now)
}

func identityFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func identityEncode(text []byte) string { return base64.RawURLEncoding.EncodeToString(text) }

func identityPEM(t testing.TB, keys ...crypto.Signer) string {
	t.Helper()
	text := ""
	for _, key := range keys {
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		text += string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	return text
}

// identityToken signs by HS256, RS256, PS384, ES256, ES384 or EdDSA.
func identityToken(t testing.TB, key any, header, claims string) string {
	t.Helper()
	signed := identityEncode([]byte(header)) + "." + identityEncode([]byte(claims))
	sum := sha256.Sum256([]byte(signed))
	longer := crypto.SHA384.New()
	longer.Write([]byte(signed))
	signature, err := []byte(nil), error(nil)
	switch private := key.(type) {
	case []byte:
		mac := hmac.New(sha256.New, private)
		mac.Write([]byte(signed))
		signature = mac.Sum(nil)
	case *rsa.PrivateKey:
		if strings.Contains(header, "PS384") {
			signature, err = rsa.SignPSS(rand.Reader, private, crypto.SHA384, longer.Sum(nil), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			signature, err = rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
		}
	case *ecdsa.PrivateKey:
		digest := sum[:]
		if private.Curve == elliptic.P384() {
			digest = longer.Sum(nil)
		}
		r, s, signErr := ecdsa.Sign(rand.Reader, private, digest)
		signature, err = append(r.FillBytes(make([]byte, len(digest))), s.FillBytes(make([]byte, len(digest)))...), signErr
	case ed25519.PrivateKey:
		signature = ed25519.Sign(private, []byte(signed))
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + identityEncode(signature)
}

// identityKeys are a private key of each kind.
func identityKeys(t testing.TB) (*rsa.PrivateKey, *ecdsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey) {
	t.Helper()
	one, err1 := rsa.GenerateKey(rand.Reader, 2048)
	two, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	three, err3 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, four, err4 := ed25519.GenerateKey(rand.Reader)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return one, two, three, four
}

// identityJWK is an EC or RSA key of a set.
func identityJWK(t testing.TB, private crypto.Signer, id string) string {
	t.Helper()
	switch key := private.Public().(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf(`{"kty":"RSA","kid":%q,"n":%q,"e":"AQAB"}`, id, identityEncode(key.N.Bytes()))
	case *ecdsa.PublicKey:
		point, err := key.ECDH()
		if err != nil {
			t.Fatal(err)
		}
		half := (len(point.Bytes()) - 1) / 2
		return fmt.Sprintf(`{"kty":"EC","crv":%q,"kid":%q,"x":%q,"y":%q}`, key.Curve.Params().Name, id, identityEncode(point.Bytes()[1:1+half]), identityEncode(point.Bytes()[1+half:]))
	case ed25519.PublicKey:
		return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}`, id, identityEncode(key))
	}
	t.Fatal("no such key")
	return ""
}

const identitySignedIn = "acme customer:182 182   true"

func identityWant(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want && !(strings.HasPrefix(want, "refused: ") && strings.HasPrefix(got, want)) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestTheIdentityRoomInterpreted(t *testing.T) {
	room := identityInterpreted(t)
	one, two, three, four := identityKeys(t)
	secretFile := identityFile(t, string(identitySecret)+"\n")
	secret := room.opened(t, secretFile, "", "", "", "", "")
	good := identityToken(t, identitySecret, `{"alg":"HS256","typ":"JWT"}`, identityClaims)

	t.Run("every kind of key verifies", func(t *testing.T) {
		public := room.opened(t, "", identityFile(t, identityPEM(t, one, two, three, four)), "", "", "", "")
		for header, key := range map[string]any{`{"alg":"RS256"}`: one, `{"alg":"PS384"}`: one, `{"alg":"ES256"}`: two, `{"alg":"ES384"}`: three, `{"alg":"EdDSA"}`: four} {
			text := identityToken(t, key, header, identityClaims)
			identityWant(t, header, room.signIn(public, text, identityMoment), identitySignedIn)
			identityWant(t, header+" again", room.signIn(public, text, identityMoment), identitySignedIn)
			identityWant(t, header+" changed", room.signIn(public, text[:len(text)-8]+"AAAAAAAA", identityMoment), "refused: token refused: ")
		}
		identityWant(t, "HS256 with the PEM text", room.signIn(public, identityToken(t, []byte(identityPEM(t, one)), `{"alg":"HS256"}`, identityClaims), identityMoment), "refused: token refused: the token's signature fits no key")
	})
	t.Run("the tokens of RFC 7515 verify", func(t *testing.T) {
		key, err := base64.RawURLEncoding.DecodeString("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
		if err != nil {
			t.Fatal(err)
		}
		joe := room.opened(t, identityFile(t, string(key)), "", "", "iss", "", "")
		text := "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
		identityWant(t, "A.1", room.signIn(joe, text, 1300819379_000), "acme customer:joe joe   true")
		identityWant(t, "A.1, ended", room.signIn(joe, text, 1300819380_000+30_000), "refused: token refused: the token ended 0 s ago")
	})
	t.Run("bad tokens are refused as natively", func(t *testing.T) {
		parts := strings.Split(good, ".")
		for text, why := range map[string]string{
			"x.y": "the token does not have three parts",
			identityEncode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".": "the token's alg is not supported",
			good + "=": "the token is not base64url without padding",
			parts[0] + "." + parts[1] + "." + parts[2][:4] + "\n" + parts[2][4:]:                                           "the token is not base64url without padding",
			identityToken(t, identitySecret, `{"alg":"HS256","alg":"HS256"}`, identityClaims):                              "reading the token's header: a name is there twice",
			identityToken(t, identitySecret, `{"alg":"HS256","\u0061lg":"HS256"}`, identityClaims):                         "reading the token's header: a name is there twice",
			identityToken(t, identitySecret, `{"alg":"HS256","crit":["b64"]}`, identityClaims):                             "the token's header has crit",
			identityToken(t, identitySecret, `{"alg":"HS256","typ":"logout+jwt"}`, identityClaims):                         "the token's header has a typ",
			identityToken(t, identitySecret, `{"Xalg":"HS256"}`, identityClaims):                                           "the token's header has no alg",
			identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"sub":"1","exp":1800003600,"a":[{"b":1,"b":2}]}`):        "reading the token's claims: a name is there twice",
			identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"sub":"1"}`):                                             "the token has no exp",
			identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"sub":"1","exp":"1800003600"}`):                          "reading the token's exp: it is not a number",
			identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"sub":"1","exp":1800003600,"nbf":1800000031}`):           "the token's nbf is 31 s ahead",
			identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"sub":1.5,"exp":1800003600}`):                            "reading the token's claim sub: it is neither",
			identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"sub":9007199254740992,"exp":1800003600}`):               "reading the token's claim sub: it is neither",
			identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"sub":"1\u0000","exp":1800003600}`):                      "reading the token's claim sub: the customer id has control",
			identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"sub":"1","aud":[1],"exp":1800003600}`):                  "reading the token's aud: it is not a string",
			identityToken(t, identitySecret, `{"alg":"HS256"}`, `null`):                                                    "reading the token's claims: it is not a JSON object",
			identityToken(t, []byte(strings.Repeat("x", 32)), `{"alg":"HS256"}`, identityClaims):                           "the token's signature fits no key",
			identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"sub":"1","a":"`+strings.Repeat("a", 8000)+`","exp":1}`): "the token is longer than 8192 bytes",
		} {
			identityWant(t, why, room.signIn(secret, text, identityMoment), "refused: token refused: "+why)
		}
	})
	t.Run("a path of names, escapes and an index is found", func(t *testing.T) {
		deep := room.opened(t, secretFile, "", "", `https://acme\.com/ids.1.id`, "", "")
		identityWant(t, "path", room.signIn(deep, identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"https://acme.com/ids":[0,{"id":182}],"exp":1800003600}`), identityMoment), identitySignedIn)
	})
	t.Run("tenants and needs", func(t *testing.T) {
		trusting := room.opened(t, secretFile, "", "", "", "x-customer", "")
		for _, c := range []struct {
			number, by, need           int
			name, apiKey, token, guest string
			session                    bool
			trusted, want              string
		}{
			{secret, 0, 0, "acme.com", "", "", "", false, "", "acme     false"},
			{secret, 2, 0, "5f3", "", "", "g-1", false, "", "acme guest:any:g-1  g-1  false"},
			{secret, 4, 0, "Shop.ACME.com:8443", "", good, "g-1", false, "", "acme customer:182 182  guest:any:g-1 true"},
			{secret, 4, 0, "[::1]:80", "", "", "../x", false, "", "acme     false"},
			{secret, 3, 0, "", "acme-key", "", "", false, "", "acme     false"},
			{secret, 3, 0, "", "who", "", "", false, "", "refused: api key refused"},
			{secret, 1, 4, "12", "acme-key", "", "", false, "", "acme     false"},
			{secret, 1, 4, "12", "", "", "", false, "", "refused: api key refused"},
			{secret, 1, 1, "99", "acme-key", "", "", false, "", "refused: forbidden"},
			{secret, 1, 1, "13", "", "", "", false, "", "refused: tenant unknown"},
			{secret, 1, 1, "12", "", "", "", false, "", "refused: unauthenticated"},
			{secret, 1, 2, "12", "", "", "", true, "", "refused: session missing"},
			{secret, 1, 2, "12", "", "", "a/b", true, "", "refused: session unknown"},
			{secret, 1, 2, "12", "", "", "sess.a.b", true, "", "acme guest:any:sess.a.b  sess.a.b  false"},
			{secret, 1, 2, "12", "", "", good, true, "", identitySignedIn},
			{secret, 1, 3, "12", "", "", "", false, "", "refused: cart unknown"},
			{secret, 1, 1, "99", "", good, "", false, "", "refused: token refused: the tenant has no keys"},
			{trusting, 1, 1, "12", "", "", "", false, "182", identitySignedIn},
		} {
			identityWant(t, fmt.Sprintf("%+v", c), room.ask(c.number, c.by, c.need, c.name, c.apiKey, c.token, c.guest, c.session, c.trusted, identityMoment), c.want)
		}
	})
	t.Run("faults name field, value and what is allowed", func(t *testing.T) {
		short := identityFile(t, "short")
		want := []string{
			`tenants[0].id is "a/b"; allowed are 1 to 64 letters, digits, dots, underscores and hyphens, the first a letter or digit`,
			`tenants[0].currency is "eur"; allowed are the three upper-case letters of ISO 4217, such as EUR`,
			`tenants[0].hosts[0] is "Shop:80"; allowed is a host name in lower case, without port and brackets: "shop"`,
			`tenants[0].apiKeys[0].sha256 has 9 characters; allowed is the SHA-256 of the key, 64 hexadecimal digits`,
			`tenants[0].apiKeys[0].kind is "x"; allowed are public and secret`,
			`tenants[0].customers.leeway is -1; allowed are 0 (30s) and 1 to 300000 milliseconds`,
			`tenants[0].customers.claim is "a.*" with "*"; allowed is a path such as customer.id, with a backslash before any other sign`,
			`tenants[0].customers.secretFile is "` + short + `": the secret has 5 bytes; allowed are 32 or more`,
			`tenants[0].sessions.url is "https://acme.com/"; allowed is a URL with {session} once, in its path or query`,
		}
		if got := room.faults(short); got != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
	})
	t.Run("a changed secret is read again, a broken one is not taken", func(t *testing.T) {
		path := identityFile(t, string(identitySecret))
		number := room.opened(t, path, "", "", "", "", "")
		other := []byte(strings.Repeat("o", 40))
		fresh := identityToken(t, other, `{"alg":"HS256"}`, identityClaims)
		identityWant(t, "before", room.signIn(number, good, identityMoment), identitySignedIn)
		if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
			t.Fatal(err)
		}
		identityWant(t, "broken", room.signIn(number, good, identityMoment+2000), identitySignedIn)
		if err := os.WriteFile(path, other, 0o600); err != nil {
			t.Fatal(err)
		}
		identityWant(t, "after", room.signIn(number, fresh, identityMoment+4000), identitySignedIn)
		identityWant(t, "the old one", room.signIn(number, good, identityMoment+4000), "refused: token refused: the token's signature fits no key")
		log, err := os.ReadFile(room.log)
		if err != nil || !strings.Contains(string(log), "the old ones stay") {
			t.Errorf("logged %s, %v", log, err)
		}
	})
	t.Run("the rest", func(t *testing.T) {
		identityWant(t, "rest", room.rest(), "32 guest:any:g-1 true  99 true JPY")
		identityWant(t, "sign", room.signIn(secret, room.sign(string(identitySecret), "182", 1800003600), identityMoment), identitySignedIn)
	})
}

func TestKeySetsAndSessionsInterpreted(t *testing.T) {
	room := identityInterpreted(t)
	one, two, three, four := identityKeys(t)
	body, status, asked := atomic.Value{}, atomic.Int64{}, atomic.Int64{}
	status.Store(503)
	body.Store("")
	set := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.WriteHeader(int(status.Load()))
		fmt.Fprint(w, body.Load())
	}))
	defer set.Close()
	number := room.opened(t, "", "", set.URL, "", "", "")
	old := identityToken(t, one, `{"alg":"RS256","kid":"old"}`, `{"sub":"182","exp":1900000000}`)
	rotated := identityToken(t, two, `{"alg":"ES256","kid":"new"}`, `{"sub":"182","exp":1900000000}`)

	identityWant(t, "the set is down", room.signIn(number, old, identityMoment), "refused: unavailable: fetching the tenant's key set: it answered 503")
	status.Store(200)
	body.Store(`{"keys":[` + identityJWK(t, one, "old") + `,` + identityJWK(t, three, "p384") + `,` + identityJWK(t, four, "ed") + `,{"kty":"oct","k":"AA"}]}`)
	all := sync.WaitGroup{}
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			identityWant(t, "many at once", room.signIn(number, old, identityMoment+5000), identitySignedIn)
		}()
	}
	all.Wait()
	if asked.Load() != 2 {
		t.Errorf("the set was fetched %d times, want 2", asked.Load())
	}
	identityWant(t, "P-384", room.signIn(number, identityToken(t, three, `{"alg":"ES384","kid":"p384"}`, identityClaims), identityMoment+5000), identitySignedIn)
	identityWant(t, "Ed25519", room.signIn(number, identityToken(t, four, `{"alg":"EdDSA","kid":"ed"}`, identityClaims), identityMoment+5000), identitySignedIn)
	identityWant(t, "a key not published yet", room.signIn(number, rotated, identityMoment+5001), "refused: token refused: the tenant's key set has no key for the token")
	body.Store(`{"keys":[` + identityJWK(t, two, "new") + `]}`)
	identityWant(t, "a rotated key", room.signIn(number, rotated, identityMoment+65_000), identitySignedIn)
	identityWant(t, "the key before", room.signIn(number, old, identityMoment+65_000), "refused: token refused: ")
	set.Close()
	identityWant(t, "a set that is old and down", room.signIn(number, rotated, identityMoment+3_600_000), identitySignedIn)

	sessions := atomic.Int64{}
	hang := make(chan struct{})
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sessions.Add(1)
		switch strings.TrimPrefix(r.URL.Path, "/s/") {
		case "customer":
			<-hang
			fmt.Fprint(w, `{"customer":"182"}`)
		case "guest":
			fmt.Fprint(w, `{}`)
		case "broken":
			w.WriteHeader(500)
		default:
			w.WriteHeader(404)
		}
	}))
	defer shop.Close()
	number = room.opened(t, "", "", "", "", "", shop.URL+"/s/{session}")
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			identityWant(t, "many in one session", room.ask(number, 1, 2, "12", "", "", "customer", true, "", identityMoment), identitySignedIn)
		}()
	}
	close(hang)
	all.Wait()
	identityWant(t, "a guest", room.ask(number, 1, 2, "12", "", "", "guest", true, "", identityMoment), "acme guest:any:guest  guest  false")
	identityWant(t, "unknown", room.ask(number, 1, 2, "12", "", "", "who", true, "", identityMoment), "refused: session unknown")
	identityWant(t, "unknown, kept", room.ask(number, 1, 2, "12", "", "", "who", true, "", identityMoment+4999), "refused: session unknown")
	identityWant(t, "a fault", room.ask(number, 1, 2, "12", "", "", "broken", true, "", identityMoment), "refused: unavailable: looking a session up: it answered 500")
	if sessions.Load() != 4 {
		t.Errorf("the shop was asked %d times, want 4", sessions.Load())
	}
	shop.Close()
	down := room.ask(number, 1, 2, "12", "", "", "top-secret", true, "", identityMoment)
	if !strings.HasPrefix(down, "refused: unavailable: ") || strings.Contains(down, "top-secret") {
		t.Errorf("the shop is down: got %q", down)
	}
}

// BenchmarkIdentityInterpreted measures who asks, in the interpreter: a guest, a token verified before, tokens never seen.
func BenchmarkIdentityInterpreted(b *testing.B) {
	room := identityInterpreted(b)
	number := room.opened(b, identityFile(b, string(identitySecret)), "", "", "", "", "")
	good := identityToken(b, identitySecret, `{"alg":"HS256","typ":"JWT"}`, identityClaims)
	run := func(token, guest string) func(b *testing.B) {
		return func(b *testing.B) {
			if refused := room.loop(number, b.N, token, guest, identityMoment); refused != "" {
				b.Fatal(refused)
			}
		}
	}
	b.Run("guest", run("", "guest_763d1369-5bb8-4745-9e4d-4612126bcdb8"))
	b.Run("token verified before", run(good, ""))
	b.Run("token never seen", func(b *testing.B) {
		tokens := []string{}
		for i := 0; i < b.N; i++ {
			tokens = append(tokens, identityToken(b, identitySecret, `{"alg":"HS256","typ":"JWT"}`, fmt.Sprintf(`{"sub":"%d","exp":1800003600,"run":%d}`, i, b.N)))
		}
		b.ResetTimer()
		if refused := room.loopTokens(number, tokens, identityMoment); refused != "" {
			b.Fatal(refused)
		}
	})
}
