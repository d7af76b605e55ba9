//go:build !unix

package traefik

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// ownGroup does nothing here: there are no process groups to signal.
func ownGroup(*exec.Cmd) {}

// EndWithUs does nothing here.
func EndWithUs(*exec.Cmd) {}

// killGroup ends a program at once.
func killGroup(program *os.Process) error { return program.Kill() }

// askGroup ends a program at once: it cannot be asked here.
func askGroup(program *os.Process) error { return program.Kill() }

// Claim makes folder where it is missing. It takes it for nobody: there are no file locks here.
func Claim(folder string) (release func(), err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("making the work folder: %w", err)
	}
	return func() {}, nil
}

// lockFile locks nothing here: two builds at once cost time, but each puts a whole file in place.
func lockFile(context.Context, string) (unlock func(), err error) { return func() {}, nil }
