package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// brisk are options whose lock goes two hundred times as fast as in earnest.
func brisk(folder string) LogOptions {
	o := quiet(folder)
	o.beatEvery, o.staleFrom = 10*time.Millisecond, 150*time.Millisecond
	return o
}

// leaveLock writes the lock file of an owner.
func leaveLock(t *testing.T, folder string, o owner) {
	t.Helper()
	content, err := ownerBytes(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "lock"), content, fileMode); err != nil {
		t.Fatal(err)
	}
}

// stranger is an owner on another host.
func stranger() owner {
	return owner{Host: "elsewhere", PID: 7, Started: "100", Boot: "other", Token: "stranger"}
}

func TestAFolderInUseIsWaitedFor(t *testing.T) {
	folder := t.TempDir()
	first := mustOpen(t, brisk(folder))
	mustSave(t, first, "shop/a", 0, 1, "a")
	second := mustOpen(t, brisk(folder))
	_, loading := second.Load("shop/a", 0)
	for _, err := range []error{second.Ready(), loading, second.Save("shop/a", 1, &Record{Version: 2, Data: []byte("x")}), second.Delete("shop/a", 1)} {
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "is in use by "+ownerText(thisProcess())) {
			t.Fatalf("in use, and the answer is %v", err)
		}
	}
	mustSave(t, first, "shop/a", 1, 2, "a2")
	mustClose(t, first)
	until(t, "the second owns the folder", func() bool { return second.Ready() == nil })
	wantCart(t, second, "shop/a", 2, "a2")
	mustSave(t, second, "shop/a", 2, 3, "a3")
}

func TestALogThatWaitsCanBeClosed(t *testing.T) {
	folder := t.TempDir()
	mustOpen(t, brisk(folder))
	mustClose(t, mustOpen(t, brisk(folder)))
}

func TestTheLockOfAProcessThatHasEndedIsTakenOverAtOnce(t *testing.T) {
	us := thisProcess()
	if us.Started == "" {
		t.Skip("this system has no /proc")
	}
	for name, change := range map[string]func(*owner){
		"its process is gone":                     func(o *owner) { o.PID = 1 << 22; o.Started = "1" },
		"another process has its number":          func(o *owner) { o.PID = os.Getppid(); o.Started = "1" },
		"we have its number, restarted":           func(o *owner) { o.Started = "1" },
		"the machine was started again meanwhile": func(o *owner) { o.Boot = "before" },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			gone := us
			gone.Token = "s3cret"
			change(&gone)
			leaveLock(t, folder, gone)
			lines := &logLines{}
			o := quiet(folder)
			o.Logger = newLogger(lines)
			l := mustOpen(t, o)
			if err := l.Ready(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(lines.String(), "taken over") || strings.Contains(lines.String(), gone.Token) {
				t.Fatalf("the log says %s", lines)
			}
		})
	}
}

func TestALivingProcessOfThisHostKeepsItsLock(t *testing.T) {
	folder := t.TempDir()
	parent := thisProcess()
	parent.PID, parent.Token = os.Getppid(), "parent"
	parent.Started, _ = processStart(parent.PID)
	if parent.Started == "" {
		t.Skip("this system has no /proc")
	}
	leaveLock(t, folder, parent)
	l := mustOpen(t, quiet(folder))
	if err := l.Ready(); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), ownerText(parent)) {
		t.Fatalf("ready: %v", err)
	}
}

func TestALockOfAnotherHostIsTakenOverWhenItNoLongerChanges(t *testing.T) {
	folder := t.TempDir()
	other := stranger()
	leaveLock(t, folder, other)
	l := mustOpen(t, brisk(folder))
	for end := time.Now().Add(3 * l.o.staleFrom); time.Now().Before(end); other.Beat++ {
		leaveLock(t, folder, other)
		if err := l.Ready(); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("the owner lives, and ready answers %v", err)
		}
		time.Sleep(l.o.beatEvery) // this is the stranger's heartbeat
	}
	until(t, "the lock is taken over", func() bool { return l.Ready() == nil })
	mustSave(t, l, "shop/a", 0, 1, "a")
}

func TestABrokenLockFileIsLeftBehindToo(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "half": `{"host":"x`, "other": "hello"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "lock"), []byte(content), fileMode); err != nil {
				t.Fatal(err)
			}
			l := mustOpen(t, brisk(folder))
			if err := l.Ready(); !errors.Is(err, ErrUnavailable) {
				t.Fatalf("ready: %v", err)
			}
			until(t, "the lock is taken over", func() bool { return l.Ready() == nil })
		})
	}
}

func TestAClaimThatWasLeftBehindIsDropped(t *testing.T) {
	folder := t.TempDir()
	leaveLock(t, folder, stranger())
	if err := os.WriteFile(filepath.Join(folder, "lock.claim"), nil, fileMode); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, brisk(folder))
	until(t, "the lock is taken over", func() bool { return l.Ready() == nil })
	if files, _ := filepath.Glob(filepath.Join(folder, "lock*")); len(files) != 1 {
		t.Fatalf("%v are left", files)
	}
}

func TestAnOwnerThatWasReplacedWritesNoMore(t *testing.T) {
	folder := t.TempDir()
	o := brisk(folder)
	l := mustOpen(t, o)
	mustSave(t, l, "shop/a", 0, 1, "a1")
	before := l.Tenure().Load()
	leaveLock(t, folder, stranger())
	until(t, "the loss is seen", func() bool { return l.Ready() != nil })
	if l.Tenure().Load() == before {
		t.Fatal("a cache would go on answering")
	}
	if err := l.Save("shop/a", 1, &Record{Version: 2, Data: []byte("x")}); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("saving answered %v", err)
	}
	// The stranger ends without giving the folder free; then we are the owner again, in a segment of our own.
	until(t, "the folder is ours again", func() bool { return l.Ready() == nil })
	wantCart(t, l, "shop/a", 1, "a1")
	mustSave(t, l, "shop/a", 1, 2, "a2")
	if names, _ := filepath.Glob(filepath.Join(folder, "*"+segmentSuffix)); len(names) != 2 {
		t.Fatalf("the segments are %v", names)
	}
}

func TestAProcessThatWasStoppedLooksBeforeItWrites(t *testing.T) {
	now := int64(1_700_000_000_000)
	folder := t.TempDir()
	o := quiet(folder)
	o.beatEvery = time.Hour // no beat will find out first
	o.Clock = func() int64 { return now }
	l := mustOpen(t, o)
	mustSave(t, l, "shop/a", 0, 1, "a1")
	now += 2 * time.Hour.Milliseconds()
	mustSave(t, l, "shop/a", 1, 2, "a2") // a short stop
	now += 4 * time.Hour.Milliseconds()
	mustSave(t, l, "shop/a", 2, 3, "a3") // a long stop, and nobody came
	leaveLock(t, folder, stranger())
	now += 4 * time.Hour.Milliseconds()
	if err := l.Save("shop/a", 3, &Record{Version: 4, Data: []byte("x")}); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("saving answered %v", err)
	}
	mustClose(t, l)
	if content, err := os.ReadFile(filepath.Join(folder, "lock")); err != nil || !strings.Contains(string(content), "stranger") {
		t.Fatalf("the stranger's lock was removed: %v", err)
	}
}
