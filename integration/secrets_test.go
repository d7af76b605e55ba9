package integration_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/internal/transcript"
)

// talkativeShop logs all it can: webhooks and sessions are with somebody who repeats what he hears, at addresses that hold
// secrets.
const talkativeShop = `
tenants:
  - webhooks: [{url: "{{gossip}}/in-the-path?key=in-the-query", secretFile: "{{secret}}", allowPrivate: true}]
    sessions: {url: "{{gossip}}/in-the-path/{session}?key=in-the-query"}
outbox: {firstRetry: 100ms, longestRetry: 200ms, attempts: 2}
log: {level: debug}
`

// Neither what a real Traefik writes, standard output and standard error, nor the listing of the outbox holds a secret
// (callers.Watch says what counts as one), whatever goes wrong: refusals, retries, capped lines, panics, a full disk, a
// webhook and a session service that repeat what they hear. And nobody is answered what is somebody else's.
func TestNoSecretLeavesTraefik(t *testing.T) {
	upstream := httptest.NewServer(transcript.Upstream())
	defer upstream.Close()
	gossip := httptest.NewServer(callers.Gossip())
	defer gossip.Close()
	const hookSecret = "whsec_0123456789abcdef"
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(hookSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	fixture := transcript.NewFixture(t, "..", transcript.Script{
		Name: "secrets", Config: strings.NewReplacer("{{gossip}}", gossip.URL, "{{secret}}", secret).Replace(talkativeShop),
	})
	tokenSecret, err := os.ReadFile(filepath.Join(fixture.Folder, "customer-token-secret"))
	if err != nil {
		t.Fatal(err)
	}
	watch := &callers.Watch{}
	watch.Keep("the shop", hookSecret, string(bytes.TrimSpace(tokenSecret)), "in-the-path", "in-the-query")
	program, noDisk := withSmallDisk(t, filepath.Join(fixture.Folder, "data"))
	wanted := []string{"dead letter", "malformed HTTP response", "looking a session up", "fault of ours", "panic: "}
	if noDisk != nil {
		t.Logf("without a full disk: %v", noDisk)
		if program, err = traefikBinary(traefik.Stock); err != nil {
			t.Fatal(err)
		}
	}
	running := startProgram(t, program, breakable(t), []route{{"secrets", fixture.Config}}, upstream.URL)
	level := running.level("secrets")
	panicking := func(r *http.Request) { r.Header.Set("X-Panic", "apply") }
	if err := callers.Everything(watch, level, fixture.Token, panicking); err != nil {
		t.Fatal(err)
	}
	running.awaitLogged(t, "dead letter")

	data := filepath.Join(fixture.Folder, "data")
	if noDisk == nil {
		data = running.dataFolder(fixture)
		wanted = append(wanted, "no space left")
		makeRoom := running.fill(t, fixture)
		nora := callers.All(tokenOf(t, fixture, "nora.shop@customers.example"))[1]
		for tries := 0; ; tries++ { // what room is left in the last page of the newest segment is soon taken
			answer, err := nora.Add(watch.Level("nora.shop@customers.example", level))
			if err != nil || tries == 100 {
				t.Fatalf("a full disk is not noticed: %v", err)
			}
			if answer.Status == http.StatusServiceUnavailable {
				break
			}
		}
		makeRoom()
	}

	listing := exec.Command("go", "run", "./cmd/polycart", "outbox", "--data", data)
	listing.Dir = ".."
	listed, err := listing.CombinedOutput()
	if err != nil || !strings.Contains(string(listed), "dead") {
		t.Errorf("listing the outbox: %v\n%s", err, listed)
	}
	if err := running.Stop(); err != nil {
		t.Error(err)
	}
	log := running.log.String()
	for _, must := range wanted {
		if !strings.Contains(log, must) {
			t.Errorf("nothing in the log says %q: the test shows too little", must)
		}
	}
	if watch.Known() < 100 {
		t.Errorf("only %d secrets were used", watch.Known())
	}
	for _, found := range watch.In(log) {
		t.Errorf("Traefik's output has the secret of %s", found)
	}
	for _, found := range watch.In(string(listed)) {
		t.Errorf("the listing of the outbox has the secret of %s", found)
	}
	for _, crossed := range watch.Crossed() {
		t.Error(crossed)
	}
}

// awaitLogged waits until the log has a text.
func (r *runningTraefik) awaitLogged(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(r.log.String(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing in the log says %q", text)
		}
	}
}
