// Package load sends the same HTTP requests over and over and counts the answers. It writes prepared bytes and reads just
// enough of an answer to find its end, so that little of what it measures is its own work.
package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Target is a request that is sent over and over.
type Target struct {
	Name    string
	Address string   // host:port
	Others  []string // further ones that answer the same; the connections are spread over all
	Bytes   [][]byte // requests as they go over the wire; all connections together take them in turn, again and again
	Status  int      // what every answer must be
	Kept    bool     // each address is sent requests of its own only: of n addresses every n-th of Bytes

	taken  atomic.Int64 // requests so far, over all slices
	dialed atomic.Int64 // connections so far
}

// place is the number of the address where the next connection goes.
func (t *Target) place() int { return int((t.dialed.Add(1) - 1) % int64(1+len(t.Others))) }

// address is that of a place.
func (t *Target) address(place int) string {
	if place == 0 {
		return t.Address
	}
	return t.Others[place-1]
}

// next is the request whose turn it is at a place.
func (t *Target) next(place int) []byte {
	turn := int(t.taken.Add(1) - 1)
	if t.Kept {
		turn = turn*(1+len(t.Others)) + place
	}
	return t.Bytes[turn%len(t.Bytes)]
}

// Wire is a request as bytes for a Target. It must be a request that a client could send.
func Wire(request *http.Request) ([]byte, error) {
	text, err := httputil.DumpRequestOut(request, true)
	if err != nil {
		return nil, fmt.Errorf("writing a request for the load: %w", err)
	}
	return text, nil
}

// Result is what a slice of load measured.
type Result struct {
	Requests int // answered
	Unsent   int // of an open loop: what was due and could not be sent in time
	Elapsed  time.Duration
	Latency  *hdrhistogram.Histogram // of every request that was due, in microseconds
}

// PerSecond is the number of requests answered in a second.
func (r Result) PerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Requests) / r.Elapsed.Seconds()
}

// NewLatency makes an empty histogram of latencies in microseconds: up to a minute, which is longer than any answer is waited
// for, with three digits kept, so that no percentile is off by more than a thousandth.
func NewLatency() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Minute.Microseconds(), 3)
}

// tally counts what the connections of one slice measure.
type tally struct {
	mu     sync.Mutex
	result Result
	fault  error // the first
}

func newTally() *tally { return &tally{result: Result{Latency: NewLatency()}} }

// answered counts a request that took a while.
func (t *tally) answered(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.result.Requests++
	record(t.result.Latency, took)
}

// record puts a latency into a histogram; what is out of its bounds counts as the bound.
func record(latency *hdrhistogram.Histogram, took time.Duration) {
	_ = latency.RecordValue(min(max(took.Microseconds(), 1), latency.HighestTrackableValue())) // in bounds: it cannot be refused
}

// failed keeps the first error.
func (t *tally) failed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fault == nil {
		t.fault = err
	}
}

// Closed runs a closed loop for a while: each of connections sends its next request when the last is answered. It ends
// early with ctx. Any failure, or an answer with another status, is an error.
func Closed(ctx context.Context, target *Target, connections int, during time.Duration) (Result, error) {
	counted, start := newTally(), time.Now()
	until := start.Add(during)
	each(connections, func() {
		c, err := dial(ctx, target, until)
		if err != nil {
			counted.failed(err)
			return
		}
		defer c.close()
		for sent := time.Now(); sent.Before(until) && ctx.Err() == nil; sent = time.Now() {
			if err := c.ask(); err != nil {
				counted.failed(err)
				return
			}
			counted.answered(time.Since(sent))
		}
	})
	counted.result.Elapsed = time.Since(start)
	return counted.result, faultOf(ctx, counted)
}

// Once sends each of a target's requests once, one after the other, and ends early with ctx. Errors are those of Closed.
func Once(ctx context.Context, target *Target) error {
	c, err := dial(ctx, target, time.Now())
	if err != nil {
		return err
	}
	defer c.close()
	for range target.Bytes {
		if err := c.ask(); err != nil {
			return errors.Join(ctx.Err(), err)
		}
	}
	return nil
}

// each runs work on so many goroutines and waits for them.
func each(connections int, work func()) {
	wait := sync.WaitGroup{}
	for range connections {
		wait.Go(work)
	}
	wait.Wait()
}

// faultOf is what went wrong in a slice. What a cancelled ctx broke off is no fault of the target's.
func faultOf(ctx context.Context, counted *tally) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return counted.fault
}
