package main

import (
	"bytes"
	"flag"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/polycart/polycart/internal/traefik"
)

// update rewrites what golden files expect: go test ./cmd/polycart -update. Read the difference before you keep it.
var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// ran is what a command line did.
type ran struct {
	code     int
	out, err string
}

func runHere(t *testing.T, in string, arguments ...string) ran {
	t.Helper()
	out, problems := &bytes.Buffer{}, &bytes.Buffer{}
	code := run(t.Context(), arguments, strings.NewReader(in), out, problems)
	return ran{code, out.String(), problems.String()}
}

// section answers a file of an archive.
func section(archive *txtar.Archive, name string) (string, bool) {
	for _, file := range archive.Files {
		if file.Name == name {
			return string(file.Data), true
		}
	}
	return "", false
}

// golden compares got with the section want of the archive at path, or rewrites that.
func golden(t *testing.T, path string, archive *txtar.Archive, got string) {
	t.Helper()
	want, there := section(archive, "want")
	if want == got {
		return
	}
	if !*update {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	if !there {
		archive.Files = append(archive.Files, txtar.File{Name: "want"})
	}
	for i := range archive.Files {
		if archive.Files[i].Name == "want" {
			archive.Files[i].Data = []byte(got)
		}
	}
	if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// eachGolden runs test for each archive of a folder.
func eachGolden(t *testing.T, folder string, test func(t *testing.T, path string, archive *txtar.Archive)) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("there is none in testdata/%s: %v", folder, err)
	}
	for _, path := range paths {
		full, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		archive, err := txtar.ParseFile(full)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) { test(t, full, archive) })
	}
}

func TestAWrongCommandLineIsTold(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"an unknown command":    {[]string{"frob"}, `unknown command "frob"`},
		"an unknown flag":       {[]string{"up", "--port", "1"}, "unknown flag: --port"},
		"an argument too many":  {[]string{"up", "now"}, `unknown command "now"`},
		"an edition":            {[]string{"up", "--edition", "fast"}, `edition must be stock or compiled, not "fast"`},
		"an edition to build":   {[]string{"build", "--edition", "fast", "-o", "x"}, `edition must be stock or compiled, not "fast"`},
		"no file to build":      {[]string{"build"}, "--output is missing"},
		"two kinds of Traefik":  {[]string{"up", "--edition", "compiled", "--traefik", "x"}, "--edition and --traefik exclude each other"},
		"a group to measure":    {[]string{"bench", "--groups", "reads,dreams"}, `--groups must be of reads, writes, lines, carts, bodies, open, redis, ucp, not "dreams"`},
		"an edition to measure": {[]string{"bench", "--edition", "fast"}, `--edition must be stock, compiled or both, not "fast"`},
		"a number twice":        {[]string{"bench", "--connections", "8,8"}, "--connections must be different numbers from 1 to 1000, not 8"},
		"a slice of nothing":    {[]string{"bench", "--slice", "0s"}, "--slice must be from 10ms to 1m, not 0s"},
		"no file to check":      {[]string{"check"}, "at least one FILE"},
		"no folder to migrate":  {[]string{"migrate", "--to", "redis://127.0.0.1"}, "--from is missing"},
		"a folder by itself":    {[]string{"migrate", "--from", "carts", "--to", "redis://127.0.0.1"}, `--from must be file:FOLDER, such as file:/var/lib/polycart, not "carts"`},
		"nowhere to migrate to": {[]string{"migrate", "--from", "file:carts"}, "--to is missing"},
		"two places to go":      {[]string{"migrate", "--from", "file:carts", "--to", "redis://a", "--config", "b.yml"}, "--to and --config exclude each other"},
		"no worker":             {[]string{"migrate", "--from", "file:carts", "--to", "redis://a", "--connections", "0"}, "--connections must be from 1 to 1000, not 0"},
		"a token for nobody":    {[]string{"token"}, "--customer is missing"},
		"a token that has been": {[]string{"token", "--customer", "1", "--expires", "0s"}, "--expires must be more than 0s"},
		"an unknown dialect":    {[]string{"translate", "--to", "esperanto"}, `--to must be agent, shop, itemkey, vesuvio, fabric or all, not "esperanto"`},
		"an unknown backend":    {[]string{"up", "--backend", "magento"}, `--backend must be ucp, or left out for carts that the plugin alone keeps, not "magento"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := runHere(t, "", test.arguments...)
			if got.code != exitUsage || !strings.Contains(got.err, test.want) || !strings.HasPrefix(got.err, "polycart: ") || got.out != "" {
				t.Errorf("got %+v; want %q", got, test.want)
			}
		})
	}
}

func TestHelpOfEveryCommandHasAnExample(t *testing.T) {
	for _, name := range []string{"", "up", "build", "bench", "check", "outbox", "migrate", "token", "traefik", "translate", "docs", "version"} {
		arguments := strings.Fields(name + " --help")
		if got := runHere(t, "", arguments...); got.code != exitFine || !strings.Contains(got.out, "Examples:\n") {
			t.Errorf("%s: got %+v", arguments, got)
		}
	}
}

func TestVersionIsOneLine(t *testing.T) {
	if got := runHere(t, "", "version"); got.code != exitFine || !strings.HasPrefix(got.out, "polycart ") || strings.Count(got.out, "\n") != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestUpSaysAtOnceWhatIsInItsWay(t *testing.T) {
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	// A folder inside the checkout would be found by git; this one only has the checkout's name.
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, demoFolder), os.DirFS(filepath.Join(checkout, demoFolder))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module "+traefik.ModulePath+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	free, err := traefik.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"the port is in use":               {[]string{"--listen", listener.Addr().String()}, "address already in use"},
		"the address is none":              {[]string{"--listen", "8000"}, `must be host:port, such as 127.0.0.1:8000, not "8000"`},
		"there is no such Traefik":         {[]string{"--listen", free, "--traefik", "none"}, "none does not exist"},
		"the Traefik cannot be executed":   {[]string{"--listen", free, "--traefik", "go.mod"}, "go.mod is not executable"},
		"the data folder cannot be a file": {[]string{"--listen", free, "--traefik", "/bin/sh", "--data", "go.mod"}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runHere(t, "", append([]string{"up"}, test.arguments...)...)
			if got.code != exitFailed || !strings.Contains(got.err, test.want) || strings.Contains(got.out, "ready") {
				t.Errorf("got %+v; want %q", got, test.want)
			}
		})
	}
	t.Run("another one runs here", func(t *testing.T) {
		release, err := traefik.Claim(filepath.Join(folder, workFolder))
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		got := runHere(t, "", "up", "--listen", free, "--traefik", "/bin/sh")
		if got.code != exitFailed || !strings.Contains(got.err, "is in use by another polycart up") {
			t.Errorf("got %+v", got)
		}
	})
}
