package plugin

import (
	"bytes"
	"net/http"
	"sync"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
)

// seenCart is a cart as the service behind us was last seen to have it. Nobody may change it but for At, under the lock of
// seenCarts.
type seenCart struct {
	ID    string            // what the service calls the cart; empty: it has none
	Kept  *cartcore.Cart    // as our store has it
	Known *catalog.Snapshot // the catalogue it was seen beside
	Cart  *cartcore.Cart    // the same with the service's totals; nil until it is kept
	Sold  *catalog.Snapshot // with the service's titles and prices; only what the cart holds
	Body  []byte            // what the service answered
	At    int64             // Unix milliseconds
}

// seenCarts are the carts seen lately, in two halves as preparedAnswers are.
type seenCarts struct {
	mu    sync.Mutex
	newer map[string]*seenCart
	older map[string]*seenCart
	bytes int64
	half  int64
}

// seenOverhead is what a cart that was seen takes beside its body, in bytes: lines, items and maps of some four lines.
const seenOverhead = 2048

func newSeenCarts(bytes int64) *seenCarts {
	return &seenCarts{newer: map[string]*seenCart{}, older: map[string]*seenCart{}, half: bytes / 2}
}

// seenOf answers how a cart was last seen, or nil where that was another version of it.
func seenOf(s *seenCarts, cart *cartcore.Cart) *seenCart {
	key := cartcore.KeyText(cart.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.newer[key]
	if seen == nil {
		seen = s.older[key]
	}
	if seen == nil || seen.Kept != cart {
		return nil
	}
	return seen
}

// seenAgain tells whether the service answered what it had answered before about the same cart, beside the same catalogue.
func seenAgain(s *seenCarts, seen *seenCart, into *recorder, sold *catalog.Snapshot, now int64) bool {
	if into.status != http.StatusOK || !bytes.Equal(seen.Body, into.body.Bytes()) || (seen.Known != sold && !catalog.Same(seen.Known, sold)) {
		return false
	}
	s.mu.Lock()
	seen.At = now
	s.mu.Unlock()
	return true
}

// seenAt is when a cart was seen, in Unix milliseconds.
func seenAt(s *seenCarts, seen *seenCart) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return seen.At
}

// keepSeen keeps how a cart was seen that our store has as kept.
func keepSeen(s *seenCarts, seen *seenCart, kept *cartcore.Cart) {
	seen.Kept = kept
	if seen.Cart == nil {
		seen.Cart = kept
	}
	seen.ID = seen.Cart.Backing.ID
	key := cartcore.KeyText(kept.Key)
	size := int64(len(seen.Body)+len(key)) + seenOverhead
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes += size
	if s.bytes > s.half {
		s.older = s.newer
		s.newer = map[string]*seenCart{}
		s.bytes = size
	}
	s.newer[key] = seen
}

// forgetSeen has the next request look at the service.
func forgetSeen(s *seenCarts, key cartcore.Key) {
	text := cartcore.KeyText(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.newer, text)
	delete(s.older, text)
}
