package identity

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/polycart/polycart/cartcore"
)

// maxGuest bounds a guest token or session, in bytes; a cookie or UUID needs 64, and the token becomes part of a store key.
const maxGuest = 255

// controls may stand in no id or token; a blank only in a customer id.
const (
	controls          = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"
	blanksAndControls = " " + controls
)

// guestFits tells a guest token that can name a cart from one that counts as not shown: it is 1 to 255 visible ASCII
// characters without a slash, and no step of a path.
func guestFits(guest string) bool {
	if guest == "" || len(guest) > maxGuest || guest == "." || guest == ".." {
		return false
	}
	return utf8.ValidString(guest) && utf8.RuneCountInString(guest) == len(guest) && !strings.ContainsAny(guest, blanksAndControls+"/")
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
func WithGuest(caller cartcore.Caller, dialect, guest string, fresh bool) cartcore.Caller {
	return cartcore.Caller{
		Tenant: caller.Tenant,
		Key:    cartcore.Key{Tenant: caller.Tenant, Owner: cartcore.GuestOwner(dialect, guest)},
		Guest:  guest,
		Fresh:  fresh,
	}
}
