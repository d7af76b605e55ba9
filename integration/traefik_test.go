package integration_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/internal/transcript"
)

// stockTraefik and compiledTraefik are the Traefiks under test. A variable of the environment names each, else it is built,
// once for all tests.
var (
	stockTraefik    = sync.OnceValues(func() (string, error) { return findTraefik(traefik.Stock, "POLYCART_TRAEFIK") })
	compiledTraefik = sync.OnceValues(func() (string, error) { return findTraefik(traefik.Compiled, "POLYCART_TRAEFIK_COMPILED") })
)

func findTraefik(edition traefik.Edition, variable string) (string, error) {
	if path := os.Getenv(variable); path != "" {
		return path, nil
	}
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		return "", err
	}
	return traefik.Build(context.Background(), checkout, edition, os.Stderr)
}

// traefikBinary is the Traefik of an edition.
func traefikBinary(edition traefik.Edition) (string, error) {
	if edition == traefik.Compiled {
		return compiledTraefik()
	}
	return stockTraefik()
}

// inEachEdition runs a test with the Traefik that interprets the plugin and with the one that it is linked into.
func inEachEdition(t *testing.T, test func(t *testing.T, edition traefik.Edition)) {
	for _, edition := range []traefik.Edition{traefik.Stock, traefik.Compiled} {
		t.Run(string(edition), func(t *testing.T) { test(t, edition) })
	}
}

// route is a router of a test's Traefik: it takes the requests whose header X-Route is its name.
type route struct {
	Name   string
	Config map[string]any // of the middleware; nil passes everything through
}

// runningTraefik is a Traefik that a test started.
type runningTraefik struct {
	*traefik.Process
	Folder string
	files  traefik.Files
	log    *logLines
}

// logLines keeps what a process logs.
type logLines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startTraefik starts a real Traefik with the plugin of this checkout, a router for each route, and upstream behind them.
func startTraefik(t testing.TB, edition traefik.Edition, routes []route, upstream string) *runningTraefik {
	t.Helper()
	binary, err := traefikBinary(edition)
	if err != nil {
		t.Fatal(err)
	}
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	return startProgram(t, binary, checkout, routes, upstream)
}

// startProgram is startTraefik with a program that ends in a Traefik, and a folder with the plugin's source.
func startProgram(t testing.TB, binary, checkout string, routes []route, upstream string) *runningTraefik {
	t.Helper()
	running := placeFor(t, checkout, routes, upstream)
	running.start(t, binary, routes)
	return running
}

// placeFor is all that a Traefik needs to be started.
func placeFor(t testing.TB, checkout string, routes []route, upstream string) *runningTraefik {
	t.Helper()
	address, err := traefik.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := traefik.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	running := &runningTraefik{Folder: folder, log: &logLines{}}
	running.files = traefik.Files{
		Folder: folder, Checkout: checkout, Listen: address, Dynamic: filepath.Join(folder, "dynamic.yml"), Throttle: "10ms", Debug: profiles,
	}
	if err := running.files.Write(); err != nil {
		t.Fatal(err)
	}
	running.configure(t, routes, upstream)
	t.Cleanup(func() {
		if running.Process != nil {
			_ = running.Stop() // a test may have killed it
		}
		if t.Failed() {
			t.Logf("Traefik and the plugin logged:\n%s", last(running.log.String(), 6000))
		}
	})
	return running
}

func (r *runningTraefik) start(t testing.TB, binary string, routes []route) {
	t.Helper()
	if err := r.run(context.WithoutCancel(t.Context()), binary, routes); err != nil {
		t.Fatal(err)
	}
}

func (r *runningTraefik) run(ctx context.Context, binary string, routes []route) error {
	process, err := traefik.Start(ctx, traefik.Settings{
		Binary: binary, Files: r.files, Traefik: r.log, Plugin: r.log, Probe: r.probe(routes[len(routes)-1].Name), Patience: 2 * time.Minute,
	})
	r.Process = process
	return err
}

