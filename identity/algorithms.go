package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
)

// family is what kind of key a signature algorithm needs.
type family string

// The families of keys. A curve is a family of its own: ES256 goes with P-256 only (RFC 7518 §3.4).
const (
	familySecret  family = "secret"
	familyRSA     family = "RSA"
	familyP256    family = "P-256"
	familyP384    family = "P-384"
	familyEd25519 family = "Ed25519"
)

// algorithms is every signature algorithm that is accepted, and the family of its key. `none` is not in it.
var algorithms = map[string]family{
	"HS256": familySecret, "HS384": familySecret, "HS512": familySecret,
	"RS256": familyRSA, "RS384": familyRSA, "RS512": familyRSA,
	"PS256": familyRSA, "PS384": familyRSA, "PS512": familyRSA,
	"ES256": familyP256, "ES384": familyP384,
	"EdDSA": familyEd25519,
}

// algorithmNames lists the same for people.
const algorithmNames = "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA"

// verifyKey is a key that signatures verify with. Only the field of its family is set.
type verifyKey struct {
	Family    family
	ID        string // kid of a key set's key; empty: none
	Algorithm string // the one algorithm that a key set's key is for; empty: any of its family
	Secret    []byte
	RSA       *rsa.PublicKey
	EC        *ecdsa.PublicKey
	Ed        ed25519.PublicKey
}

// keyTakes says whether signatures by algorithm may verify with key: RFC 8725 §3.1. So a public key is never taken
// for a secret, whatever the token says.
func keyTakes(key *verifyKey, algorithm string) bool {
	return algorithms[algorithm] == key.Family && (key.Algorithm == "" || key.Algorithm == algorithm)
}
