package identity

import (
	"net/http"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// In twoShops the key of acme is public and that of zeta secret.
func TestAServerWithASecretKeyNamesACustomer(t *testing.T) {
	d := twoShops(t)
	cases := []struct {
		name  string
		creds cartcore.Credentials
		owner string
		kind  cartcore.Kind
	}{
		{"a secret key", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "zeta-key", Customer: "182"}, "customer:182", 0},
		{"a secret key beside the store's name", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "99", APIKey: "zeta-key", Customer: "182"}, "customer:182", 0},
		{"a secret key without a customer", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "zeta-key", Need: cartcore.NeedSecretKey}, "", 0},
		{"a public key", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "acme-key", Customer: "182"}, "", cartcore.KindAPIKey},
		{"a public key without a customer", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "acme-key"}, "", cartcore.KindAPIKey},
		{"a need that was not said", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Customer: "182", Need: cartcore.NeedAnyone}, "", cartcore.KindAPIKey},
		{"no key", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, Customer: "182"}, "", cartcore.KindAPIKey},
		{"nobody's key", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "who", Customer: "182"}, "", cartcore.KindAPIKey},
		{"an endless key", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: strings.Repeat("k", 1<<20), Customer: "182"}, "", cartcore.KindAPIKey},
		{"another tenant's secret key", cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", APIKey: "zeta-key", Customer: "182"}, "", cartcore.KindForbidden},
		{"a name that is no customer's", cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "zeta-key", Customer: "a\nb"}, "", cartcore.KindCartUnknown},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !strings.HasPrefix(c.name, "a need") {
				c.creds.Need = cartcore.NeedSecretKey
			}
			caller, err := Resolve(d, "any", &c.creds, http.Header{}, moment)
			if kindOf(err) != c.kind {
				t.Fatalf("got %s, want %s", cartcore.KindName(kindOf(err)), cartcore.KindName(c.kind))
			}
			if err == nil && caller.Key != (cartcore.Key{Tenant: "zeta", Owner: c.owner}) {
				t.Errorf("got %+v, want %q", caller, c.owner)
			}
			if err == nil && c.owner != "" && caller.Store != "99" {
				t.Errorf("the store is %q", caller.Store)
			}
		})
	}
}

func TestAServerThatAsksForTwoCustomersGetsEachOnesCart(t *testing.T) {
	d := twoShops(t)
	for _, customer := range []string{"182", "183", "182"} {
		creds := &cartcore.Credentials{TenantBy: cartcore.TenantByAPIKey, APIKey: "zeta-key", Customer: customer, Need: cartcore.NeedSecretKey}
		caller, err := Resolve(d, "any", creds, http.Header{}, moment)
		if err != nil || caller.Customer != customer {
			t.Errorf("asked for %s, got %+v and %v", customer, caller, err)
		}
	}
}

func TestAKeyListedAsPublicTooIsNoSecret(t *testing.T) {
	for _, kinds := range [][2]string{{"public", "secret"}, {"secret", "public"}} {
		keys := []APIKey{{SHA256: hashOf("k"), Kind: kinds[0]}, {SHA256: hashOf("k"), Kind: kinds[1]}}
		d := open(t, Tenant{ID: "t", Currency: "EUR", APIKeys: keys})
		if secretKey(d, "k") {
			t.Errorf("listed as %v it is taken for a secret", kinds)
		}
	}
}
