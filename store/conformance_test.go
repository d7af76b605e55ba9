package store_test

import (
	"testing"
	"time"

	"github.com/polycart/polycart/store"
	"github.com/polycart/polycart/store/storetest"
)

func TestMemoryKeepsTheStorePromises(t *testing.T) {
	storetest.RunAll(t, storetest.Opening{Open: func(t *testing.T, clock func() int64) store.Store { return store.NewMemory(clock) }})
}

func TestLogKeepsTheStorePromises(t *testing.T) {
	for _, sync := range []string{store.SyncAlways, store.SyncInterval, store.SyncOS} {
		t.Run(sync, func(t *testing.T) {
			folders := map[store.Store]string{}
			open := func(t *testing.T, folder string, clock func() int64) store.Store {
				// Segments are as small as they may be, so that every promise is kept across several.
				l, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: sync, SegmentBytes: 4 << 10, Interval: 20 * time.Millisecond, MergeEvery: 20 * time.Millisecond, Clock: clock})
				if err != nil {
					t.Fatal(err)
				}
				folders[l] = folder
				t.Cleanup(func() {
					if err := l.Close(); err != nil {
						t.Errorf("closing: %v", err)
					}
				})
				return l
			}
			storetest.RunAll(t, storetest.Opening{
				Open: func(t *testing.T, clock func() int64) store.Store { return open(t, t.TempDir(), clock) },
				Reopen: func(t *testing.T, s store.Store, clock func() int64) store.Store {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					return open(t, folders[s], clock)
				},
			})
		})
	}
}
