package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// faultyDisk counts the system calls of a log and lets chosen ones fail.
type faultyDisk struct {
	mu    sync.Mutex
	calls int
	fails func(call int, op string) bool
	half  bool  // a write that fails has written half
	err   error // what a call that fails answers; nil is a full disk
}

func (f *faultyDisk) fault(op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.fails == nil || !f.fails(f.calls, op) {
		return nil
	}
	err := f.err
	if err == nil {
		err = syscall.ENOSPC
	}
	return &os.PathError{Op: op, Path: name, Err: err}
}

func (f *faultyDisk) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *faultyDisk) set(fails func(call int, op string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fails = fails
}

func (f *faultyDisk) disk() *disk {
	return &disk{
		open: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			if err := f.fault("open", name); err != nil {
				return nil, err
			}
			return os.OpenFile(name, flag, mode)
		},
		readDir: func(name string) ([]os.DirEntry, error) {
			if err := f.fault("readdir", name); err != nil {
				return nil, err
			}
			return os.ReadDir(name)
		},
		rename: func(from, to string) error {
			if err := f.fault("rename", from); err != nil {
				return err
			}
			return os.Rename(from, to)
		},
		remove: func(name string) error {
			if err := f.fault("remove", name); err != nil {
				return err
			}
			return os.Remove(name)
		},
		readAt: func(file *os.File, b []byte, at int64) (int, error) {
			if err := f.fault("read", file.Name()); err != nil {
				return 0, err
			}
			return file.ReadAt(b, at)
		},
		writeAt: func(file *os.File, b []byte, at int64) (int, error) {
			if err := f.fault("write", file.Name()); err != nil {
				if f.half {
					n, _ := file.WriteAt(b[:len(b)/2], at)
					return n, err
				}
				return 0, err
			}
			return file.WriteAt(b, at)
		},
		truncate: func(file *os.File, size int64) error {
			if err := f.fault("truncate", file.Name()); err != nil {
				return err
			}
			return file.Truncate(size)
		},
		sync: func(file *os.File) error {
			if err := f.fault("sync", file.Name()); err != nil {
				return err
			}
			return nil // nothing here outlives the machine, and a real fsync takes milliseconds
		},
	}
}

// model is what a log must hold: what was acknowledged, and nothing else.
type model map[string]Record

// work saves, deletes and merges, and tells the model what was acknowledged. Every error must be ErrUnavailable.
func work(t testing.TB, l *Log, m model) {
	t.Helper()
	acknowledge := func(err error, key string, r Record) {
		if err == nil {
			m[key] = r
		} else if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "no space left") {
			t.Fatalf("a fault shows as %v", err)
		}
	}
	for round := 0; round < 4; round++ {
		for c := 0; c < 6; c++ {
			key := cartKey(c)
			r := Record{Version: m[key].Version + 1, Data: []byte(fmt.Sprint(key, " ", round, strings.Repeat("x", 400)))}
			acknowledge(l.Save(key, m[key].Version, &r), key, r)
		}
		gone := cartKey(round)
		if m[gone].Version != 0 {
			acknowledge(l.Delete(gone, m[gone].Version), gone, Record{})
		}
		lookAfter(l)
	}
}

func TestAnySystemCallMayFail(t *testing.T) {
	for _, mode := range []string{SyncAlways, SyncOS} {
		for _, half := range []bool{false, true} {
			t.Run(fmt.Sprint(mode, " half writes ", half), func(t *testing.T) {
				for failing := 1; ; failing++ {
					if !failOne(t, mode, half, failing) {
						t.Logf("%d system calls failed, one at a time", failing-1)
						return
					}
				}
			})
		}
	}
}

// failOne lets one system call fail; it answers false where there was no such call.
func failOne(t *testing.T, mode string, half bool, failing int) bool {
	t.Helper()
	folder := t.TempDir()
	m := model{}
	o := small(folder)
	o.Sync = mode
	l := mustOpen(t, o)
	work(t, l, m)
	mustClose(t, l)

	f := &faultyDisk{half: half, fails: func(call int, op string) bool { return call == failing }}
	o.disk = f.disk()
	lines := &logLines{}
	o.Logger = newLogger(lines)
	defer func() {
		if t.Failed() {
			t.Logf("call %d failed; the log says:\n%s", failing, lines)
		}
	}()
	l, err := OpenLog(o)
	if err != nil {
		if !strings.Contains(err.Error(), "no space left") {
			t.Fatalf("opening answered %v", err)
		}
		if l, err = OpenLog(o); err != nil {
			t.Fatalf("opening again: %v", err)
		}
	}
	readAll := func() {
		for key, want := range m {
			got, err := l.Load(key, 0)
			if errors.Is(err, ErrUnavailable) {
				got, err = l.Load(key, 0) // the fault hit the read itself
			}
			if err != nil || got.Version != want.Version || string(got.Data) != string(want.Data) {
				t.Fatalf("call %d: %s: version %d, %v; wanted version %d", failing, key, got.Version, err, want.Version)
			}
		}
	}
	work(t, l, m)
	readAll()
	reached := f.count() >= failing
	closing := l.Close()
	if closing != nil && !strings.Contains(closing.Error(), "no space left") {
		t.Fatalf("closing answered %v", closing)
	}
	reached = reached || f.count() >= failing
	o.disk = nil
	os.Remove(folder + "/lock") // stays where the fault hit its removal; the process that holds it is this one
	l = mustOpen(t, o)
	readAll()
	work(t, l, m)
	readAll()
	mustClose(t, l)
	return reached
}

