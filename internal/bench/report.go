package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// Schema names the form of a report in JSON. A number behind it changes when a field does.
const Schema = "polycart-bench/1"

// Report is what a run measured. Times are in microseconds, memory in bytes.
type Report struct {
	Schema      string          `json:"schema"`
	Made        time.Time       `json:"made"`
	Polycart    string          `json:"polycart"`
	Machine     Machine         `json:"machine"`
	Slice       string          `json:"slice"`
	Rounds      int             `json:"rounds"` // whole ones
	Sync        string          `json:"sync"`
	Interrupted bool            `json:"interrupted"`
	Traefiks    []TraefikReport `json:"traefiks"`
	Results     []Result        `json:"results"`
}

// Machine is what a run was made on.
type Machine struct {
	System     string `json:"system"` // such as linux/amd64
	Processor  string `json:"processor,omitempty"`
	Processors int    `json:"processors"` // that this process may use
	Procs      int    `json:"gomaxprocs"` // of Traefik
	Go         string `json:"go"`         // that built this program
}

// TraefikReport is what one Traefik took. The growth is from the end of the warming up to the end of the run.
type TraefikReport struct {
	Edition  string `json:"edition"`
	Version  string `json:"version"`
	Carts    int    `json:"carts,omitempty"`   // of the group carts
	Replica  int    `json:"replica,omitempty"` // of the group redis: 1 is alone, the others share their carts
	Backed   bool   `json:"backed,omitempty"`  // of the group ucp
	Resident int64  `json:"residentBytes"`
	Growth   int64  `json:"growthBytes"`
	Peak     int64  `json:"peakBytes"`
}

// Result is what one target came to.
type Result struct {
	Edition     string  `json:"edition"`
	Group       string  `json:"group"`
	Name        string  `json:"name"`
	Connections int     `json:"connections"`
	Rate        int     `json:"rate,omitempty"` // of an open loop, requests a second
	Slices      int     `json:"slices"`
	Requests    int     `json:"requests"`
	Unsent      int     `json:"unsent,omitempty"` // due in an open loop, and never sent
	PerSecond   Spread  `json:"perSecond"`
	Ratio       *Spread `json:"ratio,omitempty"` // to pass-through in the same edition, round by round
	CPU         *Spread `json:"cpu,omitempty"`   // microseconds of Traefik a request
	Latency     Latency `json:"latency"`

	// Behind is how many requests the cart service was asked for each of these, in the group ucp.
	Behind *float64 `json:"behind,omitempty"`
}

// Latency is how long answers took, in microseconds, over all slices together.
type Latency struct {
	P50  int64 `json:"p50"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p99.9"`
	Max  int64 `json:"max"`
}

func newReport(s Settings) *Report {
	procs := s.Procs
	if procs == 0 {
		procs = runtime.GOMAXPROCS(0) // Traefik finds the same
	}
	return &Report{
		Schema: Schema, Made: time.Now().UTC().Truncate(time.Second), Polycart: s.Version, Slice: s.Slice.String(), Sync: s.Sync,
		Machine:  Machine{System: runtime.GOOS + "/" + runtime.GOARCH, Processor: processor(), Processors: runtime.NumCPU(), Procs: procs, Go: runtime.Version()},
		Traefiks: []TraefikReport{}, Results: []Result{},
	}
}

// processor is the name of the machine's processor; empty where it is not found.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "" // not Linux
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// weigh adds the memory of a server.
func (r *Report) weigh(one *server, memory Memory) {
	r.Traefiks = append(r.Traefiks, TraefikReport{
		Edition: string(one.edition), Version: one.version, Carts: one.carts, Replica: one.replica, Backed: one.backed,
		Resident: memory.Resident, Growth: memory.Resident - one.before.Resident, Peak: memory.Peak,
	})
}

// add adds the targets that had a turn.
func (r *Report) add(targets []*target) {
	for _, t := range targets {
		if len(t.perSecond) == 0 {
			continue
		}
		result := Result{
			Edition: string(t.server.edition), Group: t.group, Name: t.name, Connections: t.connections, Rate: t.rate,
			Slices: len(t.perSecond), Requests: t.requests, Unsent: t.unsent, PerSecond: spreadOf(t.perSecond),
			Latency: Latency{P50: t.latency.ValueAtQuantile(50), P99: t.latency.ValueAtQuantile(99), P999: t.latency.ValueAtQuantile(99.9), Max: t.latency.Max()},
		}
		if len(t.ratio) > 0 {
			ratio := spreadOf(t.ratio)
			result.Ratio = &ratio
		}
		if len(t.cpu) > 0 {
			cpu := spreadOf(t.cpu)
			result.CPU = &cpu
		}
		if t.backed {
			behind := float64(t.behind) / float64(t.requests)
			result.Behind = &behind
		}
		r.Results = append(r.Results, result)
	}
}

// JSON writes the report for programs.
func (r *Report) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
