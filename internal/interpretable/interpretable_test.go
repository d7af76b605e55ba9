package interpretable

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The interpreted rooms hold nothing that the interpreter does not take.
func TestTheRoomsHoldNothingTheInterpreterDoesNotTake(t *testing.T) {
	patterns := []string{}
	for room := range Rooms {
		patterns = append(patterns, Module+"/"+room)
	}
	found, err := Check(filepath.Join("..", ".."), patterns...)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range found {
		t.Errorf("%s: %s (docs/interpreter.md: %s)", one.Position, one.Text, one.Rule)
	}
}

// Every rule is found where it is broken, and nowhere else: testdata/broken marks each line that breaks one.
func TestEveryRuleIsFoundWhereItIsBroken(t *testing.T) {
	found, err := Check(filepath.Join("testdata", "broken"), "./...")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	rules := map[string]bool{}
	for _, one := range found {
		parts := strings.Split(one.Position, ":")
		got[fmt.Sprintf("%s:%s %s", filepath.Base(parts[0]), parts[1], one.Rule)] = true
		rules[one.Rule] = true
	}
	want := map[string]bool{}
	files, err := filepath.Glob(filepath.Join("testdata", "broken", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	mark := regexp.MustCompile(`// breaks: (.+)$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if match := mark.FindStringSubmatch(line); match != nil {
				want[fmt.Sprintf("%s:%d %s", filepath.Base(file), i+1, match[1])] = true
			}
		}
	}
	for place := range want {
		if !got[place] {
			t.Errorf("not found: %s", place)
		}
	}
	for place := range got {
		if !want[place] {
			t.Errorf("found where nothing is broken: %s", place)
		}
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "interpreter.md"))
	if err != nil {
		t.Fatal(err)
	}
	for rule := range rules {
		if !strings.Contains(string(page), "## "+rule+"\n") {
			t.Errorf("docs/interpreter.md has no section %q", rule)
		}
	}
}

// Every workaround in the rooms names a section that the page has.
func TestEveryWorkaroundNamesASectionOfThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "interpreter.md"))
	if err != nil {
		t.Fatal(err)
	}
	headings := strings.ToLower(string(page))
	named := regexp.MustCompile(`docs/interpreter\.md(?:: ([^).,;]+))?`)
	for room := range Rooms {
		files, err := filepath.Glob(filepath.Join("..", "..", room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range named.FindAllStringSubmatch(string(text), -1) {
				if !strings.Contains(headings, "\n## "+strings.ToLower(match[1])+"\n") {
					t.Errorf("%s names %q, which is no section of docs/interpreter.md", file, match[0])
				}
			}
		}
	}
}
