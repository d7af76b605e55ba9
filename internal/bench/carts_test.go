package bench

import (
	"context"
	"errors"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

func TestSeededCartsAreInTheStore(t *testing.T) {
	folder := t.TempDir()
	told := 0
	batches := []batch{{guests("agent", toRead), 1500, linesOfMany}, {customers(toWrite, 10), 2, 10}}
	if err := seed(t.Context(), folder, "", batches, func(done int) { told = done }); err != nil {
		t.Fatal(err)
	}
	if told != 1000 {
		t.Errorf("the last that was told is %d, want 1000", told)
	}
	log, err := store.OpenLog(store.LogOptions{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	carts := store.OpenCarts(log, store.Bounds{}, store.Lifetimes{})
	defer func() {
		if err := store.CloseCarts(carts); err != nil {
			t.Error(err)
		}
	}()
	if got := log.Stats().Carts; got != 1502 {
		t.Errorf("there are %d carts, want 1502", got)
	}
	for owner, lines := range map[string]int{guests("agent", toRead)(1499): linesOfMany, customers(toWrite, 10)(1): 10} {
		cart, err := store.GetCart(carts, cartcore.Key{Tenant: shopTenant, Owner: owner})
		if err != nil || cart == nil || len(cart.Lines) != lines || cart.NextLine != int64(lines+1) || cart.Version != 1 {
			t.Errorf("%s: got %+v, %v", owner, cart, err)
		}
	}
}

func TestSeedingEndsWhenItIsToldTo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := seed(ctx, t.TempDir(), "", []batch{{guests("agent", toRead), 100_000, 1}}, func(int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
