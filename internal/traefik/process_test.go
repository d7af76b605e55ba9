package traefik

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// standIn makes this test program behave as a Traefik that something is wrong with: the real one is tried in integration/.
const standIn = "POLYCART_TEST_STANDS_IN"

func TestMain(m *testing.M) {
	switch os.Getenv(standIn) {
	case "":
		os.Exit(m.Run())
	case "ends early":
		fmt.Println(`{"level":"info","message":"starting"}`)
		fmt.Println(`{"level":"error","error":"no manifest","message":"Command error"}`)
		os.Exit(1)
	case "complains":
		fmt.Println(`{"level":"error","error":"tenants[0].id: is empty","routerName":"shop@file"}`)
		fmt.Println(`{"level":"error","error":"tenants[0].id: is empty","routerName":"shop@file"}`)
		select {}
	case "plugin complains":
		fmt.Println(`{"time":"2026-01-02T03:04:05Z","level":"ERROR","msg":"request refused","cause":"the data folder is in use by process 1"}`)
		select {}
	case "cart service ends early":
		fmt.Fprintln(os.Stderr, `{"level":"INFO","msg":"request"}`)
		fmt.Fprintln(os.Stderr, "ucpshop: opening cart file carts.db: timeout")
		os.Exit(1)
	case "cart service hangs":
		select {}
	case "cart service":
		fmt.Println("ucpshop: ready on http://127.0.0.1:1")
		fmt.Fprintln(os.Stderr, strings.Repeat(`{"level":"INFO","msg":"request"}`+"\n", lastBytes))
		select {}
	case "serves":
		fmt.Println(`{"time":"2026-01-02T03:04:05Z","level":"INFO","msg":"catalogue loaded","items":8}`)
		fmt.Println(`{"level":"info","message":"Traefik version"}`)
		fmt.Fprintln(os.Stderr, "panic: what it says when it crashes")
		signal.Ignore(syscall.SIGTERM)
		err := http.ListenAndServe(os.Getenv("POLYCART_TEST_LISTEN"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "[]") }))
		fmt.Println(err)
	}
}

// started is Settings that start this test program in place of a Traefik.
func started(t *testing.T, behaviour string) Settings {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	address, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(standIn, behaviour)
	t.Setenv("POLYCART_TEST_LISTEN", address)
	return Settings{Binary: program, Files: Files{Folder: t.TempDir(), Listen: address}}
}

func TestATraefikThatEndsEarlyIsQuoted(t *testing.T) {
	_, err := Start(t.Context(), started(t, "ends early"))
	want := "Traefik ended before it answered (exit status 1)\n  Command error: no manifest"
	if err == nil || err.Error() != want {
		t.Fatalf("got %v\nwant %s", err, want)
	}
}

func TestAComplaintThatStandsIsQuotedOnce(t *testing.T) {
	for behaviour, want := range map[string]string{
		"complains":        "Traefik does not serve the plugin\n  tenants[0].id: is empty routerName=shop@file",
		"plugin complains": "Traefik does not serve the plugin\n  request refused cause=the data folder is in use by process 1",
	} {
		if _, err := Start(t.Context(), started(t, behaviour)); err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

func TestATraefikThatNeverAnswersIsGivenUp(t *testing.T) {
	settings := started(t, "serves")
	settings.Patience = 300 * time.Millisecond
	settings.Probe = func(context.Context, string) error { return errors.New("not yet") }
	_, err := Start(t.Context(), settings)
	if err == nil || !strings.Contains(err.Error(), "did not answer a cart request within 300ms (not yet)") {
		t.Fatalf("got %v", err)
	}
	if err := CheckAddress(settings.Files.Listen); err != nil {
		t.Errorf("it still runs: %v", err)
	}
}

func TestItsLogIsSortedAndEvenAStubbornOneIsStopped(t *testing.T) {
	settings := started(t, "serves")
	own, plugins := &strings.Builder{}, &strings.Builder{}
	told := []string{}
	settings.Traefik, settings.Plugin = own, plugins
	settings.Notice = func(line Line) { told = append(told, line.Words) }
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	process, err := Start(ctx, settings)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-process.Ended()
	if err := process.Stop(); err != nil {
		t.Error(err)
	}
	if err := process.Stop(); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
	if err := CheckAddress(settings.Files.Listen); err != nil {
		t.Errorf("it still runs: %v", err)
	}
	if got := plugins.String(); !strings.Contains(got, "catalogue loaded") || strings.Contains(got, "Traefik version") {
		t.Errorf("the plugin's log is %q", got)
	}
	if got := own.String(); !strings.Contains(got, "Traefik version") || !strings.Contains(got, "panic: what") || strings.Contains(got, "catalogue") {
		t.Errorf("Traefik's log is %q", got)
	}
	if len(told) != 1 || told[0] != "panic: what it says when it crashes" {
		t.Errorf("people were told %q", told)
	}
}

func TestWhatCannotBeStartedIsNamed(t *testing.T) {
	folder := writeFiles(t, map[string]string{"plain": "text"})
	for name, test := range map[string]struct{ binary, want string }{
		"nothing there":  {filepath.Join(folder, "none"), "does not exist"},
		"a folder":       {folder, "is a folder"},
		"not executable": {filepath.Join(folder, "plain"), "is not executable (chmod +x "},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && name == "not executable" {
				t.Skip("Windows knows programs by their names")
			}
			_, err := Start(t.Context(), Settings{Binary: test.binary, Files: Files{Folder: folder, Listen: "127.0.0.1:1"}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v; want %s", err, test.want)
			}
		})
	}
}

func TestCheckAddress(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	taken := listener.Addr().String()
	for address, want := range map[string]string{
		taken:             "address already in use",
		"8000":            `must be host:port, such as 127.0.0.1:8000, not "8000"`,
		"127.0.0.1:http":  `must have a port from 1 to 65535, not "http"`,
		"127.0.0.1:70000": `must have a port from 1 to 65535, not "70000"`,
	} {
		if err := CheckAddress(address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %s", address, err, want)
		}
	}
}

func TestBaseURL(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8000": "http://127.0.0.1:8000",
		":8000":          "http://127.0.0.1:8000",
		"0.0.0.0:8000":   "http://127.0.0.1:8000",
		"[::1]:8000":     "http://[::1]:8000",
		"shop.test:80":   "http://shop.test:80",
	} {
		if got := baseURL(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
