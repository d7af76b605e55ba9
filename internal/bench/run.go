package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/polycart/polycart/internal/load"
)

// target is an operation at a server: what has its turn in a round.
type target struct {
	operation
	server      *server
	others      []*server // replicas, which take their share of the connections
	connections int
	load        *load.Target

	perSecond []float64
	cpu       []float64 // microseconds a request
	ratio     []float64 // to pass-through in the same round
	requests  int
	unsent    int
	behind    int // requests to the cart service, where there is one
	latency   *hdrhistogram.Histogram
}

// title is the target for people.
func (t *target) title() string {
	text := t.name + " (" + string(t.server.edition)
	if t.rate > 0 {
		return fmt.Sprintf("%s, %d/s)", text, t.rate)
	}
	return fmt.Sprintf("%s, connections: %d)", text, t.connections)
}

// Run measures. It tells progress what it does. Where ctx is cancelled or a target fails, the report has what was measured
// until then, and the error says why it is not all. Nothing is left running.
func Run(ctx context.Context, settings Settings, progress io.Writer) (report *Report, err error) {
	s := &stage{settings: settings, progress: progress}
	defer func() { err = errors.Join(err, s.close()) }()
	report = newReport(settings)
	if err := s.open(ctx); err != nil {
		return report, err
	}
	targets, err := s.targets()
	if err != nil {
		return report, err
	}
	err = s.measure(ctx, report, targets)
	report.Interrupted = err != nil
	report.add(targets)
	return report, err
}

// callers is how many callers take turns with carts of so many lines: more than ever ask at once, so that no two ask for one
// cart. Only short carts are asked for by all of Settings.Connections; a long one takes long to be printed first, so there are few.
func (s Settings) callers(lines int) int {
	if lines > 1 {
		return 2 * s.Connections[0]
	}
	return 2 * s.pool()
}

// pool is how many connections an open loop may use: a rate needs as many as it may have to wait for at once.
func (s Settings) pool() int { return max(64, slices.Max(s.Connections)) }

// callersOfMany is how many callers take turns among many carts: many times more than the plugin holds in memory.
const callersOfMany = 2000

// targets are all operations at all servers that have what they are about.
func (s *stage) targets() ([]*target, error) {
	found := []*target{}
	for _, one := range operationsOf(s.settings, s.held) {
		callers := s.settings.callers(one.lines)
		if one.carts > 0 {
			callers = min(one.carts, callersOfMany)
		}
		if one.kept {
			callers -= callers % one.replicas // so that each replica has the same ones in every turn
		}
		wires, err := one.wires(callers)
		if err != nil {
			return nil, err
		}
		several := []int{s.settings.pool()}
		switch one.group {
		case Baseline, Reads, Writes:
			several = s.settings.Connections
		case Lines, Carts, Bodies, Shared, Backed:
			several = s.settings.Connections[:1]
		}
		for _, connections := range several {
			for _, server := range s.servers {
				if server.carts != one.carts || server.replica != one.leader() || server.backed != one.backed {
					continue
				}
				t := &target{operation: one, server: server, connections: connections, latency: load.NewLatency()}
				t.load = &load.Target{Name: t.title(), Address: server.process.URL[len("http://"):], Bytes: wires, Status: 200, Kept: one.kept}
				for _, other := range s.servers {
					if other.edition == server.edition && one.replicas == manyReplicas && other.replica > firstReplica {
						t.others = append(t.others, other)
						t.load.Others = append(t.load.Others, other.process.URL[len("http://"):])
					}
				}
				found = append(found, t)
			}
		}
	}
	return found, nil
}

// measure warms up and then lets all targets take turns, round after round.
func (s *stage) measure(ctx context.Context, report *Report, targets []*target) error {
	length := time.Duration(len(targets)) * s.settings.Slice
	warming := begin(s.progress, "warming up, about %s", length.Round(time.Second))
	err := s.warmUp(ctx, targets, warming)
	warming.end()
	if err != nil {
		return err
	}
	if err := s.weigh(func(one *server, memory Memory) { one.before = memory }); err != nil {
		return err
	}
	measuring := begin(s.progress, "measuring %d targets in %d rounds, about %s", len(targets), s.settings.Rounds, (length * time.Duration(s.settings.Rounds)).Round(time.Second))
	defer measuring.end()
	for round := range s.settings.Rounds {
		through := map[string]float64{} // requests a second of pass-through in this round, by edition and connections
		for _, t := range targets {
			measuring.now("round %d of %d, %s", round+1, s.settings.Rounds, t.title())
			result, err := s.slice(ctx, t)
			if err != nil {
				return err
			}
			t.add(result, through)
		}
		report.Rounds++
	}
	return s.weigh(func(one *server, memory Memory) { report.weigh(one, memory) })
}

