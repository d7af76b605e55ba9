//go:build !compiled
// +build !compiled

package store

import "container/list"

// cache is bounded by number and bytes; the cart that was not used for the longest time goes first.
type cache struct {
	bounds Bounds
	bytes  int64
	places map[string]*list.Element // values are *cacheEntry
	used   *list.List               // front: used last
}

type cacheEntry struct {
	key   string
	value cached
}

func newCache(bounds Bounds) *cache {
	return &cache{bounds: bounds, places: map[string]*list.Element{}, used: list.New()}
}

func cacheGet(c *cache, key string) (cached, bool) {
	place := c.places[key]
	if place == nil {
		return cached{}, false
	}
	c.used.MoveToFront(place)
	return place.Value.(*cacheEntry).value, true
}

func cachePut(c *cache, key string, value cached) {
	cacheDrop(c, key)
	if value.cost > c.bounds.Bytes {
		return
	}
	c.places[key] = c.used.PushFront(&cacheEntry{key: key, value: value})
	c.bytes += value.cost
	for len(c.places) > c.bounds.Carts || c.bytes > c.bounds.Bytes {
		cacheDrop(c, c.used.Back().Value.(*cacheEntry).key)
	}
}

func cacheDrop(c *cache, key string) {
	place := c.places[key]
	if place == nil {
		return
	}
	c.bytes -= place.Value.(*cacheEntry).value.cost
	c.used.Remove(place)
	delete(c.places, key)
}

func cacheClear(c *cache) {
	c.bytes = 0
	c.places = map[string]*list.Element{}
	c.used.Init()
}

func cacheLen(c *cache) int { return len(c.places) }

func cacheBytes(c *cache) int64 { return c.bytes }
