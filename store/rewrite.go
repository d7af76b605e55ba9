package store

import (
	"errors"
	"io/fs"
	"math"
)

// fate is what becomes of the newest record of a cart when its segment is rewritten.
type fate int

const (
	fateMove fate = iota // it is written again to the newest segment
	fateBury             // it has expired, but an older record has not: a deletion takes its place
	fateDrop             // nobody needs it
)

// fateOf judges the newest record of a cart. over is, where a deletion stays or is made, the newest segment that may
// hold older records of the cart: the deletion goes when no other segment up to that one is left. oldest is the oldest
// other segment.
//
// Why this never brings an old record back: older records of a cart stand in older segments or earlier in the same one. While the
// newest record is there, it hides them. It goes without a trace only where no older record can outlive it
// (no flagOutlived), or where no other segment is left that could hold one.
func fateOf(e entry, s *segment, now int64, oldest uint32) (does fate, over int64) {
	if e.flags&flagDeleted != 0 {
		if int64(oldest) > e.expires {
			return fateDrop, 0
		}
		return fateMove, e.expires
	}
	if !expired(e.expires, now) {
		return fateMove, 0
	}
	if e.flags&(flagOutlived|flagDamaged) == 0 || oldest > s.number {
		return fateDrop, 0
	}
	return fateBury, int64(s.number)
}

// oldestBeside answers the number of the oldest segment but one. The lock is held.
func oldestBeside(l *Log, but *segment) uint32 {
	oldest := uint32(math.MaxUint32)
	for number := range l.segments {
		if number != but.number && number < oldest {
			oldest = number
		}
	}
	return oldest
}

// rewrite moves what is needed of a segment to the newest one and removes it. It can stop at any point: until the file is
// removed, which happens when everything moved is durable, the segment is only read.
func rewrite(l *Log, s *segment) {
	l.mu.Lock()
	tenure, failures := l.tenure.Load(), l.failures
	l.mu.Unlock()
	c := &scan{o: l.o, s: s, at: segmentHeader, end: s.size}
	moved := int64(0)
	for records := 1; ; records++ {
		found, err := scanNext(c)
		if err != nil {
			if !errors.Is(err, fs.ErrClosed) {
				l.o.Logger.Warn("a segment could not be rewritten", "file", s.name, "offset", c.at, "error", err.Error())
			}
			return
		}
		if !found {
			break
		}
		bytes, err := rewriteRecord(l, s, c, tenure)
		if err != nil {
			l.o.Logger.Warn("a segment could not be rewritten yet", "file", s.name, "offset", c.offset, "error", err.Error())
			return
		}
		moved += bytes
		if records%stepRecords == 0 {
			pause(l)
		}
		if stopped(l) {
			return
		}
	}
	if !makeDurable(l, failures) || l.tenure.Load() != tenure {
		return
	}
	retire(l, s, moved)
}

var (
	errFolderLost = errors.New("the data folder was lost meanwhile")
	errKeeps      = errors.New("it holds damaged bytes and stays as it is")
)

// rewriteRecord does with one record what its fate is, and answers the bytes written.
func rewriteRecord(l *Log, s *segment, c *scan, tenure int64) (int64, error) {
	now := clockNow(l.o)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state != stateOpen || l.tenure.Load() != tenure {
		return 0, errFolderLost
	}
	damaged := c.head.flags&flagDamaged != 0
	if !damaged && !currentAt(l, s, c) {
		return 0, nil
	}
	// This may let go of the lock, so the index is asked again.
	if err := prepareWrite(l, c.length, now); err != nil {
		return 0, err
	}
	current := currentAt(l, s, c)
	if damaged && (current || c.key == "") {
		s.keeps = true
		return 0, errKeeps
	}
	if !current {
		return 0, nil
	}
	e := l.index[c.key]
	if e.flags&flagDamaged != 0 {
		s.keeps = true
		return 0, errKeeps
	}
	does, over := fateOf(e, s, now, oldestBeside(l, s))
	if does == fateDrop {
		dropEntry(l, c.key, &e)
		return 0, nil
	}
	if does == fateBury {
		gone := &Record{Version: e.version, Expires: over}
		b := frameDeletion(c.key, gone)
		err := write(l, c.key, b, flagDeleted, gone, &e)
		return int64(len(b)), err
	}
	err := write(l, c.key, c.bytes, e.flags, &Record{Version: e.version, Expires: e.expires}, &e)
	return c.length, err
}

// currentAt tells whether a record is the newest of its cart. The lock is held.
func currentAt(l *Log, s *segment, c *scan) bool {
	e, had := l.index[c.key]
	return had && e.segment == s.number && int64(e.offset) == c.offset
}

// makeDurable syncs everything written up to now. It answers false where an fsync has failed since failures was read.
func makeDurable(l *Log, failures int64) bool {
	for _, s := range sealedSegments(l) {
		syncSealed(l, s)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.syncing {
		l.cond.Wait()
	}
	if l.state != stateOpen {
		return false
	}
	if l.active != nil && l.active.size > l.durable {
		syncActive(l)
	}
	if l.failures != failures || l.state != stateOpen {
		return false
	}
	for _, s := range l.segments {
		if s != l.active && !s.synced {
			return false // sealed a moment ago; the next round does it
		}
	}
	return true
}

// retire removes the file of a segment that nobody needs any more. Only when it is gone for good does the log forget it, for
// deletions stay as long as an older segment does.
func retire(l *Log, s *segment, moved int64) {
	err := diskRemove(l.o.disk, s.name)
	if err == nil {
		err = diskSyncFolder(l.o.disk, l.o.Folder)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.o.Logger.Warn("a rewritten segment could not be removed yet", "file", s.name, "error", err.Error())
		return
	}
	if err := diskRemove(l.o.disk, hintName(s.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.o.Logger.Warn("the hint of a rewritten segment stays until the next start", "file", s.name, "error", err.Error())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.segments[s.number] != s {
		return
	}
	delete(l.segments, s.number)
	s.file.Close()
	for _, other := range l.segments {
		if other.kept > 0 {
			other.inspected = 0 // its deletions may be able to go now
		}
	}
	l.o.Logger.Info("a segment was rewritten", "file", s.name, "bytes", s.size, "kept", moved)
}
