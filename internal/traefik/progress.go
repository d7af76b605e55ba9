package traefik

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	// firstTick is how long a counter says nothing: what takes no longer needs no words.
	firstTick = 2 * time.Second
	// tick is how often it then says that the work goes on: often enough to see that it lives, seldom enough for a log.
	tick = 5 * time.Second
)

// kept is how many of the go tool's last lines are kept for an error.
const kept = 12

// counter follows a run of the go tool and tells how far it is.
type counter struct {
	progress io.Writer
	who      string
	what     string

	mu         sync.Mutex
	total      int // packages that the program consists of; 0: unknown
	listed     int // lines on standard output
	downloaded int // modules fetched
	compiled   int // packages compiled
	last       []string
}

// counter makes a counter for a run that does what.
func (g goTool) counter(what string) *counter {
	return &counter{progress: g.progress, who: g.who, what: what}
}

// start begins to tell; the function it answers ends that.
func (c *counter) start() (stop func()) {
	started := time.Now()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(firstTick)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				ticker.Reset(tick)
				fmt.Fprintf(c.progress, "%s: %s, %s%s\n", c.who, c.what, time.Since(started).Round(time.Second), c.counts())
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// counts says how much is done.
func (c *counter) counts() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := ""
	if c.downloaded > 0 {
		text += fmt.Sprintf(", %d modules downloaded", c.downloaded)
	}
	if c.compiled > 0 && c.total > 0 {
		text += fmt.Sprintf(", %d packages of at most %d compiled", c.compiled, c.total)
	} else if c.compiled > 0 {
		text += fmt.Sprintf(", %d packages compiled", c.compiled)
	}
	return text
}

// listing takes the go tool's standard output.
func (c *counter) listing() io.Writer {
	return &lines{each: func(string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.listed++
	}}
}

// messages takes the go tool's standard error.
func (c *counter) messages() io.Writer {
	return &lines{each: func(line string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case strings.HasPrefix(line, "go: downloading "):
			c.downloaded++
			return
		case line != "" && !strings.ContainsAny(line, " \t:"):
			c.compiled++ // go build -v names each package on a line of its own
			return
		}
		c.last = append(c.last, line)
		if len(c.last) > kept {
			c.last = c.last[1:]
		}
	}}
}

// lastWords are the last lines that were no progress.
func (c *counter) lastWords() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.last, "\n")
}

// lineLimit bounds a line that is held in memory, in bytes; a longer one comes in parts. Log lines have some hundreds.
const lineLimit = 64 << 10

// lines hands on what is written to it line by line, without the line ends. Only one goroutine may write.
type lines struct {
	each func(line string)
	rest []byte
}

// Write takes bytes as they come.
func (l *lines) Write(data []byte) (int, error) {
	l.rest = append(l.rest, data...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 && len(l.rest) < lineLimit {
			return len(data), nil
		}
		if end < 0 {
			l.each(string(l.rest))
			l.rest = nil
			return len(data), nil
		}
		l.each(strings.TrimSuffix(string(l.rest[:end]), "\r"))
		l.rest = l.rest[end+1:]
	}
}

// flush hands on a last line that had no end.
func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.each(string(l.rest))
		l.rest = nil
	}
}
