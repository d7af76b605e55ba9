// Package storetest holds the promises that every store.Store keeps. It is for tests only.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/polycart/polycart/store"
)

// Opening makes stores for a test. clock answers Unix milliseconds; nil is the system's clock.
type Opening struct {
	Open   func(t *testing.T, clock func() int64) store.Store
	Reopen func(t *testing.T, s store.Store, clock func() int64) store.Store // closes s and opens its data again; nil where it keeps none

	// Beside opens the data of s a second time, as another process would; needed of a store that several share.
	Beside func(t *testing.T, s store.Store) store.Store

	// OwnClock says that records expire by a clock that no test can set: expiry is waited for.
	OwnClock bool
}

const key = "shop/guest:agent:0123456789abcdef"

// farAway is an expiry that no test reaches.
const farAway = int64(4_000_000_000_000)

// Run checks a store that cannot be opened again.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	RunAll(t, Opening{Open: func(t *testing.T, clock func() int64) store.Store { return open(t) }})
}

// RunAll checks every promise. Those about reopening need a store that can be reopened; a test skips what the store cannot do.
func RunAll(t *testing.T, o Opening) {
	t.Run("a key without a record has version 0", func(t *testing.T) {
		s := o.Open(t, nil)
		wantVersion(t, s, key, 0)
		if err := s.Delete(key, 0); err != nil {
			t.Fatalf("deleting nothing: %v", err)
		}
	})
	t.Run("a saved record is loaded byte for byte", func(t *testing.T) {
		s := o.Open(t, nil)
		data := []byte("{\"\x00\xff\":1}")
		save(t, s, key, 0, store.Record{Version: 1, Expires: farAway, Data: data})
		got := load(t, s, key, 0)
		if got.Version != 1 || got.Expires != farAway || !bytes.Equal(got.Data, data) {
			t.Fatalf("loaded %+v", got)
		}
	})
	t.Run("what the caller does with his bytes later does not reach the store", func(t *testing.T) {
		s := o.Open(t, nil)
		data := []byte("before")
		save(t, s, key, 0, store.Record{Version: 1, Data: data})
		copy(data, "AFTER!")
		if got := load(t, s, key, 0); string(got.Data) != "before" {
			t.Fatalf("loaded %q", got.Data)
		}
	})
	t.Run("who holds the newest version gets no bytes", func(t *testing.T) {
		s := o.Open(t, nil)
		save(t, s, key, 0, store.Record{Version: 3, Data: []byte("a")})
		if got := load(t, s, key, 3); got.Version != 3 || got.Data != nil {
			t.Fatalf("loaded %+v", got)
		}
		if got := load(t, s, key, 2); got.Version != 3 || string(got.Data) != "a" {
			t.Fatalf("loaded %+v", got)
		}
	})
	t.Run("only who knows the newest version may save", func(t *testing.T) { conflicts(t, o) })
	t.Run("only who knows the newest version may delete", func(t *testing.T) {
		s := o.Open(t, nil)
		save(t, s, key, 0, store.Record{Version: 1, Data: []byte("a")})
		save(t, s, key, 1, store.Record{Version: 2, Data: []byte("b")})
		for _, was := range []int64{0, 1, 3} {
			if err := s.Delete(key, was); !errors.Is(err, store.ErrConflict) {
				t.Fatalf("deleting version %d answered %v", was, err)
			}
		}
		if err := s.Delete(key, 2); err != nil {
			t.Fatal(err)
		}
		wantVersion(t, s, key, 0)
		if err := s.Delete(key, 2); !errors.Is(err, store.ErrConflict) {
			t.Fatalf("deleting twice answered %v", err)
		}
	})
	t.Run("a deleted cart can begin again at version 1", func(t *testing.T) {
		s := o.Open(t, nil)
		save(t, s, key, 0, store.Record{Version: 7, Data: []byte("a")})
		if err := s.Delete(key, 7); err != nil {
			t.Fatal(err)
		}
		save(t, s, key, 0, store.Record{Version: 1, Data: []byte("b")})
		if got := load(t, s, key, 0); got.Version != 1 || string(got.Data) != "b" {
			t.Fatalf("loaded %+v", got)
		}
	})
	t.Run("an expired record is gone and makes room for version 1", func(t *testing.T) { expiry(t, o) })
	t.Run("a record out of bounds is refused and changes nothing", func(t *testing.T) { bounds(t, o) })
	t.Run("the largest record is kept", func(t *testing.T) {
		s := o.Open(t, nil)
		big := bytes.Repeat([]byte("0123456789abcdef"), store.MaxData/16)
		long := string(bytes.Repeat([]byte("k"), store.MaxKey))
		save(t, s, long, 0, store.Record{Version: 1, Data: big})
		save(t, s, key, 0, store.Record{Version: 1, Data: []byte("small")})
		if got := load(t, s, long, 0); !bytes.Equal(got.Data, big) {
			t.Fatalf("loaded %d bytes", len(got.Data))
		}
	})
	t.Run("many writers of one cart lose no update", func(t *testing.T) { noLostUpdate(t, o) })
	t.Run("writers of different carts do not hinder each other", func(t *testing.T) { manyKeys(t, o) })
	t.Run("pending records are listed until they are saved otherwise", func(t *testing.T) { pending(t, o) })
	t.Run("reopening keeps everything", func(t *testing.T) { reopening(t, o) })
	t.Run("a claim keeps others away until it is given back or over", func(t *testing.T) { claims(t, o) })
	t.Run("a closed store is unavailable", func(t *testing.T) {
		s := o.Open(t, nil)
		save(t, s, key, 0, store.Record{Version: 1, Data: []byte("a")})
		before := int64(0)
		if s.Tenure() != nil {
			before = s.Tenure().Load()
		}
		for i := 0; i < 2; i++ {
			if err := s.Close(); err != nil {
				t.Fatalf("closing: %v", err)
			}
		}
		_, loading := s.Load(key, 0)
		saving := s.Save(key, 1, &store.Record{Version: 2, Data: []byte("b")})
		deleting := s.Delete(key, 1)
		for _, err := range []error{loading, saving, deleting} {
			if !errors.Is(err, store.ErrUnavailable) {
				t.Fatalf("after Close: %v", err)
			}
		}
		if s.Tenure() != nil && s.Tenure().Load() == before {
			t.Fatal("a cache would go on answering after Close")
		}
	})
}

