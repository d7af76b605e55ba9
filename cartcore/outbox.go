package cartcore

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Outbox is what a cart still has to tell its shop's webhooks. It is kept in the cart's own record, so that an event and the
// change that it tells of are saved together. An Outbox that has been handed out is never changed again.
type Outbox struct {
	Events    []*Event `json:"ev,omitempty"` // oldest first
	Watch     bool     `json:"w,omitempty"`  // the cart counts as abandoned when it stays as it is for long
	Notify    bool     `json:"n,omitempty"`  // the record is that of a customer who waits for an item
	Abandoned int64    `json:"ab,omitempty"` // Unix milliseconds of cart.abandoned; 0 where nothing says so
}

// Event is one event with its deliveries that are not done.
type Event struct {
	ID   string          `json:"id"`
	Type string          `json:"type"`
	At   int64           `json:"at"`   // Unix milliseconds
	Body json.RawMessage `json:"body"` // what is sent, printed when the change was made
	To   []*Delivery     `json:"to"`
}

// Delivery is how far an event has come on its way to one webhook.
type Delivery struct {
	Hook     string `json:"h"`           // the webhook's id
	Attempts int64  `json:"n,omitempty"` // so far, all of them failed
	Next     int64  `json:"t,omitempty"` // Unix milliseconds before which there is no further attempt
	Error    string `json:"e,omitempty"` // why the last attempt failed
	Dead     bool   `json:"d,omitempty"` // there will be no further attempt
}

// Edition is the version of what a cart holds: unlike Version it stays the same where a save changed nothing of that.
func Edition(cart *Cart) int64 { return cart.Version - cart.Quiet }

// Quietly is the next version of a cart that holds the same: its outbox was worked on, or an answer is kept in it.
// Updated stays, since a client sees no change.
func Quietly(cart *Cart) *Cart {
	next := *cart
	next.Version++
	next.Quiet++
	return &next
}

// HasEvents tells whether a cart has events that wait.
func HasEvents(cart *Cart) bool { return cart.Outbox != nil && len(cart.Outbox.Events) > 0 }

// The owners of records that are no carts but have the form of one, for the sake of their outbox. Carts of customers and
// guests begin otherwise (CustomerOwner, GuestOwner), so that none of them can be taken for another.
const (
	ownerLeft   = "left:"   // events of a cart that is gone
	ownerDead   = "dead:"   // a dead letter: one event for one webhook
	ownerAgain  = "again:"  // a dead letter that is to be sent again
	ownerNotify = "notify:" // a customer who waits for an item
)

// IsSpent tells whether a record that was only kept for its events has none any more, nor anything else.
func IsSpent(record *Cart) bool {
	owner := record.Key.Owner
	if HasEvents(record) || Waits(record) {
		return false
	}
	return strings.HasPrefix(owner, ownerLeft) || strings.HasPrefix(owner, ownerAgain) || strings.HasPrefix(owner, ownerNotify)
}

// OwnerIsDead tells a dead letter.
func OwnerIsDead(owner string) bool { return strings.HasPrefix(owner, ownerDead) }

// Left is the record that keeps the events of a cart which is about to go.
func Left(cart *Cart) *Cart {
	return keptFor(cart, ownerLeft+cart.ID, cart.Outbox.Events, cart.Updated)
}

// keptFor is a record of a cart's id that holds nothing but events.
func keptFor(cart *Cart, owner string, events []*Event, now int64) *Cart {
	return &Cart{
		Key: Key{Tenant: cart.Key.Tenant, Owner: owner}, ID: cart.ID, Currency: cart.Currency, Lines: []*Line{}, NextLine: 1, Version: 1,
		Created: now, Updated: now, Outbox: &Outbox{Events: events},
	}
}

// Told is what became of one attempt to deliver an event.
type Told struct {
	Event string // its id
	Error string // why it failed, without secrets; empty where it was delivered
	Next  int64  // for one that failed: Unix milliseconds of the next attempt
	Dead  bool   // for one that failed: there is no next attempt
}

// Settle notes in a cart what became of the attempts to deliver its events to a webhook. A delivery that is done leaves the
// cart, and so does one that is dead: letters are their records, which must be kept before the cart is saved.
// Where nothing of this is in the cart any more, the answer is cart itself.
func Settle(cart *Cart, hook string, told []*Told, now int64) (next *Cart, letters []*Cart) {
	if cart.Outbox == nil {
		return cart, nil
	}
	letters = nil // said, because a result does not begin as zero (docs/interpreter.md: named results)
	became := map[string]*Told{}
	for i := range told {
		became[told[i].Event] = told[i]
	}
	events := []*Event{}
	changed := false
	for i := range cart.Outbox.Events {
		event := cart.Outbox.Events[i]
		at := deliveryTo(event, hook)
		if at < 0 {
			events = append(events, event)
			continue
		}
		after := event.To[at]
		done := false
		if known := became[event.ID]; known != nil && !after.Dead {
			done = known.Error == ""
			after = &Delivery{Hook: hook, Attempts: after.Attempts + 1, Next: known.Next, Error: known.Error, Dead: known.Dead}
		}
		if after == event.To[at] && !after.Dead {
			events = append(events, event)
			continue
		}
		changed = true
		if after.Dead && !done {
			letters = append(letters, letterOf(cart, event, after, now))
		}
		if left := without(event, at, after, done || after.Dead); left != nil {
			events = append(events, left)
		}
	}
	if !changed {
		return cart, nil
	}
	return quietly(cart, events), letters
}

