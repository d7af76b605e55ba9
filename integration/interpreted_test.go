package integration_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/traefik/yaegi/interp"

	"github.com/polycart/polycart/integration/interpreter"
)

// interpreted is an interpreter with this checkout in its GOPATH, and with a package that drives it; an empty name is none.
func interpreted(t testing.TB, name, source string) *interp.Interpreter {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	goPath, err := interpreter.GoPath(t.TempDir(), root)
	if err != nil {
		t.Fatal(err)
	}
	i, err := interpreter.New(goPath)
	if err != nil {
		t.Fatal(err)
	}
	if name == "" {
		return i
	}
	folder := filepath.Join(goPath, "src", name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Eval(`import "` + name + `"`); err != nil {
		t.Fatalf("loading %s: %v", name, err)
	}
	return i
}
