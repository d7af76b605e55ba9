package cartcore

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// New is an empty cart that no store has seen. seed is random hexadecimal digits, now Unix milliseconds.
func New(key Key, currency, seed string, now int64) *Cart {
	return &Cart{Key: key, ID: newID(seed, 0), Currency: currency, Lines: []*Line{}, NextLine: 1, Created: now, Updated: now}
}

// Born is an empty cart as it is first saved, with nothing done to it yet.
func Born(cart *Cart) *Cart {
	born := *cart
	born.Version = 1
	return &born
}

// newID makes a version 4 UUID of random seed and a number, so that a command tried again makes the same ids.
func newID(seed string, number int64) string {
	sum := sha256.Sum256([]byte(seed + "/" + strconv.FormatInt(number, 10)))
	return UUID(hex.EncodeToString(sum[:16]))
}

// UUID lays 32 hexadecimal digits out as a version 4 UUID (RFC 9562 §5.4).
func UUID(digits string) string {
	return digits[:8] + "-" + digits[8:12] + "-4" + digits[13:16] + "-a" + digits[17:20] + "-" + digits[20:32]
}
