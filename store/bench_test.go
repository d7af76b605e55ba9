package store

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

func BenchmarkSave(b *testing.B) {
	data := bytes.Repeat([]byte("x"), 600)
	for _, mode := range []string{SyncOS, SyncAlways} {
		b.Run(mode, func(b *testing.B) {
			o := quiet(b.TempDir())
			o.Sync = mode
			l := mustOpen(b, o)
			key := "shop/guest:agent:0123456789012345678901234567890123456789"
			version := int64(0)
			for b.Loop() {
				if err := l.Save(key, version, &Record{Version: version + 1, Data: data}); err != nil {
					b.Fatal(err)
				}
				version++
			}
		})
	}
}

func BenchmarkGetCachedCart(b *testing.B) {
	c := OpenCarts(NewMemory(nil), roomy, Lifetimes{Guest: 1 << 60})
	cart := cartOf(1, 10)
	mustSaveCart(b, c, cart, 0)
	for b.Loop() {
		if got, err := GetCart(c, cart.Key); got == nil || err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSaveCart saves a cart that is cached, as a write does after it has applied its command.
func BenchmarkSaveCart(b *testing.B) {
	for _, lines := range []int{1, 10, 100, 500} {
		b.Run(fmt.Sprintf("lines: %d", lines), func(b *testing.B) {
			o := quiet(b.TempDir())
			o.Sync = SyncOS
			c := OpenCarts(mustOpen(b, o), roomy, Lifetimes{Guest: 1 << 60})
			cart := cartOf(1, lines)
			mustSaveCart(b, c, cart, 0)
			b.ReportAllocs()
			for b.Loop() {
				after := next(cart)
				mustSaveCart(b, c, after, cart.Version)
				cart = after
			}
		})
	}
}

// BenchmarkGetStoredCart gets a cart that is not cached from its segment.
func BenchmarkGetStoredCart(b *testing.B) {
	for _, lines := range []int{1, 10, 100, 500} {
		b.Run(fmt.Sprintf("lines: %d", lines), func(b *testing.B) {
			c := OpenCarts(mustOpen(b, quiet(b.TempDir())), Bounds{}, Lifetimes{Guest: 1 << 60})
			cart := cartOf(1, lines)
			mustSaveCart(b, c, cart, 0)
			b.ReportAllocs()
			for b.Loop() {
				if got, err := GetCart(c, cart.Key); got == nil || err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMillion saves a million short carts, opens them with and without hints and measures the index.
func BenchmarkMillion(b *testing.B) {
	const carts = 1_000_000
	for b.Loop() {
		o := quiet(b.TempDir())
		o.unkept = false
		l := mustOpen(b, o)
		data := bytes.Repeat([]byte("x"), 100)
		for i := 0; i < carts; i++ {
			if err := l.Save(millionKey(i), 0, &Record{Version: 1, Expires: 4_000_000_000_000, Data: data}); err != nil {
				b.Fatal(err)
			}
		}
		saved := heapBytes()
		mustClose(b, l)
		started := time.Now()
		l = mustOpen(b, o)
		b.ReportMetric(time.Since(started).Seconds(), "s/open")
		base := heapBytes()
		b.ReportMetric(float64(l.Stats().Bytes)/carts, "disk-B/cart")
		mustClose(b, l)
		b.ReportMetric(float64(base-heapBytes())/carts, "mem-B/cart")
		b.ReportMetric(float64(saved-heapBytes())/carts, "mem-saved-B/cart")
		o.Folder = copyFolder(b, o.Folder, false)
		started = time.Now()
		l = mustOpen(b, o)
		b.ReportMetric(time.Since(started).Seconds(), "s/open-unhinted")
		mustClose(b, l)
	}
}

// millionKey is as long as a guest's key: 60 bytes.
func millionKey(i int) string { return fmt.Sprintf("shop-1/guest:agent:%041d", i) }
