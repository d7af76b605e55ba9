package store

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// inspectEvery is how often the janitor looks what a segment still holds. Carts expire without anybody asking, so waste
// that no writer has counted is only found by looking; it takes 0.1 s of one core for a segment of 64 MiB.
const inspectEvery = 10 * time.Minute

// stepRecords is how many records the janitor works on before it pauses for stepPause, so that requests come first.
const (
	stepRecords = 128
	stepPause   = time.Millisecond
)

// startJanitor starts the goroutine that looks after the folder: it makes sealed segments durable, writes their hints and
// rewrites those that are mostly waste.
func startJanitor(l *Log) {
	runBackground(l, "janitor", func() {
		for awaitWork(l) {
			lookAfter(l)
		}
	})
}

// awaitWork waits until there is something to look after or MergeEvery is over. It answers false where the log is being closed.
func awaitWork(l *Log) bool {
	wait, cancel := context.WithTimeout(l.open, l.o.MergeEvery)
	defer cancel()
	l.rousing.Lock()
	l.rouse = cancel
	if l.roused {
		cancel()
	}
	l.rousing.Unlock()
	<-wait.Done()
	l.rousing.Lock()
	l.roused = false
	l.rousing.Unlock()
	return !stopped(l)
}

// wakeJanitor says that there is something to look after.
func wakeJanitor(l *Log) {
	l.rousing.Lock()
	defer l.rousing.Unlock()
	l.roused = true
	if l.rouse != nil {
		l.rouse()
	}
}

// lookAfter does one round of the janitor's work: at most one segment is rewritten.
func lookAfter(l *Log) {
	for _, s := range sealedSegments(l) {
		if stopped(l) {
			return
		}
		syncSealed(l, s)
		hintSealed(l, s)
	}
	if s := mostWaste(l); s != nil {
		inspect(l, s)
		if wasteful(l, s) {
			rewrite(l, s)
		}
		return
	}
	if s := longestUnseen(l); s != nil {
		inspect(l, s)
	}
	if s := blocksDeletions(l); s != nil {
		rewrite(l, s)
	}
}

// sealedSegments lists the segments that take no more records, while the log is open.
func sealedSegments(l *Log) []*segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	sealed := []*segment{}
	if l.state != stateOpen {
		return sealed
	}
	for _, s := range l.segments {
		if s.sealed && s != l.active {
			sealed = append(sealed, s)
		}
	}
	return sealed
}

// stopped tells whether the log is being closed.
func stopped(l *Log) bool { return l.open.Err() != nil }

func syncSealed(l *Log, s *segment) {
	l.mu.Lock()
	due := !s.synced
	l.mu.Unlock()
	if !due {
		return
	}
	if err := diskSync(l.o.disk, s.file); err != nil {
		if !errors.Is(err, fs.ErrClosed) {
			l.o.Logger.Error("a full segment could not be synced", "file", s.name, "error", err.Error())
		}
		return
	}
	l.mu.Lock()
	s.synced = true
	l.mu.Unlock()
}

func hintSealed(l *Log, s *segment) {
	l.mu.Lock()
	due := s.covered != s.size
	l.mu.Unlock()
	if !due {
		return
	}
	if err := hintSegment(l.o, s); err != nil && !errors.Is(err, fs.ErrClosed) {
		l.o.Logger.Warn("a hint could not be written", "file", s.name, "error", err.Error())
	}
	l.mu.Lock()
	s.covered = s.size // also where there could be none: the next start reads the segment then
	l.mu.Unlock()
}

// mostWaste answers the sealed segment with the largest share of waste, if that is enough to rewrite it.
func mostWaste(l *Log) *segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	var worst *segment
	if l.state != stateOpen {
		return nil
	}
	for _, s := range l.segments {
		if !s.sealed || s == l.active || s.keeps || !enoughWaste(l, s) {
			continue
		}
		if worst == nil || s.waste*worst.size > worst.waste*s.size {
			worst = s
		}
	}
	return worst
}

func enoughWaste(l *Log, s *segment) bool {
	return s.size <= segmentHeader || s.waste*100 >= (s.size-segmentHeader)*l.o.MergeWaste
}

func wasteful(l *Log, s *segment) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state == stateOpen && !s.keeps && enoughWaste(l, s)
}

// longestUnseen answers the sealed segment that was not looked into for the longest time, if that is long enough.
func longestUnseen(l *Log) *segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	var oldest *segment
	if l.state != stateOpen {
		return nil
	}
	before := time.Now().Add(-inspectEvery).UnixMilli()
	for _, s := range l.segments {
		if s.sealed && s != l.active && s.inspected < before && (oldest == nil || s.inspected < oldest.inspected) {
			oldest = s
		}
	}
	return oldest
}

// blocksDeletions answers the oldest segment where deletions that must stay because of it take a quarter of the folder.
// Rewriting it moves its carts to the newest segment, and once the oldest are through, the deletions can go.
func blocksDeletions(l *Log) *segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	var oldest *segment
	size, kept := int64(0), int64(0)
	if l.state != stateOpen {
		return nil
	}
	for _, s := range l.segments {
		size += s.size
		kept += s.kept
		if !s.sealed || s == l.active {
			continue
		}
		if s.inspected == 0 {
			return nil // what the deletions take is not known yet
		}
		if !s.keeps && (oldest == nil || s.number < oldest.number) {
			oldest = s
		}
	}
	if kept*4 < size || oldest == nil {
		return nil
	}
	return oldest
}

// inspect counts exactly what of a segment is still needed.
func inspect(l *Log, s *segment) {
	t, err := readHint(l.o, s)
	if err != nil || t.Covers != s.size {
		t = &table{}
		if _, _, err = scanTable(l.o, s, t, segmentHeader); err != nil {
			if !errors.Is(err, fs.ErrClosed) {
				l.o.Logger.Warn("a segment could not be looked into", "file", s.name, "error", err.Error())
			}
			return
		}
	}
	needed, kept := int64(0), int64(0)
	for from := 0; from < len(t.Keys); from += stepRecords {
		to := from + stepRecords
		if to > len(t.Keys) {
			to = len(t.Keys)
		}
		stepNeeded, stepKept, ok := inspectStep(l, s, t, from, to)
		if !ok {
			return
		}
		needed += stepNeeded
		kept += stepKept
		if to < len(t.Keys) {
			pause(l)
		}
	}
	l.mu.Lock()
	s.waste = s.size - segmentHeader - needed
	s.kept = kept
	s.inspected = time.Now().UnixMilli()
	l.mu.Unlock()
}

// inspectStep counts the needed bytes in some rows of a segment's table; kept are those of deletions among them.
func inspectStep(l *Log, s *segment, t *table, from, to int) (needed, kept int64, ok bool) {
	now := clockNow(l.o)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state != stateOpen || l.segments[s.number] != s || stopped(l) {
		return 0, 0, false
	}
	needed = 0 // said, because a result does not begin as zero (docs/interpreter.md: named results)
	kept = 0
	oldest := oldestBeside(l, s)
	for i := from; i < to; i++ {
		found, had := l.index[t.Keys[i]]
		if !had || found.segment != s.number || found.offset != t.Offsets[i] {
			continue
		}
		fate, over := fateOf(found, s, now, oldest)
		if fate == fateMove {
			needed += int64(found.length)
		}
		if fate == fateBury {
			needed += frameHeader + int64(len(t.Keys[i]))
		}
		if over != 0 {
			kept += frameHeader + int64(len(t.Keys[i]))
		}
	}
	return needed, kept, true
}

// pause lets requests come first.
func pause(l *Log) { _ = waited(l, stepPause) }
