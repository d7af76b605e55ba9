// Package migrate copies the records of a data folder into another store, and proves that they are there.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/polycart/polycart/store"
)

// Settings say how a folder is copied.
type Settings struct {
	Workers int  // records that are under way at once: to another machine the time goes into waiting for answers
	DryRun  bool // nothing is written

	// Began hears what begins, of so many records, and Did of each that is done; Did may be called by many at once.
	Began func(what string, records int)
	Did   func()
}

// Outcome is what became of a record, or what would.
type Outcome int

// The outcomes. What does not fit is left as it is in the target.
const (
	Copied   Outcome = iota // the target had none
	Replaced                // the target had an older one of the same cart
	There                   // the target had the same already, byte for byte
	Expired                 // its lifetime ended meanwhile
	Newer                   // the target has a newer one of the same cart
	Other                   // the target has another cart, or another one of the same version, under its key
	Unread                  // it is damaged in the folder
	Unknown                 // what the target has under its key is no record, or damaged
	Missing                 // it is not in the target; only a check finds that
	// Outcomes is the number of them.
	Outcomes
)

// Tally counts outcomes, and keeps an example of each that has something to say.
type Tally struct {
	mu       sync.Mutex
	counts   [Outcomes]int
	examples [Outcomes]string
}

func (t *Tally) add(outcome Outcome, example string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[outcome]++
	if t.examples[outcome] == "" {
		t.examples[outcome] = example
	}
}

// Count is how many records had an outcome.
func (t *Tally) Count(outcome Outcome) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[outcome]
}

// Example says more of one record with an outcome; it names no key, because a guest's key is his secret.
func (t *Tally) Example(outcome Outcome) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.examples[outcome]
}

// Report is what a run came to.
type Report struct {
	Records int   // in the folder
	Lost    int64 // places of damaged bytes in the folder of which nobody knows whose they were
	Dry     bool  // it was a dry run
	Copy    Tally // what was done, or in a dry run what would be
	Check   Tally // what is in the target afterwards; empty after a dry run and where the run was broken off
}

// Whole tells whether everything that the folder holds is in the target, or after a dry run whether it would be.
func (r *Report) Whole() bool {
	whole := r.Check.Count(There) + r.Check.Count(Expired)
	if r.Dry {
		whole = r.Copy.Count(Copied) + r.Copy.Count(Replaced) + r.Copy.Count(There) + r.Copy.Count(Expired)
	}
	return r.Lost == 0 && whole == r.Records
}

// migration is a run.
type migration struct {
	from     *store.Log
	to       store.Store
	settings Settings
	keys     []string
	report   *Report
}

// Run copies every record of a folder that the target lacks, or has an older one of, and then reads each again from both. It can be broken off at any record and
// run anew. The report tells how far it came, also with an error.
// Errors: the context's; store.ErrUnavailable where either store does not answer any more.
func Run(ctx context.Context, from *store.Log, to store.Store, settings Settings) (*Report, error) {
	report := &Report{Lost: from.Stats().Lost, Dry: settings.DryRun}
	// A server that cannot be reached or lets us do nothing is told before anything else.
	if _, err := to.Pending(); err != nil {
		return report, err
	}
	keys, err := from.Keys()
	if err != nil {
		return report, fmt.Errorf("listing the carts: %w", err)
	}
	report.Records = len(keys)
	m := &migration{from: from, to: to, settings: settings, keys: keys, report: report}
	if settings.DryRun {
		return report, m.each(ctx, "looking", &report.Copy, m.look)
	}
	if err := m.each(ctx, "copying", &report.Copy, m.carry); err != nil {
		return report, err
	}
	return report, m.each(ctx, "verifying", &report.Check, m.check)
}

// each does a step for every record and counts what came out.
func (m *migration) each(ctx context.Context, what string, tally *Tally, step func(key string, record *store.Record) (Outcome, string, error)) error {
	m.settings.Began(what, len(m.keys))
	group, ctx := errgroup.WithContext(ctx)
	next := atomic.Int64{}
	for range m.settings.Workers {
		group.Go(func() error {
			for {
				at := int(next.Add(1)) - 1
				if at >= len(m.keys) {
					return nil
				}
				if err := m.one(ctx, m.keys[at], tally, step); err != nil {
					return err
				}
				m.settings.Did()
			}
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// one does a step for one record.
func (m *migration) one(ctx context.Context, key string, tally *Tally, step func(key string, record *store.Record) (Outcome, string, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	record, err := m.from.Load(key, 0)
	if errors.Is(err, store.ErrDamaged) {
		tally.add(Unread, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if record.Version == 0 {
		tally.add(Expired, "")
		return nil
	}
	for try := 1; ; try++ {
		outcome, example, err := step(key, &record)
		if err == nil {
			tally.add(outcome, example)
			return nil
		}
		if !errors.Is(err, store.ErrUnavailable) || try == maxTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(tryEvery):
		}
	}
}

// A target that is away for a moment, as while another server takes over, is waited for: with the time that each try itself
// takes about half a minute.
const (
	maxTries = 15
	tryEvery = time.Second
)

// carry copies a record.
func (m *migration) carry(key string, record *store.Record) (Outcome, string, error) {
	// Most often there is nothing yet, so the first try is to save: one round trip.
	there := store.Record{}
	for range maxConflicts {
		saving := *record
		saving.Token = there.Token
		err := m.to.Save(key, there.Version, &saving)
		if err == nil && there.Version > 0 {
			return Replaced, "", nil
		}
		if err == nil {
			return Copied, "", nil
		}
		if errors.Is(err, store.ErrDamaged) {
			return Unknown, err.Error(), nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return 0, "", err
		}
		outcome, example := Outcome(0), ""
		there, outcome, example, err = m.compare(key, record)
		if err != nil || (outcome != Replaced && outcome != Copied) {
			return outcome, example, err
		}
	}
	return Newer, "somebody else writes to the cart again and again", nil
}

// maxConflicts bounds how often a record is tried that others write meanwhile. Nobody should: the target belongs to us until
// we are through.
const maxConflicts = 4

// look tells what carry would do.
func (m *migration) look(key string, record *store.Record) (Outcome, string, error) {
	_, outcome, example, err := m.compare(key, record)
	return outcome, example, err
}

// check tells what is in the target.
func (m *migration) check(key string, record *store.Record) (Outcome, string, error) {
	_, outcome, example, err := m.compare(key, record)
	if outcome == Copied || outcome == Replaced {
		if record.Expires != 0 && record.Expires <= time.Now().UnixMilli() {
			return Expired, "", err
		}
		return Missing, example, err
	}
	return outcome, example, err
}

// compare loads what the target has under a key, and tells what is to be done: Copied or Replaced where it is to be saved.
func (m *migration) compare(key string, record *store.Record) (store.Record, Outcome, string, error) {
	there, err := m.to.Load(key, 0)
	if errors.Is(err, store.ErrDamaged) {
		return there, Unknown, err.Error(), nil
	}
	if err != nil {
		return there, 0, "", err
	}
	outcome, example := judge(key, record, &there)
	return there, outcome, example, nil
}
