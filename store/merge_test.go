package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// small are options with the smallest segments, and nothing in the background but what the test does.
func small(folder string) LogOptions {
	o := quiet(folder)
	o.SegmentBytes = 4 << 10
	return o
}

// rest lets the janitor work until nothing is left to do.
func rest(l *Log) {
	for rounds := 0; rounds < 200; rounds++ {
		for _, s := range sealedSegments(l) {
			inspect(l, s)
		}
		before := l.Stats()
		lookAfter(l)
		if after := l.Stats(); after == before {
			return
		}
	}
}

// logBytes adds up the segment files; one that vanishes meanwhile has no bytes.
func logBytes(folder string) int64 {
	names, _ := filepath.Glob(filepath.Join(folder, "*"+segmentSuffix))
	total := int64(0)
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			total += info.Size()
		}
	}
	return total
}

func TestMergingUnderWritersLosesNothingAndShrinksTheFolder(t *testing.T) {
	for _, mode := range []string{SyncAlways, SyncInterval, SyncOS} {
		t.Run(mode, func(t *testing.T) {
			o := small(t.TempDir())
			o.Sync, o.Interval, o.MergeEvery = mode, 10*time.Millisecond, 10*time.Millisecond
			o.unkept = false
			l := mustOpen(t, o)
			const carts, writers, versions = 20, 4, 60
			payload := strings.Repeat("x", 100)
			var all sync.WaitGroup
			for w := 0; w < writers; w++ {
				all.Add(1)
				go func() {
					defer all.Done()
					for v := int64(0); v < versions; v++ {
						for c := 0; c < carts/writers; c++ {
							key := cartKey(w*carts/writers + c)
							if err := l.Save(key, v, &Record{Version: v + 1, Data: []byte(fmt.Sprint(key, v+1, payload))}); err != nil {
								t.Error(err)
								return
							}
							if got, err := l.Load(key, 0); err != nil || got.Version != v+1 {
								t.Errorf("read back version %d, %v; wanted %d", got.Version, err, v+1)
								return
							}
						}
					}
				}()
			}
			all.Wait()
			until(t, "the folder has shrunk", func() bool { return logBytes(o.Folder) < 6*4<<10 })
			for again := 0; again < 2; again++ {
				for c := 0; c < carts; c++ {
					wantCart(t, l, cartKey(c), versions, fmt.Sprint(cartKey(c), versions, payload))
				}
				mustClose(t, l)
				l = mustOpen(t, o)
			}
		})
	}
}

func TestACrashInTheMiddleOfAMergeLosesNothing(t *testing.T) {
	folder := t.TempDir()
	// A copy of the folder after every system call that changes it is what a crash could leave.
	var copies []string
	merging := false
	step := func() {
		if merging {
			copies = append(copies, copyFolder(t, folder, true))
		}
	}
	o := small(folder)
	o.disk = &disk{
		remove:  func(name string) error { step(); defer step(); return os.Remove(name) },
		writeAt: func(f *os.File, b []byte, at int64) (int, error) { step(); return f.WriteAt(b, at) },
		rename:  func(from, to string) error { step(); defer step(); return os.Rename(from, to) },
	}
	l := mustOpen(t, o)
	fill := func(version int64) {
		for c := 0; c < 40; c++ {
			if c%2 == 0 || version == 1 {
				mustSave(t, l, cartKey(c), version-1, version, strings.Repeat(strconv.FormatInt(version, 10), 200))
			}
		}
	}
	fill(1)
	fill(2)
	merging = true
	rest(l)
	step()
	merging = false
	if len(copies) < 20 {
		t.Fatalf("the merge made only %d system calls", len(copies))
	}
	for _, copied := range copies {
		l := mustOpen(t, small(copied))
		for c := 0; c < 40; c++ {
			version := int64(1 + (c+1)%2)
			wantCart(t, l, cartKey(c), version, strings.Repeat(strconv.FormatInt(version, 10), 200))
		}
		mustClose(t, l)
	}
}

