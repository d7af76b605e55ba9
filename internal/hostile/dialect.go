package hostile

import (
	"net/http"
	"testing"

	"github.com/polycart/polycart/adapters"
)

// dialect is how a dialect's clients show who asks.
type dialect struct {
	dress   func(r *http.Request, s *Shown)         // puts what is shown where the dialect looks for it, beside path, query and body
	reads   string                                  // the route by which a cart is read
	adds    string                                  // the route by which a guest puts an item into one; empty: there are no guests
	session bool                                    // guests have sessions that the shop's own Session API issues, and customers their token in its place
	token   func(t testing.TB, from *answer) string // the token in an answer that a guest is issued; nil where the dialect issues none
	named   bool                                    // the token is the id of the guest's cart, which must be there
}

var dialects = map[string]*dialect{
	"agent": {
		reads: "GET /{domain}/agent/cart/get", adds: "POST /{domain}/agent/cart/add", session: true,
		dress: func(*http.Request, *Shown) {},
	},
	"shop": {
		reads: "GET /api/v1/shop/cart", adds: "POST /api/v1/shop/cart/{sku}",
		dress: func(r *http.Request, s *Shown) {
			show(r, "X-API-Key", s.Key)
			show(r, "X-Cart-ID", s.Guest)
			bear(r, s.Token)
		},
		token: func(t testing.TB, from *answer) string {
			var body struct {
				Data struct {
					CartID string `json:"cart_id"`
				} `json:"data"`
			}
			read(t, from, &body)
			return body.Data.CartID
		},
	},
	"itemkey": {
		reads: "GET /api/v1/cart/{$}", adds: "POST /api/v1/cart/{$}",
		dress: func(r *http.Request, s *Shown) {
			r.Host = s.Shop.Host
			if s.Guest != "" {
				show(r, "Cookie", "theme=dark; sessionid="+s.Guest)
			}
			bear(r, s.Token)
		},
		token: func(_ testing.TB, from *answer) string {
			for _, cookie := range (&http.Response{Header: from.Header}).Cookies() {
				if cookie.Name == "sessionid" {
					return cookie.Value
				}
			}
			return ""
		},
	},
	"vesuvio": {
		reads: "GET /api/v1/sdk/cart/{storeId}",
		dress: func(r *http.Request, s *Shown) {
			show(r, "X-API-Key", s.Key)
			bear(r, s.Token)
		},
	},
	"fabric": {
		reads: "GET /api-cart/cart", adds: "POST /api-cart/cart/item", named: true,
		dress: func(r *http.Request, s *Shown) {
			r.Header.Set("X-Site-Context", `{"account":"`+s.Shop.Account+`","channel":12}`)
			bear(r, s.Token)
		},
		token: func(t testing.TB, from *answer) string {
			var body struct {
				ID string `json:"_id"`
			}
			read(t, from, &body)
			return body.ID
		},
	},
}

// guestDialects are the dialects that know guests, in the order of the registry.
func guestDialects() []string {
	names := []string{}
	for _, adapter := range adapters.All() {
		if dialects[adapter.Name].adds != "" {
			names = append(names, adapter.Name)
		}
	}
	return names
}

func show(r *http.Request, name, value string) {
	if value != "" {
		r.Header.Set(name, value)
	}
}

func bear(r *http.Request, token string) {
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
}
