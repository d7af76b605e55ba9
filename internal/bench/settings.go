// Package bench measures what the plugin costs in a real Traefik, against the same Traefik that passes requests through.
// All targets of all editions take turns in short slices of one run, so that what else the machine does hits all alike.
package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/polycart/polycart/internal/traefik"
)

// The groups of targets. What everything is compared with is measured beside every group.
const (
	Reads  = "reads"  // each dialect's read
	Writes = "writes" // each dialect's add and update
	Lines  = "lines"  // carts of 1 to 500 lines
	Carts  = "carts"  // among a thousand to a million carts, none of them in memory
	Bodies = "bodies" // request bodies up to the limit
	Open   = "open"   // at fixed rates
	Shared = "redis"  // with the carts in a Redis that this program starts
	Backed = "ucp"    // with a UCP cart service behind, which this program starts
)

// Groups are all groups, in the order in which they are measured.
var Groups = []string{Reads, Writes, Lines, Carts, Bodies, Open, Shared, Backed}

// Usual are the groups of the plugin alone: all but Shared and Backed, which need another program beside it.
var Usual = Groups[:len(Groups)-2]

// Settings say what Run measures, and for how long.
type Settings struct {
	Checkout    string                     // of this repository
	Binaries    map[traefik.Edition]string // the Traefik of each edition that is measured
	Groups      []string                   // of Groups
	Rounds      int                        // how often all targets take turns
	Slice       time.Duration              // how long each has its turn
	Connections []int                      // of the closed loops: the first for every group, all of them for reads and writes
	Rates       []int                      // of the open loops, requests a second
	Carts       []int                      // numbers of carts in the group carts
	Sync        string                     // store.sync of the plugin
	Procs       int                        // GOMAXPROCS of Traefik; 0: as the environment has it
	Share       int                        // hundredths of a processor that each Traefik over a Redis may use; 0: all there is
	Version     string                     // of this program, for the report
}

// longestList bounds how often a setting can be repeated: each entry costs slices, or a Traefik of its own.
const longestList = 8

// Check says what is wrong with the settings that a person gives, or nil.
func (s Settings) Check() error {
	if len(s.Groups) == 0 {
		return fmt.Errorf("groups must name at least one of %s", strings.Join(Groups, ", "))
	}
	for _, group := range s.Groups {
		if !slices.Contains(Groups, group) {
			return fmt.Errorf("groups must be of %s, not %q", strings.Join(Groups, ", "), group)
		}
	}
	if s.Rounds < 1 || s.Rounds > 1000 {
		return fmt.Errorf("rounds must be from 1 to 1000, not %d", s.Rounds)
	}
	if s.Slice < 10*time.Millisecond || s.Slice > time.Minute {
		return fmt.Errorf("slice must be from 10ms to 1m, not %s", s.Slice)
	}
	if !slices.Contains([]string{"os", "interval", "always"}, s.Sync) {
		return fmt.Errorf("sync must be os, interval or always, not %q", s.Sync)
	}
	if s.Procs < 0 {
		return fmt.Errorf("gomaxprocs must be 0 or more, not %d", s.Procs)
	}
	if s.Share < 0 || s.Share > 100 {
		return fmt.Errorf("share must be from 0 to 100, not %d", s.Share)
	}
	for _, list := range []struct {
		name   string
		values []int
		most   int
	}{
		{"connections", s.Connections, 1000},
		{"rates", s.Rates, 100_000},
		{"carts", s.Carts, 10_000_000},
	} {
		if len(list.values) < 1 || len(list.values) > longestList {
			return fmt.Errorf("%s must be 1 to %d numbers, not %d", list.name, longestList, len(list.values))
		}
		seen := map[int]bool{}
		for _, value := range list.values {
			if value < 1 || value > list.most || seen[value] {
				return fmt.Errorf("%s must be different numbers from 1 to %d, not %d", list.name, list.most, value)
			}
			seen[value] = true
		}
	}
	return nil
}

// has tells whether a group is measured.
func (s Settings) has(group string) bool { return slices.Contains(s.Groups, group) }

// editions are those that are measured, in the order of the report.
func (s Settings) editions() []traefik.Edition {
	found := []traefik.Edition{}
	for _, edition := range []traefik.Edition{traefik.Stock, traefik.Compiled} {
		if s.Binaries[edition] != "" {
			found = append(found, edition)
		}
	}
	return found
}
