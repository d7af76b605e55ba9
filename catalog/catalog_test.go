package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// shopFile is a catalogue file that a test changes, and the log of the catalogue that follows it.
type shopFile struct {
	t    *testing.T
	path string
	log  bytes.Buffer
}

func newShopFile(t *testing.T) *shopFile {
	t.Helper()
	return &shopFile{t: t, path: filepath.Join(t.TempDir(), "catalogue.json")}
}

// priced is a catalogue of one item with a price.
func priced(price string) string {
	return `{"items":[{"sku":"A","price":"` + price + `","stock":1}]}`
}

// write puts text into the file, modified at a second of 1970: long settled.
func (f *shopFile) write(text string, second int64) {
	f.t.Helper()
	if err := os.WriteFile(f.path, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
	f.touch(time.Unix(second, 0))
}

func (f *shopFile) touch(at time.Time) {
	f.t.Helper()
	if err := os.Chtimes(f.path, at, at); err != nil {
		f.t.Fatal(err)
	}
}

func (f *shopFile) source() Source {
	return Source{File: f.path, CheckEvery: 1000, Currency: "EUR", Logger: slog.New(slog.NewTextHandler(&f.log, nil))}
}

func (f *shopFile) open() *Catalog {
	f.t.Helper()
	c, faults := Open(f.source())
	if len(faults) > 0 {
		f.t.Fatal(lines(faults))
	}
	return c
}

// expect checks price and generation at a moment.
func (f *shopFile) expect(c *Catalog, now, price, generation int64) {
	f.t.Helper()
	s := Current(c, now)
	if got := s.Facts["A"].Price; got != price || s.Generation != generation {
		f.t.Errorf("at %d ms: price %d of generation %d, want %d of %d\n%s", now, got, s.Generation, price, generation, f.log.String())
	}
}

// logged checks how many log lines bear text.
func (f *shopFile) logged(times int, text string) {
	f.t.Helper()
	if got := strings.Count(f.log.String(), text); got != times {
		f.t.Errorf("%q is logged %d times, want %d:\n%s", text, got, times, f.log.String())
	}
}

func TestAChangedFileIsTakenAtTheNextLook(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("89.99"), 1)
	c := f.open()
	f.expect(c, 10000, 8999, 1)
	f.write(priced("79.99"), 2)
	f.expect(c, 10999, 8999, 1)
	f.expect(c, 11000, 7999, 2)
	f.expect(c, 12000, 7999, 2)
	f.logged(2, "catalogue loaded")
	f.logged(1, `msg="catalogue loaded" file=`+f.path+` items=1 generation=2`)
}

func TestAFileIsTakenWhereOnlyItsSizeOrOnlyItsTimeChanged(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("1"), 1)
	c := f.open()
	f.write(priced("10"), 1)
	f.expect(c, 10000, 1000, 2)
	f.write(priced("20"), 2)
	f.expect(c, 20000, 2000, 3)
	f.write(priced("30"), 1)
	f.expect(c, 30000, 3000, 4)
}

func TestZeroMillisecondsLookAtEveryCall(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("1"), 1)
	source := f.source()
	source.CheckEvery = 0
	c, faults := Open(source)
	if len(faults) > 0 {
		t.Fatal(lines(faults))
	}
	f.expect(c, 5000, 100, 1)
	f.write(priced("2"), 2)
	f.expect(c, 5000, 200, 2)
	f.write(priced("3"), 3)
	f.expect(c, 4999, 300, 3)
}

func TestAClockThatIsPutBackStopsNoLook(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("1"), 1)
	c := f.open()
	f.expect(c, 3600000, 100, 1)
	f.write(priced("2"), 2)
	f.expect(c, 3599999, 100, 1)
	f.expect(c, 0, 200, 2)
}

func TestABrokenFileKeepsTheOldCatalogueAndIsLoggedOncePerChange(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("89.99"), 1)
	c := f.open()
	broken := []string{priced(""), priced("0,99"), `{"items":[{"sku":"A","stock":1}]}`, priced("1")[:20], "", `{"items":[]}`, "\x00\x01"}
	now := int64(10000)
	for i, text := range broken {
		f.write(text, int64(i)+2)
		for look := 0; look < 3; look++ {
			f.expect(c, now, 8999, 1)
			now += 1000
		}
		f.logged(i+1, "catalogue refused; the one before stays in force")
	}
	f.logged(1, `faults=1 first="items[0] (sku \"A\"): price is required`)
	f.write(priced("5"), 100)
	f.expect(c, now, 500, 2)
}

