package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// backUp copies the segments of a folder as "cp carts-*.log" does. whole is false where one has vanished meanwhile.
func backUp(t *testing.T, from, to string, newestFirst bool) (whole bool) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(from, segmentPrefix+"*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(names)
	for i := range names {
		name := names[i]
		if newestFirst {
			name = names[len(names)-1-i]
		}
		content, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(name)), content, fileMode); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// busyCart is a cart whose step n is its version n, but for every fifth, which drops it.
type busyCart struct {
	begun, done atomic.Int64 // steps
}

func isDrop(step int64) bool { return step%5 == 0 }

// step does the next step of a cart.
func (c *busyCart) step(l *Log, key string) error {
	n := c.begun.Add(1)
	was := n - 1
	if isDrop(was) {
		was = 0
	}
	var err error
	if isDrop(n) {
		err = l.Delete(key, was)
	} else {
		err = l.Save(key, was, &Record{Version: n, Data: []byte(strconv.FormatInt(n, 10) + strings.Repeat("x", 300))})
	}
	c.done.Store(n)
	return err
}

// The page for operators (docs/store.md) promises this.
func TestACopyOfTheSegmentsMadeInUseHoldsWhatWasSavedBefore(t *testing.T) {
	o := small(t.TempDir())
	l := mustOpen(t, o)
	carts := make([]*busyCart, 40)
	for i := range carts {
		carts[i] = &busyCart{}
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		for i := 0; !t.Failed(); i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := carts[i%len(carts)].step(l, cartKey(i%len(carts))); err != nil {
				t.Errorf("step %d: %v", i, err)
			}
			if i%8 == 0 { // eight records fill less than a segment, so the folder stays small
				lookAfter(l)
			}
		}
	}()
	defer all.Wait()
	defer close(stop)
	for copies, tries := 0, 0; copies < 20; tries++ {
		if tries > 5000 {
			t.Fatalf("only %d of %d copies are whole", copies, tries)
		}
		done := make([]int64, len(carts))
		for i := range carts {
			done[i] = carts[i].done.Load()
		}
		to := t.TempDir()
		if !backUp(t, o.Folder, to, copies%2 == 1) {
			continue
		}
		copies++
		copied := mustOpen(t, quiet(to))
		for i := range carts {
			got, err := copied.Load(cartKey(i), 0)
			if err != nil {
				t.Fatal(err)
			}
			begun := carts[i].begun.Load()
			if got.Version != 0 && got.Version >= done[i] && got.Version <= begun {
				continue
			}
			dropped := got.Version == 0 && (done[i] == 0 || begun/5 > (done[i]-1)/5)
			if !dropped {
				t.Fatalf("cart %d has version %d in the copy; step %d was done before and %d begun after", i, got.Version, done[i], begun)
			}
		}
		mustClose(t, copied)
	}
}

func TestACopyOfAWholeFolderInUseCanBeOpened(t *testing.T) {
	o := small(t.TempDir())
	o.beatEvery, o.staleFrom = 10*time.Millisecond, 50*time.Millisecond
	l := mustOpen(t, o)
	mustSave(t, l, "shop/a", 0, 1, "a")
	o.Folder = copyFolder(t, o.Folder, true)
	lock, err := os.ReadFile(filepath.Join(l.o.Folder, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Folder, "lock"), lock, fileMode); err != nil {
		t.Fatal(err)
	}
	copied := mustOpen(t, o) // the lock in it names a process that lives, but elsewhere
	until(t, "the copied lock counts as left behind", func() bool { return copied.Ready() == nil })
	wantCart(t, copied, "shop/a", 1, "a")
	mustSave(t, l, "shop/a", 1, 2, "a2")
}