// warmUp lets every target have a turn that does not count. A request that the plugin takes for none of its own is answered
// by the upstream, as well as any: it would be measured for another.
func (s *stage) warmUp(ctx context.Context, targets []*target, warming *phase) error {
	for _, t := range targets {
		warming.now("%s", t.title())
		if t.backed { // the plugin's first request about a cart has the service make it
			if err := load.Once(ctx, t.load); err != nil {
				return s.blame(ctx, t, err)
			}
		}
		before := s.upstream.answered.Load()
		result, err := s.slice(ctx, t)
		if err != nil {
			return err
		}
		if passed := s.upstream.answered.Load() - before; (passed > 0) != (t.route == routeThrough && !t.backed) || (result.behind > 0) != t.backed {
			return fmt.Errorf("measuring %s: the upstream answered %d of its requests, the cart service %d", t.title(), passed, result.behind)
		}
	}
	return nil
}

// slice lets one target have its turn.
func (s *stage) slice(ctx context.Context, t *target) (measured, error) {
	before, err := t.cpuTime()
	known := !errors.Is(err, errUnmeasured)
	if err != nil && known {
		return measured{}, s.blame(ctx, t, err)
	}
	if t.backed {
		if _, err := s.served(); err != nil { // what was served before is not this target's
			return measured{}, err
		}
	}
	result := load.Result{}
	if t.rate > 0 {
		result, err = load.Open(ctx, t.load, t.connections, float64(t.rate), s.settings.Slice)
	} else {
		result, err = load.Closed(ctx, t.load, t.connections, s.settings.Slice)
	}
	if err != nil {
		return measured{}, s.blame(ctx, t, err)
	}
	found := measured{Result: result}
	if t.backed {
		if found.behind, err = s.served(); err != nil {
			return measured{}, err
		}
	}
	if known {
		after, err := t.cpuTime()
		if err != nil {
			return measured{}, s.blame(ctx, t, err)
		}
		found.cpu = after - before
	}
	return found, nil
}

// cpuTime is what the target's Traefiks have taken so far.
func (t *target) cpuTime() (time.Duration, error) {
	sum := time.Duration(0)
	for _, one := range append([]*server{t.server}, t.others...) {
		took, err := cpuOf(one.process.PID())
		if err != nil {
			return 0, err
		}
		sum += took
	}
	return sum, nil
}

// measured is what a slice measured.
type measured struct {
	load.Result
	cpu    time.Duration // of Traefik, all replicas together; 0: not known
	behind int           // requests to the cart service
}

// blame tells the error of a slice, and what Traefik said if it has ended.
func (s *stage) blame(ctx context.Context, t *target, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-t.server.process.Ended():
		return fmt.Errorf("measuring %w: %w", err, t.server.process.Err())
	case <-s.serviceEnded():
		return fmt.Errorf("measuring %w: %w", err, s.service.Err())
	case <-time.After(100 * time.Millisecond): // the connection breaks before the process is gone
		return fmt.Errorf("measuring %w", err)
	}
}

// add counts a slice.
func (t *target) add(slice measured, through map[string]float64) {
	t.requests += slice.Requests
	t.unsent += slice.Unsent
	t.behind += slice.behind
	t.latency.Merge(slice.Latency)
	if slice.Requests == 0 {
		return
	}
	t.perSecond = append(t.perSecond, slice.PerSecond())
	if slice.cpu > 0 {
		t.cpu = append(t.cpu, float64(slice.cpu.Nanoseconds())/1000/float64(slice.Requests))
	}
	if t.rate > 0 {
		return // the rate is given, so it tells nothing
	}
	same := fmt.Sprint(t.server.edition, t.connections, t.backed)
	if isThrough(t.name) {
		through[same] = slice.PerSecond()
	}
	if base := through[same]; base > 0 {
		t.ratio = append(t.ratio, slice.PerSecond()/base)
	}
}

// weigh reads the memory of every server, where the system tells it.
func (s *stage) weigh(told func(*server, Memory)) error {
	for _, one := range s.servers {
		memory, err := memoryOf(one.process.PID())
		if errors.Is(err, errUnmeasured) {
			return nil
		}
		if err != nil {
			return err
		}
		told(one, memory)
	}
	return nil
}
