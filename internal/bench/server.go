package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/polycart/polycart/internal/traefik"
)

// noopPlugin is the name of the no-op plugin, and noopModule where it is.
const (
	noopPlugin = "noop"
	noopModule = traefik.ModulePath + "/internal/bench/noop"
)

// startPatience is how long a Traefik has to be ready: it interprets two plugins, beside others that do the same.
const startPatience = 3 * time.Minute

// server is a Traefik under test.
type server struct {
	edition traefik.Edition
	carts   int  // how many it holds; 0: the few that every other group works on
	replica int  // aloneReplica, or from firstReplica to lastReplica; 0: its carts are in files
	backed  bool // a UCP cart service is behind it, and not the trivial upstream
	version string
	process *traefik.Process
	before  Memory // when the warming up was over
}

// name is the server for people.
func (s *server) name() string {
	if s.replica > 0 {
		return fmt.Sprintf("%s over Redis, %s", s.edition, replicaName(s.replica))
	}
	if s.backed {
		return string(s.edition) + " before a cart service"
	}
	if s.carts == 0 {
		return string(s.edition)
	}
	return fmt.Sprintf("%s with %s carts", s.edition, thousands(float64(s.carts)))
}

// stage is everything that runs during a bench.
type stage struct {
	settings Settings
	progress io.Writer
	shop     shop
	upstream *upstream
	redis    string               // address of the Redis, where one is needed
	service  *traefik.CartService // nil: none is needed
	log      serviceLog           // of the service
	held     serviceCarts
	servers  []*server

	mu    sync.Mutex
	stops []func() error // what ends it, last begun first
}

// later adds what ends something of the stage.
func (s *stage) later(stop func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops = append(s.stops, stop)
}

// close ends everything and removes every file.
func (s *stage) close() error {
	var failed error
	for i := len(s.stops) - 1; i >= 0; i-- {
		failed = errors.Join(failed, s.stops[i]())
	}
	return failed
}

// open makes the shop, its carts and its Traefiks. The caller closes the stage also after an error.
func (s *stage) open(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "polycart-bench-")
	if err != nil {
		return fmt.Errorf("making the work folder: %w", err)
	}
	s.later(func() error { return os.RemoveAll(folder) })
	s.shop = shop{folder}
	if err := s.shop.write(); err != nil {
		return err
	}
	if s.upstream, err = startUpstream(); err != nil {
		return err
	}
	s.later(s.upstream.Close)
	for _, edition := range s.settings.editions() {
		version, err := versionOf(ctx, s.settings.Binaries[edition], edition)
		if err != nil {
			return err
		}
		s.servers = append(s.servers, &server{edition: edition, version: version})
		for _, carts := range s.settings.Carts {
			if s.settings.has(Carts) {
				s.servers = append(s.servers, &server{edition: edition, carts: carts, version: version})
			}
		}
		for replica := aloneReplica; replica <= lastReplica && s.settings.has(Shared); replica++ {
			s.servers = append(s.servers, &server{edition: edition, replica: replica, version: version})
		}
		if s.settings.has(Backed) {
			s.servers = append(s.servers, &server{edition: edition, backed: true, version: version})
		}
	}
	if s.settings.has(Backed) {
		if err := s.startService(ctx); err != nil {
			return err
		}
	}
	if s.settings.has(Shared) {
		if err := s.startRedis(ctx); err != nil {
			return err
		}
	}
	for _, one := range s.servers {
		if err := s.seed(ctx, one); err != nil {
			return err
		}
	}
	return s.start(ctx)
}

// data is the data folder of a server.
func (s *stage) data(one *server) string { return filepath.Join(s.work(one), "data") }

// work is the work folder of a server.
func (s *stage) work(one *server) string {
	return filepath.Join(s.shop.folder, fmt.Sprintf("%s-%d-%d-%t", one.edition, one.carts, one.replica, one.backed))
}

// seed fills the data folder of a server.
func (s *stage) seed(ctx context.Context, one *server) error {
	batches := fewBatches(s.settings)
	if one.carts > 0 {
		batches = []batch{{guests("agent", toRead), one.carts, linesOfMany}}
	}
	if one.backed {
		batches = backedBatches(s.settings)
	}
	if err := os.MkdirAll(s.work(one), 0o755); err != nil {
		return fmt.Errorf("making the work folder: %w", err)
	}
	count := 0
	for _, batch := range batches {
		count += batch.count
	}
	if one.replica > firstReplica {
		return nil // the first has done it
	}
	telling := begin(s.progress, "seeding %s carts for %s", thousands(float64(count)), one.name())
	defer telling.end()
	told := func(done int) { telling.now("%s of them", thousands(float64(done))) }
	if one.replica > 0 {
		return s.seedRedis(ctx, one, batches, told)
	}
	if one.backed {
		return seed(ctx, s.data(one), string(one.edition), batches, told) // one id in both editions would be one cart to the service
	}
	for _, other := range s.servers {
		if other == one {
			break
		}
		if other.carts == one.carts { // the same carts are there already
			if err := os.CopyFS(s.data(one), os.DirFS(s.data(other))); err != nil {
				return fmt.Errorf("seeding carts: %w", err)
			}
			return nil
		}
	}
	return seed(ctx, s.data(one), "", batches, told)
}

