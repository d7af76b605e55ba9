package store

import "bytes"

// Pending records are known by a flag in frame, hint and index. Beside the index the log keeps their keys, so that nobody has
// to walk over a million carts to find the few. A key enters when a pending record is written and leaves when Pending finds
// that its newest record is no longer so; until then it does no harm.

// flagsPending are the flags of a record of which flagPending is one, as bytes of table.Flags.
const flagsPending = "\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"

// addPending adds the keys of a table whose record is pending. The search is native: a loop over every row would take the
// interpreter as long as filling the index.
func addPending(waiting map[string]bool, t *table) {
	for row := 0; row < len(t.Flags); row++ {
		next := bytes.IndexAny(t.Flags[row:], flagsPending)
		if next < 0 {
			return
		}
		row += next
		waiting[t.Keys[row]] = true
	}
}

// Pending is Store.Pending.
func (l *Log) Pending() ([]string, error) {
	now := clockNow(l.o)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := confirmTenure(l, now); err != nil {
		return nil, err
	}
	keys := []string{}
	done := []string{}
	for key := range l.waiting {
		found := l.index[key]
		if found.flags&flagPending == 0 {
			done = append(done, key)
		} else if !expired(found.expires, now) {
			keys = append(keys, key)
		}
	}
	for i := range done {
		delete(l.waiting, done[i])
	}
	return keys, nil
}
