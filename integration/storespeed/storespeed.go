// Package storespeed measures the cart store. The same source runs compiled and interpreted, so that both are measured by
// the same work. Every function answers nanoseconds unless it says otherwise, and panics where the store refuses.
package storespeed

import (
	"fmt"
	"runtime"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

// born is when every cart was made, in Unix milliseconds; lives is long enough for none to expire.
const (
	born  = int64(1_700_000_000_000)
	lives = int64(100_000_000_000_000)
)

// linesKept is the length of the carts that fill a folder: three lines are a record of about 600 bytes.
const linesKept = 3

// folder is an open cart folder.
type folder struct {
	Log   *store.Log
	Carts *store.Carts
	Count int
	Taken int
}

var folders = map[string]*folder{}

func must(err error) {
	if err != nil {
		panic(err.Error())
	}
}

// keyOf is a guest's key of 60 bytes, the longest that is usual.
func keyOf(n int) cartcore.Key {
	return cartcore.Key{Tenant: "shop-1", Owner: cartcore.GuestOwner("agent", fmt.Sprintf("%041d", n))}
}

func cartOf(n, lines int) *cartcore.Cart {
	cart := cartcore.New(keyOf(n), "EUR", fmt.Sprintf("%032x", n), born)
	cart.Version = 1
	for i := 0; i < lines; i++ {
		cart.Lines = append(cart.Lines, &cartcore.Line{
			ID: cartcore.UUID(fmt.Sprintf("%032x", n*1000+i)), Number: int64(i + 1), SKU: fmt.Sprintf("SKU-%06d-RED-XL", i), Quantity: 2,
			Options: []cartcore.Option{{Name: "size", Value: `"XL"`}}, Added: born, Updated: born,
		})
	}
	cart.NextLine = int64(lines + 1)
	return cart
}

// Fill saves so many carts in a new folder.
func Fill(name string, count int) {
	Open(name, bounds(0))
	for n := 0; n < count; n++ {
		must(store.SaveCart(folders[name].Carts, cartOf(n, linesKept), 0))
	}
	Close(name)
}

func bounds(carts int) store.Bounds { return store.Bounds{Carts: carts, Bytes: int64(carts) * 10_000} }

// Open opens a folder with a cache, and answers how long that took.
func Open(name string, cache store.Bounds) int64 {
	started := time.Now()
	l, err := store.OpenLog(store.LogOptions{Folder: name, Sync: store.SyncOS})
	must(err)
	took := time.Since(started).Nanoseconds()
	f := &folder{Log: l, Carts: store.OpenCarts(l, cache, store.Lifetimes{Guest: lives, Customer: lives, Empty: lives})}
	f.Count = int(l.Stats().Carts)
	folders[name] = f
	return took
}

// OpenUncached is Open without a cache.
func OpenUncached(name string) int64 { return Open(name, bounds(0)) }

// OpenCached is Open with a cache of a thousand carts.
func OpenCached(name string) int64 { return Open(name, bounds(1000)) }

// Close closes a folder.
func Close(name string) {
	must(store.CloseCarts(folders[name].Carts))
	delete(folders, name)
}

// Bytes answers the bytes that the segments of a folder take.
func Bytes(name string) int64 { return folders[name].Log.Stats().Bytes }

// Release closes a folder and answers the bytes of memory that this gives back.
func Release(name string) int64 {
	held := heap()
	Close(name)
	return held - heap()
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// pick is the next of the folder's carts, one far from the last.
func pick(f *folder) cartcore.Key {
	f.Taken++
	return keyOf(f.Taken * 7919 % f.Count) // a prime, so that all others come before a cart comes again
}

// Loads gets carts that are not cached, each another.
func Loads(name string, times int) int64 {
	f := folders[name]
	keys := []cartcore.Key{}
	for i := 0; i < times; i++ {
		keys = append(keys, pick(f))
	}
	started := time.Now()
	for i := 0; i < times; i++ {
		got, err := store.GetCart(f.Carts, keys[i])
		must(err)
		if got == nil {
			panic("a cart is missing")
		}
	}
	return time.Since(started).Nanoseconds() / int64(times)
}

// Saves saves carts, each another, that were got just before.
func Saves(name string, times int) int64 {
	f := folders[name]
	next := []*cartcore.Cart{}
	for i := 0; i < times; i++ {
		got, err := store.GetCart(f.Carts, pick(f))
		must(err)
		after := *got
		after.Version++
		next = append(next, &after)
	}
	started := time.Now()
	for i := 0; i < times; i++ {
		must(store.SaveCart(f.Carts, next[i], next[i].Version-1))
	}
	return time.Since(started).Nanoseconds() / int64(times)
}

// Hits gets one cart again and again.
func Hits(name string, times int) int64 {
	f := folders[name]
	key := keyOf(0)
	started := time.Now()
	for i := 0; i < times; i++ {
		got, err := store.GetCart(f.Carts, key)
		must(err)
		if got == nil {
			panic("the cart is missing")
		}
	}
	return time.Since(started).Nanoseconds() / int64(times)
}
