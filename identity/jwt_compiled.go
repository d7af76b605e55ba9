//go:build compiled
// +build compiled

package identity

import (
	"crypto/rsa"
	_ "crypto/sha256" // golang-jwt looks the hashes up among those linked in
	_ "crypto/sha512"

	"github.com/golang-jwt/jwt/v5"
)

// methods verify each algorithm of the table algorithms.
var methods = map[string]jwt.SigningMethod{
	"HS256": jwt.SigningMethodHS256, "HS384": jwt.SigningMethodHS384, "HS512": jwt.SigningMethodHS512,
	"RS256": jwt.SigningMethodRS256, "RS384": jwt.SigningMethodRS384, "RS512": jwt.SigningMethodRS512,
	"PS256": strictPSS(jwt.SigningMethodPS256), "PS384": strictPSS(jwt.SigningMethodPS384), "PS512": strictPSS(jwt.SigningMethodPS512),
	"ES256": jwt.SigningMethodES256, "ES384": jwt.SigningMethodES384,
	"EdDSA": jwt.SigningMethodEdDSA,
}

// strictPSS is method for salts as long as the hash only, as RFC 7518 §3.5 wants; the library takes a salt of any length.
func strictPSS(method *jwt.SigningMethodRSAPSS) *jwt.SigningMethodRSAPSS {
	return &jwt.SigningMethodRSAPSS{SigningMethodRSA: method.SigningMethodRSA, Options: &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}}
}

// signatureFits says whether signature is one of signed by algorithm with key. The caller has made sure that key
// takes algorithm (keyTakes).
func signatureFits(algorithm string, key *verifyKey, signed, signature []byte) bool {
	var with any
	switch key.Family {
	case familySecret:
		with = key.Secret
	case familyRSA:
		with = key.RSA
	case familyEd25519:
		with = key.Ed
	default:
		with = key.EC
	}
	return methods[algorithm].Verify(string(signed), signature, with) == nil
}
