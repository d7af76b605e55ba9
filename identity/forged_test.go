package identity

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// places are a directory for each place that keys come from, all of them the ring's, and the signature algorithm that each
// takes.
func places(t *testing.T) map[string]*Directory {
	t.Helper()
	set := serve(t, keySet(jwk(t, ring().RSA, "rsa", ""), jwk(t, ring().P256, "ec", "")))
	return map[string]*Directory{
		"HS256": open(t, shop(secretFile(t))),
		"ES256": open(t, shop(CustomerTokens{PublicKeyFile: file(t, pemOf(t, ring().P256))})),
		"RS256": open(t, shop(CustomerTokens{JWKSURL: set.URL})),
	}
}

// RFC 8725 §3.2: a token without a signature is refused however it writes that, wherever keys come from.
func TestNoneIsRefusedInEverySpelling(t *testing.T) {
	spellings := []string{"", " none", "none\t", "none\x00", "nоne", "ｎｏｎｅ", "no", "null", "false", "0", "HS0", "none,HS256", "HS256,none", "HS256 none"} // the third from the Cyrillic alphabet, the fourth as wide as Chinese signs
	for bits := 0; bits < 16; bits++ {
		spelling := []byte("none")
		for i := range spelling {
			if bits>>i&1 == 1 {
				spelling[i] -= 'a' - 'A'
			}
		}
		spellings = append(spellings, string(spelling))
	}
	for algorithm, d := range places(t) {
		good := token(t, algorithm, signer(algorithm), goodClaims)
		wantCustomer(t, d, good, moment, "182")
		for _, spelling := range spellings {
			header := fmt.Sprintf(`{"alg":%s,"typ":"JWT"}`, jsonOf(t, spelling))
			unsigned := segments.EncodeToString([]byte(header)) + "." + segments.EncodeToString([]byte(goodClaims)) + "."
			for _, text := range []string{unsigned, unsigned + good[strings.LastIndexByte(good, '.')+1:], signToken(t, algorithm, signer(algorithm), header, goodClaims)} {
				wantRefused(t, d, text, moment, cartcore.KindBadToken, "alg is not supported")
			}
		}
		for _, header := range []string{`{"alg":null}`, `{"alg":false}`, `{"alg":0}`, `{"alg":{}}`, `{"alg":["` + algorithm + `"]}`} {
			wantRefused(t, d, signToken(t, algorithm, signer(algorithm), header, goodClaims), moment, cartcore.KindBadToken, "alg: it is not a string")
		}
		wantRefused(t, d, signToken(t, algorithm, signer(algorithm), `{"ALG":"`+algorithm+`","Alg":"none"}`, goodClaims), moment, cartcore.KindBadToken, "has no alg")
	}
}

// RFC 8725 §2.1, §3.1: what everybody knows of a public key is no secret, in whatever form it is taken for one.
func TestAPublicKeyIsNoSecret(t *testing.T) {
	for name, private := range map[string]any{"RSA": ring().RSA, "P-256": ring().P256} {
		algorithm := map[string]string{"RSA": "RS256", "P-256": "ES256"}[name]
		public := ring().RSA.Public()
		if name == "P-256" {
			public = ring().P256.Public()
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		inPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		path := file(t, string(inPEM))
		d := open(t, shop(CustomerTokens{PublicKeyFile: path}))
		wantCustomer(t, d, token(t, algorithm, private, goodClaims), moment, "182")
		forms := map[string][]byte{
			"PEM": inPEM, "PEM without the last line end": bytes.TrimSpace(inPEM), "PEM with the line ends of Windows": bytes.ReplaceAll(inPEM, []byte("\n"), []byte("\r\n")),
			"DER": der, "base64": []byte(base64.StdEncoding.EncodeToString(der)), "the path of its file": []byte(path), "nothing": {}, "one zero": {0},
		}
		for form, secret := range forms {
			for _, hmac := range []string{"HS256", "HS384", "HS512"} {
				t.Run(name+" as "+form+", "+hmac, func(t *testing.T) {
					wantRefused(t, d, token(t, hmac, secret, goodClaims), moment, cartcore.KindBadToken, "fits no key")
				})
			}
		}
	}
}

// RFC 8725 §3.10: a key, a certificate or an address in the header is a stranger's word for itself. The address is not asked.
func TestKeysThatATokenBringsAlongAreNotUsed(t *testing.T) {
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, stranger.Public(), stranger)
	if err != nil {
		t.Fatal(err)
	}
	strangers := serve(t, keySet(jwk(t, stranger, "", "")))
	chain := `["` + base64.StdEncoding.EncodeToString(der) + `"]`
	set := serve(t, keySet(jwk(t, ring().RSA, "", "")))
	for source, d := range map[string]*Directory{
		"a file": open(t, shop(CustomerTokens{PublicKeyFile: file(t, pemOf(t, ring().RSA))})), "a set": open(t, shop(CustomerTokens{JWKSURL: set.URL})),
	} {
		for name, member := range map[string]string{
			"jwk": `"jwk":` + jwk(t, stranger, "", ""), "jku": `"jku":"` + strangers.URL + `"`, "x5u": `"x5u":"` + strangers.URL + `"`, "x5c": `"x5c":` + chain,
			"all of them":              `"jwk":` + jwk(t, stranger, "", "") + `,"jku":"` + strangers.URL + `","x5u":"` + strangers.URL + `"`,
			"a kid that is an address": `"kid":"` + strangers.URL + `"`, "a kid that is a command": `"kid":"|cat /etc/passwd"`, "a kid that is SQL": `"kid":"' UNION SELECT 'secret"`,
		} {
			t.Run(name+" beside "+source, func(t *testing.T) {
				wantRefused(t, d, signToken(t, "RS256", stranger, `{"alg":"RS256",`+member+`}`, goodClaims), moment, cartcore.KindBadToken, "")
				if !strings.HasPrefix(name, "a kid") || source == "a file" { // nothing of it hurts a good token either
					wantCustomer(t, d, signToken(t, "RS256", ring().RSA, `{"alg":"RS256",`+member+`}`, goodClaims), moment, "182")
				}
			})
		}
	}
	if n := strangers.asked.Load(); n != 0 {
		t.Errorf("the stranger's address was asked %d times", n)
	}
}

