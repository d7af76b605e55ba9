package traefik

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"
)

// The ports of FreeAddress: below those that systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere), one
// of which could take the port before the program listens that it is for.
const (
	firstPort = 10000
	lastPort  = 32767
)

// given are the addresses that FreeAddress has answered in this process.
var given sync.Map

// FreeAddress answers a loopback address that nothing listens on at this moment. It is left to chance which one, so that
// processes that look at the same time find different ones, and in one process it answers none twice: a program takes seconds
// before it listens.
func FreeAddress() (string, error) {
	var taken error
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort+1) //nolint:gosec // spreads ports, guards nothing
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if taken = CheckAddress(address); taken != nil {
			continue
		}
		if _, before := given.LoadOrStore(address, true); !before {
			return address, nil
		}
	}
	return "", fmt.Errorf("finding a free port: %w", cmp.Or(taken, errAllGiven))
}

var errAllGiven = errors.New("all that were tried were found before")

// CheckAddress says why address, host:port, cannot be listened on, or nil.
func CheckAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen address must be host:port, such as 127.0.0.1:8000, not %q", address)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return fmt.Errorf("listen address must have a port from 1 to 65535, not %q", port)
	}
	for try := 1; ; try++ {
		listener, err := net.Listen("tcp", address)
		if err == nil {
			return listener.Close()
		}
		if try == listenTries {
			return fmt.Errorf("%s cannot be listened on: %w", address, rootCause(err))
		}
		time.Sleep(listenPause)
	}
}

// A program that is just being started holds what we had open until it has begun, a port that was tried among it: so one that is
// taken is tried again before it counts as such.
const (
	listenTries = 5
	listenPause = 20 * time.Millisecond
)

// rootCause leaves out what the error's text says twice, such as "listen tcp 127.0.0.1:8000: bind:".
func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// baseURL is where a client on this machine reaches what listens on address.
func baseURL(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "http://" + address
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
