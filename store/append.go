package store

import "fmt"

// prepareWrite sees that a record can be appended: the log is open, the folder is ours, and the newest segment has room.
// It may let go of the lock while it waits for an fsync, so the index is read after it, not before. The lock is held.
func prepareWrite(l *Log, bytes, now int64) error {
	for {
		if err := confirmTenure(l, now); err != nil {
			return err
		}
		s := l.active
		if s != nil && !s.sealed && (s.size+bytes <= s.limit || s.size == segmentHeader) {
			return nil
		}
		if !l.syncing {
			return roll(l)
		}
		l.cond.Wait()
	}
}

// write appends a record, which b holds, to the newest segment, which has room, and points the index at it. older is what
// the index knew of the cart. In SyncAlways the write is the last pending one until an fsync. The lock is held.
func write(l *Log, key string, b []byte, flags uint32, record *Record, older *entry) error {
	s := l.active
	if _, err := s.out.WriteAt(b, s.size); err != nil {
		return takeBack(l, key, err)
	}
	l.index[key] = entry{segment: s.number, offset: uint32(s.size), length: uint32(len(b)), flags: flags, version: record.Version, expires: record.Expires}
	s.size += int64(len(b))
	if had := l.segments[older.segment]; had != nil {
		had.waste += int64(older.length)
	}
	if l.waits {
		await(l, key, older)
	}
	return nil
}

// await puts the write of a cart among those that wait for an fsync. The lock is held.
func await(l *Log, key string, older *entry) {
	l.pending = append(l.pending, &pendingWrite{key: key, older: older})
}

// writeAndWait writes a record and waits until it is as durable as the mode promises. The lock is held.
func writeAndWait(l *Log, key string, b []byte, flags uint32, record *Record, older *entry) error {
	if err := write(l, key, b, flags, record, older); err != nil || !l.waits {
		return err
	}
	p := l.pending[len(l.pending)-1]
	for !p.done {
		if l.syncing {
			l.cond.Wait()
		} else {
			syncActive(l)
		}
	}
	return p.err
}

// takeBack cuts half a record off again. Where that fails too, the segment is closed to writers, and the cart is settled in the next one.
func takeBack(l *Log, key string, cause error) error {
	s := l.active
	l.o.Logger.Error("a cart record could not be written", "file", s.name, "offset", s.size, "error", cause.Error())
	if err := diskTruncate(l.o.disk, s.file, s.size); err != nil {
		l.o.Logger.Error("half a cart record could not be cut off; the segment takes no more records", "file", s.name, "offset", s.size, "error", err.Error())
		seal(s)
		l.unsettled = append(l.unsettled, key)
	}
	return fmt.Errorf("writing a cart record to %s: %w: %w", s.name, ErrUnavailable, cause)
}

// roll closes the newest segment to writers and begins the next one. No fsync is running. The lock is held.
func roll(l *Log) error {
	if s := l.active; s != nil {
		seal(s)
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
	s, err := createSegment(l.o, number, clockNow(l.o))
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
	found := l.index[key]
	if found.segment == 0 || found.flags&flagDeleted != 0 {
		gone := &Record{Expires: int64(l.active.number)}
		return write(l, key, frameDeletion(key, gone), flagDeleted, gone, &found)
	}
	if found.segment == l.active.number || found.flags&flagDamaged != 0 {
		return nil
	}
	s := l.segments[found.segment]
	b, err := readInSegment(l.o.disk, s, int64(found.offset), int64(found.length))
	if err != nil {
		return fmt.Errorf("reading %s at %d: %w", s.name, found.offset, err)
	}
	record, err := recordIn(b, key, found.version)
	if err != nil {
		return fmt.Errorf("reading %s at %d: %w", s.name, found.offset, err)
	}
	flags := found.flags | flagOutlived
	reflagFrame(b, len(key), flags)
	return write(l, key, b, flags, &record, &found)
}
