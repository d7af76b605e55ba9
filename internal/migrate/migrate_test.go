package migrate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/store"
)

// in30Days is when most of the records go, in Unix milliseconds.
var in30Days = time.Now().Add(30 * 24 * time.Hour).UnixMilli()

func keyOf(n int) string {
	return cartcore.KeyText(cartcore.Key{Tenant: "shop", Owner: cartcore.GuestOwner("agent", fmt.Sprintf("secret-%04d", n))})
}

// recordOf is a record of the cart n, whose id is made from seed, as it was changed at a time.
func recordOf(t *testing.T, n int, seed string, version, updated int64) *store.Record {
	t.Helper()
	key, _ := cartcore.KeyOf(keyOf(n))
	cart := cartcore.New(key, "USD", fmt.Sprintf("%s%04d", seed, n), 1)
	cart.Version, cart.Updated = version, updated
	data, err := cartcore.Record(cart)
	if err != nil {
		t.Fatal(err)
	}
	return &store.Record{Version: version, Expires: in30Days, Data: data}
}

func openLog(t *testing.T, folder string) *store.Log {
	t.Helper()
	log, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: store.SyncOS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() }) // a second one does nothing
	return log
}

func openRedis(t *testing.T, o store.RedisOptions) *store.Redis {
	t.Helper()
	kept, err := store.OpenRedis(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() }) // nothing depends on it any more
	return kept
}

func save(t *testing.T, to store.Store, n int, record *store.Record) {
	t.Helper()
	saving := *record
	if err := to.Save(keyOf(n), 0, &saving); err != nil {
		t.Fatal(err)
	}
}

func quiet(dry bool) Settings {
	return Settings{Workers: 4, DryRun: dry, Began: func(string, int) {}, Did: func() {}}
}

// want compares the counts of a tally.
func want(t *testing.T, what string, tally *Tally, wanted map[Outcome]int) {
	t.Helper()
	for outcome := range Outcomes {
		if got := tally.Count(outcome); got != wanted[outcome] {
			t.Errorf("%s: %d records have outcome %d, want %d; one of them: %s", what, got, outcome, wanted[outcome], tally.Example(outcome))
		}
	}
}

func TestEachRecordIsJudgedByWhatTheTargetHas(t *testing.T) {
	from, server := openLog(t, t.TempDir()), redistest.Start(t)
	to := openRedis(t, store.RedisOptions{Addresses: []string{server.Address}})
	for n := range 7 {
		save(t, from, n, recordOf(t, n, "a", 3, 300))
	}
	waiting := recordOf(t, 7, "a", 9, 300)
	waiting.Pending, waiting.Expires = true, 0
	save(t, from, 7, waiting)
	save(t, to, 1, recordOf(t, 1, "a", 2, 200)) // older
	save(t, to, 2, recordOf(t, 2, "a", 4, 400)) // newer
	save(t, to, 3, recordOf(t, 3, "b", 1, 900)) // another cart, which began after ours
	save(t, to, 4, recordOf(t, 4, "a", 3, 300)) // the same
	save(t, to, 5, recordOf(t, 5, "a", 3, 299)) // another save of the same version
	save(t, to, 6, recordOf(t, 6, "a", 2, 900)) // of a lower version and changed later: two have gone on from one cart
	client := server.Client(t)
	places, err := client.Keys(t.Context(), "polycart:*"+keyOf(4)).Result()
	if err != nil || len(places) != 1 {
		t.Fatal(places, err)
	}
	for _, dry := range []bool{true, false} {
		report, err := Run(t.Context(), from, to, quiet(dry))
		if err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprint("copied, dry ", dry), &report.Copy, map[Outcome]int{Copied: 2, Replaced: 1, There: 1, Newer: 2, Other: 2})
		if report.Whole() {
			t.Error("it says that everything is there")
		}
		got, err := to.Load(keyOf(0), 0)
		if err != nil || (got.Version == 0) != dry {
			t.Errorf("dry %v: the target has version %d, %v", dry, got.Version, err)
		}
		if dry {
			continue
		}
		want(t, "checked", &report.Check, map[Outcome]int{There: 4, Newer: 2, Other: 2})
		for outcome, wanted := range map[Outcome]string{Newer: "there and version 3 in the folder", Other: "version"} {
			if example := report.Check.Example(outcome); !strings.Contains(example, wanted) || strings.Contains(example, "secret") {
				t.Errorf("the example is %q", example)
			}
		}
	}
	for n, wanted := range map[int]*store.Record{2: recordOf(t, 2, "a", 4, 400), 3: recordOf(t, 3, "b", 1, 900), 5: recordOf(t, 5, "a", 3, 299), 7: waiting} {
		got, err := to.Load(keyOf(n), 0)
		if err != nil || got.Version != wanted.Version || got.Expires != wanted.Expires || got.Pending != wanted.Pending || !bytes.Equal(got.Data, wanted.Data) {
			t.Errorf("cart %d is %+v, %v; want %+v", n, got, err, wanted)
		}
	}
	if pending, err := to.Pending(); err != nil || len(pending) != 1 || pending[0] != keyOf(7) {
		t.Errorf("what is left to do is %q, %v", pending, err)
	}
	if life := client.PTTL(t.Context(), places[0]).Val(); life < 29*24*time.Hour || life > 30*24*time.Hour {
		t.Errorf("a cart that goes in 30 days goes in %s", life)
	}
	again, err := Run(t.Context(), from, to, quiet(false))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "again", &again.Copy, map[Outcome]int{There: 4, Newer: 2, Other: 2})
}

