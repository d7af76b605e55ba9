package traefik

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// goTool is the go command, by which something is built.
type goTool struct {
	path     string // of the command
	what     string // is built, such as "Traefik v3.7.5"
	who      string // begins each line of progress
	folder   string // module to build in
	room     string // on disk that it takes, for people
	progress io.Writer
}

// findGo finds the go command. The error says what is wanted of it, and what else would do.
func findGo(what, instead string) (string, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("building %s: the go command is not on PATH; install Go (https://go.dev/dl/)%s", what, instead)
	}
	return path, nil
}

// run runs the go tool and shows what it does until it ends. A cancelled ctx ends it.
func (g goTool) run(ctx context.Context, counter *counter, arguments ...string) error {
	tool := exec.CommandContext(ctx, g.path, arguments...)
	tool.Dir = g.folder
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
		return fmt.Errorf("building %s: %w", g.what, ctx.Err())
	}
	if err != nil {
		return g.explain(counter.lastWords(), err)
	}
	return nil
}

// explain makes an error that says what to do out of what the go tool wrote.
func (g goTool) explain(said string, err error) error {
	advice := ""
	switch {
	case containsAny(said, "no space left on device", "disk quota exceeded", "not enough space on the disk"):
		advice = "the disk is full; it needs " + g.room
	case containsAny(said, "no such host", "i/o timeout", "connection refused", "TLS handshake timeout", "network is unreachable", "connection reset by peer", "server misbehaving", "proxyconnect"):
		advice = "the module proxy cannot be reached; check the connection and `go env GOPROXY`"
	case containsAny(said, "requires go >= ", "toolchain not available"):
		advice = "this Go is too old for it; install a newer one (https://go.dev/dl/)"
	}
	if advice == "" {
		return fmt.Errorf("building %s: %w\n%s", g.what, err, said)
	}
	return fmt.Errorf("building %s: %s\n%s", g.what, advice, said)
}

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
