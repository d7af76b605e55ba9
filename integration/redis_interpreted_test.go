package integration_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/store"
	"github.com/polycart/polycart/store/storetest"
)

// redisDriver opens stores inside the interpreter and hands out what they do in values that both sides know.
const redisDriver = `
package driver

import (
	"errors"
	"sync"

	"github.com/polycart/polycart/store"
)

var (
	mu   sync.Mutex
	open = map[int]*store.Redis{}
)

func at(number int) *store.Redis {
	mu.Lock()
	defer mu.Unlock()
	return open[number]
}

// said is an error in words, behind the name of the sentinel that it wraps.
func said(err error) string {
	if err == nil {
		return ""
	}
	if errors.Is(err, store.ErrConflict) {
		return "conflict " + err.Error()
	}
	if errors.Is(err, store.ErrUnavailable) {
		return "unavailable " + err.Error()
	}
	if errors.Is(err, store.ErrDamaged) {
		return "damaged " + err.Error()
	}
	return "other " + err.Error()
}

func Open(number int, address, prefix string, cluster bool) string {
	r, err := store.OpenRedis(store.RedisOptions{Addresses: []string{address}, Prefix: prefix, Cluster: cluster})
	mu.Lock()
	defer mu.Unlock()
	open[number] = r
	return said(err)
}

func Load(number int, key string, have int64) (int64, int64, bool, string, []byte, string) {
	record, err := at(number).Load(key, have)
	return record.Version, record.Expires, record.Pending, record.Token, record.Data, said(err)
}

func Save(number int, key string, was, version, expires int64, pending bool, token string, data []byte) (string, string) {
	record := &store.Record{Version: version, Expires: expires, Pending: pending, Token: token, Data: data}
	err := at(number).Save(key, was, record)
	return record.Token, said(err)
}

func Delete(number int, key string, was int64) string { return said(at(number).Delete(key, was)) }

func Pending(number int) ([]string, string) {
	keys, err := at(number).Pending()
	return keys, said(err)
}

func Claim(number int, key, part string, lease int64) (int64, string) {
	wait, err := at(number).Claim(key, part, lease)
	return wait, said(err)
}

func Close(number int) string { return said(at(number).Close()) }
`

// interpretedRedis is a store that runs in the interpreter.
type interpretedRedis struct {
	number int
	driver *redisCalls
	prefix string
}

// redisCalls are the driver's functions.
type redisCalls struct {
	open    func(int, string, string, bool) string
	load    func(int, string, int64) (int64, int64, bool, string, []byte, string)
	save    func(int, string, int64, int64, int64, bool, string, []byte) (string, string)
	delete  func(int, string, int64) string
	pending func(int) ([]string, string)
	claim   func(int, string, string, int64) (int64, string)
	close   func(int) string
}

// heard is an error that said put into words.
func heard(text string) error {
	kind, rest, _ := strings.Cut(text, " ")
	switch kind {
	case "":
		return nil
	case "conflict":
		return fmt.Errorf("%s: %w", rest, store.ErrConflict)
	case "unavailable":
		return fmt.Errorf("%s: %w", rest, store.ErrUnavailable)
	case "damaged":
		return fmt.Errorf("%s: %w", rest, store.ErrDamaged)
	}
	return errors.New(rest)
}

func (r *interpretedRedis) Load(key string, have int64) (store.Record, error) {
	version, expires, pending, token, data, text := r.driver.load(r.number, key, have)
	return store.Record{Version: version, Expires: expires, Pending: pending, Token: token, Data: data}, heard(text)
}

func (r *interpretedRedis) Save(key string, was int64, record *store.Record) error {
	token, text := r.driver.save(r.number, key, was, record.Version, record.Expires, record.Pending, record.Token, record.Data)
	record.Token = token
	return heard(text)
}

func (r *interpretedRedis) Delete(key string, was int64) error {
	return heard(r.driver.delete(r.number, key, was))
}

func (r *interpretedRedis) Pending() ([]string, error) {
	keys, text := r.driver.pending(r.number)
	return keys, heard(text)
}

func (r *interpretedRedis) Claim(key, part string, lease int64) (int64, error) {
	wait, text := r.driver.claim(r.number, key, part, lease)
	return wait, heard(text)
}

func (r *interpretedRedis) Tenure() *atomic.Int64 { return nil }

func (r *interpretedRedis) Close() error { return heard(r.driver.close(r.number)) }

