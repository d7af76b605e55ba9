package catalog

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// Whatever becomes of the file, the catalogue before stays in force, the log says why, and once the file is good again it
// is taken.
func TestWhateverBecomesOfTheFileTheCatalogueBeforeStays(t *testing.T) {
	for _, fault := range []struct {
		name   string
		breaks func(path string) error
		says   string
	}{
		{"truncated in the middle", func(path string) error { return os.Truncate(path, 30) }, "catalogue refused"},
		{"emptied", func(path string) error { return os.Truncate(path, 0) }, "catalogue refused"},
		{"over the bound, as a hole", func(path string) error { return os.Truncate(path, DefaultMaxBytes+1) }, "has 268435457 bytes, more than the 268435456 allowed"},
		{"full of zeros", func(path string) error { return os.Truncate(path, 100000) }, "catalogue refused"},
		{"replaced by a folder", func(path string) error { return replaced(path, func() error { return os.Mkdir(path, 0o755) }) }, "is not a regular file"},
		{"a link to itself", func(path string) error { return replaced(path, func() error { return os.Symlink(path, path) }) }, "reading catalogue file: "},
		{"a link to nothing", func(path string) error { return replaced(path, func() error { return os.Symlink(path+".gone", path) }) }, "no such file"},
		{"not to be opened", func(path string) error { return os.Chmod(path, 0) }, "permission denied"},
		{"not to be read", func(path string) error {
			return replaced(path, func() error { return os.Symlink("/proc/self/mem", path) })
		}, "input/output error"},
		{"in a folder that is gone", func(path string) error { return os.Rename(filepath.Dir(path), filepath.Dir(path)+".away") }, "no such file"},
	} {
		t.Run(fault.name, func(t *testing.T) {
			if fault.name == "not to be opened" && os.Geteuid() == 0 {
				t.Skip("root may open every file")
			}
			if fault.name == "not to be read" && runtime.GOOS != "linux" {
				t.Skip("only Linux has a file that can be opened and not be read")
			}
			f := newShopFile(t)
			f.path = filepath.Join(filepath.Dir(f.path), "shop", "catalogue.json")
			if err := os.Mkdir(filepath.Dir(f.path), 0o755); err != nil {
				t.Fatal(err)
			}
			f.write(priced("1"), 1)
			c := f.open()
			if err := fault.breaks(f.path); err != nil {
				t.Fatal(err)
			}
			for now := int64(10000); now < 13000; now += 1000 {
				f.expect(c, now, 100, 1)
			}
			f.logged(1, fault.says)
			if err := os.RemoveAll(f.path); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
				t.Fatal(err)
			}
			f.write(priced("2"), time.Now().Unix())
			f.expect(c, 20000, 200, 2)
		})
	}
}

func replaced(path string, by func() error) error {
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("making way: %w", err)
	}
	return by()
}
