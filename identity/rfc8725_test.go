package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// claims is goodClaims with more members.
func claims(more string) string { return strings.TrimSuffix(goodClaims, "}") + "," + more + "}" }

// hs signs with the secret and a header of its own.
func hs(t *testing.T, header, claims string) string {
	t.Helper()
	return signToken(t, "HS256", testSecret, header, claims)
}

// RFC 8725 (JSON Web Token Best Current Practices), rule by rule. Every token is refused as cartcore.KindBadToken.
func TestRFC8725(t *testing.T) {
	secret := open(t, shop(secretFile(t)))
	public := open(t, shop(CustomerTokens{PublicKeyFile: file(t, pemOf(t, ring().RSA))}))
	publicPEM := pemOf(t, ring().RSA)
	good := token(t, "HS256", testSecret, goodClaims)
	parts := strings.Split(good, ".")
	const usual = `{"alg":"HS256","typ":"JWT"}`

	wantCustomer(t, secret, good, moment, "182")
	wantCustomer(t, public, token(t, "RS256", ring().RSA, goodClaims), moment, "182")

	rules := []struct {
		name  string
		d     *Directory
		token string
		why   string
	}{
		{"3.1 a token without algorithm is refused", secret, hs(t, `{"typ":"JWT"}`, goodClaims), "has no alg"},
		{"3.1 an algorithm that is not a string is refused", secret, hs(t, `{"alg":["HS256"]}`, goodClaims), "alg: it is not a string"},
		{"3.1 an algorithm in another spelling is refused", secret, hs(t, `{"alg":"hs256"}`, goodClaims), "not supported"},
		{"3.1 an algorithm that does not fit the key is refused", secret, token(t, "RS256", ring().RSA, goodClaims), "fits no key"},
		{"3.1 a public key is never an HMAC secret", public, signToken(t, "HS256", []byte(publicPEM), usual, goodClaims), "fits no key"},
		{"3.1 a public key's modulus is never an HMAC secret", public, signToken(t, "HS256", ring().RSA.N.Bytes(), usual, goodClaims), "fits no key"},
		{"3.1 a key on another curve is refused", open(t, shop(CustomerTokens{PublicKeyFile: file(t, pemOf(t, ring().P256))})), token(t, "ES384", ring().P384, goodClaims), "fits no key"},
		{"3.1 a configured algorithm excludes the others", open(t, shop(CustomerTokens{SecretFile: secretFile(t).SecretFile, Algorithms: []string{"HS512"}})), good, "not one of the tenant's algorithms"},
		{"3.2 an unsecured token is refused", secret, noneToken("none") + ".", "not supported"},
		{"3.2 an unsecured token with capitals is refused", secret, noneToken("NONE") + ".", "not supported"},
		{"3.2 an unsecured token in mixed letters is refused", secret, noneToken("nOnE") + ".", "not supported"},
		{"3.2 an unsecured token with a blank is refused", secret, noneToken("none ") + ".", "not supported"},
		{"3.2 an unsecured token with somebody's signature is refused", secret, noneToken("none") + "." + parts[2], "not supported"},
		{"3.2 an empty algorithm is refused", secret, noneToken("") + ".", "not supported"},
		{"3.2 encryption is no signature", secret, hs(t, `{"alg":"RSA-OAEP","enc":"A128GCM"}`, goodClaims), "not supported"},
		{"3.3 a wrong signature is refused", secret, parts[0] + "." + parts[1] + "." + segments.EncodeToString(make([]byte, 32)), "fits no key"},
		{"3.3 no signature is refused", secret, parts[0] + "." + parts[1] + ".", "fits no key"},
		{"3.3 a cut signature is refused", secret, parts[0] + "." + parts[1] + "." + segments.EncodeToString(signBytes(t, "HS256", testSecret, []byte(parts[0]+"."+parts[1]))[:16]), "fits no key"},
		{"3.3 a changed header is refused", secret, segments.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + parts[1] + "." + parts[2], "fits no key"},
		{"3.3 changed claims are refused", secret, parts[0] + "." + segments.EncodeToString([]byte(claims(`"admin":true`))) + "." + parts[2], "fits no key"},
		{"3.3 an encrypted token's five parts are refused", secret, good + ".AA.AA", "three parts"},
		{"3.3 two parts are refused", secret, parts[0] + "." + parts[1], "three parts"},
		{"3.4 an ES256 signature in DER is refused", open(t, shop(CustomerTokens{PublicKeyFile: file(t, pemOf(t, ring().P256))})), derSigned(t), "fits no key"},
		{"3.4 an ES256 signature of zeros is refused", open(t, shop(CustomerTokens{PublicKeyFile: file(t, pemOf(t, ring().P256))})), zeroSigned("ES256", 64), "fits no key"},
		{"3.7 claims in another encoding than UTF-8 are refused", secret, hs(t, usual, "{\"sub\":\"\xff\",\"exp\":1800003600}"), "not a JSON object"},
		{"3.7 claims in UTF-16 are refused", secret, hs(t, usual, "\xfe\xff\x00{\x00}"), "not a JSON object"},
		{"3.8 another issuer is refused", open(t, shop(withIssuer(t))), token(t, "HS256", testSecret, claims(`"iss":"https://id.acme.com/"`)), "iss is not the issuer"},
		{"3.8 no issuer is refused where one is configured", open(t, shop(withIssuer(t))), good, "iss is not the issuer"},
		{"3.9 another audience is refused", open(t, shop(withAudience(t))), token(t, "HS256", testSecret, claims(`"aud":"mail"`)), "aud does not hold"},
		{"3.9 other audiences are refused", open(t, shop(withAudience(t))), token(t, "HS256", testSecret, claims(`"aud":["mail","Cart"]`)), "aud does not hold"},
		{"3.9 no audience is refused where one is configured", open(t, shop(withAudience(t))), good, "aud does not hold"},
		{"3.10 a key that the token brings along is not used", public, embedded(t, `"jwk":{"kty":"RSA","e":"AQAB","n":"`, `"}`), "fits no key"},
		{"3.10 the file that a kid names is not read", secret, signToken(t, "HS256", []byte{}, `{"alg":"HS256","kid":"../../dev/null"}`, goodClaims), "fits no key"},
		{"3.10 a kid that is not a string is refused", secret, hs(t, `{"alg":"HS256","kid":7}`, goodClaims), "kid: it is not a string"},
		{"3.11 a token for another purpose is refused", secret, hs(t, `{"alg":"HS256","typ":"logout+jwt"}`, goodClaims), "typ other than"},
		{"3.11 a type that is not a string is refused", secret, hs(t, `{"alg":"HS256","typ":null}`, goodClaims), "typ: it is not a string"},
		{"2.4 a header name that is there twice is refused", secret, hs(t, `{"alg":"none","alg":"HS256"}`, goodClaims), "a name is there twice"},
		{"2.4 a header name twice in another spelling is refused", secret, hs(t, `{"alg":"HS256","\u0061lg":"HS256"}`, goodClaims), "a name is there twice"},
		{"2.4 a claim that is there twice is refused", secret, hs(t, usual, claims(`"sub":"1"`)), "a name is there twice"},
		{"2.4 a claim that is there twice deep inside is refused", secret, hs(t, usual, claims(`"a":[{"b":{"c":1,"c":2}}]`)), "a name is there twice"},
		{"2.8 a critical extension is refused", secret, hs(t, `{"alg":"HS256","crit":["exp"],"exp":1}`, goodClaims), "has crit"},
		{"2.8 an empty list of critical extensions is refused", secret, hs(t, `{"alg":"HS256","crit":[]}`, goodClaims), "has crit"},
		{"2.8 an unencoded payload is refused", secret, hs(t, `{"alg":"HS256","b64":false,"crit":["b64"]}`, goodClaims), "has crit"},
		{"2.9 padding is refused", secret, parts[0] + "." + parts[1] + "." + parts[2] + "=", "not base64url"},
		{"2.9 the other base64 alphabet is refused", secret, parts[0] + "." + parts[1] + "." + base64.RawStdEncoding.EncodeToString([]byte{0xfb, 0xff, 0xfe}), "not base64url"},
		{"2.9 a line break inside is refused", secret, parts[0] + "." + parts[1] + "." + parts[2][:4] + "\n" + parts[2][4:], "not base64url"},
		{"2.9 a blank in front is refused", secret, " " + good, "not base64url"},
		{"2.9 a signature with loose last bits is refused", secret, good[:len(good)-1] + nextLetter(good[len(good)-1]), "not base64url"},
		{"2.9 more than 8192 bytes are refused", secret, token(t, "HS256", testSecret, claims(`"a":"`+strings.Repeat("a", 6200)+`"`)), "longer than 8192"},
		{"2.9 a long header with objects inside is refused", secret, hs(t, `{"alg":"HS256","a":{"b":[`+strings.Repeat("0,", 600)+`0]}}`, goodClaims), "long and has objects inside"},
		{"2.9 a header that is no object is refused", secret, hs(t, `["HS256"]`, goodClaims), "header: it is not a JSON object"},
		{"2.9 a header that is null is refused", secret, hs(t, `null`, goodClaims), "header: it is not a JSON object"},
		{"2.9 a header with text after it is refused", secret, hs(t, usual+"x", goodClaims), "header: it is not a JSON object"},
		{"2.9 claims that are no object are refused", secret, hs(t, usual, `"182"`), "claims: it is not a JSON object"},
		{"2.9 empty text is refused", secret, "..", "header: it is not a JSON object"},
	}
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			wantRefused(t, rule.d, rule.token, moment, cartcore.KindBadToken, rule.why)
		})
	}
}

