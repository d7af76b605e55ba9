package identity

import (
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// rfc7515Claims is the payload of the examples A.1 to A.3 of RFC 7515: {"iss":"joe", "exp":1300819380,
// "http://example.com/is_root":true}, with line breaks.
const rfc7515Claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

// The published examples, RFC 7515 appendix A (header, signature) and their keys.
var rfc7515 = []struct {
	name, header, signature, secret, key string
}{
	{
		name:      "A.1, HS256",
		header:    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
		signature: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		secret:    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
	},
	{
		name:      "A.2, RS256",
		header:    "eyJhbGciOiJSUzI1NiJ9",
		signature: "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
		key:       `{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`,
	},
	{
		name:      "A.3, ES256",
		header:    "eyJhbGciOiJFUzI1NiJ9",
		signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
		key:       `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
	},
}

// The examples of RFC 7515 appendix A have no sub, so iss names the customer here; they end in March 2011.
func TestTheTokensOfRFC7515Verify(t *testing.T) {
	const before, after = 1300819380_000 - 1, 1300819380_000 + 30_000
	for _, vector := range rfc7515 {
		t.Run(vector.name, func(t *testing.T) {
			customers := CustomerTokens{}
			if vector.secret != "" {
				secret, err := segments.DecodeString(vector.secret)
				if err != nil {
					t.Fatal(err)
				}
				customers.SecretFile = file(t, string(secret))
			} else {
				customers.JWKSURL = serve(t, keySet(vector.key)).URL
			}
			customers.Claim = "iss"
			d := open(t, shop(customers))
			text := vector.header + "." + rfc7515Claims + "." + vector.signature
			wantCustomer(t, d, text, before, "joe")
			wantRefused(t, d, text, after, cartcore.KindBadToken, "ended")
			wantRefused(t, d, strings.Replace(text, ".eyJ", ".eyK", 1), before, cartcore.KindBadToken, "")
		})
	}
}

// RFC 7515 A.5 is the unsecured example.
func TestTheUnsecuredTokenOfRFC7515IsRefused(t *testing.T) {
	d := open(t, shop(CustomerTokens{SecretFile: secretFile(t).SecretFile, Claim: "iss"}))
	wantRefused(t, d, "eyJhbGciOiJub25lIn0."+rfc7515Claims+".", 1300819379_000, cartcore.KindBadToken, "alg is not supported")
}

// RFC 7515 A.4 is signed by ES512, which is not supported; its payload is the word Payload.
func TestTheES512TokenOfRFC7515IsRefused(t *testing.T) {
	d := open(t, shop(CustomerTokens{PublicKeyFile: file(t, pemOf(t, ring().P256))}))
	text := "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
	wantRefused(t, d, text, moment, cartcore.KindBadToken, "alg is not supported")
}

// RFC 8037 A.4: the payload is no claims set, so only the signature is tried.
func TestTheEd25519SignatureOfRFC8037Fits(t *testing.T) {
	key, err := readKey([]byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`))
	if err != nil {
		t.Fatal(err)
	}
	const signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
	read, err := readToken("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." + signature)
	if err != nil {
		t.Fatal(err)
	}
	if !keyTakes(key, read.Algorithm) || !signatureFits(read.Algorithm, key, read.Signed, read.Signature) {
		t.Fatal("the signature does not fit")
	}
	if signatureFits(read.Algorithm, key, read.Signed[1:], read.Signature) {
		t.Fatal("the signature fits another text")
	}
}

// Every algorithm, by the seam alone: the compiled edition passes the same test.
func TestEveryAlgorithmVerifiesItsOwnSignaturesAndNoOther(t *testing.T) {
	public := map[family]*verifyKey{familySecret: {Family: familySecret, Secret: testSecret}}
	for _, one := range []any{ring().RSA.Public(), ring().P256.Public(), ring().P384.Public(), ring().Ed25519.Public()} {
		key, err := keyOf(one)
		if err != nil {
			t.Fatal(err)
		}
		public[key.Family] = key
	}
	signed := []byte("header.claims")
	for name := range algorithms {
		t.Run(name, func(t *testing.T) {
			key := public[algorithms[name]]
			signature := signBytes(t, name, signer(name), signed)
			if !signatureFits(name, key, signed, signature) {
				t.Fatal("its own signature does not fit")
			}
			for _, bad := range [][]byte{nil, {}, signature[:len(signature)-1], append([]byte{0}, signature...), append(append([]byte{}, signature...), 0), make([]byte, len(signature))} {
				if signatureFits(name, key, signed, bad) {
					t.Fatalf("a signature of %d bytes fits", len(bad))
				}
			}
			if signatureFits(name, key, []byte("header.other"), signature) {
				t.Fatal("the signature fits another text")
			}
			for other := range algorithms {
				if other != name && algorithms[other] == algorithms[name] && signatureFits(other, key, signed, signature) {
					t.Fatalf("the signature fits as %s", other)
				}
			}
		})
	}
}
