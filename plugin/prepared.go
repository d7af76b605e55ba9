package plugin

import (
	"net/http"
	"sync"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
)

// A cart is read far more often than it changes, and to print it costs more than all else that a read takes. So the answers
// to reads are kept and sent again as long as they would be printed the same: an answer belongs to one version of one cart
// and one snapshot of the catalogue, which are never changed, only replaced.

// preparedOverhead is what a prepared answer takes in memory beside its body and its name, in bytes: map entry, structs, headers and tag.
const preparedOverhead = 480

// preparedAnswers are the answers printed lately, in two halves: a full half becomes the older one, and the older one
// before it is dropped.
type preparedAnswers struct {
	mu     sync.Mutex
	newer  map[string]*preparedAnswer
	older  map[string]*preparedAnswer
	bytes  int64 // in the newer half
	bounds int64 // bytes of a half
}

// preparedAnswer is what was printed from a cart and a catalogue.
type preparedAnswer struct {
	Cart   *cartcore.Cart
	Sold   *catalog.Snapshot
	Answer *adapters.Answer
}

func newPreparedAnswers(bytes int64) *preparedAnswers {
	return &preparedAnswers{newer: map[string]*preparedAnswer{}, older: map[string]*preparedAnswer{}, bounds: bytes / 2}
}

// recall answers what was printed under name from the same cart and the same catalogue, or nil.
func recall(p *preparedAnswers, name string, cart *cartcore.Cart, sold *catalog.Snapshot) *adapters.Answer {
	p.mu.Lock()
	known := p.newer[name]
	p.mu.Unlock()
	if known != nil && known.Cart == cart && (known.Sold == sold || catalog.Same(known.Sold, sold)) {
		return known.Answer
	}
	return recallOlder(p, name, cart, sold)
}

// recallOlder looks into the older half, and takes what it finds to the newer one.
func recallOlder(p *preparedAnswers, name string, cart *cartcore.Cart, sold *catalog.Snapshot) *adapters.Answer {
	p.mu.Lock()
	known := p.older[name]
	p.mu.Unlock()
	if known == nil || known.Cart != cart || !catalog.Same(known.Sold, sold) {
		return nil
	}
	remember(p, name, cart, sold, known.Answer)
	return known.Answer
}

// remember keeps what was printed under name. Nobody may change the answer from then on.
func remember(p *preparedAnswers, name string, cart *cartcore.Cart, sold *catalog.Snapshot, answer *adapters.Answer) {
	size := int64(len(answer.Body)+len(name)) + preparedOverhead
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newer[name] == nil {
		p.bytes += size
	}
	if p.bytes > p.bounds {
		p.older = p.newer
		p.newer = map[string]*preparedAnswer{}
		p.bytes = size
	}
	p.newer[name] = &preparedAnswer{Cart: cart, Sold: sold, Answer: answer}
}

// schemeOf is the scheme that the client used, as far as an answer depends on it.
func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return r.Header.Get("X-Forwarded-Proto")
}
