package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polycart/polycart/cartcore"
)

// Lifetimes say how long a cart is kept after its last change, in milliseconds; 0 is for ever.
type Lifetimes struct {
	Guest    int64
	Customer int64
	Empty    int64 // of a guest's cart without lines
	Letters  int64 // of an event that could not be delivered
}

// Carts keeps canonical carts in a store, with a bounded cache before it. Its operations are plain functions, because
// they are on the path of every request, and what few requests need stands in functions of its own
// (docs/interpreter.md: what a call costs).
type Carts struct {
	store  Store
	shared bool          // others write to the store too
	tenure *atomic.Int64 // the store's; nil before a shared one
	life   *Lifetimes

	// touched holds for each key the load or save under way that began last, as a *Record of its own: only one that was
	// alone from beginning to end may cache what it knows. Saves write to it without the lock.
	touched *sync.Map

	mu    sync.Mutex
	cache *cache
	since int64 // the tenure that the cache belongs to
}

// OpenCarts puts a cache before a store. CloseCarts closes both.
func OpenCarts(s Store, bounds Bounds, life Lifetimes) *Carts {
	c := &Carts{store: s, tenure: s.Tenure(), life: &life, cache: newCache(bounds), touched: &sync.Map{}}
	c.shared = c.tenure == nil
	if !c.shared {
		c.since = c.tenure.Load()
	}
	return c
}

// GetCart answers the cart of key; nil without an error where there is none. Nobody may change the cart.
// A store that only this process writes is not asked where the cache has the cart; one that is shared is asked whether
// the cart is still the newest.
// Errors: ErrUnavailable, ErrDamaged.
func GetCart(c *Carts, key cartcore.Key) (*cartcore.Cart, error) {
	c.mu.Lock()
	hit := cacheGet(c.cache, key)
	if c.shared {
		c.mu.Unlock()
		return askCart(c, key, hit)
	}
	if hit == nil {
		return findCart(c, key, nil)
	}
	if hit.expires > time.Now().UnixMilli() && c.tenure.Load() == c.since {
		c.mu.Unlock()
		return hit.cart, nil
	}
	return findCart(c, key, hit)
}

// findCart ends a GetCart that the cache of a store of our own cannot answer at a glance. hit is what the cache has, if
// anything. The lock is held and let go.
func findCart(c *Carts, key cartcore.Key, hit *cached) (*cartcore.Cart, error) {
	if c.tenure.Load() != c.since {
		cacheClear(c.cache)
		c.since = c.tenure.Load()
		hit = nil
	}
	since := c.since
	c.mu.Unlock()
	if hit != nil && hit.expires == 0 {
		return hit.cart, nil
	}

	text := cartcore.KeyText(key)
	touch := &Record{}
	c.touched.Store(text, touch)
	fresh, err := loadCart(c, key, text, hit)

	c.mu.Lock()
	defer c.mu.Unlock()
	alone := c.touched.CompareAndDelete(text, touch)
	if alone && fresh == nil {
		cacheDrop(c.cache, key)
	} else if alone && since == c.since {
		cachePut(c.cache, key, fresh)
	}
	// Where it was not alone, somebody saved, dropped or loaded the cart meanwhile, and knows better what to cache.
	if fresh == nil {
		return nil, err
	}
	return fresh.cart, nil
}

// loadCart asks the store for a cart; nil where there is none, or with an error. hit is what the cache has, if anything.
func loadCart(c *Carts, key cartcore.Key, text string, hit *cached) (*cached, error) {
	have := int64(0)
	if hit != nil {
		have = hit.cart.Version
	}
	record, err := c.store.Load(text, have)
	if err != nil {
		return nil, fmt.Errorf("loading a cart: %w", err)
	}
	if have != 0 && record.Version == have {
		if record.Token != hit.token {
			return loadCart(c, key, text, nil) // another cart of the same version
		}
		fresh := &cached{cart: hit.cart, expires: record.Expires, cost: hit.cost, token: hit.token, same: record.same}
		if record.same != nil && hit.same == nil {
			fresh.cost += costSame
		}
		return fresh, nil
	}
	return cachedFrom(key, text, &record)
}

// cachedFrom is a record that was loaded whole, ready for the cache; nil where there is none, or with an error.
func cachedFrom(key cartcore.Key, text string, record *Record) (*cached, error) {
	if record.Version == 0 {
		return nil, nil
	}
	cart, err := cartcore.FromRecord(key, record.Data)
	if err != nil {
		return nil, fmt.Errorf("loading a cart: %w: %w", ErrDamaged, err)
	}
	if cart.Version != record.Version {
		return nil, fmt.Errorf("loading a cart: its record says version %d and the store %d: %w", cart.Version, record.Version, ErrDamaged)
	}
	fresh := &cached{cart: cart, expires: record.Expires, cost: costOf(len(record.Data), len(text)), token: record.Token, same: record.same}
	if record.same != nil {
		fresh.cost += costSame
	}
	return fresh, nil
}

