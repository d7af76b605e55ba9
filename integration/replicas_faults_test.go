package integration_test

import (
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/integration/ucpshop"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/internal/transcript"
)

// onRedis is the configuration of replicas whose carts are in one Redis.
func onRedis(address string) map[string]string {
	return map[string]string{"carts": fmt.Sprintf("store: {kind: redis, redis: {addresses: ['%s'], timeout: 1s}}\n", address)}
}

// Three Traefiks of both editions serve the same carts to many clients in five dialects, and to each of them it is one cart.
func TestReplicasAreOneCart(t *testing.T) {
	f := startFleet(t, onRedis(redistest.StartReal(t).Address))
	f.during(t, func(int, *round) { time.Sleep(roundLength / 4) })
}

// Three Traefiks before one cart service are one cart too, to each of its clients, whatever becomes of a Traefik.
func TestReplicasBeforeACartServiceAreOneCart(t *testing.T) {
	items := []ucpshop.Item{}
	for _, item := range fleetItems() {
		items = append(items, ucpshop.Item{ID: item.Product + "_1", Title: item.SKU, Price: 700, Unlimited: true})
	}
	shop, err := ucpshop.Open(ucpshop.Settings{File: filepath.Join(t.TempDir(), "ucpshop.db"), Items: items, Tags: true, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
	})
	behind := http.NewServeMux()
	behind.Handle("/carts", shop.Handler())
	behind.Handle("/carts/", shop.Handler())
	behind.Handle("/", transcript.Upstream()) // by which a Traefik shows that it is ready
	configs := onRedis(redistest.StartReal(t).Address)
	configs["carts"] += "backend: {kind: ucp, profile: 'https://polycart.example/.well-known/ucp'}\n"
	f := startFleetBefore(t, behind, configs)
	f.during(t, func(number int, r *round) {
		one := f.replicas[number%len(f.replicas)]
		one.kill(t)
		one.start(t, one.binary, f.routes)
	})
}

// kill -9 of one Traefik of several: the others go on, and it comes back to carts that are as they left them.
func TestAReplicaThatIsKilledLosesNothing(t *testing.T) {
	f := startFleet(t, onRedis(redistest.StartReal(t).Address))
	f.during(t, func(number int, r *round) {
		one := f.replicas[number%len(f.replicas)]
		one.kill(t)
		before := r.answers.Load()
		redistest.Until(t, "the others go on", func() error {
			if r.answers.Load() < before+100 {
				return errors.New("they do not")
			}
			return nil
		})
		one.start(t, one.binary, f.routes)
	})
}

// A Redis that is killed and comes back with its log: what was acknowledged is in it.
func TestARedisThatIsKilledLosesNothingOfItsLog(t *testing.T) {
	server := redistest.StartReal(t, "--appendfsync", "always")
	f := startFleet(t, onRedis(server.Address))
	f.during(t, func(int, *round) {
		server.Kill()
		server.Run(t)
	})
}

// outage is how long a Redis is away: ten seconds in the long tests.
func (f *fleet) outage() time.Duration {
	if f.rounds > 1 {
		return 10 * time.Second
	}
	return time.Second
}

// A Redis that hangs, and one that is not there: while it is away every dialect says so, and once it is back all goes on
// without a restart. What was asked meanwhile, and again with the same key until it was answered, is done once.
func TestARedisThatIsAwayIsA503AndThenAllGoesOn(t *testing.T) {
	server := redistest.StartReal(t, "--appendfsync", "always")
	f := startFleet(t, onRedis(server.Address))
	ways := []struct{ leave, back func(t testing.TB) }{
		{server.Freeze, server.Thaw},
		{func(testing.TB) { server.Kill() }, server.Run},
	}
	f.during(t, func(number int, r *round) {
		for i := range ways {
			way := ways[(number+i)%len(ways)]
			way.leave(t)
			begin := time.Now()
			for _, c := range callers.All("") {
				before := r.unavailable(c.Dialect)
				// The Redis is away until everybody has been told so: nobody waits for it to come back.
				redistest.Until(t, c.Dialect+" is told that the carts are not available", func() error {
					if r.unavailable(c.Dialect) == before {
						return errors.New("it is not")
					}
					return nil
				})
			}
			time.Sleep(f.outage() - time.Since(begin))
			way.back(t)
			before := r.answers.Load() - r.unavailable("")
			redistest.Until(t, "all goes on", func() error {
				if r.answers.Load()-r.unavailable("") < before+100 {
					return errors.New("it does not")
				}
				return nil
			})
		}
	})
}

