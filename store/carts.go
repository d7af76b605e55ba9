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
}

// Carts keeps canonical carts in a store, with a bounded cache before it. Its operations are plain functions, because
// they are on the path of every request (docs/interpreter.md: what a call costs).
type Carts struct {
	store  Store
	tenure *atomic.Int64 // nil for a store that others write too
	life   Lifetimes
	clock  func() int64 // nil is the system's clock; tests set it

	mu      sync.Mutex
	cache   *cache
	since   int64            // the tenure that the cache belongs to
	touched map[string]int64 // loads and saves under way, by key: only the one that was alone may cache what it knows
	touches int64
}

// OpenCarts puts a cache before a store. CloseCarts closes both.
func OpenCarts(s Store, bounds Bounds, life Lifetimes) *Carts {
	c := &Carts{store: s, tenure: s.Tenure(), life: life, cache: newCache(bounds), touched: map[string]int64{}}
	if c.tenure != nil {
		c.since = c.tenure.Load()
	}
	return c
}

// GetCart answers the cart of key; nil without an error where there is none. Nobody may change the cart.
// A store that only this process writes is not asked where the cache has the cart; one that is shared is asked whether
// the cart is still the newest.
// Errors: ErrUnavailable, ErrDamaged.
func GetCart(c *Carts, key cartcore.Key) (*cartcore.Cart, error) {
	text := cartcore.KeyText(key)
	c.mu.Lock()
	if c.tenure != nil && c.tenure.Load() != c.since {
		cacheClear(c.cache)
		c.since = c.tenure.Load()
	}
	hit, found := cacheGet(c.cache, text)
	if found && c.tenure != nil && !gone(c, hit.expires) {
		c.mu.Unlock()
		return hit.cart, nil
	}
	touch := touchKey(c, text)
	since := c.since
	c.mu.Unlock()

	cart, fresh, err := loadCart(c, key, text, hit)

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.touched[text] != touch {
		return cart, err // somebody saved, dropped or loaded it meanwhile, and knows better what to cache
	}
	delete(c.touched, text)
	if err != nil || cart == nil {
		cacheDrop(c.cache, text)
	} else if since == c.since {
		cachePut(c.cache, text, fresh)
	}
	return cart, err
}

// touchKey marks a load or save that begins. The lock is held.
func touchKey(c *Carts, text string) int64 {
	c.touches++
	c.touched[text] = c.touches
	return c.touches
}

// loadCart asks the store for a cart; hit is what the cache has, if anything.
func loadCart(c *Carts, key cartcore.Key, text string, hit cached) (*cartcore.Cart, cached, error) {
	have := int64(0)
	if hit.cart != nil {
		have = hit.cart.Version
	}
	record, err := c.store.Load(text, have)
	if err != nil {
		return nil, cached{}, fmt.Errorf("loading a cart: %w", err)
	}
	if record.Version == 0 {
		return nil, cached{}, nil
	}
	if record.Version == have {
		hit.expires = record.Expires
		return hit.cart, hit, nil
	}
	cart, err := cartcore.FromRecord(key, record.Data)
	if err != nil {
		return nil, cached{}, fmt.Errorf("loading a cart: %w: %w", ErrDamaged, err)
	}
	if cart.Version != record.Version {
		return nil, cached{}, fmt.Errorf("loading a cart: its record says version %d and the store %d: %w", cart.Version, record.Version, ErrDamaged)
	}
	return cart, cached{cart: cart, expires: record.Expires, cost: costOf(len(record.Data), len(text))}, nil
}

// SaveCart keeps a cart whose version before was was; 0 is a new cart. Nobody may change the cart from now on.
// When it answers nil the store has the cart.
// Errors: ErrConflict where was is not the newest version any more; ErrUnavailable, after which the cart may or may
// not have been saved; ErrDamaged.
func SaveCart(c *Carts, cart *cartcore.Cart, was int64) error {
	text := cartcore.KeyText(cart.Key)
	data, err := cartcore.Record(cart)
	if err != nil {
		return err
	}
	expires := expiryOf(c.life, cart)
	c.mu.Lock()
	touch := touchKey(c, text)
	c.mu.Unlock()
	err = c.store.Save(text, was, Record{Version: cart.Version, Expires: expires, Data: data})
	c.mu.Lock()
	defer c.mu.Unlock()
	alone := c.touched[text] == touch
	delete(c.touched, text)
	if err != nil || !alone {
		cacheDrop(c.cache, text)
	}
	if err != nil {
		return fmt.Errorf("saving cart %s: %w", cart.ID, err)
	}
	if alone {
		cachePut(c.cache, text, cached{cart: cart, expires: expires, cost: costOf(len(data), len(text))})
	}
	return nil
}

// DropCart takes a cart away, if its version is still the newest.
// Errors: ErrConflict, ErrUnavailable, ErrDamaged.
func DropCart(c *Carts, cart *cartcore.Cart) error {
	text := cartcore.KeyText(cart.Key)
	err := c.store.Delete(text, cart.Version)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.touched, text)
	cacheDrop(c.cache, text)
	if err != nil {
		return fmt.Errorf("dropping cart %s: %w", cart.ID, err)
	}
	return nil
}

// CloseCarts forgets the cache and closes the store.
func CloseCarts(c *Carts) error {
	c.mu.Lock()
	cacheClear(c.cache)
	c.touched = map[string]int64{}
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

// expiryOf answers when a cart goes, in Unix milliseconds; 0 is never.
func expiryOf(life Lifetimes, cart *cartcore.Cart) int64 {
	lasts := life.Customer
	if cartcore.OwnerIsGuest(cart.Key.Owner) {
		lasts = life.Guest
		if len(cart.Lines) == 0 {
			lasts = life.Empty
		}
	}
	if lasts == 0 {
		return 0
	}
	return cart.Updated + lasts
}

// gone tells whether a cart that expires then has expired.
func gone(c *Carts, expires int64) bool {
	if expires == 0 {
		return false
	}
	if c.clock != nil {
		return expires <= c.clock()
	}
	return expires <= time.Now().UnixMilli()
}
