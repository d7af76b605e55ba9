package store

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// The sync modes of a Log: when a saved cart is safe from a power cut. A crash of the process alone loses nothing in any mode.
const (
	SyncAlways   = "always"   // before Save answers; many writers share one fsync
	SyncInterval = "interval" // within LogOptions.Interval
	SyncOS       = "os"       // when the operating system gets to it, about 30 seconds on Linux
)

// LogOptions says how a Log works. Folder is needed; every other field has a default.
type LogOptions struct {
	Folder       string        // where the files are; made with mode 0700 where it is missing
	Sync         string        // SyncAlways (default), SyncInterval or SyncOS
	Interval     time.Duration // for SyncInterval; default 1 s, at least 10 ms
	SegmentBytes int64         // size at which a new segment file is begun; default 64 MiB, 4 KiB to 1 GiB
	MergeWaste   int64         // percent of a segment that must be waste before it is rewritten; default 50, 10 to 90
	MergeEvery   time.Duration // how often the folder is looked after; default 1 s, at least 10 ms
	Logger       *slog.Logger  // default: nowhere
	Clock        func() int64  // Unix milliseconds; default: the system's clock

	disk      *disk         // the system calls
	beatEvery time.Duration // how often the owner changes the lock file
	staleFrom time.Duration // how long a lock file must stay unchanged before it counts as left behind
	self      *owner        // who we are, for the lock
	unkept    bool          // no janitor runs: a test does its work
}

const (
	// segmentBytes of 64 MiB hold about 100,000 carts. Larger ones take longer to rewrite, smaller ones need more open files.
	segmentBytes = 64 << 20
	// beatEvery and staleFrom: a lock is left behind after five beats are missing, so that one slow disk write is forgiven.
	beatEvery = 2 * time.Second
	staleFrom = 10 * time.Second
)

// withDefaults fills what is not set and refuses what is out of bounds.
func withDefaults(o LogOptions) (LogOptions, error) {
	if o.Folder == "" {
		return o, fmt.Errorf("opening the cart store: folder is empty, the name of a folder is needed")
	}
	if o.Sync == "" {
		o.Sync = SyncAlways
	}
	if o.Sync != SyncAlways && o.Sync != SyncInterval && o.Sync != SyncOS {
		return o, fmt.Errorf("opening the cart store: sync is %q, allowed are %q, %q and %q", o.Sync, SyncAlways, SyncInterval, SyncOS)
	}
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	if o.Interval < 10*time.Millisecond {
		return o, fmt.Errorf("opening the cart store: interval is %s, at least 10ms is needed", o.Interval.String())
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = segmentBytes
	}
	if o.SegmentBytes < 4<<10 || o.SegmentBytes > 1<<30 {
		return o, fmt.Errorf("opening the cart store: segment bytes are %d, allowed are 4096 to 1073741824", o.SegmentBytes)
	}
	if o.MergeWaste == 0 {
		o.MergeWaste = 50
	}
	if o.MergeWaste < 10 || o.MergeWaste > 90 {
		return o, fmt.Errorf("opening the cart store: merge waste is %d percent, allowed are 10 to 90", o.MergeWaste)
	}
	if o.MergeEvery == 0 {
		o.MergeEvery = time.Second
	}
	if o.MergeEvery < 10*time.Millisecond {
		return o, fmt.Errorf("opening the cart store: merge every is %s, at least 10ms is needed", o.MergeEvery.String())
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.disk == nil {
		o.disk = usualDisk
	}
	if o.beatEvery == 0 {
		o.beatEvery = beatEvery
	}
	if o.staleFrom == 0 {
		o.staleFrom = staleFrom
	}
	if o.self == nil {
		self := thisProcess()
		o.self = &self
	}
	return o, nil
}
