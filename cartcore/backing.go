package cartcore

// Backing is what the cart service behind us has of a cart. It is part of the cart's record; nil where no service ever had
// the cart. A Backing is never changed, only replaced.
type Backing struct {
	ID       string        `json:"id,omitempty"`     // the service's id of the cart; empty: the service has none
	Tag      string        `json:"tag,omitempty"`    // its entity tag there; empty: the service has no tags
	Moves    int64         `json:"n,omitempty"`      // counts what was settled with the service, so that no two changes have the same idempotency key
	Lines    []*BackedLine `json:"lines,omitempty"`  // in the service's order
	Subtotal int64         `json:"sub,omitempty"`    // minor units, as the service says
	Intent   *Intent       `json:"intent,omitempty"` // a change whose answer is not known yet
}

// BackedLine is a line as the service has it.
type BackedLine struct {
	ID       string `json:"id"`          // the service's id of the line
	Parent   string `json:"p,omitempty"` // that of the line it belongs to
	Item     string `json:"i"`           // the service's id of the item
	SKU      string `json:"s,omitempty"` // empty: none of the catalogue's; such a line is not shown, and every change leaves it in
	Quantity int64  `json:"q"`
	Total    int64  `json:"t"` // minor units
}

// Intent is a request that changes the cart at the service. It is saved before it is sent: whoever finds it later knows that the
// service may have done it, and that it can be sent again under the same key without being done twice.
type Intent struct {
	Key    string `json:"k"` // the idempotency key
	Method string `json:"m"`
	Path   string `json:"p"`
	Body   string `json:"b"`
	At     int64  `json:"at"` // Unix milliseconds
}

// Backed is a copy of cart with another backing.
func Backed(cart *Cart, backing *Backing) *Cart {
	next := *cart
	next.Backing = backing
	return &next
}

// WithIntent is a backing with a change under way, or with none where intent is nil. backing may be nil.
func WithIntent(backing *Backing, intent *Intent) *Backing {
	next := Backing{}
	if backing != nil {
		next = *backing
	}
	next.Intent = intent
	return &next
}

// Moved is a backing after a change was settled, with none under way.
func Moved(backing *Backing) *Backing {
	next := WithIntent(backing, nil)
	next.Moves++
	return next
}

// HoldsGoods tells whether a backing has the quantities of lines and, of what the catalogue knows, nothing else.
func HoldsGoods(backing *Backing, lines []*Line) bool {
	goods := GoodsOf(backing)
	for _, line := range lines {
		if goods[line.SKU] != line.Quantity {
			return false
		}
		delete(goods, line.SKU)
	}
	return len(goods) == 0
}

// SameGoods tells whether two lists of lines hold the same quantities of the same items.
func SameGoods(a, b []*Line) bool {
	if len(a) != len(b) {
		return false
	}
	held := map[string]int64{}
	for i := range a {
		held[a[i].SKU] = a[i].Quantity
	}
	for i := range b {
		if held[b[i].SKU] != b[i].Quantity {
			return false
		}
	}
	return true
}

// GoodsOf answers the quantities that a backing has of each SKU.
func GoodsOf(backing *Backing) map[string]int64 {
	goods := map[string]int64{}
	for _, line := range backing.Lines {
		if line.SKU != "" {
			goods[line.SKU] += line.Quantity
		}
	}
	return goods
}

// Follow is the cart as the service has it: quantities are the service's, lines that it does not have go, and lines that only it
// has come last. changed tells whether a line differs. Version and Updated are as they were; now is Unix milliseconds.
func Follow(cart *Cart, backing *Backing, seed string, now int64) (next *Cart, changed bool) {
	goods := GoodsOf(backing)
	settled := *cart
	settled.Backing = backing
	settled.Lines = []*Line{}
	changed = false // said, because a result does not begin as zero (docs/interpreter.md: named results)
	for _, line := range cart.Lines {
		quantity := goods[line.SKU]
		delete(goods, line.SKU)
		if quantity == 0 {
			changed = true
			continue
		}
		if quantity != line.Quantity {
			changed = true
			other := *line
			other.Quantity = quantity
			other.Updated = now
			line = &other
		}
		settled.Lines = append(settled.Lines, line)
	}
	for _, line := range backing.Lines {
		quantity := goods[line.SKU]
		if line.SKU == "" || quantity == 0 {
			continue
		}
		delete(goods, line.SKU)
		changed = true
		settled.Lines = append(settled.Lines, &Line{
			ID: newID(seed, settled.NextLine), Number: settled.NextLine, SKU: line.SKU, Quantity: quantity, Added: now, Updated: now,
		})
		settled.NextLine++
	}
	return &settled, changed
}

// backedTotals puts the service's totals in place of our own, where it has the same quantities.
func backedTotals(view *View, backing *Backing) {
	totals := map[string]int64{}
	for _, line := range backing.Lines {
		totals[line.SKU] += line.Total
	}
	if !HoldsGoods(backing, view.Cart.Lines) {
		return
	}
	for _, priced := range view.Lines {
		priced.Total = totals[priced.Line.SKU]
	}
	view.Subtotal = backing.Subtotal
}