// SaveCart keeps a cart whose version before was was; 0 is a new cart. Nobody may change the cart from now on.
// When it answers nil the store has the cart.
// Errors: ErrConflict where was is not the newest version any more; ErrUnavailable, after which the cart may or may
// not have been saved; ErrDamaged.
func SaveCart(c *Carts, cart *cartcore.Cart, was int64) error {
	data, err := cartcore.Record(cart)
	if err != nil {
		return err
	}
	text := cartcore.KeyText(cart.Key)
	lasts := lifeOf(c.life, cart)
	record := &Record{Version: cart.Version, Lasts: lasts, Data: data}
	if lasts != 0 {
		record.Expires = cart.Updated + lasts
	}
	if cart.Outbox != nil {
		markPending(c, cart, record)
	}
	if c.shared {
		if err := followCached(c, cart, was, record); err != nil {
			return err
		}
	}
	c.touched.Store(text, record)
	err = c.store.Save(text, was, record)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.touched.CompareAndDelete(text, record) {
		cachePut(c.cache, cart.Key, &cached{cart: cart, expires: record.Expires, cost: costOf(len(data), len(text)), token: record.Token})
		return nil
	}
	return forget(c, cart, err)
}

// followCached says in a record which save it follows, where the cache knows: the version alone does not tell all. The cart may have been
// dropped and made anew since, in the same version, and somebody have read that.
// Errors: ErrConflict.
func followCached(c *Carts, cart *cartcore.Cart, was int64, record *Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := cacheGet(c.cache, cart.Key)
	if held == nil || held.cart.Version != was {
		return nil
	}
	if held.cart.ID != cart.ID {
		return fmt.Errorf("saving cart %s: it was made anew: %w", cart.ID, ErrConflict)
	}
	record.Token = held.token
	return nil
}

// forget ends a save that failed or was not alone: nobody knows now what the newest cart is, so the cache holds none, and
// loads under way keep theirs out of it. The lock is held.
func forget(c *Carts, cart *cartcore.Cart, err error) error {
	c.touched.Delete(cartcore.KeyText(cart.Key))
	cacheDrop(c.cache, cart.Key)
	if err != nil {
		return fmt.Errorf("saving cart %s: %w", cart.ID, err)
	}
	return nil
}

// ClaimCart is Store.Claim for the record of a cart; a store that only this process uses is not asked.
// Errors: ErrUnavailable.
func ClaimCart(c *Carts, key cartcore.Key, part string, lease int64) (int64, error) {
	if !c.shared {
		return 0, nil
	}
	wait, err := c.store.Claim(cartcore.KeyText(key), part, lease)
	if err != nil {
		return 0, fmt.Errorf("claiming a cart: %w", err)
	}
	return wait, nil
}

// AreShared tells whether other processes may change the carts.
func AreShared(c *Carts) bool { return c.shared }

// DropCart takes a cart away, if its version is still the newest.
// Errors: ErrConflict, ErrUnavailable, ErrDamaged.
func DropCart(c *Carts, cart *cartcore.Cart) error {
	text := cartcore.KeyText(cart.Key)
	err := c.store.Delete(text, cart.Version)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched.Delete(text)
	cacheDrop(c.cache, cart.Key)
	if err != nil {
		return fmt.Errorf("dropping cart %s: %w", cart.ID, err)
	}
	return nil
}

// CloseCarts forgets the cache and closes the store.
func CloseCarts(c *Carts) error {
	c.mu.Lock()
	cacheClear(c.cache)
	c.mu.Unlock()
	if err := c.store.Close(); err != nil {
		return fmt.Errorf("closing the cart store: %w", err)
	}
	return nil
}

// CachedCarts answers how many carts the cache holds and the bytes they are counted as, for metrics.
func CachedCarts(c *Carts) (carts int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cacheLen(c.cache), cacheBytes(c.cache)
}

// lifeOf answers how long a cart is kept after its last change, in milliseconds; 0 is for ever.
func lifeOf(life *Lifetimes, cart *cartcore.Cart) int64 {
	lasts := life.Customer
	if cartcore.OwnerIsGuest(cart.Key.Owner) {
		lasts = life.Guest
		if len(cart.Lines) == 0 {
			lasts = life.Empty
		}
	}
	return lasts
}
