package store

import (
	"fmt"
	"time"
)

// tryOpen makes one attempt to own the folder and, where it succeeds, to read it.
func tryOpen(l *Log) error {
	taken, err := lockTry(l.lock)
	if err != nil {
		return failOpen(l, err)
	}
	if !taken.owned {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.state = stateWaiting
		l.why = "the data folder " + l.o.Folder + " is in use by " + taken.from
		return nil
	}
	started := time.Now()
	found, err := readFolder(l.o)
	if err != nil {
		return failOpen(l, err)
	}
	held, err := lockHeld(l.lock)
	if err == nil && !held {
		err = fmt.Errorf("the data folder %s was taken over by another process while it was read", l.o.Folder)
	}
	if err != nil {
		closeSegments(found.segments)
		return failOpen(l, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.index, l.segments, l.nextNumber = found.index, found.segments, found.next
	l.waiting = found.waiting
	l.active = nil
	if s := found.newest; s != nil && !taken.uncertain {
		s.sealed = false // roll begins another one where it is full
		s.limit = l.o.SegmentBytes
		l.active, l.durable = s, s.size
	}
	l.state = stateOpen
	l.why = ""
	trust(l, clockNow(l.o))
	l.o.Logger.Info("the cart store is open", "folder", l.o.Folder, "carts", len(l.index), "segments", len(l.segments), "milliseconds", time.Since(started).Milliseconds())
	return nil
}

// failOpen gives the folder free and remembers why it could not be opened.
func failOpen(l *Log, cause error) error {
	if err := lockRelease(l.lock); err != nil {
		l.o.Logger.Error("the lock of the data folder stays", "error", err.Error())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Two statements, because the interpreter loses a constant assigned beside a call
	// (docs/interpreter.md: assignments of several values).
	l.state = stateWaiting
	l.why = cause.Error()
	l.retryFrom = time.Now().Add(retryAfter)
	return fmt.Errorf("opening the cart store: %w", cause)
}

// retryAfter is how long the log waits after a folder could not be read: reading it again may take a while, and what is
// wrong is most likely for people to mend.
const retryAfter = 30 * time.Second

// startBeats starts the goroutine that shows others that we live. It runs while the folder is read too, which may take
// longer than others wait.
func startBeats(l *Log) {
	runEvery(l, "lock", l.o.beatEvery, beat)
}

func beat(l *Log) {
	owned, lost, err := lockBeat(l.lock)
	l.mu.Lock()
	defer l.mu.Unlock()
	if lost {
		loseFolder(l)
		return
	}
	if err != nil {
		l.o.Logger.Warn("the lock file could not be renewed", "folder", l.o.Folder, "error", err.Error())
		return
	}
	if owned && l.state == stateOpen {
		trust(l, clockNow(l.o))
	}
}

// trust believes for a while that the folder is ours, which was just seen. The log is open and the lock is held.
func trust(l *Log, now int64) {
	l.trustFrom = now
	l.trustUntil = now + l.trustFor
}

// startKeeper starts the goroutine that waits for the folder while another process owns it.
func startKeeper(l *Log) {
	runEvery(l, "keeper", l.o.beatEvery/2, waitForFolder)
}

func waitForFolder(l *Log) {
	l.mu.Lock()
	waiting := l.state == stateWaiting && !l.syncing && !time.Now().Before(l.retryFrom)
	if waiting && l.segments != nil {
		letGo(l)
	}
	l.mu.Unlock()
	if !waiting {
		return
	}
	if err := tryOpen(l); err != nil {
		l.o.Logger.Error("the cart store stays closed", "folder", l.o.Folder, "error", err.Error())
	}
}

// confirmTenure answers nil where the log is open and the folder is ours. Where the last beat is long ago, the process may
// have been stopped for a while and another have taken over, so it looks before it trusts. The lock is held.
func confirmTenure(l *Log, now int64) error {
	if now >= l.trustFrom && now < l.trustUntil {
		return nil
	}
	if l.state != stateOpen {
		return usable(l)
	}
	held, err := lockHeld(l.lock)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if !held {
		loseFolder(l)
		return usable(l)
	}
	trust(l, now)
	return nil
}

// loseFolder stops all work on a folder that another process has taken over. Nothing of ours is cut off any more:
// the new owner has read it. The lock is held.
func loseFolder(l *Log) {
	if l.state != stateOpen {
		return
	}
	l.state = stateWaiting
	l.trustUntil = 0
	l.why = "the data folder " + l.o.Folder + " was taken over by another process"
	l.tenure.Add(1)
	l.o.Logger.Error("the data folder was taken over by another process; the cart store waits for it", "folder", l.o.Folder)
	if !l.syncing {
		failPending(l, usable(l))
	}
	l.cond.Broadcast()
}

// letGo closes the files. The lock is held, and no fsync is running.
func letGo(l *Log) {
	closeSegments(l.segments)
	// One at a time: the interpreter panics where nil is one of several values (docs/interpreter.md: assignments of several values).
	l.index = nil
	l.waiting = nil
	l.segments = nil
	l.active = nil
	l.unsettled = nil
}

func closeSegments(segments map[uint32]*segment) {
	for _, s := range segments {
		s.file.Close()
	}
}
