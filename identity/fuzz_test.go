package identity

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// FuzzToken throws text at token and session checks: nothing panics, only the kinds for bad tokens and sessions come
// out, and nobody but the holder of the secret becomes a customer.
func FuzzToken(f *testing.F) {
	good := token(f, "HS256", testSecret, goodClaims)
	for _, vector := range rfc7515 {
		f.Add(vector.header + "." + rfc7515Claims + "." + vector.signature)
	}
	for _, seed := range []string{"", ".", "..", "...", good, good[:len(good)-1], noneToken("none") + ".", "e30.e30.", "eyJhbGciOiJIUzI1NiJ9..",
		signToken(f, "HS256", testSecret, `{"alg":"HS256","alg":"HS256"}`, "{}"), signToken(f, "HS256", testSecret, "[[[[", `{"sub":{"sub":[`), "sess_abc123xyz", "\xff.\x00.\n"} {
		f.Add(seed)
	}
	d := open(f, shop(secretFile(f)))
	f.Fuzz(func(t *testing.T, text string) {
		for _, creds := range []cartcore.Credentials{{Token: text, Need: cartcore.NeedCustomer}, {Guest: text, Session: true, Need: cartcore.NeedSession}} {
			creds.TenantBy, creds.Tenant = cartcore.TenantByStore, "12"
			caller, err := resolve(d, "any", creds, http.Header{}, moment)
			switch kindOf(err) {
			case cartcore.KindNone, cartcore.KindUnauthenticated, cartcore.KindBadToken, cartcore.KindSessionMissing, cartcore.KindSessionUnknown:
			default:
				t.Fatalf("got %v", err)
			}
			if caller.Customer != "" && !signedBySecret(t, text) {
				t.Fatalf("customer %q by a token that the secret did not sign", caller.Customer)
			}
		}
	})
}

// signedBySecret signs the first two parts again, by the algorithm that the header names.
func signedBySecret(t *testing.T, text string) bool {
	read, err := readToken(text)
	if err != nil {
		return false
	}
	return string(signBytes(t, read.Algorithm, testSecret, read.Signed)) == string(read.Signature)
}

// FuzzClaims throws claims with a good signature: nothing panics, and a customer id is text without control characters.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{goodClaims, "{}", "null", "[]", claims(`"aud":[null]`), claims(`"a":{"b":[{"c":1},{"c":2}]}`), `{"sub":1e999,"exp":1e999}`, `{"exp":-0.0}`} {
		f.Add(seed)
	}
	d := open(f, shop(secretFile(f)))
	f.Fuzz(func(t *testing.T, text string) {
		caller, err := signIn(d, token(t, "HS256", testSecret, text), moment)
		if err != nil && err.Kind != cartcore.KindBadToken {
			t.Fatalf("got %v", err)
		}
		if err == nil && (customerFits(caller.Customer) != nil || !json.Valid([]byte(text))) {
			t.Fatalf("customer %q of %q", caller.Customer, text)
		}
	})
}

// FuzzObject compares the quick test for names that are there twice with the thorough one: they must agree.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":{"b":1},"b":2}`, `{"a":"\":","b":"\":"}`, ` { "a" : [ { } ] } `, `{"a":{"b":1,"b":1}}`, `{}`, `{"":"","":""}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		members, err := readObject([]byte(text), maxToken)
		if err != nil {
			return
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(text)); err != nil || cartcore.NameTwice(compact.Bytes()) {
			t.Fatalf("%q has a name twice", text)
		}
		if len(members) > 0 && !json.Valid([]byte(text)) {
			t.Fatalf("%q is no JSON", text)
		}
	})
}
