package hostile

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// prey is who is attacked.
type prey struct {
	customer *holder            // signed in, waits for the mug too
	guests   map[string]*holder // by dialect
	before   []string           // the guest tokens that the customer had before signing in
}

const (
	preyName = "182"
	// preyRetry is an Idempotency-Key of the prey's, of the kind that somebody else can guess.
	preyRetry = "order-1"
	// planted is a guest token that no shop issued and that an attacker put into the prey's client.
	planted = "planted-by-somebody"
)

// victims lets the prey shop in a world.
func victims(t testing.TB, w *world) *prey {
	t.Helper()
	retry := http.Header{"Idempotency-Key": {preyRetry}}
	p := &prey{guests: map[string]*holder{}}
	p.customer = w.customer(t, alpha, preyName, "", lampQuantity, retry)
	for _, dialect := range guestDialects() {
		showing := Shown{Header: retry}
		switch words := dialects[dialect]; {
		case words.session:
			showing.Guest = "session-0f2c6d1e7b3a4958"
		case !words.named:
			showing.Guest = planted
		}
		p.guests[dialect] = w.guest(t, alpha, dialect, "", lampQuantity, showing)
	}
	for _, dialect := range guestDialects() {
		if dialects[dialect].session || dialects[dialect].named { // where no token is brought along at sign-in
			continue
		}
		signsIn := p.customer.Shown
		signsIn.Guest = w.guest(t, alpha, dialect, "cable", "1", Shown{}).Name
		w.ask(t, looks(dialect), &signsIn)
		p.before = append(p.before, signsIn.Guest)
	}
	w.ask(t, stepNamed(t, "vesuvio", "POST /api/v1/sdk/cart/store/{storeId}/back-in-stock-subscription"), &p.customer.Shown)
	return p
}

// scene is where one actor attacks one route, in one of the two worlds.
type scene struct {
	t      testing.TB
	w      *world
	step   *Step
	prey   *prey
	number int      // tells scenes apart, and is the same in both worlds
	mine   []string // what belongs to the actor, and is another text in the other world
}

// aimed names everything of the prey's and shows nothing of who asks but the shop's public key.
func (a *scene) aimed() *Shown {
	own := a.prey.customer
	return &Shown{Shop: alpha, Key: alpha.Public, Customer: own.Name, Cart: own.Cart, Line: own.Line, Number: own.Number}
}

// with is aimed with a customer's token.
func (a *scene) with(token string) *Shown {
	s := a.aimed()
	s.Token = token
	return s
}

// stranger is another customer of the shop, who has a cart.
func (a *scene) stranger() *Shown {
	own := a.w.customer(a.t, alpha, fmt.Sprintf("9%07d", a.number), "cable", "1", nil)
	a.mine = append(a.mine, own.Token, own.Cart, own.Line)
	return a.with(own.Token)
}

// showing is aimed with a guest token, which in fabric is the cart that is named.
func (a *scene) showing(guest string) *Shown {
	s := a.aimed()
	s.Guest, s.Cart = guest, ""
	return s
}

// at is s at the other tenant.
func at(shop *Shop, s *Shown) *Shown {
	s.Shop, s.Key = shop, shop.Public
	return s
}

func key(s *Shown, key string) *Shown {
	s.Key = key
	return s
}

func header(s *Shown, name, value string) *Shown {
	s.Header = http.Header{name: {value}}
	return s
}

// guesses are guest tokens, sessions and cart ids that nobody was given, or that name something else.
func (p *prey) guesses() []string {
	own := p.customer
	all := []string{
		"0", "1", preyName, "user_" + preyName, "guest_" + preyName, "customer:" + preyName, "store-alpha/customer:" + preyName,
		"sess_" + preyName, "null", "undefined", "*", "%", "..", "../" + preyName, `"`, "é", strings.Repeat("a", 300),
		"guest_00000000-0000-4000-a000-000000000000", strings.Repeat("0", 24), strings.Repeat("0", 32), planted,
		own.Cart, own.CartNumber, own.Line, "filed:" + own.Cart + ":customer:" + preyName,
	}
	for _, dialect := range guestDialects() {
		guest := p.guests[dialect]
		all = append(all, "guest:"+dialect+":"+guest.Name, guest.Name+"/"+guest.Name, guest.Name[:len(guest.Name)-1], "x"+guest.Name, guest.Name+"\n")
		if capitals := strings.ToUpper(guest.Name); capitals != guest.Name {
			all = append(all, capitals)
		}
	}
	return append(all, p.before...)
}

// actor is somebody who asks and owns nothing of the prey's. shows is every way of asking; nil where a dialect has none.
type actor struct {
	name  string
	shows func(a *scene) []*Shown
}

// one is an actor with one way of asking.
func one(name string, shows func(a *scene) *Shown) actor {
	return actor{name, func(a *scene) []*Shown { return []*Shown{shows(a)} }}
}

// signed is an actor who shows a token that claims to be the prey's.
func signed(name, claims string) actor {
	return one(name, func(a *scene) *Shown { return a.with(a.w.token(a.t, alpha, preyName, claims)) })
}

