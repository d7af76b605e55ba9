package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

// leftBehind makes a data folder with one delivery that waits and one dead letter, and answers its carts, which are open.
func leftBehind(t *testing.T, folder string) *store.Carts {
	t.Helper()
	kept, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: store.SyncOS})
	if err != nil {
		t.Fatal(err)
	}
	carts := store.OpenCarts(kept, store.Bounds{}, store.Lifetimes{})
	to := &cartcore.Audience{MostEvents: 9, Hooks: map[string][]string{
		cartcore.EventCreated: {"0011223344556677"}, cartcore.EventItemAdded: {"0011223344556677"},
	}}
	before := cartcore.New(cartcore.Key{Tenant: "my-shop", Owner: cartcore.GuestOwner("agent", "guest-secret")}, "USD", "ab", 1)
	next := cartcore.Born(before)
	next.Lines = []*cartcore.Line{{ID: "l1", Number: 1, SKU: "secret-item", Quantity: 1}}
	cartcore.Tell(before, next, cartcore.Add, cartcore.Facts{}, to, "ab", 1763764770123)
	settled, letters := cartcore.Settle(next, "0011223344556677", []*cartcore.Told{{
		Event: next.Outbox.Events[0].ID, Error: "it answered 410; any 2xx would do", Dead: true,
	}}, 1763764770123)
	for _, cart := range append(letters, settled) {
		if err := store.SaveCart(carts, cart, 0); err != nil {
			t.Fatal(err)
		}
	}
	return carts
}

func TestTheOutboxOfAFolderIsListed(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	carts := leftBehind(t, folder)
	check := func(got ran, wanted ...string) {
		t.Helper()
		if got.code != exitFine {
			t.Fatalf("it answered %d: %s", got.code, got.err)
		}
		for _, want := range wanted {
			if !strings.Contains(strings.Join(strings.Fields(got.out), " "), want) {
				t.Errorf("nothing says %q in\n%s", want, got.out)
			}
		}
		if strings.Contains(got.out, "secret") {
			t.Errorf("it shows what an event says, or whose it is:\n%s", got.out)
		}
	}
	both := []string{"dead my-shop ", " cart.created 0011223344556677 1 - it answered 410; any 2xx would do", "waiting my-shop ", " cart.item_added 0011223344556677 0 now -", "1 delivery waits, 1 dead letter"}

	inUse := runHere(t, "", "outbox", "--data", folder)
	check(inUse, both...)
	if !strings.Contains(inUse.err, "is in use; this is a copy") {
		t.Errorf("nobody says that it is a copy: %s", inUse.err)
	}
	if got := runHere(t, "", "outbox", "--data", folder, "--retry"); got.code != exitFailed || !strings.Contains(got.err, "stop Traefik") {
		t.Errorf("--retry in a folder in use answered %d: %s", got.code, got.err)
	}
	if err := store.CloseCarts(carts); err != nil {
		t.Fatal(err)
	}
	check(runHere(t, "", "outbox", "--data", folder), both...)
	check(runHere(t, "", "outbox", "--data", folder, "--retry"), "1 dead letter waits again")
	check(runHere(t, "", "outbox", "--data", folder), "waiting my-shop ", " cart.created 0011223344556677 0 now -", "2 deliveries wait, no dead letters")
	check(runHere(t, "", "outbox", "--data", folder, "--retry"), "no dead letters wait again")
}

func TestTheOutboxNeedsAFolderWithCarts(t *testing.T) {
	if got := runHere(t, "", "outbox"); got.code != exitUsage || !strings.Contains(got.err, "--data is missing") {
		t.Errorf("without --data it answered %d: %s", got.code, got.err)
	}
	if got := runHere(t, "", "outbox", "--data", filepath.Join(t.TempDir(), "none")); got.code != exitFailed || !strings.Contains(got.err, "there are no carts") {
		t.Errorf("without carts it answered %d: %s", got.code, got.err)
	}
}
