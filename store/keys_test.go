package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

func TestKeysListsEveryCartOnceAndInTheOrderOfTheFiles(t *testing.T) {
	o := quiet(t.TempDir())
	o.SegmentBytes = 4 << 10
	now := int64(1000)
	o.Clock = func() int64 { return now }
	l := mustOpen(t, o)
	for i := range 100 {
		mustSave(t, l, cartKey(i), 0, 1, fmt.Sprintf("first %080d", i))
	}
	for i := 0; i < 100; i += 3 {
		mustSave(t, l, cartKey(i), 1, 2, fmt.Sprintf("second %080d", i))
	}
	if err := l.Delete(cartKey(1), 1); err != nil {
		t.Fatal(err)
	}
	if err := l.Save(cartKey(2), 1, &Record{Version: 2, Expires: 2000, Data: []byte("gone soon")}); err != nil {
		t.Fatal(err)
	}
	now = 2000
	wanted := []string{}
	for _, again := range []bool{false, true} { // those saved again stand behind all others
		for i := range 100 {
			if i != 1 && i != 2 && (i%3 == 0) == again {
				wanted = append(wanted, cartKey(i))
			}
		}
	}
	for _, after := range []string{"in use", "opened anew"} {
		got, err := l.Keys()
		if err != nil || !slices.Equal(got, wanted) {
			t.Errorf("%s: got %q, %v; want %q", after, got, err, wanted)
		}
		mustClose(t, l)
		if _, err := l.Keys(); !errors.Is(err, ErrUnavailable) {
			t.Errorf("a closed store answers %v", err)
		}
		l = mustOpen(t, o)
	}
}

func TestDamageIsListedWhereItsCartIsKnownAndElseCounted(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, quiet(folder))
	for i := range 5 {
		mustSave(t, l, cartKey(i), 0, 1, fmt.Sprintf("cart %080d", i))
	}
	first, second := l.index[cartKey(1)], l.index[cartKey(3)]
	mustClose(t, l)
	name := segmentName(folder, 1)
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	content[first.offset+first.length-1] ^= 1     // the last byte of its data
	content[second.offset+frameHeader] ^= 1       // the first of its key
	content[second.offset+second.length-1] ^= 0xf // and its data
	if err := os.WriteFile(name, content, fileMode); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(hintName(name)); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, quiet(folder))
	keys, err := l.Keys()
	if wanted := []string{cartKey(0), cartKey(1), cartKey(2), cartKey(4)}; err != nil || !slices.Equal(keys, wanted) {
		t.Errorf("got %q, %v; want %q", keys, err, wanted)
	}
	wantDamaged(t, l, cartKey(1))
	if lost := l.Stats().Lost; lost != 1 {
		t.Errorf("%d places are lost, not 1", lost)
	}
}