// configure writes the dynamic configuration, in one step as Traefik must see it.
func (r *runningTraefik) configure(t testing.TB, routes []route, upstream string) {
	t.Helper()
	routers, middlewares := map[string]any{}, map[string]any{}
	for i, one := range routes {
		name := fmt.Sprintf("route%d", i)
		router := map[string]any{"entryPoints": []string{"web"}, "rule": fmt.Sprintf("Header(`X-Route`, `%s`)", one.Name), "service": "upstream"}
		if one.Config != nil {
			router["middlewares"] = []string{name}
			middlewares[name] = map[string]any{"plugin": map[string]any{"polycart": one.Config}}
		}
		routers[name] = router
	}
	services := map[string]any{"upstream": map[string]any{"loadBalancer": map[string]any{"servers": []any{map[string]any{"url": upstream}}}}}
	sections := map[string]any{"routers": routers, "services": services}
	if len(middlewares) > 0 {
		sections["middlewares"] = middlewares
	}
	text, err := yaml.Marshal(map[string]any{"http": sections})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.files.Dynamic+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(r.files.Dynamic+".new", r.files.Dynamic); err != nil {
		t.Fatal(err)
	}
}

// probe asks the route name, which answers anything but Traefik's own 404 once the plugin is there.
func (r *runningTraefik) probe(name string) traefik.Probe {
	return func(ctx context.Context, base string) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/ready", nil)
		if err != nil {
			return err
		}
		request.Header.Set("X-Route", name)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("asking Traefik: status %d", response.StatusCode)
		}
		return nil
	}
}

// level sends a request to the route name.
func (r *runningTraefik) level(name string) transcript.Level {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(request *http.Request) (*http.Response, error) {
		request.RequestURI = ""
		request.URL.Scheme, request.URL.Host = "http", strings.TrimPrefix(r.URL, "http://")
		request.Header.Set("X-Route", name)
		return client.Do(request)
	}
}

func last(text string, bytes int) string {
	if len(text) > bytes {
		return "…" + text[len(text)-bytes:]
	}
	return text
}

// Every transcript holds in a real Traefik, with the plugin as an operator installs it, in both editions. And no token, key
// or session of theirs is in what Traefik writes.
func TestTranscriptsInTraefik(t *testing.T) {
	scripts, err := transcript.Load(filepath.Join("..", "testdata", "transcripts"))
	if err != nil {
		t.Fatal(err)
	}
	upstream := httptest.NewServer(transcript.Upstream())
	defer upstream.Close()
	inEachEdition(t, func(t *testing.T, edition traefik.Edition) {
		routes, fixtures := []route{}, []*transcript.Fixture{}
		for _, script := range scripts {
			fixture := transcript.NewFixture(t, "..", script)
			fixtures = append(fixtures, fixture)
			routes = append(routes, route{script.Name, fixture.Config})
		}
		running := startTraefik(t, edition, routes, upstream.URL)
		watch := &callers.Watch{}
		for i, script := range scripts {
			t.Run(script.Name, func(t *testing.T) {
				transcript.Run(t, script, fixtures[i], watch.Level(script.Name, running.level(script.Name)))
			})
		}
		for _, found := range watch.In(running.log.String()) {
			t.Errorf("Traefik's output has the secret of %s", found)
		}
	})
}

// The plugin's first line tells the edition: so a Traefik that was given for a compiled one and interprets is found out.
func TestThePluginSaysItsEdition(t *testing.T) {
	upstream := httptest.NewServer(transcript.Upstream())
	defer upstream.Close()
	inEachEdition(t, func(t *testing.T, edition traefik.Edition) {
		fixture := transcript.NewFixture(t, "..", transcript.Script{Name: "edition"})
		running := startTraefik(t, edition, []route{{"edition", fixture.Config}}, upstream.URL)
		deadline := time.Now().Add(20 * time.Second)
		for time.Now().Before(deadline) {
			for _, line := range strings.Split(running.log.String(), "\n") {
				if strings.Contains(line, `"plugin":"polycart"`) {
					if !strings.Contains(line, `"edition":"`+string(edition)+`"`) {
						t.Errorf("the first line is %s", line)
					}
					return
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Error("the plugin logged nothing")
	})
}

// Going from one edition to the other and back is a restart: both keep the same carts in the same files.
func TestTheEditionsShareADataFolder(t *testing.T) {
	upstream := httptest.NewServer(transcript.Upstream())
	defer upstream.Close()
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: "switch"})
	for units, edition := range []traefik.Edition{traefik.Stock, traefik.Compiled, traefik.Stock} {
		running := startTraefik(t, edition, []route{{"reload", fixture.Config}}, upstream.URL)
		if got := running.quantity(t, 1); got != int64(units) {
			t.Fatalf("%s: the cart holds %d units, want the %d that were put in before", edition, got, units)
		}
		if err := addOne(t.Context(), running.URL, "reload", 1); err != nil {
			t.Fatal(err)
		}
		if err := running.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}
