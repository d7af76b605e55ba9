package plugin

import (
	"fmt"
	"net/http"
	"time"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
)

// What every request takes is in small functions here, and what few take in others: the interpreter makes every variable
// and every part of an expression of a function anew at each call, used or not (docs/interpreter.md: what a call costs).

// reading is the command of a route whose Decode sets none. Nobody changes it.
var reading = &cartcore.Command{Verb: cartcore.Read}

// nobody are the credentials of a call until Decode has read them off. Nobody changes them.
var nobody = &cartcore.Credentials{}

// serve answers one request of one route. The status is written once, when the answer is known.
func serve(d *desk, w http.ResponseWriter, r *http.Request) {
	call := &adapters.Call{Request: r, Options: d.Options, Limits: d.Limits, Command: reading, Credentials: nobody}
	send(w, r, guarded(d, call, w))
}

// guarded turns a panic on the request path into the dialect's 500: Traefik, other carts and this cart stay as they are.
func guarded(d *desk, call *adapters.Call, w http.ResponseWriter) (answer *adapters.Answer) {
	defer func() {
		if fault := recover(); fault != nil {
			call.Command = reading // what was decoded may be what is broken, and refusals are printed from it
			answer = refused(d, call, cartcore.Fail(cartcore.KindInternal, fmt.Errorf("fault of ours: %v", fault)))
		}
	}()
	if d.Familiar != nil {
		return recognise(d, call)
	}
	return respond(d, call, w)
}

// respond leads a request through the rooms: body, decode, who asks, and then to look at the cart or to change it.
func respond(d *desk, call *adapters.Call, w http.ResponseWriter) *adapters.Answer {
	if d.Body != adapters.NoBody {
		if problem := readBody(d, call, w); problem != nil {
			return unreadable(d, call, problem)
		}
	}
	now := time.Now().UnixMilli()
	problem := d.Decode(call)
	if problem != nil {
		return undecoded(d, call, problem, now)
	}
	caller, problem := identity.Resolve(d.Who, d.Name, call.Credentials, call.Request.Header, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	if d.Engine.Rates != nil || caller.MergeKey.Owner != "" {
		return admit(d, call, caller, now)
	}
	if d.Reads {
		return look(d, call, caller, nameOf(d, call, caller), now)
	}
	return write(d, call, caller, now)
}

// admit goes on where the caller's requests are limited, or a guest's cart may have to be merged first.
func admit(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) *adapters.Answer {
	if d.Engine.Rates != nil {
		return metered(d, call, caller, nil, now)
	}
	return proceed(d, call, caller, now)
}

// proceed looks at the caller's cart or changes it, and merges a guest's into it first where one is named beside it.
func proceed(d *desk, call *adapters.Call, caller *cartcore.Caller, now int64) *adapters.Answer {
	if caller.MergeKey.Owner != "" && call.Credentials.Cart == "" { // a client that names its cart asks for that cart, not for a merge
		return mergeFirst(d, call, caller, now)
	}
	if d.Reads {
		return look(d, call, caller, nameOf(d, call, caller), now)
	}
	return write(d, call, caller, now)
}

// refused prints a refusal and notes it in the log.
func refused(d *desk, call *adapters.Call, problem *cartcore.Error) *adapters.Answer {
	answer := d.Adapter.Fail(call, problem)
	logRefused(d, answer.Status, problem)
	return answer
}

// unreadable refuses a request whose body cannot be read. Decode still reads off who asks.
func unreadable(d *desk, call *adapters.Call, problem *cartcore.Error) *adapters.Answer {
	now := time.Now().UnixMilli()
	call.Body = nil
	_ = d.Route.Decode(call) // what is wrong with the body is known already
	if strange := strangeTenant(d, call, now); strange != nil {
		return refused(d, call, strange)
	}
	return refused(d, call, problem)
}

// undecoded refuses a request that Decode refused. Who asks comes first, but where the request cannot be read at all
// only the tenant does.
func undecoded(d *desk, call *adapters.Call, wrong *cartcore.Error, now int64) *adapters.Answer {
	if wrong.Kind == cartcore.KindMalformed {
		if strange := strangeTenant(d, call, now); strange != nil {
			return refused(d, call, strange)
		}
		return refused(d, call, wrong)
	}
	caller, problem := identity.Resolve(d.Engine.Directory, d.Adapter.Name, call.Credentials, call.Request.Header, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	if d.Engine.Rates != nil {
		return metered(d, call, caller, wrong, now)
	}
	return refused(d, call, wrong)
}

// strangeTenant refuses a request whose body cannot be read where its path, host, header or API key names no tenant either:
// the origins ask for the shop before they look at anything else.
func strangeTenant(d *desk, call *adapters.Call, now int64) *cartcore.Error {
	asked := *call.Credentials
	if asked.Tenant == "" && asked.TenantBy != cartcore.TenantByAPIKey {
		return nil
	}
	asked.Token, asked.Guest, asked.Cart, asked.Need = "", "", "", cartcore.NeedAnyone
	_, problem := identity.Resolve(d.Engine.Directory, d.Adapter.Name, &asked, call.Request.Header, now)
	if problem != nil && (problem.Kind == cartcore.KindTenantUnknown || problem.Kind == cartcore.KindAPIKey) {
		return problem
	}
	return nil
}
