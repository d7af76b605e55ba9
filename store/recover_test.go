package store

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

// threeCarts writes carts a, b and c to one segment and answers its folder and where each record begins; the last is the end.
func threeCarts(t *testing.T) (folder string, at [4]int64) {
	t.Helper()
	folder = t.TempDir()
	l := mustOpen(t, quiet(folder))
	for i, key := range []string{"shop/a", "shop/b", "shop/c"} {
		at[i] = segmentHeader
		if l.active != nil {
			at[i] = l.active.size
		}
		mustSave(t, l, key, 0, 1, `{"cart":"`+key+`"}`)
	}
	at[3] = l.active.size
	mustClose(t, l)
	return folder, at
}

func TestATornLastRecordIsCutOff(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, quiet(folder))
	mustSave(t, l, "shop/a", 0, 1, "a1")
	mustSave(t, l, "shop/b", 0, 1, "b1")
	whole := l.active.size
	mustSave(t, l, "shop/b", 1, 2, "b2 torn")
	end := l.active.size
	mustClose(t, l)
	for cut := whole; cut < end; cut++ {
		at := copyFolder(t, folder, false)
		name := segmentName(at, 1)
		if err := os.Truncate(name, cut); err != nil {
			t.Fatal(err)
		}
		lines := &logLines{}
		o := quiet(at)
		o.Logger = newLogger(lines)
		l := mustOpen(t, o)
		wantCart(t, l, "shop/a", 1, "a1")
		wantCart(t, l, "shop/b", 1, "b1")
		said := strings.Contains(lines.String(), "file="+name+" offset="+strconv.FormatInt(whole, 10)+" bytes="+strconv.FormatInt(cut-whole, 10))
		if said != (cut > whole) {
			t.Fatalf("cut at %d, the log says %s", cut, lines)
		}
		mustSave(t, l, "shop/b", 1, 2, "b2 again")
		mustClose(t, l)
		l = mustOpen(t, quiet(at))
		wantCart(t, l, "shop/b", 2, "b2 again")
		mustClose(t, l)
	}
}

func TestADamagedRecordTakesNoOtherCartWithIt(t *testing.T) {
	folder, at := threeCarts(t)
	keyFrom, keyTo := at[1]+frameHeader, at[1]+frameHeader+int64(len("shop/b"))
	for _, hints := range []bool{true, false} {
		for offset := at[1]; offset < at[2]; offset++ {
			copied := copyFolder(t, folder, hints)
			flip(t, segmentName(copied, 1), offset)
			lines := &logLines{}
			o := quiet(copied)
			o.Logger = newLogger(lines)
			l := mustOpen(t, o)
			wantCart(t, l, "shop/a", 1, `{"cart":"shop/a"}`)
			wantCart(t, l, "shop/c", 1, `{"cart":"shop/c"}`)
			got, err := l.Load("shop/b", 0)
			keyLost := !hints && (offset >= keyFrom && offset < keyTo || offset >= at[1]+32 && offset < keyFrom)
			switch {
			case offset < at[1]+4: // the marker is only for searching
				wantCart(t, l, "shop/b", 1, `{"cart":"shop/b"}`)
			case errors.Is(err, ErrDamaged):
				if err := l.Save("shop/b", 0, &Record{Version: 1, Data: []byte("x")}); !errors.Is(err, ErrDamaged) {
					t.Fatalf("byte %d: a damaged cart is overwritten by a new one: %v", offset-at[1], err)
				}
			case keyLost && err == nil && got.Version == 0: // nobody can tell whose record it was; the log has it
			default:
				t.Fatalf("byte %d, hints %v: version %d %q, %v", offset-at[1], hints, got.Version, got.Data, err)
			}
			if offset >= at[1]+4 && !strings.Contains(lines.String(), "level=ERROR") {
				t.Fatalf("byte %d: the log says nothing: %s", offset-at[1], lines)
			}
			mustClose(t, l)
		}
	}
}

func TestADamagedRecordNeverShowsAnOlderCart(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, quiet(folder))
	mustSave(t, l, "shop/b", 0, 1, "old")
	from := l.active.size
	mustSave(t, l, "shop/b", 1, 2, "new")
	to := l.active.size
	mustSave(t, l, "shop/c", 0, 1, "c")
	mustClose(t, l)
	for offset := from + 4; offset < to; offset++ {
		inKey := offset >= from+32 && offset < from+frameHeader+int64(len("shop/b"))
		if inKey {
			continue // whose record it was cannot be told then
		}
		copied := copyFolder(t, folder, false)
		flip(t, segmentName(copied, 1), offset)
		l := mustOpen(t, quiet(copied))
		wantDamaged(t, l, "shop/b")
		mustClose(t, l)
	}
}

func flip(t testing.TB, name string, offset int64) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	content[offset] ^= 0x55
	if err := os.WriteFile(name, content, fileMode); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedCartIsHealedByWhoHoldsItOrDropped(t *testing.T) {
	for _, hints := range []bool{true, false} {
		folder, at := threeCarts(t)
		folder = copyFolder(t, folder, hints)
		flip(t, segmentName(folder, 1), at[2]-2)
		l := mustOpen(t, quiet(folder))
		wantDamaged(t, l, "shop/b")
		if err := l.Save("shop/b", 4, &Record{Version: 5, Data: []byte("x")}); !errors.Is(err, ErrDamaged) {
			t.Fatalf("saving over another version answered %v", err)
		}
		if err := l.Delete("shop/b", 0); !errors.Is(err, ErrDamaged) {
			t.Fatalf("deleting another version answered %v", err)
		}
		mustSave(t, l, "shop/b", 1, 2, "healed")
		wantCart(t, l, "shop/b", 2, "healed")
		mustClose(t, l)
		l = mustOpen(t, quiet(folder))
		wantCart(t, l, "shop/b", 2, "healed")
		mustClose(t, l)
		flip(t, segmentName(folder, 1), at[1]-2)
		l = mustOpen(t, quiet(folder))
		wantDamaged(t, l, "shop/a")
		if err := l.Delete("shop/a", 1); err != nil {
			t.Fatal(err)
		}
		wantCart(t, l, "shop/a", 0, "")
		mustSave(t, l, "shop/a", 0, 1, "new")
		mustClose(t, l)
	}
}