func conflicts(t *testing.T, o Opening) {
	s := o.Open(t, nil)
	save(t, s, key, 0, store.Record{Version: 1, Data: []byte("a")})
	for _, was := range []int64{0, 2, 3} {
		err := s.Save(key, was, &store.Record{Version: was + 1, Data: []byte("x")})
		if !errors.Is(err, store.ErrConflict) {
			t.Fatalf("saving over version %d answered %v", was, err)
		}
		if bytes.Contains([]byte(err.Error()), []byte("0123456789abcdef")) {
			t.Fatalf("the error shows the guest's key: %v", err)
		}
	}
	if got := load(t, s, key, 0); string(got.Data) != "a" {
		t.Fatalf("a conflict has changed the record: %q", got.Data)
	}
	save(t, s, key, 1, store.Record{Version: 2, Data: []byte("b")})
	if err := s.Save("shop/customer:1", 5, &store.Record{Version: 6, Data: []byte("x")}); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("saving over nothing answered %v", err)
	}
}

func expiry(t *testing.T, o Opening) {
	if o.OwnClock {
		expiryAwaited(t, o)
		return
	}
	now := int64(1_700_000_000_000)
	var mu sync.Mutex
	clock := func() int64 {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	s := o.Open(t, clock)
	save(t, s, key, 0, store.Record{Version: 4, Expires: now + 1000, Data: []byte("a")})
	set := func(to int64) {
		mu.Lock()
		now = to
		mu.Unlock()
	}
	set(now + 999)
	wantVersion(t, s, key, 4)
	set(now + 1)
	wantVersion(t, s, key, 0)
	if got := load(t, s, key, 4); got.Version != 0 {
		t.Fatalf("who holds an expired record still gets version %d", got.Version)
	}
	if err := s.Save(key, 4, &store.Record{Version: 5, Data: []byte("x")}); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("saving over an expired record answered %v", err)
	}
	save(t, s, key, 0, store.Record{Version: 1, Expires: now + 5000, Data: []byte("b")})
	wantVersion(t, s, key, 1)
}

