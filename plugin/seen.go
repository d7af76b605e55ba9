package plugin

import (
	"bytes"
	"net/http"
	"sync"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/ucp"
)

// seenCart is a cart as the service behind us was last seen to have it. Nobody may change it but for At and Printed,
// under the lock of seenCarts.
type seenCart struct {
	Kept  *cartcore.Cart    // as our store has it
	Known *catalog.Snapshot // the catalogue it was seen beside
	Cart  *cartcore.Cart    // the same with the service's totals; nil until it is kept
	Sold  *catalog.Snapshot // with the service's titles and prices; only what the cart holds
	Body  []byte            // what the service answered

	Request *http.Request // asks the service for it again, for any client; nil: the service has none
	At      int64         // Unix milliseconds
	Printed *printedCart  // the answer printed last; nil: none
}

// printedCart is an answer to a read, and the name that it is kept under.
type printedCart struct {
	Name   string
	Answer *adapters.Answer
}

// seenCarts are the carts seen lately, in two halves as preparedAnswers are.
type seenCarts struct {
	mu    sync.Mutex
	newer map[*cartcore.Cart]*seenCart // by Kept
	older map[*cartcore.Cart]*seenCart
	bytes int64
	half  int64
}

// seenOverhead is what a cart that was seen takes beside its body, in bytes: lines, items and maps of some four lines, and
// a request.
const seenOverhead = 2560

func newSeenCarts(bytes int64) *seenCarts {
	return &seenCarts{newer: map[*cartcore.Cart]*seenCart{}, older: map[*cartcore.Cart]*seenCart{}, half: bytes / 2}
}

// seenOf answers how a cart was last seen, or nil where that was another version of it.
func seenOf(s *seenCarts, cart *cartcore.Cart) *seenCart {
	s.mu.Lock()
	seen := s.newer[cart]
	s.mu.Unlock()
	if seen == nil {
		return seenEarlier(s, cart)
	}
	return seen
}

func seenEarlier(s *seenCarts, cart *cartcore.Cart) *seenCart {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.older[cart]
}

// seenAgain tells whether the service answered what it had answered before about the same cart, beside the same catalogue.
func seenAgain(seen *seenCart, into *recorder, sold *catalog.Snapshot) bool {
	if seen.Known != sold && !catalog.Same(seen.Known, sold) {
		return false
	}
	return into.status == http.StatusOK && bytes.Equal(seen.Body, into.body)
}

// printedOf notes when a cart was seen again, and answers what was printed of it last, or nil.
func printedOf(s *seenCarts, seen *seenCart, now int64) *printedCart {
	s.mu.Lock()
	seen.At = now
	printed := seen.Printed
	s.mu.Unlock()
	return printed
}

// keepPrinted keeps what was printed of a cart that was seen.
func keepPrinted(s *seenCarts, seen *seenCart, name string, answer *adapters.Answer) {
	size := int64(len(name)+len(answer.Body)) + preparedOverhead
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := seen.Printed; before != nil {
		size -= int64(len(before.Name)+len(before.Answer.Body)) + preparedOverhead
	}
	seen.Printed = &printedCart{Name: name, Answer: answer}
	grow(s, size)
}

// seenAt is when a cart was seen, in Unix milliseconds.
func seenAt(s *seenCarts, seen *seenCart) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return seen.At
}

// keepSeen keeps how a cart was seen that our store has as kept.
func keepSeen(b *backend, seen *seenCart, kept *cartcore.Cart) {
	seen.Kept = kept
	if seen.Cart == nil {
		seen.Cart = kept
	}
	if id := seen.Cart.Backing.ID; id != "" {
		seen.Request, _ = requestTo(b, http.MethodGet, ucp.CartPath(id)) // what cannot be asked for is told when it is asked for
	}
	s := b.Seen
	s.mu.Lock()
	defer s.mu.Unlock()
	grow(s, int64(len(seen.Body))+seenOverhead)
	s.newer[kept] = seen
}

// grow makes room for what is about to be kept, under the lock.
func grow(s *seenCarts, size int64) {
	s.bytes += size
	if s.bytes > s.half {
		s.older = s.newer
		s.newer = map[*cartcore.Cart]*seenCart{}
		s.bytes = size
	}
}

// forgetSeen has the next request look at the service.
func forgetSeen(s *seenCarts, seen *seenCart) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.newer, seen.Kept)
	delete(s.older, seen.Kept)
}
