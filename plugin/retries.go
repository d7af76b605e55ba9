package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"sync"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
)

// Retries are safe with an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the answer to a write is kept in
// the cart's own record, under the key, and a retry is answered with it.

// The forms of a key: a string of RFC 8941 §3.3.3 without blanks, or the same bare, as most clients send it.
var (
	bareKey   = regexp.MustCompile(`^[!#-~]{1,255}$`)
	quotedKey = regexp.MustCompile(`^"(?:[!#-\[\]-~]|\\["\\])+"$`)
	unescaped = strings.NewReplacer(`\\`, `\`, `\"`, `"`)
)

// maxKey bounds a key, in characters.
const maxKey = 255

// keyIn reads the one value of Idempotency-Key; ok is false where it is no key. "x" and x are the same key.
func keyIn(values []string) (key string, ok bool) {
	if len(values) != 1 {
		return "", false
	}
	if bareKey.MatchString(values[0]) {
		return values[0], true
	}
	if len(values[0]) > 2*maxKey+2 || !quotedKey.MatchString(values[0]) {
		return "", false
	}
	key = unescaped.Replace(values[0][1 : len(values[0])-1])
	return key, len(key) <= maxKey
}

// guestKeyLength is how long a key must be, in characters, to find the cart of a guest who shows no token, or one that no
// cart is known by: 128 random bits take 22 in base64. There the key alone stands for the guest, since a token that we did
// not issue may be anybody's, and a short one, such as a number that counts up, would hand one guest's cart to another.
const guestKeyLength = 22

// retries is what this process knows of writes with a key beside what the carts hold.
type retries struct {
	mu      sync.Mutex
	running map[string]bool        // writes under way, by place
	newer   map[string]*freshGuest // the guests that such writes made, by place, in two halves as preparedAnswers are
	older   map[string]*freshGuest
}

// freshGuest is a guest who may not have got the answer that bears the token.
type freshGuest struct {
	Guest string
	Until int64 // Unix milliseconds
}

// freshHalf bounds each half of the guests remembered. Two halves of 4096 entries of some 250 bytes stay near 2 MB.
const freshHalf = 4096

func newRetries() *retries {
	return &retries{running: map[string]bool{}, newer: map[string]*freshGuest{}, older: map[string]*freshGuest{}}
}

// once does a write that bears a key, unless it was done before or is being done. The lock on the cart alone would let a
// retry wait for the first request; it is told at once instead, so that clients that give up quickly do not queue up.
func once(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, key string, now int64) *adapters.Answer {
	on.Key = digest(key)
	on.Print = printOf(d, call, caller)
	place := cartcore.KeyText(caller.Key) + "\n" + d.Adapter.Name + "\n" + on.Key
	if caller.Key.Owner == "" && len(key) < guestKeyLength {
		return change(d, call, caller, on, now)
	}
	known := d.Engine.Shared.Retries
	if !begin(known, place) {
		return refused(d, call, cartcore.Refuse(cartcore.KindKeyRunning))
	}
	defer func() { end(known, place) }()
	if len(key) < guestKeyLength {
		return change(d, call, caller, on, now)
	}
	if guest := freshGuestAt(known, place, now); guest != "" {
		caller = identity.WithGuest(caller, d.Adapter.Name, guest, false)
	}
	answer := change(d, call, caller, on, now)
	if on.Guest != "" {
		keepFreshGuest(known, place, on.Guest, now)
	}
	return answer
}

// begin marks a write as under way; false says that one with the same key is.
func begin(known *retries, place string) bool {
	known.mu.Lock()
	defer known.mu.Unlock()
	if known.running[place] {
		return false
	}
	known.running[place] = true
	return true
}

func end(known *retries, place string) {
	known.mu.Lock()
	defer known.mu.Unlock()
	delete(known.running, place)
}

// freshGuestAt answers the guest that a write with this key made, empty where none is known.
func freshGuestAt(known *retries, place string, now int64) string {
	known.mu.Lock()
	defer known.mu.Unlock()
	guest := known.newer[place]
	if guest == nil {
		guest = known.older[place]
	}
	if guest == nil || guest.Until <= now {
		return ""
	}
	return guest.Guest
}

func keepFreshGuest(known *retries, place, guest string, now int64) {
	known.mu.Lock()
	defer known.mu.Unlock()
	if len(known.newer) >= freshHalf {
		known.older = known.newer
		known.newer = map[string]*freshGuest{}
	}
	known.newer[place] = &freshGuest{Guest: guest, Until: now + cartcore.ReplyLife}
}

// digest is 128 bits of a SHA-256 in hexadecimal digits.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// printOf is the digest by which a retry is told from another request. Whose guest's cart it is, is no part of it: the
// reply stands in that cart.
func printOf(d *desk, call *adapters.Call, caller *cartcore.Caller) string {
	url := call.Request.URL
	return digest(d.Adapter.Name + "\n" + caller.Tenant + "\n" + caller.Customer + "\n" + call.Request.Method + "\n" +
		url.EscapedPath() + "\n" + url.RawQuery + "\n" + string(call.Body))
}

// replayed answers a write again that was answered before.
func replayed(d *desk, call *adapters.Call, caller *cartcore.Caller, on *terms, cart *cartcore.Cart, sold *catalog.Snapshot, reply *cartcore.Reply) *adapters.Answer {
	if reply.Print != on.Print {
		return refused(d, call, cartcore.Refuse(cartcore.KindKeyReused))
	}
	answer, err := answerOf(reply, tokenOf(call, caller))
	if err != nil {
		return refused(d, call, cartcore.Fail(cartcore.KindInternal, err))
	}
	if reply.Form == cartcore.FormDone {
		again, problem := shown(d, call, caller, cart, sold)
		if problem != nil {
			return refused(d, call, problem)
		}
		if again != nil {
			answer.Body = again.Body
			answer.Header = again.Header
		}
	}
	answer.Header = append(answer.Header, adapters.Header{Name: "Idempotent-Replayed", Value: "true"})
	return answer
}

// tokenOf is the token that an answer to the caller can hold: the guest's, or the session that a customer came with.
func tokenOf(call *adapters.Call, caller *cartcore.Caller) string {
	if caller.Guest == "" && call.Credentials.Need == cartcore.NeedSession {
		return call.Credentials.Guest
	}
	return caller.Guest
}
