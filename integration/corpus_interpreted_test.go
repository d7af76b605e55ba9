package integration_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/integration/cartwalk"
	"github.com/polycart/polycart/integration/decoding"
	"github.com/polycart/polycart/internal/badbody"
)

// What fuzzing found natively is read in the interpreter as it is natively: the corpora are kept beside their targets.

// drivenBy loads a file of this module in the interpreter and answers one of its functions.
func drivenBy(t *testing.T, file, function string) any {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(file)
	value, err := interpreted(t, folder, string(source)).Eval(folder + "." + function)
	if err != nil {
		t.Fatal(err)
	}
	return value.Interface()
}

func TestRequestsAreDecodedInterpretedAsNatively(t *testing.T) {
	decoded := drivenBy(t, "decoding/decoding.go", "Decoded").(func(string, string, []string, string) string)
	all, err := badbody.Bases("..")
	if err != nil {
		t.Fatal(err)
	}
	bases := []*badbody.Base{}
	for _, base := range all {
		if base.Route.Body != adapters.NoBody {
			bases = append(bases, base)
		}
	}
	same := func(name string, base *badbody.Base, body string) {
		target, headers := base.Target(t)
		want := decoding.Decoded(base.Pattern, target, headers, body)
		if got := decoded(base.Pattern, target, headers, body); got != want {
			t.Errorf("%s, %s: %.300q\ncompiled:    %.600s\ninterpreted: %.600s", name, base.Pattern, body, want, got)
		}
	}
	for _, entry := range append(badbody.Corpus(t, filepath.Join("..", "adapters"), "FuzzDecode"), badbody.Corpus(t, filepath.Join("..", "plugin"), "FuzzRequests")...) {
		route, err := strconv.Atoi(entry.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		same(entry.Name, bases[route%len(bases)], entry.Args[1])
	}
	for i, c := range badbody.Generated() {
		base := bases[i%len(bases)]
		for _, placed := range badbody.Places(base.Filled(), c.Text) {
			same(c.Name+" as "+placed.Place, base, placed.Body)
		}
	}
	const read = "GET /api-cart/cart"
	for _, entry := range badbody.Corpus(t, filepath.Join("..", "adapters"), "FuzzSiteContext") {
		headers := []string{"X-Site-Context", entry.Args[0]}
		want := decoding.Decoded(read, "/api-cart/cart", headers, "")
		if got := decoded(read, "/api-cart/cart", headers, ""); got != want {
			t.Errorf("%s: %q\ncompiled:    %s\ninterpreted: %s", entry.Name, entry.Args[0], want, got)
		}
	}
}

func TestCommandsFromBytesInterpretedAsNatively(t *testing.T) {
	fed := drivenBy(t, "cartwalk/walk.go", "Fed").(func([]byte) string)
	entries := badbody.Corpus(t, "cartwalk", "FuzzFed")
	for seed := uint32(1); seed < 20; seed++ {
		entries = append(entries, badbody.Entry{Name: fmt.Sprintf("seed %d", seed), Args: []string{cartwalk.Money(seed, 20)}})
	}
	for _, entry := range entries {
		want := cartwalk.Fed([]byte(entry.Args[0]))
		if got := fed([]byte(entry.Args[0])); got != want || strings.Contains(got, cartwalk.Broken) {
			t.Errorf("%s\ncompiled:    %s\ninterpreted: %s", entry.Name, want, got)
		}
	}
}

func TestTokensAreJudgedInterpretedAsNatively(t *testing.T) {
	secretFile := identityFile(t, string(identitySecret))
	room := identityInterpreted(t)
	number := room.opened(t, secretFile, "", "", "", "", "")
	d, faults := identity.Open([]identity.Tenant{{ID: "acme", Currency: "EUR", Stores: []string{"12"}, Customers: identity.CustomerTokens{SecretFile: secretFile}}}, slog.New(slog.DiscardHandler))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	t.Cleanup(func() { identity.Close(d) })
	natively := func(token string) string {
		creds := cartcore.Credentials{TenantBy: cartcore.TenantByStore, Tenant: "12", Token: token, Need: cartcore.NeedCustomer}
		caller, err := identity.Resolve(d, "any", &creds, http.Header{}, identityMoment)
		if err != nil {
			return "refused: " + err.Error()
		}
		return fmt.Sprintf("%s %s %s %s %s %t", caller.Tenant, caller.Key.Owner, caller.Customer, caller.Guest, caller.MergeKey.Owner, caller.PhoneVerified)
	}
	same := func(name, token string) {
		want := natively(token)
		got := room.ask(number, int(cartcore.TenantByStore), int(cartcore.NeedCustomer), "12", "", token, "", false, "", identityMoment)
		if got != want {
			t.Errorf("%s: %q\ncompiled:    %s\ninterpreted: %s", name, token, want, got)
		}
	}
	folder := filepath.Join("..", "identity")
	for _, entry := range badbody.Corpus(t, folder, "FuzzToken") {
		same(entry.Name, entry.Args[0])
	}
	for _, target := range []string{"FuzzClaims", "FuzzObject", "FuzzClaimPath"} {
		for _, entry := range badbody.Corpus(t, folder, target) {
			same(entry.Name, identityToken(t, identitySecret, `{"alg":"HS256"}`, entry.Args[0]))
		}
	}
	for _, c := range badbody.Generated() {
		if len(c.Text) < 2000 {
			same(c.Name+" as claims", identityToken(t, identitySecret, `{"alg":"HS256"}`, c.Text))
			same(c.Name+" as a claim", identityToken(t, identitySecret, `{"alg":"HS256"}`, `{"sub":"182","exp":1800003600,"a":`+c.Text+`}`))
			same(c.Name+" as a header", identityToken(t, identitySecret, c.Text, identityClaims))
			same(c.Name+" as a member of a header", identityToken(t, identitySecret, `{"alg":"HS256","a":`+c.Text+`}`, identityClaims))
		}
	}
}