func TestDamagedRecordsAreNamedAndTheOthersGoOver(t *testing.T) {
	folder := t.TempDir()
	from := openLog(t, folder)
	for n := range 50 {
		save(t, from, n, recordOf(t, n, "a", 1, 1))
	}
	if err := from.Close(); err != nil {
		t.Fatal(err)
	}
	segment := filepath.Join(folder, "carts-0000000001.log")
	content, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(content, []byte(keyOf(20)))
	content[at+len(keyOf(20))+5] ^= 1 // its data; the hint hides it until it is read
	if err := os.WriteFile(segment, content, 0o600); err != nil {
		t.Fatal(err)
	}
	server := redistest.Start(t)
	to := openRedis(t, store.RedisOptions{Addresses: []string{server.Address}})
	save(t, to, 30, recordOf(t, 30, "a", 1, 1))
	client := server.Client(t)
	places, err := client.Keys(t.Context(), "polycart:*"+keyOf(30)).Result()
	if err != nil || len(places) != 1 {
		t.Fatal(places, err)
	}
	if err := client.Set(t.Context(), places[0], "of somebody else", 0).Err(); err != nil {
		t.Fatal(err)
	}
	report, err := Run(t.Context(), openLog(t, folder), to, quiet(false))
	if err != nil {
		t.Fatal(err)
	}
	for what, tally := range map[string]*Tally{"copied": &report.Copy, "checked": &report.Check} {
		wanted := map[Outcome]int{Copied: 48, Unread: 1, Unknown: 1}
		if what == "checked" {
			wanted = map[Outcome]int{There: 48, Unread: 1, Unknown: 1}
		}
		want(t, what, tally, wanted)
		if example := tally.Example(Unread); !strings.Contains(example, "carts-0000000001.log at ") || strings.Contains(example, "secret") {
			t.Errorf("%s: the damaged one is named %q", what, example)
		}
	}
	if report.Whole() {
		t.Error("it says that everything is there")
	}
}

func TestWhatTheTargetHasLostIsFoundByTheCheck(t *testing.T) {
	from, server := openLog(t, t.TempDir()), redistest.Start(t)
	to := openRedis(t, store.RedisOptions{Addresses: []string{server.Address}})
	for n := range 10 {
		save(t, from, n, recordOf(t, n, "a", 1, 1))
	}
	settings := quiet(false)
	settings.Began = func(what string, _ int) {
		if what != "verifying" {
			return
		}
		if err := server.Client(t).FlushAll(context.Background()).Err(); err != nil {
			t.Error(err)
		}
		save(t, to, 3, recordOf(t, 3, "a", 1, 1))
	}
	report, err := Run(t.Context(), from, to, settings)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "checked", &report.Check, map[Outcome]int{There: 1, Missing: 9})
	if report.Whole() {
		t.Error("it says that everything is there")
	}
}

func TestARunThatWasBrokenOffGoesOn(t *testing.T) {
	const records = 3000
	from, server := openLog(t, t.TempDir()), redistest.StartReal(t)
	to := openRedis(t, store.RedisOptions{Addresses: []string{server.Address}, Timeout: 200 * time.Millisecond})
	for n := range records {
		save(t, from, n, recordOf(t, n, "a", 1, 1))
	}
	ctx, cancel := context.WithCancel(t.Context())
	settings, done := quiet(false), atomic.Int64{}
	settings.Did = func() {
		if done.Add(1) == 1000 {
			cancel()
		}
	}
	first, err := Run(ctx, from, to, settings)
	if !errors.Is(err, context.Canceled) || first.Whole() {
		t.Fatalf("broken off it answers %v", err)
	}
	went := first.Copy.Count(Copied)
	if went < 1000 || went >= records {
		t.Fatalf("%d records went over before", went)
	}
	// Meanwhile the server goes away for a moment, in the middle.
	settings = quiet(false)
	done.Store(0)
	settings.Did = func() {
		if done.Add(1) == 2000 {
			server.Kill()
			server.Run(t)
		}
	}
	second, err := Run(t.Context(), from, to, settings)
	if err != nil {
		t.Fatal(err)
	}
	// A save whose answer was lost may be found there.
	if there := second.Copy.Count(There); there < went || there > went+settings.Workers || there+second.Copy.Count(Copied) != records {
		t.Errorf("%d went over before, and then %d were there and %d copied", went, there, second.Copy.Count(Copied))
	}
	if !second.Whole() {
		t.Error("not everything is there")
	}
}

func TestAServerThatDoesNotAnswerIsToldAtOnce(t *testing.T) {
	from := openLog(t, t.TempDir())
	to := openRedis(t, store.RedisOptions{Addresses: []string{"127.0.0.1:1"}})
	if _, err := Run(t.Context(), from, to, quiet(false)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("it answers %v", err)
	}
}

func TestAClusterTakesARecordToEachOfItsNodes(t *testing.T) {
	from, cluster := openLog(t, t.TempDir()), redistest.StartCluster(t, 3)
	to := openRedis(t, store.RedisOptions{Addresses: []string{cluster.Masters[1].Address}, Cluster: true})
	for n := range 500 {
		save(t, from, n, recordOf(t, n, "a", 1, 1))
	}
	report, err := Run(t.Context(), from, to, quiet(false))
	if err != nil || !report.Whole() {
		t.Fatalf("%v, of 500 records %d are there", err, report.Check.Count(There))
	}
	for _, one := range cluster.Masters {
		if size := one.Client(t).DBSize(t.Context()).Val(); size < 50 {
			t.Errorf("a node has %d records", size)
		}
	}
}
