// Package interpreter loads Go packages as Traefik loads a plugin: with Yaegi, Traefik's symbols and no unsafe.
package interpreter

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
)

// ModulePath is what the checkout is called in a GOPATH.
const ModulePath = "github.com/polycart/polycart"

// GoPath makes, in folder, a GOPATH in which the checkout at root stands under ModulePath, and answers it.
// Traefik reads a local plugin from the same layout, plugins-local/src/<module path>.
func GoPath(folder, root string) (string, error) {
	at := filepath.Join(folder, "src", filepath.FromSlash(ModulePath))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return "", fmt.Errorf("making the plugin folder: %w", err)
	}
	if err := os.Symlink(root, at); err != nil && !os.IsExist(err) {
		return "", fmt.Errorf("linking the checkout: %w", err)
	}
	return folder, nil
}

// New makes an interpreter with exactly the symbols that Traefik v3.7.5 gives a plugin without useUnsafe
// (pkg/plugins/middlewareyaegi.go, newInterpreter).
func New(goPath string) (*interp.Interpreter, error) {
	i := interp.New(interp.Options{GoPath: goPath, Env: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr})
	if err := i.Use(stdlib.Symbols); err != nil {
		return nil, fmt.Errorf("loading the standard library's symbols: %w", err)
	}
	return i, nil
}
