package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Log is a store in one folder: records are appended to segment files, an index in memory points to the newest record
// of each cart, and a background goroutine rewrites segments that are mostly waste (the shape of Bitcask).
// One process at a time owns the folder. Open one with OpenLog.
type Log struct {
	o      *LogOptions
	waits  bool // o.Sync is SyncAlways
	lock   *folderLock
	tenure *atomic.Int64

	mu        sync.Mutex
	cond      *sync.Cond // a running fsync has ended
	state     logState
	why       string    // why the log is not open, in words for an error
	retryFrom time.Time // when a folder that could not be read is tried again
	closing   bool

	// Times of o.Clock in milliseconds between which the folder is believed to be ours without looking.
	trustFrom  int64
	trustUntil int64 // 0 while the log is not open
	trustFor   int64 // from one to the other

	index      map[string]entry
	waiting    map[string]bool // keys whose record may be pending; see pending.go
	segments   map[uint32]*segment
	active     *segment // the newest; nil where none could be made yet
	durable    int64    // bytes of active that are known to be on the disk
	nextNumber uint32
	unsettled  []string // carts of records that could not be taken back; see settle

	syncing  bool
	pending  []*pendingWrite
	failures int64 // failed fsyncs

	open context.Context // of the background; over once the log is being closed
	end  context.CancelFunc

	rousing    sync.Mutex
	roused     bool               // there is something to look after
	rouse      context.CancelFunc // ends the janitor's wait
	background sync.WaitGroup
}

// logState says what a Log can do.
type logState int

const (
	stateWaiting logState = iota // another process owns the folder, or it cannot be read
	stateOpen
	stateClosed
)

// LogStats are figures for metrics.
type LogStats struct {
	Carts    int64 // entries of the index, among them deletions that cannot go yet
	Segments int64
	Bytes    int64 // in all segments
	Waste    int64 // bytes of them that are known to be needed no more
	Lost     int64 // places of damaged bytes of which nobody knows whose they were, as far as the segments have been read
}

// OpenLog opens the cart store in a folder. Where another process may own the folder it answers at once all the same:
// the log then waits in the background, and until it owns the folder Ready and every operation answer ErrUnavailable.
// Errors: an option out of bounds, or a folder that cannot be made or read; a segment of an unknown format is one.
func OpenLog(options LogOptions) (*Log, error) {
	o, err := withDefaults(options)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Folder, folderMode); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	l := &Log{o: &o, waits: o.Sync == SyncAlways, tenure: &atomic.Int64{}}
	l.open, l.end = context.WithCancel(context.Background())
	l.cond = sync.NewCond(&l.mu)
	// Three beats: less than what others wait for, more than a slow disk takes.
	l.trustFor = 3 * o.beatEvery.Milliseconds()
	l.lock = newFolderLock(l.o)
	startBeats(l)
	if err := tryOpen(l); err != nil {
		l.end()
		l.background.Wait()
		return nil, err
	}
	startKeeper(l)
	if !o.unkept {
		startJanitor(l)
	}
	if o.Sync == SyncInterval {
		startSyncer(l)
	}
	return l, nil
}

// Ready answers nil where the log can be used, else why not, wrapping ErrUnavailable.
func (l *Log) Ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return usable(l)
}

// Stats answers figures for metrics.
func (l *Log) Stats() LogStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	stats := LogStats{Carts: int64(len(l.index)), Segments: int64(len(l.segments))}
	for _, s := range l.segments {
		stats.Bytes += s.size
		stats.Waste += s.waste
		stats.Lost += s.lost
	}
	return stats
}

// Claim is Store.Claim: only one process uses the folder.
func (l *Log) Claim(key, part string, lease int64) (int64, error) { return 0, nil }

// Tenure is Store.Tenure: the number changes when the folder was lost to another process.
func (l *Log) Tenure() *atomic.Int64 { return l.tenure }

