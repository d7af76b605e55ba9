package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// meterEvery is how often a line says how far it is where there is no terminal: often enough to see that it lives, seldom
// enough for a log.
const meterEvery = 5 * time.Second

// meter shows how far a long work is: a bar on a terminal, else a line now and then.
type meter struct {
	out      io.Writer
	terminal bool

	bar  *progressbar.ProgressBar
	done atomic.Int64
	stop chan struct{}
	gone sync.WaitGroup
}

func newMeter(out io.Writer) *meter {
	file, is := out.(*os.File)
	return &meter{out: out, terminal: is && term.IsTerminal(int(file.Fd()))} //nolint:gosec // a file descriptor is small
}

// began says what begins, in place of what was before.
func (m *meter) began(what string, all int) {
	m.end()
	m.done.Store(0)
	if m.terminal {
		m.bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(m.out), progressbar.OptionSetDescription(fmt.Sprintf("%-9s", what)),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"), progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionFullWidth(), progressbar.OptionSetRenderBlankState(true))
		return
	}
	fmt.Fprintf(m.out, "polycart: %s %s\n", what, counted(all, "record", "records"))
	m.stop = make(chan struct{})
	stop := m.stop
	m.gone.Go(func() {
		ticker := time.NewTicker(meterEvery)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				fmt.Fprintf(m.out, "polycart: %s, %d of %d\n", what, m.done.Load(), all)
			}
		}
	})
}

// did counts one.
func (m *meter) did() {
	m.done.Add(1)
	if m.bar != nil {
		_ = m.bar.Add(1) // a bar that cannot be drawn is no reason to stop the work
	}
}

// end ends the telling.
func (m *meter) end() {
	if m.bar != nil {
		_ = m.bar.Exit()
		fmt.Fprintln(m.out)
		m.bar = nil
	}
	if m.stop != nil {
		close(m.stop)
		m.gone.Wait()
		m.stop = nil
	}
}
