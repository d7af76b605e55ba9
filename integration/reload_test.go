package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/internal/transcript"
)

// reloads is how often the configuration changes while clients write.
const reloads = 200

// Two hundred changes of the dynamic file under load: no request fails, every cart keeps what was acknowledged, and
// neither goroutines nor memory grow. In both editions.
func TestReloadsLoseNothing(t *testing.T) { inEachEdition(t, reloadUnderLoad) }

func reloadUnderLoad(t *testing.T, edition traefik.Edition) {
	upstream := httptest.NewServer(transcript.Upstream())
	defer upstream.Close()
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: "reload"})
	fixture.Config["limits"] = map[string]any{"maxQuantityPerLine": 1 << 40}
	routes := []route{{"reload", fixture.Config}, {"other", fixture.Config}}
	running := startTraefik(t, edition, routes, upstream.URL)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	acknowledged := make([]atomic.Int64, 4)
	failures := make(chan error, len(acknowledged))
	var writers sync.WaitGroup
	for i := range acknowledged {
		writers.Add(1)
		go func() {
			defer writers.Done()
			for ctx.Err() == nil {
				if err := addOne(ctx, running.URL, routes[i%2].Name, i); err != nil {
					if ctx.Err() == nil {
						failures <- err
					}
					return
				}
				acknowledged[i].Add(1)
			}
		}()
	}

	goroutines, memory := int64(0), int64(0)
	for n := 1; n <= reloads; n++ {
		// Any real change makes Traefik call New for every router; this one is invisible to clients.
		fixture.Config["limits"] = map[string]any{"maxLines": 500 + n%2, "maxQuantityPerLine": 1 << 40}
		running.configure(t, append(routes, route{Name: "generation-" + strconv.Itoa(n)}), upstream.URL)
		running.awaitReload(t, n)
		if n == reloads/4 {
			goroutines, memory = running.size(t)
		}
	}
	stop()
	writers.Wait()
	close(failures)
	for err := range failures {
		t.Errorf("a write failed during a reload: %v", err)
	}
	for i := range acknowledged {
		if got, want := running.quantity(t, i), acknowledged[i].Load(); got < want || got > want+1 {
			t.Errorf("cart %d holds %d units, want the %d that were acknowledged, or one more that was under way", i, got, want)
		}
	}
	// What the last generations held is let go ten seconds after nobody uses it.
	nowGoroutines, nowMemory := running.size(t)
	for deadline := time.Now().Add(40 * time.Second); nowMemory > memory && time.Now().Before(deadline); {
		time.Sleep(time.Second)
		nowGoroutines, nowMemory = running.size(t)
	}
	t.Logf("after %d reloads: goroutines %d → %d, heap bytes %d → %d", reloads, goroutines, nowGoroutines, memory, nowMemory)
	// 150 more generations that leaked a goroutine, a handler or a cache each would show.
	if nowGoroutines > goroutines+30 {
		t.Errorf("goroutines grew from %d to %d", goroutines, nowGoroutines)
	}
	if nowMemory > memory {
		t.Errorf("the heap grew from %d to %d bytes", memory, nowMemory)
	}
}

func addOne(ctx context.Context, base, name string, cart int) error {
	body := fmt.Sprintf(`{"session_id":"sess_%d","product_id":"prod_91","quantity":1}`, cart)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/store-alpha/agent/cart/add", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Route", name)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s", response.StatusCode, text)
	}
	return nil
}

// quantity is how many units session cart has in all.
func (r *runningTraefik) quantity(t *testing.T, cart int) int64 {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("%s/store-alpha/agent/cart/get?session_id=sess_%d", r.URL, cart), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Route", "reload")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var rows []struct {
		Quantity int64 `json:"quantity"`
	}
	if err := json.NewDecoder(response.Body).Decode(&rows); err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, row := range rows {
		total += row.Quantity
	}
	return total
}

// awaitReload waits until the n-th reload is in force: a route that only this generation has answers.
func (r *runningTraefik) awaitReload(t *testing.T, n int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		err := r.probe("generation-"+strconv.Itoa(n))(t.Context(), r.URL)
		if err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("reload %d did not come into force", n)
}

// size answers the goroutines and the bytes in use of the Traefik process, after a collection of garbage.
func (r *runningTraefik) size(t *testing.T) (goroutines, bytes int64) {
	t.Helper()
	heap := r.profile(t, "heap?debug=1&gc=1")
	return firstNumber(t, r.profile(t, "goroutine?debug=1"), `total (\d+)`), firstNumber(t, heap, `# HeapInuse = (\d+)`)
}

// profile is one of Traefik's own profiles as text.
func (r *runningTraefik) profile(t *testing.T, name string) string {
	t.Helper()
	response, err := http.Get("http://" + r.files.Debug + "/debug/pprof/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func firstNumber(t *testing.T, text, pattern string) int64 {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("there is no %s in %.200s", pattern, text)
	}
	number, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return number
}
