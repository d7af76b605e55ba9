package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// logLines is a logger that a test reads.
type logLines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// quiet are options under which nothing happens in the background but what the test does itself.
func quiet(folder string) LogOptions {
	return LogOptions{Folder: folder, Sync: SyncOS, unkept: true}
}

func mustOpen(t testing.TB, o LogOptions) *Log {
	t.Helper()
	l, err := OpenLog(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func mustClose(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustSave(t testing.TB, l *Log, key string, was, version int64, data string) {
	t.Helper()
	if err := l.Save(key, was, &Record{Version: version, Data: []byte(data)}); err != nil {
		t.Fatalf("saving %s version %d: %v", key, version, err)
	}
}

// wantCart checks what a log holds under a key; version 0 is nothing.
func wantCart(t testing.TB, l *Log, key string, version int64, data string) {
	t.Helper()
	got, err := l.Load(key, 0)
	if err != nil || got.Version != version || string(got.Data) != data {
		t.Fatalf("%s: version %d %q, %v; wanted version %d %q", key, got.Version, got.Data, err, version, data)
	}
}

func wantDamaged(t testing.TB, l *Log, key string) {
	t.Helper()
	if got, err := l.Load(key, 0); !errors.Is(err, ErrDamaged) {
		t.Fatalf("%s: version %d, %v; wanted ErrDamaged", key, got.Version, err)
	}
}

// until waits for a condition.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// copyFolder copies a data folder as a crash would leave it: without its lock, and with its hints or without.
func copyFolder(t testing.TB, from string, hints bool) string {
	t.Helper()
	to := t.TempDir()
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() == "lock" || (!hints && filepath.Ext(f.Name()) == hintSuffix) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), content, fileMode); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func newLogger(to *logLines) *slog.Logger { return slog.New(slog.NewTextHandler(to, nil)) }

func cartKey(i int) string { return fmt.Sprintf("shop/customer:%04d", i) }
