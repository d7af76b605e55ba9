package plugin

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
)

// pathNames are the names in a route's pattern.
var pathNames = regexp.MustCompile(`\{([A-Za-z]+)\}`)

func TestNoReadGoesByWhatIsPassing(t *testing.T) {
	routes := 0
	for _, adapter := range adapters.All() {
		for _, route := range adapter.Routes {
			method, path, _ := strings.Cut(route.Pattern, " ")
			if method != http.MethodGet || route.Body != adapters.NoBody {
				continue
			}
			routes++
			decoded := func(more map[string]bool) (*cartcore.Credentials, *cartcore.Command, *cartcore.Error) {
				r := httptest.NewRequest(method, strings.ReplaceAll(path, "{$}", "")+"?session_id=sess_1&cartId=12&userAuthToken=t", nil)
				for _, name := range pathNames.FindAllStringSubmatch(path, -1) {
					r.SetPathValue(name[1], "a3f2b1c0-1234-5678-90ab-cdef12345678")
				}
				r.Header.Set("Authorization", "Bearer token")
				r.Header.Set("X-Api-Key", "123456789")
				r.Header.Set("Cookie", "sessionid=abc; cart=def")
				r.Header.Set("X-Site-Context", `{"account":"5f493c9f30ec2a0007a94fc8","channel":12,"stage":"sandbox","date":"2020-08-28T02:35:27.787Z"}`)
				for name := range more {
					r.Header.Set(name, `"another"`)
				}
				call := &adapters.Call{Request: r, Options: map[string]string{}, Limits: &cartcore.Limits{}, Command: reading, Credentials: nobody}
				problem := route.Decode(call)
				return call.Credentials, call.Command, problem
			}
			credentials, command, problem := decoded(nil)
			if problem != nil || credentials == nobody {
				t.Errorf("%s %s: %+v", adapter.Name, route.Pattern, problem)
			}
			with, commandWith, _ := decoded(passing)
			if !reflect.DeepEqual(with, credentials) || !reflect.DeepEqual(commandWith, command) {
				t.Errorf("%s %s is decoded to %+v, with what is passing to %+v", adapter.Name, route.Pattern, credentials, with)
			}
		}
	}
	if routes < 9 {
		t.Errorf("only %d routes read", routes)
	}
}

// freshGuestID is the id of a guest who was made for a request.
var freshGuestID = regexp.MustCompile(`guest_[0-9a-f-]{36}`)