// expiryAwaited is expiry in real time.
func expiryAwaited(t *testing.T, o Opening) {
	s := o.Open(t, nil)
	// 3 s are more than the saves and loads before the end take on a busy machine.
	ends := time.Now().Add(3 * time.Second)
	save(t, s, key, 0, store.Record{Version: 4, Expires: ends.UnixMilli(), Pending: true, Data: []byte("a")})
	wantVersion(t, s, key, 4)
	for load(t, s, key, 4).Version != 0 {
		if time.Since(ends) > 20*time.Second {
			t.Fatal("the record does not go")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if early := time.Until(ends); early > 100*time.Millisecond {
		t.Fatalf("the record went %s before its time", early)
	}
	if got, err := s.Pending(); err != nil || len(got) != 0 {
		t.Fatalf("an expired record is pending: %q, %v", got, err)
	}
	if err := s.Save(key, 4, &store.Record{Version: 5, Data: []byte("x")}); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("saving over an expired record answered %v", err)
	}
	save(t, s, key, 0, store.Record{Version: 1, Expires: farAway, Data: []byte("b")})
	wantVersion(t, s, key, 1)
	if err := s.Save(key, 1, &store.Record{Version: 2, Expires: 1, Data: []byte("c")}); err != nil {
		t.Fatal(err)
	}
	wantVersion(t, s, key, 0)
}

func bounds(t *testing.T, o Opening) {
	s := o.Open(t, nil)
	good := store.Record{Version: 1, Data: []byte("a")}
	for _, c := range []struct {
		name   string
		key    string
		was    int64
		record store.Record
	}{
		{"no key", "", 0, good},
		{"a long key", string(make([]byte, store.MaxKey+1)), 0, good},
		{"no data", key, 0, store.Record{Version: 1}},
		{"much data", key, 0, store.Record{Version: 1, Data: make([]byte, store.MaxData+1)}},
		{"version 0", key, 0, store.Record{Data: []byte("a")}},
		{"a version that does not grow", key, 3, store.Record{Version: 3, Data: []byte("a")}},
		{"a negative version before", key, -1, good},
		{"a negative expiry", key, 0, store.Record{Version: 1, Expires: -1, Data: []byte("a")}},
	} {
		err := s.Save(c.key, c.was, &c.record)
		if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: answered %v", c.name, err)
		}
	}
	wantVersion(t, s, key, 0)
}

func noLostUpdate(t *testing.T, o Opening) {
	s := o.Open(t, nil)
	const writers, each = 8, 25
	var all sync.WaitGroup
	for w := 0; w < writers; w++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for done := 0; done < each; {
				got, err := s.Load(key, 0)
				if err != nil {
					t.Error(err)
					return
				}
				count := 0
				if got.Version != 0 {
					if count, err = strconv.Atoi(string(got.Data)); err != nil {
						t.Error(err)
						return
					}
				}
				err = s.Save(key, got.Version, &store.Record{Version: got.Version + 1, Data: []byte(strconv.Itoa(count + 1))})
				if err == nil {
					done++
				} else if !errors.Is(err, store.ErrConflict) {
					t.Error(err)
					return
				}
			}
		}()
	}
	all.Wait()
	got := load(t, s, key, 0)
	if string(got.Data) != strconv.Itoa(writers*each) || got.Version != writers*each {
		t.Fatalf("%d updates came to %q at version %d", writers*each, got.Data, got.Version)
	}
}

