package store

import (
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

func TestTheIntervalModeSyncsByItself(t *testing.T) {
	o := quiet(t.TempDir())
	o.Sync, o.Interval = SyncInterval, 10*time.Millisecond
	l := mustOpen(t, o)
	mustSave(t, l, "shop/a", 0, 1, "a")
	until(t, "the record is durable", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.durable == l.active.size
	})
}

func TestAFailedSyncOfTheIntervalModeKeepsWhatWasAcknowledged(t *testing.T) {
	o := quiet(t.TempDir())
	o.Sync, o.Interval = SyncInterval, 10*time.Millisecond
	fails := atomic.Bool{}
	o.disk = &disk{sync: func(f *os.File) error {
		if fails.Load() {
			return errors.New("input/output error")
		}
		return f.Sync()
	}}
	l := mustOpen(t, o)
	mustSave(t, l, "shop/a", 0, 1, "a")
	fails.Store(true)
	mustSave(t, l, "shop/b", 0, 1, "b")
	until(t, "the segment is closed to writers", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.active.sealed
	})
	if err := l.Save("shop/c", 0, &Record{Version: 1, Data: []byte("c")}); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("saving on a disk that refuses answered %v", err)
	}
	fails.Store(false)
	mustSave(t, l, "shop/c", 0, 1, "c")
	for again := 0; again < 2; again++ {
		wantCart(t, l, "shop/a", 1, "a")
		wantCart(t, l, "shop/b", 1, "b")
		wantCart(t, l, "shop/c", 1, "c")
		mustClose(t, l)
		l = mustOpen(t, o)
	}
}

func TestABackgroundGoroutineThatPanicsRunsAgain(t *testing.T) {
	lines := &logLines{}
	o := quiet(t.TempDir())
	o.Logger = newLogger(lines)
	l := mustOpen(t, o)
	var runs atomic.Int64
	runBackground(l, "test", func() {
		if runs.Add(1) == 1 {
			panic("on purpose")
		}
		<-l.open.Done()
	})
	until(t, "it runs again", func() bool { return runs.Load() == 2 })
	mustClose(t, l)
	if lines.String() == "" {
		t.Fatal("the log says nothing")
	}
}

func TestOptionsOutOfBoundsAreNamed(t *testing.T) {
	for name, o := range map[string]LogOptions{
		"folder":        {},
		"sync":          {Folder: "x", Sync: "sometimes"},
		"interval":      {Folder: "x", Interval: time.Millisecond},
		"segment bytes": {Folder: "x", SegmentBytes: 100},
		"merge waste":   {Folder: "x", MergeWaste: 95},
		"merge every":   {Folder: "x", MergeEvery: -1},
	} {
		if _, err := OpenLog(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLog(LogOptions{Folder: file}); err == nil {
		t.Error("a file was accepted as folder")
	}
}
