package migrate

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/store"
)

// measureCarts is the environment variable that says how many carts TestWhatManyCartsCost moves; its figures are in
// docs/replicas.md.
const measureCarts = "POLYCART_MEASURE"

// typical is a guest's cart of three lines with an option each, under a key of 80 bytes.
func typical(n int) *cartcore.Cart {
	now := time.Now().UnixMilli()
	owner := cartcore.GuestOwner("itemkey", fmt.Sprintf("%052x", n))
	cart := cartcore.Born(cartcore.New(cartcore.Key{Tenant: "store-alpha", Owner: owner}, "USD", owner, now))
	for line := int64(1); line <= 3; line++ {
		cart.Lines = append(cart.Lines, &cartcore.Line{
			ID: cartcore.UUID(fmt.Sprintf("%032x", n)), Number: line, SKU: fmt.Sprintf("SKU-%06d-RED-XL", line), Quantity: line,
			Options: []cartcore.Option{{Name: "size", Value: `"XL"`}}, Added: now, Updated: now,
		})
	}
	cart.NextLine = 4
	return cart
}

func TestWhatManyCartsCost(t *testing.T) {
	carts, err := strconv.Atoi(os.Getenv(measureCarts))
	if err != nil {
		t.Skipf("it measures, and asserts nothing that can fail on a slow machine: set %s to a number of carts", measureCarts)
	}
	from, server := openLog(t, t.TempDir()), redistest.StartReal(t)
	kept := store.OpenCarts(from, store.Bounds{Carts: 1, Bytes: 1 << 10}, store.Lifetimes{Guest: 30 * 24 * 3_600_000})
	bytes, began := 0, time.Now()
	for n := range carts {
		cart := typical(n)
		if err := store.SaveCart(kept, cart, 0); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			data, err := cartcore.Record(cart)
			if err != nil {
				t.Fatal(err)
			}
			bytes = len(data)
			t.Logf("a record has %d bytes, a key %d", bytes, len(cartcore.KeyText(cart.Key)))
		}
	}
	t.Logf("%d carts are in files after %s", carts, time.Since(began).Round(time.Millisecond))

	client := server.Client(t)
	used := func() int {
		info, err := client.Info(t.Context(), "memory").Result()
		if err != nil {
			t.Fatal(err)
		}
		bytes, err := strconv.Atoi(regexp.MustCompile(`used_memory:(\d+)`).FindStringSubmatch(info)[1])
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	before := used()
	to := openRedis(t, store.RedisOptions{Addresses: []string{server.Address}, Timeout: 10 * time.Second})
	settings, peak, done := Settings{Workers: 16}, atomic.Uint64{}, atomic.Int64{}
	settings.Began = func(what string, _ int) {
		t.Logf("%s begins %s after the start", what, time.Since(began).Round(time.Millisecond))
	}
	settings.Did = func() {
		if done.Add(1)%20_000 == 0 {
			memory := runtime.MemStats{}
			runtime.ReadMemStats(&memory)
			peak.Store(max(peak.Load(), memory.HeapAlloc))
		}
	}
	began = time.Now()
	report, err := Run(t.Context(), from, to, settings)
	if err != nil || !report.Whole() || report.Records != carts {
		t.Fatalf("of %d carts %d are there, %v", carts, report.Check.Count(There), err)
	}
	t.Logf("copied and verified in %s; the heap was %d bytes a cart at most", time.Since(began).Round(time.Millisecond), peak.Load()/uint64(carts))
	t.Logf("used_memory of the server grew by %d bytes a cart, %d above its record", (used()-before)/carts, (used()-before)/carts-bytes)
}