// trusted are headers by which a proxy may tell who asks; none of them is configured.
var trusted = []string{"X-Customer", "X-Customer-Id", "X-User", "X-User-Id", "X-Forwarded-User", "X-Auth-Request-User", "Remote-User"}

func actors() []actor {
	return []actor{
		one("nobody", func(a *scene) *Shown { return a.aimed() }),
		one("nobody, without an API key", func(a *scene) *Shown { return key(a.aimed(), "") }),
		one("nobody, with an API key that no shop has", func(a *scene) *Shown { return key(a.aimed(), "pk_nobody") }),
		one("what is no token", func(a *scene) *Shown { return a.with("not-a-token") }),
		one("what only looks like a token", func(a *scene) *Shown { return a.with("e30.e30.e30") }),
		signed("a token that has expired", " exp=-3600"),
		signed("a token that is not valid yet", " nbf=3600"),
		signed("a token that somebody else signed", " secret=z"),
		one("a token without a signature", func(a *scene) *Shown {
			token := a.w.token(a.t, alpha, preyName, " alg=none")
			return a.with(token[:strings.LastIndex(token, ".")+1])
		}),
		one("another customer", func(a *scene) *Shown { return a.stranger() }),
		one("another customer, with the other tenant's key", func(a *scene) *Shown { return key(a.stranger(), beta.Public) }),
		one("another customer, at the other tenant", func(a *scene) *Shown { return at(beta, a.stranger()) }),
		one("the owner's token, at the other tenant", func(a *scene) *Shown { return at(beta, a.with(a.prey.customer.Token)) }),
		one("the namesake at the other tenant", func(a *scene) *Shown { return at(beta, a.with(a.w.token(a.t, beta, preyName, ""))) }),
		one("the namesake at the other tenant, here", func(a *scene) *Shown { return a.with(a.w.token(a.t, beta, preyName, "")) }),
		one("the namesake at the other tenant, here with that tenant's key", func(a *scene) *Shown {
			return key(a.with(a.w.token(a.t, beta, preyName, "")), beta.Public)
		}),
		one("the namesake's session at the other tenant", func(a *scene) *Shown { return at(beta, a.showing("sess_"+preyName)) }),
		one("the other tenant's public key", func(a *scene) *Shown { return key(a.aimed(), beta.Public) }),
		one("the other tenant's secret key", func(a *scene) *Shown { return key(a.aimed(), beta.Secret) }),
		{"another guest of the dialect", func(a *scene) []*Shown {
			if dialects[a.step.Dialect].adds == "" {
				return nil
			}
			showing := Shown{}
			if dialects[a.step.Dialect].session {
				showing.Guest = fmt.Sprintf("session-%08d", a.number)
			}
			token := a.w.guest(a.t, alpha, a.step.Dialect, "cable", "1", showing).Name
			a.mine = append(a.mine, token)
			return []*Shown{a.showing(token)}
		}},
		{"a guest of another dialect", func(a *scene) []*Shown {
			all := []*Shown{}
			for _, dialect := range guestDialects() {
				if dialect != a.step.Dialect {
					all = append(all, a.showing(a.prey.guests[dialect].Name))
				}
			}
			return all
		}},
		{"the guest's token at the other tenant", func(a *scene) []*Shown {
			if guest := a.prey.guests[a.step.Dialect]; guest != nil {
				return []*Shown{at(beta, a.showing(guest.Name))}
			}
			return nil
		}},
		{"another customer who names the guest's cart", func(a *scene) []*Shown {
			if a.step.Dialect != "fabric" || a.step.Signs { // who knows a guest's cart may merge it: its id is all that a guest has
				return nil
			}
			s := a.stranger()
			s.Cart = a.prey.guests["fabric"].Name
			return []*Shown{s}
		}},
		{"a guest who guesses", func(a *scene) []*Shown {
			all := []*Shown{}
			for _, guess := range a.prey.guesses() {
				all = append(all, a.showing(guess))
			}
			return all
		}},
		{"another customer who guesses", func(a *scene) []*Shown {
			all, stranger := []*Shown{}, a.stranger()
			for _, guess := range a.prey.guesses() {
				s := *stranger
				s.Guest, s.Cart, s.Line, s.Number, s.Customer = guess, guess, guess, guess, guess
				all = append(all, &s)
			}
			return all
		}},
		{"nobody, with headers that a proxy may set", func(a *scene) []*Shown {
			s := a.aimed()
			s.Header = http.Header{}
			for _, name := range trusted {
				s.Header.Set(name, preyName)
			}
			return []*Shown{s}
		}},
		one("nobody, with the owner's Idempotency-Key", func(a *scene) *Shown { return header(a.aimed(), "Idempotency-Key", preyRetry) }),
		one("who planted the guest's token, with the owner's Idempotency-Key", func(a *scene) *Shown {
			return header(a.showing(planted), "Idempotency-Key", preyRetry)
		}),
		one("another customer, with the owner's Idempotency-Key", func(a *scene) *Shown {
			return header(a.stranger(), "Idempotency-Key", preyRetry)
		}),
		one("another customer, who wants any tag", func(a *scene) *Shown { return header(a.stranger(), "If-Match", "*") }),
	}
}
