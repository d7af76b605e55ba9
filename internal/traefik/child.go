package traefik

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// child is a program that we started. It ends with us.
type child struct {
	program   *exec.Cmd
	ended     chan struct{}
	stop      sync.Once
	unstopped error // what of stopping did not work; valid after stop
}

// startChild starts a program and follows it until it ends. What has been written to out without a line end is handed on then.
func startChild(program *exec.Cmd, out ...*lines) (*child, error) {
	c := &child{program: program, ended: make(chan struct{})}
	ownGroup(program)
	program.WaitDelay = time.Second // whatever the program started may hold the pipes open this long
	started := make(chan error)
	go func() {
		// dieWithParent is bound to the thread that starts the program, so the thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := program.Start()
		started <- err
		if err != nil {
			return
		}
		_ = program.Wait() // how it ended is in its ProcessState
		for _, one := range out {
			one.flush()
		}
		close(c.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// Ended is closed when the program has ended, for whatever reason.
func (c *child) Ended() <-chan struct{} { return c.ended }

// PID is the process id of the program.
func (c *child) PID() int { return c.program.Process.Pid }

// end asks the program to end, kills it where it does not within lastGrace, and answers when it has ended. It may be called more
// than once and from anywhere.
func (c *child) end() error {
	c.stop.Do(func() {
		c.unstopped = askGroup(c.program.Process)
		select {
		case <-c.ended:
		case <-time.After(lastGrace):
		}
		// The program may be gone and leave something behind in its group.
		c.unstopped = errors.Join(c.unstopped, killGroup(c.program.Process))
	})
	<-c.ended
	return c.unstopped
}
