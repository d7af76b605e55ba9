// Package redistest starts Redis servers for tests: the real redis-server or valkey-server where there is one.
package redistest

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Server is a server that ends with its test.
type Server struct {
	Address string
	Real    bool // not miniredis

	args    []string
	running *exec.Cmd
}

// binary is the real server's program; empty where there is none.
func binary() string {
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
	s := &Server{Address: "127.0.0.1:" + strconv.Itoa(port), Real: true}
	// What is written down lets a server that was killed come back with its data.
	s.args = append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", t.TempDir(), "--save", "", "--appendonly", "yes", "--appendfsync", "no"}, args...)
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

// freePort answers a port that nobody listens on, and whose tenthousandth successor is a port too.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		if port < 55000 {
			return port
		}
	}
	t.Fatal("no free port below 55000")
	return 0
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

// slots is the number of slots of a cluster.
const slots = 16384

// Cluster is a cluster of masters.
type Cluster struct {
	Masters []*Server
	IDs     []string
}

// StartCluster starts a cluster of so many masters with even shares of the slots.
func StartCluster(t testing.TB, masters int) *Cluster {
	t.Helper()
	c := &Cluster{}
	ctx := context.Background()
	for range masters {
		c.add(t)
	}
	for i, s := range c.Masters {
		from, to := i*slots/masters, (i+1)*slots/masters-1
		if err := s.Client(t).ClusterAddSlotsRange(ctx, from, to).Err(); err != nil {
			t.Fatalf("giving slots to %s: %v", s.Address, err)
		}
	}
	c.awaitOK(t)
	return c
}

// Grow adds a master without slots.
func (c *Cluster) Grow(t testing.TB) {
	t.Helper()
	c.add(t)
	c.awaitOK(t)
}

// add starts a master that the others get to know.
func (c *Cluster) add(t testing.TB) {
	t.Helper()
	s := StartReal(t, "--cluster-enabled", "yes", "--cluster-config-file", filepath.Join(t.TempDir(), "nodes.conf"), "--cluster-node-timeout", "2000")
	id, err := s.Client(t).Do(context.Background(), "CLUSTER", "MYID").Text()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Masters) > 0 {
		host, port, _ := net.SplitHostPort(c.Masters[0].Address)
		if err := s.Client(t).ClusterMeet(context.Background(), host, port).Err(); err != nil {
			t.Fatal(err)
		}
	}
	c.Masters = append(c.Masters, s)
	c.IDs = append(c.IDs, id)
}

func (c *Cluster) awaitOK(t testing.TB) {
	t.Helper()
	for _, s := range c.Masters {
		client := s.Client(t)
		Until(t, "the cluster is whole at "+s.Address, func() error {
			info, err := client.ClusterInfo(context.Background()).Result()
			whole := strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(len(c.Masters)))
			if err == nil && !whole {
				err = errors.New(info)
			}
			return err
		})
	}
}

// Owner answers which master has a key's slot, and the slot.
func (c *Cluster) Owner(t testing.TB, key string) (master, slot int) {
	t.Helper()
	ctx := context.Background()
	client := c.Masters[0].Client(t)
	at, err := client.ClusterKeySlot(ctx, key).Result()
	if err != nil {
		t.Fatal(err)
	}
	shards, err := client.ClusterShards(ctx).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, shard := range shards {
		for _, one := range shard.Slots {
			if at >= one.Start && at <= one.End {
				return slices.Index(c.IDs, shard.Nodes[0].ID), int(at)
			}
		}
	}
	t.Fatalf("nobody has slot %d", at)
	return 0, 0
}

// Move takes a slot from one master to another. half runs where the slot is under way, and half of its keys, at least one,
// are at their new place.
func (c *Cluster) Move(t testing.TB, slot, from, to int, half func()) {
	t.Helper()
	ctx := context.Background()
	source, target := c.Masters[from].Client(t), c.Masters[to].Client(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(target.Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", c.IDs[from]).Err())
	must(source.Do(ctx, "CLUSTER", "SETSLOT", slot, "MIGRATING", c.IDs[to]).Err())
	keys, err := source.ClusterGetKeysInSlot(ctx, slot, 1000).Result()
	must(err)
	host, port, err := net.SplitHostPort(c.Masters[to].Address)
	must(err)
	for i, key := range keys {
		must(source.Migrate(ctx, host, port, key, 0, 5*time.Second).Err())
		if i == (len(keys)-1)/2 {
			half()
		}
	}
	keys, err = source.ClusterGetKeysInSlot(ctx, slot, 1000).Result() // what half has made there
	must(err)
	for _, key := range keys {
		must(source.Migrate(ctx, host, port, key, 0, 5*time.Second).Err())
	}
	for _, client := range []*redis.Client{target, source} {
		must(client.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", c.IDs[to]).Err())
	}
}