// Claims that RFC 7519 §4.1 defines, and the customer id. An empty why: accepted.
func TestClaims(t *testing.T) {
	d := open(t, shop(secretFile(t)))
	cases := []struct{ name, claims, why string }{
		{"exp within the leeway is accepted", `{"sub":"182","exp":1799999971}`, ""},
		{"exp at the end of the leeway is refused", `{"sub":"182","exp":1799999970}`, "ended 0 s ago"},
		{"exp long ago is refused", `{"sub":"182","exp":1799990000}`, "ended 9970 s ago"},
		{"exp in fractions of a second is accepted", `{"sub":"182","exp":1800000000.5}`, ""},
		{"exp with an exponent is accepted", `{"sub":"182","exp":18e8}`, ""},
		{"no exp is refused", `{"sub":"182"}`, "has no exp"},
		{"exp as text is refused", `{"sub":"182","exp":"1800003600"}`, "exp: it is not a number"},
		{"exp as null is refused", `{"sub":"182","exp":null}`, "exp: it is not a number"},
		{"exp below 0 is refused", `{"sub":"182","exp":-1}`, "exp: it is not a number"},
		{"exp past 2^53-1 is refused", `{"sub":"182","exp":9007199254740992}`, "exp: it is not a number"},
		{"exp past every float is refused", `{"sub":"182","exp":1e400}`, "exp: it is not a number"},
		{"exp of 2^53-1 is accepted", `{"sub":"182","exp":9007199254740991}`, ""},
		{"nbf within the leeway is accepted", claims(`"nbf":1800000030`), ""},
		{"nbf ahead is refused", claims(`"nbf":1800000031`), "nbf is 31 s ahead"},
		{"nbf far ahead is refused", claims(`"nbf":9007199254740991`), "nbf is"},
		{"nbf as text is refused", claims(`"nbf":"1"`), "nbf: it is not a number"},
		{"iat ahead is refused", claims(`"iat":1800000031`), "iat is 31 s ahead"},
		{"iat as an object is refused", claims(`"iat":{}`), "iat: it is not a number"},
		{"iss as a number is refused", claims(`"iss":1`), "iss: it is not a string"},
		{"aud as a number is refused", claims(`"aud":1`), "aud: it is not a string"},
		{"aud with a number in it is refused", claims(`"aud":["cart",1]`), "aud: it is not a string"},
		{"aud that nobody configured is not looked at", claims(`"aud":["cart"]`), ""},
		{"no sub is refused", `{"exp":1800003600}`, "no customer id"},
		{"sub in capitals is no sub", `{"SUB":"182","exp":1800003600}`, "no customer id"},
		{"a whole number as sub is accepted", `{"sub":182,"exp":1800003600}`, ""},
		{"sub of 2^53 is refused", `{"sub":9007199254740992,"exp":1800003600}`, "neither a string nor a whole number"},
		{"a fraction as sub is refused", `{"sub":182.0,"exp":1800003600}`, "neither a string nor a whole number"},
		{"an exponent in sub is refused", `{"sub":1e2,"exp":1800003600}`, "neither a string nor a whole number"},
		{"sub below 0 is refused", `{"sub":-1,"exp":1800003600}`, "neither a string nor a whole number"},
		{"minus 0 as sub is refused", `{"sub":-0,"exp":1800003600}`, "neither a string nor a whole number"},
		{"null as sub is refused", `{"sub":null,"exp":1800003600}`, "neither a string nor a whole number"},
		{"true as sub is refused", `{"sub":true,"exp":1800003600}`, "neither a string nor a whole number"},
		{"an object as sub is refused", `{"sub":{"id":1},"exp":1800003600}`, "neither a string nor a whole number"},
		{"an empty sub is refused", `{"sub":"","exp":1800003600}`, "empty or longer"},
		{"sub of 256 bytes is refused", `{"sub":"` + strings.Repeat("a", 256) + `","exp":1800003600}`, "empty or longer"},
		{"sub with a control character is refused", `{"sub":"1\u0000","exp":1800003600}`, "control characters"},
		{"sub with half a surrogate pair is refused", `{"sub":"\ud800","exp":1800003600}`, "not UTF-8"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := token(t, "HS256", testSecret, c.claims)
			if c.why != "" {
				wantRefused(t, d, text, moment, cartcore.KindBadToken, c.why)
				return
			}
			wantCustomer(t, d, text, moment, "182")
		})
	}
}

