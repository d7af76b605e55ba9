package load

import (
	"context"
	"time"
)

// Open runs an open loop for a while: rate requests a second are due at even distances, whether those before are answered
// or not, as from callers who do not know of each other. Each goes over the first of connections that is free. A latency
// counts from the moment the request was due, so that a stalled target is charged for all who waited for it (the correction
// of coordinated omission). What could not be sent a whole slice after the end is Unsent, and counts with the time it had
// waited until then. It ends early with ctx; failures are as in Closed.
func Open(ctx context.Context, target *Target, connections int, rate float64, during time.Duration) (Result, error) {
	every := time.Duration(float64(time.Second) / rate)
	count := max(int(during/every), 1)
	due := make(chan time.Time, count) // it holds them all, so that nothing slows the clock
	counted, start := newTally(), time.Now()
	last := start.Add(2 * during)
	ticking, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer close(due)
		for i := range count {
			if ticking.Err() != nil {
				return
			}
			at := start.Add(time.Duration(i) * every)
			sleepUntil(at)
			due <- at
		}
	}()
	each(connections, func() {
		c, err := dial(ctx, target, last)
		if err != nil {
			counted.failed(err)
			return
		}
		defer c.close()
		for at := range due {
			if time.Now().After(last) {
				counted.unsent(time.Since(at))
				continue
			}
			if err := c.ask(); err != nil {
				counted.failed(err)
				return
			}
			counted.answered(time.Since(at))
		}
	})
	counted.result.Elapsed = time.Since(start)
	return counted.result, faultOf(ctx, counted)
}

// unsent counts a request that was never sent, and how long it has waited for that.
func (t *tally) unsent(waited time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.result.Unsent++
	record(t.result.Latency, waited)
}
