package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
)

func TestATokenIsThatOfTheCustomer(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("s", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	directory, faults := identity.Open([]identity.Tenant{{
		ID: "a", Currency: "EUR", Stores: []string{"one"},
		Customers: identity.CustomerTokens{SecretFile: secret, Issuer: "https://id.example", Audience: []string{"carts"}},
	}}, nil)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	defer identity.Close(directory)
	who := func(arguments ...string) (string, *cartcore.Error) {
		got := runHere(t, "", append([]string{"token", "--secret", secret}, arguments...)...)
		if got.code != exitFine || got.err != "" || strings.Count(got.out, "\n") != 1 || strings.Count(got.out, ".") != 2 {
			t.Fatalf("got %+v", got)
		}
		caller, problem := identity.Resolve(directory, "vesuvio", &cartcore.Credentials{
			TenantBy: cartcore.TenantByStore, Tenant: "one", Token: strings.TrimSpace(got.out), Need: cartcore.NeedCustomer,
		}, http.Header{}, time.Now().UnixMilli())
		if problem != nil {
			return "", problem
		}
		return caller.Customer, nil
	}
	if customer, problem := who("--customer", "182", "--issuer", "https://id.example", "--audience", "carts"); problem != nil || customer != "182" {
		t.Errorf("got %q, %v", customer, problem)
	}
	if _, problem := who("--customer", "182", "--audience", "carts"); problem == nil {
		t.Error("a token without the issuer is taken")
	}
}

func TestTheDemosSecretIsTheDefault(t *testing.T) {
	if got := runHere(t, "", "token", "--customer", "182"); got.code != exitFine || strings.Count(got.out, ".") != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestASecretThatIsTooShortIsRefused(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := runHere(t, "", "token", "--customer", "182", "--secret", secret); got.code != exitFailed || !strings.Contains(got.err, "32 or more") {
		t.Errorf("got %+v", got)
	}
}
