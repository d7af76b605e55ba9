package traefik

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	tool, err := findGo("Traefik "+r.version, " or give the path of a Traefik "+r.version)
	if err != nil {
		return "", err
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
	b := builder{recipe: r, goTool: goTool{path: tool, what: "Traefik " + r.version, who: "traefik", folder: r.folder, room: room, progress: progress}}
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
	goTool
}

// room is what a Traefik takes on disk.
const room = "some 5 GB in Go's caches (go env GOCACHE GOMODCACHE) and 250 MB in the user's cache folder"

// build makes the binary at path, first under another name.
func (b builder) build(ctx context.Context, path string) error {
	listing := b.counter("fetching modules")
	if err := b.run(ctx, listing, "list", "-mod=readonly", "-tags", b.tags, "-deps", "-f", "{{.ImportPath}}", command); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(filepath.Dir(path), ".building-")
	if err != nil {
		return fmt.Errorf("making a folder to build in: %w", err)
	}
	defer os.RemoveAll(folder)
	partial := filepath.Join(folder, filepath.Base(path))
	compiling := b.counter("compiling")
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
