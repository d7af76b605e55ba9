package identity

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
)

// keyServer is a real server of a key set that tests can change, break and count.
type keyServer struct {
	*httptest.Server
	body   atomic.Value // string
	status atomic.Int64
	asked  atomic.Int64
	hang   atomic.Value // chan struct{}: answers wait until it is closed
}

func serve(t testing.TB, body string) *keyServer {
	t.Helper()
	s := &keyServer{}
	s.body.Store(body)
	s.status.Store(200)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if hang, ok := s.hang.Load().(chan struct{}); ok {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}
		if s.status.Load() == 302 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(int(s.status.Load()))
		fmt.Fprint(w, s.body.Load())
	}))
	t.Cleanup(s.Close)
	return s
}

func TestEveryKindOfKeyInASetVerifies(t *testing.T) {
	set := serve(t, keySet(jwk(t, ring().RSA, "rsa", `"use":"sig"`), jwk(t, ring().P256, "p256", `"alg":"ES256"`),
		jwk(t, ring().P384, "p384", `"key_ops":["verify"]`), jwk(t, ring().Ed25519, "ed", "")))
	d := open(t, shop(CustomerTokens{JWKSURL: set.URL}))
	for algorithm, id := range map[string]string{"RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "PS256": "rsa", "PS384": "rsa", "PS512": "rsa", "ES256": "p256", "ES384": "p384", "EdDSA": "ed"} {
		wantCustomer(t, d, signToken(t, algorithm, signer(algorithm), `{"alg":"`+algorithm+`","kid":"`+id+`"}`, goodClaims), moment, "182")
		wantCustomer(t, d, token(t, algorithm, signer(algorithm), goodClaims), moment, "182") // without kid
	}
	if n := set.asked.Load(); n != 1 {
		t.Fatalf("the set was fetched %d times, want 1", n)
	}
}

func TestKeysOfASetThatAreNotForTokensAreLeftOut(t *testing.T) {
	for name, key := range map[string]string{
		"for encryption":                  jwk(t, ring().RSA, "", `"use":"enc"`),
		"with other operations":           jwk(t, ring().RSA, "", `"key_ops":["encrypt"]`),
		"a secret":                        `{"kty":"oct","k":"` + segments.EncodeToString(testSecret) + `"}`,
		"for an algorithm of other keys":  jwk(t, ring().RSA, "", `"alg":"HS256"`),
		"a point off the curve":           `{"kty":"EC","crv":"P-256","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"}`,
		"a curve that is not supported":   `{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}`,
		"a coordinate too short":          `{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`,
		"an Ed25519 key too short":        `{"kty":"OKP","crv":"Ed25519","x":"AA"}`,
		"an X25519 key":                   strings.Replace(jwk(t, ring().Ed25519, "", ""), "Ed25519", "X25519", 1),
		"an RSA key with exponent 1":      strings.Replace(jwk(t, ring().RSA, "", ""), "AQAB", "AQ", 1),
		"an RSA key with a long exponent": strings.Replace(jwk(t, ring().RSA, "", ""), "AQAB", "AQABAQAB", 1),
		"a kid that is a number":          jwk(t, ring().RSA, "", `"kid":7`),
		"a word":                          `"key"`,
	} {
		t.Run(name, func(t *testing.T) {
			if keys, err := readKeySet([]byte(keySet(key))); err == nil {
				t.Fatalf("kept: %v", keys[0])
			}
			keys, err := readKeySet([]byte(keySet(key, jwk(t, ring().P256, "good", ""))))
			if err != nil || len(keys) != 1 || keys[0].ID != "good" {
				t.Fatalf("the good key beside it: %v %v", keys, err)
			}
		})
	}
}

func TestAKeyOfASetVerifiesOnlyItsAlgorithmAndItsName(t *testing.T) {
	set := serve(t, keySet(jwk(t, ring().RSA, "one", `"alg":"RS256"`), jwk(t, ring().P256, "two", "")))
	d := open(t, shop(CustomerTokens{JWKSURL: set.URL}))
	wantRefused(t, d, signToken(t, "PS256", ring().RSA, `{"alg":"PS256","kid":"one"}`, goodClaims), moment, cartcore.KindBadToken, "fits no key")
	wantRefused(t, d, signToken(t, "RS256", ring().RSA, `{"alg":"RS256","kid":"two"}`, goodClaims), moment, cartcore.KindBadToken, "fits no key")
	wantRefused(t, d, signToken(t, "RS256", ring().RSA, `{"alg":"RS256","kid":"three"}`, goodClaims), moment, cartcore.KindBadToken, "no key for the token")
}

