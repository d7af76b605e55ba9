package integration_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/internal/transcript"
)

// smallDisk is a program that gives Traefik a data folder on a disk of its own, of a megabyte, that only it and its children
// see: that needs no privileges where Linux allows everybody namespaces.
const smallDisk = `#!/bin/sh
exec unshare --map-root-user --mount sh -c 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"' %q %q "$@"
`

// A real disk that is full, under a real Traefik: every dialect answers its own 503, carts can be read and stay as they
// were, and once there is room the next write works.
func TestAFullDiskUnderTraefik(t *testing.T) {
	upstream := httptest.NewServer(transcript.Upstream())
	defer upstream.Close()
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: "full", Config: "store: {sync: always}\ncache: {carts: 1, answerBytes: 0}\n"})
	program, why := withSmallDisk(t, filepath.Join(fixture.Folder, "data"))
	if why != nil {
		t.Skip(why)
	}
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	running := startProgram(t, program, checkout, []route{{"full", fixture.Config}}, upstream.URL)
	level := running.level("full")
	customers, held := callers.All(""), map[string]int64{}
	for i := range customers {
		customers[i] = callers.All(tokenOf(t, fixture, customers[i].Dialect))[i]
		if answer, err := customers[i].First(level); err != nil || answer.Status != http.StatusOK {
			t.Fatalf("%s: %d %s, %v", customers[i].Dialect, answer.Status, answer.Body, err)
		}
		held[customers[i].Dialect] = 1
	}

	makeRoom := running.fill(t, fixture)
	for i := range customers {
		c := &customers[i]
		for tries := 0; ; tries++ { // the last page of the newest segment has room for some more
			answer, err := c.Add(level)
			if err != nil {
				t.Fatal(err)
			}
			if answer == c.Down(503) {
				break
			}
			if answer.Status != http.StatusOK || tries == 100 {
				t.Fatalf("%s: on a full disk a write got %d %s, want %s", c.Dialect, answer.Status, answer.Body, c.Down(503).Body)
			}
			held[c.Dialect]++
		}
	}
	wantHeld := func(when string) {
		t.Helper()
		for i := range customers {
			if units, err := customers[i].Units(level); err != nil || units != held[customers[i].Dialect] {
				t.Errorf("%s: %s: the cart holds %d units (%v), acknowledged were %d", when, customers[i].Dialect, units, err, held[customers[i].Dialect])
			}
		}
	}
	wantHeld("while the disk is full")
	makeRoom()
	for i := range customers {
		if answer, err := customers[i].Add(level); err != nil || answer.Status != http.StatusOK {
			t.Errorf("%s: with room again a write got %d %s, %v", customers[i].Dialect, answer.Status, answer.Body, err)
		}
		held[customers[i].Dialect]++
	}
	wantHeld("with room again")
}

// withSmallDisk makes a program that starts the stock Traefik with data on a disk of its own. The error says why it cannot.
func withSmallDisk(t *testing.T, data string) (program string, why error) {
	t.Helper()
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", data).CombinedOutput(); err != nil {
		return "", fmt.Errorf("this machine lets nobody mount a small disk in a namespace of his own: %w: %s", err, out)
	}
	binary, err := traefikBinary(traefik.Stock)
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(t.TempDir(), "traefik-with-small-disk")
	if err := os.WriteFile(program, fmt.Appendf(nil, smallDisk, data, binary), 0o700); err != nil {
		t.Fatal(err)
	}
	return program, nil
}

// dataFolder is where the data of a Traefik with a small disk is for others.
func (r *runningTraefik) dataFolder(fixture *transcript.Fixture) string {
	return filepath.Join("/proc", fmt.Sprint(r.PID()), "root", fixture.Folder, "data")
}

// fill takes all the room on a small disk, until makeRoom is called.
func (r *runningTraefik) fill(t *testing.T, fixture *transcript.Fixture) (makeRoom func()) {
	t.Helper()
	path := filepath.Join(r.dataFolder(fixture), "filler")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// In a real Traefik too a client that stops in the middle of its body changes nothing, holds up nobody and leaves nothing
// behind.
func TestABodyThatBreaksOffInTraefik(t *testing.T) {
	upstream := httptest.NewServer(transcript.Upstream())
	defer upstream.Close()
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: "broken-off"})
	running := startTraefik(t, traefik.Stock, []route{{"broken-off", fixture.Config}}, upstream.URL)
	level := running.level("broken-off")
	for i := range callers.All("") {
		c := callers.All(tokenOf(t, fixture, fmt.Sprint("customer-", i)))[i]
		if answer, err := c.First(level); err != nil || answer.Status != http.StatusOK {
			t.Fatalf("%s: %d %s, %v", c.Dialect, answer.Status, answer.Body, err)
		}
		before, _ := running.size(t)
		for _, way := range callers.Ways() {
			answer, err := c.BreakOff(running.URL, way, "X-Route", "broken-off")
			if err != nil || answer.Status != http.StatusBadRequest && answer.Status != 0 {
				t.Errorf("%s: %s: answered %d %s, %v; want 400", c.Dialect, way.Name, answer.Status, answer.Body, err)
			}
		}
		const hanging = 40
		open := []io.Closer{}
		for range hanging {
			one, err := c.Hang(running.URL, "X-Route", "broken-off")
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, one)
		}
		// Some goroutines of connections before may just end: ten more or less are neither the forty nor a leak.
		running.awaitGoroutines(t, "come with bodies that hang", func(n int64) bool { return n >= before+hanging-10 })
		if answer, err := c.Add(level); err != nil || answer.Status != http.StatusOK {
			t.Errorf("%s: while others hang a write got %d %s, %v", c.Dialect, answer.Status, answer.Body, err)
		}
		for _, one := range open {
			one.Close()
		}
		running.awaitGoroutines(t, "go with the clients", func(n int64) bool { return n <= before+10 })
		if units, err := c.Units(level); err != nil || units != 2 {
			t.Errorf("%s: the cart holds %d units, %v; want 2", c.Dialect, units, err)
		}
	}
}

// awaitGoroutines waits until Traefik has as many goroutines as wanted.
func (r *runningTraefik) awaitGoroutines(t *testing.T, what string, wanted func(n int64) bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		n, _ := r.size(t)
		if wanted(n) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("goroutines that must %s: there are %d", what, n)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
