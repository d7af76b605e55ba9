//go:build !compiled
// +build !compiled

package store

import (
	"container/list"

	"github.com/polycart/polycart/cartcore"
)

// cache is bounded by number and bytes; the cart that was not used for the longest time goes first.
type cache struct {
	maxCarts int
	maxBytes int64
	bytes    int64
	carts    map[cartcore.Key]*cached
	used     *list.List // keys; front: used last
}

func newCache(bounds Bounds) *cache {
	return &cache{maxCarts: bounds.Carts, maxBytes: bounds.Bytes, carts: map[cartcore.Key]*cached{}, used: list.New()}
}

func cacheGet(c *cache, key cartcore.Key) *cached {
	hit := c.carts[key]
	if hit != nil {
		c.used.MoveToFront(hit.place)
	}
	return hit
}

func cachePut(c *cache, key cartcore.Key, value *cached) {
	old := c.carts[key]
	if old == nil {
		cacheAdd(c, key, value)
		return
	}
	bytes := c.bytes + value.cost - old.cost
	if bytes > c.maxBytes {
		cacheAdd(c, key, value)
		return
	}
	c.bytes = bytes
	value.place = old.place
	c.carts[key] = value
	c.used.MoveToFront(old.place)
}

// cacheAdd puts a cart that is new or does not fit in place of the old one.
func cacheAdd(c *cache, key cartcore.Key, value *cached) {
	cacheDrop(c, key)
	if value.cost > c.maxBytes {
		return
	}
	value.place = c.used.PushFront(key)
	c.carts[key] = value
	c.bytes += value.cost
	for len(c.carts) > c.maxCarts || c.bytes > c.maxBytes {
		cacheDrop(c, c.used.Back().Value.(cartcore.Key))
	}
}

func cacheDrop(c *cache, key cartcore.Key) {
	old := c.carts[key]
	if old == nil {
		return
	}
	c.bytes -= old.cost
	c.used.Remove(old.place)
	delete(c.carts, key)
}

func cacheClear(c *cache) {
	c.bytes = 0
	c.carts = map[cartcore.Key]*cached{}
	c.used.Init()
}

func cacheLen(c *cache) int { return len(c.carts) }

func cacheBytes(c *cache) int64 { return c.bytes }
