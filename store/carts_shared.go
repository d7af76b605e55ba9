package store

import (
	"fmt"

	"github.com/polycart/polycart/cartcore"
)

// Carts in a store that others write too. What the cache has is never answered to a reader unasked, and a save is refused
// where it does not follow the newest record, so an older cart in the cache costs a round trip and nothing else: loads and saves
// need not know of one another.

// askCart answers a cart of a shared store. hit is what the cache has, if anything.
func askCart(c *Carts, key cartcore.Key, hit *cached) (*cartcore.Cart, error) {
	if hit == nil || hit.same == nil {
		return loadShared(c, key, hit)
	}
	newer, err := askSame(hit.same)
	if newer == nil && err == nil {
		return hit.cart, nil
	}
	return takeNewer(c, key, hit, newer, err)
}

// loadShared asks a shared store for a cart.
func loadShared(c *Carts, key cartcore.Key, hit *cached) (*cartcore.Cart, error) {
	fresh, err := loadCart(c, key, cartcore.KeyText(key), hit)
	return cacheShared(c, key, fresh, err)
}

// takeNewer reads what the store has in place of the cart that the cache has.
func takeNewer(c *Carts, key cartcore.Key, hit *cached, newer *Record, err error) (*cartcore.Cart, error) {
	if err != nil {
		return nil, fmt.Errorf("loading a cart: %w", err)
	}
	if newer.Version == hit.cart.Version && newer.Data == nil { // the same version of another cart, or a server that had to be asked twice
		return loadShared(c, key, hit)
	}
	fresh, err := cachedFrom(key, cartcore.KeyText(key), newer)
	return cacheShared(c, key, fresh, err)
}

// cacheShared keeps what the store has, and answers the cart.
func cacheShared(c *Carts, key cartcore.Key, fresh *cached, err error) (*cartcore.Cart, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if fresh == nil {
		cacheDrop(c.cache, key)
		return nil, err
	}
	cachePut(c.cache, key, fresh)
	return fresh.cart, nil
}

// PresumeCart answers the cart of key as the cache has it, without asking a shared store whether it is still the newest; nil where
// the cache has none, or where GetCart asks nobody either. A change of it can be saved, since a save finds out; nothing else may
// be told from it.
func PresumeCart(c *Carts, key cartcore.Key) *cartcore.Cart {
	if !c.shared {
		return nil
	}
	c.mu.Lock()
	hit := cacheGet(c.cache, key)
	c.mu.Unlock()
	if hit == nil {
		return nil
	}
	return hit.cart
}
