package integration_test

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// storeSpeedDriver measures in the interpreter what the benchmarks of the store measure natively.
const storeSpeedDriver = `
package driver

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

var carts *store.Carts
var log *store.Log
var cart *cartcore.Cart
var data = bytes.Repeat([]byte("x"), 600)

// Prepare opens a log and caches a cart of 10 lines.
func Prepare(folder string) string {
	l, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: "os"})
	if err != nil {
		return err.Error()
	}
	log = l
	carts = store.OpenCarts(l, store.Bounds{Carts: 100, Bytes: 1 << 20}, store.Lifetimes{Guest: 1 << 60})
	key := cartcore.Key{Tenant: "shop", Owner: cartcore.GuestOwner("agent", strings.Repeat("0", 40))}
	cart = cartcore.New(key, "EUR", "seed", time.Now().UnixMilli())
	cart.Version = 1
	for n := int64(1); n <= 10; n++ {
		cart.Lines = append(cart.Lines, &cartcore.Line{ID: "0123456789abcdef0123456789abcdef", Number: n, SKU: "SKU-RED-XL", Quantity: 2})
	}
	if err := store.SaveCart(carts, cart, 0); err != nil {
		return err.Error()
	}
	return ""
}

func Saves(n int) string {
	key := "shop-1/guest:agent:0123456789012345678901234567890123456789"
	have, err := log.Load(key, 0)
	if err != nil {
		return err.Error()
	}
	was := have.Version
	for i := 0; i < n; i++ {
		if err := log.Save(key, was, &store.Record{Version: was + 1, Data: data}); err != nil {
			return err.Error()
		}
		was++
	}
	return ""
}

func SaveCarts(n int) string {
	for i := 0; i < n; i++ {
		after := *cart
		after.Version++
		if err := store.SaveCart(carts, &after, cart.Version); err != nil {
			return err.Error()
		}
		cart = &after
	}
	return ""
}

func Gets(n int) string {
	for i := 0; i < n; i++ {
		if got, err := store.GetCart(carts, cart.Key); got == nil || err != nil {
			return fmt.Sprint(err)
		}
	}
	return ""
}

// Fill saves n short carts and closes the log.
func Fill(folder string, n int) string {
	l, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: "os"})
	if err != nil {
		return err.Error()
	}
	short := data[:100]
	pad := strings.Repeat("0", 35)
	for i := 0; i < n; i++ {
		if err := l.Save("shop-1/guest:agent:"+pad+strconv.Itoa(1000000+i), 0, &store.Record{Version: 1, Data: short}); err != nil {
			return err.Error()
		}
	}
	if err := l.Close(); err != nil {
		return err.Error()
	}
	return ""
}

// Open opens the folder and answers the memory that the index takes.
func Open(folder string, n int) string {
	started := time.Now()
	l, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: "os"})
	if err != nil {
		return err.Error()
	}
	took := time.Since(started)
	held := heap()
	stats := l.Stats()
	if stats.Carts != int64(n) {
		return fmt.Sprint(stats)
	}
	if err := l.Close(); err != nil {
		return err.Error()
	}
	fmt.Println("opened", n, "carts in", took.String(), "with", (held-heap())/int64(n), "bytes each")
	return ""
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
`

// TestStoreSpeedInterpreted reports and asserts no time. POLYCART_MEASURE=1000000 gives it that many carts to open.
func TestStoreSpeedInterpreted(t *testing.T) {
	run := storeInterpreter(t, storeSpeedDriver)
	want := func(call string) {
		t.Helper()
		if wrong := run(call); wrong != "" {
			t.Fatalf("%s: %v", call, wrong)
		}
	}
	const n = 2000
	want("driver.Prepare(`" + t.TempDir() + "`)")
	for _, what := range []string{"Saves", "SaveCarts", "Gets"} {
		call := "driver." + what + "(" + strconv.Itoa(n) + ")"
		want(call)
		started := time.Now()
		want(call)
		t.Logf("%s: %d ns each", what, time.Since(started).Nanoseconds()/n)
	}
	carts := 1000
	if text := os.Getenv("POLYCART_MEASURE"); text != "" {
		var err error
		if carts, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	folder := t.TempDir()
	started := time.Now()
	want("driver.Fill(`" + folder + "`, " + strconv.Itoa(carts) + ")")
	t.Logf("filled with %d carts in %s", carts, time.Since(started))
	want("driver.Open(`" + folder + "`, " + strconv.Itoa(carts) + ")")
}
