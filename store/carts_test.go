package store

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
)

// shared is a store that others write too, and counts what it is asked.
type shared struct {
	*Memory
	loads, whole atomic.Int64
	during       func() // runs while a load is under way
	before       func() // runs while a save is under way that has not written yet
	after        func() // runs while a save is under way that has written
}

func (s *shared) Tenure() *atomic.Int64 { return nil }

func (s *shared) Load(key string, have int64) (Record, error) {
	s.loads.Add(1)
	record, err := s.Memory.Load(key, have)
	if record.Data != nil {
		s.whole.Add(1)
	}
	if s.during != nil {
		s.during()
	}
	return record, err
}

func (s *shared) Save(key string, was int64, record *Record) error {
	if s.before != nil {
		s.before()
	}
	err := s.Memory.Save(key, was, record)
	if s.after != nil {
		s.after()
	}
	return err
}

// counted is a store that only this process writes, and counts loads.
type counted struct{ shared }

func (s *counted) Tenure() *atomic.Int64 { return s.Memory.Tenure() }

var roomy = Bounds{Carts: 100, Bytes: 1 << 20}

func mustGet(t testing.TB, c *Carts, key cartcore.Key) *cartcore.Cart {
	t.Helper()
	cart, err := GetCart(c, key)
	if err != nil {
		t.Fatal(err)
	}
	return cart
}

func mustSaveCart(t testing.TB, c *Carts, cart *cartcore.Cart, was int64) {
	t.Helper()
	if err := SaveCart(c, cart, was); err != nil {
		t.Fatal(err)
	}
}

// next is the cart after another save.
func next(cart *cartcore.Cart) *cartcore.Cart {
	after := *cart
	after.Version++
	return &after
}

func TestACachedCartOfAnExclusiveStoreIsNotAskedFor(t *testing.T) {
	s := &counted{shared{Memory: NewMemory(nil)}}
	c := OpenCarts(s, roomy, Lifetimes{})
	first := cartOf(1, 2)
	if mustGet(t, c, first.Key) != nil {
		t.Fatal("a cart out of nothing")
	}
	mustSaveCart(t, c, first, 0)
	asked := s.loads.Load()
	for i := 0; i < 3; i++ {
		if mustGet(t, c, first.Key) != first {
			t.Fatal("not the cart that was saved")
		}
	}
	if s.loads.Load() != asked {
		t.Fatal("the store was asked for a cached cart")
	}
}

func TestACachedCartOfASharedStoreIsAskedForByVersion(t *testing.T) {
	s := &shared{Memory: NewMemory(nil)}
	here, there := OpenCarts(s, roomy, Lifetimes{}), OpenCarts(s, roomy, Lifetimes{})
	first := cartOf(1, 2)
	mustSaveCart(t, here, first, 0)
	if mustGet(t, here, first.Key) != first || s.whole.Load() != 0 || s.loads.Load() != 1 {
		t.Fatalf("%d loads, %d of them whole", s.loads.Load(), s.whole.Load())
	}
	mustSaveCart(t, there, next(first), 1)
	if got := mustGet(t, here, first.Key); got.Version != 2 || got.Key != first.Key {
		t.Fatalf("version %d after another process has saved 2", got.Version)
	}
	if err := DropCart(there, next(first)); err != nil {
		t.Fatal(err)
	}
	if mustGet(t, here, first.Key) != nil {
		t.Fatal("a cart that another process has dropped is there")
	}
}

func TestAConflictForgetsTheCachedCart(t *testing.T) {
	s := NewMemory(nil)
	here, there := OpenCarts(s, roomy, Lifetimes{}), OpenCarts(s, roomy, Lifetimes{})
	first := cartOf(1, 1)
	mustSaveCart(t, here, first, 0)
	mustGet(t, there, first.Key)
	mustSaveCart(t, there, next(first), 1)
	err := SaveCart(here, next(first), 1)
	if !errors.Is(err, ErrConflict) {
		t.Fatalf("saving answered %v", err)
	}
	if strings.Contains(err.Error(), first.Key.Owner) {
		t.Fatalf("the error shows the guest's token: %v", err)
	}
	if got := mustGet(t, here, first.Key); got.Version != 2 {
		t.Fatalf("version %d after a conflict", got.Version)
	}
}

