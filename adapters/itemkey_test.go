package adapters

import (
	"crypto/tls"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/polycart/polycart/cartcore"
)

// A refusal that no transcript can reach is printed as the dialect's table says.
func TestItemkeyPrintsEveryRefusal(t *testing.T) {
	if len(itemkeyRefusals) != len(cartcore.Kinds()) {
		t.Errorf("the table has %d rows, there are %d kinds", len(itemkeyRefusals), len(cartcore.Kinds()))
	}
	call := itemkeyCallOf("GET", "")
	call.Request.Header.Set("Content-Type", "text/plain")
	checkRefusals(t, "testdata/itemkey-refusals.txt", func(refused *cartcore.Error) *Answer { return itemkeyFail(call, refused) })
}

func itemkeyCallOf(method, body string) *Call {
	request := httptest.NewRequest(method, "/api/v1/cart/", nil)
	request.Host = "shop.example:8000"
	return &Call{Request: request, Command: &cartcore.Command{}, Credentials: &cartcore.Credentials{}, Body: []byte(body), Limits: &cartcore.Limits{MaxLines: 500, MaxQuantityPerLine: 10000}}
}

func TestItemkeyReadsWhoAsks(t *testing.T) {
	cases := []struct {
		name, cookie, authorization string
		guest, token                string
	}{
		{"nothing", "", "", "", ""},
		{"a session", "sessionid=abc", "", "abc", ""},
		{"the first of two sessions", "sessionid=abc; sessionid=def", "", "abc", ""},
		{"other cookies", "csrftoken=x; sessionid=abc; Sessionid=def", "", "abc", ""},
		{"only other cookies", "Sessionid=def; session=g", "", "", ""},
		{"a token", "", "Bearer t", "", "t"},
		{"a token and a session", "sessionid=abc", "bearer t", "abc", "t"},
		{"another scheme", "sessionid=abc", "Basic dDp0", "abc", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			call := itemkeyCallOf("GET", "")
			call.Request.Header.Set("Cookie", c.cookie)
			call.Request.Header.Set("Authorization", c.authorization)
			if problem := itemkeyRead(call); problem != nil {
				t.Fatal(problem.Error())
			}
			want := cartcore.Credentials{
				TenantBy: cartcore.TenantByHost, Tenant: "shop.example:8000", Token: c.token, Guest: c.guest, Session: true, Need: cartcore.NeedAnyone,
			}
			if *call.Credentials != want {
				t.Errorf("got %+v, want %+v", call.Credentials, want)
			}
		})
	}
}

// Every key that a cart shows can be sent back, and names the same item.
func TestItemkeyReadsItsOwnKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := &cartcore.Item{
			ProductNumber: rapid.Int64Range(1, cartcore.MaxInteger).Draw(t, "product"),
			SKU:           rapid.StringOfN(rapid.RuneFrom(nil, unicode.Letter, unicode.Digit, unicode.Punct), 1, maxSKU, -1).Draw(t, "sku"),
		}
		key := itemkeyOf(item)
		ask, problem := itemkeyAsk(map[string]rawJSON{"item_key": rawJSON(quoted(key))})
		if problem != nil || ask.Item != (cartcore.ItemRef{SKU: item.SKU, ProductNumber: item.ProductNumber}) || ask.Named != key {
			t.Fatalf("the key %q is read as %+v (%+v)", key, ask, problem)
		}
	})
}

