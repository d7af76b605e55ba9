package history

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Log is the history of one cart. Several clients may write to it at once.
type Log struct {
	began time.Time

	mu  sync.Mutex
	all []porcupine.Operation
}

// NewLog begins a history.
func NewLog() *Log { return &Log{began: time.Now()} }

// Now is the moment as the history counts, by a clock that nobody sets.
func (l *Log) Now() int64 { return int64(time.Since(l.began)) }

// Note adds what a client asked at a moment and was answered at another. What is unknown has no end: it may still be done
// after everything else.
func (l *Log) Note(client int, called int64, asked Asked, returned int64, told Told) {
	if told.Unknown {
		returned = math.MaxInt64
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, porcupine.Operation{ClientId: client, Input: asked, Call: called, Output: told, Return: returned})
}

// Len answers how many operations are noted, and how many of them have an unknown outcome.
func (l *Log) Len() (all, unknown int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.all {
		if one.Output.(Told).Unknown {
			unknown++
		}
	}
	return len(l.all), unknown
}

// patience bounds the search in one history. Those of the tests take milliseconds; one that is not linearizable may take long.
const patience = time.Minute

// Check answers nil where the history is linearizable: where its operations can be put in an order, each somewhere between
// its call and its answer, in which one cart gives these answers. Otherwise the error names files, which it leaves behind:
// the history as text, and as a picture that shows how far an order was found.
func (l *Log) Check(name string) error {
	l.mu.Lock()
	all := slices.Clone(l.all)
	l.mu.Unlock()
	found, info := porcupine.CheckOperationsVerbose(cartModel, all, patience)
	if found == porcupine.Ok {
		return nil
	}
	what := "is not linearizable"
	if found == porcupine.Unknown {
		what = fmt.Sprintf("was not decided within %s", patience)
	}
	folder, err := os.MkdirTemp("", "polycart-history-")
	if err != nil {
		return fmt.Errorf("the history of %s %s; keeping it: %w", name, what, err)
	}
	picture, text := filepath.Join(folder, "history.html"), filepath.Join(folder, "history.txt")
	if err := porcupine.VisualizePath(cartModel, info, picture); err != nil {
		return fmt.Errorf("the history of %s %s; drawing it: %w", name, what, err)
	}
	if err := os.WriteFile(text, []byte(printed(all)), 0o600); err != nil {
		return fmt.Errorf("the history of %s %s; keeping it: %w", name, what, err)
	}
	return fmt.Errorf("the history of %s (%d operations) %s; see %s and %s", name, len(all), what, picture, text)
}

// printed is a history as text, in the order of calls, in milliseconds.
func printed(all []porcupine.Operation) string {
	slices.SortFunc(all, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	text := strings.Builder{}
	for _, one := range all {
		end := "-"
		if one.Return != math.MaxInt64 {
			end = fmt.Sprintf("%.3f", float64(one.Return)/1e6)
		}
		fmt.Fprintf(&text, "%10.3f %10s client %d: %s\n", float64(one.Call)/1e6, end, one.ClientId, describe(one.Input.(Asked), one.Output.(Told)))
	}
	return text.String()
}