// Load is Store.Load. It reads the disk unless have is the newest version.
// A damaged cart answers have where the caller holds it, for it is whole there; else ErrDamaged.
func (l *Log) Load(key string, have int64) (Record, error) {
	now := clockNow(l.o)
	for try := 0; try < 3; try++ {
		found, s, err := locate(l, key, now)
		if err != nil || s == nil {
			return Record{}, err
		}
		if found.version == have && have != 0 {
			return Record{Version: have, Expires: found.expires}, nil
		}
		if found.flags&flagDamaged != 0 {
			return Record{}, damagedAt(s, &found)
		}
		b, err := readInSegment(l.o.disk, s, int64(found.offset), int64(found.length))
		if errors.Is(err, os.ErrClosed) {
			continue // the segment was rewritten meanwhile; the index knows where the record is now
		}
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return Record{}, fmt.Errorf("reading %s at %d: %w: %w", s.name, found.offset, ErrUnavailable, err)
		}
		record, err := recordIn(b, key, found.version)
		if err != nil {
			markDamaged(l, key, found, s, err)
			return Record{}, fmt.Errorf("reading %s at %d: %w", s.name, found.offset, err)
		}
		return record, nil
	}
	return Record{}, fmt.Errorf("reading a cart: its segment was rewritten three times meanwhile: %w", ErrUnavailable)
}

// Save is Store.Save. A damaged cart can only be saved by a caller that holds its newest version, and is whole again then;
// was 0 and every other version answer ErrDamaged. Where the damage took the version too, only Delete helps.
func (l *Log) Save(key string, was int64, record *Record) error {
	b := frameRecord(key, record)
	now := clockNow(l.o)
	l.mu.Lock()
	defer l.mu.Unlock()
	// Nearly every save follows a record that is sound and expires no later, finds room and waits for no fsync. It needs no
	// more than this; what is seldom stands in saveAny (docs/interpreter.md: what a call costs).
	s := l.active
	if l.waits || now < l.trustFrom || now >= l.trustUntil || s == nil || s.size+int64(len(b)) > s.limit {
		return saveAny(l, key, was, record, b, now)
	}
	older := l.index[key]
	if older.version != was || older.flags != 0 || older.expires <= now || record.Expires < older.expires {
		return saveAny(l, key, was, record, b, now)
	}
	if size := len(record.Data); size == 0 || size > MaxData || record.Version <= was || record.Pending {
		return saveAny(l, key, was, record, b, now)
	}
	return write(l, key, b, 0, record, &older)
}

// saveAny is Save for every record and every state of the log. b is the record, framed. The lock is held.
func saveAny(l *Log, key string, was int64, record *Record, b []byte, now int64) error {
	if err := checkRecord(key, was, record); err != nil {
		return err
	}
	if err := prepareWrite(l, int64(len(b)), now); err != nil {
		return err
	}
	older := l.index[key]
	newest := newestVersion(&older, now)
	damaged := older.flags&flagDamaged != 0 && !expired(older.expires, now)
	if damaged && (was == 0 || newest != was) {
		return damagedAt(l.segments[older.segment], &older)
	}
	if newest != was {
		return conflict(newest, was)
	}
	flags := uint32(0)
	if older.segment != 0 && outlives(&older, record.Expires) {
		flags = flagOutlived
	}
	if record.Pending {
		flags |= flagPending
		l.waiting[key] = true
	}
	if flags != 0 {
		reflagFrame(b, len(key), flags)
	}
	return writeAndWait(l, key, b, flags, record, &older)
}

