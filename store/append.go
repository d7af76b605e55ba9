package store

import (
	"fmt"
	"io"
)

// prepareWrite sees that a record can be appended: the log is open, the folder is ours, and the newest segment has room.
// It may let go of the lock while it waits for an fsync, so the index is read after it, not before. The lock is held.
func prepareWrite(l *Log, bytes, now int64) error {
	for {
		if age := now - l.lastBeat; l.state != stateOpen || age < 0 || age >= l.trustFor {
			if err := confirmTenure(l, now); err != nil {
				return err
			}
		}
		s := l.active
		if s != nil && !s.sealed && (s.size+bytes <= l.o.SegmentBytes || s.size == segmentHeader) {
			return nil
		}
		if !l.syncing {
			return roll(l)
		}
		l.cond.Wait()
	}
}

// await waits until a write is as durable as the mode promises. The lock is held.
func await(l *Log, p *pendingWrite) error {
	for !p.done {
		if l.syncing {
			l.cond.Wait()
		} else {
			syncActive(l)
		}
	}
	return p.err
}

// write appends a record to the newest segment, which has room, and points the index at it. The write is pending until
// an fsync where the mode is SyncAlways, else nil is answered for it. The lock is held.
func write(l *Log, key string, b []byte, newer, older entry, had bool) (*pendingWrite, error) {
	s := l.active
	n, err := diskWriteAt(l.o.disk, s.file, b, s.size)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return nil, takeBack(l, key, err)
	}
	newer.segment = s.number
	newer.offset = uint32(s.size)
	newer.length = uint32(len(b))
	s.size += int64(len(b))
	l.index[key] = newer
	if had {
		countWaste(l, older.segment, int64(older.length))
	}
	if l.o.Sync != SyncAlways {
		return nil, nil
	}
	p := &pendingWrite{key: key, older: older, had: had}
	l.pending = append(l.pending, p)
	return p, nil
}

// takeBack cuts half a record off again. Where that fails too, the segment is closed to writers, and the cart is settled in the next one.
func takeBack(l *Log, key string, cause error) error {
	s := l.active
	l.o.Logger.Error("a cart record could not be written", "file", s.name, "offset", s.size, "error", cause.Error())
	if err := diskTruncate(l.o.disk, s.file, s.size); err != nil {
		l.o.Logger.Error("half a cart record could not be cut off; the segment takes no more records", "file", s.name, "offset", s.size, "error", err.Error())
		s.sealed = true
		l.unsettled = append(l.unsettled, key)
	}
	return fmt.Errorf("writing a cart record to %s: %w: %w", s.name, ErrUnavailable, cause)
}

// roll closes the newest segment to writers and begins the next one. No fsync is running. The lock is held.
func roll(l *Log) error {
	if s := l.active; s != nil {
		s.sealed = true
		if len(l.pending) > 0 {
			syncActive(l) // lets go of the lock, but no writer gets past prepareWrite meanwhile
			if err := usable(l); err != nil {
				return err
			}
		}
		s.synced = s.size == l.durable
	}
	if l.nextNumber == 0 {
		return fmt.Errorf("beginning a segment: number 4294967295 is used: %w", ErrUnavailable)
	}
	number := l.nextNumber
	l.nextNumber++
	s, err := createSegment(&l.o, number, clockNow(&l.o))
	if err != nil {
		l.o.Logger.Error("a segment could not be begun; carts can be read but not saved", "error", err.Error())
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	l.active = s
	l.durable = segmentHeader
	l.segments[number] = s
	settle(l)
	wakeJanitor(l)
	if s.sealed {
		return fmt.Errorf("beginning segment %s: its first record could not be written: %w", s.name, ErrUnavailable)
	}
	return nil
}

// settle writes the present state of carts once more whose failed records may still stand in an older segment: without it, a
// restart would find those records, half or whole, and take them for the newest. The lock is held.
func settle(l *Log) {
	left := []string{}
	for _, key := range l.unsettled {
		if err := settleOne(l, key); err != nil {
			l.o.Logger.Error("a cart whose write failed could not be settled yet", "error", err.Error())
			left = append(left, key)
		}
	}
	l.unsettled = left
}

func settleOne(l *Log, key string) error {
	if l.active.sealed {
		return fmt.Errorf("segment %s takes no more records: %w", l.active.name, ErrUnavailable)
	}
	found, had := l.index[key]
	if !had || found.flags&flagDeleted != 0 {
		gone := entry{flags: flagDeleted, expires: int64(l.active.number)}
		_, err := write(l, key, frameRecord(key, gone.flags, 0, gone.expires, nil), gone, found, had)
		return err
	}
	if found.segment == l.active.number || found.flags&flagDamaged != 0 {
		return nil
	}
	s := l.segments[found.segment]
	b, err := readInSegment(l.o.disk, s, int64(found.offset), int64(found.length))
	if err != nil {
		return fmt.Errorf("reading %s at %d: %w", s.name, found.offset, err)
	}
	if _, err := recordIn(b, key, found.version); err != nil {
		return fmt.Errorf("reading %s at %d: %w", s.name, found.offset, err)
	}
	moved := found
	moved.flags |= flagOutlived
	reflagFrame(b, len(key), moved.flags)
	_, err = write(l, key, b, moved, found, had)
	return err
}
