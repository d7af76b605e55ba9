package cartcore

import (
	"net/url"
	"strings"
)

// Who waits for an item to be in stock again is kept in a record of its own for each customer and item, under a key that
// names both: what is waited for is known without reading any record.

// NotifyOwner is the owner of the record by which a customer waits for an item.
func NotifyOwner(sku, customer string) string {
	return ownerNotify + url.QueryEscape(sku) + ":" + customer // which leaves no colon in the SKU
}

// NotifyOf reads what NotifyOwner made; ok is false for any other owner.
func NotifyOf(owner string) (sku, customer string, ok bool) {
	names, is := strings.CutPrefix(owner, ownerNotify)
	if !is {
		return "", "", false
	}
	escaped, customer, found := strings.Cut(names, ":")
	sku, err := url.QueryUnescape(escaped)
	return sku, customer, found && err == nil
}

// Waits tells whether a record says that its customer waits for an item.
func Waits(record *Cart) bool { return record.Outbox != nil && record.Outbox.Notify }

// Wait is the record of a customer who waits from now on; record is what is known of it, with Version 0 where that is
// nothing. Who waits already goes on waiting since Created.
func Wait(record *Cart, now int64) *Cart {
	next := *record
	box := Outbox{}
	if record.Outbox != nil {
		box = *record.Outbox
	}
	if !box.Notify {
		next.Created = now
	}
	box.Notify = true
	next.Outbox = &box
	next.Version++
	next.Updated = now
	return &next
}

// WaitNoMore is the record of a customer who waits no more.
func WaitNoMore(record *Cart, now int64) *Cart {
	next := *record
	box := *record.Outbox
	box.Notify = false
	next.Outbox = &box
	next.Version++
	next.Updated = now
	return &next
}

// Restocked is the record of a customer who waited for an item that can be had now: the wait is over, and the event that
// says so takes its place.
func Restocked(record *Cart, item *Item, to *Audience, seed string, now int64) *Cart {
	_, customer, _ := NotifyOf(record.Key.Owner)
	t := &telling{cart: record, to: to, seed: seed, now: now, events: append([]*Event{}, record.Outbox.Events...)}
	tell(t, EventBackInStock, &news{Item: item, Customer: customer})
	next := WaitNoMore(record, now)
	next.Outbox.Events = t.events
	return next
}
