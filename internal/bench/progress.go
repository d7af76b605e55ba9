package bench

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// tellEvery is how often a phase says that it goes on: often enough to see that it lives, seldom enough for a log and not to
// disturb what is measured.
const tellEvery = 5 * time.Second

// phase tells people what is being done, and how far it is.
type phase struct {
	out  io.Writer
	what string
	done chan struct{}
	gone chan struct{}

	mu    sync.Mutex
	state string
}

// begin says what begins; end ends the telling.
func begin(out io.Writer, format string, values ...any) *phase {
	p := &phase{out: out, what: fmt.Sprintf(format, values...), done: make(chan struct{}), gone: make(chan struct{})}
	fmt.Fprintf(out, "bench: %s\n", p.what)
	started := time.Now()
	go func() {
		defer close(p.gone)
		ticker := time.NewTicker(tellEvery)
		defer ticker.Stop()
		for {
			select {
			case <-p.done:
				return
			case <-ticker.C:
				p.mu.Lock()
				fmt.Fprintf(out, "bench: %s, %s%s\n", p.what, time.Since(started).Round(time.Second), p.state)
				p.mu.Unlock()
			}
		}
	}()
	return p
}

// now says how far it is.
func (p *phase) now(format string, values ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = ": " + fmt.Sprintf(format, values...)
}

func (p *phase) end() {
	close(p.done)
	<-p.gone
}