func TestTheLogOfABrokenFileIsBounded(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("1"), 1)
	c := f.open()
	f.write(`{"items":[`+strings.TrimSuffix(strings.Repeat(`{"stock":1},`, 5000), ",")+`]}`, 2)
	f.log.Reset()
	f.expect(c, 10000, 100, 1)
	if n := f.log.Len(); n > 2000 {
		t.Errorf("one broken file logs %d bytes", n)
	}
	f.logged(1, "faults=51")
}

func TestAFileThatIsGoneKeepsTheOldCatalogueUntilItIsBack(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("1"), 1)
	c := f.open()
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	for now := int64(10000); now < 15000; now += 1000 {
		f.expect(c, now, 100, 1)
	}
	f.logged(1, "catalogue cannot be read; the one before stays in force")
	f.write(priced("1"), 1)
	f.expect(c, 20000, 100, 2)
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	f.expect(c, 30000, 100, 2)
	f.logged(2, "catalogue cannot be read")
}

func TestASecondWriteWithinOneStepOfTheFileClockIsFound(t *testing.T) {
	f := newShopFile(t)
	written := time.Now().Add(time.Hour) // later than the read in Open: the file is not settled then
	f.write(priced("1"), 1)
	f.touch(written)
	c := f.open()
	f.write(priced("2"), 1)
	f.touch(written)
	at := written.UnixMilli()
	f.expect(c, at+1999, 100, 1)
	f.expect(c, at+3000, 200, 2)
	f.expect(c, at+9000, 200, 2)
	f.logged(2, "catalogue loaded")
}

func TestAFreshFileThatDidNotChangeIsNotLoadedTwice(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("1"), 1)
	written := time.Now()
	f.touch(written)
	c := f.open()
	f.expect(c, written.UnixMilli()+5000, 100, 1)
	f.expect(c, written.UnixMilli()+9000, 100, 1)
	f.logged(1, "catalogue loaded")
}

func TestAFileThatChangesWhileItIsReadIsReadAgain(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("1"), 1)
	reads := 0
	swapping := func(file io.Reader, size, limit int64) ([]byte, error) {
		reads++
		data, err := readAll(file, size, limit)
		if reads == 1 {
			f.write(priced("2"), 2)
		}
		return data, err
	}
	data, seen, err := readFile(f.path, 1000, swapping)
	if err != nil || string(data) != priced("2") || reads != 2 {
		t.Fatalf("%d reads: %q, %v", reads, data, err)
	}
	now, err := markOf(f.path)
	if err != nil || !sameMark(now, seen) {
		t.Errorf("the mark is not that of the file that was read: %v, %v, %v", now, seen, err)
	}
}

