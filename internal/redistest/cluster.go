package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// slots is the number of slots of a cluster.
const slots = 16384

// Cluster is a cluster of masters, and of replicas where Follow was called.
type Cluster struct {
	Masters  []*Server
	IDs      []string
	Replicas []*Server // after a failover some of them are masters, and some Masters are not
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
	s, id := c.join(t)
	c.Masters = append(c.Masters, s)
	c.IDs = append(c.IDs, id)
}

// join starts a node that the others get to know.
func (c *Cluster) join(t testing.TB) (s *Server, id string) {
	t.Helper()
	s = StartReal(t, "--cluster-enabled", "yes", "--cluster-config-file", filepath.Join(t.TempDir(), "nodes.conf"), "--cluster-node-timeout", "2000")
	id, err := s.Client(t).Do(context.Background(), "CLUSTER", "MYID").Text()
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range c.nodes() { // hearsay would take some seconds
		host, port, _ := net.SplitHostPort(other.Address)
		if err := s.Client(t).ClusterMeet(context.Background(), host, port).Err(); err != nil {
			t.Fatal(err)
		}
	}
	return s, id
}

func (c *Cluster) awaitOK(t testing.TB) {
	t.Helper()
	for _, s := range c.nodes() {
		client := s.Client(t)
		Until(t, "the cluster is whole at "+s.Address, func() error {
			info, err := client.ClusterInfo(context.Background()).Result()
			whole := strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(len(c.nodes())))
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

func (c *Cluster) nodes() []*Server { return slices.Concat(c.Masters, c.Replicas) }

// Follow gives each master a replica, which takes its place when it is lost.
func (c *Cluster) Follow(t testing.TB) {
	t.Helper()
	for _, master := range c.IDs {
		s, _ := c.join(t)
		client := s.Client(t)
		Until(t, "a node knows its master", func() error {
			return client.Do(context.Background(), "CLUSTER", "REPLICATE", master).Err()
		})
		c.Replicas = append(c.Replicas, s)
	}
	c.awaitOK(t)
	c.AwaitReplicas(t)
}

// roles counts the masters, and the replicas that have all that their master has.
func (c *Cluster) roles(without *Server) (masters, following int, err error) {
	for _, s := range c.nodes() {
		if s == without {
			continue
		}
		client := redis.NewClient(&redis.Options{Addr: s.Address, Protocol: 2})
		info, err := client.Info(context.Background(), "replication").Result()
		client.Close()
		if err != nil {
			return 0, 0, err
		}
		if strings.Contains(info, "role:master") {
			masters++
		} else if strings.Contains(info, "master_link_status:up") {
			following++
		}
	}
	return masters, following, nil
}

// AwaitReplicas waits until every master has its replica.
func (c *Cluster) AwaitReplicas(t testing.TB) {
	t.Helper()
	Until(t, "every master has a replica", func() error {
		masters, following, err := c.roles(nil)
		if err == nil && (masters != len(c.Masters) || following != len(c.Replicas)) {
			err = fmt.Errorf("%d are masters, and %d follow one", masters, following)
		}
		return err
	})
}

// AwaitFailover waits until a replica has taken the place of a master that was lost.
func (c *Cluster) AwaitFailover(t testing.TB, lost *Server) {
	t.Helper()
	Until(t, "a replica has taken over", func() error {
		masters, _, err := c.roles(lost)
		if err == nil && masters != len(c.Masters) {
			err = fmt.Errorf("%d are masters", masters)
		}
		return err
	})
}

// Busiest is the master that has the most keys.
func (c *Cluster) Busiest(t testing.TB) *Server {
	t.Helper()
	var busiest *Server
	most := int64(-1)
	for _, s := range c.nodes() {
		client := s.Client(t)
		role, err := client.Do(context.Background(), "ROLE").Slice()
		if err != nil {
			t.Fatal(err)
		}
		keys, err := client.DBSize(context.Background()).Result()
		if err != nil {
			t.Fatal(err)
		}
		if role[0] == "master" && keys > most {
			busiest, most = s, keys
		}
	}
	return busiest
}
