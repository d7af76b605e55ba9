package store

import (
	"container/list"

	"github.com/polycart/polycart/cartcore"
)

// The cache of carts is a seam between the two editions: cache_stock.go is built on container/list, a compiled variant on
// a library. Each defines an unexported type cache and these plain functions, which do no locking of their own: Carts
// holds its lock around every call. One test (TestCacheKeepsItsPromises) holds for every variant.
//
//	newCache(bounds Bounds) *cache
//	cacheGet(c *cache, key cartcore.Key) *cached       nil where there is none; the cart counts as used just now
//	cachePut(c *cache, key cartcore.Key, value *cached)
//	                                                   over what is there; drops the longest unused until the bounds hold,
//	                                                   and takes nothing in that is larger than Bounds.Bytes by itself
//	cacheDrop(c *cache, key cartcore.Key)
//	cacheClear(c *cache)
//	cacheLen(c *cache) int
//	cacheBytes(c *cache) int64

// Bounds limit a cache; both hold at the same time.
type Bounds struct {
	Carts int   // number of carts; 0 keeps none
	Bytes int64 // bytes they take, as costOf counts; 0 keeps none
}

// cached is a cart in the cache. It never changes there: a new one takes its place.
type cached struct {
	cart    *cartcore.Cart
	expires int64         // Unix milliseconds, 0 never
	cost    int64         // bytes, from costOf
	token   string        // of the record, in a shared store
	same    *sameQuestion // asks whether it is still the newest; nil where that is asked by version
	place   *list.Element // the cache's own
}

const (
	// costFixed is what a cached cart costs besides what grows with its record: the entry, its place in map and list,
	// the cart itself and its key.
	costFixed = 300
	// costSame is what the question costs whether a cart of a shared store is still the newest.
	costSame = 550
	// costPerByte is the memory of a decoded cart for a byte of its record, in percent.
	costPerByte = 180
)

// costOf estimates the memory of a cached cart from the length of its record and of its key.
// TestCachedCartCostsWhatItIsCountedAs measures it.
func costOf(record, key int) int64 {
	return costFixed + int64(key) + int64(record)*costPerByte/100
}
