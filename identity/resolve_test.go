package identity

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// twoShops are acme, whose tokens verify by testSecret, and zeta, which has none.
func twoShops(t testing.TB) *Directory {
	zeta := Tenant{ID: "zeta", Currency: "JPY", Domains: []string{"zeta.com"}, Stores: []string{"99"}, Accounts: []string{"6a1"},
		Hosts: []string{"zeta.com", "::1"}, APIKeys: []APIKey{{SHA256: strings.ToUpper(hashOf("zeta-key")), Kind: "secret"}}}
	return open(t, shop(secretFile(t)), zeta)
}

func TestATenantIsFoundByEachOfItsNames(t *testing.T) {
	d := twoShops(t)
	cases := []struct {
		name  string
		creds cartcore.Credentials
		want  string // tenant id
		kind  cartcore.Kind
	}{
		{"domain", cartcore.Credentials{TenantBy: cartcore.TenantByDomain, Tenant: "acme.com"}, "acme", 0},
		{"a domain in capitals is another", cartcore.Credentials{TenantBy: cartcore.TenantByDomain, Tenant: "ACME.com"}, "", cartcore.KindTenantUnknown},
		{"store", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "99"}, "zeta", 0},
		{"a domain is no store", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "acme.com"}, "", cartcore.KindTenantUnknown},
		{"account", cartcore.Credentials{TenantBy: cartcore.TenantByAccount, Tenant: "5f3"}, "acme", 0},
		{"no name", cartcore.Credentials{TenantBy: cartcore.TenantByAccount}, "", cartcore.KindTenantUnknown},
		{"host", cartcore.Credentials{TenantBy: cartcore.TenantByHost, Tenant: "shop.acme.com"}, "acme", 0},
		{"host with port and capitals", cartcore.Credentials{TenantBy: cartcore.TenantByHost, Tenant: "Shop.ACME.com:8443"}, "acme", 0},
		{"host with the root's dot", cartcore.Credentials{TenantBy: cartcore.TenantByHost, Tenant: "shop.acme.com.:443"}, "acme", 0},
		{"IPv6 host", cartcore.Credentials{TenantBy: cartcore.TenantByHost, Tenant: "[::1]"}, "zeta", 0},
		{"IPv6 host with port", cartcore.Credentials{TenantBy: cartcore.TenantByHost, Tenant: "[::1]:8000"}, "zeta", 0},
		{"a broken IPv6 host", cartcore.Credentials{TenantBy: cartcore.TenantByHost, Tenant: "[::1"}, "", cartcore.KindTenantUnknown},
		{"no host", cartcore.Credentials{TenantBy: cartcore.TenantByHost}, "", cartcore.KindTenantUnknown},
		{"API key", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "acme-key"}, "acme", 0},
		{"API key configured in capitals", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "zeta-key"}, "zeta", 0},
		{"no API key", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, Tenant: "acme"}, "", cartcore.KindAPIKey},
		{"unknown API key", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "acme-kez"}, "", cartcore.KindAPIKey},
		{"the hash of a key is no key", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: hashOf("acme-key")}, "", cartcore.KindAPIKey},
		{"a way that is none", cartcore.Credentials{TenantBy: 99, Tenant: "acme.com"}, "", cartcore.KindTenantUnknown},
		{"the tenant's API key beside its name", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", APIKey: "acme-key"}, "acme", 0},
		{"another tenant's API key", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", APIKey: "zeta-key"}, "", cartcore.KindForbidden},
		{"nobody's API key", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", APIKey: "who"}, "", cartcore.KindForbidden},
		{"an endless API key", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", APIKey: strings.Repeat("k", 1<<20)}, "", cartcore.KindForbidden},
		{"an API key for an unknown tenant", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "13", APIKey: "acme-key"}, "", cartcore.KindTenantUnknown},
		{"a store's key is needed and there", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", APIKey: "acme-key", Need: cartcore.NeedStoreKey}, "acme", 0},
		{"a store's key is needed and missing", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Need: cartcore.NeedStoreKey}, "", cartcore.KindAPIKey},
		{"a store's key is needed and unknown", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", APIKey: "who", Need: cartcore.NeedStoreKey}, "", cartcore.KindAPIKey},
		{"a store's key is needed and another's", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", APIKey: "zeta-key", Need: cartcore.NeedStoreKey}, "", cartcore.KindForbidden},
		{"a store's key is enough", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", APIKey: "acme-key", Token: "nonsense", Need: cartcore.NeedStoreKey}, "acme", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			caller, err := resolve(d, "any", c.creds, http.Header{}, moment)
			if kindOf(err) != c.kind || caller.Tenant != c.want || caller.Key != (cartcore.Key{Tenant: c.want}) {
				t.Fatalf("got %+v and %s, want %q and %s", caller, cartcore.KindName(kindOf(err)), c.want, cartcore.KindName(c.kind))
			}
		})
	}
}

func kindOf(err *cartcore.Error) cartcore.Kind {
	if err == nil {
		return cartcore.KindNone
	}
	return err.Kind
}

func TestWhoAsks(t *testing.T) {
	header := shop(secretFile(t))
	header.Customers.Header = "x-customer"
	acme, trusting := open(t, shop(secretFile(t))), open(t, header)
	noTokens := open(t, shop(CustomerTokens{}))
	good := token(t, "HS256", testSecret, goodClaims)
	expired := token(t, "HS256", testSecret, `{"sub":"182","exp":1}`)
	const customer, guest = "customer:182", "guest:any:g-1"

	cases := []struct {
		name   string
		d      *Directory
		creds  cartcore.Credentials
		header http.Header
		kind   cartcore.Kind
		owner  string
		merge  string // owner of the merge key
	}{
		{"anyone without anything has no owner yet", acme, cartcore.Credentials{}, nil, 0, "", ""},
		{"a guest token is the guest's", acme, cartcore.Credentials{Guest: "g-1"}, nil, 0, guest, ""},
		{"a guest token that names no cart counts as not shown", acme, cartcore.Credentials{Guest: "g/1"}, nil, 0, "", ""},
		{"a token is the customer's", acme, cartcore.Credentials{Token: good}, nil, 0, customer, ""},
		{"a token beside a guest token merges", acme, cartcore.Credentials{Token: good, Guest: "g-1"}, nil, 0, customer, guest},
		{"a token beside a bad guest token merges nothing", acme, cartcore.Credentials{Token: good, Guest: "g\n1"}, nil, 0, customer, ""},
		{"a token that is the guest token too merges nothing", acme, cartcore.Credentials{Token: good, Guest: good}, nil, 0, customer, ""},
		{"a token beside a session that was needed merges nothing", acme, cartcore.Credentials{Token: good, Guest: "g-1", Session: true, Need: cartcore.NeedSession}, nil, 0, customer, ""},
		{"a token beside a session that anyone may lack merges", acme, cartcore.Credentials{Token: good, Guest: "g-1", Session: true}, nil, 0, customer, guest},
		{"a bad token makes nobody a guest", acme, cartcore.Credentials{Token: expired, Guest: "g-1"}, nil, cartcore.KindBadToken, "", ""},
		{"no token verifies without keys", noTokens, cartcore.Credentials{Token: good}, nil, cartcore.KindBadToken, "", ""},

		{"a customer is needed and there", acme, cartcore.Credentials{Need: cartcore.NeedCustomer, Token: good}, nil, 0, customer, ""},
		{"a customer is needed and nobody there", acme, cartcore.Credentials{Need: cartcore.NeedCustomer}, nil, cartcore.KindUnauthenticated, "", ""},
		{"a guest is no customer", acme, cartcore.Credentials{Need: cartcore.NeedCustomer, Guest: "g-1"}, nil, cartcore.KindUnauthenticated, "", ""},
		{"a customer is needed and the token bad", acme, cartcore.Credentials{Need: cartcore.NeedCustomer, Token: "x"}, nil, cartcore.KindBadToken, "", ""},

		{"a session is needed and there", acme, cartcore.Credentials{Need: cartcore.NeedSession, Session: true, Guest: "g-1"}, nil, 0, guest, ""},
		{"a session is needed and missing", acme, cartcore.Credentials{Need: cartcore.NeedSession, Session: true}, nil, cartcore.KindSessionMissing, "", ""},
		{"a session that names no cart is unknown", acme, cartcore.Credentials{Need: cartcore.NeedSession, Session: true, Guest: strings.Repeat("s", 256)}, nil, cartcore.KindSessionUnknown, "", ""},
		{"a session that is a customer's token", acme, cartcore.Credentials{Need: cartcore.NeedSession, Session: true, Guest: good}, nil, 0, customer, ""},
		{"a session that is an expired token", acme, cartcore.Credentials{Need: cartcore.NeedSession, Session: true, Guest: expired}, nil, cartcore.KindBadToken, "", ""},
		{"an opaque session with two dots", acme, cartcore.Credentials{Need: cartcore.NeedSession, Session: true, Guest: "sess.a.b"}, nil, 0, "guest:any:sess.a.b", ""},
		{"an opaque session of dots", acme, cartcore.Credentials{Need: cartcore.NeedSession, Session: true, Guest: "x.."}, nil, 0, "guest:any:x..", ""},
		{"an opaque session like JSON", acme, cartcore.Credentials{Need: cartcore.NeedSession, Session: true, Guest: "e30.a.b"}, nil, 0, "guest:any:e30.a.b", ""},
		{"a shop without keys has its tokens as opaque sessions", noTokens, cartcore.Credentials{Need: cartcore.NeedSession, Session: true, Guest: expired}, nil, 0, "guest:any:" + expired, ""},
		{"a guest token is not tried as a token", acme, cartcore.Credentials{Guest: good}, nil, 0, "guest:any:" + good, ""},

		{"a cart is needed and a token there", acme, cartcore.Credentials{Need: cartcore.NeedCart, Token: good}, nil, 0, customer, ""},
		{"a cart is needed and a guest there", acme, cartcore.Credentials{Need: cartcore.NeedCart, Guest: "g-1"}, nil, 0, guest, ""},
		{"a cart is needed and nobody there", acme, cartcore.Credentials{Need: cartcore.NeedCart}, nil, cartcore.KindCartUnknown, "", ""},
		{"a cart is needed and the guest token bad", acme, cartcore.Credentials{Need: cartcore.NeedCart, Guest: "../x"}, nil, cartcore.KindCartUnknown, "", ""},

		{"the trusted header names the customer", trusting, cartcore.Credentials{Need: cartcore.NeedCustomer}, http.Header{"X-Customer": {"182"}}, 0, customer, ""},
		{"the trusted header wins over a token", trusting, cartcore.Credentials{Token: "nonsense", Guest: "g-1"}, http.Header{"X-Customer": {"182"}}, 0, customer, guest},
		{"an empty trusted header is none", trusting, cartcore.Credentials{Token: good}, http.Header{"X-Customer": {""}}, 0, customer, ""},
		{"no trusted header leaves the token", trusting, cartcore.Credentials{Token: good}, http.Header{}, 0, customer, ""},
		{"the trusted header twice is refused", trusting, cartcore.Credentials{}, http.Header{"X-Customer": {"182", "183"}}, cartcore.KindBadToken, "", ""},
		{"the trusted header with a control character is refused", trusting, cartcore.Credentials{}, http.Header{"X-Customer": {"1\x7f"}}, cartcore.KindBadToken, "", ""},
		{"the trusted header in another encoding is refused", trusting, cartcore.Credentials{}, http.Header{"X-Customer": {"\xff"}}, cartcore.KindBadToken, "", ""},
		{"a header that nobody trusts names nobody", acme, cartcore.Credentials{Need: cartcore.NeedCustomer}, http.Header{"X-Customer": {"182"}}, cartcore.KindUnauthenticated, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.creds.TenantBy, c.creds.Tenant = cartcore.TenantByDomain, "acme.com"
			caller, err := resolve(c.d, "any", c.creds, c.header, moment)
			if kindOf(err) != c.kind {
				t.Fatalf("got %s, want %s", cartcore.KindName(kindOf(err)), cartcore.KindName(c.kind))
			}
			if err != nil {
				return
			}
			merge := cartcore.Key{}
			if c.merge != "" {
				merge = cartcore.Key{Tenant: "acme", Owner: c.merge}
			}
			if caller.Key != (cartcore.Key{Tenant: "acme", Owner: c.owner}) || caller.MergeKey != merge || caller.Fresh {
				t.Fatalf("got %+v, want owner %q and merge %q", caller, c.owner, c.merge)
			}
			if (caller.Customer != "") != (c.owner == customer) || (caller.Guest != "") != strings.HasPrefix(c.owner, "guest:") {
				t.Fatalf("got customer %q and guest %q for owner %q", caller.Customer, caller.Guest, c.owner)
			}
		})
	}
}

func TestATokenOfOneTenantIsNotAnothers(t *testing.T) {
	other := shop(CustomerTokens{SecretFile: file(t, strings.Repeat("z", 32))})
	other.ID, other.Domains, other.Accounts, other.Hosts, other.APIKeys, other.Stores = "other", nil, nil, nil, nil, []string{"13"}
	d := open(t, shop(secretFile(t)), other)
	text := token(t, "HS256", testSecret, goodClaims)
	wantCustomer(t, d, text, moment, "182")
	_, err := resolve(d, "any", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "13", Token: text}, http.Header{}, moment)
	if kindOf(err) != cartcore.KindBadToken {
		t.Fatalf("got %v", err)
	}
}

