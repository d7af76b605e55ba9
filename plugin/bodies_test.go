package plugin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/transcript"
)

// A client that stops in the middle of its body changes nothing, even where all of the JSON had come, holds up nobody who
// writes the same cart meanwhile, and leaves no goroutine behind.
func TestABodyThatBreaksOffChangesNothing(t *testing.T) {
	s := openShop(t, newReceiver(t), "log: {level: error}\n")
	server := httptest.NewServer(s.handler)
	defer server.Close()
	level := transcript.Handler(s.handler)
	for i, name := range dialectNames() {
		t.Run(name, func(t *testing.T) {
			caller := callerOf(t, s, "18"+name, i)
			mustBegin(t, caller, level)
			before := read(t, caller, level)
			for _, way := range callers.Ways() {
				answer := must(t, func() (callers.Answer, error) { return caller.BreakOff(server.URL, way) })
				if answer.Status != http.StatusBadRequest && answer.Status != 0 {
					t.Errorf("%s: answered %d %s, want 400", way.Name, answer.Status, answer.Body)
				}
			}
			if now := read(t, caller, level); now != before {
				t.Errorf("the cart was %s and is %s", before.Body, now.Body)
			}
			const hanging = 40
			all := []io.Closer{}
			for range hanging {
				all = append(all, must(t, func() (io.Closer, error) { return caller.Hang(server.URL) }))
			}
			awaitValue(t, func() (int, bool) { n := requestsUnderWay(t); return n, n == hanging })
			mustAdd(t, caller, level)
			if got := units(t, caller, level); got != 2 {
				t.Errorf("while others hang the cart holds %d units, want 2", got)
			}
			for _, one := range all {
				one.Close()
			}
			awaitValue(t, func() (int, bool) { n := requestsUnderWay(t); return n, n == 0 })
			if got := units(t, caller, level); got != 2 {
				t.Errorf("after others have gone the cart holds %d units, want 2", got)
			}
		})
	}
}

// requestsUnderWay counts the goroutines that are in the plugin's handler.
func requestsUnderWay(t *testing.T) int {
	t.Helper()
	stacks := &strings.Builder{}
	if err := pprof.Lookup("goroutine").WriteTo(stacks, 2); err != nil {
		t.Fatal(err)
	}
	return strings.Count(stacks.String(), "/plugin.serve(")
}
