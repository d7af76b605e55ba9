package store

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A random life of a log: whatever is saved, deleted, merged, expired, reopened or killed, it holds what a map holds.
func TestALogIsAMapThatLasts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		now := int64(1_700_000_000_000)
		o := small(t.TempDir())
		o.Clock = func() int64 { return now }
		l := mustOpen(t, o)
		defer func() { l.Close() }()
		held := map[string]Record{}
		newest := func(key string) Record {
			if expired(held[key].Expires, now) {
				delete(held, key)
			}
			return held[key]
		}
		steps := rapid.IntRange(1, 120).Draw(r, "steps")
		for i := 0; i < steps; i++ {
			key := cartKey(rapid.IntRange(0, 5).Draw(r, "cart"))
			was := newest(key)
			switch rapid.SampledFrom([]string{"save", "save", "save", "save", "delete", "conflict", "later", "merge", "reopen", "kill", "kill without hints"}).Draw(r, "step") {
			case "save":
				next := Record{Version: was.Version + 1, Data: []byte(strings.Repeat("x", rapid.SampledFrom([]int{1, 300, 3500}).Draw(r, "size")))}
				if lasts := rapid.IntRange(0, 3).Draw(r, "lasts"); lasts > 0 {
					next.Expires = now + int64(lasts)*1000
				}
				if err := l.Save(key, was.Version, &next); err != nil {
					r.Fatalf("saving: %v", err)
				}
				held[key] = next
			case "delete":
				if err := l.Delete(key, was.Version); err != nil {
					r.Fatalf("deleting: %v", err)
				}
				delete(held, key)
			case "conflict":
				if err := l.Save(key, was.Version+1, &Record{Version: was.Version + 2, Data: []byte("x")}); !errors.Is(err, ErrConflict) {
					r.Fatalf("saving over another version: %v", err)
				}
			case "later":
				now += rapid.Int64Range(1, 2000).Draw(r, "milliseconds")
			case "merge":
				rest(l)
			case "reopen":
				if err := l.Close(); err != nil {
					r.Fatalf("closing: %v", err)
				}
				l = mustOpen(t, o)
			case "kill":
				killed := copyFolder(t, o.Folder, true)
				l.Close()
				o.Folder = killed
				l = mustOpen(t, o)
			case "kill without hints":
				killed := copyFolder(t, o.Folder, false)
				l.Close()
				o.Folder = killed
				l = mustOpen(t, o)
			}
			for c := 0; c <= 5; c++ {
				key := cartKey(c)
				want := newest(key)
				got, err := l.Load(key, 0)
				if err != nil || got.Version != want.Version || string(got.Data) != string(want.Data) || got.Expires != want.Expires {
					r.Fatalf("%s: version %d with %d bytes, %v; wanted version %d with %d bytes", key, got.Version, len(got.Data), err, want.Version, len(want.Data))
				}
			}
		}
	})
}
