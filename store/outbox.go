package store

import (
	"fmt"

	"github.com/polycart/polycart/cartcore"
)

// isPending tells whether something is left to do with a cart, so that PendingCarts lists it.
func isPending(cart *cartcore.Cart) bool {
	return cart.Outbox.Watch || cart.Outbox.Notify || len(cart.Outbox.Events) > 0
}

// markPending says in the record of a cart that has an outbox what is left to do, and keeps it for as long.
func markPending(c *Carts, cart *cartcore.Cart, record *Record) {
	record.Pending = isPending(cart)
	if cartcore.HasEvents(cart) || cartcore.Waits(cart) {
		keepLonger(c.life, cart, record)
	}
}

// keepLonger says how long a record is kept that is more than a cart: for ever while an event waits in it or a customer waits
// by it, and a dead letter for Lifetimes.Letters.
func keepLonger(life *Lifetimes, cart *cartcore.Cart, record *Record) {
	record.Lasts = 0
	record.Expires = 0
	if cartcore.OwnerIsDead(cart.Key.Owner) && life.Letters > 0 {
		record.Lasts = life.Letters
		record.Expires = cart.Updated + life.Letters
	}
}

// PendingCarts lists the keys of the records with something left to do: events that wait, dead letters among them, and
// carts that are watched. It reads no cart.
// Errors: ErrUnavailable.
func PendingCarts(c *Carts) ([]cartcore.Key, error) {
	texts, err := c.store.Pending()
	if err != nil {
		return nil, fmt.Errorf("listing carts with something left to do: %w", err)
	}
	keys := []cartcore.Key{}
	for i := range texts {
		if key, ok := cartcore.KeyOf(texts[i]); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// PeekCart is GetCart for who walks over many carts: it takes none into the cache.
// Errors: ErrUnavailable, ErrDamaged.
func PeekCart(c *Carts, key cartcore.Key) (*cartcore.Cart, error) {
	found, err := loadCart(c, key, cartcore.KeyText(key), nil)
	if found == nil {
		return nil, err
	}
	return found.cart, err
}

// TenureOf answers the number that changes when the store was lost to another process and won back, after which
// PendingCarts may list other carts; 0 for a store that several processes share.
func TenureOf(c *Carts) int64 {
	if c.tenure == nil {
		return 0
	}
	return c.tenure.Load()
}
