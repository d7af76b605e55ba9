package identity

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// sessionShop is a real server that knows sessions by name.
type sessionShop struct {
	*httptest.Server
	asked atomic.Int64
	paths sync.Map      // escaped path and query of what was asked
	hang  chan struct{} // answers to "slow" wait until it is closed
}

func serveSessions(t *testing.T) *sessionShop {
	t.Helper()
	s := &sessionShop{hang: make(chan struct{})}
	answers := map[string]string{"customer": `{"customer":"182"}`, "number": `{"customer":182,"more":[1]}`, "guest": `{}`, "null": `{"customer":null}`,
		"blank": `{"customer":""}`, "slow": `{"customer":"182"}`, "list": `[]`, "fraction": `{"customer":1.5}`, "twice": `{"customer":"1","customer":"2"}`,
		"html": "<html>", "long": strings.Repeat(" ", maxSessionAnswer) + `{}`, "empty": ""}
	statuses := map[string]int{"gone": 410, "ended": 401, "broken": 500, "moved": 302, "forbidden": 403, "created": 201}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		s.paths.Store(r.URL.EscapedPath()+"?"+r.URL.RawQuery, true)
		session := strings.TrimPrefix(r.URL.Path, "/s/") + r.URL.Query().Get("id")
		if session == "slow" {
			select {
			case <-s.hang:
			case <-r.Context().Done():
			}
		}
		if status := statuses[session]; status != 0 {
			w.Header().Set("Location", "/s/customer")
			w.WriteHeader(status)
			return
		}
		answer, known := answers[session]
		if !known {
			w.WriteHeader(404)
			return
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(s.Close)
	return s
}

// openWithSessions is acme with a lookup at template below the server.
func openWithSessions(t *testing.T, s *sessionShop, template string) *Directory {
	t.Helper()
	tenant := shop(secretFile(t))
	tenant.Sessions = SessionLookup{URL: s.URL + template, Timeout: 5000}
	return open(t, tenant)
}

func inSession(d *Directory, session string, need cartcore.Need, now int64) (cartcore.Caller, *cartcore.Error) {
	return resolve(d, "any", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Guest: session, Session: true, Need: need}, http.Header{}, now)
}

func TestWhoseASessionIs(t *testing.T) {
	d := openWithSessions(t, serveSessions(t), "/s/{session}")
	good := token(t, "HS256", testSecret, goodClaims)
	expired := token(t, "HS256", testSecret, `{"sub":"1","exp":1}`)
	cases := []struct {
		name, session string
		need          cartcore.Need
		kind          cartcore.Kind
		owner, why    string
	}{
		{"a customer's", "customer", cartcore.NeedSession, 0, "customer:182", ""},
		{"a customer's by number", "number", cartcore.NeedSession, 0, "customer:182", ""},
		{"a guest's", "guest", cartcore.NeedSession, 0, "guest:any:guest", ""},
		{"a guest's, by null", "null", cartcore.NeedSession, 0, "guest:any:null", ""},
		{"a guest's, by empty text", "blank", cartcore.NeedSession, 0, "guest:any:blank", ""},
		{"unknown, 404", "who", cartcore.NeedSession, cartcore.KindSessionUnknown, "", ""},
		{"unknown, 410", "gone", cartcore.NeedSession, cartcore.KindSessionUnknown, "", ""},
		{"unknown, 401", "ended", cartcore.NeedSession, cartcore.KindSessionUnknown, "", ""},
		{"a token that verifies is not looked up", good, cartcore.NeedSession, 0, "customer:182", ""},
		{"a token that does not verify is looked up", expired, cartcore.NeedSession, cartcore.KindSessionUnknown, "", ""},
		{"where anyone is welcome, a customer's", "customer", cartcore.NeedAnyone, 0, "customer:182", ""},
		{"where anyone is welcome, unknown is a guest's", "who", cartcore.NeedAnyone, 0, "guest:any:who", ""},
		{"a fault of the shop", "broken", cartcore.NeedSession, cartcore.KindUnavailable, "", "it answered 500; allowed are 200, 401, 404 and 410"},
		{"a fault where anyone is welcome", "broken", cartcore.NeedAnyone, cartcore.KindUnavailable, "", "it answered 500"},
		{"a redirect", "moved", cartcore.NeedSession, cartcore.KindUnavailable, "", "it answered 302"},
		{"forbidden", "forbidden", cartcore.NeedSession, cartcore.KindUnavailable, "", "it answered 403"},
		{"another success", "created", cartcore.NeedSession, cartcore.KindUnavailable, "", "it answered 201"},
		{"an array", "list", cartcore.NeedSession, cartcore.KindUnavailable, "", "not a JSON object"},
		{"no JSON", "html", cartcore.NeedSession, cartcore.KindUnavailable, "", "not a JSON object"},
		{"nothing", "empty", cartcore.NeedSession, cartcore.KindUnavailable, "", "not a JSON object"},
		{"a fraction as customer", "fraction", cartcore.NeedSession, cartcore.KindUnavailable, "", "neither a string nor a whole number"},
		{"two customers", "twice", cartcore.NeedSession, cartcore.KindUnavailable, "", "a name is there twice"},
		{"a long answer", "long", cartcore.NeedSession, cartcore.KindUnavailable, "", "longer than 16384 bytes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			caller, err := inSession(d, c.session, c.need, moment)
			if kindOf(err) != c.kind || caller.Key.Owner != c.owner || caller.MergeKey.Owner != "" {
				t.Fatalf("got %+v and %v, want %q and %s", caller, err, c.owner, cartcore.KindName(c.kind))
			}
			if vouched := strings.HasPrefix(caller.Key.Owner, "guest:") && c.session != "who"; caller.Vouched != vouched {
				t.Fatalf("the lookup vouches for the guest: %v, want %v", caller.Vouched, vouched)
			}
			if err != nil && !strings.Contains(err.Error(), c.why) {
				t.Fatalf("got %q, want %q", err.Error(), c.why)
			}
		})
	}
}

