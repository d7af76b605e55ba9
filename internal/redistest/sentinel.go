package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

// StartSentinel starts a sentinel that watches a master under the name "carts", and knows a replica of it.
func StartSentinel(t testing.TB, master, replica *Server) (address string) {
	t.Helper()
	host, masterPort, err := net.SplitHostPort(master.Address)
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\nsentinel monitor carts %s %s 1\nsentinel down-after-milliseconds carts 500\nsentinel failover-timeout carts 5000\n", port, host, masterPort)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := exec.Command(binary(), config, "--sentinel")
	sentinel.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := sentinel.Start(); err != nil {
		t.Fatalf("starting a sentinel: %v", err)
	}
	t.Cleanup(func() {
		_ = sentinel.Process.Kill() // it has ended already
		_ = sentinel.Wait()         // the error says that it was killed
	})
	address = net.JoinHostPort("127.0.0.1", port)
	client := redis.NewSentinelClient(&redis.Options{Addr: address, Protocol: 2})
	t.Cleanup(func() { _ = client.Close() }) // nothing depends on it any more
	Until(t, "the sentinel knows the replica", func() error {
		replicas, err := client.Replicas(context.Background(), "carts").Result()
		if err == nil && len(replicas) == 0 {
			err = fmt.Errorf("it knows none of %s", replica.Address)
		}
		return err
	})
	return address
}