// called answers a function of the driver.
func called[F any](t *testing.T, eval func(string) any, name string) F {
	t.Helper()
	f, is := eval("driver." + name).(F)
	if !is {
		t.Fatalf("driver.%s is a %T", name, eval("driver."+name))
	}
	return f
}

func TestRedisKeepsTheStorePromisesInterpreted(t *testing.T) {
	eval := storeInterpreter(t, redisDriver)
	calls := &redisCalls{
		open:    called[func(int, string, string, bool) string](t, eval, "Open"),
		load:    called[func(int, string, int64) (int64, int64, bool, string, []byte, string)](t, eval, "Load"),
		save:    called[func(int, string, int64, int64, int64, bool, string, []byte) (string, string)](t, eval, "Save"),
		delete:  called[func(int, string, int64) string](t, eval, "Delete"),
		pending: called[func(int) ([]string, string)](t, eval, "Pending"),
		claim:   called[func(int, string, string, int64) (int64, string)](t, eval, "Claim"),
		close:   called[func(int) string](t, eval, "Close"),
	}
	count := 0
	for _, cluster := range []bool{false, true} {
		t.Run(map[bool]string{false: "one server", true: "a cluster of three masters"}[cluster], func(t *testing.T) {
			address := ""
			if cluster {
				address = redistest.StartCluster(t, 3).Masters[0].Address
			} else {
				address = redistest.Start(t).Address
			}
			open := func(t *testing.T, prefix string) store.Store {
				t.Helper()
				count++
				r := &interpretedRedis{number: count, driver: calls, prefix: prefix}
				if err := heard(calls.open(count, address, prefix, cluster)); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := r.Close(); err != nil {
						t.Errorf("closing: %v", err)
					}
				})
				return r
			}
			storetest.RunAll(t, storetest.Opening{
				Open: func(t *testing.T, _ func() int64) store.Store {
					return open(t, strings.ReplaceAll(t.Name(), " ", "_")+":")
				},
				Reopen: func(t *testing.T, s store.Store, _ func() int64) store.Store {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					return open(t, s.(*interpretedRedis).prefix)
				},
				Beside:   func(t *testing.T, s store.Store) store.Store { return open(t, s.(*interpretedRedis).prefix) },
				OwnClock: true,
			})
		})
	}
}

// What a client sees does not depend on where the carts are, in the interpreter either.
func TestTranscriptsOverRedisInterpreted(t *testing.T) {
	server := redistest.Start(t)
	scripts, err := transcript.Load(filepath.Join("..", "testdata", "transcripts"))
	if err != nil {
		t.Fatal(err)
	}
	loaded := interpretedPlugin(t)
	for _, script := range scripts {
		t.Run(script.Name, func(t *testing.T) {
			fixture := transcript.NewFixture(t, "..", script)
			fixture.KeepInRedis(server.Address)
			handler, err := loaded.New(t.Context(), transcript.Upstream(), fixture.Config, script.Name)
			if err != nil {
				t.Fatal(err)
			}
			transcript.Run(t, script, fixture, transcript.Handler(handler))
		})
	}
}

// Two stores in one process are two, however many requests use them at once: in the interpreter the channels of one select are
// everybody's (docs/interpreter.md: select), and a question on another server's connection would be answered with another
// shop's cart.
func TestStoresOfTwoServersAreNotMixedUpInterpreted(t *testing.T) {
	eval := storeInterpreter(t, redisDriver)
	open := called[func(int, string, string, bool) string](t, eval, "Open")
	load := called[func(int, string, int64) (int64, int64, bool, string, []byte, string)](t, eval, "Load")
	save := called[func(int, string, int64, int64, int64, bool, string, []byte) (string, string)](t, eval, "Save")
	const stores = 3
	for number := range stores {
		if err := heard(open(number, redistest.Start(t).Address, "mixed:", false)); err != nil {
			t.Fatal(err)
		}
		if _, text := save(number, "shop/a", 0, 1, 0, false, "", []byte{byte(number)}); text != "" {
			t.Fatal(text)
		}
	}
	var clients sync.WaitGroup
	for client := range 32 * stores { // twice as many as a store has connections
		clients.Go(func() {
			for range 100 {
				if _, _, _, _, data, text := load(client%stores, "shop/a", 0); text != "" || len(data) != 1 || int(data[0]) != client%stores {
					t.Errorf("store %d has the cart of %d, %q", client%stores, data, text)
					return
				}
			}
		})
	}
	ended := make(chan bool)
	go func() { clients.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(time.Minute): // each load is bounded by two seconds
		t.Fatal("some loads hang")
	}
}
