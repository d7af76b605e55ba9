package traefik

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// command is the package of Traefik's program.
const command = "github.com/traefik/traefik/v3/cmd/traefik"

// Build answers the path of a Traefik of the version that checkout names, built from its module into the user's cache
// folder, and builds it first where it is not there yet. It tells progress what it does, line by line. A cancelled ctx
// stops the go tool and leaves nothing half done. The errors say what to do about them.
func Build(ctx context.Context, checkout string, edition Edition, progress io.Writer) (string, error) {
	r, err := recipeOf(checkout, edition)
	if err != nil {
		return "", err
	}
	path, err := r.cachePath()
	if err != nil {
		return "", err
	}
	if isBuilt(path) {
		return path, nil
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("building Traefik %s: the go command is not on PATH; install Go (https://go.dev/dl/) or give the path of a Traefik %s", r.version, r.version)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	// Two builds at once would each compile everything. The second waits here and then finds the first one's work.
	fmt.Fprintf(progress, "traefik: building %s into %s (%s)\n", r.name(), filepath.Dir(path), r.cost)
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if isBuilt(path) {
		return path, nil
	}
	started := time.Now()
	b := builder{tool: tool, recipe: r, progress: progress}
	if err := b.build(ctx, path); err != nil {
		return "", err
	}
	fmt.Fprintf(progress, "traefik: built in %s\n", time.Since(started).Round(time.Second))
	if err := dropOld(path, r); err != nil {
		fmt.Fprintf(progress, "traefik: %v\n", err) // Windows removes no program that runs; the new one is there all the same
	}
	return path, nil
}

// isBuilt tells whether path is there. Build puts a file there only when it is whole.
func isBuilt(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// builder is one run of Build.
type builder struct {
	recipe
	tool     string // path of the go command
	progress io.Writer
}

// build makes the binary at path, first under another name.
func (b builder) build(ctx context.Context, path string) error {
	listing := newCounter(b.progress, "fetching modules")
	if err := b.run(ctx, listing, "list", "-mod=readonly", "-tags", b.tags, "-deps", "-f", "{{.ImportPath}}", command); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(filepath.Dir(path), ".building-")
	if err != nil {
		return fmt.Errorf("making a folder to build in: %w", err)
	}
	defer os.RemoveAll(folder)
	partial := filepath.Join(folder, filepath.Base(path))
	compiling := newCounter(b.progress, "compiling")
	compiling.total = listing.listed
	err = b.run(ctx, compiling, "build", "-mod=readonly", "-v", "-tags", b.tags, "-ldflags", b.linkerFlags(), "-o", partial, command)
	if err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("putting Traefik in place: %w", err)
	}
	return nil
}

// run runs the go tool and shows what it does until it ends.
func (b builder) run(ctx context.Context, counter *counter, arguments ...string) error {
	tool := exec.CommandContext(ctx, b.tool, arguments...)
	tool.Dir = b.folder
	tool.Env = append(os.Environ(), "GOWORK=off") // a workspace around the checkout would change the versions
	tool.Stdout = counter.listing()
	tool.Stderr = counter.messages()
	ownGroup(tool)
	tool.Cancel = func() error { return killGroup(tool.Process) }
	// A compiler that a killed go tool leaves behind may hold the pipes open this long.
	tool.WaitDelay = 5 * time.Second
	stop := counter.start()
	// dieWithParent is bound to the thread that starts the program.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := tool.Run()
	stop()
	if ctx.Err() != nil {
		return fmt.Errorf("building Traefik %s: %w", b.version, ctx.Err())
	}
	if err != nil {
		return explain(b.version, counter.lastWords(), err)
	}
	return nil
}

// explain makes an error that says what to do out of what the go tool wrote.
func explain(version, said string, err error) error {
	advice := ""
	switch {
	case containsAny(said, "no space left on device", "disk quota exceeded", "not enough space on the disk"):
		advice = "the disk is full; Traefik needs some 5 GB in Go's caches (go env GOCACHE GOMODCACHE) and 250 MB in the user's cache folder"
	case containsAny(said, "no such host", "i/o timeout", "connection refused", "TLS handshake timeout", "network is unreachable", "connection reset by peer", "server misbehaving", "proxyconnect"):
		advice = "the module proxy cannot be reached; check the connection and `go env GOPROXY`"
	case containsAny(said, "requires go >= ", "toolchain not available"):
		advice = "this Go is too old for it; install a newer one (https://go.dev/dl/)"
	}
	if advice == "" {
		return fmt.Errorf("building Traefik %s: %w\n%s", version, err, said)
	}
	return fmt.Errorf("building Traefik %s: %s\n%s", version, advice, said)
}

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
