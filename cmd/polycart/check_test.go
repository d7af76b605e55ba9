package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

func TestCheck(t *testing.T) {
	eachGolden(t, "check", func(t *testing.T, path string, archive *txtar.Archive) {
		t.Chdir(t.TempDir())
		arguments, named := []string{"check"}, []string{}
		for _, file := range archive.Files {
			if file.Name == "want" || file.Name == "args" {
				continue
			}
			if err := os.MkdirAll(filepath.Dir(file.Name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file.Name, file.Data, 0o644); err != nil {
				t.Fatal(err)
			}
			if ending := filepath.Ext(file.Name); ending == ".yml" || ending == ".yaml" || ending == ".toml" {
				named = append(named, file.Name)
			}
		}
		more, _ := section(archive, "args")
		arguments = append(arguments, strings.Fields(more)...)
		if !strings.Contains(more, "dynamic") {
			arguments = append(arguments, named...)
		}
		got := runHere(t, "", arguments...)
		if got.err != "" {
			t.Errorf("it said %q on standard error", got.err)
		}
		golden(t, path, archive, fmt.Sprintf("%sexit %d\n", got.out, got.code))
	})
}

func TestCheckOfTheDemoFindsNoFault(t *testing.T) {
	d := demoHere(t)
	for _, d.backend = range []string{"", backendUCP} {
		if _, err := d.write(); err != nil {
			t.Fatal(err)
		}
		got := runHere(t, "", "check", d.path(demoDynamic))
		if want := d.path(demoDynamic) + ": 1 middleware, no faults\n"; got.code != exitFine || got.out != want {
			t.Errorf("backend %q: got %+v; want %q", d.backend, got, want)
		}
	}
}

func TestASlipOfThePenIsFound(t *testing.T) {
	names := []string{"tenants", "dialects", "limits", "store", "cache", "log"}
	for key, want := range map[string]string{
		"tennants": "tenants", "tenant": "tenants", "Limit": "limits", "sotre": "store", "logs": "log", "cahce": "cache",
		"colour": "", "x": "", "logging": "log", "": "",
	} {
		if got := nearest(key, names); got != want {
			t.Errorf("%q: got %q, want %q", key, got, want)
		}
	}
}
