package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Memory is a store that forgets everything when the process ends, for trials and tests.
type Memory struct {
	mu      sync.Mutex
	clock   func() int64
	records map[string]Record
	sweepAt int // records at which expired ones are looked for
	closed  bool
	tenure  *atomic.Int64
}

// firstSweep is the number of records at which expired ones are first looked for. The bound then is twice what was
// left, so that the work stays a constant share of the saves.
const firstSweep = 1024

// NewMemory makes an empty store. clock answers Unix milliseconds; nil is the system's clock.
func NewMemory(clock func() int64) *Memory {
	if clock == nil {
		clock = systemClock
	}
	return &Memory{clock: clock, records: map[string]Record{}, sweepAt: firstSweep, tenure: &atomic.Int64{}}
}

// Load is Store.Load.
func (m *Memory) Load(key string, have int64) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return Record{}, fmt.Errorf("the store in memory is closed: %w", ErrUnavailable)
	}
	record := newestInMemory(m, key)
	if record.Version != 0 && record.Version == have {
		record.Data = nil
	}
	return record, nil
}

// Save is Store.Save.
func (m *Memory) Save(key string, was int64, record *Record) error {
	if err := checkRecord(key, was, record); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return fmt.Errorf("the store in memory is closed: %w", ErrUnavailable)
	}
	if newest := newestInMemory(m, key).Version; newest != was {
		return conflict(newest, was)
	}
	m.records[key] = Record{Version: record.Version, Expires: record.Expires, Pending: record.Pending, Data: append([]byte{}, record.Data...)}
	if len(m.records) >= m.sweepAt {
		sweepMemory(m)
	}
	return nil
}

// Delete is Store.Delete.
func (m *Memory) Delete(key string, was int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return fmt.Errorf("the store in memory is closed: %w", ErrUnavailable)
	}
	if newest := newestInMemory(m, key).Version; newest != was {
		return conflict(newest, was)
	}
	delete(m.records, key)
	return nil
}

// Pending is Store.Pending. It looks at every record: a store in memory is for trials.
func (m *Memory) Pending() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, fmt.Errorf("the store in memory is closed: %w", ErrUnavailable)
	}
	now := m.clock()
	keys := []string{}
	for key, record := range m.records {
		if record.Pending && !expired(record.Expires, now) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// Claim is Store.Claim: there is nobody else.
func (m *Memory) Claim(key, part string, lease int64) (int64, error) { return 0, nil }

// Tenure is Store.Tenure: nobody else can write.
func (m *Memory) Tenure() *atomic.Int64 { return m.tenure }

// Close is Store.Close.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.records = nil
	m.tenure.Add(1)
	return nil
}

// newestInMemory answers the record under key that has not expired. The lock is held.
func newestInMemory(m *Memory, key string) Record {
	record, found := m.records[key]
	if found && expired(record.Expires, m.clock()) {
		delete(m.records, key)
		return Record{}
	}
	return record
}

// sweepMemory takes every expired record out. The lock is held.
func sweepMemory(m *Memory) {
	now := m.clock()
	for key, record := range m.records {
		if expired(record.Expires, now) {
			delete(m.records, key)
		}
	}
	m.sweepAt = firstSweep + 2*len(m.records)
}

// systemClock is the time in Unix milliseconds.
func systemClock() int64 { return time.Now().UnixMilli() }
