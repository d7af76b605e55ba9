package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/redistest"
)

// While a slot goes from one master to another, and to one that is new, writers of carts in it go on, and lose nothing.
func TestASlotMovesWhileCartsAreSaved(t *testing.T) {
	cluster := redistest.StartCluster(t, 2)
	lines := &logLines{}
	o := RedisOptions{Addresses: []string{cluster.Masters[0].Address}, Cluster: true, Timeout: 10 * time.Second, Logger: newLogger(lines)}
	r := openRedis(t, o)
	keys := []string{} // of one bucket, so of one slot
	for i := 0; len(keys) < 8; i++ {
		if key := fmt.Sprint("shop/customer:", i); bucketOf(key) == 7 {
			keys = append(keys, key)
		}
	}
	place := r.places[7] + "p"
	var stop atomic.Bool
	var all sync.WaitGroup
	last := make([]atomic.Int64, len(keys))
	for i, key := range keys {
		all.Add(1)
		go func() {
			defer all.Done()
			for version := int64(0); !stop.Load(); version++ {
				// Half of them have something left to do, so that their script needs two keys at once.
				record := &Record{Version: version + 1, Pending: i%2 == 0, Data: []byte(fmt.Sprint(version + 1))}
				if err := r.Save(key, version, record); err != nil {
					t.Errorf("saving version %d: %v", version+1, err)
					return
				}
				got, err := r.Load(key, version)
				if err != nil || got.Version != version+1 {
					t.Errorf("version %d is there after %d was saved, %v", got.Version, version+1, err)
					return
				}
				last[i].Store(version + 1)
			}
		}()
	}
	progress := func(most int) {
		t.Helper()
		before := make([]int64, len(keys))
		for i := range keys {
			before[i] = last[i].Load()
		}
		until(t, "the writers go on", func() bool {
			going := 0
			for i := range keys {
				if last[i].Load() > before[i]+1 {
					going++
				}
			}
			return going >= most || t.Failed()
		})
	}
	progress(len(keys))
	from, slot := cluster.Owner(t, place)
	// Those that need two keys wait while only one of them has moved: half of the writers must go on all the while.
	cluster.Move(t, slot, from, 1-from, func() { progress(len(keys) / 2) })
	progress(len(keys))
	cluster.Grow(t)
	cluster.Move(t, slot, 1-from, 2, func() { progress(len(keys) / 2) })
	progress(len(keys))
	stop.Store(true)
	all.Wait()
	fresh := openRedis(t, RedisOptions{Addresses: o.Addresses, Cluster: true, Prefix: r.o.Prefix})
	for i, key := range keys {
		wantRedis(t, fresh, key, last[i].Load(), fmt.Sprint(last[i].Load()))
	}
	if pending, err := fresh.Pending(); err != nil || len(pending) != len(keys)/2 {
		t.Fatalf("pending are %q, %v", pending, err)
	}
}

// A lost master takes only its own carts with it, and none of the others' requests waits for it.
func TestALostMasterTakesOnlyItsOwnCarts(t *testing.T) {
	cluster := redistest.StartCluster(t, 3)
	for _, s := range cluster.Masters {
		if err := s.Client(t).ConfigSet(t.Context(), "cluster-require-full-coverage", "no").Err(); err != nil {
			t.Fatal(err)
		}
	}
	r := openRedis(t, RedisOptions{Addresses: []string{cluster.Masters[0].Address, cluster.Masters[1].Address}, Cluster: true})
	lost := 0
	for i := range 60 {
		saveRedis(t, r, cartKey(i), 0, 1, "one")
		if owner, _ := cluster.Owner(t, r.places[bucketOf(cartKey(i))]+"p"); owner == 2 {
			lost++
		}
	}
	cluster.Masters[2].Kill()
	refused := 0
	for i := range 60 {
		_, err := r.Load(cartKey(i), 0)
		if err != nil && !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
		if err != nil {
			refused++
		}
	}
	if lost == 0 || refused != lost {
		t.Fatalf("%d carts cannot be loaded, %d were on the lost master", refused, lost)
	}
	cluster.Masters[2].Run(t)
	until(t, "all carts are back", func() bool {
		for i := range 60 {
			if got, err := r.Load(cartKey(i), 0); err != nil || got.Version != 1 {
				return false
			}
		}
		return true
	})
}

func TestSlotsAreThoseOfTheSpecification(t *testing.T) {
	// The first is the specification's own check of the CRC, 0x31C3; the others are from CLUSTER KEYSLOT of Redis 7.0.
	for tag, want := range map[string]int{"123456789": 0x31C3 % 16384, "b000": 729, "b255": 1001} {
		if got := slotOf("polycart:{" + tag + "}:"); got != want {
			t.Errorf("%s: slot %d, wanted %d", tag, got, want)
		}
	}
}

func TestAStoreThatIsNotToldOfTheClusterSaysSo(t *testing.T) {
	cluster := redistest.StartCluster(t, 2)
	r := openRedis(t, RedisOptions{Addresses: []string{cluster.Masters[0].Address}})
	said := 0
	for i := range 20 {
		if _, err := r.Load(cartKey(i), 0); err != nil {
			if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "is a node of a cluster") {
				t.Fatal(err)
			}
			said++
		}
	}
	if said == 0 {
		t.Fatal("no cart is on the other node")
	}
}
