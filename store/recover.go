package store

import (
	"errors"
	"fmt"
	"io/fs"
)

// contents is what a data folder holds.
type contents struct {
	index    map[string]entry
	waiting  map[string]bool // keys whose record may be pending
	segments map[uint32]*segment
	newest   *segment // nil where there is none
	next     uint32   // number of the next segment
}

// readFolder reads every segment, by its hint where there is one. Damage is logged with file and offset:
//
//   - Behind the last sound record of the newest segment it is taken for a record that was being written when the process
//     or the machine stopped, and is cut off. (A last record that went bad later looks the same; it cannot be told.)
//   - Anywhere else the damaged bytes are set aside. The cart they belong to, where that can still be read, answers
//     ErrDamaged and never an older state of itself. Where it cannot be read, only the log tells.
func readFolder(o *LogOptions) (contents, error) {
	found := contents{index: map[string]entry{}, waiting: map[string]bool{}, segments: map[uint32]*segment{}, next: 1}
	numbers, err := segmentNumbers(o)
	if err != nil {
		return found, err
	}
	opened, err := openSegments(o, &found, numbers)
	if err != nil {
		closeSegments(found.segments)
		return found, err
	}
	tables := []*table{}
	carts := 0
	for at, s := range opened {
		t, err := readSegment(o, s, at == len(opened)-1)
		if err != nil {
			closeSegments(found.segments)
			return found, err
		}
		carts += len(t.Keys)
		tables = append(tables, t)
	}
	found.index = make(map[string]entry, carts)
	for i := range tables {
		fillIndex(found.index, tables[i])
		addPending(found.waiting, tables[i])
		tables[i] = nil // so that its memory is free for the next
	}
	return found, nil
}

// openSegments opens every segment, oldest first. One that was just being made when the process stopped holds nothing
// and is removed.
func openSegments(o *LogOptions, found *contents, numbers []uint32) ([]*segment, error) {
	opened := []*segment{}
	for _, number := range numbers {
		found.next = number + 1
		s, whole, err := openSegment(o, number)
		if err != nil {
			return nil, err
		}
		if !whole {
			o.Logger.Warn("a segment that was just being made is removed", "file", s.name, "bytes", s.size)
			s.file.Close()
			if err := diskRemove(o.disk, s.name); err != nil {
				return nil, fmt.Errorf("removing an empty segment: %w", err)
			}
			continue
		}
		s.sealed = true
		found.segments[number] = s
		found.newest = s
		opened = append(opened, s)
	}
	return opened, nil
}

// readSegment answers what a segment holds.
func readSegment(o *LogOptions, s *segment, newest bool) (*table, error) {
	t, damages, tailAt, err := readTable(o, s)
	if err != nil {
		return nil, err
	}
	if newest && tailAt < s.size {
		o.Logger.Warn("a torn last record is cut off", "file", s.name, "offset", tailAt, "bytes", s.size-tailAt)
		if err := cutSegment(o, s, tailAt); err != nil {
			return nil, err
		}
		if t, damages, _, err = readTable(o, s); err != nil {
			return nil, err
		}
	}
	for _, d := range damages {
		o.Logger.Error("damaged bytes among the stored carts are set aside", "file", s.name, "offset", d.offset, "bytes", d.length, "cartKnown", d.keyed)
		s.keeps = true
		if !d.keyed {
			s.lost++
		}
	}
	if newest {
		// What a process that was killed had written is about to be shown to clients, so it must be durable now.
		if err := diskSync(o.disk, s.file); err != nil {
			return nil, fmt.Errorf("syncing segment %s: %w", s.name, err)
		}
	}
	return t, nil
}

// readTable reads what a segment holds: from its hint, and what the hint does not cover from the segment itself.
func readTable(o *LogOptions, s *segment) (t *table, damages []damage, tailAt int64, err error) {
	t, err = readHint(o, s)
	if err == nil && t.Covers == s.size {
		s.covered = t.Covers
		return t, nil, s.size, nil
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			o.Logger.Warn("a hint cannot be used; its segment is read instead", "file", hintName(s.name), "error", err.Error())
		}
		t = &table{Covers: segmentHeader}
	}
	damages, tailAt, err = scanTable(o, s, t, t.Covers)
	return t, damages, tailAt, err
}

// cutSegment takes off what stands behind the last sound record.
func cutSegment(o *LogOptions, s *segment, at int64) error {
	err := diskTruncate(o.disk, s.file, at)
	if err == nil {
		err = diskSync(o.disk, s.file)
	}
	if err != nil {
		return fmt.Errorf("cutting segment %s off at %d: %w", s.name, at, err)
	}
	s.size = at
	return nil
}

// finishFolder makes everything durable and writes the hints that are missing, so that the next start is fast. The lock is held.
func finishFolder(l *Log) error {
	for _, s := range l.segments {
		if s == l.active && s.size > l.durable || s != l.active && !s.synced {
			if err := diskSync(l.o.disk, s.file); err != nil {
				return fmt.Errorf("syncing segment %s: %w", s.name, err)
			}
		}
		if s.covered == s.size {
			continue
		}
		if err := hintSegment(l.o, s); err != nil {
			// Without its hint the segment is read whole at the next start; no cart is lost.
			l.o.Logger.Warn("a hint could not be written", "file", s.name, "error", err.Error())
		}
	}
	return nil
}

// hintSegment reads a segment, which takes no more records, and writes its hint. A segment with damage gets none: the next
// start is to read it again and say so again.
func hintSegment(o *LogOptions, s *segment) error {
	t := &table{}
	damages, _, err := scanTable(o, s, t, segmentHeader)
	if err != nil {
		return err
	}
	for _, d := range damages {
		o.Logger.Error("damaged bytes among the stored carts are set aside", "file", s.name, "offset", d.offset, "bytes", d.length, "cartKnown", d.keyed)
	}
	if len(damages) > 0 {
		return nil
	}
	return writeHint(o, s, t)
}
