package store

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"hash/crc32"
)

// table lists the newest record of each cart in one segment, a column for each field. It is what a hint file holds.
// Columns, because encoding/gob reads each in one native loop: of the 0.83 s that a million carts take to open
// interpreted (0.28 s compiled) most is filling the index, which is all that is left to the interpreter. All fields are exported because the table meets gob
// (docs/interpreter.md: wire structs).
type table struct {
	Number   uint32
	Made     int64 // with Number, ties the hint to its segment
	Covers   int64 // bytes of the segment that the table tells of; what is behind must be scanned
	Keys     []string
	Offsets  []uint32
	Lengths  []uint32
	Flags    []byte
	Versions []int64
	Expires  []int64
}

// A hint file begins with, little endian: format (4 bytes), CRC-32C of the rest (4 bytes). The rest is the table in gob.
const (
	hintHeader = 8
	hintFormat = 0x31484350 // "PCH1"
	// maxHint bounds a hint file: a segment's shortest records are a third of it, and a hint row is shorter than its record.
	maxHint = maxSegment
)

// damage is bytes of a segment that are no sound record.
type damage struct {
	offset int64
	length int64
	keyed  bool // the cart is known
}

// scanTable adds the records of a segment from an offset to a table. tailAt is where sound records end: behind it only damage follows,
// or nothing. tail is what the table holds of that damage.
func scanTable(o *LogOptions, s *segment, t *table, from int64) (damages []damage, tailAt int64, err error) {
	damages = nil // said, because a result does not begin as zero (docs/interpreter.md: named results)
	rows := map[string]int{}
	for row, key := range t.Keys {
		rows[key] = row
	}
	c := &scan{o: o, s: s, at: from, end: s.size}
	tailAt = from
	for {
		found, err := scanNext(c)
		if err != nil {
			return nil, 0, fmt.Errorf("reading segment %s at %d: %w", s.name, c.at, err)
		}
		if !found {
			break
		}
		if c.head.flags&flagDamaged != 0 {
			damages = append(damages, damage{offset: c.offset, length: c.length, keyed: c.key != ""})
		} else {
			tailAt = c.at
		}
		if c.key == "" {
			continue
		}
		row, again := rows[c.key]
		if !again {
			rows[c.key] = len(t.Keys)
			t.Keys = append(t.Keys, c.key)
			t.Offsets = append(t.Offsets, uint32(c.offset))
			t.Lengths = append(t.Lengths, uint32(c.length))
			t.Flags = append(t.Flags, byte(c.head.flags))
			t.Versions = append(t.Versions, c.head.version)
			t.Expires = append(t.Expires, c.head.expires)
			continue
		}
		t.Offsets[row] = uint32(c.offset)
		t.Lengths[row] = uint32(c.length)
		t.Flags[row] = byte(c.head.flags)
		t.Versions[row] = c.head.version
		t.Expires[row] = c.head.expires
	}
	t.Number, t.Made, t.Covers = s.number, s.made, s.size
	return damages, tailAt, nil
}

// writeHint writes the hint of a segment.
func writeHint(o *LogOptions, s *segment, t *table) error {
	var body bytes.Buffer
	body.Write(make([]byte, hintHeader))
	if err := gob.NewEncoder(&body).Encode(t); err != nil {
		return fmt.Errorf("writing the hint of segment %s: %w", s.name, err)
	}
	content := body.Bytes()
	order.PutUint32(content, hintFormat)
	order.PutUint32(content[4:], crc32.Checksum(content[hintHeader:], castagnoli))
	if err := diskReplace(o.disk, hintName(s.name), content); err != nil {
		return fmt.Errorf("writing the hint of segment %s: %w", s.name, err)
	}
	return nil
}

// readHint reads the hint of a segment. The error says why it cannot be used.
func readHint(o *LogOptions, s *segment) (*table, error) {
	content, err := diskReadFile(o.disk, hintName(s.name), maxHint)
	if err != nil {
		return nil, err
	}
	if len(content) < hintHeader || order.Uint32(content) != hintFormat {
		return nil, fmt.Errorf("it is not a hint of this format")
	}
	if order.Uint32(content[4:]) != crc32.Checksum(content[hintHeader:], castagnoli) {
		return nil, fmt.Errorf("its checksum does not fit")
	}
	t := &table{}
	if err := gob.NewDecoder(bytes.NewReader(content[hintHeader:])).Decode(t); err != nil {
		return nil, err
	}
	if t.Number != s.number || t.Made != s.made || t.Covers > s.size || t.Covers < segmentHeader {
		return nil, fmt.Errorf("it tells of segment %d made at %d with %d bytes, but segment %d was made at %d and has %d", t.Number, t.Made, t.Covers, s.number, s.made, s.size)
	}
	rows := len(t.Keys)
	if len(t.Offsets) != rows || len(t.Lengths) != rows || len(t.Flags) != rows || len(t.Versions) != rows || len(t.Expires) != rows {
		return nil, fmt.Errorf("its columns are not of one length")
	}
	return t, nil
}

// fillIndex points the index at the records of a table. Tables come oldest segment first, so the last word is the newest.
// This loop is all that the interpreter does for a cart at the start, so it does nothing but this.
func fillIndex(index map[string]entry, t *table) {
	number, offsets, lengths, flags, versions, expires := t.Number, t.Offsets, t.Lengths, t.Flags, t.Versions, t.Expires
	for i, key := range t.Keys {
		index[key] = entry{segment: number, offset: offsets[i], length: lengths[i], flags: uint32(flags[i]), version: versions[i], expires: expires[i]}
	}
}