func TestATokenWithoutExpiryIsAcceptedWhereTheTenantSaysSo(t *testing.T) {
	customers := secretFile(t)
	customers.ExpiryOptional = true
	wantCustomer(t, open(t, shop(customers)), token(t, "HS256", testSecret, `{"sub":"182"}`), moment, "182")
}

func TestAConfiguredIssuerAndAudienceAreAccepted(t *testing.T) {
	customers := withIssuer(t)
	customers.Audience = []string{"shop", "cart"}
	d := open(t, shop(customers))
	wantCustomer(t, d, token(t, "HS256", testSecret, claims(`"iss":"https://id.acme.com","aud":"cart"`)), moment, "182")
	wantCustomer(t, d, token(t, "HS256", testSecret, claims(`"iss":"https://id.acme.com","aud":["mail","shop"]`)), moment, "182")
}

func TestALongFlatHeaderIsAccepted(t *testing.T) {
	d := open(t, shop(secretFile(t)))
	wantCustomer(t, d, hs(t, `{"alg":"HS256","x5c":["`+strings.Repeat("MIIB", 900)+`"]}`, goodClaims), moment, "182")
}

func TestTheTypesOfCustomerTokensAreAccepted(t *testing.T) {
	d := open(t, shop(secretFile(t)))
	for _, kind := range []string{"JWT", "jwt", "at+jwt", "application/at+JWT"} {
		wantCustomer(t, d, hs(t, `{"alg":"HS256","typ":"`+kind+`"}`, goodClaims), moment, "182")
	}
}

