package badbody

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Entry is what a fuzz target was once called with; numbers and bytes are text.
type Entry struct {
	Name string
	Args []string
}

// corpusLine is a value in a file of testdata/fuzz.
var corpusLine = regexp.MustCompile(`^(string|\[\]byte|byte|int)\((.*)\)$`)

// Corpus reads what go test -fuzz found for a target, from the files kept in package folder; none is no fault.
func Corpus(t testing.TB, folder, target string) []Entry {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "testdata", "fuzz", target, "*"))
	if err != nil {
		t.Fatal(err)
	}
	entries := []Entry{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		entry := Entry{Name: target + "/" + filepath.Base(file)}
		for _, line := range lines[1:] {
			match := corpusLine.FindStringSubmatch(line)
			if match == nil {
				t.Fatalf("%s: the line %q is of no kind known here", file, line)
			}
			value := match[2]
			switch match[1] {
			case "byte":
				var char rune
				char, _, _, err = strconv.UnquoteChar(strings.Trim(value, "'"), '\'')
				value = strconv.Itoa(int(char))
			case "string", "[]byte":
				value, err = strconv.Unquote(value)
			}
			if err != nil {
				t.Fatalf("%s: reading the line %q: %v", file, line, err)
			}
			entry.Args = append(entry.Args, value)
		}
		entries = append(entries, entry)
	}
	return entries
}