func TestACartIsKeptForItsLifetime(t *testing.T) {
	life := Lifetimes{Guest: 1000, Customer: 5000, Empty: 10}
	guest, empty, customer := cartOf(1, 1), cartOf(2, 0), cartOf(3, 0)
	customer.Key.Owner = cartcore.CustomerOwner("7")
	for name, lasting := range map[string]struct {
		cart *cartcore.Cart
		life Lifetimes
		ms   int64
	}{
		"a guest's":                {guest, life, 1000},
		"a guest's without lines":  {empty, life, 10},
		"a customer's":             {customer, life, 5000},
		"a customer's for ever":    {customer, Lifetimes{Guest: 1, Empty: 1}, 0},
		"a guest's empty for ever": {empty, Lifetimes{Guest: 1, Customer: 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, roomFor := range []Bounds{roomy, {}} {
				c := OpenCarts(NewMemory(nil), roomFor, lasting.life)
				cart := *lasting.cart
				if lasting.ms == 0 {
					cart.Updated = 1
					mustSaveCart(t, c, &cart, 0)
					if mustGet(t, c, cart.Key) == nil {
						t.Fatal("it is gone")
					}
					continue
				}
				goes := time.Now().UnixMilli() + 10
				cart.Updated = goes - lasting.ms
				mustSaveCart(t, c, &cart, 0)
				for before := int64(0); before < goes; {
					before = time.Now().UnixMilli()
					got := mustGet(t, c, cart.Key)
					if after := time.Now().UnixMilli(); after < goes && got == nil {
						t.Fatalf("it is gone %d ms too early", goes-after)
					}
					if before >= goes && got != nil {
						t.Fatalf("it is there %d ms after its lifetime", before-goes)
					}
				}
			}
		})
	}
}

func TestTheCacheAnswersOnlyAsLongAsTheStoreIsOurs(t *testing.T) {
	s := NewMemory(nil)
	c := OpenCarts(s, roomy, Lifetimes{})
	first := cartOf(1, 1)
	mustSaveCart(t, c, first, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := GetCart(c, first.Key); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("getting answered %v", err)
	}
	if err := SaveCart(c, next(first), 1); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("saving answered %v", err)
	}
	if err := CloseCarts(c); err != nil {
		t.Fatal(err)
	}
}

func TestARecordThatIsNoCartIsDamaged(t *testing.T) {
	key := cartOf(1, 0).Key
	for _, data := range []string{"no JSON", "{}", `{"id":"x","v":5,"next":1}`} {
		s := NewMemory(nil)
		if err := s.Save(cartcore.KeyText(key), 0, &Record{Version: 3, Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
		if _, err := GetCart(OpenCarts(s, roomy, Lifetimes{}), key); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%s: getting answered %v", data, err)
		}
	}
}

func TestALoadThatIsOvertakenCachesNothing(t *testing.T) {
	for name, overtake := range map[string]func(c *Carts, first *cartcore.Cart) error{
		"by a save": func(c *Carts, first *cartcore.Cart) error { return SaveCart(c, next(first), 1) },
		"by a drop": func(c *Carts, first *cartcore.Cart) error { return DropCart(c, first) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &counted{shared{Memory: NewMemory(nil)}}
			first := cartOf(1, 1)
			mustSaveCart(t, OpenCarts(s, roomy, Lifetimes{}), first, 0)
			c := OpenCarts(s, roomy, Lifetimes{})
			s.during = func() {
				s.during = nil
				if err := overtake(c, first); err != nil {
					t.Error(err)
				}
			}
			mustGet(t, c, first.Key) // may see the cart as it was
			if got := mustGet(t, c, first.Key); got != nil && got.Version == 1 {
				t.Fatal("the cart as it was is still cached")
			}
		})
	}
}

func TestASaveThatMeetsALoadLeavesNoOlderCartInTheCache(t *testing.T) {
	for _, written := range []bool{false, true} {
		s := &counted{shared{Memory: NewMemory(nil)}}
		first := cartOf(1, 1)
		mustSaveCart(t, OpenCarts(s, roomy, Lifetimes{}), first, 0)
		c := OpenCarts(s, roomy, Lifetimes{})
		meet := func() {
			s.before, s.after = nil, nil
			mustGet(t, c, first.Key) // may see the cart as it was
		}
		if written {
			s.after = meet
		} else {
			s.before = meet
		}
		mustSaveCart(t, c, next(first), 1)
		if got := mustGet(t, c, first.Key); got == nil || got.Version != 2 {
			t.Fatalf("written %v: the cart that was saved is not there but %+v", written, got)
		}
	}
}

func TestManyWritersThroughTheCacheLoseNoUpdate(t *testing.T) {
	l := mustOpen(t, quiet(t.TempDir()))
	c := OpenCarts(l, Bounds{Carts: 1, Bytes: 1 << 20}, Lifetimes{})
	first := cartOf(1, 1)
	mustSaveCart(t, c, first, 0)
	var all sync.WaitGroup
	for w := 0; w < 4; w++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for done := 0; done < 50; {
				cart, err := GetCart(c, first.Key)
				if err != nil || cart == nil {
					t.Errorf("getting: %v", err)
					return
				}
				after := next(cart)
				after.Lines = []*cartcore.Line{{ID: "x", Number: 1, SKU: "x", Quantity: cart.Lines[0].Quantity + 1}}
				err = SaveCart(c, after, cart.Version)
				if err == nil {
					done++
				} else if !errors.Is(err, ErrConflict) {
					t.Errorf("saving: %v", err)
					return
				}
			}
		}()
	}
	all.Wait()
	if got := mustGet(t, c, first.Key); got.Version != 201 || got.Lines[0].Quantity != first.Lines[0].Quantity+200 {
		t.Fatalf("200 updates came to version %d, quantity %d", got.Version, got.Lines[0].Quantity)
	}
}
