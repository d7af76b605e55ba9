package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// Sign makes a token of claims, signed by HS256 with secret, for trying a shop out and for tests. The secret has 32
// bytes or more, as in CustomerTokens.SecretFile; an error names its length or the claim that is no JSON.
func Sign(secret []byte, claims map[string]any) (string, error) {
	if len(secret) < minSecret {
		return "", fmt.Errorf("the secret has %d bytes; allowed are %d or more", len(secret), minSecret)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("writing the token's claims: %w", err)
	}
	signed := segments.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + segments.EncodeToString(text)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed)) // a hash never answers an error: hash.Hash
	return signed + "." + segments.EncodeToString(mac.Sum(nil)), nil
}