func manyKeys(t *testing.T, o Opening) {
	s := o.Open(t, nil)
	const writers, each = 8, 25
	var all sync.WaitGroup
	for w := 0; w < writers; w++ {
		all.Add(1)
		go func() {
			defer all.Done()
			own := fmt.Sprintf("shop/customer:%d", w)
			for v := int64(0); v < each; v++ {
				if err := s.Save(own, v, &store.Record{Version: v + 1, Data: []byte(own)}); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	all.Wait()
	for w := 0; w < writers; w++ {
		own := fmt.Sprintf("shop/customer:%d", w)
		if got := load(t, s, own, 0); got.Version != each || string(got.Data) != own {
			t.Errorf("%s: loaded %+v", own, got)
		}
	}
}

func reopening(t *testing.T, o Opening) {
	if o.Reopen == nil {
		t.Skip("the store keeps nothing")
	}
	s := o.Open(t, nil)
	save(t, s, "shop/a", 0, store.Record{Version: 1, Expires: farAway, Data: []byte("a1")})
	save(t, s, "shop/a", 1, store.Record{Version: 2, Expires: farAway, Data: []byte("a2")})
	save(t, s, "shop/b", 0, store.Record{Version: 9, Data: []byte("b")})
	if err := s.Delete("shop/b", 9); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 2; i++ {
		s = o.Reopen(t, s, nil)
		if got := load(t, s, "shop/a", 0); got.Version != 2 || got.Expires != farAway || string(got.Data) != "a2" {
			t.Fatalf("loaded %+v", got)
		}
		wantVersion(t, s, "shop/b", 0)
	}
	save(t, s, "shop/b", 0, store.Record{Version: 1, Data: []byte("b again")})
	s = o.Reopen(t, s, nil)
	wantVersion(t, s, "shop/b", 1)
}

func pending(t *testing.T, o Opening) {
	s := o.Open(t, nil)
	want := func(keys ...string) {
		t.Helper()
		got, err := s.Pending()
		if err != nil {
			t.Fatal(err)
		}
		sort.Strings(got)
		if fmt.Sprint(got) != fmt.Sprint(keys) {
			t.Fatalf("pending are %q, want %q", got, keys)
		}
	}
	want()
	for i := 0; i < 100; i++ { // enough for several small segments
		save(t, s, fmt.Sprintf("shop/%03d", i), 0, store.Record{Version: 1, Pending: i%50 == 7, Data: bytes.Repeat([]byte("x"), 100)})
	}
	want("shop/007", "shop/057")
	save(t, s, "shop/007", 1, store.Record{Version: 2, Expires: farAway, Data: []byte("done")})
	save(t, s, "shop/000", 1, store.Record{Version: 2, Expires: farAway, Pending: true, Data: []byte("new")})
	save(t, s, "shop/001", 1, store.Record{Version: 2, Expires: 1, Pending: true, Data: []byte("gone")})
	save(t, s, "shop/002", 1, store.Record{Version: 2, Pending: true, Data: []byte("dropped")})
	if err := s.Delete("shop/002", 2); err != nil {
		t.Fatal(err)
	}
	want("shop/000", "shop/057")
	if got := load(t, s, "shop/000", 0); !got.Pending || got.Expires != farAway {
		t.Fatalf("loaded %+v", got)
	}
	if o.Reopen == nil {
		return
	}
	for i := 0; i < 2; i++ {
		s = o.Reopen(t, s, nil)
		want("shop/000", "shop/057")
	}
	save(t, s, "shop/057", 1, store.Record{Version: 2, Data: []byte("done")})
	s = o.Reopen(t, s, nil)
	want("shop/000")
}

// claims needs two openings of the same data at once, and a store that several processes share.
func claims(t *testing.T, o Opening) {
	here := o.Open(t, nil)
	claim := func(s store.Store, key, part string, lease int64) int64 {
		t.Helper()
		wait, err := s.Claim(key, part, lease)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	if here.Tenure() != nil {
		for range 2 {
			if wait := claim(here, key, "a", 60_000); wait != 0 {
				t.Fatalf("the only user waits for %d ms", wait)
			}
		}
		return
	}
	there := o.Beside(t, here)
	if wait := claim(here, key, "a", 60_000); wait != 0 {
		t.Fatalf("the first waits for %d ms", wait)
	}
	if wait := claim(there, key, "a", 60_000); wait < 1 || wait > 60_000 {
		t.Fatalf("the second waits for %d ms", wait)
	}
	claim(there, key, "a", 0) // what another one holds cannot be given back
	if claim(there, key, "a", 60_000) == 0 {
		t.Fatal("a claim was taken from who holds it")
	}
	if claim(there, key, "b", 60_000) != 0 || claim(there, key+"x", "a", 60_000) != 0 {
		t.Fatal("another part or another record is kept back too")
	}
	if claim(here, key, "a", 500) != 0 {
		t.Fatal("who holds a claim cannot renew it")
	}
	for began := time.Now(); claim(there, key, "a", 60_000) != 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("a claim that nobody renews does not end")
		}
	}
	claim(there, key, "a", 0)
	if claim(here, key, "a", 60_000) != 0 {
		t.Fatal("what was given back cannot be claimed")
	}
}

func save(t *testing.T, s store.Store, key string, was int64, r store.Record) {
	t.Helper()
	if err := s.Save(key, was, &r); err != nil {
		t.Fatalf("saving version %d over %d: %v", r.Version, was, err)
	}
}

func load(t *testing.T, s store.Store, key string, have int64) store.Record {
	t.Helper()
	got, err := s.Load(key, have)
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	return got
}

func wantVersion(t *testing.T, s store.Store, key string, version int64) {
	t.Helper()
	if got := load(t, s, key, 0); got.Version != version {
		t.Fatalf("the version is %d, not %d", got.Version, version)
	}
}
