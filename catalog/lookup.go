package catalog

import (
	"errors"
	"fmt"

	"github.com/polycart/polycart/cartcore"
)

// asidesMost is how many lookups run that no request waits for; what finds no room is looked up at the next request.
const asidesMost = 4

// heard is what a service said of one identifier.
type heard struct {
	Items []*cartcore.Item // none: it does not have it
	At    int64            // Unix milliseconds
}

// want is one identifier to look up.
type want struct {
	Kind string
	ID   string
}

func keyOf(w want) string { return w.Kind + "\n" + w.ID }

var errPending = errors.New("the catalogue service has not answered")

// IsService tells whether the items come from a service, so that For must be asked instead of Current.
func IsService(c *Catalog) bool { return c.service != nil }

// For answers the catalogue as far as a command needs it: what asks name, and what lines hold. sure wants answers of the service
// that are not older than its bounds; otherwise the last ones count however old they are. Where the service answers nothing and nothing
// counts, the error is KindUnavailable. Where the catalogue is no service it is Current.
func For(c *Catalog, asks []*cartcore.Ask, lines []*cartcore.Line, sure bool, now int64) (*Snapshot, *cartcore.Error) {
	if c.service == nil {
		return Current(c, now), nil
	}
	s := c.service
	wants := wantsOf(s, asks, lines)
	err := lookUp(s, wants, now)
	found, unknown := gathered(s, wants, sure, now)
	if unknown != nil {
		if err == nil {
			err = errPending
		}
		return nil, cartcore.Fail(cartcore.KindUnavailable, fmt.Errorf("looking up %s %q: %w", unknown.Kind, shortened(unknown.ID), err))
	}
	return found, nil
}

// Known is For without sure, for work that can do with less: an item that the service tells nothing of is left out.
func Known(c *Catalog, lines []*cartcore.Line, now int64) *Snapshot {
	if c.service == nil {
		return Current(c, now)
	}
	wants := wantsOf(c.service, nil, lines)
	_ = lookUp(c.service, wants, now) // it is logged
	found, _ := gathered(c.service, wants, false, now)
	return found
}

// gathered puts together what is known, and answers the first of what is not, or nil.
func gathered(s *service, wants []want, sure bool, now int64) (*Snapshot, *want) {
	found := newSnapshot(len(wants))
	found.partial = true
	p := &parser{currency: s.currency, position: map[string]int{}, snapshot: found}
	var unknown *want
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range wants {
		held := heldAt(s, keyOf(wants[i]))
		if held == nil || (sure && now > until(s, held)) {
			if unknown == nil {
				unknown = &wants[i]
			}
			continue
		}
		for j := range held.Items {
			if found.Facts[held.Items[j].SKU] == nil {
				index(p, len(p.position), held.Items[j])
			}
		}
	}
	return found, unknown
}

// Same tells whether two snapshots hold the same items.
func Same(a, b *Snapshot) bool {
	if a == b || !a.partial || !b.partial || len(a.Facts) != len(b.Facts) {
		return a == b
	}
	for sku, item := range a.Facts {
		if b.Facts[sku] != item {
			return false
		}
	}
	return true
}

// wantsOf lists what a command needs to know, each once.
func wantsOf(s *service, asks []*cartcore.Ask, lines []*cartcore.Line) []want {
	all := []want{}
	seen := map[string]bool{}
	for i := range asks {
		w := wantOf(s, asks[i])
		if w.ID != "" && !seen[keyOf(w)] {
			seen[keyOf(w)] = true
			all = append(all, w)
		}
	}
	for i := range lines {
		w := want{Kind: "sku", ID: lines[i].SKU}
		if !seen[keyOf(w)] {
			seen[keyOf(w)] = true
			all = append(all, w)
		}
	}
	return all
}

// wantOf chooses the identifier by which an ask's item is looked up; empty where there is none, as of an ask that names a line.
func wantOf(s *service, ask *cartcore.Ask) want {
	for i := range Kinds {
		id := idOf(&ask.Item, Kinds[i])
		if id != "" && s.urls[Kinds[i]] != "" {
			return want{Kind: Kinds[i], ID: id}
		}
	}
	return want{Kind: "sku", ID: ask.SKU}
}

// idOf is the identifier of a kind in what a client named.
func idOf(ref *cartcore.ItemRef, kind string) string {
	switch kind {
	case "sku":
		return ref.SKU
	case "number":
		return numberText(ref.NumericID)
	case "externalProductId":
		return ref.ExternalProductID
	case "productId":
		return ref.ProductID
	case "productNumber":
		return numberText(ref.ProductNumber)
	}
	return ref.ExternalVariantID
}

// refOf names an item by all its identifiers.
func refOf(item *cartcore.Item) *cartcore.ItemRef {
	return &cartcore.ItemRef{
		SKU: item.SKU, ProductID: item.ProductID, ExternalProductID: item.ExternalProductID, ExternalVariantID: item.ExternalVariantID,
		ProductNumber: item.ProductNumber, NumericID: item.NumericID,
	}
}

// heldAt answers what is known, or nil; an entry that is asked for moves to the newer half. The lock is held.
func heldAt(s *service, key string) *heard {
	held := s.newer[key]
	if held == nil {
		held = s.older[key]
		if held != nil {
			hold(s, key, held)
		}
	}
	return held
}

// hold keeps what is known. The lock is held.
func hold(s *service, key string, held *heard) {
	if len(s.newer) >= s.config.MaxKept/2 {
		s.older = s.newer
		s.newer = map[string]*heard{}
	}
	s.newer[key] = held
}

// until is the moment, in Unix milliseconds, until which an answer counts. That there is no such item is never stale.
func until(s *service, held *heard) int64 {
	if len(held.Items) == 0 {
		return held.At + s.config.Absent
	}
	return held.At + s.config.Fresh + s.config.Stale
}

// lookUp makes known what is not, and waits for it; what is stale is looked up aside. The error says why something is not known.
func lookUp(s *service, wants []want, now int64) error {
	missing, stale, waits := []want{}, []want{}, []chan struct{}{}
	s.mu.Lock()
	for i := range wants {
		key := keyOf(wants[i])
		if unaskable(s, wants[i]) {
			hold(s, key, &heard{At: now})
		}
		held := heldAt(s, key)
		counts := held != nil && now <= until(s, held)
		if counts && (len(held.Items) == 0 || now <= held.At+s.config.Fresh) {
			continue
		}
		if under := s.under[key]; under != nil {
			if !counts {
				waits = append(waits, under)
			}
			continue
		}
		if counts && s.asides >= asidesMost {
			continue
		}
		s.under[key] = make(chan struct{})
		if counts {
			stale = append(stale, wants[i])
		} else {
			missing = append(missing, wants[i])
		}
	}
	s.mu.Unlock()
	if len(stale) > 0 {
		lookUpAside(s, stale, now)
	}
	err := askAll(s, missing, now)
	for i := range waits {
		<-waits[i] // askAll closes it after the timeout at the latest
	}
	return err
}
