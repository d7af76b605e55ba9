package store

import (
	"context"
	"fmt"
	"time"
)

// pendingWrite is a record that is written but not yet durable, with what the index knew before.
type pendingWrite struct {
	key   string
	older *entry
	done  bool
	err   error
}

// syncActive makes the newest segment durable and tells the writers that wait for it: one fsync for all that have written
// before it began. The lock is held and is let go meanwhile; no other fsync is running.
func syncActive(l *Log) {
	s, size, count := l.active, l.active.size, len(l.pending)
	l.syncing = true
	l.mu.Unlock()
	err := diskSync(l.o.disk, s.file)
	l.mu.Lock()
	l.syncing = false
	if l.state == stateWaiting {
		failPending(l, usable(l)) // the folder was lost meanwhile: the new owner may not have seen these records
	} else if err != nil {
		failSync(l, s, err)
	} else {
		for i := 0; i < count; i++ {
			l.pending[i].done = true
		}
		l.pending = append([]*pendingWrite{}, l.pending[count:]...)
		if size > l.durable {
			l.durable = size
		}
	}
	l.cond.Broadcast()
}

// failSync closes a segment to writers whose fsync failed: what the disk has of it is not known, and a second fsync may
// succeed without having written (the kernel reports such an error once). The writers that wait get the error, and the
// index is put back to what is durable. Where nobody waits, the records have been acknowledged and stay readable.
// The lock is held.
func failSync(l *Log, s *segment, cause error) {
	l.failures++
	seal(s)
	l.o.Logger.Error("an fsync of the cart store failed; the next cart goes to a new segment", "file", s.name, "from", l.durable, "to", s.size, "error", cause.Error())
	if l.o.Sync != SyncAlways {
		return
	}
	if err := diskTruncate(l.o.disk, s.file, l.durable); err != nil {
		l.o.Logger.Error("records that were not synced could not be cut off", "file", s.name, "offset", l.durable, "error", err.Error())
		for _, p := range l.pending {
			l.unsettled = append(l.unsettled, p.key)
		}
	}
	s.size = l.durable
	failPending(l, fmt.Errorf("syncing %s: %w: %w", s.name, ErrUnavailable, cause))
}

// failPending puts the index back to what is durable and gives the writers that wait an error. The lock is held.
func failPending(l *Log, err error) {
	for i := len(l.pending) - 1; i >= 0; i-- {
		p := l.pending[i]
		restoreEntry(l, p.key, p.older)
		p.done = true
		p.err = err
	}
	l.pending = nil
}

// startSyncer starts the goroutine of SyncInterval.
func startSyncer(l *Log) {
	runEvery(l, "sync", l.o.Interval, syncIfNeeded)
}

func syncIfNeeded(l *Log) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state == stateOpen && l.active != nil && !l.active.sealed && !l.syncing && l.active.size > l.durable {
		syncActive(l)
	}
}

// waited waits for so long, and answers false where the log is being closed. A context takes the place of a select, which
// would mix up the channels of two logs (docs/interpreter.md: select).
func waited(l *Log, d time.Duration) bool {
	wait, cancel := context.WithTimeout(l.open, d)
	defer cancel()
	<-wait.Done()
	return !stopped(l)
}

// runEvery runs a goroutine of the log that works at every interval until the log is being closed.
func runEvery(l *Log, name string, interval time.Duration, work func(*Log)) {
	runBackground(l, name, func() {
		next := time.Now().Add(interval)
		for waited(l, time.Until(next)) {
			next = time.Now().Add(interval) // from where the work begins, as a ticker counts
			work(l)
		}
	})
}

// runBackground runs a goroutine of the log until it returns, which it does when the log is being closed. After a panic it runs
// again, a second later: a panic that got out would end the whole process (docs/interpreter.md: panics in goroutines).
func runBackground(l *Log, name string, work func()) {
	l.background.Add(1)
	go func() {
		defer l.background.Done()
		for {
			if finished(l, name, work) || !waited(l, time.Second) {
				return
			}
		}
	}()
}

// finished runs work and answers false where it panicked.
func finished(l *Log, name string, work func()) (ok bool) {
	defer func() {
		if fault := recover(); fault != nil {
			l.o.Logger.Error("a background goroutine of the cart store panicked; it is started again", "goroutine", name, "panic", fmt.Sprint(fault))
			ok = false
		}
	}()
	work()
	return true
}
