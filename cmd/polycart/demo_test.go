package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/internal/traefik"
)

// demoHere is a demo in a new folder whose name needs quoting.
func demoHere(t *testing.T) demo {
	t.Helper()
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), `it's "here"`)
	return demo{checkout: checkout, folder: folder, data: filepath.Join(folder, "data"), upstream: "http://127.0.0.1:1"}
}

// write lays out all files of a demo.
func (d demo) write() (kept string, err error) {
	if err := d.lay(); err != nil {
		return "", err
	}
	return d.configure()
}

func TestWhatTheOperatorEditedStays(t *testing.T) {
	d := demoHere(t)
	for range 2 {
		if kept, err := d.write(); err != nil || kept != "" {
			t.Fatalf("kept %q, %v; nothing was edited", kept, err)
		}
	}
	for _, name := range []string{demoCatalog, demoDynamic} {
		if err := os.WriteFile(d.path(name), []byte("edited"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d.upstream = "http://127.0.0.1:2"
	kept, err := d.write()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{d.path(demoCatalog), kept} {
		if content, err := os.ReadFile(path); err != nil || string(content) != "edited" {
			t.Errorf("%s holds %q, %v", path, content, err)
		}
	}
	content, err := os.ReadFile(d.path(demoDynamic))
	if err != nil || !strings.Contains(string(content), "http://127.0.0.1:2") || strings.Contains(string(content), "{{") {
		t.Errorf("the dynamic configuration is %q, %v", content, err)
	}
}

func TestAnotherPortOfTheShopBehindIsNoEdit(t *testing.T) {
	d := demoHere(t)
	if _, err := d.write(); err != nil {
		t.Fatal(err)
	}
	d.upstream = "http://127.0.0.1:65535"
	if kept, err := d.write(); err != nil || kept != "" {
		t.Fatalf("kept %q, %v", kept, err)
	}
}

func TestAnotherBackendIsNoEdit(t *testing.T) {
	d := demoHere(t)
	for _, backend := range []string{"", backendUCP, "", backendUCP} {
		d.backend = backend
		if kept, err := d.write(); err != nil || kept != "" {
			t.Fatalf("backend %q: kept %q, %v", backend, kept, err)
		}
		content, err := os.ReadFile(d.path(demoDynamic))
		if err != nil || strings.Contains(string(content), "backend:") != (backend == backendUCP) {
			t.Fatalf("backend %q: the dynamic configuration is %s, %v", backend, content, err)
		}
	}
	text, err := d.dynamic()
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(text, demoProfile, "https://mine.example/.well-known/ucp", 1)
	if err := os.WriteFile(d.path(demoDynamic), []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	if kept, err := d.write(); err != nil || kept == "" {
		t.Errorf("another profile is no edit: %v", err)
	}
}

func TestEveryDialectHasACall(t *testing.T) {
	d := demoHere(t)
	if _, err := d.write(); err != nil {
		t.Fatal(err)
	}
	calls, err := d.calls("http://127.0.0.1:8000", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	all := adapters.All()
	if len(calls) != len(all) {
		t.Fatalf("there are %d calls for %d dialects", len(calls), len(all))
	}
	for i, call := range calls {
		if call.Title != all[i].Name || strings.Contains(call.Command, "\n") {
			t.Errorf("call %d is %+v; want a line for %s", i, call, all[i].Name)
		}
	}

	d.backend = backendUCP
	more, err := d.calls("http://127.0.0.1:8000", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(more) != len(calls)+1 || !strings.Contains(more[len(calls)].Command, d.upstream+"/carts/") {
		t.Errorf("with a cart service behind the calls are %+v; want one more, to the service", more)
	}
}

func TestAnAddressThatIsNoHostOfTheDemoNamesOne(t *testing.T) {
	for base, want := range map[string]string{
		"http://127.0.0.1:8000": "", "http://localhost:8000": "",
		"http://[::1]:8000": " -H 'Host: localhost:8000'", "http://192.0.2.1:80": " -H 'Host: localhost:80'",
	} {
		if got := hostHeader(base); got != want {
			t.Errorf("%s: got %q, want %q", base, got, want)
		}
	}
}
