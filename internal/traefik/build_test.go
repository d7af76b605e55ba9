package traefik

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// checkoutToBuild is a checkout whose Traefik no cache holds; the user's cache folder is a new one.
func checkoutToBuild(t *testing.T) string {
	t.Helper()
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	// The go tool counts its uses in a process of its own, which may outlive it and write while the folder is removed.
	counts := filepath.Join(cache, "config", "go", "telemetry")
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(cache, "config"))
	if err := os.MkdirAll(counts, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(counts, "mode"), []byte("off\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return writeFiles(t, map[string]string{
		"go.mod":                              "module github.com/polycart/polycart\n",
		"go.sum":                              "",
		"plugin/plugin.go":                    "package plugin\n",
		"adapters/adapters.go":                "package adapters\n",
		"identity/identity.go":                "package identity\n",
		"catalog/catalog.go":                  "package catalog\n",
		"store/store.go":                      "package store\n",
		"cartcore/cart.go":                    "package cartcore\n",
		"ucp/cart.go":                         "package ucp\n",
		"jsonpath/path.go":                    "package jsonpath\n",
		"integration/traefik/compiled/go.mod": "module github.com/polycart/polycart/integration/traefik/compiled\n",
		"integration/traefik/go.mod":          "module github.com/polycart/polycart/integration/traefik\n\ngo 1.25.0\n\nrequire github.com/traefik/traefik/v3 v3.0.1 // indirect\n",
	})
}

// leftovers lists what a build left in the cache folder, but for its lock.
func leftovers(t *testing.T, checkout string) []string {
	t.Helper()
	path, err := CachePath(checkout, Stock)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	names := []string{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".lock") {
			names = append(names, entry.Name())
		}
	}
	return names
}

func TestABuildThatIsThereIsUsedAgain(t *testing.T) {
	checkout := checkoutToBuild(t)
	path, err := CachePath(checkout, Stock)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "")
	said := &strings.Builder{}
	got, err := Build(t.Context(), checkout, Stock, said)
	if err != nil || got != path || said.Len() > 0 {
		t.Fatalf("got %q, %v, and it said %q; want %q and silence", got, err, said, path)
	}
}

func TestOtherRequirementsMakeAnotherBuild(t *testing.T) {
	checkout := checkoutToBuild(t)
	before, err := CachePath(checkout, Stock)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(checkout, "integration", "traefik", "go.sum"), []byte("x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	after, err := CachePath(checkout, Stock)
	if err != nil || before == after {
		t.Fatalf("got %q and then %q, %v; want two names", before, after, err)
	}
}

// What a compiled Traefik is made of, and what not.
func TestAChangedPluginMakesAnotherCompiledBuildAlone(t *testing.T) {
	for name, test := range map[string]struct {
		file            string
		stock, compiled bool
	}{
		"the plugin's source":               {"plugin/a.go", false, true},
		"a room's source":                   {"cartcore/a.go", false, true},
		"the plugin's requirements":         {"go.sum", false, true},
		"the compiled edition's link":       {"integration/traefik/compiled/ext/link.go", false, true},
		"the stock edition's requirements":  {"integration/traefik/go.sum", true, false},
		"a test":                            {"plugin/a_test.go", false, false},
		"what a test reads":                 {"plugin/testdata/a.go", false, false},
		"what only the command is made of":  {"cmd/polycart/a.go", false, false},
		"another module's source, no build": {"integration/a.go", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			checkout := checkoutToBuild(t)
			before := map[Edition]string{}
			for _, edition := range []Edition{Stock, Compiled} {
				before[edition] = mustCachePath(t, checkout, edition)
			}
			path := filepath.Join(checkout, filepath.FromSlash(test.file))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("package changed\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			for edition, changes := range map[Edition]bool{Stock: test.stock, Compiled: test.compiled} {
				if after := mustCachePath(t, checkout, edition); (after != before[edition]) != changes {
					t.Errorf("%s: got %q and then %q", edition, before[edition], after)
				}
			}
		})
	}
}

