package plugin

import (
	"errors"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// wanted is what the customers of a tenant wait for.
type wanted struct {
	Customers map[string]map[string]bool // by SKU
	Seen      *catalog.Snapshot          // the catalogue when it was last held against them
	Next      int64                      // Unix milliseconds of the next look
}

// restockEvery is how often the catalogue is looked at for items in stock again, in milliseconds: customers wait for days,
// and whoever reads a cart makes the catalogue look at its file too.
const restockEvery = 2000

// noteWait notes whether a customer waits, from the record that says so.
func noteWait(o *outbox, record *cartcore.Cart) {
	sku, customer, is := cartcore.NotifyOf(record.Key.Owner)
	if !is {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	w := o.wanted[record.Key.Tenant]
	if !cartcore.Waits(record) {
		if w != nil {
			forgetWait(o, record.Key.Tenant, w, sku, customer)
		}
		return
	}
	if w == nil {
		w = &wanted{Customers: map[string]map[string]bool{}}
		o.wanted[record.Key.Tenant] = w
	}
	if w.Customers[sku] == nil {
		w.Customers[sku] = map[string]bool{}
	}
	w.Customers[sku][customer] = true
	w.Seen = nil // the item may have come since the customer was told that there is none
}

// forgetWait takes a customer out. The lock is held.
func forgetWait(o *outbox, tenant string, w *wanted, sku, customer string) {
	delete(w.Customers[sku], customer)
	if len(w.Customers[sku]) == 0 {
		delete(w.Customers, sku)
	}
	if len(w.Customers) == 0 {
		delete(o.wanted, tenant)
	}
}

// waited is an item in stock again, with somebody who waited for it.
type waited struct {
	Herald   *herald
	Item     *cartcore.Item
	Customer string
}

// lookAtStock begins the work where an item that somebody waits for is in stock. The lock is held.
func lookAtStock(o *outbox, now int64) {
	due := map[string]*wanted{}
	for tenant, w := range o.wanted {
		h := heraldFor(o, tenant)
		if h != nil && len(h.Audience.Hooks[cartcore.EventBackInStock]) > 0 && now >= w.Next {
			w.Next = now + restockEvery
			due[tenant] = w
		}
	}
	if len(due) == 0 {
		return
	}
	o.stocking = true
	runAside(o, "items in stock again", func() {
		for tenant := range due {
			tellStock(o, tenant)
		}
		o.mu.Lock()
		o.stocking = false
		o.mu.Unlock()
	})
}

// tellStock tells everybody who waited for what is in stock now.
func tellStock(o *outbox, tenant string) {
	o.mu.Lock()
	h := heraldFor(o, tenant)
	o.mu.Unlock()
	if h == nil {
		return
	}
	sold := catalog.Known(h.Catalog, linesWaitedFor(o, tenant), time.Now().UnixMilli()) // the next look asks for the rest again
	found := inStock(o, h, sold)
	whole := true
	for i := range found {
		if o.ctx.Err() != nil {
			return
		}
		err := tellWaited(o, found[i])
		if err != nil {
			whole = false
		}
		if err != nil && !errors.Is(err, store.ErrConflict) { // after a conflict another process has told, or will
			o.Log.Warn("a customer who waits for an item could not be told yet", "tenant", tenant, "item", found[i].Item.SKU, "error", err.Error())
		}
		if i%scanStep == scanStep-1 {
			time.Sleep(scanPause)
		}
	}
	o.mu.Lock()
	if w := o.wanted[tenant]; w != nil && !whole {
		w.Seen = nil
	}
	o.mu.Unlock()
}

// waitedMost is how many items a look asks a catalogue service for, which ones is left to chance: a look is never a flood.
const waitedMost = 50

// linesWaitedFor lists items that customers wait for, as lines that hold them.
func linesWaitedFor(o *outbox, tenant string) []*cartcore.Line {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := []*cartcore.Line{}
	if w := o.wanted[tenant]; w != nil {
		for sku := range w.Customers {
			if len(lines) < waitedMost {
				lines = append(lines, &cartcore.Line{SKU: sku})
			}
		}
	}
	return lines
}

// inStock lists who waits for what is in stock. The same catalogue is looked through once.
func inStock(o *outbox, h *herald, sold *catalog.Snapshot) []*waited {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := o.wanted[h.Tenant]
	if w == nil || w.Seen == sold {
		return nil
	}
	w.Seen = sold
	found := []*waited{}
	for sku, customers := range w.Customers {
		item := sold.Facts[sku]
		if item == nil || cartcore.Available(item) == 0 {
			continue
		}
		for customer := range customers {
			found = append(found, &waited{Herald: h, Item: item, Customer: customer})
		}
	}
	return found
}

// tellWaited puts the event in the place of the wait, in one save: so it is told of once, whatever happens in between.
func tellWaited(o *outbox, one *waited) error {
	key := cartcore.Key{Tenant: one.Herald.Tenant, Owner: cartcore.NotifyOwner(one.Item.SKU, one.Customer)}
	lock := o.Shared.Locks[stripeOf(key)]
	lock.Lock()
	defer lock.Unlock()
	record, err := store.GetCart(o.Shared.Carts, key)
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	if record == nil || !cartcore.Waits(record) {
		forgetCustomer(o, one)
		return nil
	}
	next := cartcore.Restocked(record, one.Item, one.Herald.Audience, identity.Entropy(), time.Now().UnixMilli())
	if err := store.SaveCart(o.Shared.Carts, next, record.Version); err != nil {
		return err
	}
	forgetCustomer(o, one)
	wakeOutbox(o, next)
	return nil
}

func forgetCustomer(o *outbox, one *waited) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w := o.wanted[one.Herald.Tenant]; w != nil {
		forgetWait(o, one.Herald.Tenant, w, one.Item.SKU, one.Customer)
	}
}
