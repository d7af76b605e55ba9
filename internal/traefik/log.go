package traefik

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// Line is one line of a Traefik's output, read.
type Line struct {
	Text   string // as it was written
	Plugin bool   // the plugin wrote it, not Traefik
	Level  string // "debug", "info", "warn", "error", "fatal" or "panic"; a line that is not JSON is at error
	Words  string // what it says, for people, without time and level
}

// grave tells a line that a person should see.
func (l Line) grave() bool { return l.Level != "debug" && l.Level != "info" && l.Level != "trace" }

// broken tells a line that says that something does not work.
func (l Line) broken() bool { return l.grave() && l.Level != "warn" }

// readLine reads a line of output. Traefik's logger puts its text under message, the plugin's under msg.
func readLine(text string) Line {
	fields := map[string]any{}
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return Line{Text: text, Level: "error", Words: text}
	}
	line := Line{Text: text, Level: strings.ToLower(take(fields, "level"))}
	take(fields, "time")
	take(fields, "caller")
	said := []string{}
	if message, is := fields["msg"]; is {
		line.Plugin = true
		delete(fields, "msg")
		said = append(said, fmt.Sprint(message))
	}
	for _, name := range []string{"message", "error"} {
		if words := take(fields, name); words != "" {
			said = append(said, words)
		}
	}
	line.Words = strings.Join(said, ": ")
	names := []string{}
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		line.Words += fmt.Sprintf(" %s=%v", name, fields[name])
	}
	return line
}

// take takes a text field out of fields.
func take(fields map[string]any, name string) string {
	text, _ := fields[name].(string)
	delete(fields, name)
	return text
}

// output sorts what a Traefik writes: its own lines, the plugin's, and those that a person should see.
type output struct {
	traefik io.Writer // nil: nowhere
	plugin  io.Writer // nil: nowhere
	notice  func(Line)

	mu     sync.Mutex
	ready  bool   // the plugin has answered: what it says of a request is no reason why Traefik would not work
	broken []Line // the latest lines that say that something does not work
	failed error  // the first error of a writer
}

// stream answers a writer for one of the program's output streams.
func (o *output) stream() *lines {
	return &lines{each: func(text string) {
		if strings.TrimSpace(text) == "" {
			return
		}
		line := readLine(text)
		o.mu.Lock()
		defer o.mu.Unlock()
		into := o.traefik
		if line.Plugin {
			into = o.plugin
		}
		if into != nil {
			if _, err := io.WriteString(into, text+"\n"); err != nil && o.failed == nil {
				o.failed = fmt.Errorf("writing Traefik's log: %w", err)
			}
		}
		if line.broken() && !(line.Plugin && o.ready) {
			o.broken = append(o.broken, line)
			if len(o.broken) > kept {
				o.broken = o.broken[1:]
			}
		}
		if o.notice != nil && line.grave() {
			o.notice(line)
		}
	}}
}

// begun ends the start: what was complained of until now is over.
func (o *output) begun() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ready, o.broken = true, nil
}

// complaints are the latest lines that say that something does not work, every text once.
func (o *output) complaints() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	said := []string{}
	for _, line := range o.broken {
		if !slices.Contains(said, line.Words) {
			said = append(said, line.Words)
		}
	}
	return said
}
