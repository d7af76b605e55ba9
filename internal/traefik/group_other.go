//go:build !unix

package traefik

import (
	"context"
	"os"
	"os/exec"
)

// ownGroup does nothing here: there are no process groups to signal.
func ownGroup(*exec.Cmd) {}

// killGroup ends a program at once.
func killGroup(program *os.Process) error { return program.Kill() }

// askGroup ends a program at once: it cannot be asked here.
func askGroup(program *os.Process) error { return program.Kill() }

// lockFile locks nothing here: two builds at once cost time, but each puts a whole file in place.
func lockFile(context.Context, string) (unlock func(), err error) { return func() {}, nil }
