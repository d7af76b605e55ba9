package store

import "sort"

// place is where in the log the newest record of a cart is.
type place struct {
	At  uint64 // segment and offset
	Key string
}

// Keys lists the keys of all records that have not expired, damaged ones among them, in the order in which the records stand
// in the files: who loads them one after the other reads the disk from front to back. A million keys take 40 MB beside the
// index while they are put in order.
// Errors: ErrUnavailable.
func (l *Log) Keys() ([]string, error) {
	now := clockNow(l.o)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := confirmTenure(l, now); err != nil {
		return nil, err
	}
	places := make([]place, 0, len(l.index))
	for key, found := range l.index {
		if found.flags&flagDeleted == 0 && !expired(found.expires, now) {
			places = append(places, place{At: uint64(found.segment)<<32 + uint64(found.offset), Key: key})
		}
	}
	sort.Slice(places, func(a, b int) bool { return places[a].At < places[b].At })
	keys := make([]string, len(places))
	for i := range places {
		keys[i] = places[i].Key
	}
	return keys, nil
}