// Delete is Store.Delete. A damaged cart is deleted by its version, or by 0 where the damage took that too.
func (l *Log) Delete(key string, was int64) error {
	now := clockNow(l.o)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := prepareWrite(l, frameHeader+int64(len(key)), now); err != nil {
		return err
	}
	older := l.index[key]
	newest := newestVersion(&older, now)
	damaged := older.flags&flagDamaged != 0 && !expired(older.expires, now)
	if damaged && newest != was {
		return damagedAt(l.segments[older.segment], &older)
	}
	if newest != was {
		return conflict(newest, was)
	}
	if newest == 0 && !damaged {
		return nil
	}
	gone := &Record{Version: was, Expires: int64(l.active.number)}
	return writeAndWait(l, key, frameDeletion(key, gone), flagDeleted, gone, &older)
}

// Close is Store.Close: it makes everything durable, writes the last hint and gives the folder free.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closing {
		l.mu.Unlock()
		return nil
	}
	l.closing = true
	l.end()
	l.mu.Unlock()
	l.background.Wait()

	l.mu.Lock()
	defer l.mu.Unlock()
	wasOpen := l.state == stateOpen
	l.state = stateClosed
	l.trustUntil = 0
	l.why = "the cart store in " + l.o.Folder + " is closed"
	for len(l.pending) > 0 || l.syncing {
		if l.syncing {
			l.cond.Wait()
		} else {
			syncActive(l)
		}
	}
	var err error
	if wasOpen {
		err = finishFolder(l)
	}
	letGo(l)
	l.tenure.Add(1)
	if releasing := lockRelease(l.lock); err == nil {
		err = releasing
	}
	return err
}

// usable answers nil where the log can be used. The lock is held.
func usable(l *Log) error {
	if l.state != stateOpen {
		return fmt.Errorf("%s: %w", l.why, ErrUnavailable)
	}
	return nil
}

// locate answers the index entry of a cart and its segment; the segment is nil where there is no such cart.
// It waits until the record is as durable as the mode promises: nobody is shown a cart that a failed fsync may take back.
func locate(l *Log, key string, now int64) (entry, *segment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if err := confirmTenure(l, now); err != nil {
			return entry{}, nil, err
		}
		found, had := l.index[key]
		if !had || found.flags&flagDeleted != 0 || expired(found.expires, now) {
			return entry{}, nil, nil
		}
		if len(l.pending) == 0 || found.segment != l.active.number || int64(found.offset) < l.durable {
			return found, l.segments[found.segment], nil
		}
		if l.syncing {
			l.cond.Wait()
		} else {
			syncActive(l)
		}
	}
}

// newestVersion is the version that a writer must know: 0 where there is no cart. The lock is held.
func newestVersion(e *entry, now int64) int64 {
	if e.flags&flagDeleted != 0 || expired(e.expires, now) {
		return 0
	}
	return e.version
}

// outlives tells whether an older record of the same cart expires later than a newer one will.
func outlives(older *entry, expires int64) bool {
	if older.flags&^flagPending != 0 {
		return true
	}
	if expires == 0 {
		return false
	}
	return older.expires == 0 || older.expires > expires
}

// damagedAt is the error of a cart that cannot be read.
func damagedAt(s *segment, e *entry) error {
	return fmt.Errorf("the record in %s at %d, version %d, cannot be read: %w", s.name, e.offset, e.version, ErrDamaged)
}

// markDamaged remembers that a cart's record cannot be read, unless the cart has a newer record by now.
func markDamaged(l *Log, key string, found entry, s *segment, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, had := l.index[key]
	if !had || now != found {
		return
	}
	now.flags |= flagDamaged
	l.index[key] = now
	l.o.Logger.Error("a stored cart is damaged and cannot be used until it is saved by who holds it, or dropped",
		"file", s.name, "offset", found.offset, "bytes", found.length, "version", found.version, "error", cause.Error())
}

// clockNow is the time in Unix milliseconds.
func clockNow(o *LogOptions) int64 {
	if o.Clock != nil {
		return clockSet(o)
	}
	return time.Now().UnixMilli()
}

// clockSet is a function of its own so that clockNow is small.
func clockSet(o *LogOptions) int64 {
	return o.Clock()
}
