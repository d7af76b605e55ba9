package identity

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// maxKeysASet bounds a key set; issuers publish two or three keys, the largest public ones some twenty.
const maxKeysASet = 100

// errUnusable is a key of a set that is not for us: of another kind, for encryption, too short. Sets may hold such keys.
var errUnusable = errors.New("the key is not for verifying tokens here")

// readKeySet reads the keys of a JWK set (RFC 7517 §5) that tokens can verify with, and leaves the others out.
func readKeySet(text []byte) ([]*verifyKey, error) {
	set, err := readObject(text, maxSet)
	if err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	entries := []json.RawMessage{}
	if json.Unmarshal(set["keys"], &entries) != nil {
		return nil, errors.New("reading the key set: keys is not an array")
	}
	if len(entries) > maxKeysASet {
		return nil, fmt.Errorf("reading the key set: it has %d keys; allowed are up to %d", len(entries), maxKeysASet)
	}
	keys := []*verifyKey{}
	for i := range entries {
		key, err := readKey(entries[i])
		if err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("reading the key set: none of its %d keys can verify tokens", len(entries))
	}
	return keys, nil
}

// wireKey is a key as a set writes it (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). A chain of certificates and the
// address of one are not read.
type wireKey struct {
	Kty    string   `json:"kty"`
	Use    string   `json:"use"`
	KeyOps []string `json:"key_ops"`
	Alg    string   `json:"alg"`
	Kid    string   `json:"kid"`
	Crv    string   `json:"crv"`
	N      string   `json:"n"`
	E      string   `json:"e"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
}

// readKey reads one key of a set. A secret (oct) in a document that anyone can fetch is none, so it is left out.
func readKey(text json.RawMessage) (*verifyKey, error) {
	wire := wireKey{}
	exact, err := exactly(text)
	if err == nil {
		err = json.Unmarshal(exact, &wire)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a key: %w", err)
	}
	if (wire.Use != "" && wire.Use != "sig") || !forVerifying(wire.KeyOps) {
		return nil, errUnusable
	}
	public, err := publicOf(&wire)
	if err != nil {
		return nil, err
	}
	key, err := keyOf(public)
	if err != nil {
		return nil, err
	}
	key.ID, key.Algorithm = wire.Kid, wire.Alg
	if wire.Alg != "" && algorithms[wire.Alg] != key.Family {
		return nil, errUnusable
	}
	return key, nil
}

// wireNames are the names of wireKey's members.
var wireNames = map[string]bool{"kty": true, "use": true, "key_ops": true, "alg": true, "kid": true, "crv": true, "n": true, "e": true, "x": true, "y": true}

// exactly leaves of a key the members that have a name of wireNames: encoding/json would take "USE" for "use".
func exactly(text json.RawMessage) ([]byte, error) {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	known := map[string]json.RawMessage{}
	for name := range members {
		if wireNames[name] {
			known[name] = members[name]
		}
	}
	return json.Marshal(known)
}

// forVerifying says whether a key with these key_ops verifies signatures; none named means all.
func forVerifying(operations []string) bool {
	for i := range operations {
		if operations[i] == "verify" {
			return true
		}
	}
	return len(operations) == 0
}

// publicOf makes the public key that package crypto knows.
func publicOf(wire *wireKey) (any, error) {
	if wire.Kty == "RSA" {
		modulus, errN := segments.DecodeString(wire.N)
		exponent, errE := segments.DecodeString(wire.E)
		if errN != nil || errE != nil || len(exponent) == 0 || len(exponent) > 4 {
			return nil, errUnusable
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}, nil
	}
	x, err := segments.DecodeString(wire.X)
	if err != nil {
		return nil, errUnusable
	}
	if wire.Kty == "OKP" && wire.Crv == "Ed25519" && len(x) == ed25519.PublicKeySize {
		return ed25519.PublicKey(x), nil
	}
	if wire.Kty != "EC" {
		return nil, errUnusable
	}
	y, err := segments.DecodeString(wire.Y)
	if err != nil {
		return nil, errUnusable
	}
	curve := ecdh.P256()
	length := 32
	if wire.Crv == "P-384" {
		curve = ecdh.P384() // apart from length: the interpreter drops it beside a call (docs/interpreter.md: assignments of several values)
		length = 48
	} else if wire.Crv != "P-256" {
		return nil, errUnusable
	}
	if len(x) != length || len(y) != length {
		return nil, errUnusable
	}
	// ecdh refuses a point that is not on the curve; ecdsa takes the key by way of its PKIX form.
	point, err := curve.NewPublicKey(append(append([]byte{4}, x...), y...))
	if err != nil {
		return nil, errUnusable
	}
	form, err := x509.MarshalPKIXPublicKey(point)
	if err != nil {
		return nil, errUnusable
	}
	return x509.ParsePKIXPublicKey(form)
}
