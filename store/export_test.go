package store

import (
	"os"
	"sync"
	"testing"
)

// Faults let the system calls of logs fail, for tests that reach the store through the door.
type Faults struct{ disk *faultyDisk }

// OnFaultyDisk gives every log that is opened until the test ends a disk whose system calls can fail. Then they all do: the
// door keeps a store open for a while that nobody uses any more, and no file may come into the test's folder while it is
// removed.
func OnFaultyDisk(t testing.TB) *Faults {
	f := &faultyDisk{half: true}
	faulty, before := f.disk(), usualDisk
	var making sync.RWMutex
	open, rename := faulty.open, faulty.rename
	faulty.open = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		making.RLock()
		defer making.RUnlock()
		return open(name, flag, mode)
	}
	faulty.rename = func(from, to string) error {
		making.RLock()
		defer making.RUnlock()
		return rename(from, to)
	}
	usualDisk = faulty
	t.Cleanup(func() {
		usualDisk = before
		making.Lock()
		defer making.Unlock()
		f.set(func(int, string) bool { return true })
	})
	return &Faults{f}
}

// Set lets calls fail with err where fails says so; calls are counted from 1 on. nil lets none fail.
func (f *Faults) Set(err error, fails func(call int, op string) bool) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.disk.calls, f.disk.err, f.disk.fails = 0, err, fails
}

// Calls are the system calls since Set.
func (f *Faults) Calls() int { return f.disk.count() }
