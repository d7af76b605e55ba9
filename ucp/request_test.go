package ucp_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/polycart/polycart/internal/ucpcases"
	"github.com/polycart/polycart/internal/ucpschema"
	"github.com/polycart/polycart/ucp"
)

func TestWhatAServiceIsAsked(t *testing.T) {
	contract, err := ucpschema.Open("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range ucpcases.Requests {
		t.Run(c.Name, func(t *testing.T) {
			got := ucpcases.Request(c.ID, c.Lines)
			if got != c.Want {
				t.Errorf("got  %s\nwant %s", got, c.Want)
			}
			parts := strings.SplitN(got, " ", 4)
			method, path, body := parts[0], parts[1], []byte(parts[3])
			header := http.Header{
				"Ucp-Agent": {`profile="https://platform.example/profile"`}, "Request-Id": {"7f5ac4fe-9b5e-4d4b-8b0e-2f3c2b1a0d10"},
				"Idempotency-Key": {ucpcases.Key("cart", 0, c.ID, c.Lines)}, "Content-Type": {"application/json"},
			}
			if err := contract.CheckRequest(method, path, header, body); err != nil {
				t.Error(err)
			}
			if surplus, err := contract.Surplus(method, path, body); err != nil || len(surplus) > 0 {
				t.Errorf("it sends %v, which the protocol omits; %v", surplus, err)
			}
		})
	}
}

// A key is the same for the same change, and another where anything about it is another.
func TestAKeyStandsForOneChange(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$`)
	known := map[string]string{}
	for name, key := range map[string]func() string{
		"a change":               func() string { return ucp.KeyOf("cart", 1, &ucp.Change{Method: "PUT", Path: "/carts/a", Body: "{}"}) },
		"of another cart":        func() string { return ucp.KeyOf("carT", 1, &ucp.Change{Method: "PUT", Path: "/carts/a", Body: "{}"}) },
		"after one move more":    func() string { return ucp.KeyOf("cart", 2, &ucp.Change{Method: "PUT", Path: "/carts/a", Body: "{}"}) },
		"after many moves more":  func() string { return ucp.KeyOf("cart", 11, &ucp.Change{Method: "PUT", Path: "/carts/a", Body: "{}"}) },
		"by another method":      func() string { return ucp.KeyOf("cart", 1, &ucp.Change{Method: "POST", Path: "/carts/a", Body: "{}"}) },
		"at another path":        func() string { return ucp.KeyOf("cart", 1, &ucp.Change{Method: "PUT", Path: "/carts/A", Body: "{}"}) },
		"with another body":      func() string { return ucp.KeyOf("cart", 1, &ucp.Change{Method: "PUT", Path: "/carts/a", Body: "{ }"}) },
		"with no body":           func() string { return ucp.KeyOf("cart", 1, &ucp.Change{Method: "PUT", Path: "/carts/a"}) },
		"moves that look a cart": func() string { return ucp.KeyOf("cart1", 1, &ucp.Change{Method: "PUT", Path: "/carts/a", Body: "{}"}) },
	} {
		got := key()
		if !form.MatchString(got) {
			t.Errorf("%s: %s is no UUID", name, got)
		}
		if again := key(); again != got {
			t.Errorf("%s: it is %s and then %s", name, got, again)
		}
		if known[got] != "" {
			t.Errorf("%s: it has the key of: %s", name, known[got])
		}
		known[got] = name
	}
}

func TestACartThatIsGoneHoldsNothing(t *testing.T) {
	gone := ucp.Gone()
	if gone.Meaning != ucp.MeaningCart || gone.Cart.ID != "" || len(gone.Cart.Lines) != 0 || !gone.Complete || gone.Err != nil {
		t.Errorf("got %+v", gone)
	}
}
