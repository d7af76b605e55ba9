// Package redistest starts Redis servers for tests: the real redis-server or valkey-server where there is one.
package redistest

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/polycart/polycart/internal/traefik"
)

// Server is a server that ends with its test.
type Server struct {
	Address string
	Real    bool // not miniredis

	args    []string
	running *exec.Cmd
}

// serverVariable is the environment variable that names the real server's program, where it is not the one in PATH.
const serverVariable = "POLYCART_REDIS_SERVER"

// binary is the real server's program; empty where there is none.
func binary() string {
	if path := os.Getenv(serverVariable); path != "" {
		return path
	}
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Start starts a server with further arguments for redis-server. Where there is none to be had it is miniredis, and the test
// says so.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	if binary() == "" {
		t.Log("there is no redis-server and no valkey-server: this runs against miniredis, which is no proof for the real one (apt-get install redis-server)")
		mini := miniredis.RunT(t)
		go letTimePass(t.Context(), mini)
		return &Server{Address: mini.Addr()}
	}
	return startReal(t, args...)
}

// letTimePass does what miniredis leaves to its user: keys expire.
func letTimePass(ctx context.Context, mini *miniredis.Miniredis) {
	for last := time.Now(); ctx.Err() == nil; {
		time.Sleep(10 * time.Millisecond)
		now := time.Now()
		mini.FastForward(now.Sub(last))
		last = now
	}
}

// StartReal is Start for tests that miniredis cannot serve: they are skipped without a real server.
func StartReal(t testing.TB, args ...string) *Server {
	t.Helper()
	if binary() == "" {
		t.Skip("there is no redis-server and no valkey-server, and miniredis cannot do this (apt-get install redis-server)")
	}
	return startReal(t, args...)
}

func startReal(t testing.TB, args ...string) *Server {
	t.Helper()
	port := freePort(t)
	s := &Server{Address: net.JoinHostPort("127.0.0.1", port), Real: true}
	// What is written down lets a server that was killed come back with its data. A replica is not kept waiting for others to join it.
	s.args = append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "yes", "--appendfsync", "no", "--repl-diskless-sync-delay", "0",
	}, args...)
	s.Run(t)
	t.Cleanup(s.Kill)
	return s
}

// Run starts the server, again after Kill.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	s.running = exec.Command(binary(), s.args...)
	s.running.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getenv("POLYCART_REDIS_LOG") != "" {
		s.running.Stdout = os.Stderr
	}
	if err := s.running.Start(); err != nil {
		t.Fatalf("starting %s: %v", binary(), err)
	}
	Until(t, "a server answers at "+s.Address, func() error {
		conn, err := net.DialTimeout("tcp", s.Address, time.Second)
		if err != nil {
			return err
		}
		defer conn.Close()
		answer := make([]byte, 64)
		if _, err := conn.Write([]byte("PING\r\n")); err != nil {
			return err
		}
		n, err := conn.Read(answer)
		if err == nil && strings.HasPrefix(string(answer[:n]), "-LOADING") {
			err = errors.New("it is still reading its data")
		}
		return err
	})
}

// Kill ends the server as a crash does.
func (s *Server) Kill() {
	if s.running != nil {
		_ = s.running.Process.Kill() // it has ended already
		_ = s.running.Wait()         // the error says that it was killed
		s.running = nil
	}
}

// Freeze stops the server without ending its connections; Thaw lets it go on.
func (s *Server) Freeze(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Server) Thaw(t testing.TB) { s.signal(t, syscall.SIGCONT) }

func (s *Server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.running.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// Client is a client for looking at the server.
func (s *Server) Client(t testing.TB) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: s.Address, Protocol: 2})
	t.Cleanup(func() { _ = client.Close() }) // nothing depends on it any more
	return client
}

// busAbove is how far above its port a node of a cluster listens for the others; outgoingFrom is the first port that systems
// give to outgoing connections.
const (
	busAbove     = 10000
	outgoingFrom = 32768
)

// freePort answers a port on which a server can listen, again after it was killed, also as a node of a cluster.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		address, err := traefik.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(address)
		bus, _ := strconv.Atoi(port)
		bus += busAbove
		if bus < outgoingFrom && traefik.CheckAddress(net.JoinHostPort("127.0.0.1", strconv.Itoa(bus))) == nil {
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// Until tries again and again, for at most half a minute.
func Until(t testing.TB, what string, try func() error) {
	t.Helper()
	err := try()
	for end := time.Now().Add(30 * time.Second); err != nil; err = try() {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
