package plugin

import (
	"net/http"
	"sync"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/ucp"
)

// seenCart is a cart as the service behind us was last seen to have it. Nobody may change it once it is
// kept, but for what At points to.
type seenCart struct {
	Kept  *cartcore.Cart    // as our store has it
	Known *catalog.Snapshot // the catalogue it was seen beside
	Cart  *cartcore.Cart    // the same with the service's totals; nil until it is kept
	Sold  *catalog.Snapshot // with the service's titles and prices; only what the cart holds
	Body  []byte            // what the service answered

	Request *http.Request    // asks the service for it again, for any client; nil: the service has none
	Name    string           // the name of Answer (nameOf)
	Answer  *adapters.Answer // to a read, printed from Cart and Sold; nil: none was printed again
	At      *int64           // when it was seen, in Unix milliseconds; to be read and written atomically
	size    int64            // bytes, as far as they are counted
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
	defer s.mu.Unlock()
	seen := s.newer[cart]
	if seen == nil {
		seen = s.older[cart]
	}
	return seen
}

// keepPrinted keeps with a cart that was seen again what was printed of it.
func keepPrinted(s *seenCarts, seen *seenCart, name string, answer *adapters.Answer) {
	printed := *seen
	printed.Name = name
	printed.Answer = answer
	printed.size = sizeOf(&printed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newer[seen.Kept] == seen || s.older[seen.Kept] == seen { // else it is not how the cart was seen last
		put(s, &printed)
	}
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
	seen.size = sizeOf(seen)
	b.Seen.mu.Lock()
	defer b.Seen.mu.Unlock()
	put(b.Seen, seen)
}

func sizeOf(seen *seenCart) int64 {
	size := int64(len(seen.Body)) + seenOverhead
	if seen.Answer != nil {
		size += int64(len(seen.Name)+len(seen.Answer.Body)) + preparedOverhead
	}
	return size
}

// put keeps how a cart was seen in place of how it was seen before, under the lock.
func put(s *seenCarts, seen *seenCart) {
	s.bytes += seen.size
	if before := s.newer[seen.Kept]; before != nil {
		s.bytes -= before.size
	}
	if s.bytes > s.half {
		s.older = s.newer
		s.newer = map[*cartcore.Cart]*seenCart{}
		s.bytes = seen.size
	}
	s.newer[seen.Kept] = seen
}

// forgetSeen has the next request look at the service.
func forgetSeen(s *seenCarts, seen *seenCart) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.newer[seen.Kept]; before != nil {
		s.bytes -= before.size
	}
	delete(s.newer, seen.Kept)
	delete(s.older, seen.Kept)
}