// start starts all servers side by side: each interprets two plugins, which takes seconds.
func (s *stage) start(ctx context.Context) error {
	names := []string{}
	for _, one := range s.servers {
		names = append(names, one.name())
	}
	telling := begin(s.progress, "starting Traefik, %s", strings.Join(names, ", "))
	defer telling.end()
	faults := make([]error, len(s.servers))
	wait := sync.WaitGroup{}
	for i, one := range s.servers {
		wait.Go(func() { faults[i] = s.startOne(ctx, one) })
	}
	wait.Wait()
	for i, fault := range faults {
		if fault != nil {
			return fmt.Errorf("starting Traefik, %s: %w", s.servers[i].name(), fault)
		}
	}
	return nil
}

func (s *stage) startOne(ctx context.Context, one *server) error {
	address, err := traefik.FreeAddress()
	if err != nil {
		return err
	}
	files := traefik.Files{
		Folder: s.work(one), Checkout: s.settings.Checkout, Listen: address, Dynamic: filepath.Join(s.work(one), "dynamic.yml"), LogLevel: "ERROR",
		Plugins: map[string]string{noopPlugin: noopModule},
	}
	if err := files.Write(); err != nil {
		return err
	}
	config := s.shop.config(s.data(one), s.settings.Sync, one.carts > 0)
	if one.replica > 0 {
		config["store"] = map[string]any{"kind": "redis", "redis": map[string]any{"addresses": []string{s.redis}, "prefix": redisPrefix(one)}}
	}
	url := s.upstream.url
	if one.backed {
		config["backend"] = map[string]any{"kind": "ucp", "profile": serviceProfile}
		url = s.service.URL
	}
	text, err := dynamic(config, url)
	if err != nil {
		return err
	}
	if err := os.WriteFile(files.Dynamic, text, 0o644); err != nil {
		return fmt.Errorf("writing the dynamic configuration: %w", err)
	}
	starting := traefik.Settings{Binary: s.settings.Binaries[one.edition], Files: files, Probe: probe, Patience: startPatience}
	if s.settings.Procs > 0 {
		starting.Environment = []string{fmt.Sprintf("GOMAXPROCS=%d", s.settings.Procs)}
	}
	if one.process, err = traefik.Start(ctx, starting); err != nil {
		return err
	}
	ends := one.process.Stop
	if one.replica > 0 && s.settings.Share > 0 {
		leave, err := limitShare(fmt.Sprintf("polycart-bench-%d", one.process.PID()), one.process.PID(), s.settings.Share)
		if err != nil {
			return errors.Join(err, ends())
		}
		ends = func() error { return errors.Join(one.process.Stop(), leave()) }
	}
	s.later(ends)
	fmt.Fprintf(s.progress, "bench: Traefik %s, %s, is process %d on %s\n", one.version, one.name(), one.process.PID(), one.process.URL)
	return nil
}

// probe asks every route: each answers once its plugin is there.
func probe(ctx context.Context, base string) error {
	for route, path := range map[string]string{routeThrough: servicePath, routeNoop: "/", routeCarts: "/bench/agent/cart/get?session_id=" + number(toRead, 1, 0)} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
		if err != nil {
			return fmt.Errorf("asking Traefik: %w", err)
		}
		request.Header.Set(routeHeader, route)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Do(request)
		if err != nil {
			return fmt.Errorf("asking Traefik: %w", err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the route %s was answered with %s", route, response.Status)
		}
	}
	return nil
}

var versionLine = regexp.MustCompile(`(?m)^Version:\s*(\S+)`)

// versionOf asks a Traefik for its version, and says so where it is not of the edition: its figures would be another's.
func versionOf(ctx context.Context, binary string, edition traefik.Edition) (string, error) {
	// A slow disk reads 200 MB in that time.
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	said, err := exec.CommandContext(ctx, binary, "version").CombinedOutput()
	if ctx.Err() != nil {
		return "", fmt.Errorf("asking %s for its version: %w", binary, ctx.Err())
	}
	found := versionLine.FindSubmatch(said)
	if err != nil || found == nil {
		return "", fmt.Errorf("asking %s for its version: it is no Traefik 3 (%v): %.200q", binary, err, said)
	}
	version := string(found[1])
	if linked := strings.HasSuffix(version, "+polycart."+string(traefik.Compiled)); linked != (edition == traefik.Compiled) {
		return "", fmt.Errorf("%s is Traefik %s, which is not the edition %s: see docs/editions.md", binary, version, edition)
	}
	return version, nil
}
