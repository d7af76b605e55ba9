package plugin

import (
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"sync"
	"time"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// maxTries bounds how often a command is applied again after another writer won. In one process the lock on the cart
// lets nobody else win, so this counts writers on other machines.
const maxTries = 8

// serve answers one request of one route. The status is written once, when the answer is known.
func serve(d *desk, w http.ResponseWriter, r *http.Request) {
	call := &adapters.Call{Request: r, Options: d.Options, Limits: d.Engine.Limits}
	answer, problem := guarded(d, call, w)
	if problem != nil {
		answer = d.Adapter.Fail(call, problem)
		logRefused(d, call, answer.Status, problem)
	}
	send(w, r, answer)
}

// guarded turns a panic on the request path into the dialect's 500: Traefik, other carts and this cart stay as they are.
func guarded(d *desk, call *adapters.Call, w http.ResponseWriter) (answer adapters.Answer, problem *cartcore.Error) {
	defer func() {
		if fault := recover(); fault != nil {
			problem = cartcore.Fail(cartcore.KindInternal, fmt.Errorf("fault of ours: %v", fault))
		}
	}()
	return respond(d, call, w)
}

// respond leads a request through the rooms: body, decode, who asks, which cart, what is sold, apply, keep, encode.
func respond(d *desk, call *adapters.Call, w http.ResponseWriter) (adapters.Answer, *cartcore.Error) {
	now := time.Now().UnixMilli()
	unread := readBody(d, call, w)
	wrong := d.Route.Decode(call)
	if unread != nil {
		wrong = unread
	}
	if wrong != nil && (unread != nil || wrong.Kind == cartcore.KindMalformed) {
		if problem := strangeTenant(d, call, now); problem != nil {
			return adapters.Answer{}, problem
		}
		return adapters.Answer{}, wrong
	}
	caller, problem := identity.Resolve(d.Engine.Directory, d.Adapter.Name, call.Credentials, call.Request.Header, now)
	if problem != nil {
		return adapters.Answer{}, problem
	}
	if wrong != nil {
		return adapters.Answer{}, wrong
	}
	notices := []adapters.Header{}
	if caller.MergeKey.Owner != "" && call.Credentials.Cart == "" { // a client that names its cart asks for that cart, not for a merge
		told, problem := mergeGuest(d, caller, now)
		if problem != nil {
			return adapters.Answer{}, problem
		}
		notices = told
	}
	seen, problem := work(d, call, caller, now)
	if problem != nil {
		return adapters.Answer{}, problem
	}
	logCut(d, seen.Outcome)
	answer := d.Route.Encode(call, seen)
	answer.Header = append(append(answer.Header, notices...), noticesOf(seen.Outcome)...)
	return answer, nil
}

// strangeTenant refuses a request whose body cannot be read where its path, host, header or API key names no tenant either:
// the origins ask for the shop before they look at anything else.
func strangeTenant(d *desk, call *adapters.Call, now int64) *cartcore.Error {
	asked := call.Credentials
	if asked.Tenant == "" && asked.TenantBy != cartcore.TenantByAPIKey {
		return nil
	}
	asked.Token, asked.Guest, asked.Cart, asked.Need = "", "", "", cartcore.NeedAnyone
	_, problem := identity.Resolve(d.Engine.Directory, d.Adapter.Name, asked, call.Request.Header, now)
	if problem != nil && (problem.Kind == cartcore.KindTenantUnknown || problem.Kind == cartcore.KindAPIKey) {
		return problem
	}
	return nil
}

// work finds the caller's cart and does the command on it.
func work(d *desk, call *adapters.Call, caller cartcore.Caller, now int64) (adapters.Seen, *cartcore.Error) {
	if call.Command.Verb != cartcore.Read && caller.Key.Owner != "" {
		lock := lockOf(d.Engine.Shared, caller.Key)
		lock.Lock()
		defer lock.Unlock()
	}
	sold := catalog.Current(d.Engine.Catalogs[caller.Tenant], now)
	resolveAsks(call.Command.Asks, sold)
	for try := 0; try < maxTries; try++ {
		seen, again, problem := attempt(d, call, caller, sold, now)
		if problem != nil {
			return adapters.Seen{}, problem
		}
		if !again {
			return seen, nil
		}
	}
	return adapters.Seen{}, cartcore.Refuse(cartcore.KindConflict)
}

// attempt loads the cart, applies the command and keeps what changed. again says that another writer won.
func attempt(d *desk, call *adapters.Call, caller cartcore.Caller, sold *catalog.Snapshot, now int64) (seen adapters.Seen, again bool, problem *cartcore.Error) {
	cart, caller, problem := cartOf(d, call, caller)
	if problem != nil {
		return seen, false, problem
	}
	existed := cart != nil
	reads := call.Command.Verb == cartcore.Read
	if call.Command.Seed == "" && (!existed || !reads) {
		call.Command.Seed = identity.Entropy()
	}
	if !existed {
		cart = cartcore.New(caller.Key, identity.CurrencyOf(d.Engine.Directory, caller.Tenant), call.Command.Seed, now)
	}
	if caller.Customer != "" && call.Credentials.Cart != "" && (!existed || cartcore.ShortID(cart.ID) != call.Credentials.Cart) {
		return seen, false, cartcore.Refuse(cartcore.KindCartUnknown)
	}
	next, outcome, problem := cartcore.Apply(cart, call.Command, sold.Facts, d.Engine.Limits, now)
	if problem != nil {
		return seen, false, problem
	}
	if next == cart && caller.Fresh && !existed {
		// A token that was handed out is only worth something where its cart is known.
		born := *cart
		born.Version = 1
		next = &born
	}
	if next != cart {
		if err := store.SaveCart(d.Engine.Shared.Carts, next, cart.Version); err != nil {
			if errors.Is(err, store.ErrConflict) {
				return seen, true, nil
			}
			return seen, false, cartcore.Fail(cartcore.KindUnavailable, err)
		}
	}
	view, problem := cartcore.Show(next, sold.Facts)
	if problem != nil {
		return seen, false, problem
	}
	return adapters.Seen{View: view, Outcome: outcome, Caller: caller, Existed: existed}, false, nil
}

// cartOf loads the caller's cart, nil where there is none yet. A guest token that no cart is known by counts for nothing:
// the guest gets a fresh one, or where the request names a cart is told that there is none.
func cartOf(d *desk, call *adapters.Call, caller cartcore.Caller) (*cartcore.Cart, cartcore.Caller, *cartcore.Error) {
	if caller.Key.Owner != "" && !caller.Fresh {
		cart, err := store.GetCart(d.Engine.Shared.Carts, caller.Key)
		if err != nil {
			return nil, caller, cartcore.Fail(cartcore.KindUnavailable, err)
		}
		if cart != nil || caller.Customer != "" || caller.Vouched || call.Credentials.Need == cartcore.NeedSession {
			return cart, caller, nil
		}
	}
	if call.Credentials.Need == cartcore.NeedCart {
		return nil, caller, cartcore.Refuse(cartcore.KindCartUnknown)
	}
	return nil, identity.WithGuest(caller, d.Adapter.Name, d.Adapter.Guest(identity.Entropy()), true), nil
}

// resolveAsks finds the catalogue's name for each item that a client named. An item that only the cart still knows keeps
// the SKU that the client gave.
func resolveAsks(asks []cartcore.Ask, sold *catalog.Snapshot) {
	for i := range asks {
		if asks[i].LineID != "" || asks[i].LineNumber != 0 {
			continue
		}
		item := catalog.Find(sold, asks[i].Item)
		if item != nil {
			asks[i].SKU = item.SKU
		} else if asks[i].Item.SKU != "" && sold.Facts[asks[i].Item.SKU] == nil {
			asks[i].SKU = asks[i].Item.SKU
		}
	}
}

// lockSeed makes the stripes of this process.
var lockSeed = maphash.MakeSeed()

// stripeOf is the number of the lock on a cart.
func stripeOf(key cartcore.Key) int {
	return int(maphash.String(lockSeed, cartcore.KeyText(key)) % lockStripes)
}

func lockOf(shared *sharedCarts, key cartcore.Key) *sync.Mutex {
	return shared.Locks[stripeOf(key)]
}

// lockPair answers the locks on the caller's cart and on the guest's cart to merge, in the order in which everybody takes
// them; second is nil where both carts share one.
func lockPair(shared *sharedCarts, caller cartcore.Caller) (first, second *sync.Mutex) {
	a, b := stripeOf(caller.Key), stripeOf(caller.MergeKey)
	if a == b {
		return shared.Locks[a], nil
	}
	if a > b {
		a, b = b, a
	}
	return shared.Locks[a], shared.Locks[b]
}
