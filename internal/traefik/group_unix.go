//go:build unix

package traefik

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// ownGroup gives a program a process group of its own: a Ctrl-C in the terminal reaches us alone, and we can end the
// program with everything that it started.
func ownGroup(program *exec.Cmd) {
	program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(program.SysProcAttr)
}

// EndWithUs makes a program that is started beside a Traefik end when we do, by whatever, and keeps a Ctrl-C in the terminal from it.
func EndWithUs(program *exec.Cmd) { ownGroup(program) }

// killGroup ends the group of a program at once.
func killGroup(program *os.Process) error { return signalGroup(program, syscall.SIGKILL) }

// askGroup asks the group of a program to end.
func askGroup(program *os.Process) error { return signalGroup(program, syscall.SIGTERM) }

// signalGroup signals the group of a program. A group that is gone is no error.
func signalGroup(program *os.Process, signal syscall.Signal) error {
	if err := syscall.Kill(-program.Pid, signal); err != nil && err != syscall.ESRCH {
		return fmt.Errorf("signalling a program's process group: %w", err)
	}
	return nil
}

// Claim makes folder where it is missing and takes it for this process alone, until release or the end of the process.
// The error says that another process has it.
func Claim(folder string) (release func(), err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("making the work folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(folder, ".in-use"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("claiming the work folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s is in use by another polycart up; stop that one, or start this one in another folder", folder)
	}
	return func() { file.Close() }, nil
}

// lockFile takes a lock that no two processes can have, and waits for it. The system opens it when a process ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the build: %w", err)
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			file.Close()
			return nil, fmt.Errorf("locking the build with %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("waiting for another build of Traefik: %w", ctx.Err())
		case <-time.After(200 * time.Millisecond): // a build takes minutes
		}
	}
}
