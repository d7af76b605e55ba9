package bench

import (
	"strings"
	"testing"
	"time"
)

// small are settings that measure everything in as little time as there can be.
func small() Settings {
	return Settings{
		Groups: Groups, Rounds: 2, Slice: 50 * time.Millisecond, Connections: []int{2, 1}, Rates: []int{100}, Carts: []int{200, 400}, Sync: "os",
	}
}

func TestASettingThatIsWrongIsNamedWithWhatIsAllowed(t *testing.T) {
	if err := small().Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Settings){
		"groups must name at least one of reads,":                                               func(s *Settings) { s.Groups = nil },
		`groups must be of reads, writes, lines, carts, bodies, open, redis, ucp, not "dreams"`: func(s *Settings) { s.Groups = []string{"dreams"} },
		"rounds must be from 1 to 1000, not 0":                                                  func(s *Settings) { s.Rounds = 0 },
		"slice must be from 10ms to 1m, not 1ms":                                                func(s *Settings) { s.Slice = time.Millisecond },
		`sync must be os, interval or always, not ""`:                                           func(s *Settings) { s.Sync = "" },
		"gomaxprocs must be 0 or more, not -1":                                                  func(s *Settings) { s.Procs = -1 },
		"share must be from 0 to 100, not 101":                                                  func(s *Settings) { s.Share = 101 },
		"connections must be 1 to 8 numbers, not 0":                                             func(s *Settings) { s.Connections = nil },
		"connections must be different numbers from 1 to 1000, not 0":                           func(s *Settings) { s.Connections = []int{8, 0} },
		"rates must be different numbers from 1 to 100000, not 5":                               func(s *Settings) { s.Rates = []int{5, 5} },
		"carts must be different numbers from 1 to 10000000, not 20000000":                      func(s *Settings) { s.Carts = []int{20_000_000} },
	} {
		settings := small()
		change(&settings)
		if err := settings.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}
