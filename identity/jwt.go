package identity

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/polycart/polycart/jsonpath"
)

// maxToken bounds a token, in bytes. Tokens in the field have 300 to 2,000; servers bound all headers together to some
// 8 to 16 KiB by default.
const maxToken = 8192

// maxNestedHeader bounds, in bytes, a header with objects inside. Anybody can send one, and it is read through before the
// signature is looked at. A header with a chain of certificates is longer, but flat.
const maxNestedHeader = 1024

// webToken is a signed token, taken apart and not yet verified.
type webToken struct {
	Algorithm string
	KeyID     string // empty: none
	Signed    []byte // what the signature is of
	Signature []byte
	Claims    []byte // JSON text, once the signature is found good
}

// segments is base64url without padding, in its one canonical form (RFC 7515 §2; a token has only one spelling).
var segments = base64.RawURLEncoding.Strict()

// The reasons why a token is refused before its signature is looked at. They show nothing of it.
var (
	errTokenLength   = errors.New("the token is longer than 8192 bytes")
	errTokenParts    = errors.New("the token does not have three parts")
	errTokenEncoding = errors.New("the token is not base64url without padding")
	errTokenCritical = errors.New("the token's header has crit; no extension is understood")
	errTokenType     = errors.New("the token's header has a typ other than JWT and at+jwt")
	errTokenNoAlg    = errors.New("the token's header has no alg")
	errTokenAlg      = errors.New("the token's alg is not supported")
)

// readToken takes a token apart. Nothing of it is to be trusted yet.
// Keys that a header brings along (jwk, jku, x5c, x5u) are not looked at: RFC 8725 §3.10.
func readToken(text string) (webToken, error) {
	token := webToken{}
	if len(text) > maxToken {
		return token, errTokenLength
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return token, errTokenParts
	}
	if strings.ContainsAny(text, "\r\n") { // the decoder would skip them
		return token, errTokenEncoding
	}
	headerText, errHeader := segments.DecodeString(parts[0])
	claims, errClaims := segments.DecodeString(parts[1])
	signature, errSignature := segments.DecodeString(parts[2])
	if errHeader != nil || errClaims != nil || errSignature != nil {
		return token, errTokenEncoding
	}
	header, err := readObject(headerText, maxNestedHeader)
	if err != nil {
		return token, fmt.Errorf("reading the token's header: %w", err)
	}
	if _, there := header["crit"]; there {
		return token, errTokenCritical
	}
	if kind, there, err := textIn(header, "typ"); err != nil {
		return token, fmt.Errorf("reading the token's typ: %w", err)
	} else if there && !typeFits(kind) {
		return token, errTokenType
	}
	algorithm, there, err := textIn(header, "alg")
	if err != nil {
		return token, fmt.Errorf("reading the token's alg: %w", err)
	}
	if !there {
		return token, errTokenNoAlg
	}
	if algorithms[algorithm] == "" {
		return token, errTokenAlg
	}
	keyID, _, err := textIn(header, "kid")
	if err != nil {
		return token, fmt.Errorf("reading the token's kid: %w", err)
	}
	token.Algorithm, token.KeyID = algorithm, keyID
	token.Signed = []byte(parts[0] + "." + parts[1])
	token.Claims, token.Signature = claims, signature
	return token, nil
}

// typeFits says whether a token of this type may stand for a customer: one that says it is made for something else,
// such as a logout, does not (RFC 8725 §3.11).
func typeFits(kind string) bool {
	kind = strings.TrimPrefix(strings.ToLower(kind), "application/")
	return kind == "jwt" || kind == "at+jwt"
}

// headerReads says whether text begins as a token does: with the JSON object of a header. Opaque text with two dots
// in it does not.
func headerReads(text string) bool {
	header, err := segments.DecodeString(text[:strings.IndexByte(text, '.')])
	if err != nil {
		return false
	}
	members := map[string]json.RawMessage{}
	return json.Unmarshal(header, &members) == nil && members["alg"] != nil
}

// claimRules is what a tenant asks of claims.
type claimRules struct {
	Issuer         string
	Audience       []string
	Leeway         int64 // milliseconds
	ExpiryOptional bool
	Customer       *jsonpath.Path
	Phone          *jsonpath.Path
	PhoneNeeded    bool // without the phone claim the number counts as not verified
}