func TestAFullDiskIsLeftBehind(t *testing.T) {
	for _, mode := range []string{SyncAlways, SyncOS} {
		t.Run(mode, func(t *testing.T) {
			o := small(t.TempDir())
			o.Sync = mode
			f := &faultyDisk{half: true}
			o.disk = f.disk()
			l := mustOpen(t, o)
			mustSave(t, l, "shop/a", 0, 1, "a1")
			// Half records can be neither written nor cut off, and no segment can be begun.
			f.set(func(call int, op string) bool { return op == "write" || op == "truncate" })
			for i := 0; i < 3; i++ {
				if err := l.Save("shop/a", 1, &Record{Version: 2, Data: []byte("a2")}); !errors.Is(err, ErrUnavailable) {
					t.Fatalf("saving answered %v", err)
				}
				wantCart(t, l, "shop/a", 1, "a1")
			}
			f.set(nil)
			mustSave(t, l, "shop/b", 0, 1, "b1")
			killed := copyFolder(t, o.Folder, true)
			for _, folder := range []string{o.Folder, killed} {
				mustClose(t, l)
				o.Folder = folder
				l = mustOpen(t, o)
				wantCart(t, l, "shop/a", 1, "a1") // and not damaged by the half record of version 2
				wantCart(t, l, "shop/b", 1, "b1")
			}
		})
	}
}

func TestAFailedSyncTakesItsWritersBack(t *testing.T) {
	for _, truncates := range []bool{true, false} {
		o := small(t.TempDir())
		o.Sync = SyncAlways
		f := &faultyDisk{}
		o.disk = f.disk()
		l := mustOpen(t, o)
		mustSave(t, l, "shop/a", 0, 1, "a1")
		f.set(func(call int, op string) bool { return op == "sync" || op == "truncate" && !truncates })
		var all sync.WaitGroup
		for c := 0; c < 5; c++ {
			all.Add(1)
			go func() {
				defer all.Done()
				if err := l.Save(cartKey(c), 0, &Record{Version: 1, Data: []byte("x")}); !errors.Is(err, ErrUnavailable) {
					t.Errorf("saving answered %v", err)
				}
			}()
		}
		all.Wait()
		if err := l.Save("shop/a", 1, &Record{Version: 2, Data: []byte("a2")}); !errors.Is(err, ErrUnavailable) {
			t.Errorf("saving answered %v", err)
		}
		f.set(nil)
		wantCart(t, l, "shop/a", 1, "a1")
		mustSave(t, l, "shop/b", 0, 1, "b1")
		for again := 0; again < 2; again++ {
			for c := 0; c < 5; c++ {
				wantCart(t, l, cartKey(c), 0, "")
			}
			wantCart(t, l, "shop/a", 1, "a1")
			wantCart(t, l, "shop/b", 1, "b1")
			mustClose(t, l)
			l = mustOpen(t, o)
		}
	}
}

func TestManyWritersShareAnFsync(t *testing.T) {
	o := quiet(t.TempDir())
	o.Sync = SyncAlways
	syncs := 0
	var mu sync.Mutex
	running := make(chan struct{}, 1000)
	release := make(chan struct{})
	o.disk = &disk{sync: func(f *os.File) error {
		mu.Lock()
		syncs++
		mu.Unlock()
		running <- struct{}{}
		<-release
		return f.Sync()
	}}
	close(release)
	l := mustOpen(t, o)
	mustSave(t, l, "shop/first", 0, 1, "x")
	for len(running) > 0 {
		<-running
	}
	mu.Lock()
	before := syncs
	mu.Unlock()
	release = make(chan struct{})
	const writers = 50
	var all sync.WaitGroup
	for c := 0; c < writers; c++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if err := l.Save(cartKey(c), 0, &Record{Version: 1, Data: []byte("x")}); err != nil {
				t.Error(err)
			}
		}()
	}
	until(t, "all have written", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.pending) == writers
	})
	close(release)
	all.Wait()
	mu.Lock()
	defer mu.Unlock()
	if syncs-before > 2 {
		t.Fatalf("%d writers took %d fsyncs", writers, syncs-before)
	}
}