func mustCachePath(t *testing.T, checkout string, edition Edition) string {
	t.Helper()
	path, err := CachePath(checkout, edition)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOnlyAFewCompiledBuildsAreKept(t *testing.T) {
	checkout := checkoutToBuild(t)
	r, err := recipeOf(checkout, Compiled)
	if err != nil {
		t.Fatal(err)
	}
	path := mustCachePath(t, checkout, Compiled)
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	made := time.Unix(1_700_000_000, 0)
	for i, name := range []string{path, path + ".lock", r.prefix() + "newest", r.prefix() + "newer", r.prefix() + "old", r.prefix() + "older", "traefik-" + r.version + "-stock-oldest"} {
		if i > 1 {
			name = filepath.Join(folder, name)
		}
		if err := os.WriteFile(name, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, made, made.Add(-time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := dropOld(path, r); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(leftovers(t, checkout), " ")
	want := strings.Join([]string{filepath.Base(path), r.prefix() + "newer", r.prefix() + "newest", "traefik-" + r.version + "-stock-oldest"}, " ")
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// Both editions are the same Traefik: two go.mod files and the image say which.
func TestBothEditionsAreOfOneVersion(t *testing.T) {
	checkout, err := FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	version, err := Version(checkout)
	if err != nil {
		t.Fatal(err)
	}
	r, err := recipeOf(checkout, Compiled)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(r.folder, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if found := traefikLine.FindSubmatch(content); found == nil || string(found[1]) != version {
		t.Errorf("the compiled edition requires %q, the stock one %s", found, version)
	}
	image, err := os.ReadFile(filepath.Join(checkout, "docs", "editions", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "\nARG TRAEFIK=" + version + "\n"; !strings.Contains(string(image), want) {
		t.Errorf("the Dockerfile has no line %q", strings.TrimSpace(want))
	}
}

func TestWithoutGoABuildSaysWhatToInstall(t *testing.T) {
	checkout := checkoutToBuild(t)
	t.Setenv("PATH", t.TempDir())
	_, err := Build(t.Context(), checkout, Stock, &strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "install Go") {
		t.Fatalf("got %v", err)
	}
}

func TestAProxyThatCannotBeReachedIsNamedAndNothingIsLeft(t *testing.T) {
	checkout := checkoutToBuild(t)
	closed, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOPROXY", "http://"+closed)
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOFLAGS", "-modcacherw") // else the test's folder could not be removed
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOCACHE", t.TempDir())
	// A requirement that is in no go.sum is looked up before it is fetched.
	sum := "github.com/traefik/traefik/v3 v3.0.1 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" +
		"github.com/traefik/traefik/v3 v3.0.1/go.mod h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	if err := os.WriteFile(filepath.Join(checkout, "integration", "traefik", "go.sum"), []byte(sum), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Build(t.Context(), checkout, Stock, &strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "the module proxy cannot be reached") {
		t.Fatalf("got %v", err)
	}
	if left := leftovers(t, checkout); len(left) > 0 {
		t.Errorf("the cache folder holds %v", left)
	}
}

func TestACancelledBuildEndsAndLeavesNothing(t *testing.T) {
	checkout := checkoutToBuild(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Build(ctx, checkout, Stock, &strings.Builder{})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if left := leftovers(t, checkout); len(left) > 0 {
		t.Errorf("the cache folder holds %v", left)
	}
}

func TestASecondBuildWaitsForTheFirst(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file lock here")
	}
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lockFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() {
		unlockSecond, err := lockFile(t.Context(), path)
		if err == nil {
			unlockSecond()
		}
		second <- err
	}()
	unlock()
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	unlock, err = lockFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lockFile(ctx, path); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled wait answers %v", err)
	}
}

func TestAdvice(t *testing.T) {
	for said, want := range map[string]string{
		"write /x/y: no space left on device":                                 "the disk is full",
		"dial tcp: lookup proxy.golang.org: no such host":                     "the module proxy cannot be reached",
		"go: module requires go >= 1.99 (running go 1.25; GOTOOLCHAIN=local)": "this Go is too old",
		"x.go:1: undefined: y":                                                "undefined: y",
	} {
		if err := (goTool{}).explain(said, errors.New("exit status 1")); !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", said, err, want)
		}
	}
}
