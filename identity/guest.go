package identity

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"

	"github.com/polycart/polycart/cartcore"
)

// maxGuest bounds a guest token or session, in bytes; a cookie or UUID needs 64, and the token becomes part of a store key.
const maxGuest = 255

// guestForm is visible ASCII without the slash, and not only dots, which would be a step of a path.
// One native call is cheaper in the interpreter than the checks it stands for.
var guestForm = regexp.MustCompile(`^\.*[!-\-0-~][!-.0-~]*$`)

// A guest token is never compared with another: it becomes part of the cart's key, and maps find that by a hash whose seed no
// client knows, so that the time a request takes tells nothing of the tokens there are.

// guestFits tells a guest token that can name a cart from one that counts as not shown.
func guestFits(guest string) bool {
	return len(guest) <= maxGuest && guestForm.MatchString(guest)
}

// Entropy answers 32 random hexadecimal digits.
func Entropy() string {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		panic("reading random bytes: " + err.Error()) // a guessable token would be worse than no answer
	}
	return hex.EncodeToString(random)
}

// WithGuest is caller as a guest of dialect with a guest token in force; fresh says that it was made for this request.
func WithGuest(caller *cartcore.Caller, dialect, guest string, fresh bool) *cartcore.Caller {
	return &cartcore.Caller{
		Tenant: caller.Tenant,
		Key:    cartcore.Key{Tenant: caller.Tenant, Owner: cartcore.GuestOwner(dialect, guest)},
		Guest:  guest,
		Fresh:  fresh,
	}
}
