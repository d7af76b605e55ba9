// Package transcript replays conversations written as HTTP text against a handler or a server, and compares every answer
// exactly: status, the headers named, and the JSON with its key order, value types and number texts. The form of a
// transcript is described in testdata/transcripts/README.md.
package transcript

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/tools/txtar"
)

// Script is one transcript.
type Script struct {
	Name   string // folder/file, without ending
	Title  string // what it promises, a sentence
	Source string // where the promise comes from
	Config string // YAML laid over the demo's middleware configuration; may be empty
	Steps  []Step
}

// Step is a request with its answer, or a change of the catalogue.
type Step struct {
	Name    string
	Request string
	Answer  string
	Catalog string // JSON: changes by SKU, null takes the item out
}

// Load reads every transcript below folder, in the order of their names.
func Load(folder string) ([]Script, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.txt"))
	if err != nil {
		return nil, fmt.Errorf("listing transcripts: %w", err)
	}
	sort.Strings(files)
	if len(files) == 0 {
		return nil, fmt.Errorf("listing transcripts: there is none below %s", folder)
	}
	scripts := []Script{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a transcript: %w", err)
		}
		script, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		script.Name = filepath.Base(filepath.Dir(file)) + "/" + strings.TrimSuffix(filepath.Base(file), ".txt")
		scripts = append(scripts, script)
	}
	return scripts, nil
}

// Parse reads one transcript.
func Parse(text []byte) (Script, error) {
	archive := txtar.Parse(text)
	script := Script{}
	for i, line := range strings.Split(strings.TrimSpace(string(archive.Comment)), "\n") {
		if source, found := strings.CutPrefix(line, "Source: "); found {
			script.Source = source
		} else if i == 0 {
			script.Title = line
		}
	}
	if script.Title == "" || script.Source == "" {
		return script, fmt.Errorf("a transcript begins with a sentence and a line \"Source: …\"")
	}
	for _, file := range archive.Files {
		kind, name, _ := strings.Cut(file.Name, " ")
		data := string(file.Data)
		switch kind {
		case "config":
			script.Config = data
		case "catalog":
			script.Steps = append(script.Steps, Step{Name: name, Catalog: data})
		case "request":
			script.Steps = append(script.Steps, Step{Name: name, Request: data})
		case "answer":
			last := len(script.Steps) - 1
			if last < 0 || script.Steps[last].Request == "" || script.Steps[last].Answer != "" {
				return script, fmt.Errorf("the answer %q follows no request", name)
			}
			script.Steps[last].Answer = data
		default:
			return script, fmt.Errorf("the section %q is none of config, catalog, request, answer", file.Name)
		}
	}
	for _, step := range script.Steps {
		if step.Request != "" && step.Answer == "" {
			return script, fmt.Errorf("the request %q has no answer", step.Name)
		}
	}
	return script, nil
}