func TestGuestTokensThatCanNameACart(t *testing.T) {
	for guest, want := range map[string]bool{
		"guest_763d1369-5bb8-4745-9e4d-4612126bcdb8": true, "53|FAkx": true, "a": true, strings.Repeat("a", 255): true, "a.b": true,
		"": false, strings.Repeat("a", 256): false, "a/b": false, "a b": false, "a\n": false, "a\x00": false, "a\x7f": false,
		"é": false, "\xff": false, ".": false, "..": false,
	} {
		if guestFits(guest) != want {
			t.Errorf("%q: got %v", guest, !want)
		}
	}
}

func TestAGuestTokenIsPutInForce(t *testing.T) {
	caller := WithGuest(&cartcore.Caller{Tenant: "acme", Customer: "182", PhoneVerified: true}, "any", "g-1", true)
	want := cartcore.Caller{Tenant: "acme", Key: cartcore.Key{Tenant: "acme", Owner: "guest:any:g-1"}, Guest: "g-1", Fresh: true}
	if *caller != want {
		t.Fatalf("got %+v, want %+v", caller, want)
	}
}

func TestEntropyIsThirtyTwoDigitsThatDiffer(t *testing.T) {
	one, two := Entropy(), Entropy()
	if _, err := hex.DecodeString(one); err != nil || len(one) != 32 || one == two {
		t.Fatalf("got %q and %q", one, two)
	}
}

func TestATenantIsAnsweredAsConfigured(t *testing.T) {
	d := twoShops(t)
	config, there := TenantOf(d, "zeta")
	if !there || config.Stores[0] != "99" || CurrencyOf(d, "zeta") != "JPY" {
		t.Fatalf("got %+v", config)
	}
	if _, there := TenantOf(d, "who"); there || CurrencyOf(d, "who") != "" {
		t.Fatal("an unknown tenant is there")
	}
}