func TestItemkeyCommandsHoldWhatWasAsked(t *testing.T) {
	cases := []struct {
		name   string
		decode func(*Call) *cartcore.Error
		body   string
		want   cartcore.Command
	}{
		{"put", itemkeyPut, `{"variant_sku":"SKU789","quantity":2,"product":9}`, cartcore.Command{
			Verb: cartcore.Put, Short: cartcore.ShortRefusesAsk, Gone: cartcore.GoneDrops,
			Asks: []*cartcore.Ask{{Item: cartcore.ItemRef{SKU: "SKU789"}, Named: "SKU789", Quantity: 2}},
		}},
		{"adjust", itemkeyAdjust, `{"item_key":"prod123_SKU789_dflt","quantity":-2}`, cartcore.Command{
			Verb: cartcore.Adjust, Short: cartcore.ShortRefusesAsk, Gone: cartcore.GoneDrops,
			Asks: []*cartcore.Ask{{Item: cartcore.ItemRef{SKU: "SKU789", ProductNumber: 123}, Named: "prod123_SKU789_dflt", Quantity: -2}},
		}},
		{"remove", itemkeyRemove, `{"item_key":"prod123_SKU789_dflt"}`, cartcore.Command{
			Verb: cartcore.Remove,
			Asks: []*cartcore.Ask{{Item: cartcore.ItemRef{SKU: "SKU789", ProductNumber: 123}, Named: "prod123_SKU789_dflt"}},
		}},
		{"remove by a key of another form names nothing", itemkeyRemove, `{"item_key":"SKU789"}`, cartcore.Command{
			Verb: cartcore.Remove, Asks: []*cartcore.Ask{{Named: "SKU789"}},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			call := itemkeyCallOf("POST", c.body)
			if problem := c.decode(call); problem != nil {
				t.Fatal(problem.Error())
			}
			got := call.Command
			if len(got.Asks) != 1 || got.Asks[0].Item != c.want.Asks[0].Item || got.Asks[0].Named != c.want.Asks[0].Named || got.Asks[0].Quantity != c.want.Asks[0].Quantity {
				t.Errorf("got the asks %+v, want %+v", got.Asks, c.want.Asks)
			}
			if got.Verb != c.want.Verb || got.Short != c.want.Short || got.Gone != c.want.Gone || got.Each {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// Whatever is wrong with a body, it is known which shop was asked.
func TestItemkeyKnowsTheShopOfABadBody(t *testing.T) {
	for _, body := range []string{``, `{`, `[]`, `{"item_key":7}`} {
		for name, decode := range map[string]func(*Call) *cartcore.Error{"put": itemkeyPut, "adjust": itemkeyAdjust} {
			call := itemkeyCallOf("POST", body)
			if problem := decode(call); problem == nil {
				t.Errorf("%s takes %q", name, body)
			}
			if call.Credentials.Tenant != "shop.example:8000" {
				t.Errorf("%s of %q: got %+v", name, body, call.Credentials)
			}
		}
	}
}

// Transcripts run without TLS, so that the attribute Secure is seen only here.
func TestItemkeyCookieIsSecureOnTLS(t *testing.T) {
	cases := []struct {
		name      string
		tls       bool
		forwarded string
		caller    cartcore.Caller
		want      string
	}{
		{"plain", false, "", cartcore.Caller{Guest: "abc"}, "sessionid=abc; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax"},
		{"on TLS", true, "", cartcore.Caller{Guest: "abc"}, "sessionid=abc; Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax"},
		{"behind TLS", false, "https", cartcore.Caller{Guest: "abc"}, "sessionid=abc; Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax"},
		{"behind plain", false, "http", cartcore.Caller{Guest: "abc"}, "sessionid=abc; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax"},
		{"a customer has none", true, "", cartcore.Caller{Customer: "182"}, ""},
		{"the shop's own session is the shop's to renew", true, "", cartcore.Caller{Guest: "abc", Vouched: true}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			call := itemkeyCallOf("GET", "")
			call.Request.Header.Set("X-Forwarded-Proto", c.forwarded)
			if c.tls {
				call.Request.TLS = &tls.ConnectionState{}
			}
			answer := itemkeyAnswer(call, &Seen{Caller: &c.caller}, &Answer{Status: 200})
			got := []string{}
			for _, header := range answer.Header {
				got = append(got, header.Name+": "+header.Value)
			}
			want := "Set-Cookie: " + c.want
			if c.want == "" {
				want = ""
			}
			if strings.Join(got, "\n") != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestItemkeyWordsEveryProblem(t *testing.T) {
	for problem := cartcore.ProblemMissing; problem <= cartcore.ProblemNotValid; problem++ {
		text := itemkeyFieldText(cartcore.FieldError{Field: "variant_sku", Problem: problem, Value: `"sess_12345"`, Limit: 20})
		if text == "" || strings.Contains(text, "sess_12345") || !strings.HasSuffix(text, ".") {
			t.Errorf("problem %d is worded %q", problem, text)
		}
	}
}