func TestASetTakesNoHMAC(t *testing.T) {
	set := serve(t, keySet(jwk(t, ring().RSA, "", "")))
	d := open(t, shop(CustomerTokens{JWKSURL: set.URL}))
	wantRefused(t, d, token(t, "HS256", ring().RSA.N.Bytes(), goodClaims), moment, cartcore.KindBadToken, "not one of the tenant's algorithms")
	if set.asked.Load() != 0 {
		t.Fatal("a token that no key can verify had the set fetched")
	}
}

func TestAStartWithoutTheKeySetWorksAndTokensWaitForIt(t *testing.T) {
	set := serve(t, "")
	set.status.Store(503)
	d, logged := openLogged(t, shop(CustomerTokens{JWKSURL: set.URL + "/keys?secret=hidden"}))
	text := token(t, "RS256", ring().RSA, goodClaims)
	wantRefused(t, d, text, moment, cartcore.KindUnavailable, "it answered 503")
	wantRefused(t, d, text, moment+retryAfter-1, cartcore.KindUnavailable, "it answered 503")
	if n := set.asked.Load(); n != 1 {
		t.Fatalf("the set was fetched %d times within the pause, want 1", n)
	}
	set.status.Store(200)
	set.body.Store(keySet(jwk(t, ring().RSA, "", "")))
	wantCustomer(t, d, text, moment+retryAfter, "182")
	if !strings.Contains(logged.String(), `"tenant":"acme"`) || strings.Contains(logged.String(), "hidden") {
		t.Fatalf("logged %s", logged.String())
	}
}

func TestAKeySetThatCannotBeUsedIsUnavailable(t *testing.T) {
	for name, c := range map[string]struct {
		status    int64
		body, why string
	}{
		"a redirect":         {302, keySet(jwk(t, ring().RSA, "", "")), "it answered 302"},
		"not found":          {404, "", "it answered 404"},
		"no JSON":            {200, "<html>", "not a JSON object"},
		"no keys":            {200, `{}`, "keys is not an array"},
		"an empty set":       {200, `{"keys":[]}`, "none of its 0 keys"},
		"too long":           {200, strings.Repeat(" ", maxSet+1), "longer than 262144 bytes"},
		"too many keys":      {200, keySet(strings.Split(strings.Repeat("{},", 100)+"{}", ",")...), "it has 101 keys; allowed are up to 100"},
		"a name there twice": {200, `{"keys":[],"keys":[]}`, "a name is there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			set := serve(t, c.body)
			set.status.Store(c.status)
			d := open(t, shop(CustomerTokens{JWKSURL: set.URL}))
			wantRefused(t, d, token(t, "RS256", ring().RSA, goodClaims), moment, cartcore.KindUnavailable, c.why)
		})
	}
}

func TestAKeySetThatHangsIsGivenUp(t *testing.T) {
	set := serve(t, "")
	hang := make(chan struct{})
	defer close(hang)
	set.hang.Store(hang)
	d := open(t, shop(CustomerTokens{JWKSURL: set.URL}))
	d.byID["acme"].Tokens.Set.Timeout = 20 * time.Millisecond
	wantRefused(t, d, token(t, "RS256", ring().RSA, goodClaims), moment, cartcore.KindUnavailable, "deadline exceeded")
}

func TestClosingADirectoryEndsAFetch(t *testing.T) {
	set := serve(t, "")
	hang := make(chan struct{})
	defer close(hang)
	set.hang.Store(hang)
	d := open(t, shop(CustomerTokens{JWKSURL: set.URL}))
	d.byID["acme"].Tokens.Set.Timeout = time.Hour
	text := token(t, "RS256", ring().RSA, goodClaims)
	done := make(chan *cartcore.Error)
	go func() {
		_, err := signIn(d, text, moment)
		done <- err
	}()
	for set.asked.Load() == 0 {
		time.Sleep(time.Millisecond) // until the fetch is under way
	}
	Close(d)
	if err := <-done; err == nil || err.Kind != cartcore.KindUnavailable {
		t.Fatalf("got %v", err)
	}
}

func TestManyTokensAtOnceFetchTheSetOnce(t *testing.T) {
	set := serve(t, keySet(jwk(t, ring().Ed25519, "", "")))
	hang := make(chan struct{})
	set.hang.Store(hang)
	d := open(t, shop(CustomerTokens{JWKSURL: set.URL}))
	text := token(t, "EdDSA", ring().Ed25519, goodClaims)
	all := sync.WaitGroup{}
	refused := atomic.Int64{}
	for i := 0; i < 20; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if _, err := signIn(d, text, moment); err != nil {
				refused.Add(1)
			}
		}()
	}
	close(hang)
	all.Wait()
	if set.asked.Load() != 1 || refused.Load() != 0 {
		t.Fatalf("fetched %d times, %d tokens refused; want 1 and 0", set.asked.Load(), refused.Load())
	}
}