// RFC 8725 §3.11, §3.12 and RFC 7519 §5.2: what is in a token is claims, not another token, nor something packed.
func TestOnlyClaimsStandInAToken(t *testing.T) {
	d := open(t, shop(secretFile(t)))
	good := token(t, "HS256", testSecret, goodClaims)
	var packed bytes.Buffer
	writer, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write([]byte(goodClaims)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a token in a token":           hs(t, `{"alg":"HS256","cty":"JWT"}`, good),
		"a token as text in a token":   hs(t, `{"alg":"HS256","cty":"JWT"}`, `"`+good+`"`),
		"compressed claims":            hs(t, `{"alg":"HS256","zip":"DEF"}`, packed.String()),
		"claims twice":                 hs(t, `{"alg":"HS256"}`, goodClaims+goodClaims),
		"a byte order mark":            hs(t, `{"alg":"HS256"}`, "\ufeff"+goodClaims),
		"two names by half characters": hs(t, `{"alg":"HS256"}`, claims(`"\ud800":1,"\udfff":2`)),
		"the JSON form of RFC 7515 §7": `{"payload":"e30","protected":"e30","signature":"AA"}`,
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, d, text, moment, cartcore.KindBadToken, "") })
	}
}

func TestATokenOfOneShopIsNoneOfAnother(t *testing.T) {
	other := shop(CustomerTokens{SecretFile: file(t, strings.Repeat("o", 32))})
	other.ID, other.Domains, other.Stores, other.Accounts, other.Hosts, other.APIKeys = "zeta", nil, []string{"13"}, nil, nil, nil
	d := open(t, shop(secretFile(t)), other)
	mine := token(t, "HS256", testSecret, goodClaims)
	for store, want := range map[string]cartcore.Kind{"12": cartcore.KindNone, "13": cartcore.KindBadToken} {
		for range 2 { // the second time it is among those verified
			creds := &cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: store, Token: mine, Need: cartcore.NeedCustomer}
			if _, err := Resolve(d, "any", creds, nil, moment); kindOf(err) != want {
				t.Errorf("store %s: got %v", store, err)
			}
		}
	}
}

// What was verified is remembered until exp and the leeway are over, and not a millisecond longer.
func TestATokenVerifiedBeforeEndsWhenItSays(t *testing.T) {
	for leeway, end := range map[int64]int64{0: 30_000, 1: 1, 2500: 2500} {
		customers := secretFile(t)
		customers.Leeway = leeway
		d := open(t, shop(customers))
		text := token(t, "HS256", testSecret, fmt.Sprintf(`{"sub":"182","exp":%d}`, seconds))
		for _, at := range []int64{moment - 1, moment - 1, moment + end - 1} {
			wantCustomer(t, d, text, at, "182")
		}
		wantRefused(t, d, text, moment+end, cartcore.KindBadToken, "ended")
		creds := &cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Token: text, Need: cartcore.NeedCustomer}
		if _, err := Resolve(d, "any", creds, nil, moment+end-1); err != nil {
			t.Error(err)
		}
		if _, err := Resolve(d, "any", creds, nil, moment+end); kindOf(err) != cartcore.KindBadToken {
			t.Errorf("with a leeway of %d ms the caller outlives the token: %v", leeway, err)
		}
	}
}

// A key set is read by exact names: two parsers would take "USE" for "use", or not.
func TestAKeyOfASetIsReadByExactNames(t *testing.T) {
	for name, key := range map[string]string{
		"a use in capitals":            jwk(t, ring().RSA, "one", `"use":"enc","USE":"sig"`),
		"an alg in capitals":           jwk(t, ring().RSA, "one", `"alg":"HS256","Alg":"RS256"`),
		"a kind in capitals":           strings.Replace(jwk(t, ring().RSA, "one", ""), `"kty"`, `"KTY"`, 1),
		"operations in capitals":       jwk(t, ring().RSA, "one", `"key_ops":["sign"],"Key_Ops":["verify"]`),
		"a name twice":                 jwk(t, ring().RSA, "one", `"use":"enc","use":"sig"`),
		"a name twice, once as escape": jwk(t, ring().RSA, "one", `"use":"enc","u\u0073e":"sig"`),
	} {
		t.Run(name, func(t *testing.T) {
			if keys, err := readKeySet([]byte(keySet(key))); err == nil {
				t.Errorf("kept %v", keys[0])
			}
		})
	}
	keys, err := readKeySet([]byte(keySet(jwk(t, ring().RSA, "one", `"KID":"two","USE":"enc"`))))
	if err != nil || keys[0].ID != "one" {
		t.Errorf("got %v (%v), want the key one", keys, err)
	}
}

func jsonOf(t *testing.T, text string) string {
	t.Helper()
	printed, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}
