//go:build !compiled

package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
)

// signatureFits says whether signature is one of signed by algorithm with key. The caller has made sure that key
// takes algorithm (keyTakes). It is the seam of token verification: the compiled edition asks golang-jwt instead.
func signatureFits(algorithm string, key *verifyKey, signed, signature []byte) bool {
	if key.Family == familySecret {
		return hmacFits(algorithm, key.Secret, signed, signature)
	}
	if key.Family == familyEd25519 {
		return len(key.Ed) == ed25519.PublicKeySize && ed25519.Verify(key.Ed, signed, signature)
	}
	hash, digest := digestFor(algorithm, signed)
	if key.Family == familyRSA {
		if algorithm[:2] == "PS" {
			// The salt is as long as the hash: RFC 7518 §3.5.
			return rsa.VerifyPSS(key.RSA, hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(key.RSA, hash, digest, signature) == nil
	}
	// r and s, each as long as the curve's order: RFC 7518 §3.4.
	half := hash.Size()
	if len(signature) != 2*half {
		return false
	}
	r := new(big.Int).SetBytes(signature[:half])
	s := new(big.Int).SetBytes(signature[half:])
	return ecdsa.Verify(key.EC, digest, r, s)
}

// digestFor hashes signed with the hash that algorithm names: ES256 and ES384 are used with curves of that size only.
func digestFor(algorithm string, signed []byte) (crypto.Hash, []byte) {
	if algorithm[2:] == "256" {
		sum := sha256.Sum256(signed)
		return crypto.SHA256, sum[:]
	}
	if algorithm[2:] == "384" {
		sum := sha512.Sum384(signed)
		return crypto.SHA384, sum[:]
	}
	sum := sha512.Sum512(signed)
	return crypto.SHA512, sum[:]
}

// hmacFits compares in constant time: how long it takes tells a forger nothing of the right signature.
func hmacFits(algorithm string, secret, signed, signature []byte) bool {
	mac := hmac.New(sha256.New, secret)
	if algorithm == "HS384" {
		mac = hmac.New(sha512.New384, secret)
	} else if algorithm == "HS512" {
		mac = hmac.New(sha512.New, secret)
	}
	mac.Write(signed) // a hash never answers an error: hash.Hash
	return hmac.Equal(mac.Sum(nil), signature)
}
