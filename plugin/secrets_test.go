package plugin

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/transcript"
)

// logged answers what is written to standard output, where the plugin logs, while a function runs.
func logged(t *testing.T, during func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = file
	func() {
		defer func() { os.Stdout = stdout }()
		during()
	}()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantNoSecret fails where a text holds a secret.
func wantNoSecret(t *testing.T, w *callers.Watch, what, text string) {
	t.Helper()
	for _, secret := range w.In(text) {
		_, value, _ := strings.Cut(secret, ": ")
		before, after, _ := strings.Cut(text, value)
		line := before[strings.LastIndex(before, "\n")+1:] + value + strings.SplitN(after, "\n", 2)[0]
		t.Errorf("%s has the secret of %s, first in %s", what, secret, line)
	}
}

// What the transcripts send and are given, token by token, is in no line of the log at its most talkative.
func TestNoTranscriptLeavesASecretInTheLog(t *testing.T) {
	scripts, err := transcript.Load(filepath.Join("..", "testdata", "transcripts"))
	if err != nil {
		t.Fatal(err)
	}
	w := &callers.Watch{}
	text := logged(t, func() {
		for _, script := range scripts {
			t.Run(script.Name, func(t *testing.T) {
				fixture := transcript.NewFixture(t, "..", script)
				fixture.Config["log"] = map[string]any{"level": "debug"}
				s := reopenShop(t, fixture)
				transcript.Run(t, script, fixture, w.Level(script.Name, transcript.Handler(s.handler)))
			})
		}
	})
	if w.Known() < 150 || strings.Count(text, "\n") < 500 {
		t.Errorf("%d secrets were used and %d lines logged: too few to show anything", w.Known(), strings.Count(text, "\n"))
	}
	wantNoSecret(t, w, "the log", text)
}

// talkativeShop logs all it can: webhooks and sessions are with somebody who repeats what he hears, at addresses that hold secrets.
const talkativeShop = `
tenants:
  - webhooks: [{url: "{{gossip}}/in-the-path?key=in-the-query", secretFile: "{{secret}}", allowPrivate: true}]
    sessions: {url: "{{gossip}}/in-the-path/{session}?key=in-the-query"}
outbox: {firstRetry: 100ms, longestRetry: 200ms, attempts: 2}
log: {level: debug}
`

// The same of everything else that is logged: faults, refusals with a secret in the place that is wrong, deliveries that
// fail. And nobody is answered what is somebody else's.
func TestNoSecretIsLoggedOrToldToOthers(t *testing.T) {
	w := &callers.Watch{}
	w.Keep("the shop", hookSecret, "in-the-path", "in-the-query")
	gossip := httptest.NewServer(callers.Gossip())
	defer gossip.Close()
	text := logged(t, func() {
		s := openShop(t, newReceiver(t), strings.ReplaceAll(talkativeShop, "{{gossip}}", gossip.URL))
		level := transcript.Handler(s.handler)
		if err := callers.Everything(w, level, s.Token, func(*http.Request) {}); err != nil {
			t.Fatal(err)
		}
		awaitPending(t, s, func(keys []cartcore.Key) bool {
			for _, key := range keys {
				if !cartcore.OwnerIsDead(key.Owner) {
					return false
				}
			}
			return len(keys) > 0
		})
		s.close(t)
	})
	for _, must := range []string{"dead letter", "malformed HTTP response", "malformed MIME header", "it answered 410", "request refused", "looking a session up"} {
		if !strings.Contains(text, must) {
			t.Errorf("nothing in the log says %q: the test shows too little", must)
		}
	}
	wantNoSecret(t, w, "the log", text)
	for _, crossed := range w.Crossed() {
		t.Error(crossed)
	}
}