func TestAnUnknownKeyIsFetchedAtMostOnceAMinute(t *testing.T) {
	set := serve(t, keySet(jwk(t, ring().RSA, "old", "")))
	d := open(t, shop(CustomerTokens{JWKSURL: set.URL}))
	old := signToken(t, "RS256", ring().RSA, `{"alg":"RS256","kid":"old"}`, goodClaims)
	rotated := signToken(t, "ES256", ring().P256, `{"alg":"ES256","kid":"new"}`, goodClaims)
	wantCustomer(t, d, old, moment, "182")
	wantRefused(t, d, rotated, moment+1, cartcore.KindBadToken, "no key for the token")
	if n := set.asked.Load(); n != 1 {
		t.Fatalf("the set was fetched %d times, want 1", n)
	}
	set.body.Store(keySet(jwk(t, ring().P256, "new", "")))
	wantRefused(t, d, rotated, moment+refetchAfter-1, cartcore.KindBadToken, "no key for the token")
	wantCustomer(t, d, rotated, moment+refetchAfter, "182")
	wantRefused(t, d, old, moment+refetchAfter, cartcore.KindBadToken, "no key for the token") // verified before, and forgotten with its key
	if n := set.asked.Load(); n != 2 {
		t.Fatalf("the set was fetched %d times, want 2", n)
	}
}

func TestARotationWithoutNamesIsFoundToo(t *testing.T) {
	set := serve(t, keySet(jwk(t, ring().RSA, "", "")))
	d := open(t, shop(CustomerTokens{JWKSURL: set.URL}))
	wantCustomer(t, d, token(t, "RS256", ring().RSA, goodClaims), moment, "182")
	set.body.Store(keySet(jwk(t, ring().P256, "", "")))
	wantCustomer(t, d, token(t, "ES256", ring().P256, goodClaims), moment+refetchAfter, "182")
}

func TestOldKeysStayWhileTheEndpointIsDown(t *testing.T) {
	set := serve(t, keySet(jwk(t, ring().RSA, "old", "")))
	d, logged := openLogged(t, shop(CustomerTokens{JWKSURL: set.URL}))
	old := signToken(t, "RS256", ring().RSA, `{"alg":"RS256","kid":"old"}`, `{"sub":"182","exp":1900000000}`)
	other := signToken(t, "RS256", ring().RSA, `{"alg":"RS256","kid":"old"}`, `{"sub":"183","exp":1900000000}`)
	strange := signToken(t, "ES256", ring().P256, `{"alg":"ES256","kid":"new"}`, `{"sub":"182","exp":1900000000}`)
	wantCustomer(t, d, old, moment, "182")
	set.Close()
	later := moment + setFor
	wantCustomer(t, d, old, later, "182") // begins a fetch aside
	d.aside.Wait()
	if !strings.Contains(logged.String(), "connection refused") {
		t.Fatalf("logged %s", logged.String())
	}
	wantCustomer(t, d, other, later+1, "183")
	// Nobody can say whether the new key is the issuer's.
	wantRefused(t, d, strange, later+1, cartcore.KindUnavailable, "connection refused")
}

func TestASetIsFetchedAgainAsideWhenItIsOld(t *testing.T) {
	set := serve(t, keySet(jwk(t, ring().RSA, "", "")))
	d := open(t, shop(CustomerTokens{JWKSURL: set.URL}))
	text := token(t, "RS256", ring().RSA, `{"sub":"182","exp":1900000000}`)
	wantCustomer(t, d, text, moment, "182")
	wantCustomer(t, d, text, moment+setFor-1, "182")
	if set.asked.Load() != 1 {
		t.Fatal("fetched before it is old")
	}
	set.body.Store(keySet(jwk(t, ring().P256, "", "")))
	hang := make(chan struct{})
	set.hang.Store(hang)
	wantCustomer(t, d, text, moment+setFor, "182") // does not wait for the fetch
	close(hang)
	d.aside.Wait()
	wantRefused(t, d, text, moment+setFor+1, cartcore.KindBadToken, "")
}

func TestAPanicInAFetchAsideEndsThere(t *testing.T) {
	d, logged := openLogged(t, shop(CustomerTokens{}))
	runAside(d, "trying", func() { panic("out of luck") })
	d.aside.Wait()
	if !strings.Contains(logged.String(), "trying panicked") {
		t.Fatalf("logged %s", logged.String())
	}
	Close(d)
	if runAside(d, "trying", func() {}) {
		t.Fatal("a closed directory still begins work")
	}
}