// deliveryTo answers the index of an event's delivery to a webhook, or -1.
func deliveryTo(event *Event, hook string) int {
	for i := range event.To {
		if event.To[i].Hook == hook {
			return i
		}
	}
	return -1
}

// without is an event whose delivery at is another one, or is gone; nil where no delivery is left.
func without(event *Event, at int, after *Delivery, gone bool) *Event {
	left := *event
	left.To = append([]*Delivery{}, event.To[:at]...)
	if !gone {
		left.To = append(left.To, after)
	}
	left.To = append(left.To, event.To[at+1:]...)
	if len(left.To) == 0 {
		return nil
	}
	return &left
}

// quietly is a cart with other events and nothing else changed.
func quietly(cart *Cart, events []*Event) *Cart {
	next := Quietly(cart)
	box := *cart.Outbox
	box.Events = events
	next.Outbox = &box
	return next
}

// letterOf is the dead letter of an event.
func letterOf(cart *Cart, event *Event, to *Delivery, now int64) *Cart {
	dead := *event
	dead.To = []*Delivery{to}
	return keptFor(cart, ownerDead+event.ID+":"+to.Hook, []*Event{&dead}, now)
}

// Again is the record of a dead letter that is to be sent again, from the first attempt on.
func Again(letter *Cart, now int64) *Cart {
	event := *letter.Outbox.Events[0]
	event.To = []*Delivery{{Hook: event.To[0].Hook}}
	return keptFor(letter, ownerAgain+strings.TrimPrefix(letter.Key.Owner, ownerDead), []*Event{&event}, now)
}

// Waiting lists the events of a cart that are to be delivered to a webhook, oldest first, at most most of them. due is when
// the first of them may be sent, in Unix milliseconds. overflow says that there are dead deliveries for Settle to take out.
func Waiting(cart *Cart, hook string, most int) (events []*Event, due int64, overflow bool) {
	if cart.Outbox == nil {
		return nil, 0, false
	}
	events = nil // and so on: a result does not begin as zero (docs/interpreter.md: named results)
	due = 0
	overflow = false
	for i := range cart.Outbox.Events {
		event := cart.Outbox.Events[i]
		at := deliveryTo(event, hook)
		if at < 0 {
			continue
		}
		if event.To[at].Dead {
			overflow = true
			continue
		}
		if len(events) == 0 {
			due = event.To[at].Next
		}
		if len(events) < most {
			events = append(events, event)
		}
	}
	return events, due, overflow
}

// Attempts answers how often the delivery of an event to a webhook has failed.
func Attempts(event *Event, hook string) int64 {
	if at := deliveryTo(event, hook); at >= 0 {
		return event.To[at].Attempts
	}
	return 0
}

// maxOutboxBytes bounds the events in one cart: a quarter of what a record may hold, so that no cart is refused for its events.
const maxOutboxBytes = 2 << 20

// bounded keeps an outbox within its bounds. Events beyond most, oldest first, are marked dead, and the next worker makes
// letters of them: a record more in this moment would delay an answer. The last fresh ones are of one change, and however
// many they are they may wait. Should no worker come, events beyond twice as many, or beyond maxOutboxBytes, are dropped;
// lost says how many.
func bounded(events []*Event, fresh, most int) (kept []*Event, lost int) {
	if fresh > most {
		most = fresh
	}
	lost = 0 // said, because a result does not begin as zero (docs/interpreter.md: named results)
	bytes := 0
	for i := range events {
		bytes += len(events[i].Body)
	}
	for len(events) > 2*most || (bytes > maxOutboxBytes && len(events) > 0) {
		bytes -= len(events[0].Body)
		events = events[1:]
		lost++
	}
	kept = append([]*Event{}, events...)
	for i := 0; i < len(kept)-most; i++ {
		kept[i] = buried(kept[i], most)
	}
	return kept, lost
}

// buried is an event whose deliveries are all dead because the cart holds too many.
func buried(event *Event, most int) *Event {
	dead := *event
	dead.To = nil
	for i := range event.To {
		to := *event.To[i]
		if !to.Dead {
			to.Dead = true
			to.Error = "more than " + strconv.Itoa(most) + " events of the cart wait"
		}
		dead.To = append(dead.To, &to)
	}
	return &dead
}
