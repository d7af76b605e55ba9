package traefik

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// writeFiles writes files, by slashed path below a new folder.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestFindCheckout(t *testing.T) {
	folder := writeFiles(t, map[string]string{
		"clone/go.mod":             "module github.com/polycart/polycart\n\ngo 1.25.0\n",
		"clone/integration/go.mod": "module github.com/polycart/polycart/integration\n",
		"clone/integration/a/x":    "",
		"other/go.mod":             "module example.org/other\n",
		"quoted/go.mod":            "module \"github.com/polycart/polycart\" // ours\n",
	})
	for name, test := range map[string]struct{ from, want string }{
		"the folder itself":                                {"clone", "clone"},
		"a folder above, past a nested module":             {"clone/integration/a", "clone"},
		"a quoted module name with a comment behind it":    {"quoted", "quoted"},
		"a folder of another module has no checkout above": {"other", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := FindCheckout(filepath.Join(folder, test.from))
			if test.want == "" {
				if !errors.Is(err, ErrNoCheckout) {
					t.Fatalf("got %q, %v; want ErrNoCheckout", got, err)
				}
				return
			}
			if want := filepath.Join(folder, test.want); err != nil || got != want {
				t.Fatalf("got %q, %v; want %q", got, err, want)
			}
		})
	}
}

func TestTheVersionIsThatOfThisCheckout(t *testing.T) {
	checkout, err := FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	version, err := Version(checkout)
	if err != nil || version[:3] != "v3." {
		t.Fatalf("got %q, %v", version, err)
	}
}

func TestParseEdition(t *testing.T) {
	for _, name := range []string{"stock", "compiled"} {
		if edition, err := ParseEdition(name); err != nil || string(edition) != name {
			t.Errorf("%s: got %q, %v", name, edition, err)
		}
	}
	if _, err := ParseEdition("Stock"); err == nil || err.Error() != `edition must be stock or compiled, not "Stock"` {
		t.Errorf("got %v", err)
	}
}
