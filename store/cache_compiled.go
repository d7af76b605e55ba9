//go:build compiled
// +build compiled

package store

import (
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/polycart/polycart/cartcore"
)

// cache is bounded by number and bytes; the cart that was not used for the longest time goes first. The library bounds
// the number, the bytes are counted here.
type cache struct {
	maxCarts int
	maxBytes int64
	bytes    int64
	carts    *simplelru.LRU[cartcore.Key, *cached]
}

func newCache(bounds Bounds) *cache {
	c := &cache{maxCarts: bounds.Carts, maxBytes: bounds.Bytes}
	// The library refuses a bound below 1; cachePut keeps nothing then. It tells of every cart that goes, but not of one
	// that is put over another.
	lru, err := simplelru.NewLRU(max(1, bounds.Carts), func(_ cartcore.Key, gone *cached) { c.bytes -= gone.cost })
	if err != nil {
		panic("making the cache: " + err.Error()) // only a bound below 1 is refused
	}
	c.carts = lru
	return c
}

func cacheGet(c *cache, key cartcore.Key) *cached {
	hit, _ := c.carts.Get(key)
	return hit
}

func cachePut(c *cache, key cartcore.Key, value *cached) {
	if c.maxCarts <= 0 || value.cost > c.maxBytes {
		c.carts.Remove(key)
		return
	}
	if old, there := c.carts.Peek(key); there {
		c.bytes -= old.cost
	}
	c.bytes += value.cost
	c.carts.Add(key, value)
	for c.bytes > c.maxBytes {
		c.carts.RemoveOldest()
	}
}

func cacheDrop(c *cache, key cartcore.Key) { c.carts.Remove(key) }

func cacheClear(c *cache) { c.carts.Purge() }

func cacheLen(c *cache) int { return c.carts.Len() }

func cacheBytes(c *cache) int64 { return c.bytes }