// Connections to the Redis that break in the middle of a question or of an answer, again and again: nobody can tell by that
// whether a save has happened, and yet each happens once.
func TestConnectionsThatBreakInTheMiddleDoNothingTwice(t *testing.T) {
	server := redistest.StartReal(t)
	broken, whole := atomic.Int64{}, atomic.Bool{}
	cut := func(in int) redistest.Judge {
		return func(piece []byte) int {
			if whole.Load() || rand.Intn(in) > 0 {
				return len(piece)
			}
			broken.Add(1)
			return rand.Intn(len(piece))
		}
	}
	f := startFleet(t, onRedis(redistest.StartProxy(t, server.Address, cut(30), cut(12))))
	whole.Store(true)
	f.during(t, func(_ int, r *round) {
		before := broken.Load()
		whole.Store(false)
		time.Sleep(roundLength / 2)
		whole.Store(true)
		t.Logf("%d connections were broken", broken.Load()-before)
		if broken.Load() == before {
			t.Error("no connection was broken: the test shows nothing")
		}
	})
}

// A clock that jumps five minutes ahead in one Traefik, and back in another, while customers' carts last two minutes: no
// cart goes early, none stays too long, and all three Traefiks agree.
func TestReplicasWhoseClocksAreWrongAgree(t *testing.T) {
	server := redistest.StartReal(t)
	f := startFleet(t, map[string]string{"carts": strings.Replace(onRedis(server.Address)["carts"], "{", "{customerLife: 2m, ", 1)})
	offs := []time.Duration{5 * time.Minute, -5 * time.Minute, 0}
	f.during(t, func(number int, r *round) {
		for i, one := range f.replicas {
			off := offs[(number+i)%len(offs)]
			if err := setClock(one.PID(), off); errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			} else if err != nil {
				t.Fatal(err)
			}
			response, err := http.Get("http://" + one.base)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			told, err := http.ParseTime(response.Header.Get("Date"))
			if err != nil || (time.Until(told)-off).Abs() > time.Minute {
				t.Fatalf("Traefik says it is %s, and its clock is to be off by %s: %v", told, off, err)
			}
		}
	})
	client, found := server.Client(t), 0
	for keys := client.Scan(t.Context(), 0, "*:c:*", 1000).Iterator(); keys.Next(t.Context()); found++ {
		if left, err := client.PTTL(t.Context(), keys.Val()).Result(); err != nil || left <= 0 || left > 2*time.Minute {
			t.Errorf("a cart has still %s, %v", left, err)
		}
	}
	if found == 0 {
		t.Error("there are no carts")
	}
}

// A master of a cluster that is lost under load, and its replica takes over. With wait: 1 and one replica to each master
// nothing that was acknowledged can be lost, because who takes over is the one that has it. Without, some may be: how many is
// told. In both, all goes on without a restart, and nothing is there twice.
func TestAFailoverInAClusterUnderLoad(t *testing.T) {
	cluster := redistest.StartCluster(t, 3)
	cluster.Follow(t)
	config := fmt.Sprintf("store: {kind: redis, redis: {addresses: ['%s', '%s'], cluster: true, timeout: 1s, ", cluster.Masters[0].Address, cluster.Masters[1].Address)
	f := startFleet(t, map[string]string{"asynchronous": config + "prefix: 'a:'}}\n", "waiting": config + "prefix: 'w:', wait: 1}}\n"})
	f.lineCarts, f.setCarts, f.growth = 0, 4, roundLength
	acknowledged, lost := map[string]int{}, map[string]int{}
	for range f.rounds {
		cluster.AwaitReplicas(t)
		r := f.begin(t)
		time.Sleep(roundLength / 2)
		master := cluster.Busiest(t)
		master.Kill()
		cluster.AwaitFailover(t, master)
		master.Run(t) // it follows now, so that there is somebody to wait for
		r.settle(t)
		for _, cart := range r.carts {
			flaws := cart.set.Judge(r.read(t, cart))
			asked, all := cart.set.Len()
			acknowledged[cart.route] += all
			lost[cart.route] += len(flaws.Lost)
			if len(flaws.Twice)+len(flaws.Forged) > 0 {
				t.Errorf("the set of %s: twice there are %q, and never asked for were %q", cart.name, flaws.Twice, flaws.Forged)
			}
			if asked != all {
				t.Errorf("the set of %s: of %d elements only %d were ever acknowledged", cart.name, asked, all)
			}
		}
	}
	for route := range acknowledged {
		t.Logf("%s: of %d acknowledged elements %d are lost, in %d failovers", route, acknowledged[route], lost[route], f.rounds)
	}
	if lost["waiting"] > 0 {
		t.Error("with wait: 1 an acknowledged element is lost")
	}
}
