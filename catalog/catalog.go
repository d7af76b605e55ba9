// Package catalog is what is sold: price, stock, and the identifiers that every dialect has for one sellable variant.
// It reads them from a JSON file or from text in the configuration (docs/catalogue.md) and follows the file's changes.
package catalog

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultMaxBytes is the largest catalogue file where Source.MaxBytes is 0: 256 MiB, some 600,000 items.
const DefaultMaxBytes int64 = 256 << 20

// Source says where the catalogue comes from. Exactly one of File, Inline and Service is given.
type Source struct {
	File       string       // path of a JSON file
	Inline     string       // or the JSON itself
	Service    *Service     // or a JSON service that is asked for items as they are needed
	CheckEvery int64        // milliseconds between two looks at the file; 0 looks at every call of Current
	MaxBytes   int64        // largest catalogue, in bytes; 0 is DefaultMaxBytes
	Currency   string       // ISO 4217, capital letters: the currency of every price
	Logger     *slog.Logger // nil keeps quiet
}

// Catalog holds the catalogue in force and follows its file. Where it is a file it has no goroutine and
// needs no closing: the callers of Current do the work.
type Catalog struct {
	checked int64        // Unix milliseconds of the last look; first, because 32-bit machines need it aligned
	current atomic.Value // *Snapshot; atomic.Pointer is generic (docs/interpreter.md: generics)
	source  Source
	logger  *slog.Logger
	service *service // nil: a file or inline

	loading    sync.Mutex // held by the one caller who looks at the file; it guards what is below
	seen       mark       // the file as it was last read, good or broken
	digest     string     // what was read then
	doubtful   bool       // whether it was written so shortly before that seen may hide a later write
	complaint  string     // the reading error that was logged last; empty once a read succeeded
	generation int64      // of the newest snapshot
}

// Open loads the catalogue. The errors say everything that is wrong with the source or with the catalogue, as Parse does;
// with any error there is no Catalog.
func Open(source Source) (*Catalog, []error) {
	if source.Service != nil {
		return openAsked(source)
	}
	if (source.File == "") == (source.Inline == "") {
		return nil, []error{errors.New("catalogue: give exactly one of a file and inline text")}
	}
	if source.CheckEvery < 0 {
		return nil, []error{fmt.Errorf("catalogue: the time between two looks at the file must be 0 ms or more, not %d ms", source.CheckEvery)}
	}
	if source.MaxBytes < 0 {
		return nil, []error{fmt.Errorf("catalogue: the largest size must be 0 (%d bytes) or more, not %d bytes", DefaultMaxBytes, source.MaxBytes)}
	}
	if source.MaxBytes == 0 {
		source.MaxBytes = DefaultMaxBytes
	}
	c := &Catalog{source: source, logger: source.Logger}
	if c.logger == nil {
		c.logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}

	data := []byte(source.Inline)
	if source.File != "" {
		read, err := readNow(c, time.Now().UnixMilli())
		if err != nil {
			return nil, []error{err}
		}
		data = read
	} else if int64(len(data)) > source.MaxBytes {
		return nil, []error{fmt.Errorf("reading inline catalogue: it has %d bytes, more than the %d allowed", len(data), source.MaxBytes)}
	}
	snapshot, faults := Parse(data, source.Currency)
	if len(faults) > 0 {
		return nil, faults
	}
	publish(c, snapshot)
	return c, nil
}

// openAsked opens a catalogue whose items come from a service. Nothing is asked yet, so that Traefik starts without it.
func openAsked(source Source) (*Catalog, []error) {
	c := &Catalog{source: source, logger: source.Logger}
	if c.logger == nil {
		c.logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	asked, faults := openService(source.Service, source.Currency, c.logger)
	if len(faults) > 0 {
		return nil, faults
	}
	c.service = asked
	none := newSnapshot(0)
	none.partial = true
	c.current.Store(none)
	return c, nil
}

// Close stops what a service is asked aside. A file has nothing to stop.
func Close(c *Catalog) {
	if c != nil && c.service != nil {
		closeService(c.service)
	}
}

// Current answers the catalogue in force, of a service one without any items (For has them); now is Unix milliseconds.
// At most every Source.CheckEvery milliseconds one caller looks at the file and loads it where it changed; the others go on with the snapshot before. A broken file changes nothing:
// the snapshot before stays in force and the log says why, once for each change.
func Current(c *Catalog, now int64) *Snapshot {
	if c.source.File != "" {
		since := now - atomic.LoadInt64(&c.checked)
		if since >= c.source.CheckEvery || since < -c.source.CheckEvery {
			look(c, now)
		}
	}
	return c.current.Load().(*Snapshot)
}

// publish puts a new snapshot in force.
func publish(c *Catalog, snapshot *Snapshot) {
	c.generation++
	snapshot.Generation = c.generation
	c.current.Store(snapshot)
	c.logger.Info("catalogue loaded", "file", name(c.source), "items", len(snapshot.Facts), "generation", c.generation)
}

// name is what the log calls the source.
func name(source Source) string {
	if source.File == "" {
		return "(inline)"
	}
	return source.File
}
