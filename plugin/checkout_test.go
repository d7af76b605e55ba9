package plugin_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/plugin"
)

// A cart that a checkout holds opens again by itself.
func TestACheckoutEndsByItself(t *testing.T) {
	script := transcript.Script{Name: "checkout", Config: `
limits: {checkoutLock: 1s}
dialects: {vesuvio: {options: {checkoutUrl: "https://pay.example/{cartId}"}}}
`}
	fixture := transcript.NewFixture(t, "..", script)
	handler, err := plugin.New(t.Context(), transcript.Upstream(), decoded(t, fixture.Config), script.Name)
	if err != nil {
		t.Fatal(err)
	}
	token, err := fixture.Token("182")
	if err != nil {
		t.Fatal(err)
	}
	send := func(path, body string) int {
		request := httptest.NewRequest(http.MethodPost, "/api/v1/sdk/cart/store/a3f2b1c0-1234-5678-90ab-cdef12345678"+path, strings.NewReader(body))
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder.Code
	}
	const item = `{"externalProductId":"prod_123","externalVariantId":"var_456","quantity":1}`
	if status := send("/item", item); status != 200 {
		t.Fatalf("adding answers %d", status)
	}
	if status := send("/finish", ""); status != 200 {
		t.Fatalf("finishing answers %d", status)
	}
	if status := send("/item", item); status != 409 {
		t.Fatalf("adding to a cart that is held answers %d", status)
	}
	patience := time.Now().Add(20 * time.Second)
	for send("/item", item) != 200 {
		if time.Now().After(patience) {
			t.Fatal("the cart is still held")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestACheckoutAddressThatIsNoneIsAFault(t *testing.T) {
	for _, config := range []string{
		`dialects: {vesuvio: {options: {checkoutUrl: "https://{customerId}.example/"}}}`,
		`limits: {checkoutLock: soon}`,
		`limits: {checkoutLock: 1ms}`,
	} {
		fixture := transcript.NewFixture(t, filepath.Join(".."), transcript.Script{Name: "faults", Config: config})
		faults := plugin.Validate(decoded(t, fixture.Config))
		if len(faults) != 1 || !strings.Contains(faults[0], "checkout") || !strings.Contains(faults[0], "it must be") {
			t.Errorf("%s: got %q", config, faults)
		}
	}
}