func TestTheClaimOfTheCustomerIsConfigured(t *testing.T) {
	for path, text := range map[string]string{
		"customer.id":              `{"customer":{"id":182},"exp":1800003600}`,
		`https://acme\.com/id`:     `{"https://acme.com/id":"182","exp":1800003600}`,
		"ids.1":                    `{"ids":["7","182"],"exp":1800003600}`,
		`\@id`:                     `{"@id":"182","exp":1800003600}`,
		`a\\b`:                     `{"a\\b":"182","exp":1800003600}`,
		"customer.0":               `{"customer":{"0":182},"exp":1800003600}`,
		"größe":                    `{"größe":182,"exp":1800003600}`,
		"customer.shop.identities": `{"customer":{"shop":{"identities":182}},"exp":1800003600}`,
	} {
		customers := secretFile(t)
		customers.Claim = path
		d := open(t, shop(customers))
		wantCustomer(t, d, token(t, "HS256", testSecret, text), moment, "182")
		wantRefused(t, d, token(t, "HS256", testSecret, claims(`"customer":[],"ids":["7"]`)), moment, cartcore.KindBadToken, "no customer id")
	}
}

// What the phone claim makes of a caller, by what is configured and what the token says.
func TestThePhoneNumberCountsAsVerified(t *testing.T) {
	cases := []struct {
		name, configured, more string
		want                   bool
	}{
		{"where nothing is configured and the token says nothing", "", `"a":1`, true},
		{"where nothing is configured and the token says so", "", `"phone_verified":true`, true},
		{"not where the token says no", "", `"phone_verified":false`, false},
		{"not where the token says yes as text", "", `"phone_verified":"true"`, false},
		{"where the configured claim is true", "phone_number_verified", `"phone_number_verified":true`, true},
		{"not where the configured claim is missing", "phone_number_verified", `"phone_verified":true`, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			customers := secretFile(t)
			customers.PhoneVerifiedClaim = c.configured
			caller, err := signIn(open(t, shop(customers)), token(t, "HS256", testSecret, claims(c.more)), moment)
			if err != nil || caller.PhoneVerified != c.want {
				t.Fatalf("got %v %v, want %v", caller.PhoneVerified, err, c.want)
			}
		})
	}
}

