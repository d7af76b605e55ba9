package plugin

import (
	"net/http"
	"net/http/httptest"
	"runtime"
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
	goroutines := 0
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
			if goroutines == 0 {
				goroutines = runtime.NumGoroutine()
			}
			const hanging = 40
			for range hanging {
				defer must(t, func() (interface{ Close() error }, error) { return caller.Hang(server.URL) }).Close()
			}
			awaitValue(t, func() (int, bool) { return runtime.NumGoroutine(), runtime.NumGoroutine() >= goroutines+hanging })
			mustAdd(t, caller, level)
			if got := units(t, caller, level); got != 2 {
				t.Errorf("while others hang the cart holds %d units, want 2", got)
			}
		})
		// Connections that end a moment later may still be counted; what is left over of forty is no such thing.
		awaitValue(t, func() (int, bool) { return runtime.NumGoroutine(), runtime.NumGoroutine() <= goroutines+10 })
	}
}
