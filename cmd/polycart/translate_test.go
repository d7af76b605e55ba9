package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

func TestTranslate(t *testing.T) {
	seen := []string{}
	eachGolden(t, "translate", func(t *testing.T, path string, archive *txtar.Archive) {
		settings := translateSettings{currency: "USD", customer: "182"}
		if to, there := section(archive, "to"); there {
			settings.to = strings.TrimSpace(to)
		}
		if cart, there := section(archive, "cart"); there {
			settings.cart = filepath.Join(t.TempDir(), "cart.json")
			if err := os.WriteFile(settings.cart, []byte(cart), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		translation, err := newTranslation(settings)
		if err != nil {
			t.Fatal(err)
		}
		translation.now, translation.seed = 1767323045000, "0123456789abcdef0123456789abcdef" // 2026-01-02T03:04:05Z
		request, _ := section(archive, "request")
		out := &bytes.Buffer{}
		if err := translation.run([]byte(request), out); err != nil {
			t.Fatal(err)
		}
		dialect, _, _ := strings.Cut(strings.TrimPrefix(out.String(), "dialect: "), "\n")
		seen = append(seen, dialect)
		golden(t, path, archive, out.String())
	})
	for _, name := range dialectNames() {
		if !slices.Contains(seen, name) {
			t.Errorf("no request in testdata/translate is of the dialect %s", name)
		}
	}
}

func TestTranslateReadsStandardInputAndFiles(t *testing.T) {
	request := "GET /api/v1/cart/\n"
	file := filepath.Join(t.TempDir(), "request.http")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(request, "\n", "\r\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, got := range []ran{runHere(t, request, "translate"), runHere(t, request, "translate", "-"), runHere(t, "", "translate", file)} {
		if got.code != exitFine || !strings.HasPrefix(got.out, "dialect: itemkey\n") {
			t.Errorf("got %+v", got)
		}
	}
}

func TestWhatCannotBeTranslatedIsTold(t *testing.T) {
	for name, test := range map[string]struct {
		request, want string
		arguments     []string
	}{
		"nothing":                      {"", "it must begin as in", nil},
		"no request":                   {"hello there general\n", "it must begin as in", nil},
		"a path that no dialect has":   {"GET /index.html\n", "no dialect has the route GET /index.html", nil},
		"a method that no dialect has": {"PATCH /api/v1/cart/\n", "no dialect has the route PATCH /api/v1/cart/", nil},
		"a catalogue that is none":     {"GET /api/v1/cart/\n", "it must be a JSON object", []string{"--catalog", os.DevNull}},
		"a cart that is none":          {"GET /api/v1/cart/\n", "reading the record of a cart", []string{"--cart", os.DevNull}},
	} {
		t.Run(name, func(t *testing.T) {
			got := runHere(t, test.request, append([]string{"translate"}, test.arguments...)...)
			if got.code != exitFailed || !strings.Contains(got.err, test.want) {
				t.Errorf("got %+v; want %q", got, test.want)
			}
		})
	}
}
