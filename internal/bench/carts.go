package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

const (
	// linesOfMany is how many lines each of many carts has: a record of about 600 bytes.
	linesOfMany = 3
	// cachedOfMany is how many of many carts the plugin holds in memory: fewer than take turns, so that none is there when
	// its turn comes.
	cachedOfMany = 100
)

// cartLife is how long the carts last, in milliseconds: 30 days, as guests' carts do where nothing is configured.
const cartLife = 30 * 24 * 3_600_000

// lengths are the lengths of the carts that are measured, in lines.
var lengths = []int{1, 10, 100, shopItems}

// batch is a number of carts of the same kind.
type batch struct {
	owner func(n int) string // of the cart n, from 0
	count int
	lines int
}

// What carts are for. Those that are read are not those that are written: a write would make the next read print its answer
// anew, which the plugin otherwise keeps.
const (
	toRead  = 0xa
	toWrite = 0xb
)

// number tells carts apart by what they are for, how many lines they have, and from 0. It has the form of a Django session,
// which the itemkey dialect uses.
func number(purpose, lines, n int) string { return fmt.Sprintf("%x%015x%016x", purpose, lines, n) }

// customers are the owners of carts of so many lines.
func customers(purpose, lines int) func(n int) string {
	return func(n int) string { return cartcore.CustomerOwner(number(purpose, lines, n)) }
}

// guests are the guests of a dialect, whose carts have one line or, of many carts, some more.
func guests(dialect string, purpose int) func(n int) string {
	return func(n int) string { return cartcore.GuestOwner(dialect, number(purpose, 1, n)) }
}

// fewBatches are the carts of the Traefiks that measure everything but the group carts.
func fewBatches(s Settings) []batch {
	batches := []batch{}
	for _, purpose := range []int{toRead, toWrite} {
		batches = append(batches, batch{guests("agent", purpose), s.callers(1), 1}, batch{guests("itemkey", purpose), s.callers(1), 1})
		for _, lines := range lengths {
			batches = append(batches, batch{customers(purpose, lines), s.callers(lines), lines})
		}
	}
	return batches
}

// cartOf is the cart of an owner as it is first saved. The same owner always has a cart with the same ids.
// salt makes other ids of it.
func cartOf(owner, salt string, lines int, now int64) *cartcore.Cart {
	cart := cartcore.Born(cartcore.New(cartcore.Key{Tenant: shopTenant, Owner: owner}, "USD", owner+salt, now))
	for n := 1; n <= lines; n++ {
		cart.Lines = append(cart.Lines, &cartcore.Line{ID: lineID(n), Number: int64(n), SKU: sku(n), Quantity: 1, Added: now, Updated: now})
	}
	cart.NextLine = int64(lines + 1)
	return cart
}

// lineID is the id of the line n of a cart: it need not differ from cart to cart.
func lineID(n int) string { return cartcore.UUID(fmt.Sprintf("%032x", n)) }

// seed fills a new data folder with carts, natively and before any Traefik has it. told hears how many there are, now and then.
func seed(ctx context.Context, folder, salt string, batches []batch, told func(done int)) error {
	log, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: store.SyncOS})
	if err != nil {
		return fmt.Errorf("seeding carts: %w", err)
	}
	return seedInto(ctx, log, salt, batches, told)
}

// seedInto fills a store, and closes it.
func seedInto(ctx context.Context, kept store.Store, salt string, batches []batch, told func(done int)) (err error) {
	carts := store.OpenCarts(kept, store.Bounds{}, store.Lifetimes{Guest: cartLife, Customer: cartLife})
	defer func() { err = errors.Join(err, store.CloseCarts(carts)) }()
	now, done := time.Now().UnixMilli(), 0
	for _, batch := range batches {
		for n := range batch.count {
			if ctx.Err() != nil {
				return fmt.Errorf("seeding carts: %w", ctx.Err())
			}
			if err := store.SaveCart(carts, cartOf(batch.owner(n), salt, batch.lines, now), 0); err != nil {
				return fmt.Errorf("seeding carts: %w", err)
			}
			done++
			if done%1000 == 0 {
				told(done)
			}
		}
	}
	return nil
}
