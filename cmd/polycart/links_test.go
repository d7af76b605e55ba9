package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// relativeLink is a link or an image of a page that leads to a file of this repository.
var relativeLink = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

func TestEveryLinkOfAPageLeadsSomewhere(t *testing.T) {
	for page, text := range pages(t) {
		for _, match := range relativeLink.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), match[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, match[1], err)
			}
		}
	}
}

// testsNamed are tests that a page names, and the file in which it says they are: `TestA`, `TestB` ([room](room/a_test.go)).
var (
	testsNamed = regexp.MustCompile("((?:`(?:Test|Fuzz)\\w+`(?:, )?)+) \\(\\[[a-z]+\\]\\(([^)]+)\\)\\)")
	testNamed  = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
)

// A promise that a page makes is held by the tests it names: they are where it says, and none is named without a place.
func TestEveryTestThatAPageNamesIsThere(t *testing.T) {
	for page, text := range pages(t) {
		placed := 0
		for _, match := range testsNamed.FindAllStringSubmatch(text, -1) {
			source, err := os.ReadFile(filepath.Join(filepath.Dir(page), match[2]))
			if err != nil {
				t.Errorf("%s names tests in %s: %v", page, match[2], err)
				continue
			}
			for _, name := range testNamed.FindAllStringSubmatch(match[1], -1) {
				placed++
				if !strings.Contains(string(source), "func "+name[1]+"(") {
					t.Errorf("%s names %s in %s, which has no such test", page, name[1], match[2])
				}
			}
		}
		name := filepath.Base(page)
		if named := len(testNamed.FindAllString(text, -1)); (name == "SECURITY.md" || name == "reliability.md") && named != placed {
			t.Errorf("%s names %d tests, %d of them with the file they are in", page, named, placed)
		}
	}
}

// pages are the repository's pages by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	listed, err := exec.Command("git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, page := range strings.Fields(string(listed)) {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Join(root, page)] = string(text)
	}
	if len(found) < 10 {
		t.Fatalf("only %d pages are listed", len(found))
	}
	return found
}
