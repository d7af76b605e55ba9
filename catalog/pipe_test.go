//go:build unix

package catalog

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Opening a pipe that nobody writes to would never come back.
func TestANamedPipeIsRefusedAtOnce(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	_, faults := Open(Source{File: pipe, Currency: "EUR"})
	if want := "reading catalogue file: " + pipe + " is not a regular file\n"; lines(faults) != want {
		t.Errorf("got %s, want %s", lines(faults), want)
	}
}
