package store

import (
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// A segment file begins with, little endian:
//
//	 0  "polycart"       8 bytes
//	 8  format           4 bytes
//	12  number           4 bytes, the segment's
//	16  made             8 bytes, Unix milliseconds; with the number it ties a hint to its segment
//	24  header checksum  4 bytes, CRC-32C of the bytes before
const (
	segmentHeader = 28
	segmentMagic  = "polycart"
	segmentFormat = 1
	segmentPrefix = "carts-"
	segmentSuffix = ".log"
	hintSuffix    = ".hint"
)

// segment is one file of the log. Files are read in the order of their numbers, and the last record of a cart counts.
// All fields but number, name, made and file are guarded by the log's lock.
type segment struct {
	number    uint32
	name      string
	made      int64
	file      *os.File
	out       io.WriterAt // file, for writing
	size      int64       // bytes that hold records and the header; anything behind is not ours
	limit     int64       // size up to which records are added; 0 of a sealed segment
	waste     int64       // bytes that nobody needs any more, counted since the last inspection
	sealed    bool        // no record is added any more
	synced    bool        // a sealed segment is on the disk
	covered   int64       // bytes that its hint tells of
	keeps     bool        // it holds damaged bytes, and stays as it is
	lost      int64       // places of them that say of no cart that it is damaged
	inspected int64       // Unix milliseconds of the last look at what it still holds; 0 is never
	kept      int64       // bytes of deletions that cannot go yet, from the last inspection
}

// seal closes a segment to writers. The lock is held.
func seal(s *segment) {
	s.sealed = true
	s.limit = 0
}

func segmentName(folder string, number uint32) string {
	return filepath.Join(folder, fmt.Sprintf("%s%010d%s", segmentPrefix, number, segmentSuffix))
}

func hintName(segmentFile string) string {
	return strings.TrimSuffix(segmentFile, segmentSuffix) + hintSuffix
}

// createSegment makes the file of a new segment, header and name on the disk.
func createSegment(o *LogOptions, number uint32, now int64) (*segment, error) {
	s := &segment{number: number, name: segmentName(o.Folder, number), made: now, size: segmentHeader, limit: o.SegmentBytes}
	f, err := diskOpen(o.disk, s.name, os.O_CREATE|os.O_EXCL|os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("making a segment: %w", err)
	}
	_, err = diskWriteAt(o.disk, f, segmentHead(number, now), 0)
	if err == nil {
		err = diskSync(o.disk, f)
	}
	if err == nil {
		err = diskSyncFolder(o.disk, o.Folder)
	}
	if err != nil {
		f.Close()
		os.Remove(s.name) // so that the number can be used again; a file that stays is empty and skipped at the next start
		return nil, fmt.Errorf("making segment %s: %w", s.name, err)
	}
	s.file = f
	s.out = diskWriter(o.disk, f)
	return s, nil
}

func segmentHead(number uint32, now int64) []byte {
	head := make([]byte, segmentHeader)
	copy(head, segmentMagic)
	order.PutUint32(head[8:], segmentFormat)
	order.PutUint32(head[12:], number)
	order.PutUint64(head[16:], uint64(now))
	return sealHead(head)
}

func sealHead(head []byte) []byte {
	order.PutUint32(head[24:], crc32.Checksum(head[:24], castagnoli))
	return head
}

// openSegment opens the file of a segment and reads its header. whole is false where the file ends within the header.
// A damaged header is logged and passed over, because every record has its own checksum; another format is refused.
func openSegment(o *LogOptions, number uint32) (s *segment, whole bool, err error) {
	s = &segment{number: number, name: segmentName(o.Folder, number)}
	f, err := diskOpen(o.disk, s.name, os.O_RDWR)
	if err != nil {
		return nil, false, fmt.Errorf("opening a segment: %w", err)
	}
	s.file = f
	s.out = diskWriter(o.disk, f)
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, false, fmt.Errorf("reading the size of segment %s: %w", s.name, err)
	}
	s.size = info.Size()
	if s.size > maxSegment {
		f.Close()
		return nil, false, fmt.Errorf("opening segment %s: it has %d bytes, at most %d are allowed", s.name, s.size, int64(maxSegment))
	}
	if s.size < segmentHeader {
		return s, false, nil
	}
	head := make([]byte, segmentHeader)
	if _, err := diskReadAt(o.disk, f, head, 0); err != nil {
		f.Close()
		return nil, false, fmt.Errorf("reading the header of segment %s: %w", s.name, err)
	}
	if order.Uint32(head[24:]) != crc32.Checksum(head[:24], castagnoli) {
		o.Logger.Error("the header of a cart segment is damaged; its records are read all the same", "file", s.name, "offset", 0)
		return s, true, nil
	}
	if format := order.Uint32(head[8:]); string(head[:8]) != segmentMagic || format != segmentFormat {
		f.Close()
		return nil, false, fmt.Errorf("opening segment %s: its format is %q %d, this version reads %q %d", s.name, string(head[:8]), format, segmentMagic, segmentFormat)
	}
	s.made = int64(order.Uint64(head[16:]))
	return s, true, nil
}

// maxSegment is the longest segment file: the largest LogOptions.SegmentBytes and one record that was longer than it.
// Offsets in it fit 32 bits.
const maxSegment = 1<<30 + maxFrame

// segmentNumbers lists the segments of a folder, oldest first, and removes files that a crash left unfinished.
func segmentNumbers(o *LogOptions) ([]uint32, error) {
	files, err := diskReadDir(o.disk, o.Folder)
	if err != nil {
		return nil, fmt.Errorf("reading the data folder: %w", err)
	}
	numbers := []int{}
	hints := []string{}
	found := map[string]bool{}
	for _, file := range files {
		name := file.Name()
		if strings.HasSuffix(name, hintSuffix+partSuffix) {
			hints = append(hints, name)
		}
		if strings.HasPrefix(name, segmentPrefix) && strings.HasSuffix(name, hintSuffix) {
			hints = append(hints, name)
		}
		if !strings.HasPrefix(name, segmentPrefix) || !strings.HasSuffix(name, segmentSuffix) {
			continue
		}
		digits := strings.TrimSuffix(strings.TrimPrefix(name, segmentPrefix), segmentSuffix)
		number, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || number == 0 {
			return nil, fmt.Errorf("reading the data folder: file %s is named like a segment, but %q is no number from 1 to 4294967295", name, digits)
		}
		numbers = append(numbers, int(number))
		found[hintName(name)] = true
	}
	for _, name := range hints {
		if found[name] {
			continue
		}
		if err := diskRemove(o.disk, filepath.Join(o.Folder, name)); err != nil {
			o.Logger.Warn("a hint without a segment stays", "file", name, "error", err.Error())
		}
	}
	sort.Ints(numbers)
	ordered := make([]uint32, 0, len(numbers))
	for _, number := range numbers {
		ordered = append(ordered, uint32(number))
	}
	return ordered, nil
}

// readInSegment reads length bytes at an offset; io.EOF or io.ErrUnexpectedEOF say that the file ends before.
func readInSegment(d *disk, s *segment, offset, length int64) ([]byte, error) {
	b := make([]byte, length)
	n, err := diskReadAt(d, s.file, b, offset)
	if int64(n) == length {
		return b, nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return b[:n], err
}
