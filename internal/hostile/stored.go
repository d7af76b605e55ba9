package hostile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

// tail reads what is added to the log of a data folder. The store only appends; its files are far from the size at which a
// segment is rewritten.
type tail struct {
	folder string
	at     map[string]int64
}

// fresh is what was written since the last call.
func (l *tail) fresh(t testing.TB) []byte {
	t.Helper()
	if l.at == nil {
		l.at = map[string]int64{}
	}
	added := []byte{}
	for _, name := range segments(t, l.folder) {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Seek(l.at[name], io.SeekStart); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		l.at[name] += int64(len(text))
		added = append(added, text...)
	}
	return added
}

// wrote tells whether a record of key is in what was written: in the log the key stands before its data, which is JSON, and
// of a deletion before the next record or the end (store/record.go).
func wrote(added []byte, key cartcore.Key) bool {
	text := []byte(cartcore.KeyText(key))
	return bytes.Contains(added, append(text, '{')) || bytes.Contains(added, append(text, 0xf1)) || bytes.HasSuffix(added, text)
}

func segments(t testing.TB, folder string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "carts-*.log"))
	if err != nil || len(names) == 0 {
		t.Fatalf("there is no log in %s: %v", folder, err)
	}
	return names
}

// stored opens a copy of a world's log, as a Traefik that starts would, and answers how to look a cart up; nil where there
// is none.
func stored(t testing.TB, w *world) func(key cartcore.Key) *cartcore.Cart {
	t.Helper()
	folder := t.TempDir()
	for _, name := range segments(t, w.log.folder) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log, err := store.OpenLog(store.LogOptions{Folder: folder, Sync: store.SyncOS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	if err := log.Ready(); err != nil {
		t.Fatal(err)
	}
	return func(key cartcore.Key) *cartcore.Cart {
		record, err := log.Load(cartcore.KeyText(key), 0)
		if err != nil {
			t.Fatal(err)
		}
		if record.Version == 0 {
			return nil
		}
		cart, err := cartcore.FromRecord(key, record.Data)
		if err != nil {
			t.Fatal(err)
		}
		return cart
	}
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
