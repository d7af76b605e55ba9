package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/internal/traefik"
)

// A Traefik that was built before stands in for one: building is tested where it takes minutes, in integration.
func TestBuildWritesAProgramAndSaysWhatItIs(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, edition := range []traefik.Edition{traefik.Stock, traefik.Compiled} {
		t.Run(string(edition), func(t *testing.T) {
			built, err := traefik.CachePath(checkout, edition)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Dir(built), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(built, []byte("new"), 0o755); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "traefik")
			if err := os.WriteFile(file, []byte("what was there before"), 0o600); err != nil {
				t.Fatal(err)
			}
			got := runHere(t, "", "build", "--edition", string(edition), "-o", file)
			if got.code != exitFine || !strings.Contains(got.out, file+" is Traefik v3.") || !strings.Contains(got.out, "edition "+string(edition)+",") {
				t.Errorf("got %+v", got)
			}
			content, err := os.ReadFile(file)
			if err != nil || string(content) != "new" {
				t.Errorf("the file holds %q, %v", content, err)
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("the file is %v, %v", info, err)
			}
			if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
				t.Errorf("beside it are %v, %v", entries, err)
			}
		})
	}
}

func TestBuildSaysWhereItCannotWriteBeforeItBuilds(t *testing.T) {
	folder := t.TempDir()
	for name, file := range map[string]string{"a folder": folder, "in no folder": filepath.Join(folder, "none", "traefik")} {
		t.Run(name, func(t *testing.T) {
			got := runHere(t, "", "build", "-o", file)
			if got.code != exitFailed || !strings.Contains(got.err, "--output: ") {
				t.Errorf("got %+v", got)
			}
		})
	}
}
