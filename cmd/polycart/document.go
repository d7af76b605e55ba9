package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// value is a part of a configuration file that knows its line.
type value struct {
	line    int
	entries []entry  // of a table
	items   []*value // of a list
	text    string   // of a scalar, in the form in which Traefik hands it to a plugin
	written string   // of a scalar, as it stands in the file
	kind    kind
}

// kind is what a value is.
type kind int

// The kinds.
const (
	kindNull kind = iota
	kindScalar
	kindTable
	kindList
	kindDate // Traefik takes none
)

// entry is a key of a table with its value.
type entry struct {
	key   string
	line  int
	value *value
}

// words says what the value is, for people.
func (v *value) words() string {
	switch v.kind {
	case kindTable:
		return "a table of keys"
	case kindList:
		return "a list"
	case kindDate:
		return "a date"
	case kindNull:
		return "nothing"
	}
	return fmt.Sprintf("%q", shortened(v.written))
}

// valueShown is how many bytes of a value a fault shows.
const valueShown = 60

func shortened(text string) string {
	if len(text) <= valueShown {
		return text
	}
	return strings.ToValidUTF8(text[:valueShown], "") + "…"
}

// child answers what stands under key. Traefik does not heed the case of keys.
func (v *value) child(key string) *value {
	for _, entry := range v.entries {
		if strings.EqualFold(entry.key, key) {
			return entry.value
		}
	}
	return nil
}

// fault is what is wrong at one place of a file.
type fault struct {
	line int // from 1; 0: the file as a whole
	text string
}

// readDocument reads a dynamic configuration file by its ending, as Traefik does.
func readDocument(name string, content []byte) (*value, *fault) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yml", ".yaml", ".json": // JSON is YAML
		return readYAML(content)
	case ".toml":
		return readTOML(content)
	}
	return nil, &fault{0, "Traefik reads files that end in .yml, .yaml, .json or .toml"}
}
