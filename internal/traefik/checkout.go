// Package traefik finds, builds and runs a Traefik with this repository as its plugin, and the cart service behind it, for the demo
// and for tests.
package traefik

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// ModulePath is the module path of the plugin: the name of its checkout below plugins-local/src.
const ModulePath = "github.com/polycart/polycart"

// PluginName is the name under which the static configuration announces the plugin, and the dynamic one uses it.
const PluginName = "polycart"

// Edition says how a Traefik runs the plugin.
type Edition string

// The editions.
const (
	Stock    Edition = "stock"    // Traefik interprets the source, as every Traefik from the shelf does
	Compiled Edition = "compiled" // the plugin is linked into Traefik
)

// ParseEdition reads the name of an edition. The error lists the names that are allowed.
func ParseEdition(name string) (Edition, error) {
	switch Edition(name) {
	case Stock, Compiled:
		return Edition(name), nil
	}
	return "", fmt.Errorf("edition must be %s or %s, not %q", Stock, Compiled, name)
}

// ErrNoCheckout is wrapped by the error of FindCheckout where there is none.
var ErrNoCheckout = errors.New("no checkout of " + ModulePath)

// moduleLine is the module directive of a go.mod.
var moduleLine = regexp.MustCompile(`(?m)^module\s+"?([^"\s]+)"?\s*(?://.*)?$`)

// FindCheckout answers the absolute path of the checkout that holds folder: the nearest folder, from folder upward, whose
// go.mod names the plugin's module. The error wraps ErrNoCheckout where no folder does.
func FindCheckout(folder string) (string, error) {
	start, err := filepath.Abs(folder)
	if err != nil {
		return "", fmt.Errorf("looking for the checkout: %w", err)
	}
	for at := start; ; at = filepath.Dir(at) {
		content, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("looking for the checkout: %w", err)
		}
		if found := moduleLine.FindSubmatch(content); found != nil && string(found[1]) == ModulePath {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%w holds %s: run this inside a clone of the repository", ErrNoCheckout, start)
		}
	}
}

// traefikLine is the requirement of Traefik in a go.mod.
var traefikLine = regexp.MustCompile(`(?m)^\s*(?:require\s+)?github\.com/traefik/traefik/v3\s+(v\S+)`)

// Version answers the version of Traefik that checkout builds, such as "v3.7.5". integration/traefik/go.mod is the one
// place that says it.
func Version(checkout string) (string, error) {
	path := filepath.Join(sourceFolder(checkout), "go.mod")
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the version of Traefik: %w", err)
	}
	found := traefikLine.FindSubmatch(content)
	if found == nil {
		return "", fmt.Errorf("reading the version of Traefik: %s does not require github.com/traefik/traefik/v3", path)
	}
	return strings.TrimSpace(string(found[1])), nil
}

// sourceFolder is the module from which the stock Traefik is built; that of the compiled one is its folder compiled.
func sourceFolder(checkout string) string { return filepath.Join(checkout, "integration", "traefik") }
