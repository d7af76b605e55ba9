package store

// entry is what the index knows of a cart's newest record, 32 bytes, all zero where it knows of none; with its share of the map and a key of 60 bytes
// a cart costs 181 bytes when a million of them are held (BenchmarkMillion). A deletion stays in the index until no segment can hold an
// older record of the cart, so that an old record never comes back.
type entry struct {
	segment uint32 // from 1
	offset  uint32
	length  uint32
	flags   uint32
	version int64
	expires int64 // as in the record
}

// dropEntry takes a cart out of the index. The lock is held.
func dropEntry(l *Log, key string, older *entry) {
	delete(l.index, key)
	countWaste(l, older.segment, int64(older.length))
}

// restoreEntry undoes a write that did not become durable. The lock is held.
func restoreEntry(l *Log, key string, older *entry) {
	failed, found := l.index[key]
	if found {
		countWaste(l, failed.segment, int64(failed.length))
	}
	if older.segment == 0 {
		delete(l.index, key)
		return
	}
	l.index[key] = *older
	if older.flags&flagPending != 0 {
		l.waiting[key] = true
	}
	countWaste(l, older.segment, -int64(older.length))
}

// countWaste adds to the bytes of a segment that nobody needs any more. The lock is held.
func countWaste(l *Log, number uint32, bytes int64) {
	if s := l.segments[number]; s != nil {
		s.waste += bytes
	}
}
