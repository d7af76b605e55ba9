package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A record in a segment file, little endian:
//
//	 0  marker           4 bytes, the same in every record
//	 4  header checksum  4 bytes, CRC-32C of the bytes from 8 to the end of the key
//	 8  data checksum    4 bytes, CRC-32C of the data
//	12  data length      4 bytes
//	16  version          8 bytes
//	24  expires          8 bytes, Unix milliseconds, 0 never; of a deletion: the newest segment that may hold older records
//	32  key length       12 bits
//	    flags             4 bits
//	    key check        16 bits, the lower half of the key's CRC-32C
//	36  key, then data
//
// The header has a checksum of its own so that the records behind damaged data are found, and the key one of its own so
// that a damaged cart is known by its key: no other cart is ever taken for damaged.
const (
	frameHeader = 36
	// frameMarker begins with a byte that JSON text, which the data is, never holds, so that a search for it finds records.
	frameMarker = 0x726350f1
	flagShift   = 12
	checkShift  = 16
	// maxFrame is the longest record.
	maxFrame = frameHeader + MaxKey + MaxData
	// endless is longer than any segment.
	endless = 1<<31 - 1
)

// markerBytes is frameMarker as it stands in the file.
var markerBytes = []byte{0xf1, 'P', 'c', 'r'}

// Flags of a record, in the file, in hints and in the index.
const (
	flagDeleted  uint32 = 1 // the cart was deleted
	flagOutlived uint32 = 2 // an older record of the same cart expires later than this one
	flagDamaged  uint32 = 4 // index and hints only: the record is there but cannot be used
	flagPending  uint32 = 8 // Record.Pending
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	order      = binary.LittleEndian
)

// blankHeader is a header of frameHeader bytes in which only the marker is filled in.
const blankHeader = "\xf1Pcr" + "\x00\x00\x00\x00" + eightZeros + eightZeros + eightZeros + "\x00\x00\x00\x00"

const eightZeros = "\x00\x00\x00\x00\x00\x00\x00\x00"

// frameRecord makes the bytes of a record without flags.
func frameRecord(key string, record *Record) []byte {
	data := record.Data
	frame := append([]byte(blankHeader+key), data...)
	dataAt := frameHeader + len(key)
	order.PutUint32(frame[8:], crc32.Checksum(data, castagnoli))
	order.PutUint32(frame[12:], uint32(len(data)))
	order.PutUint64(frame[16:], uint64(record.Version))
	order.PutUint64(frame[24:], uint64(record.Expires))
	order.PutUint32(frame[32:], uint32(len(key))|crc32.Checksum(frame[frameHeader:dataAt], castagnoli)<<checkShift)
	order.PutUint32(frame[4:], crc32.Checksum(frame[8:dataAt], castagnoli))
	return frame
}

// frameDeletion makes the bytes of a record that says that a cart is gone; its Data is nil.
func frameDeletion(key string, gone *Record) []byte {
	frame := frameRecord(key, gone)
	reflagFrame(frame, len(key), flagDeleted)
	return frame
}

// sealFrame writes the marker and the header checksum.
func sealFrame(frame []byte, keyLength int) {
	order.PutUint64(frame, frameMarker|uint64(crc32.Checksum(frame[8:frameHeader+keyLength], castagnoli))<<32)
}

// reflagFrame changes the flags of a whole record.
func reflagFrame(frame []byte, keyLength int, flags uint32) {
	old := order.Uint32(frame[32:])
	order.PutUint32(frame[32:], old&^(15<<flagShift)|flags<<flagShift)
	sealFrame(frame, keyLength)
}

// frame is a record as it was read.
type frame struct {
	keyLength  int
	dataLength int
	flags      uint32
	version    int64
	expires    int64
	length     int  // of the whole record
	keyed      bool // the key is right
	trusted    bool // the header checksum fits
	sound      bool // both checksums fit
}

// headOf reads the fixed part of a record from at least frameHeader bytes. ok is false where no record can begin so.
// The marker is only for searching: a record is told by its checksums.
func headOf(b []byte) (head frame, ok bool) {
	lengths := order.Uint64(b[8:])
	last := order.Uint32(b[32:])
	head.dataLength = int(lengths >> 32)
	head.keyLength = int(last & (1<<flagShift - 1))
	head.flags = last >> flagShift & 15
	if head.keyLength == 0 || head.keyLength > MaxKey {
		return frame{}, false
	}
	head.version = int64(order.Uint64(b[16:]))
	head.expires = int64(order.Uint64(b[24:]))
	head.length = frameHeader + head.keyLength + head.dataLength
	if head.dataLength > MaxData {
		head.length = endless // the key may be right all the same
	}
	return head, true
}

// checkFrame compares the checksums; b holds at least the header and the key.
func checkFrame(head frame, b []byte) frame {
	keyEnd := frameHeader + head.keyLength
	head.keyed = order.Uint32(b[32:])>>checkShift == crc32.Checksum(b[frameHeader:keyEnd], castagnoli)&0xffff
	head.trusted = order.Uint32(b[4:]) == crc32.Checksum(b[8:keyEnd], castagnoli)
	head.sound = head.trusted && len(b) >= head.length && order.Uint32(b[8:]) == crc32.Checksum(b[keyEnd:head.length], castagnoli)
	return head
}

// recordIn reads the record of key and version from the bytes that the index points to.
func recordIn(b []byte, key string, version int64) (Record, error) {
	if len(b) < frameHeader {
		return Record{}, fmt.Errorf("the file ends within the record: %w", ErrDamaged)
	}
	head, ok := headOf(b)
	if !ok || head.length != len(b) {
		return Record{}, fmt.Errorf("no record of %d bytes is there: %w", len(b), ErrDamaged)
	}
	head = checkFrame(head, b)
	keyEnd := frameHeader + head.keyLength
	if !head.sound {
		return Record{}, fmt.Errorf("its checksum does not fit: %w", ErrDamaged)
	}
	if string(b[frameHeader:keyEnd]) != key || head.version != version {
		return Record{}, fmt.Errorf("another record is in its place: %w", ErrDamaged)
	}
	return Record{Version: head.version, Expires: head.expires, Pending: head.flags&flagPending != 0, Data: b[keyEnd:]}, nil
}
