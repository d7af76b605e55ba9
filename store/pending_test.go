package store

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

func pendingKeys(t *testing.T, l *Log) string {
	t.Helper()
	keys, err := l.Pending()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(keys)
}

func TestAPendingRecordStaysPendingWhenASaveOverItFails(t *testing.T) {
	failing := false
	o := quiet(t.TempDir())
	o.Sync = SyncAlways
	o.disk = &disk{sync: func(f *os.File) error {
		if failing {
			return errors.New("no space left on device")
		}
		return nil
	}}
	l := mustOpen(t, o)
	if err := l.Save("shop/a", 0, &Record{Version: 1, Pending: true, Data: []byte("a")}); err != nil {
		t.Fatal(err)
	}
	failing = true
	if err := l.Save("shop/a", 1, &Record{Version: 2, Data: []byte("b")}); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("the save answered %v", err)
	}
	failing = false
	if got := pendingKeys(t, l); got != "[shop/a]" {
		t.Fatalf("pending are %s", got)
	}
}

func TestAPendingRecordIsStillSoAfterItsSegmentWasRewritten(t *testing.T) {
	o := small(t.TempDir())
	l := mustOpen(t, o)
	if err := l.Save("shop/a", 0, &Record{Version: 1, Pending: true, Data: []byte("a")}); err != nil {
		t.Fatal(err)
	}
	for round := int64(0); round < 100; round++ {
		mustSave(t, l, "shop/b", round, round+1, fmt.Sprintf("%0200d", round))
	}
	rest(l)
	if s := l.index["shop/a"].segment; s == 1 {
		t.Fatal("the record was not moved")
	}
	if got := pendingKeys(t, l); got != "[shop/a]" {
		t.Fatalf("pending are %s", got)
	}
	mustClose(t, l)
	l = mustOpen(t, o)
	if got := pendingKeys(t, l); got != "[shop/a]" {
		t.Fatalf("after a restart pending are %s", got)
	}
}
