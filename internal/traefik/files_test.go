package traefik

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesCanBeWrittenAgainAndFollowTheCheckout(t *testing.T) {
	folder := filepath.Join(t.TempDir(), `work "here"`)
	first, second := t.TempDir(), t.TempDir()
	files := Files{Folder: folder, Listen: "127.0.0.1:8000", Dynamic: filepath.Join(folder, "dynamic.yml")}
	for _, checkout := range []string{first, first, second} {
		files.Checkout = checkout
		if err := files.Write(); err != nil {
			t.Fatal(err)
		}
		if to, err := os.Readlink(files.PluginPath()); err != nil || to != checkout {
			t.Fatalf("the plugin is linked to %q, %v; want %q", to, err, checkout)
		}
	}
	content, err := os.ReadFile(files.StaticPath())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`address: "127.0.0.1:8000"`, `level: INFO`, `moduleName: ` + ModulePath,
		`filename: "` + strings.ReplaceAll(files.Dynamic, `"`, `\"`) + `"`,
	} {
		if !strings.Contains(string(content), want) {
			t.Errorf("the static configuration lacks %s:\n%s", want, content)
		}
	}
}

func TestAFolderInPlaceOfThePluginLinkIsLeftAlone(t *testing.T) {
	files := Files{Folder: t.TempDir(), Checkout: t.TempDir(), Listen: "127.0.0.1:8000", Dynamic: "dynamic.yml"}
	kept := filepath.Join(files.PluginPath(), "somebody's work")
	if err := os.MkdirAll(kept, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := files.Write(); err == nil || !strings.Contains(err.Error(), "is no link; move it away") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Fatal(err)
	}
}