func TestADamagedVersionIsDroppedByZero(t *testing.T) {
	folder, at := threeCarts(t)
	folder = copyFolder(t, folder, false)
	flip(t, segmentName(folder, 1), at[1]+16)
	l := mustOpen(t, quiet(folder))
	wantDamaged(t, l, "shop/b")
	if err := l.Save("shop/b", 1, &Record{Version: 2, Data: []byte("x")}); !errors.Is(err, ErrDamaged) {
		t.Fatalf("saving answered %v", err)
	}
	if err := l.Delete("shop/b", 0); err != nil {
		t.Fatal(err)
	}
	mustSave(t, l, "shop/b", 0, 1, "new")
	wantCart(t, l, "shop/b", 1, "new")
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	folder, _ := threeCarts(t)
	name := segmentName(folder, 1)
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	newer := segmentHead(1, 0)
	newer[8] = 9
	copy(content, sealHead(newer))
	if err := os.WriteFile(name, content, fileMode); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLog(quiet(folder)); err == nil || !strings.Contains(err.Error(), "format is \"polycart\" 9") {
		t.Fatalf("opening answered %v", err)
	}
	if _, err := os.Stat(folder + "/lock"); !os.IsNotExist(err) {
		t.Fatalf("the lock stays: %v", err)
	}
}

func TestADamagedSegmentHeaderLosesNoCart(t *testing.T) {
	folder, _ := threeCarts(t)
	for offset := int64(0); offset < segmentHeader; offset++ {
		copied := copyFolder(t, folder, true)
		flip(t, segmentName(copied, 1), offset)
		l := mustOpen(t, quiet(copied))
		for _, key := range []string{"shop/a", "shop/b", "shop/c"} {
			wantCart(t, l, key, 1, `{"cart":"`+key+`"}`)
		}
		mustClose(t, l)
	}
}

func TestAHintThatCannotBeUsedIsNotNeeded(t *testing.T) {
	folder, _ := threeCarts(t)
	hint, err := os.ReadFile(hintName(segmentName(folder, 1)))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty": {}, "short": hint[:5], "cut": hint[:len(hint)-1], "another file": []byte("this is not a hint at all"),
		"damaged": append(append([]byte{}, hint[:len(hint)-3]...), 'x', 'y', 'z'),
	} {
		t.Run(name, func(t *testing.T) {
			copied := copyFolder(t, folder, false)
			if err := os.WriteFile(hintName(segmentName(copied, 1)), content, fileMode); err != nil {
				t.Fatal(err)
			}
			l := mustOpen(t, quiet(copied))
			wantCart(t, l, "shop/b", 1, `{"cart":"shop/b"}`)
		})
	}
}

func TestAHintOfAShorterSegmentStillCounts(t *testing.T) {
	folder, _ := threeCarts(t)
	l := mustOpen(t, quiet(folder))
	mustSave(t, l, "shop/a", 1, 2, "newer")
	if err := l.Delete("shop/b", 1); err != nil {
		t.Fatal(err)
	}
	killed := copyFolder(t, folder, true) // the hint is from the Close before
	l = mustOpen(t, quiet(killed))
	wantCart(t, l, "shop/a", 2, "newer")
	wantCart(t, l, "shop/b", 0, "")
	wantCart(t, l, "shop/c", 1, `{"cart":"shop/c"}`)
}

func TestASegmentThatWasJustBeingMadeIsRemoved(t *testing.T) {
	folder, _ := threeCarts(t)
	for size := 0; size < segmentHeader; size++ {
		copied := copyFolder(t, folder, false)
		if err := os.WriteFile(segmentName(copied, 2), segmentHead(2, 1)[:size], fileMode); err != nil {
			t.Fatal(err)
		}
		// The segment before it is the newest then, and its torn end is cut off.
		if err := os.Truncate(segmentName(copied, 1), fileSize(t, segmentName(copied, 1))-3); err != nil {
			t.Fatal(err)
		}
		l := mustOpen(t, quiet(copied))
		wantCart(t, l, "shop/b", 1, `{"cart":"shop/b"}`)
		wantCart(t, l, "shop/c", 0, "")
		mustClose(t, l)
	}
}

func fileSize(t testing.TB, name string) int64 {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestFilesAreForTheOwnerAlone(t *testing.T) {
	folder, _ := threeCarts(t)
	sub := folder + "/carts"
	l := mustOpen(t, quiet(sub))
	mustSave(t, l, "shop/a", 0, 1, "a")
	mustClose(t, l)
	if mode := permOf(t, sub); mode != folderMode {
		t.Errorf("the folder has mode %o", mode)
	}
	files, err := os.ReadDir(sub)
	if err != nil || len(files) != 2 {
		t.Fatalf("the folder holds %v, %v", files, err)
	}
	for _, f := range files {
		if mode := permOf(t, sub+"/"+f.Name()); mode != fileMode {
			t.Errorf("%s has mode %o", f.Name(), mode)
		}
	}
}

func permOf(t *testing.T, name string) os.FileMode {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