// oldRecords is a log whose segments hold one record of cart shop/b each, beside a large cart that fills the segment.
type oldRecords struct {
	t       *testing.T
	o       LogOptions
	l       *Log
	now     int64
	fillers int
	dying   []string
}

func newOldRecords(t *testing.T) *oldRecords {
	r := &oldRecords{t: t, now: 1_700_000_000_000}
	r.o = small(t.TempDir())
	r.o.Clock = func() int64 { return r.now }
	r.l = mustOpen(t, r.o)
	return r
}

// fill fills the segment with a cart that stays, so that the segment is never rewritten, or with one that goes.
func (r *oldRecords) fill(stays bool) {
	r.fillers++
	key := cartKey(r.fillers)
	mustSave(r.t, r.l, key, 0, 1, strings.Repeat("x", 3660)) // leaves no room for a deletion
	if !stays {
		r.dying = append(r.dying, key)
	}
}

func (r *oldRecords) save(was, version, expires int64, stays bool) {
	r.t.Helper()
	if err := r.l.Save("shop/b", was, &Record{Version: version, Expires: expires, Data: []byte(strings.Repeat("b", 300))}); err != nil {
		r.t.Fatal(err)
	}
	r.fill(stays)
}

func (r *oldRecords) delete(was int64) {
	r.t.Helper()
	if err := r.l.Delete("shop/b", was); err != nil {
		r.t.Fatal(err)
	}
	r.fill(false)
}

// merge lets the carts go that were to go, so that their segments are rewritten.
func (r *oldRecords) merge() {
	for _, key := range r.dying {
		if err := r.l.Delete(key, 1); err != nil {
			r.t.Fatal(err)
		}
	}
	r.dying = nil
	r.fill(true)
	rest(r.l)
}

func (r *oldRecords) reopen() {
	mustClose(r.t, r.l)
	r.l = mustOpen(r.t, r.o)
}

// wantGone checks that the oldest record is still on the disk and never comes back.
func (r *oldRecords) wantGone() {
	r.t.Helper()
	for again := 0; again < 3; again++ {
		r.merge()
		wantCart(r.t, r.l, "shop/b", 0, "")
		if _, err := os.Stat(segmentName(r.o.Folder, 1)); err != nil {
			r.t.Fatalf("the oldest record is not on the disk any more: %v", err)
		}
		r.reopen()
		wantCart(r.t, r.l, "shop/b", 0, "")
	}
}

func TestAnOldRecordNeverComesBack(t *testing.T) {
	for _, reopens := range []bool{false, true} {
		between := func(r *oldRecords) {
			if reopens {
				r.merge()
				r.reopen()
			}
		}
		t.Run(fmt.Sprint("when a newer one expires before it, reopened ", reopens), func(t *testing.T) {
			r := newOldRecords(t)
			r.save(0, 1, 0, true)
			between(r)
			r.save(1, 2, r.now+1000, false)
			between(r)
			r.now += 1000
			r.wantGone()
		})
		t.Run(fmt.Sprint("when the newest of three expires last but one, reopened ", reopens), func(t *testing.T) {
			r := newOldRecords(t)
			r.save(0, 1, r.now+9000, true)
			between(r)
			r.save(1, 2, r.now+1000, false)
			between(r)
			r.save(2, 3, r.now+2000, false)
			between(r)
			r.now += 2000
			r.wantGone()
		})
		t.Run(fmt.Sprint("when a newer one was deleted, reopened ", reopens), func(t *testing.T) {
			r := newOldRecords(t)
			r.save(0, 1, 0, true)
			between(r)
			r.delete(1)
			between(r)
			r.wantGone()
		})
		t.Run(fmt.Sprint("when it was deleted, made again, and that has expired, reopened ", reopens), func(t *testing.T) {
			r := newOldRecords(t)
			r.save(0, 1, 0, true)
			between(r)
			r.delete(1)
			between(r)
			r.save(0, 1, r.now+1000, false)
			between(r)
			r.now += 1000
			r.wantGone()
		})
	}
}

