package identity

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/polycart/polycart/jsonpath"
)

// Claim paths, and the seam of signatures, are held in each edition to one and the same third way of asking,
// so that the editions cannot differ without one of these tests failing in one of them.

// FuzzClaimPath compares what stands at a path with a walk through the claims as encoding/json decodes them.
func FuzzClaimPath(f *testing.F) {
	const odd = `{"a":{"b":[1,{"c":null}],"a.b":"\ud83d\ude00","":2},"0":[[],[0]],"@this":1,"é":{"x y":-0.0},"*":{"#":1e999},"\u0061b":true,"..":[{"007":7}],"\ud800":"lone"}`
	for _, path := range []string{"a", "a.b", "a.b.0", "a.b.00", "a.b.1.c", `a.a\.b`, "0.1.0", "0.18446744073709551616", "0.4294967296", "0.-1", "0.+1", `\@this`, "é.x y", `\*.\#`, `\0.\0`, "ab", `\.\..0.007`, "\ufffd", `a.b.\#`, `\a.\b`} {
		f.Add(odd, path)
	}
	f.Add(" {\n\"a\" : [ 1 , 2 ] }\t", "a.1")
	f.Add(`{"a":"{\"b\":1}"}`, "a.b")
	f.Add(`{"a":"[1]"}`, "a.0")
	f.Fuzz(func(t *testing.T, claims, text string) {
		path, err := readPath(text)
		if err != nil {
			return
		}
		if members, err := readObject([]byte(claims), maxToken); err != nil || members == nil {
			return
		}
		want, wanted := walked(t, claims, path)
		raw, there := jsonpath.Get([]byte(claims), path)
		if there != wanted {
			t.Fatalf("%q in %q: there is %v, want %v", text, claims, there, wanted)
		}
		if there && !reflect.DeepEqual(decoded(t, string(raw)), want) {
			t.Fatalf("%q in %q: got %s, want %v", text, claims, raw, want)
		}
		if there && string(bytes.TrimSpace(raw)) != string(raw) {
			t.Fatalf("%q in %q: there is space around %q", text, claims, raw)
		}
	})
}

// walked goes down a path in decoded claims.
func walked(t *testing.T, claims string, path *jsonpath.Path) (any, bool) {
	at := decoded(t, claims)
	for _, name := range path.Names {
		switch within := at.(type) {
		case map[string]any:
			next, there := within[name]
			if !there {
				return nil, false
			}
			at = next
		case []any:
			index, err := strconv.ParseUint(name, 10, 32)
			if err != nil || index >= uint64(len(within)) {
				return nil, false
			}
			at = within[index]
		default:
			return nil, false
		}
	}
	return at, true
}

func decoded(t *testing.T, text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%q is no JSON: %v", text, err)
	}
	return value
}

// FuzzSignature compares what fits with what crypto/x509 and crypto/hmac say: for a good signature, for one with changed
// bytes, and for any text at all.
func FuzzSignature(f *testing.F) {
	for _, name := range []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"} {
		f.Add(name, []byte("a.b"), []byte(nil), 0)
		f.Add(name, []byte(""), []byte{1}, 0)
		f.Add(name, []byte("a.b"), []byte{0x80}, 31)
		f.Add(name, []byte("a.b"), []byte("longer than any of the signatures could be, and no signature"), -1)
	}
	f.Fuzz(func(t *testing.T, algorithm string, signed, change []byte, at int) {
		if algorithms[algorithm] == "" || len(change) > 1024 {
			return
		}
		signature := change // at is out of range: the text itself, which is none
		if private := signer(algorithm); at >= 0 {
			signature = signBytes(t, algorithm, private, signed)
			for i := range change {
				if at+i >= 0 && at+i < len(signature) {
					signature[at+i] ^= change[i]
				}
			}
		}
		key := verifierOf(algorithm)
		got, want := signatureFits(algorithm, key, signed, signature), fitsElsewhere(t, algorithm, key, signed, signature)
		if got != want {
			t.Fatalf("%s: a signature %x of %q fits is %v, want %v", algorithm, signature, signed, got, want)
		}
		if at >= 0 && len(change) == 0 && !got {
			t.Fatalf("%s: a good signature does not fit", algorithm)
		}
		if cut := signature[:len(signature)/2]; signatureFits(algorithm, key, signed, cut) {
			t.Fatalf("%s: half a signature fits", algorithm)
		}
	})
}

// verifierOf is what signatures of signer(algorithm) verify with.
func verifierOf(algorithm string) *verifyKey {
	key := &verifyKey{Family: algorithms[algorithm]}
	switch key.Family {
	case familySecret:
		key.Secret = testSecret
	case familyRSA:
		key.RSA = &ring().RSA.PublicKey
	case familyEd25519:
		key.Ed = ring().Ed25519.Public().(ed25519.PublicKey)
	case familyP256:
		key.EC = &ring().P256.PublicKey
	case familyP384:
		key.EC = &ring().P384.PublicKey
	}
	return key
}

// fitsElsewhere asks the standard library's check of certificates, which knows nothing of tokens.
func fitsElsewhere(t *testing.T, algorithm string, key *verifyKey, signed, signature []byte) bool {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[algorithm[2:]]
	if key.Family == familySecret {
		mac := hmac.New(hash.New, key.Secret)
		mac.Write(signed)
		return bytes.Equal(mac.Sum(nil), signature)
	}
	with := map[string]x509.SignatureAlgorithm{
		"RS256": x509.SHA256WithRSA, "RS384": x509.SHA384WithRSA, "RS512": x509.SHA512WithRSA,
		"PS256": x509.SHA256WithRSAPSS, "PS384": x509.SHA384WithRSAPSS, "PS512": x509.SHA512WithRSAPSS,
		"ES256": x509.ECDSAWithSHA256, "ES384": x509.ECDSAWithSHA384, "EdDSA": x509.PureEd25519,
	}[algorithm]
	certificate := x509.Certificate{}
	switch key.Family {
	case familyRSA:
		certificate.PublicKey, certificate.PublicKeyAlgorithm = key.RSA, x509.RSA
	case familyEd25519:
		certificate.PublicKey, certificate.PublicKeyAlgorithm = key.Ed, x509.Ed25519
	default:
		certificate.PublicKey, certificate.PublicKeyAlgorithm = key.EC, x509.ECDSA
		signature = inDER(t, key.EC, signature)
	}
	return certificate.CheckSignature(with, signed, signature) == nil
}

// inDER turns r and s side by side, each as long as the curve's order, into the form that certificates have.
func inDER(t *testing.T, key *ecdsa.PublicKey, signature []byte) []byte {
	half := key.Curve.Params().BitSize / 8
	if len(signature) != 2*half {
		return nil
	}
	text, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestASaltThatIsNotAsLongAsTheHashIsRefused(t *testing.T) {
	digest := sha256.Sum256([]byte("a.b"))
	for salt, want := range map[int]bool{32: true, rsa.PSSSaltLengthAuto: false, 20: false, 31: false, 33: false, 64: false} {
		signature, err := rsa.SignPSS(rand.Reader, ring().RSA, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
		if got := signatureFits("PS256", verifierOf("PS256"), []byte("a.b"), signature); got != want {
			t.Errorf("a salt of %d bytes: fits is %v, want %v", salt, got, want)
		}
	}
}
