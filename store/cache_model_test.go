package store

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/polycart/polycart/cartcore"
)

// A random life of a cache, against a list in the order of use: both editions are held to it, so that after the same calls
// both hold the same carts.
func TestACacheIsAListInTheOrderOfUse(t *testing.T) {
	type entry struct {
		key   cartcore.Key
		value *cached
	}
	rapid.Check(t, func(r *rapid.T) {
		bounds := Bounds{Carts: rapid.IntRange(0, 5).Draw(r, "carts"), Bytes: rapid.Int64Range(0, 20).Draw(r, "bytes")}
		c := newCache(bounds)
		list := []entry{} // used last: the last
		take := func(key cartcore.Key) *cached {
			for i := range list {
				if list[i].key == key {
					value := list[i].value
					list = append(list[:i:i], list[i+1:]...)
					return value
				}
			}
			return nil
		}
		size := func() (bytes int64) {
			for i := range list {
				bytes += list[i].value.cost
			}
			return bytes
		}
		for range rapid.IntRange(1, 80).Draw(r, "steps") {
			key := cartcore.Key{Tenant: "shop", Owner: rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"}).Draw(r, "owner")}
			switch rapid.SampledFrom([]string{"put", "put", "put", "get", "get", "drop", "clear"}).Draw(r, "step") {
			case "put":
				value := &cached{cost: rapid.Int64Range(1, 12).Draw(r, "cost")}
				cachePut(c, key, value)
				take(key)
				if value.cost <= bounds.Bytes {
					list = append(list, entry{key, value})
				}
				for len(list) > 0 && (len(list) > bounds.Carts || size() > bounds.Bytes) {
					list = list[1:]
				}
			case "get":
				want := take(key)
				if got := cacheGet(c, key); got != want {
					r.Fatalf("%s: got %v, want %v", key.Owner, got, want)
				}
				if want != nil {
					list = append(list, entry{key, want})
				}
			case "drop":
				cacheDrop(c, key)
				take(key)
			case "clear":
				cacheClear(c)
				list = list[:0]
			}
			if cacheLen(c) != len(list) || cacheBytes(c) != size() {
				r.Fatalf("%d carts with %d bytes, want %d with %d", cacheLen(c), cacheBytes(c), len(list), size())
			}
		}
	})
}
