package bench

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/store"
)

func TestEveryLineOfTheServicesLogIsCountedOnce(t *testing.T) {
	log := serviceLog{path: filepath.Join(t.TempDir(), "log")}
	if _, err := log.more(); err == nil {
		t.Error("a log that is not there was counted")
	}
	file, err := os.Create(log.path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, step := range []struct {
		written string
		want    int
	}{{"", 0}, {"one\ntwo\n", 2}, {"", 0}, {"thr", 0}, {"ee\nfour\n", 2}} {
		if _, err := file.WriteString(step.written); err != nil {
			t.Fatal(err)
		}
		if got, err := log.more(); err != nil || got != step.want {
			t.Errorf("after %q: got %d, %v; want %d", step.written, got, err, step.want)
		}
	}
}

// The service does what has a key once: two editions whose carts had the same ids would be answered for each other's writes.
func TestEachEditionHasCartsOfItsOwnAtTheService(t *testing.T) {
	s := &stage{settings: small(), progress: io.Discard, shop: shop{t.TempDir()}}
	owner, ids := customers(toWrite, 1)(0), map[string]bool{}
	for _, edition := range []traefik.Edition{traefik.Stock, traefik.Compiled} {
		one := &server{edition: edition, backed: true}
		s.servers = append(s.servers, one)
		if err := s.seed(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		log, err := store.OpenLog(store.LogOptions{Folder: s.data(one)})
		if err != nil {
			t.Fatal(err)
		}
		carts := store.OpenCarts(log, store.Bounds{}, store.Lifetimes{})
		cart, err := store.GetCart(carts, cartcore.Key{Tenant: shopTenant, Owner: owner})
		if err != nil || cart == nil || len(cart.Lines) != linesOfBacked {
			t.Fatalf("%s: got %+v, %v", edition, cart, err)
		}
		ids[cart.ID] = true
		if err := store.CloseCarts(carts); err != nil {
			t.Fatal(err)
		}
	}
	if len(ids) != 2 {
		t.Errorf("both editions have the cart %v", ids)
	}
}
