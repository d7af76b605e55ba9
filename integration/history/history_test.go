package history

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/polycart/polycart/internal/callers"
)

// one is an operation of a history made by hand: at which moments it was called and answered.
type one struct {
	from, to int64
	asked    Asked
	told     Told
}

func add(n int64) Asked              { return Asked{Verb: callers.Add, Quantity: n} }
func units(n int64) Told             { return Told{Units: &n} }
func cart(n ...int64) Told           { c := Cart{}; copy(c[:], n); return Told{Cart: &c} }
func do(v callers.Verb, n int) Asked { return Asked{Verb: v, Quantity: int64(n)} }

var (
	read    = Asked{Verb: callers.Read}
	unknown = Told{Unknown: true}
	none    = Told{None: true}
)

func TestTheCheckerTellsGoodHistoriesFromBad(t *testing.T) {
	for _, test := range []struct {
		name string
		good bool
		all  []one
	}{
		{"one after the other", true, []one{{1, 2, add(1), units(1)}, {3, 4, add(2), cart(3)}, {5, 6, read, cart(3)}}},
		{"two at once, in either order", true, []one{{1, 4, add(1), units(3)}, {2, 3, add(2), cart(2)}}},
		{"a read beside a write sees it or not", true, []one{{1, 5, add(1), units(1)}, {2, 3, read, cart()}, {3, 4, read, cart(1)}}},
		{"a stale read", false, []one{{1, 2, add(1), units(1)}, {3, 4, add(1), units(2)}, {5, 6, read, cart(1)}}},
		{"a read that goes back in time", false, []one{{1, 9, add(1), units(1)}, {2, 3, read, cart(1)}, {4, 5, read, cart()}}},
		{"a lost write", false, []one{{1, 3, add(1), Told{}}, {1, 3, add(1), Told{}}, {4, 5, read, cart(1)}}},
		{"a write done twice", false, []one{{1, 2, add(1), Told{}}, {4, 5, read, cart(2)}}},
		{"two who were both told that theirs was the first", false, []one{{1, 3, add(1), units(1)}, {1, 3, add(1), units(1)}}},
		{"an unknown write that was never done", true, []one{{1, 0, add(1), unknown}, {4, 5, read, cart()}, {6, 7, read, cart()}}},
		{"an unknown write that was done late", true, []one{{1, 0, add(1), unknown}, {4, 5, read, cart()}, {6, 7, read, cart(1)}}},
		{"an unknown write that was done twice", false, []one{{1, 0, add(1), unknown}, {4, 5, read, cart(1)}, {6, 7, read, cart(2)}}},
		{"an unknown write that was undone", false, []one{{1, 0, add(1), unknown}, {4, 5, read, cart(1)}, {6, 7, read, cart()}}},
		{"set, adjust and remove", true, []one{{1, 2, do(callers.Put, 5), Told{}}, {3, 4, do(callers.Set, 3), cart(3)}, {5, 6, do(callers.Adjust, -1), Told{}}, {7, 8, read, cart(2)}, {9, 10, do(callers.Adjust, -9), Told{}}, {11, 12, do(callers.Remove, 0), none}}},
		{"a set of what is not there", false, []one{{1, 2, do(callers.Set, 3), cart(3)}}},
		{"a remove that is refused although the item is there", false, []one{{1, 2, add(1), units(1)}, {3, 4, do(callers.Remove, 0), none}}},
		{"the same by a line that has ended", true, []one{{1, 2, add(1), units(1)}, {3, 4, Asked{Verb: callers.Remove, ByLine: true}, none}}},
		{"a clear that left something", false, []one{{1, 2, add(1), units(1)}, {3, 4, do(callers.Clear, 0), Told{}}, {5, 6, read, cart(1)}}},
		{"another item", false, []one{{1, 2, Asked{Verb: callers.Add, Item: 1, Quantity: 1}, cart(1)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			log := NewLog()
			for client, o := range test.all {
				log.Note(client, o.from, o.asked, o.to, o.told)
			}
			err := log.Check(test.name)
			if (err == nil) != test.good {
				t.Fatalf("the checker says %v", err)
			}
			if err == nil {
				return
			}
			for _, path := range regexp.MustCompile(`/\S+`).FindAllString(err.Error(), -1) {
				kept, err := os.ReadFile(path)
				if err != nil || strings.HasSuffix(path, ".txt") && strings.Count(string(kept), "\n") != len(test.all) {
					t.Errorf("what is left behind in %s: %v\n%s", path, err, kept)
				}
				os.Remove(path)
				os.Remove(strings.TrimSuffix(path, "/history.txt"))
			}
		})
	}
}

func TestASetIsJudged(t *testing.T) {
	e := NewElements()
	for _, element := range []string{"a", "b", "c", "d"} {
		e.Ask(element)
	}
	for _, element := range []string{"a", "b", "c"} {
		e.Acknowledge(element)
	}
	for _, test := range []struct {
		there map[string]int64
		want  string
	}{
		{map[string]int64{"a": 1, "b": 1, "c": 1}, "{[] [] []}"},
		{map[string]int64{"a": 1, "b": 1, "c": 1, "d": 1}, "{[] [] []}"},
		{map[string]int64{"a": 1, "d": 2}, "{[b c] [d] []}"},
		{map[string]int64{"a": 1, "b": 1, "c": 1, "e": 1}, "{[] [] [e]}"},
	} {
		if got := fmt.Sprint(e.Judge(test.there)); got != test.want {
			t.Errorf("%v is judged %s, want %s", test.there, got, test.want)
		}
	}
}