// A read is answered as by a door that recognises nothing, whatever was read before.
func TestAReadIsRecognisedAsAWholeOrNotAtAll(t *testing.T) {
	fixture := hookedFixture(t, newReceiver(t), "")
	knowing := reopenShop(t, fixture)
	fixture.Config["limits"] = map[string]any{"requestsPerMinute": 1000000} // a door that counts recognises nothing
	plain := reopenShop(t, fixture)
	if knowing.engine == plain.engine || knowing.engine.Shared != plain.engine.Shared {
		t.Fatal("they are not two doors to one store")
	}
	one, other := knowing.customer(t, "182"), knowing.customer(t, "183")
	knowing.add(t, "182", 2)
	knowing.add(t, "183", 5)
	site := []string{"X-Site-Context", `{"account":"5f493c9f30ec2a0007a94fc8","channel":12,"stage":"sandbox","date":"2020-08-28T02:35:27.787Z"}`}
	type read struct {
		name, target string
		secure       bool
		header       []string
	}
	reads := []read{
		{"a customer's", "/api/v1/shop/cart", false, one},
		{"another's", "/api/v1/shop/cart", false, other},
		{"nobody's", "/api/v1/shop/cart", false, []string{"X-API-Key", "123456789"}},
		{"with another key", "/api/v1/shop/cart", false, append([]string{"X-API-Key", "pk_test_demo"}, one[:2]...)},
		{"with no key", "/api/v1/shop/cart", false, one[:2]},
		{"with half of the token", "/api/v1/shop/cart", false, []string{"Authorization", one[1][:40], one[2], one[3]}},
		{"at another host", "/api/v1/shop/cart", false, append([]string{"Host", "elsewhere.example"}, one...)},
		{"at another host through a dialect that goes by it", "/api/v1/cart/", false, []string{"Host", "elsewhere.example"}},
		{"at the shop's host through that", "/api/v1/cart/", false, []string{"Host", "127.0.0.1"}},
		{"encrypted", "/api/v1/shop/cart", true, one},
		{"encrypted before us", "/api/v1/shop/cart", false, append([]string{"X-Forwarded-Proto", "https"}, one...)},
		{"with a query", "/api/v1/shop/cart?x=1", false, one},
		{"through another dialect", "/api/v1/sdk/cart/a3f2b1c0-1234-5678-90ab-cdef12345678", false, one[:2]},
		{"of another shop there", "/api/v1/sdk/cart/a3f2b1c0-1234-5678-90ab-cdef12345679", false, one[:2]},
		{"of the user", "/api-cart/cart", false, append(append([]string{}, site...), one[:2]...)},
		{"of the user with another account", "/api-cart/cart", false, append([]string{site[0], strings.Replace(site[1], "5f49", "6f49", 1)}, one[:2]...)},
		{"of a session", "/store-alpha/agent/cart/get?session_id=sess_1", false, nil},
		{"of a session of another domain", "/store-beta/agent/cart/get?session_id=sess_1", false, nil},
		{"of another session", "/store-alpha/agent/cart/get?session_id=sess_2", false, nil},
		{"with a trace", "/api/v1/shop/cart", false, append([]string{"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, one...)},
		{"with the tag of another", "/api/v1/shop/cart", false, append([]string{"If-None-Match", `"x"`}, one...)},
	}
	ask := func(s *shop, one read) string {
		r := httptest.NewRequest(http.MethodGet, one.target, nil)
		for i := 0; i+1 < len(one.header); i += 2 {
			r.Header.Set(one.header[i], one.header[i+1])
		}
		if host := r.Header.Get("Host"); host != "" {
			r.Header.Del("Host") // which net/http keeps apart
			r.Host = host
		}
		if one.secure {
			r.TLS = &tls.ConnectionState{}
		} else {
			r.TLS = nil
		}
		answer := httptest.NewRecorder()
		s.handler.ServeHTTP(answer, r)
		tag := fmt.Sprint(answer.Header()["Etag"])
		body := freshGuestID.ReplaceAllString(answer.Body.String(), "guest_fresh")
		if strings.Contains(body, "guest_fresh") {
			tag = "" // each is another's
		}
		return fmt.Sprint(answer.Code, answer.Header()["Content-Type"], tag, answer.Header()["Www-Authenticate"], body)
	}
	for range 3 {
		for _, one := range reads {
			want, got := ask(plain, one), ask(knowing, one)
			if got != want {
				t.Errorf("%s: %s\nwithout recognition: %s", one.name, got, want)
			}
		}
		knowing.add(t, "182", 1) // and what has changed is seen
	}
	if len(knowing.engine.Familiar.reads) == 0 || len(plain.engine.Familiar.reads) > 0 {
		t.Errorf("%d reads are familiar, and %d where callers are counted", len(knowing.engine.Familiar.reads), len(plain.engine.Familiar.reads))
	}
}

func TestWhatIsFamiliarIsBounded(t *testing.T) {
	s := openShop(t, newReceiver(t), "")
	s.mustAsk(t, http.MethodPost, "/store-alpha/agent/cart/add", `{"session_id":"sess_1","product_id":"prod_6789","quantity":1}`)
	for i := range familiarMost + 100 {
		s.mustAsk(t, http.MethodGet, fmt.Sprintf("/store-alpha/agent/cart/get?session_id=sess_1&n=%d", i), "")
	}
	if held := len(s.engine.Familiar.reads); held == 0 || held > familiarMost {
		t.Errorf("%d reads are kept, allowed are %d", held, familiarMost)
	}
	clear(s.engine.Familiar.reads)
	s.mustAsk(t, http.MethodGet, "/store-alpha/agent/cart/get?session_id=sess_1&n="+strings.Repeat("9", familiarHead), "")
	if held := len(s.engine.Familiar.reads); held != 0 {
		t.Errorf("a read with a head of more than %d bytes is kept", familiarHead)
	}
}

// A token that is over, or a key that was changed, is in force no longer for a read that is familiar than for another.
func TestWhatIsFamiliarSettlesNothingForLonger(t *testing.T) {
	s := openShop(t, newReceiver(t), "")
	customer := s.customer(t, "182")
	s.add(t, "182", 1)
	before := time.Now().UnixMilli()
	s.mustAsk(t, http.MethodGet, "/api/v1/shop/cart", "", customer...)
	for _, read := range s.engine.Familiar.reads {
		if left := read.Caller.Settled - before; left <= 0 || left > 2000+time.Now().UnixMilli()-before {
			t.Errorf("it is settled for %d ms, allowed are 2000", left)
		}
		over := *read.Caller
		over.Settled = time.Now().UnixMilli() // as if that had passed
		over.Key.Owner = "nobody"             // which must not be believed any more
		read.Caller = &over
	}
	if answer := s.mustAsk(t, http.MethodGet, "/api/v1/shop/cart", "", customer...); !strings.Contains(answer, `"items_quantity":1,`) {
		t.Errorf("answered %s", answer)
	}
}
