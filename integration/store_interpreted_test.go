package integration_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/store"
)

// storeDriver is the program that the interpreter runs; it answers what was wrong, or "".
const storeDriver = `
package driver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

func open(folder, sync string) *store.Log {
	l, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: sync, Interval: 20 * time.Millisecond, SegmentBytes: 8192, MergeEvery: 10 * time.Millisecond})
	if err != nil {
		panic(err)
	}
	return l
}

func data(i int) []byte { return []byte("{\"id\":\"" + strconv.Itoa(i) + "\"}") }

// Keeps saves, loads, deletes and reopens in every sync mode.
func Keeps(folder string) string {
	modes := []string{"always", "interval", "os"}
	for _, mode := range modes {
		at := filepath.Join(folder, mode)
		l := open(at, mode)
		for i := 0; i < 200; i++ {
			key := "shop/guest:agent:" + strconv.Itoa(i)
			if err := l.Save(key, 0, &store.Record{Version: 1, Data: data(i)}); err != nil {
				return mode + ": saving: " + err.Error()
			}
			if i%3 == 0 {
				if err := l.Save(key, 1, &store.Record{Version: 2, Data: data(i + 1000)}); err != nil {
					return mode + ": saving again: " + err.Error()
				}
			}
			if i%5 == 0 {
				was := int64(1)
				if i%3 == 0 {
					was = 2
				}
				if err := l.Delete(key, was); err != nil {
					return mode + ": deleting: " + err.Error()
				}
			}
		}
		if err := l.Save("shop/guest:agent:1", 7, &store.Record{Version: 8, Data: data(1)}); !errors.Is(err, store.ErrConflict) {
			return fmt.Sprint(mode, ": no conflict: ", err)
		}
		if err := l.Close(); err != nil {
			return mode + ": closing: " + err.Error()
		}
		l = open(at, mode)
		if wrong := Check(l); wrong != "" {
			return mode + ": " + wrong
		}
		if err := l.Close(); err != nil {
			return mode + ": closing again: " + err.Error()
		}
		if _, err := l.Load("shop/x", 0); !errors.Is(err, store.ErrUnavailable) {
			return fmt.Sprint(mode, ": after close: ", err)
		}
	}
	return ""
}

// Check compares what a log holds with what Keeps wrote.
func Check(l *store.Log) string {
	for i := 0; i < 200; i++ {
		record, err := l.Load("shop/guest:agent:"+strconv.Itoa(i), 0)
		if err != nil {
			return "loading: " + err.Error()
		}
		want, version := string(data(i)), int64(1)
		if i%3 == 0 {
			want, version = string(data(i+1000)), 2
		}
		if i%5 == 0 {
			want, version = "", 0
		}
		if string(record.Data) != want || record.Version != version {
			return fmt.Sprint("cart ", i, ": version ", record.Version, ", ", string(record.Data), ", wanted ", version, " ", want)
		}
	}
	return ""
}

// CheckFolder compares what a folder holds with what Keeps wrote.
func CheckFolder(folder string) string {
	l := open(folder, "os")
	wrong := Check(l)
	if err := l.Close(); err != nil {
		return err.Error()
	}
	return wrong
}

// Merges saves a few carts again and again and waits until the folder has shrunk, while others write.
func Merges(folder string) string {
	l := open(folder, "os")
	defer func() { l.Close() }()
	var all sync.WaitGroup
	wrong := make(chan string, 4)
	for w := 0; w < 4; w++ {
		own := w
		all.Add(1)
		go func() {
			defer all.Done()
			key := "shop/customer:" + strconv.Itoa(own)
			for v := int64(0); v < 400; v++ {
				if err := l.Save(key, v, &store.Record{Version: v + 1, Data: data(int(v) + 1)}); err != nil {
					wrong <- err.Error()
					return
				}
			}
		}()
	}
	all.Wait()
	select {
	case text := <-wrong:
		return text
	default:
	}
	until := time.Now().Add(20 * time.Second)
	for l.Stats().Segments > 3 {
		if time.Now().After(until) {
			return fmt.Sprint("the folder does not shrink: ", l.Stats().Segments, " segments")
		}
		time.Sleep(5 * time.Millisecond)
	}
	for w := 0; w < 4; w++ {
		record, err := l.Load("shop/customer:"+strconv.Itoa(w), 0)
		if err != nil || record.Version != 400 || string(record.Data) != string(data(400)) {
			return fmt.Sprint("after merging: ", record.Version, " ", err)
		}
	}
	return ""
}

// Recovers cuts the last record off half way and damages one in the middle.
func Recovers(folder string) string {
	l, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: "os"})
	if err != nil {
		return err.Error()
	}
	for i := 0; i < 3; i++ {
		if err := l.Save("shop/customer:"+strconv.Itoa(i), 0, &store.Record{Version: 1, Data: data(1000 + i)}); err != nil {
			return err.Error()
		}
	}
	if err := l.Close(); err != nil {
		return err.Error()
	}
	name := filepath.Join(folder, "carts-0000000001.log")
	if err := os.Remove(filepath.Join(folder, "carts-0000000001.hint")); err != nil {
		return "there is no hint: " + err.Error()
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	length := (len(content) - 28) / 3
	content[28+2*length-3] = 'X'
	if err := os.WriteFile(name, content[:len(content)-5], 0o600); err != nil {
		return err.Error()
	}
	l, err = store.OpenLog(store.LogOptions{Folder: folder, Sync: "os"})
	if err != nil {
		return err.Error()
	}
	// The damaged record comes right before the torn one, so both are behind the last sound record and are cut off.
	for i := 0; i < 3; i++ {
		record, err := l.Load("shop/customer:"+strconv.Itoa(i), 0)
		if err != nil || (i == 0) != (record.Version == 1) {
			return fmt.Sprint("cart ", i, ": version ", record.Version, ", ", err)
		}
	}
	if err := l.Save("shop/customer:1", 0, &store.Record{Version: 1, Data: data(7)}); err != nil {
		return err.Error()
	}
	return close1(l)
}

func close1(l *store.Log) string {
	if err := l.Close(); err != nil {
		return err.Error()
	}
	return ""
}

// Waits opens a folder that is in use, and again when it is free.
func Waits(folder string) string {
	first := open(folder, "os")
	second := open(folder, "os")
	if err := second.Ready(); !errors.Is(err, store.ErrUnavailable) {
		return fmt.Sprint("two processes own the folder: ", err)
	}
	if err := first.Close(); err != nil {
		return err.Error()
	}
	until := time.Now().Add(20 * time.Second)
	for second.Ready() != nil {
		if time.Now().After(until) {
			return second.Ready().Error()
		}
		time.Sleep(5 * time.Millisecond)
	}
	return close1(second)
}

// Carts saves, gets and drops carts through the cache.
func Carts(folder string) string {
	c := store.OpenCarts(open(folder, "always"), store.Bounds{Carts: 2, Bytes: 1 << 20}, store.Lifetimes{Guest: 1000000, Customer: 0, Empty: 1000})
	now := time.Now().UnixMilli()
	for i := 0; i < 4; i++ {
		key := cartcore.Key{Tenant: "shop", Owner: cartcore.CustomerOwner(strconv.Itoa(i))}
		if cart, err := store.GetCart(c, key); cart != nil || err != nil {
			return fmt.Sprint("a cart out of nothing: ", err)
		}
		cart := cartcore.New(key, "EUR", "0123456789abcdef", now)
		cart.Version = 1
		if err := store.SaveCart(c, cart, 0); err != nil {
			return err.Error()
		}
	}
	for i := 3; i >= 0; i-- {
		key := cartcore.Key{Tenant: "shop", Owner: cartcore.CustomerOwner(strconv.Itoa(i))}
		cart, err := store.GetCart(c, key)
		if err != nil || cart == nil || cart.Key.Owner != key.Owner || cart.Version != 1 {
			return fmt.Sprint("cart ", i, ": ", err)
		}
		stale := *cart
		stale.Version = 5
		if err := store.SaveCart(c, &stale, 4); !errors.Is(err, store.ErrConflict) {
			return fmt.Sprint("no conflict: ", err)
		}
		if err := store.DropCart(c, cart); err != nil {
			return err.Error()
		}
		if cart, err = store.GetCart(c, key); cart != nil || err != nil {
			return fmt.Sprint("a dropped cart is there: ", err)
		}
	}
	if carts, bytes := store.CachedCarts(c); carts != 0 || bytes != 0 {
		return fmt.Sprint("the cache holds ", carts, " carts, ", bytes, " bytes")
	}
	if err := store.CloseCarts(c); err != nil {
		return err.Error()
	}
	return ""
}
`

