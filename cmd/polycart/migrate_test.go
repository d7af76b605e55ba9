package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/store"
)

// filledFolder makes a data folder with so many guests' carts.
func filledFolder(t *testing.T, carts int) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	log, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: store.SyncOS})
	if err != nil {
		t.Fatal(err)
	}
	kept := store.OpenCarts(log, store.Bounds{}, store.Lifetimes{})
	for n := range carts {
		owner := cartcore.GuestOwner("agent", fmt.Sprintf("secret-%d", n))
		cart := cartcore.Born(cartcore.New(cartcore.Key{Tenant: "shop", Owner: owner}, "USD", owner, 1))
		if err := store.SaveCart(kept, cart, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.CloseCarts(kept); err != nil {
		t.Fatal(err)
	}
	return folder
}

// wantMigrated runs the whole migration and looks for what it says.
func wantMigrated(t *testing.T, code int, arguments []string, wanted ...string) ran {
	t.Helper()
	got := runHere(t, "", append([]string{"migrate"}, arguments...)...)
	if got.code != code {
		t.Errorf("it answered %d, want %d: %s%s", got.code, code, got.out, got.err)
	}
	for _, want := range wanted {
		if !strings.Contains(got.out+got.err, want) {
			t.Errorf("nothing says %q in\n%s%s", want, got.out, got.err)
		}
	}
	if strings.Contains(got.out+got.err, "secret") {
		t.Errorf("it shows whose carts they are:\n%s%s", got.out, got.err)
	}
	return got
}

func TestACartFolderGoesIntoARedis(t *testing.T) {
	folder, server := filledFolder(t, 2000), redistest.Start(t)
	there := []string{"--from", "file:" + folder, "--to", "redis://" + server.Address + "/3?prefix=mine:"}
	wantMigrated(t, exitFine, append(there, "--dry-run"), "would be copied: 2000 new, 0 in place of older ones; 0 were there already")
	if size := server.Client(t).DBSize(t.Context()).Val(); size != 0 {
		t.Fatalf("a dry run wrote %d records", size)
	}
	wantMigrated(t, exitFine, there, "holds 2000 records", "copied: 2000 new, 0 in place of older ones; 0 were there already", "verified: of 2000 read again, 2000 are the same in both", "polycart: copying 2000 records")
	wantMigrated(t, exitFine, there, "copied: 0 new, 0 in place of older ones; 2000 were there already, byte for byte")
	config := filepath.Join(t.TempDir(), "dynamic.yml")
	text := "http: {middlewares: {carts: {plugin: {polycart: {store: {kind: redis, redis: {addresses: ['" + server.Address + "'], database: 3, prefix: 'mine:'}}}}}, files: {plugin: {polycart: {}}}}}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	wantMigrated(t, exitFine, []string{"--from", "file:" + folder, "--config", config}, "2000 were there already")
}

func TestAPasswordComesFromAFileOrTheEnvironmentOrTheURL(t *testing.T) {
	folder, server := filledFolder(t, 3), redistest.StartReal(t, "--requirepass", "pass/word")
	from := []string{"--from", "file:" + folder, "--to"}
	wantMigrated(t, exitFailed, append(from, "redis://"+server.Address), "NOAUTH")
	wantMigrated(t, exitFine, append(from, "redis://default:pass%2Fword@"+server.Address), "copied: 3 new")
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("pass/word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantMigrated(t, exitFine, append(from, "redis://default@"+server.Address, "--password-file", file), "3 were there already")
	t.Setenv(passwordVariable, "pass/word")
	wantMigrated(t, exitFine, append(from, "redis://"+server.Address), "3 were there already")
	t.Setenv(passwordVariable, "wrong")
	wantMigrated(t, exitFailed, append(from, "redis://"+server.Address), "WRONGPASS")
}

func TestAFolderThatIsInUseIsNotCopied(t *testing.T) {
	folder, server := filledFolder(t, 3), redistest.Start(t)
	owner, err := store.OpenLog(store.LogOptions{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	before := lockPatience
	lockPatience = 100 * time.Millisecond
	t.Cleanup(func() { lockPatience = before })
	there := []string{"--from", "file:" + folder, "--to", "redis://" + server.Address}
	wantMigrated(t, exitFailed, there, "is in use by process", "stop that Traefik, copy, and start it again with store.kind redis")
	if size := server.Client(t).DBSize(t.Context()).Val(); size != 0 {
		t.Errorf("%d records went over", size)
	}
	if err := owner.Close(); err != nil {
		t.Fatal(err)
	}
	wantMigrated(t, exitFine, there, "copied: 3 new")
	wantMigrated(t, exitFailed, []string{"--from", "file:" + t.TempDir(), "--to", "redis://" + server.Address}, "--from: there are no carts in")
}

func TestARecordThatDoesNotGoOverIsToldAndCounts(t *testing.T) {
	folder, server := filledFolder(t, 20), redistest.Start(t)
	segment := filepath.Join(folder, "carts-0000000001.log")
	content, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	content[bytes.Index(content, []byte("secret-7"))] ^= 1 // its key, so that the header's checksum fails too
	content[bytes.Index(content, []byte("secret-11"))+20] ^= 1
	if err := os.WriteFile(segment, content, 0o600); err != nil {
		t.Fatal(err)
	}
	hints, _ := filepath.Glob(filepath.Join(folder, "*.hint"))
	for _, hint := range hints {
		if err := os.Remove(hint); err != nil {
			t.Fatal(err)
		}
	}
	there := []string{"--from", "file:" + folder, "--to", "redis://" + server.Address}
	wantMigrated(t, exitFailed, append(there, "--dry-run"), "would be copied: 18 new", "1 record not copied: damaged in the folder")
	wantMigrated(t, exitFailed, there,
		"copied: 18 new", "verified: of 19 read again, 18 are the same in both", "1 record not copied: damaged in the folder; one of them: the record in "+segment+" at ",
		"1 place of the folder are damaged", "damaged bytes among the stored carts are set aside")
}

// migrating is the environment variable that turns TestMigrationToBeKilled into a command line, with blanks between arguments.
const migrating = "POLYCART_TEST_MIGRATE"

// TestMigrationToBeKilled is not a test: TestAMigrationThatWasKilledGoesOn runs it in a process of its own.
func TestMigrationToBeKilled(t *testing.T) {
	arguments := os.Getenv(migrating)
	if arguments == "" {
		t.Skip("run by TestAMigrationThatWasKilledGoesOn")
	}
	os.Exit(run(context.Background(), strings.Fields(arguments), os.Stdin, os.Stdout, os.Stderr))
}

func TestAMigrationThatWasKilledGoesOn(t *testing.T) {
	const carts = 20_000
	folder, server := filledFolder(t, carts), redistest.StartReal(t)
	client := server.Client(t)
	there := []string{"--from", "file:" + folder, "--to", "redis://" + server.Address, "--connections", "1"}
	child := exec.Command(os.Args[0], "-test.run=^TestMigrationToBeKilled$")
	child.Env = append(os.Environ(), migrating+"=migrate "+strings.Join(there, " "))
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	awaitSize := func(least int64) {
		redistest.Until(t, fmt.Sprintf("%d records are over", least), func() error {
			if size := client.DBSize(context.Background()).Val(); size < least {
				return errors.New("not yet")
			}
			return nil
		})
	}
	awaitSize(500)
	_ = child.Process.Kill()
	_ = child.Wait() // the error says that it was killed
	killed := client.DBSize(t.Context()).Val()
	if killed < 500 || killed >= carts {
		t.Fatalf("%d records were over when it was killed", killed)
	}

	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		awaitSize(killed + 500)
		cancel() // as Ctrl-C does
	}()
	out, problems := &bytes.Buffer{}, &bytes.Buffer{}
	code := run(ctx, append([]string{"migrate"}, there...), strings.NewReader(""), out, problems)
	if code != exitInterrupted || !strings.Contains(problems.String(), "the same command goes on where it stopped") || !strings.Contains(out.String(), fmt.Sprintf("%d were there already", killed)) {
		t.Fatalf("broken off it answered %d: %s%s", code, out, problems)
	}
	stopped := client.DBSize(t.Context()).Val()
	if stopped <= killed || stopped >= carts {
		t.Fatalf("%d records were over when it was broken off, after %d", stopped, killed)
	}
	wantMigrated(t, exitFine, there, fmt.Sprintf("copied: %d new, 0 in place of older ones; %d were there already", carts-stopped, stopped), fmt.Sprintf("verified: of %d read again, %d are the same in both", carts, carts))
}

func TestURLsOfARedisAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"redis://a":                             "a:6379 0 user= password= cluster=false master= prefix=polycart: tls=false",
		"rediss://u:p%40w@a:1/2":                "a:1 2 user=u password=p@w cluster=false master= prefix=polycart: tls=true",
		"redis://u@a:1,b,[::1]:3?cluster=true":  "a:1,b:6379,[::1]:3 0 user=u password= cluster=true master= prefix=polycart: tls=false",
		"redis://:x@s:26379?master=m&prefix=q:": "s:26379 0 user= password=x cluster=false master=m prefix=q: tls=false",
		"a:6379":                                "it must begin with redis:// or rediss://",
		"redis://a/carts":                       `its path must be the number of a database, such as /0, not "/carts"`,
		"redis://a?timeout=1s":                  `it can have cluster, master and prefix, not "timeout"; --config knows every setting`,
		"redis://a?cluster=perhaps":             `cluster must be true or false, not "perhaps"`,
		"redis://u:50%@a":                       "it is no URL; letters such as @ and / in a name or password are written as %40 and %2F",
	} {
		r, password, err := redisOf(text)
		got := fmt.Sprintf("%s %d user=%s password=%s cluster=%v master=%s prefix=%s tls=%v", strings.Join(r.Addresses, ","), r.Database, r.Username, password, r.Cluster, r.Master, r.Prefix, r.TLS.Enabled)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s; want %s", text, got, want)
		}
	}
}