func TestAWeakRSAKeyInASetIsLeftOut(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readKeySet([]byte(keySet(jwk(t, weak, "1", "")))); err == nil || !strings.Contains(err.Error(), "none of its 1 keys") {
		t.Fatalf("got %v", err)
	}
}

func TestSignMakesATokenThatVerifies(t *testing.T) {
	text, err := Sign(testSecret, map[string]any{"sub": "182", "exp": seconds + 60})
	if err != nil {
		t.Fatal(err)
	}
	wantCustomer(t, open(t, shop(secretFile(t))), text, moment, "182")
}

func TestSignRefusesAShortSecret(t *testing.T) {
	if _, err := Sign(testSecret[:31], nil); err == nil || err.Error() != "the secret has 31 bytes; allowed are 32 or more" {
		t.Fatalf("got %v", err)
	}
}

func TestSignRefusesAClaimThatIsNoJSON(t *testing.T) {
	if _, err := Sign(testSecret, map[string]any{"sub": make(chan int)}); err == nil || !strings.HasPrefix(err.Error(), "writing the token's claims: ") {
		t.Fatalf("got %v", err)
	}
}

func noneToken(algorithm string) string {
	return segments.EncodeToString([]byte(`{"alg":"`+algorithm+`"}`)) + "." + segments.EncodeToString([]byte(goodClaims))
}

func withIssuer(t *testing.T) CustomerTokens {
	customers := secretFile(t)
	customers.Issuer = "https://id.acme.com"
	return customers
}

func withAudience(t *testing.T) CustomerTokens {
	customers := secretFile(t)
	customers.Audience = []string{"cart"}
	return customers
}

// derSigned has an ES256 signature in the form that X.509 uses.
func derSigned(t *testing.T) string {
	t.Helper()
	signed := segments.EncodeToString([]byte(`{"alg":"ES256"}`)) + "." + segments.EncodeToString([]byte(goodClaims))
	raw := signBytes(t, "ES256", ring().P256, []byte(signed))
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + segments.EncodeToString(der)
}

// zeroSigned has a signature of zeros (CVE-2022-21449 in another library).
func zeroSigned(algorithm string, length int) string {
	return segments.EncodeToString([]byte(`{"alg":"`+algorithm+`"}`)) + "." + segments.EncodeToString([]byte(goodClaims)) + "." + segments.EncodeToString(make([]byte, length))
}

// embedded is signed by a stranger's key, which the header brings along.
func embedded(t *testing.T, before, after string) string {
	t.Helper()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	header := `{"alg":"RS256",` + before + segments.EncodeToString(stranger.N.Bytes()) + after + `}`
	return signToken(t, "RS256", stranger, header, goodClaims)
}

// nextLetter is the letter after one in the base64url alphabet: 32 bytes end in a letter whose last two bits are 0.
func nextLetter(letter byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, letter)+1])
}