func TestExpiredAndDeletedCartsLeaveDiskAndIndex(t *testing.T) {
	now := int64(1_700_000_000_000)
	o := small(t.TempDir())
	o.Clock = func() int64 { return now }
	l := mustOpen(t, o)
	for c := 0; c < 200; c++ {
		if err := l.Save(cartKey(c), 0, &Record{Version: 1, Expires: now + 1000, Data: []byte(strings.Repeat("x", 200))}); err != nil {
			t.Fatal(err)
		}
	}
	for c := 200; c < 400; c++ {
		mustSave(t, l, cartKey(c), 0, 1, strings.Repeat("x", 200))
	}
	for c := 200; c < 400; c++ {
		if err := l.Delete(cartKey(c), 1); err != nil {
			t.Fatal(err)
		}
	}
	mustSave(t, l, "shop/stays", 0, 1, "stays")
	now += 1000
	rest(l)
	if stats := l.Stats(); stats.Bytes > 5*4<<10 || stats.Carts > 100 {
		t.Fatalf("%+v is left of one cart", stats)
	}
	wantCart(t, l, "shop/stays", 1, "stays")
}

func TestDeletionsBehindACartThatNeverChangesDoNotPileUp(t *testing.T) {
	o := small(t.TempDir())
	l := mustOpen(t, o)
	mustSave(t, l, "shop/stays", 0, 1, strings.Repeat("x", 4000)) // the oldest segment, without any waste
	for c := 0; c < 2000; c++ {
		key := cartKey(c)
		mustSave(t, l, key, 0, 1, "x")
		if err := l.Delete(key, 1); err != nil {
			t.Fatal(err)
		}
		if c%100 == 99 {
			rest(l)
		}
	}
	if stats := l.Stats(); stats.Bytes > 20*4<<10 || stats.Carts > 500 {
		t.Fatalf("%+v is left of one cart", stats)
	}
	wantCart(t, l, "shop/stays", 1, strings.Repeat("x", 4000))
}

func TestASegmentWithADamagedCartIsNotRemoved(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, small(folder))
	for c := 0; c < 20; c++ {
		mustSave(t, l, cartKey(c), 0, 1, strings.Repeat("1", 200))
	}
	for c := 1; c < 20; c++ {
		mustSave(t, l, cartKey(c), 1, 2, strings.Repeat("2", 200))
	}
	flip(t, segmentName(folder, 1), segmentHeader+frameHeader+100)
	rest(l)
	for again := 0; again < 2; again++ {
		wantDamaged(t, l, cartKey(0))
		for c := 1; c < 20; c++ {
			wantCart(t, l, cartKey(c), 2, strings.Repeat("2", 200))
		}
		if _, err := os.Stat(segmentName(folder, 1)); err != nil {
			t.Fatal(err)
		}
		mustClose(t, l)
		l = mustOpen(t, small(folder))
	}
	mustSave(t, l, cartKey(0), 1, 2, "healed")
	wantCart(t, l, cartKey(0), 2, "healed")
}

func TestLoadsGoOnWhileSegmentsAreRewritten(t *testing.T) {
	l := mustOpen(t, small(t.TempDir()))
	for c := 0; c < 10; c++ {
		mustSave(t, l, cartKey(c), 0, 1, strings.Repeat("x", 300))
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		for c := 0; ; c = (c + 1) % 10 {
			select {
			case <-stop:
				return
			default:
			}
			if got, err := l.Load(cartKey(c), 0); err != nil || got.Version == 0 {
				t.Errorf("version %d, %v", got.Version, err)
				return
			}
		}
	}()
	for v := int64(1); v < 60; v++ {
		for c := 0; c < 10; c++ {
			mustSave(t, l, cartKey(c), v, v+1, strings.Repeat("x", 300))
		}
		lookAfter(l)
	}
	close(stop)
	all.Wait()
	if err := l.Delete(cartKey(0), 1); !errors.Is(err, ErrConflict) {
		t.Fatal(err)
	}
}
