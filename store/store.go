// Package store is where carts are kept: a bounded cache of canonical carts (Carts) over a durable Store.
//
// There are three stores here: Memory, Log, an append-only log in one folder, and Redis, which several processes share. A
// Store knows nothing of carts but their key, version, expiry and bytes.
package store

import (
	"errors"
	"fmt"
	"sync/atomic"
)

// Record is a cart's bytes with what the store must know of them.
type Record struct {
	Version int64  // from 1; 0 stands for no record
	Expires int64  // Unix milliseconds from which the record is gone; 0 is never
	Pending bool   // there is something left to do with the record: Store.Pending lists it
	Data    []byte // whoever gets it must not change it

	// Lasts is for how many milliseconds the record is kept from its save on: what a store goes by whose processes may each have
	// another clock, where it is set. A moment by one's clock may be over by another's, or once a clock was set. 0: Expires counts.
	Lasts int64

	// Token tells a save from every other in a store that several processes share: there a version can come again, of a cart that
	// was dropped and made anew, or where a server was lost with its last saves. Elsewhere it is empty.
	Token string

	// same asks whether a record that was loaded is still the newest, where the store has a way that is shorter than Load.
	same *sameQuestion
}

// Store keeps records under keys. All methods may be called at the same time from many goroutines.
// Errors that are not a sentinel of this package come from a caller's mistake: a key or record out of bounds.
// No error text holds a key, because a guest's key is his secret.
type Store interface {
	// Load answers the record under key; Version 0 where there is none, or where it has expired.
	// have is the version that the caller holds, 0 for none: where it is still the newest, the answer
	// has Version have and nil Data.
	// Errors: ErrUnavailable, ErrDamaged.
	Load(key string, have int64) (Record, error)

	// Save keeps the record if the newest version under key is was (0: there is none). The record's version must be
	// greater than was. When it answers nil, the record is kept as durably as the store promises; after any error
	// but ErrUnavailable nothing has changed. The store holds on to neither the record nor its bytes.
	// Record.Token is that of the record to be replaced, which then must be the newest too, or empty where it is not known;
	// afterwards it is the new record's own.
	// Errors: ErrConflict, ErrUnavailable, ErrDamaged.
	Save(key string, was int64, record *Record) error

	// Delete takes the record away if the newest version under key is was. There being none is an error only
	// where was is not 0.
	// Errors: ErrConflict, ErrUnavailable, ErrDamaged.
	Delete(key string, was int64) error

	// Pending lists the keys of the records that were saved with Record.Pending and have not expired, in no order. It reads
	// no record, so that what is left to do is found at the start among however many carts.
	// Errors: ErrUnavailable.
	Pending() ([]string, error)

	// Claim keeps other processes from what a name of the caller's stands for, part of the work on the record under key, for
	// lease milliseconds from now on. Who has it already claims it for longer; lease 0 gives it back. It answers 0, or for
	// how many milliseconds another process holds it. A store that only one process uses always answers 0.
	// Errors: ErrUnavailable.
	Claim(key, part string, lease int64) (int64, error)

	// Tenure tells a cache how long it may answer without asking the store: as long as the number stays the same,
	// only this process has written. It is nil where others may write at any time.
	Tenure() *atomic.Int64

	// Close ends the store; every later call answers ErrUnavailable. A second Close does nothing.
	Close() error
}

// The sentinels, for errors.Is. An error that wraps one says more.
var (
	// ErrConflict says that the newest version is another than the caller expected: load, apply and save again.
	ErrConflict = errors.New("the cart has been changed by another writer")
	// ErrUnavailable says that the store cannot answer now: it is not open yet, closed, or the disk refuses.
	ErrUnavailable = errors.New("the cart store is not available")
	// ErrDamaged says that the record is there, but its checksum or its form does not fit: it is never taken for an empty cart.
	ErrDamaged = errors.New("the stored cart is damaged")
)

const (
	// MaxKey bounds a key in bytes. Keys are about 60 bytes; the longest holds a session id that a client chose.
	MaxKey = 2048
	// MaxData bounds a record's data in bytes. A cart of 1,000 lines with 4 kB of options each is half of it.
	MaxData = 8 << 20
)

// checkRecord refuses what no store keeps.
func checkRecord(key string, was int64, record *Record) error {
	size := len(record.Data)
	if key == "" || len(key) > MaxKey || size == 0 || size > MaxData {
		return recordFault(key, was, record)
	}
	if was < 0 || record.Version <= was || record.Expires < 0 {
		return recordFault(key, was, record)
	}
	return nil
}

// recordFault says what is wrong with a record that checkRecord refuses.
func recordFault(key string, was int64, record *Record) error {
	if len(key) == 0 || len(key) > MaxKey {
		return fmt.Errorf("saving a cart: its key has %d bytes, allowed are 1 to %d", len(key), MaxKey)
	}
	if len(record.Data) == 0 || len(record.Data) > MaxData {
		return fmt.Errorf("saving a cart: its record has %d bytes, allowed are 1 to %d", len(record.Data), MaxData)
	}
	if was < 0 || record.Version <= was {
		return fmt.Errorf("saving a cart: version %d cannot follow version %d, it must be greater", record.Version, was)
	}
	return fmt.Errorf("saving a cart: it expires at %d, allowed are 0 for never and Unix milliseconds", record.Expires)
}

// conflict is the error of a writer that expected another version.
func conflict(newest, was int64) error {
	return fmt.Errorf("the newest version is %d, not %d: %w", newest, was, ErrConflict)
}

// expired tells whether a record that expires at the first time is gone at the second, both Unix milliseconds.
func expired(expires, now int64) bool { return expires != 0 && expires <= now }