func TestAnAnswerIsKeptForAMinuteAndUnknownForFiveSeconds(t *testing.T) {
	shop := serveSessions(t)
	d := openWithSessions(t, shop, "/s/{session}")
	steps := []struct {
		session string
		after   int64 // ms
		asked   int64 // in all
	}{
		{"customer", 0, 1}, {"customer", 59_999, 1}, {"customer", 60_000, 2},
		{"who", 0, 3}, {"who", 4_999, 3}, {"who", 5_000, 4},
		{"broken", 0, 5}, {"broken", 0, 6}, // that it does not answer is not kept
	}
	for _, step := range steps {
		_, _ = inSession(d, step.session, cartcore.NeedSession, moment+step.after)
		if n := shop.asked.Load(); n != step.asked {
			t.Fatalf("%s after %d ms: asked %d times, want %d", step.session, step.after, n, step.asked)
		}
	}
}

func TestManyRequestsInOneSessionAskOnce(t *testing.T) {
	shop := serveSessions(t)
	d := openWithSessions(t, shop, "/s/{session}")
	all := sync.WaitGroup{}
	wrong := atomic.Int64{}
	for i := 0; i < 20; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if caller, err := inSession(d, "slow", cartcore.NeedSession, moment); err != nil || caller.Customer != "182" {
				wrong.Add(1)
			}
		}()
	}
	close(shop.hang)
	all.Wait()
	if shop.asked.Load() != 1 || wrong.Load() != 0 {
		t.Fatalf("asked %d times, %d wrong answers; want 1 and 0", shop.asked.Load(), wrong.Load())
	}
}

func TestALookupThatHangsIsGivenUpAndShowsNoSession(t *testing.T) {
	server := serveSessions(t)
	defer close(server.hang)
	tenant := shop(secretFile(t))
	tenant.Sessions = SessionLookup{URL: server.URL + "/s/{session}", Timeout: 20}
	_, err := inSession(open(t, tenant), "slow", cartcore.NeedSession, moment)
	if kindOf(err) != cartcore.KindUnavailable || err.Error() != "unavailable: looking a session up: context deadline exceeded" {
		t.Fatalf("got %v", err)
	}
}

func TestAShopThatIsDownIsUnavailableAndShowsNoSession(t *testing.T) {
	server := serveSessions(t)
	d, logged := openLogged(t, func() Tenant {
		tenant := shop(secretFile(t))
		tenant.Sessions = SessionLookup{URL: server.URL + "/s/{session}"}
		return tenant
	}())
	server.Close()
	_, err := inSession(d, "top-secret", cartcore.NeedSession, moment)
	if kindOf(err) != cartcore.KindUnavailable || !strings.Contains(err.Error(), "connection refused") {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error()+logged.String(), "top-secret") {
		t.Fatalf("the session is shown: %v %s", err, logged.String())
	}
}

func TestASessionIsEscapedWhereItStands(t *testing.T) {
	server := serveSessions(t)
	d := openWithSessions(t, server, "/s/{session}")
	_, _ = inSession(d, `a?b#c%d&e;f`, cartcore.NeedSession, moment)
	d = openWithSessions(t, server, "/q?x=1&id={session}&y=2")
	_, _ = inSession(d, `a?b#c%d&e;f+g=h`, cartcore.NeedSession, moment)
	for _, want := range []string{`/s/a%3Fb%23c%25d&e%3Bf?`, `/q?x=1&id=a%3Fb%23c%25d%26e%3Bf%2Bg%3Dh&y=2`} {
		if _, asked := server.paths.Load(want); !asked {
			server.paths.Range(func(path, _ any) bool { t.Log(path); return true })
			t.Fatalf("%s was not asked", want)
		}
	}
}

func TestASessionTokenWaitsForTheKeySet(t *testing.T) {
	set := serve(t, "")
	set.status.Store(503)
	tenant := shop(CustomerTokens{JWKSURL: set.URL})
	tenant.Sessions = SessionLookup{URL: serveSessions(t).URL + "/s/{session}"}
	_, err := inSession(open(t, tenant), token(t, "RS256", ring().RSA, goodClaims), cartcore.NeedSession, moment)
	if kindOf(err) != cartcore.KindUnavailable {
		t.Fatalf("got %v", err)
	}
}
