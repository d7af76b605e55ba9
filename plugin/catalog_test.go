package plugin

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/internal/transcript"
)

// A catalogue file that is broken while the shop is open stops nobody: every dialect sells by the catalogue before, and by
// the new one once the file is good again.
func TestABrokenCatalogueStopsNobody(t *testing.T) {
	for _, fault := range []struct {
		name   string
		breaks func(path string) error
	}{
		{"truncated", func(path string) error { return os.Truncate(path, 500) }},
		{"gone", os.Remove},
		{"a folder", func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o755)) }},
		{"too large", func(path string) error { return os.Truncate(path, 1<<40) }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			s := openShop(t, newReceiver(t), "log: {level: error}\n")
			s.engine.Log = slog.New(slog.DiscardHandler)
			level := transcript.Handler(s.handler)
			path := filepath.Join(s.Folder, "catalog.json")
			good, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := fault.breaks(path); err != nil {
				t.Fatal(err)
			}
			for i := range dialectNames() {
				caller := callerOf(t, s, "182", i)
				if i == 0 {
					mustBegin(t, caller, level)
				} else {
					mustAdd(t, caller, level)
				}
				if got := units(t, caller, level); got != int64(i+1) {
					t.Errorf("%s: the cart holds %d units, want %d", caller.Dialect, got, i+1)
				}
			}
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			dearer := strings.Replace(string(good), `"price": "110.00"`, `"price": "111.00"`, 1)
			if err := os.WriteFile(path, []byte(dearer), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := read(t, callerOf(t, s, "182", 1), level); !strings.Contains(got.Body, `"price":111,`) {
				t.Errorf("the mended catalogue is not in force: %s", got.Body)
			}
		})
	}
}
