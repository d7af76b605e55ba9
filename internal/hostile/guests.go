package hostile

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"github.com/polycart/polycart/adapters"
)

// manyGuests is so many that a random digit does not show all its 16 values once in 10^9 runs.
const manyGuests = 500

// Tokens lets many guests begin in every dialect that issues tokens. No two get the same, and each token has at least 96
// random bits: digits that were seen with every value.
func Tokens(t *testing.T, level *Level) {
	w := newWorld(t, level, "tokens")
	for _, adapter := range adapters.All() {
		if adapter.Guest == nil {
			continue
		}
		t.Run(adapter.Name, func(t *testing.T) {
			known, digits := map[string]bool{}, []map[byte]bool{}
			for range manyGuests {
				token := w.guest(t, alpha, adapter.Name, "cable", "1", Shown{}).Name
				known[token] = true
				for i := range len(token) {
					if len(digits) <= i {
						digits = append(digits, map[byte]bool{})
					}
					digits[i][token[i]] = true
				}
			}
			bits := 0
			for _, values := range digits {
				if len(values) == 16 {
					bits += 4
				}
			}
			if len(known) != manyGuests || bits < 96 {
				t.Errorf("%d guests have %d tokens of %d random bits", manyGuests, len(known), bits)
			}
		})
	}
}

// decent wants of every cookie in an answer that scripts and other sites do not get it, that it goes over TLS only where it
// came so, and that it ends.
func decent(t testing.TB, r *http.Request, from *http.Response) {
	t.Helper()
	secure := r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
	for _, cookie := range from.Cookies() {
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge <= 0 || cookie.Secure != secure {
			t.Errorf("%s %s over TLS %v: the cookie is %s", r.Method, r.URL, secure, cookie.Raw)
		}
	}
}

// Cookies lets a guest come over plain HTTP and over TLS in turn: what is kept of an answer to one is not sent to the other.
func Cookies(t *testing.T, level *Level) {
	w := newWorld(t, level, "cookies")
	own := w.guest(t, alpha, "itemkey", "", "1", Shown{})
	for range 2 {
		for _, scheme := range []string{"plain", "TLS", "TLS before us"} {
			r := Request(looks("itemkey"), &own.Shown)
			switch scheme {
			case "TLS":
				r.TLS = &tls.ConnectionState{}
			case "TLS before us":
				r.Header.Set("X-Forwarded-Proto", "https")
			}
			if got := w.send(t, r); dialects["itemkey"].token(t, got) != own.Name { // send looks at the cookie
				t.Errorf("%s: the session is not renewed: %v", scheme, got.Header)
			}
		}
	}
}

// Fixation plants a guest's token on somebody who then shops with it, as a guest and signed in. Who planted it is never in
// that cart with it. A token that the shop did issue, to whoever plants it, is a guest's cart that both can use until one
// signs in: the token is all that tells one guest from another.
func Fixation(t *testing.T, level *Level) {
	w := newWorld(t, level, "fixation")
	for _, adapter := range adapters.All() {
		if adapter.Guest == nil {
			continue
		}
		t.Run(adapter.Name+", a token that was made up", func(t *testing.T) { w.madeUp(t, adapter) })
		t.Run(adapter.Name+", a token that was issued to somebody else", func(t *testing.T) { w.borrowed(t, adapter) })
	}
}

// madeUp plants what no shop issued, in the form of what this one does.
func (w *world) madeUp(t *testing.T, adapter *adapters.Adapter) {
	token := adapter.Guest(strings.Repeat("5", 32))
	thief := &Shown{Shop: alpha, Key: alpha.Public, Guest: token}
	add, words := buys(adapter.Name, "", "3"), dialects[adapter.Name]
	for _, retry := range []string{"", "1"} { // a short Idempotency-Key, which the thief guesses
		shopping := *thief
		if retry != "" {
			shopping.Header = http.Header{"Idempotency-Key": {retry}}
		}
		got := w.send(t, Request(add, &shopping))
		if words.named {
			if got.Status != 404 {
				t.Errorf("a cart that is not there is made: %d %s", got.Status, got.Body)
			}
			continue
		}
		own := words.token(t, got)
		if got.Status != 200 || own == "" || own == token {
			t.Errorf("the guest is given no token of the shop's: %d %s", got.Status, got.Body)
		}
		if again := w.send(t, Request(add, &shopping)); strings.Contains(headerText(again.Header)+again.Body, own) {
			t.Errorf("who planted the token is handed that of the guest: %s", again.Body)
		}
		w.seesNoLamp(t, adapter.Name, thief)
	}
	id := "fixed" + adapter.Name
	signedIn := w.customer(t, alpha, id, "", "3", nil)
	beside := signedIn.Shown
	beside.Guest = token
	if words.named {
		if got := w.send(t, Request(stepNamed(t, "fabric", "PATCH /api-cart/cart/merge"), &beside)); got.Status != 404 {
			t.Errorf("a cart that is not there is merged: %d %s", got.Status, got.Body)
		}
	} else if got := w.ask(t, add, &beside); got.Header.Get("Set-Cookie") != "" {
		t.Errorf("a customer is given a session: %v", got.Header)
	}
	w.seesNoLamp(t, adapter.Name, thief)
}

// borrowed plants a token that the thief was issued. At sign-in what is in that cart goes to the customer; the token is nobody's
// from then on.
func (w *world) borrowed(t *testing.T, adapter *adapters.Adapter) {
	words := dialects[adapter.Name]
	thief := &w.guest(t, alpha, adapter.Name, "cable", "1", Shown{}).Shown
	signedIn := w.customer(t, alpha, "kept"+adapter.Name, "", "3", nil)
	beside := signedIn.Shown
	beside.Guest = thief.Guest
	if words.named {
		w.ask(t, stepNamed(t, "fabric", "PATCH /api-cart/cart/merge"), &beside)
	} else {
		w.ask(t, looks(adapter.Name), &beside)
	}
	w.seesNoLamp(t, adapter.Name, thief)
	before := w.ask(t, looks("vesuvio"), &signedIn.Shown).Body
	if !strings.Contains(before, "v-cable") {
		t.Fatalf("the guest's cart was not merged: %s", before)
	}
	got := w.send(t, Request(buys(adapter.Name, "cable", "1"), thief))
	if granted := got.Status < 300; granted == words.named || (granted && words.token(t, got) == thief.Guest) {
		t.Errorf("the token is somebody's after the merge: %d %s", got.Status, got.Body)
	}
	if !words.named {
		w.ask(t, looks(adapter.Name), &beside)
	}
	if after := w.ask(t, looks("vesuvio"), &signedIn.Shown).Body; after != before {
		t.Errorf("who planted the token reaches the customer's cart\nit was %s\nit is %s", before, after)
	}
}

// seesNoLamp wants a read to show nothing of a cart that holds the lamp.
func (w *world) seesNoLamp(t *testing.T, dialect string, s *Shown) {
	t.Helper()
	got := w.send(t, Request(looks(dialect), s))
	if shown := got.Body; strings.Contains(shown, lampTitle) || strings.Contains(shown, "LAMP-1") {
		t.Errorf("who planted the token sees the cart: %s", shown)
	}
}
