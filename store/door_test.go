package store_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-viper/mapstructure/v2"

	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/plugin"
	"github.com/polycart/polycart/store"
)

// What clients see of a broken disk, through the door and in every dialect. One customer speaks each.

// customer is a caller, and how many units were acknowledged to him.
type customer struct {
	callers.Caller
	level transcript.Level
	held  int64
}

// openDoor opens the demo shop on a disk that can fail, with a unit in each customer's cart. The cache has room for one cart:
// the others come from the disk.
func openDoor(t *testing.T, sync string) (*store.Faults, []*customer) {
	t.Helper()
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: t.Name(), Config: "store: {sync: " + sync + "}\ncache: {carts: 1, answerBytes: 0}\n"})
	faults := store.OnFaultyDisk(t)
	handler, err := door(t, fixture)
	if err != nil {
		t.Fatal(err)
	}
	all := []*customer{}
	for i := range callers.All("") {
		token, err := fixture.Token(fmt.Sprint("customer-", i))
		if err != nil {
			t.Fatal(err)
		}
		one := &customer{Caller: callers.All(token)[i], level: transcript.Handler(handler)}
		if answer, err := one.First(one.level); err != nil || answer.Status != http.StatusOK {
			t.Fatalf("%s: %d %s, %v", one.Dialect, answer.Status, answer.Body, err)
		}
		one.held = 1
		all = append(all, one)
	}
	return faults, all
}

func door(t *testing.T, fixture *transcript.Fixture) (http.Handler, error) {
	t.Helper()
	config := plugin.CreateConfig()
	if err := mapstructure.WeakDecode(fixture.Config, config); err != nil {
		t.Fatal(err)
	}
	return plugin.New(t.Context(), transcript.Upstream(), config, t.Name())
}

// add adds a unit and answers whether that was acknowledged. Anything but an answer of 200 must be the dialect's own 503.
func (c *customer) add(t *testing.T) bool {
	t.Helper()
	answer, err := c.Add(c.level)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status == http.StatusOK {
		c.held++
		return true
	}
	if answer != c.Down(503) {
		t.Errorf("%s: a write got %d %s, want %s", c.Dialect, answer.Status, answer.Body, c.Down(503).Body)
	}
	return false
}

// look reads the cart, which must hold what was acknowledged; where mayFail is set the answer can be the dialect's own 503.
func (c *customer) look(t *testing.T, mayFail bool) {
	t.Helper()
	answer, err := c.Read(c.level)
	if err != nil {
		t.Fatal(err)
	}
	if mayFail && answer == c.Down(503) {
		return
	}
	units, err := c.Count(answer)
	if err != nil || units != c.held {
		t.Errorf("%s: the cart holds %d units (%v), acknowledged were %d", c.Dialect, units, err, c.held)
	}
}

// While the disk takes nothing every dialect answers its own 503, carts stay as they were and can be read; when it takes
// writes again the next request finds it so.
func TestADiskThatTakesNothingIsA503InEveryDialect(t *testing.T) {
	for _, fault := range []struct {
		name string
		err  error
		ops  []string
	}{
		{"full", syscall.ENOSPC, []string{"write", "truncate"}},
		{"full, and cutting off works", syscall.ENOSPC, []string{"write"}},
		{"read-only", syscall.EROFS, []string{"write", "truncate", "rename", "remove"}},
		{"failing", syscall.EIO, []string{"write", "truncate", "sync", "open", "rename", "remove"}},
	} {
		for _, sync := range []string{store.SyncAlways, store.SyncOS} {
			t.Run(fault.name+", sync "+sync, func(t *testing.T) {
				faults, customers := openDoor(t, sync)
				faults.Set(fault.err, func(_ int, op string) bool { return slices.Contains(fault.ops, op) })
				for range 2 {
					for _, c := range customers {
						if c.add(t) {
							t.Errorf("%s: a write was acknowledged that the disk did not take", c.Dialect)
						}
						c.look(t, false)
					}
				}
				faults.Set(nil, nil)
				for _, c := range customers {
					if !c.add(t) {
						t.Errorf("%s: the disk is well again and a write is not", c.Dialect)
					}
					c.look(t, false)
				}
			})
		}
	}
}

// A disk that cannot be read fails the carts that must be read from it, and no other.
func TestADiskThatCannotBeReadFailsNoCartInTheCache(t *testing.T) {
	faults, customers := openDoor(t, store.SyncOS)
	cached := customers[len(customers)-1]
	faults.Set(syscall.EIO, func(_ int, op string) bool { return op == "read" })
	for _, c := range customers {
		if answer, err := c.Read(c.level); c != cached && (err != nil || answer != c.Down(503)) {
			t.Errorf("%s: reading got %d %s, %v", c.Dialect, answer.Status, answer.Body, err)
		}
	}
	cached.look(t, false)
	if !cached.add(t) {
		t.Errorf("%s: a write of a cart in the cache failed", cached.Dialect)
	}
	faults.Set(nil, nil)
	for _, c := range customers {
		c.look(t, false)
	}
}

// A data folder that cannot be opened at the start refuses the configuration, by name; the next try finds it mended.
func TestADiskThatFailsAtTheStartIsNamed(t *testing.T) {
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: t.Name()})
	faults := store.OnFaultyDisk(t)
	faults.Set(syscall.ENOSPC, func(_ int, op string) bool { return op == "write" })
	_, err := door(t, fixture)
	if err == nil || !strings.Contains(err.Error(), "store.folder: opening ") || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("the error is %v", err)
	}
	faults.Set(nil, nil)
	if _, err := door(t, fixture); err != nil {
		t.Errorf("the disk is well again and the error is %v", err)
	}
}

// Every system call fails once, in turn, while every dialect writes and reads: what is answered 200 is kept, what is answered
// 503 is not, and the next requests work.
func TestEachSystemCallFailsOnceUnderEveryDialect(t *testing.T) {
	for _, sync := range []string{store.SyncAlways, store.SyncOS} {
		t.Run(sync, func(t *testing.T) {
			faults, customers := openDoor(t, sync)
			failed := 0
			for failing := 1; ; failing++ {
				faults.Set(syscall.EIO, func(call int, _ string) bool { return call == failing })
				for _, c := range customers {
					if !c.add(t) {
						failed++
					}
					c.look(t, true)
				}
				reached := faults.Calls() >= failing
				faults.Set(nil, nil)
				for _, c := range customers {
					c.look(t, false)
				}
				if !reached {
					t.Logf("%d system calls failed, one at a time; %d writes were refused", failing-1, failed)
					break
				}
			}
			if failed == 0 {
				t.Error("no write was refused")
			}
		})
	}
}

// A slow disk makes writes slow, and nothing else: no error, no cart wrong, and who reads what is cached does not wait.
func TestASlowDiskLosesNothing(t *testing.T) {
	faults, customers := openDoor(t, store.SyncAlways)
	faults.Set(nil, func(_ int, op string) bool {
		if op == "write" || op == "sync" {
			time.Sleep(30 * time.Millisecond)
		}
		return false
	})
	done := make(chan bool)
	for _, c := range customers {
		go func() {
			ok := true
			for range 5 {
				ok = c.add(t) && ok
			}
			done <- ok
		}()
	}
	for range customers {
		if !<-done {
			t.Error("a write failed on a slow disk")
		}
	}
	for _, c := range customers {
		c.look(t, false)
	}
}
