package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/store"
)

// redisPatience is how long a Redis without data has to be ready.
const redisPatience = 10 * time.Second

// redisPrograms are what speaks the protocol, the first that is there is taken.
var redisPrograms = []string{"redis-server", "valkey-server"}

// redisProgram finds the program.
func redisProgram() (string, error) {
	for _, name := range redisPrograms {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the group %s needs redis-server or valkey-server in PATH, and there is neither: install it (apt-get install redis-server, brew install redis), or choose other --groups", Shared)
}

// Ready says what the settings need and this machine does not have, or nil.
func (s Settings) Ready() error {
	if !s.has(Shared) {
		return nil
	}
	_, err := redisProgram()
	return err
}

// The Traefiks of an edition over a Redis: one that has it alone, and some that share their carts.
const (
	aloneReplica = 1
	firstReplica = 2
	lastReplica  = firstReplica + manyReplicas - 1
)

// replicaName tells them apart.
func replicaName(replica int) string {
	if replica == aloneReplica {
		return "alone"
	}
	return fmt.Sprintf("%d of %d", replica-firstReplica+1, manyReplicas)
}

// redisPrefix is what the keys of a server's carts begin with. Each edition writes to carts of its own, and so does the one that is
// alone: what it knows of a cart would else be older than what others have written in their turns.
func redisPrefix(one *server) string {
	if one.replica == aloneReplica {
		return "bench-alone-" + string(one.edition) + ":"
	}
	return "bench-" + string(one.edition) + ":"
}

// startRedis starts a Redis of this run's own, which keeps what it is given as docs/replicas.md asks for: a log that is synced
// every second.
func (s *stage) startRedis(ctx context.Context) error {
	program, err := redisProgram()
	if err != nil {
		return err
	}
	if s.redis, err = traefik.FreeAddress(); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.redis)
	if err != nil {
		return fmt.Errorf("starting %s: %w", program, err)
	}
	folder := filepath.Join(s.shop.folder, "redis")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the work folder: %w", err)
	}
	running := exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--dir", folder, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec")
	traefik.EndWithUs(running)
	if err := running.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", program, err)
	}
	s.later(func() error {
		killing := running.Process.Kill()
		_ = running.Wait() // the error says that it was killed
		if errors.Is(killing, os.ErrProcessDone) {
			return nil
		}
		return killing
	})
	fmt.Fprintf(s.progress, "bench: %s is process %d on %s\n", program, running.Process.Pid, s.redis)
	for end := time.Now().Add(redisPatience); ; {
		conn, err := net.DialTimeout("tcp", s.redis, time.Second)
		if err == nil {
			return conn.Close()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(end) {
			return fmt.Errorf("starting %s: %w", program, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// seedRedis fills the Redis with a server's carts.
func (s *stage) seedRedis(ctx context.Context, one *server, batches []batch, told func(done int)) error {
	kept, err := store.OpenRedis(store.RedisOptions{Addresses: []string{s.redis}, Prefix: redisPrefix(one)})
	if err != nil {
		return fmt.Errorf("seeding carts: %w", err)
	}
	return seedInto(ctx, kept, "", batches, told)
}