func TestAFileThatKeepsChangingIsAnErrorAndNotAHang(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("1"), 1)
	second := int64(1)
	swapping := func(file io.Reader, size, limit int64) ([]byte, error) {
		second++
		f.write(priced("2"), second)
		return readAll(file, size, limit)
	}
	_, _, err := readFile(f.path, 1000, swapping)
	want := "reading catalogue file: " + f.path + " changed while it was read, 3 times in a row"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAFileThatGrowsWithoutEndIsReadOneByteBeyondTheBound(t *testing.T) {
	endless := strings.NewReader(strings.Repeat("x", 5000))
	data, err := readAll(endless, 10, 1000)
	if err != nil || len(data) != 1001 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestAReadingErrorIsPassedOn(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("1"), 1)
	broken := errors.New("the disk is gone")
	_, _, err := readFile(f.path, 1000, func(io.Reader, int64, int64) ([]byte, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestWhatOpenRefuses(t *testing.T) {
	folder := t.TempDir()
	huge := filepath.Join(folder, "huge.json")
	if err := os.WriteFile(huge, []byte(priced("1")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, DefaultMaxBytes+1); err != nil { // a hole: no disk is used
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		source Source
		want   string
	}{
		{"neither a file nor text", Source{Currency: "EUR"}, "catalogue: give exactly one of a file and inline text\n"},
		{"both a file and text", Source{File: huge, Inline: priced("1"), Currency: "EUR"}, "catalogue: give exactly one of a file and inline text\n"},
		{"a negative time", Source{File: huge, CheckEvery: -1, Currency: "EUR"}, "catalogue: the time between two looks at the file must be 0 ms or more, not -1 ms\n"},
		{"a negative size", Source{File: huge, MaxBytes: -1, Currency: "EUR"}, "catalogue: the largest size must be 0 (268435456 bytes) or more, not -1 bytes\n"},
		{"a file that is not there", Source{File: folder + "/none.json", Currency: "EUR"}, "reading catalogue file: stat " + folder + "/none.json: no such file or directory\n"},
		{"a folder", Source{File: folder, Currency: "EUR"}, "reading catalogue file: " + folder + " is not a regular file\n"},
		{"a file over 256 MiB", Source{File: huge, Currency: "EUR"}, "reading catalogue file: " + huge + " has 268435457 bytes, more than the 268435456 allowed\n"},
		{"a file over a bound of its own", Source{File: huge, MaxBytes: 10, Currency: "EUR"}, "reading catalogue file: " + huge + " has 268435457 bytes, more than the 10 allowed\n"},
		{"inline text over the bound", Source{Inline: priced("1"), MaxBytes: 10, Currency: "EUR"}, "reading inline catalogue: it has 45 bytes, more than the 10 allowed\n"},
		{"a broken catalogue", Source{Inline: priced("x"), Currency: "JPY"},
			"items[0] (sku \"A\"): price must be a string in major units of JPY such as \"11000\", without decimals and at most 9007199254740991, not \"x\"\n"},
		{"a currency that is none", Source{Inline: priced("1"), Currency: "eur"},
			"reading catalogue: the currency must be three capital letters of ISO 4217 such as EUR, not \"eur\"\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, faults := Open(test.source)
			if lines(faults) != test.want || c != nil {
				t.Errorf("got  %swant %s", lines(faults), test.want)
			}
		})
	}
}

func TestAnInlineCatalogueIsInForceForGood(t *testing.T) {
	c, faults := Open(Source{Inline: priced("1"), Currency: "EUR"})
	if len(faults) > 0 {
		t.Fatal(lines(faults))
	}
	if s := Current(c, 0); s != Current(c, 1e15) || s.Generation != 1 || s.Facts["A"].Price != 100 {
		t.Error("an inline catalogue changed")
	}
}

// Six readers look on while a writer swaps the file: each snapshot is one whole version, and no reader goes back in time.
func TestReadersSeeWholeVersionsWhileTheFileIsSwapped(t *testing.T) {
	f := newShopFile(t)
	version := func(n int) string {
		items := []string{}
		for i := 0; i < 200; i++ {
			items = append(items, fmt.Sprintf(`{"sku":"S%d","number":%d,"price":"%d","stock":%d}`, i, i+1, n, n))
		}
		return `{"items":[` + strings.Join(items, ",") + `]}` + strings.Repeat(" ", n)
	}
	if err := os.WriteFile(f.path, []byte(version(1)), 0o644); err != nil {
		t.Fatal(err)
	}
	c, faults := Open(Source{File: f.path, Currency: "EUR"})
	if len(faults) > 0 {
		t.Fatal(lines(faults))
	}
	const versions = 40
	var readers sync.WaitGroup
	for i := 0; i < 6; i++ {
		readers.Add(1)
		go func() {
			defer readers.Done()
			last := int64(0)
			for last < versions*100 {
				s := Current(c, time.Now().UnixMilli())
				price := s.Facts["S0"].Price
				for _, item := range s.Facts {
					if item.Price != price || item.Stock*100 != price {
						t.Error("two versions are mixed")
						return
					}
				}
				if price < last {
					t.Errorf("a reader saw price %d after %d", price, last)
					return
				}
				last = price
				runtime.Gosched() // leave the writer its turn
			}
		}()
	}
	for n := 2; n <= versions; n++ {
		next := f.path + ".new"
		if err := os.WriteFile(next, []byte(version(n)), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, f.path); err != nil {
			t.Fatal(err)
		}
	}
	readers.Wait()
}

// A caller that comes while another loads the file goes on with the catalogue before.
func TestNobodyWaitsForALoad(t *testing.T) {
	f := newShopFile(t)
	f.write(priced("1"), 1)
	c := f.open()
	f.write(priced("2"), 2)
	c.loading.Lock()
	f.expect(c, 10000, 100, 1)
	c.loading.Unlock()
	f.expect(c, 10000, 200, 2)
}

func BenchmarkCurrent(b *testing.B) {
	path := filepath.Join(b.TempDir(), "catalogue.json")
	if err := os.WriteFile(path, []byte(priced("1")), 0o644); err != nil {
		b.Fatal(err)
	}
	c, faults := Open(Source{File: path, CheckEvery: 1000, Currency: "EUR"})
	if len(faults) > 0 {
		b.Fatal(lines(faults))
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			Current(c, 5000)
		}
	})
}
