package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/polycart/polycart/internal/traefik"
)

func TestTheConfigurationReferenceIsCurrent(t *testing.T) {
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	want, err := reference(checkout)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(checkout, filepath.FromSlash(referencePath)))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Fatalf("%s is not what the comments of plugin/config.go say: run make docs", referencePath)
	}
}