// The reasons why claims are refused. They show nothing of the token.
var (
	errNoExpiry  = errors.New("the token has no exp")
	errIssuer    = errors.New("the token's iss is not the issuer configured")
	errAudience  = errors.New("the token's aud does not hold an audience configured")
	errNoClaim   = errors.New("the token has no customer id")
	errNotMoment = errors.New("it is not a number of seconds from 0 to 2^53-1")
)

// checkClaims judges the claims of a token whose signature is good, at now (Unix milliseconds).
func checkClaims(rules *claimRules, text []byte, now int64) (remembered, error) {
	claims, err := readObject(text, maxToken)
	if err != nil {
		return remembered{}, fmt.Errorf("reading the token's claims: %w", err)
	}
	ends, err := checkTimes(rules, claims, now)
	if err != nil {
		return remembered{}, err
	}
	issuer, _, err := textIn(claims, "iss")
	if err != nil {
		return remembered{}, fmt.Errorf("reading the token's iss: %w", err)
	}
	if rules.Issuer != "" && issuer != rules.Issuer {
		return remembered{}, errIssuer
	}
	if err := checkAudience(rules, claims); err != nil {
		return remembered{}, err
	}
	raw, there := jsonpath.Get(text, rules.Customer)
	if !there {
		return remembered{}, errNoClaim
	}
	customer, err := asCustomerID(raw)
	if err != nil {
		return remembered{}, fmt.Errorf("reading the token's claim %s: %w", rules.Customer.Text, err)
	}
	phone, there := jsonpath.Get(text, rules.Phone)
	verified := string(phone) == "true" || (!there && !rules.PhoneNeeded)
	return remembered{Customer: customer, PhoneVerified: verified, Until: ends}, nil
}

// checkTimes judges exp, nbf and iat, and answers when the token ends, in Unix milliseconds.
func checkTimes(rules *claimRules, claims map[string]json.RawMessage, now int64) (int64, error) {
	ends, there, err := momentIn(claims, "exp")
	if err != nil {
		return 0, err
	}
	if !there && !rules.ExpiryOptional {
		return 0, errNoExpiry
	}
	if !there {
		ends = math.MaxInt64
	} else {
		ends += rules.Leeway
	}
	if now >= ends {
		return 0, fmt.Errorf("the token ended %d s ago", (now-ends)/1000)
	}
	for _, name := range []string{"nbf", "iat"} {
		begins, there, err := momentIn(claims, name)
		if err != nil {
			return 0, err
		}
		if there && now < begins-rules.Leeway {
			return 0, fmt.Errorf("the token's %s is %d s ahead", name, (begins-now)/1000)
		}
	}
	return ends, nil
}

// momentIn reads a claim that must be a number of seconds since 1970 (NumericDate, RFC 7519 §2), in milliseconds.
func momentIn(claims map[string]json.RawMessage, name string) (millis int64, there bool, err error) {
	raw, there := claims[name]
	if !there {
		return 0, false, nil
	}
	text := string(raw)
	whole, err := strconv.ParseInt(text, 10, 64)
	if err == nil && whole >= 0 && whole <= maxMoment {
		return whole * 1000, true, nil
	}
	// A fraction is allowed. Strings do not parse; NaN and infinity are no JSON.
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds < 0 || seconds > maxMoment {
		return 0, true, fmt.Errorf("reading the token's %s: %w", name, errNotMoment)
	}
	return int64(seconds * 1000), true, nil
}

// maxMoment is 2^53-1 seconds, far past year 9999; its milliseconds fit an int64 with any leeway.
const maxMoment = 1<<53 - 1

// checkAudience judges aud, a string or an array of strings (RFC 7519 §4.1.3).
func checkAudience(rules *claimRules, claims map[string]json.RawMessage) error {
	raw, there := claims["aud"]
	audience := []string{}
	if there && len(raw) > 0 && raw[0] == '[' {
		entries := []json.RawMessage{}
		if err := json.Unmarshal(raw, &entries); err != nil {
			return fmt.Errorf("reading the token's aud: %w", errNotText)
		}
		for i := range entries {
			one, err := asText(entries[i])
			if err != nil {
				return fmt.Errorf("reading the token's aud: %w", err)
			}
			audience = append(audience, one)
		}
	} else if there {
		one, err := asText(raw)
		if err != nil {
			return fmt.Errorf("reading the token's aud: %w", err)
		}
		audience = append(audience, one)
	}
	if len(rules.Audience) == 0 {
		return nil
	}
	for i := range audience {
		for j := range rules.Audience {
			if audience[i] == rules.Audience[j] {
				return nil
			}
		}
	}
	return errAudience
}
