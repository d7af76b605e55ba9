package hostile

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/transcript"
)

// Matrix sends every route's request as every actor, at a cart that is there and at one that never was. Only the owner ever
// sees or changes a cart, and nobody else can tell whether it is there. That vesuvio tells a customer who never had a cart
// (404 CART_EMPTY) from one whose cart is empty is no exception: only the owner hears it.
func Matrix(t *testing.T, level *Level) {
	steps, err := Steps()
	if err != nil {
		t.Fatal(err)
	}
	there, gone := newWorld(t, level, "there"), newWorld(t, level, "gone")
	for _, w := range []*world{there, gone} {
		w.customer(t, beta, preyName, "cable", "1", nil) // a namesake, who is somebody else
	}
	m := &matrix{there: there, gone: gone, prey: victims(t, there)}
	m.watched = watch(t, there, m.prey)
	before := stored(t, there)
	there.log.fresh(t)
	for i := range steps {
		t.Run(steps[i].Dialect+" "+steps[i].Pattern, func(t *testing.T) {
			for _, actor := range actors() {
				m.attack(t, &steps[i], actor)
			}
		})
	}
	if m.sent < 30*len(steps) {
		t.Errorf("only %d requests were sent for %d routes", m.sent, len(steps))
	}
	t.Logf("%d routes, %d actors, %d hostile requests in each world", len(steps), len(actors()), m.sent)
	after := stored(t, there)
	for _, eye := range m.watched {
		if cart := after(eye.kept); cart == nil || cart.Version != before(eye.kept).Version {
			t.Errorf("%s: the stored cart is another one", eye.name)
		}
	}
	neverAdopted(t, m.prey, after)
}

// neverAdopted wants no cart under a guest token that the shop did not issue.
func neverAdopted(t *testing.T, p *prey, carts func(cartcore.Key) *cartcore.Cart) {
	t.Helper()
	for _, dialect := range guestDialects() {
		if dialects[dialect].session {
			continue
		}
		for _, guess := range p.guesses() {
			for _, shop := range []*Shop{alpha, beta} {
				if carts(cartcore.Key{Tenant: shop.ID, Owner: cartcore.GuestOwner(dialect, guess)}) != nil {
					t.Errorf("%s adopted the guest token %q", dialect, guess)
				}
			}
		}
	}
}

type matrix struct {
	there, gone *world
	prey        *prey
	watched     []*eye
	number      int
	sent        int
}

// eye watches one cart of the prey's through a dialect.
type eye struct {
	name string
	step *Step
	own  *Shown
	body string
	kept cartcore.Key
}

func watch(t testing.TB, w *world, p *prey) []*eye {
	t.Helper()
	all := []*eye{}
	for dialect := range dialects {
		all = append(all, &eye{name: "the customer by " + dialect, step: looks(dialect), own: &p.customer.Shown, kept: p.customer.kept})
	}
	for _, dialect := range guestDialects() {
		own := p.guests[dialect]
		all = append(all, &eye{name: "the guest of " + dialect, step: looks(dialect), own: &own.Shown, kept: own.kept})
	}
	for _, e := range all {
		e.body = w.ask(t, e.step, e.own).Body
		if !strings.Contains(e.body, lampQuantity) {
			t.Fatalf("%s does not see the cart: %s", e.name, e.body)
		}
	}
	return all
}

// attack lets an actor ask in both worlds and compares.
func (m *matrix) attack(t *testing.T, step *Step, by actor) {
	t.Helper()
	m.number++
	here := &scene{t: t, w: m.there, step: step, prey: m.prey, number: m.number}
	nowhere := &scene{t: t, w: m.gone, step: step, prey: m.prey, number: m.number}
	asHere, asNowhere := by.shows(here), by.shows(nowhere)
	for i := range asHere {
		if asHere[i].unsendable(step) {
			continue
		}
		m.there.log.fresh(t) // what the actor did to have a cart
		sent := Request(step, asHere[i])
		said := text(sent)
		got := m.there.send(t, sent)
		added := m.there.log.fresh(t)
		want := m.gone.send(t, Request(step, asNowhere[i]))
		m.sent++
		if a, b := seen(got, here.mine), seen(want, nowhere.mine); a != b {
			t.Errorf("%s can tell that the cart is there\nasks %s\nof a cart that is there:\n%s\nof one that is not:\n%s", by.name, said, a, b)
		}
		if cart := values(step, asHere[i])["cartId"]; mentions(step, "{cartId}") && got.Status < 400 && !slices.Contains(here.mine, cart) && got.Body != transcript.Passed {
			t.Errorf("%s names a cart of somebody else's and is answered\nasks %s\ngets %d %s", by.name, said, got.Status, got.Body)
		}
		m.unseen(t, by, said, got)
		m.untouched(t, by, said, added)
	}
}

// mentions tells whether a step's request has a value in its path, query or body.
func mentions(step *Step, value string) bool {
	return strings.Contains(step.Pattern+step.Query+step.Body, value)
}

// unsendable tells a header value that no HTTP client can send.
func (s *Shown) unsendable(step *Step) bool {
	words := dialects[step.Dialect]
	return strings.Contains(s.Guest, "\n") && words.token != nil && !words.named
}

// unseen wants nothing of the prey's carts in an answer but what the request itself said.
func (m *matrix) unseen(t *testing.T, by actor, said string, got *answer) {
	t.Helper()
	shown := headerText(got.Header) + got.Body
	needles := []string{lampTitle, lampSubtotal, m.prey.customer.Line, cartcore.ShortID(m.prey.customer.Line), m.prey.customer.Cart, m.prey.customer.CartNumber}
	for _, guest := range m.prey.guests {
		needles = append(needles, guest.Name)
	}
	for _, needle := range needles {
		if strings.Contains(shown, needle) && !strings.Contains(said, needle) {
			t.Errorf("%s sees %q of the cart\nasks %s\ngets %d %s", by.name, needle, said, got.Status, shown)
		}
	}
	if quantity.MatchString(masked(shown)) {
		t.Errorf("%s sees the quantity in the cart\nasks %s\ngets %d %s", by.name, said, got.Status, shown)
	}
}

var quantity = regexp.MustCompile(`\b` + lampQuantity + `\b`)

// untouched wants the prey's carts as they were: as they are kept, and as their owners read them.
func (m *matrix) untouched(t *testing.T, by actor, said string, added []byte) {
	t.Helper()
	wait := cartcore.Key{Tenant: alpha.ID, Owner: cartcore.NotifyOwner(items["mug"].SKU, preyName)}
	if wrote(added, wait) {
		t.Errorf("%s changes for what the customer waits\nasks %s", by.name, said)
	}
	for _, e := range m.watched {
		if wrote(added, e.kept) {
			t.Errorf("%s writes the cart of %s\nasks %s", by.name, e.name, said)
		}
		if now := m.there.ask(t, e.step, e.own).Body; now != e.body {
			t.Fatalf("%s changes the cart of %s\nasks %s\nit was %s\nit is %s", by.name, e.name, said, e.body, now)
		}
	}
}

// text is what a request says, unescaped.
func text(r *http.Request) string {
	target, err := url.QueryUnescape(r.URL.RequestURI())
	if err != nil {
		target = r.URL.RequestURI()
	}
	return r.Method + " " + target + " " + r.Host + "\n" + headerText(r.Header) + bodyText(r)
}

func headerText(header http.Header) string {
	lines := []string{}
	for name, all := range header {
		lines = append(lines, name+": "+strings.Join(all, ", ")+"\n")
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}