// storeInterpreter loads the driver as Traefik loads a plugin.
func storeInterpreter(t *testing.T, driver string) func(call string) any {
	t.Helper()
	i := interpreted(t, "driver", driver)
	return func(call string) any {
		t.Helper()
		got, err := i.Eval(call)
		if err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		return got.Interface()
	}
}

func TestStoreKeepsItsPromisesInterpreted(t *testing.T) {
	for _, promise := range []string{"Keeps", "Merges", "Recovers", "Waits", "Carts"} {
		t.Run(strings.ToLower(promise), func(t *testing.T) {
			run := storeInterpreter(t, storeDriver)
			if wrong := run("driver." + promise + "(`" + t.TempDir() + "`)"); wrong != "" {
				t.Fatal(wrong)
			}
		})
	}
}

func TestStoreEditionsReadEachOthersFolders(t *testing.T) {
	run := storeInterpreter(t, storeDriver)
	folder := t.TempDir()
	if wrong := run("driver.Keeps(`" + folder + "`)"); wrong != "" {
		t.Fatal(wrong)
	}
	at := filepath.Join(folder, "os")
	lines := &bytes.Buffer{}
	l, err := store.OpenLog(store.LogOptions{Folder: at, Sync: store.SyncOS, Logger: slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 200; i++ {
		key := fmt.Sprint("shop/guest:agent:", i)
		got, err := l.Load(key, 0)
		want := int64(1)
		if i%3 == 0 {
			want = 2
		}
		if i%5 == 0 {
			want = 0
		}
		if err != nil || got.Version != want {
			t.Fatalf("cart %d: version %d, %v; wanted %d", i, got.Version, err, want)
		}
		if want == 2 { // write it once more, so that there is something of ours to read
			if err := l.Save(key, 2, &store.Record{Version: 3, Data: []byte("x")}); err != nil {
				t.Fatal(err)
			}
			if err := l.Save(key, 3, &store.Record{Version: 4, Data: got.Data}); err != nil {
				t.Fatal(err)
			}
			if err := l.Delete(key, 4); err != nil {
				t.Fatal(err)
			}
			if err := l.Save(key, 0, &store.Record{Version: 2, Data: got.Data}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if lines.Len() > 0 {
		t.Fatalf("a folder of the interpreted edition is read with complaints:\n%s", lines)
	}
	if wrong := run("driver.CheckFolder(`" + at + "`)"); wrong != "" {
		t.Fatal(wrong)
	}
}
