package integration_test

import (
	"context"
	"fmt"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/internal/transcript"
)

// killsWanted is the environment variable that says how often Traefik is killed; make soak sets it.
const killsWanted = "POLYCART_TEST_KILLS"

// longestLife is how long a Traefik is written to at most before it is killed. In that time a client does about a hundred writes.
const longestLife = 600 * time.Millisecond

// writer is one customer who adds units to his cart, one after the other.
type writer struct {
	callers.Caller
	acknowledged int64 // units
	sent         int64 // the same, and the one that was under way when Traefik was killed
	before       int64 // what the cart held at the last start
	refused      error // an answer that was neither 200 nor cut off
}

// kill -9 of a real Traefik while customers write in all five dialects at once: after each start every cart can be read, and
// holds every unit that was acknowledged and none that was not sent. Two customers write in one dialect each; one writes in
// all of them at once.
func TestNoAcknowledgedWriteIsLostToAKill(t *testing.T) {
	kills := 20
	if wanted, err := strconv.Atoi(os.Getenv(killsWanted)); err == nil {
		kills = wanted
	}
	upstream := httptest.NewServer(transcript.Upstream())
	defer upstream.Close()
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: "killed", Config: "limits: {maxQuantityPerLine: 1000000000}\nstore: {sync: always}\n"})
	sellWithoutEnd(t, filepath.Join(fixture.Folder, "catalog.json"))
	routes := []route{{"killed", fixture.Config}}
	customers := [][]*writer{} // each with one cart
	for i := range callers.All("") {
		for _, name := range []string{"first-", "second-"} {
			customers = append(customers, []*writer{{Caller: callers.All(tokenOf(t, fixture, name+strconv.Itoa(i)))[i]}})
		}
	}
	shared := []*writer{}
	for _, caller := range callers.All(tokenOf(t, fixture, "shared")) {
		shared = append(shared, &writer{Caller: caller})
	}
	customers = append(customers, shared)

	running := startTraefik(t, traefik.Stock, routes, upstream.URL)
	binary, err := traefikBinary(traefik.Stock)
	if err != nil {
		t.Fatal(err)
	}
	for _, cart := range customers {
		if answer, err := cart[0].First(running.level("killed")); err != nil || answer.Status != http.StatusOK {
			t.Fatalf("%s: the first unit got %d %s, %v", cart[0].Dialect, answer.Status, answer.Body, err)
		}
		cart[0].acknowledged, cart[0].sent, cart[0].before = 1, 1, 1
	}
	random := rand.New(rand.NewSource(1))
	written, kept := int64(0), int64(0)
	for kill := 1; kill <= kills; kill++ {
		writeUntilKilled(t, running, customers, time.Duration(random.Int63n(int64(longestLife))))
		running.start(t, binary, routes)
		for _, cart := range customers {
			acknowledged, sent := int64(0), int64(0)
			for _, w := range cart {
				acknowledged, sent = acknowledged+w.acknowledged, sent+w.sent
				if w.refused != nil {
					t.Errorf("kill %d: %v", kill, w.refused)
				}
			}
			for _, reader := range cart { // in every dialect that the customer speaks
				held, err := reader.Units(running.level("killed"))
				if err != nil {
					t.Fatalf("kill %d: %v", kill, err)
				}
				if held < acknowledged || held > sent {
					t.Fatalf("kill %d: %s: the cart holds %d units, %d were acknowledged and %d sent", kill, reader.Dialect, held, acknowledged, sent)
				}
				if reader == cart[0] {
					written += acknowledged - cart[0].before
					kept += held - acknowledged
				}
				// From here on the count is exact again.
				reader.acknowledged, reader.sent = 0, 0
				cart[0].acknowledged, cart[0].sent, cart[0].before = held, held, held
			}
		}
		for _, bad := range []string{"damaged", "fault of ours", "panic"} {
			if log := running.log.String(); strings.Contains(log, bad) {
				t.Fatalf("kill %d: the log says %q:\n%s", kill, bad, last(log, 3000))
			}
		}
	}
	t.Logf("%d kills; %d writes were acknowledged, none is lost; %d more were cut off and are kept", kills, written, kept)
	if written < int64(kills) {
		t.Error("hardly anything was written: the test shows nothing")
	}
}

// sellWithoutEnd makes the stock of the callers' item endless.
func sellWithoutEnd(t *testing.T, path string) {
	t.Helper()
	catalog, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	endless := strings.Replace(string(catalog), `"sku": "`+callers.SKU+`",`, `"sku": "`+callers.SKU+`", "trackStock": false,`, 1)
	if endless == string(catalog) {
		t.Fatalf("the demo has no %s", callers.SKU)
	}
	if err := os.WriteFile(path, []byte(endless), 0o600); err != nil {
		t.Fatal(err)
	}
}

func tokenOf(t *testing.T, fixture *transcript.Fixture, customer string) string {
	t.Helper()
	token, err := fixture.Token(customer)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// writeUntilKilled lets all customers write, and kills Traefik after a while.
func writeUntilKilled(t *testing.T, running *runningTraefik, customers [][]*writer, after time.Duration) {
	t.Helper()
	killed, kill := context.WithCancel(t.Context())
	defer kill()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	defer client.CloseIdleConnections()
	level := func(request *http.Request) (*http.Response, error) {
		request.URL.Host = strings.TrimPrefix(running.URL, "http://")
		request.Header.Set("X-Route", "killed")
		return client.Do(request)
	}
	var all sync.WaitGroup
	for _, cart := range customers {
		for _, w := range cart {
			all.Go(func() {
				for {
					w.sent++
					answer, err := w.Add(level)
					if err != nil {
						if killed.Err() == nil {
							w.refused = err
						}
						return
					}
					if answer.Status != http.StatusOK {
						w.refused = fmt.Errorf("%s: a write got %d %s", w.Dialect, answer.Status, answer.Body)
						return
					}
					w.acknowledged++
				}
			})
		}
	}
	time.Sleep(after)
	kill()
	process, err := os.FindProcess(running.PID())
	if err == nil {
		err = process.Kill() // kill -9
	}
	if err != nil {
		t.Fatal(err)
	}
	<-running.Ended()
	all.Wait()
}
