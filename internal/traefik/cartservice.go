package traefik

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// servicePackage is the program of the UCP cart service, a package of the module integration.
	servicePackage = "./ucpshop/cmd/ucpshop"
	// serviceReady begins the line that tells where it listens.
	serviceReady = "ucpshop: ready on "
	// servicePatience is how long the service has to be ready: it opens a file and listens.
	servicePatience = 30 * time.Second
	// lastBytes is how much of the service's log is looked at for its last words.
	lastBytes = 8 << 10
)

// BuildCartService builds the UCP cart service of checkout, integration/ucpshop, into folder, and answers the path of the program.
// It tells progress how far it is where that takes more than two seconds.
func BuildCartService(ctx context.Context, checkout, folder string, progress io.Writer) (string, error) {
	const what = "the UCP cart service"
	path, err := findGo(what, "")
	if err != nil {
		return "", err
	}
	tool := goTool{path: path, what: what, who: "ucpshop", folder: filepath.Join(checkout, "integration"), room: "some 300 MB in Go's caches (go env GOCACHE GOMODCACHE)", progress: progress}
	program := filepath.Join(folder, "ucpshop"+executable())
	if err := tool.run(ctx, tool.counter("compiling"), "build", "-mod=readonly", "-v", "-o", program, servicePackage); err != nil {
		return "", err
	}
	return program, nil
}

// CartServiceSettings say what StartCartService starts.
type CartServiceSettings struct {
	Program string   // as BuildCartService built it
	Data    string   // path of the file with its carts, made where it is missing
	Catalog string   // path of the catalogue that it sells; read at the start only
	Log     string   // path of the file that its log goes to, made anew: a JSON object a request
	Flags   []string // more of its flags
}

// CartService is a running UCP cart service.
type CartService struct {
	// URL is where it answers, such as "http://127.0.0.1:20000".
	URL string

	*child
	log string
}

// StartCartService starts a UCP cart service on a free port of this machine and waits until it is ready. It answers ETags, and
// logs each request before it is answered. Where it ends early, the error bears its last words, and nothing is left running.
func StartCartService(ctx context.Context, settings CartServiceSettings) (*CartService, error) {
	log, err := os.Create(settings.Log)
	if err != nil {
		return nil, fmt.Errorf("making the cart service's log: %w", err)
	}
	defer log.Close() // the program has it by a handle of its own
	told := make(chan string, 1)
	out := &lines{each: func(line string) {
		if at, is := strings.CutPrefix(line, serviceReady); is {
			told <- at // it says so once
		}
	}}
	program := exec.Command(settings.Program, append([]string{
		"--listen", "127.0.0.1:0", "--data", settings.Data, "--catalog", settings.Catalog, "--etag", "--access-log",
	}, settings.Flags...)...)
	program.Stdout, program.Stderr = out, log
	s := &CartService{log: settings.Log}
	if s.child, err = startChild(program, out); err != nil {
		return nil, fmt.Errorf("starting the cart service: %w", err)
	}
	late := time.NewTimer(servicePatience)
	defer late.Stop()
	select {
	case s.URL = <-told:
		return s, nil
	case <-s.ended:
		err = s.Err()
	case <-late.C:
		err = fmt.Errorf("the cart service is not ready within %s", servicePatience)
	case <-ctx.Done():
		err = fmt.Errorf("starting the cart service: %w", ctx.Err())
	}
	return nil, errors.Join(err, s.Stop())
}

// Err says, once Ended is closed, how the service ended, and its last words.
func (s *CartService) Err() error {
	return errors.New(strings.Join(append([]string{fmt.Sprintf("the cart service ended (%s)", s.program.ProcessState)}, s.lastWords()...), "\n  "))
}

// Stop asks the service to end, kills it where it does not within 5 seconds, and answers when it has ended. Stop may be called
// more than once and from anywhere.
func (s *CartService) Stop() error { return s.end() }

// lastWords are the last lines of the log that tell of no request.
func (s *CartService) lastWords() []string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return []string{fmt.Sprintf("reading its log: %v", err)}
	}
	if len(text) > lastBytes {
		text = text[len(text)-lastBytes:]
		text = text[bytes.IndexByte(text, '\n')+1:] // not half a line
	}
	said := []string{}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "{") {
			said = append(said, line)
		}
	}
	return said[max(0, len(said)-kept):]
}
