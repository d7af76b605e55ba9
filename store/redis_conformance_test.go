package store_test

import (
	"testing"
	"time"

	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/store"
	"github.com/polycart/polycart/store/storetest"
)

// redisOpening makes stores on servers, each in a corner of its own.
func redisOpening(o store.RedisOptions) storetest.Opening {
	prefixes := map[store.Store]string{}
	open := func(t *testing.T, prefix string) store.Store {
		t.Helper()
		own := o
		own.Prefix = prefix
		own.Timeout = 10 * time.Second // the largest record takes a busy machine some seconds
		r, err := store.OpenRedis(own)
		if err != nil {
			t.Fatal(err)
		}
		prefixes[r] = prefix
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Errorf("closing: %v", err)
			}
		})
		return r
	}
	return storetest.Opening{
		Open: func(t *testing.T, _ func() int64) store.Store { return open(t, t.Name()+":") },
		Reopen: func(t *testing.T, s store.Store, _ func() int64) store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, prefixes[s])
		},
		Beside:   func(t *testing.T, s store.Store) store.Store { return open(t, prefixes[s]) },
		OwnClock: true,
	}
}

func TestRedisKeepsTheStorePromises(t *testing.T) {
	server := redistest.Start(t)
	storetest.RunAll(t, redisOpening(store.RedisOptions{Addresses: []string{server.Address}}))
}

func TestRedisClusterKeepsTheStorePromises(t *testing.T) {
	cluster := redistest.StartCluster(t, 3)
	storetest.RunAll(t, redisOpening(store.RedisOptions{Addresses: []string{cluster.Masters[1].Address}, Cluster: true}))
}
