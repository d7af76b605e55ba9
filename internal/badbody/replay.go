package badbody

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/internal/transcript"
)

// Replay plays the base's transcript on level, and before the base itself hands its request to bother, which sends others
// like it. That these changed nothing the transcript shows: it goes on as if they had not been.
func Replay(t testing.TB, base *Base, fixture *transcript.Fixture, level transcript.Level, bother func(*Bothered)) {
	t.Helper()
	step, bothered := -1, false
	transcript.Run(t, base.Script, fixture, func(request *http.Request) (*http.Response, error) {
		step++
		if step == base.Step {
			body, err := io.ReadAll(request.Body)
			if err != nil {
				return nil, fmt.Errorf("reading the base: %w", err)
			}
			request.Body = io.NopCloser(bytes.NewReader(body))
			bother(&Bothered{t, request, string(body), filepath.Join(fixture.Folder, "data"), level})
			bothered = true
		}
		return level(request)
	})
	if !bothered {
		t.Fatalf("%s has no step %d", base.Script.Name, base.Step)
	}
}

// Bothered is a level just before the base's request.
type Bothered struct {
	T     testing.TB
	base  *http.Request
	Body  string // the base's
	store string
	level transcript.Level
}

// Change changes the base itself, which must be answered as the transcript says nevertheless.
func (b *Bothered) Change(change func(*http.Request)) { change(b.base) }

// Answer is what came back.
type Answer struct {
	Status int
	Body   string
}

// Send sends the base's request with another body; change may do more to it.
func (b *Bothered) Send(body string, change func(*http.Request)) Answer {
	b.T.Helper()
	request := b.base.Clone(b.base.Context())
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader([]byte(body))), int64(len(body))
	if change != nil {
		change(request)
	}
	response, err := b.level(request)
	if err != nil {
		b.T.Fatalf("sending %.80q: %v", body, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.T.Fatalf("reading the answer to %.80q: %v", body, err)
	}
	return Answer{response.StatusCode, string(text)}
}

// Refused sends a body that must be answered as want, or where want is empty with any 4xx in JSON.
func (b *Bothered) Refused(name, body string, want Answer) {
	b.T.Helper()
	got := b.Send(body, nil)
	if want != (Answer{}) && got != want || got.Status < 400 || got.Status >= 500 || !json.Valid([]byte(got.Body)) {
		b.T.Errorf("%s: %.200q got %d %.200s, want %d %s", name, body, got.Status, got.Body, want.Status, want.Body)
	}
}

// Unchanged does what must not reach the store: it is held by not one byte more there.
func (b *Bothered) Unchanged(do func()) {
	b.T.Helper()
	before := b.Kept()
	do()
	if after := b.Kept(); after != before {
		b.T.Errorf("the store grew from %d bytes to %d by requests that were refused", before, after)
	}
}

// Bodies sends every case as the whole body and, where it is strange, in every place of the base's body. What parsers could
// read differently is answered as a body that is cut off, and an object that brings nothing the route asks for as an empty
// one. A case that is a good request is left out, and so is no body
// at all. It answers how many it sent.
func (b *Bothered) Bodies(base *Base, cases []Case) int {
	b.T.Helper()
	sent := 0
	refused := func(name, body string, want Answer) {
		b.Refused(name, body, want)
		sent++
	}
	b.Unchanged(func() {
		cutOff, empty := b.Send("{", nil), Answer{}
		if _, err := base.Decode(b.T, "{}"); err != nil {
			empty = b.Send("{}", nil)
		}
		for _, c := range cases {
			strange := Strange(c.Text)
			if _, err := base.Decode(b.T, c.Text); c.Text == "" || err == nil && strange == "" {
				continue
			}
			if strange == "" && strings.HasPrefix(strings.TrimSpace(c.Text), "{") {
				refused(c.Name, c.Text, empty)
				continue
			}
			if strange == "" {
				refused(c.Name, c.Text, Answer{})
				continue
			}
			refused(c.Name+", "+strange, c.Text, cutOff)
			if strings.HasPrefix(c.Name, "document ") {
				continue // many, and alike wherever they stand
			}
			for _, placed := range Places(b.Body, c.Text) {
				if Strange(placed.Body) != "" {
					refused(c.Name+" as "+placed.Place, placed.Body, cutOff)
				}
			}
		}
	})
	return sent
}

// Kept is how many bytes the store holds. Every change of a cart appends to it before it is answered.
func (b *Bothered) Kept() int64 {
	files, err := filepath.Glob(filepath.Join(b.store, "carts-*.log"))
	if err != nil {
		b.T.Fatal(err)
	}
	total := int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			b.T.Fatal(err)
		}
		total += info.Size()
	}
	return total
}
