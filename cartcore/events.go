package cartcore

// The types of events, as webhooks name them.
const (
	EventCreated     = "cart.created"
	EventItemAdded   = "cart.item_added"
	EventItemUpdated = "cart.item_updated"
	EventItemRemoved = "cart.item_removed"
	EventCleared     = "cart.cleared"
	EventCheckout    = "cart.checkout_started"
	EventAbandoned   = "cart.abandoned"
	EventRecovered   = "cart.recovered"
	EventBackInStock = "product.back_in_stock"
)

// EventTypes lists every type of event.
func EventTypes() []string {
	return []string{
		EventCreated, EventItemAdded, EventItemUpdated, EventItemRemoved, EventCleared, EventCheckout, EventAbandoned, EventRecovered,
		EventBackInStock,
	}
}

// Audience is who hears of a tenant's carts.
type Audience struct {
	StoreID    string              // names the shop in events
	Hooks      map[string][]string // ids of the webhooks that want a type of event, by type
	Watches    bool                // carts that stay as they are for long count as abandoned
	MostEvents int                 // bounds the events that wait in one cart
}

// telling is the events of one change as they are found.
type telling struct {
	cart   *Cart // after the change
	facts  Facts
	to     *Audience
	seed   string
	now    int64
	events []*Event
}

// Tell lays the events of a change into the outbox of next, which nobody else has seen yet: before is the cart as it was,
// and a clearing verb makes one event of all lines. seed is random hexadecimal digits, now Unix milliseconds.
// It answers how many older events were lost because the cart's outbox is full and nobody empties it.
func Tell(before, next *Cart, verb Verb, facts Facts, to *Audience, seed string, now int64) (lost int) {
	box := Outbox{}
	if before.Outbox != nil {
		box = *before.Outbox
	}
	t := &telling{cart: next, facts: facts, to: to, seed: seed, now: now, events: append([]*Event{}, box.Events...)}
	if Edition(before) == 0 && next.Quiet == before.Quiet {
		tell(t, EventCreated, &news{Status: statusActive, Items: noItems})
	}
	if box.Abandoned != 0 && next.Updated != before.Updated { // a save that only keeps an answer is no change of the cart
		box.Abandoned = 0
		tell(t, EventRecovered, &news{Status: statusActive, Whole: true})
	}
	if verb == Clear && len(before.Lines) > 0 {
		tell(t, EventCleared, &news{Status: statusActive, Items: noItems, Summary: true})
	} else {
		tellLines(t, before)
	}
	if next.Locked > now && before.Locked <= now {
		tell(t, EventCheckout, &news{Status: statusCheckout, Whole: true})
	}
	box.Events, lost = bounded(t.events, len(t.events)-len(box.Events), to.MostEvents)
	box.Watch = to.Watches && len(next.Lines) > 0
	next.Outbox = &box
	return lost
}

// tellLines tells of every line that went, changed or came, in this order and each in the order of the cart.
func tellLines(t *telling, before *Cart) {
	kept := map[string]*Line{}
	for i := range t.cart.Lines {
		kept[t.cart.Lines[i].ID] = t.cart.Lines[i]
	}
	was := map[string]*Line{}
	for i := range before.Lines {
		line := before.Lines[i]
		was[line.ID] = line
		if kept[line.ID] == nil {
			tell(t, EventItemRemoved, &news{Line: line, Summary: true})
		}
	}
	for i := range t.cart.Lines {
		line := t.cart.Lines[i]
		older := was[line.ID]
		if older == nil {
			tell(t, EventItemAdded, &news{Line: line, Summary: true})
		} else if older != line && (older.Quantity != line.Quantity || !sameOptions(older.Options, line.Options)) {
			tell(t, EventItemUpdated, &news{Line: line, Previous: older, Summary: true})
		}
	}
}

func sameOptions(a, b []Option) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Value != b[i].Value {
			return false
		}
	}
	return true
}

// Abandon is a cart that was left alone for long, with the event that says so.
func Abandon(cart *Cart, facts Facts, to *Audience, seed string, now int64) (next *Cart, lost int) {
	t := &telling{cart: cart, facts: facts, to: to, seed: seed, now: now, events: append([]*Event{}, cart.Outbox.Events...)}
	tell(t, EventAbandoned, &news{Status: statusAbandoned, Whole: true})
	events, lost := bounded(t.events, 1, to.MostEvents)
	next = quietly(cart, events)
	next.Outbox.Watch = false
	next.Outbox.Abandoned = now
	return next, lost
}
