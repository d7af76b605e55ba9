package identity

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// moment is the time of these tests, Unix milliseconds; seconds is the same for claims.
const (
	moment  int64 = 1_800_000_000_000
	seconds       = moment / 1000
)

// testSecret has the 32 bytes that a secret needs.
var testSecret = []byte("a secret of thirty-two bytes, ok")

// goodClaims is a claims set that every check without issuer and audience accepts.
const goodClaims = `{"sub":"182","exp":1800003600}`

// keyRing is one private key of each kind, made once for all tests.
type keyRing struct {
	RSA     *rsa.PrivateKey
	P256    *ecdsa.PrivateKey
	P384    *ecdsa.PrivateKey
	Ed25519 ed25519.PrivateKey
}

var ring = sync.OnceValue(func() keyRing {
	one, err1 := rsa.GenerateKey(rand.Reader, 2048)
	two, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	three, err3 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, four, err4 := ed25519.GenerateKey(rand.Reader)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			panic(err)
		}
	}
	return keyRing{RSA: one, P256: two, P384: three, Ed25519: four}
})

// signToken signs raw header and claims texts by algorithm, whatever the header says.
func signToken(t testing.TB, algorithm string, key any, header, claims string) string {
	t.Helper()
	signed := segments.EncodeToString([]byte(header)) + "." + segments.EncodeToString([]byte(claims))
	return signed + "." + segments.EncodeToString(signBytes(t, algorithm, key, []byte(signed)))
}

// token signs claims with the usual header.
func token(t testing.TB, algorithm string, key any, claims string) string {
	t.Helper()
	return signToken(t, algorithm, key, `{"alg":"`+algorithm+`","typ":"JWT"}`, claims)
}

// signBytes makes a signature with the standard library, independently of the code under test.
func signBytes(t testing.TB, algorithm string, key any, signed []byte) []byte {
	t.Helper()
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512, "DSA": crypto.SHA512}[algorithm[2:]]
	hasher := hash.New()
	hasher.Write(signed)
	digest := hasher.Sum(nil)
	signature, err := []byte(nil), error(nil)
	switch algorithm[:2] {
	case "HS":
		mac := hmac.New(hash.New, key.([]byte))
		mac.Write(signed)
		signature = mac.Sum(nil)
	case "RS":
		signature, err = rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), hash, digest)
	case "PS":
		signature, err = rsa.SignPSS(rand.Reader, key.(*rsa.PrivateKey), hash, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	case "ES":
		r, s, signErr := ecdsa.Sign(rand.Reader, key.(*ecdsa.PrivateKey), digest)
		half := (key.(*ecdsa.PrivateKey).Curve.Params().BitSize + 7) / 8
		signature, err = append(r.FillBytes(make([]byte, half)), s.FillBytes(make([]byte, half))...), signErr
	default:
		signature = ed25519.Sign(key.(ed25519.PrivateKey), signed)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// signer is the private key for algorithm.
func signer(algorithm string) any {
	switch algorithms[algorithm] {
	case familySecret:
		return testSecret
	case familyRSA:
		return ring().RSA
	case familyP256:
		return ring().P256
	case familyP384:
		return ring().P384
	}
	return ring().Ed25519
}

// pemOf is the PEM text of public keys.
func pemOf(t testing.TB, keys ...crypto.Signer) string {
	t.Helper()
	text := &bytes.Buffer{}
	for _, key := range keys {
		form, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if err := pem.Encode(text, &pem.Block{Type: "PUBLIC KEY", Bytes: form}); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// file writes a file of the test and answers its path.
func file(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// secretFile holds testSecret.
func secretFile(t testing.TB) CustomerTokens {
	return CustomerTokens{SecretFile: file(t, string(testSecret)+"\n")}
}

// shop is a tenant with one name of each sort.
func shop(customers CustomerTokens) Tenant {
	return Tenant{ID: "acme", Currency: "EUR", Domains: []string{"acme.com"}, Stores: []string{"12"}, Accounts: []string{"5f3"},
		Hosts: []string{"shop.acme.com"}, APIKeys: []APIKey{{SHA256: hashOf("acme-key"), Kind: "public"}}, Customers: customers}
}

func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// open opens a directory that the test closes.
func open(t testing.TB, tenants ...Tenant) *Directory {
	t.Helper()
	d, _ := openLogged(t, tenants...)
	return d
}

// openLogged also answers what the directory logs; read it when nothing runs aside.
func openLogged(t testing.TB, tenants ...Tenant) (*Directory, *bytes.Buffer) {
	t.Helper()
	logged := &lockedBuffer{}
	d, faults := Open(tenants, slog.New(slog.NewJSONHandler(logged, nil)))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	t.Cleanup(func() { Close(d) })
	return d, &logged.Buffer
}

// lockedBuffer may be written by many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// signIn asks with a token for acme's store.
func signIn(d *Directory, token string, now int64) (cartcore.Caller, *cartcore.Error) {
	return resolve(d, "any", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Token: token, Need: cartcore.NeedCustomer}, http.Header{}, now)
}

// wantCustomer fails where token is not one of customer.
func wantCustomer(t *testing.T, d *Directory, token string, now int64, customer string) {
	t.Helper()
	caller, err := signIn(d, token, now)
	if err != nil {
		t.Fatalf("refused: %s", err.Error())
	}
	if caller.Customer != customer || caller.Key != (cartcore.Key{Tenant: "acme", Owner: "customer:" + customer}) {
		t.Fatalf("got customer %q and key %v, want %q", caller.Customer, caller.Key, customer)
	}
}

// wantRefused fails where token is not refused by kind; why, where given, must stand in the cause.
func wantRefused(t *testing.T, d *Directory, token string, now int64, kind cartcore.Kind, why string) {
	t.Helper()
	_, err := signIn(d, token, now)
	if err == nil {
		t.Fatalf("accepted, want %s", cartcore.KindName(kind))
	}
	if err.Kind != kind || (why != "" && !strings.Contains(err.Error(), why)) {
		t.Fatalf("got %q, want %s because %q", err.Error(), cartcore.KindName(kind), why)
	}
	if len(token) > 40 && strings.Contains(err.Error(), token[len(token)-20:]) {
		t.Fatalf("the error shows the token: %s", err.Error())
	}
}

// jwk is one key of a set.
func jwk(t testing.TB, private crypto.Signer, id, more string) string {
	t.Helper()
	fields := map[string]any{}
	switch key := private.Public().(type) {
	case *rsa.PublicKey:
		fields = map[string]any{"kty": "RSA", "n": segments.EncodeToString(key.N.Bytes()), "e": "AQAB"}
	case *ecdsa.PublicKey:
		point, err := key.ECDH()
		if err != nil {
			t.Fatal(err)
		}
		half := (len(point.Bytes()) - 1) / 2
		fields = map[string]any{"kty": "EC", "crv": key.Curve.Params().Name, "x": segments.EncodeToString(point.Bytes()[1 : 1+half]), "y": segments.EncodeToString(point.Bytes()[1+half:])}
	case ed25519.PublicKey:
		fields = map[string]any{"kty": "OKP", "crv": "Ed25519", "x": segments.EncodeToString(key)}
	}
	if id != "" {
		fields["kid"] = id
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	if more != "" {
		return strings.TrimSuffix(string(text), "}") + "," + more + "}"
	}
	return string(text)
}

// keySet is a set of keys.
func keySet(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

var _ = sha512.New // SHA-384 and SHA-512 are linked in for crypto.Hash
