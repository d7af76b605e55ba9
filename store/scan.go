package store

import (
	"bytes"
	"io"
)

// scan walks over the records of a segment, whole or damaged, from at to end.
type scan struct {
	o   *LogOptions
	s   *segment
	at  int64
	end int64

	window   []byte // bytes read ahead
	windowAt int64

	offset int64  // of the record found
	length int64  // of the record found, or of the damaged bytes
	key    string // empty where the damage took the key
	head   frame  // flagDamaged is set where the record cannot be used
	bytes  []byte // the whole record, where it is sound
}

// scanWindow is what is read ahead at once: about 400 records.
const scanWindow = 256 << 10

// scanNext finds the next record; found is false at the end. A record that runs past the end is damaged.
func scanNext(c *scan) (found bool, err error) {
	if c.at >= c.end {
		return false, nil
	}
	c.offset = c.at
	b, err := scanBytes(c, c.at, frameHeader)
	if err != nil {
		return false, err
	}
	if len(b) < frameHeader {
		return true, setAside(c, "", c.end)
	}
	head, ok := headOf(b)
	if !ok {
		return true, searchOn(c, "")
	}
	wanted := int64(head.length)
	if wanted > maxFrame {
		wanted = frameHeader + MaxKey
	}
	if b, err = scanBytes(c, c.at, wanted); err != nil {
		return false, err
	}
	if len(b) < frameHeader+head.keyLength {
		return true, searchOn(c, "")
	}
	head = checkFrame(head, b)
	c.head = head
	key := string(b[frameHeader : frameHeader+head.keyLength])
	if head.sound {
		c.key = key
		c.bytes = b[:head.length]
		c.length = int64(head.length)
		c.at += c.length
		return true, nil
	}
	next := c.at + int64(head.length)
	if !head.keyed {
		key = ""
	}
	if !head.trusted {
		c.head.version = 0
		c.head.expires = 0
	}
	follows := head.trusted && next <= c.end || next == c.end
	if !follows && next < c.end {
		if follows, err = soundAt(c, next); err != nil {
			return false, err
		}
	}
	if follows {
		return true, setAside(c, key, next)
	}
	return true, searchOn(c, key)
}

// setAside marks the bytes up to next as damaged.
func setAside(c *scan, key string, next int64) error {
	c.key = key
	c.bytes = nil
	c.head.flags = flagDamaged
	c.length = next - c.at
	c.at = next
	return nil
}

// searchOn sets aside the bytes up to the next sound record, or to the end where there is none.
func searchOn(c *scan, key string) error {
	next := c.at + 1
	for next < c.end {
		b, err := scanBytes(c, next, frameHeader)
		if err != nil {
			return err
		}
		hit := bytes.Index(b, markerBytes)
		if hit < 0 {
			// A marker may be cut by the end of the window.
			ahead := int64(len(b) - len(markerBytes) + 1)
			if ahead < 1 {
				break
			}
			next += ahead
			continue
		}
		next += int64(hit)
		sound, err := soundAt(c, next)
		if err != nil {
			return err
		}
		if sound {
			return setAside(c, key, next)
		}
		next++
	}
	return setAside(c, key, c.end)
}

// soundAt tells whether a whole record is at an offset.
func soundAt(c *scan, at int64) (bool, error) {
	b, err := scanBytes(c, at, frameHeader)
	if err != nil || len(b) < frameHeader {
		return false, err
	}
	head, ok := headOf(b)
	if !ok || at+int64(head.length) > c.end {
		return false, nil
	}
	if b, err = scanBytes(c, at, int64(head.length)); err != nil || len(b) < head.length {
		return false, err
	}
	return checkFrame(head, b).sound, nil
}

// scanBytes answers the bytes from an offset, at least as many as wanted where the segment has them.
// They stay as they are: a new window is a new slice.
func scanBytes(c *scan, at, wanted int64) ([]byte, error) {
	if wanted > c.end-at {
		wanted = c.end - at
	}
	from := at - c.windowAt
	if from >= 0 && from+wanted <= int64(len(c.window)) {
		return c.window[from:], nil
	}
	if wanted < scanWindow {
		wanted = scanWindow
	}
	if wanted > c.end-at {
		wanted = c.end - at
	}
	b, err := readInSegment(c.o.disk, c.s, at, wanted)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	c.window, c.windowAt = b, at
	return b, nil
}
