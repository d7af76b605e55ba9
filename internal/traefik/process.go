package traefik

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// patience is how long Start waits where Settings names no time: the plugin is interpreted within some seconds, on a
	// busy machine within twenty.
	patience = 60 * time.Second
	// grace is how long a complaint of Traefik or the plugin may stand before it counts: some are over by themselves, as
	// when the process that had the data folder before is just ending.
	grace = 2 * time.Second
	// lastGrace is how long Traefik has to end before it is killed: more than graceTimeOut in its configuration.
	lastGrace = 5 * time.Second
	// pollEvery is how often Start asks whether Traefik answers.
	pollEvery = 50 * time.Millisecond
)

// Settings say what Start starts.
type Settings struct {
	Binary   string        // path of the Traefik to run
	Files    Files         // as they were written by Files.Write
	Traefik  io.Writer     // takes Traefik's own log, a JSON object a line; nil: nowhere
	Plugin   io.Writer     // takes the plugin's log, likewise; nil: nowhere
	Notice   func(Line)    // is told every line at warn or above, one at a time; nil: nobody
	Probe    Probe         // says whether the plugin works; nil is ProbeDemo
	Patience time.Duration // how long to wait for that; 0 is a minute

	// Environment is added to our own, as NAME=value.
	Environment []string
}

// Probe asks the Traefik at base, such as "http://127.0.0.1:8000", for something that only a working plugin answers.
type Probe func(ctx context.Context, base string) error

// Process is a running Traefik.
type Process struct {
	// URL is where it answers, such as "http://127.0.0.1:8000".
	URL string

	*child
	output *output
}

// Start starts a Traefik in Files.Folder and waits until the plugin answers a cart request. A cancelled ctx ends it, then
// or later, as Stop does. Where Traefik ends early, complains for two seconds or is not ready in time, the error bears what
// it said, and nothing is left running.
func Start(ctx context.Context, settings Settings) (*Process, error) {
	if err := checkBinary(settings.Binary); err != nil {
		return nil, err
	}
	if err := CheckAddress(settings.Files.Listen); err != nil {
		return nil, err
	}
	// The program starts in another folder, where a relative path would mean something else.
	binary, err := filepath.Abs(settings.Binary)
	if err != nil {
		return nil, fmt.Errorf("starting Traefik: %w", err)
	}
	p := &Process{
		URL:    baseURL(settings.Files.Listen),
		output: &output{traefik: settings.Traefik, plugin: settings.Plugin, notice: settings.Notice},
	}
	program := exec.Command(binary, "--configFile="+filepath.Base(settings.Files.StaticPath()))
	program.Dir = settings.Files.Folder
	program.Env = append(ownEnvironment(), settings.Environment...)
	out, problems := p.output.stream(), p.output.stream()
	program.Stdout, program.Stderr = out, problems
	if p.child, err = startChild(program, out, problems); err != nil {
		return nil, fmt.Errorf("starting %s: %w", settings.Binary, err)
	}
	go func() {
		select {
		case <-ctx.Done():
			_ = p.Stop() // whoever stops it next hears what did not work
		case <-p.ended:
		}
	}()
	if err := p.wait(ctx, settings); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// checkBinary says why path cannot be run, or nil.
func checkBinary(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("traefik: %s does not exist", path)
	}
	if err != nil {
		return fmt.Errorf("looking for Traefik: %w", err)
	}
	if info.IsDir() {
		return fmt.Errorf("traefik: %s is a folder, not a program", path)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0 {
		return fmt.Errorf("traefik: %s is not executable (chmod +x %s)", path, path)
	}
	return nil
}

// ownEnvironment is our environment without what Traefik would take for its static configuration.
func ownEnvironment() []string {
	kept := []string{}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(strings.ToUpper(variable), "TRAEFIK_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// wait waits until the plugin works.
func (p *Process) wait(ctx context.Context, settings Settings) error {
	probe, limit := settings.Probe, settings.Patience
	if probe == nil {
		probe = ProbeDemo
	}
	if limit == 0 {
		limit = patience
	}
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	var complained time.Time
	for {
		asked, cancel := context.WithTimeout(ctx, limit)
		err := probe(asked, p.URL)
		cancel()
		if err == nil {
			p.output.begun()
			return nil
		}
		if complained.IsZero() && len(p.output.complaints()) > 0 {
			complained = time.Now()
		} else if !complained.IsZero() && time.Since(complained) > grace {
			return p.complain("Traefik does not serve the plugin")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for Traefik: %w", ctx.Err())
		case <-p.ended:
			return p.complain(fmt.Sprintf("Traefik ended before it answered (%s)", p.program.ProcessState))
		case <-deadline.C:
			return p.complain(fmt.Sprintf("Traefik did not answer a cart request within %s (%v)", limit, err))
		case <-ticker.C:
		}
	}
}

// complain makes an error of what happened and what Traefik said.
func (p *Process) complain(what string) error {
	return errors.New(strings.Join(append([]string{what}, p.output.complaints()...), "\n  "))
}

// Err says, once Ended is closed, how Traefik ended and what it complained of.
func (p *Process) Err() error {
	return p.complain(fmt.Sprintf("Traefik ended (%s)", p.program.ProcessState))
}

// Stop asks Traefik to end, kills it where it does not within 5 seconds, and answers when it has ended. The error says
// what of this did not work, or which log could not be written. Stop may be called more than once and from anywhere.
func (p *Process) Stop() error {
	err := p.end()
	p.output.mu.Lock()
	defer p.output.mu.Unlock()
	return errors.Join(err, p.output.failed)
}

// demoCart is an empty cart of the demo's tenant in the agent dialect: nothing behind the plugin answers it.
const demoCart = "/store-alpha/agent/cart/get?session_id=is-polycart-ready"

// ProbeDemo is the Probe for testdata/demo/dynamic.yml: it reads a cart that nobody has.
func ProbeDemo(ctx context.Context, base string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+demoCart, nil)
	if err != nil {
		return fmt.Errorf("asking Traefik: %w", err)
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking Traefik: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4096)) // an empty cart has 2 bytes
	if err != nil {
		return fmt.Errorf("asking Traefik: %w", err)
	}
	rows := []any{}
	if response.StatusCode != http.StatusOK || json.Unmarshal(body, &rows) != nil {
		return fmt.Errorf("a cart request was answered with %s", response.Status)
	}
	return nil
}
