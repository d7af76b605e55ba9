package store

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/redistest"
)

// BenchmarkRedis loads carts of a real server, asks whether they are still the newest, and saves them, so many callers at once, each with a cart of his own. Beside the time
// it tells what an operation costs the processors here and at the server, which says more on a machine that both share.
func BenchmarkRedis(b *testing.B) {
	server := redistest.StartReal(b, "--appendfsync", "everysec")
	data := bytes.Repeat([]byte("x"), 600)
	for _, callers := range []int{1, 8, 64} {
		r := openRedis(b, RedisOptions{Addresses: []string{server.Address}})
		keys := make([]string, callers)
		versions := make([]int64, callers)
		for i := range keys {
			keys[i] = millionKey(callers*100 + i)
			versions[i] = 1
			saveRedis(b, r, keys[i], 0, 1, string(data))
		}
		load := func(i int) error {
			_, err := r.Load(keys[i], versions[i])
			return err
		}
		questions := make([]*sameQuestion, callers)
		for i := range questions {
			record, err := r.Load(keys[i], 1)
			if err != nil {
				b.Fatal(err)
			}
			questions[i] = record.same
		}
		same := func(i int) error {
			newer, err := askSame(questions[i])
			if newer != nil {
				return fmt.Errorf("%+v is newer", newer)
			}
			return err
		}
		save := func(i int) error {
			err := r.Save(keys[i], versions[i], &Record{Version: versions[i] + 1, Data: data})
			versions[i]++
			return err
		}
		b.Run(fmt.Sprintf("load/callers: %d", callers), func(b *testing.B) { share(b, r, callers, load) })
		b.Run(fmt.Sprintf("same/callers: %d", callers), func(b *testing.B) { share(b, r, callers, same) })
		b.Run(fmt.Sprintf("save/callers: %d", callers), func(b *testing.B) { share(b, r, callers, save) })
	}
}

// share has callers do so much together, each with his number.
func share(b *testing.B, r *Redis, callers int, do func(caller int) error) {
	b.ReportAllocs()
	here, there := spentHere(b), spentThere(b, r)
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan error, callers)
	for i := range callers {
		go func() {
			for left.Add(-1) >= 0 {
				if err := do(i); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
	b.ReportMetric(float64((spentHere(b)-here).Nanoseconds())/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64((spentThere(b, r)-there).Nanoseconds())/float64(b.N), "server-cpu-ns/op")
}

// spentHere is the time of processors that this process has used.
func spentHere(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

var spentByServer = regexp.MustCompile(`used_cpu_(?:sys|user):([0-9.]+)`)

// spentThere is the time of processors that the server has used.
func spentThere(b *testing.B, r *Redis) time.Duration {
	replies, _, err := linkExchange(ownerOf(r.nodes, 0).link, [][]string{{"INFO", "cpu"}}, time.Now().Add(10*time.Second))
	if err != nil {
		b.Fatal(err)
	}
	seconds := 0.0
	for _, one := range spentByServer.FindAllSubmatch(replies[0].Bulk, -1) {
		more, err := strconv.ParseFloat(string(one[1]), 64)
		if err != nil {
			b.Fatal(err)
		}
		seconds += more
	}
	return time.Duration(seconds * float64(time.Second))
}
