package identity

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

func TestWhatWasFoundLatelyIsNotAskedForAgain(t *testing.T) {
	var asked atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		fmt.Fprint(w, `{"customer":"182"}`)
	}))
	defer service.Close()
	tenant := shop(CustomerTokens{})
	tenant.Sessions = SessionLookup{URL: service.URL + "/{session}"}
	d := open(t, tenant)
	creds := &cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Guest: "s-1", Session: true, Need: cartcore.NeedSession}
	first, err := Resolve(d, "any", creds, nil, moment)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Resolve(d, "any", creds, nil, moment+recentLife-1)
	if err != nil || again != first || asked.Load() != 1 {
		t.Errorf("got %v (%v) after %d questions, want the same caller after one", again, err, asked.Load())
	}
}

func TestWhatWasFoundLatelyHoldsForNothingElse(t *testing.T) {
	d := open(t, shop(secretFile(t)))
	mine := token(t, "HS256", testSecret, fmt.Sprintf(`{"sub":"182","exp":%d}`, moment/1000+60))
	creds := cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Token: mine, Guest: "g-1", Need: cartcore.NeedAnyone}
	if _, err := Resolve(d, "any", &creds, nil, moment); err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(c *cartcore.Credentials){
		"another token":  func(c *cartcore.Credentials) { c.Token += "x" },
		"another tenant": func(c *cartcore.Credentials) { c.Tenant = "13" },
		"another key":    func(c *cartcore.Credentials) { c.APIKey = "somebody's" },
		"another need":   func(c *cartcore.Credentials) { c.Need = cartcore.NeedStoreKey },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			other := creds
			change(&other)
			if caller, err := Resolve(d, "any", &other, nil, moment); err == nil {
				t.Errorf("resolved to %+v", caller)
			}
		})
	}
	t.Run("a token that has ended meanwhile", func(t *testing.T) {
		short := creds
		short.Token = token(t, "HS256", testSecret, fmt.Sprintf(`{"sub":"182","exp":%d}`, moment/1000))
		caller, err := Resolve(d, "any", &short, nil, moment)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Resolve(d, "any", &short, nil, caller.Until); err == nil {
			t.Error("the caller outlives the token")
		}
	})
}

func TestATrustedHeaderIsReadAtEveryRequest(t *testing.T) {
	d := open(t, shop(CustomerTokens{Header: "X-Customer"}))
	creds := &cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Need: cartcore.NeedCustomer}
	for _, customer := range []string{"182", "183"} {
		caller, err := Resolve(d, "any", creds, http.Header{"X-Customer": {customer}}, moment)
		if err != nil || caller.Customer != customer {
			t.Errorf("got %+v (%v), want customer %s", caller, err, customer)
		}
	}
}

func TestTheCallersFoundLatelyAreBounded(t *testing.T) {
	d := open(t, shop(CustomerTokens{}))
	for i := 0; i < recentMost+10; i++ {
		creds := &cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Guest: fmt.Sprintf("g-%d", i), Need: cartcore.NeedSession}
		if _, err := Resolve(d, "any", creds, nil, moment); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(d.recent.found); n > recentMost {
		t.Errorf("%d callers are kept, want at most %d", n, recentMost)
	}
}
