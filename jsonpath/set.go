package jsonpath

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Target is where in a document something is put or taken away.
type Target struct {
	Text    string // as configured
	Parts   []Part
	library string // the path as sjson reads it
	removal string // and where something is taken away: there -1 would be the last entry
}

// Part is one name or index of a Target.
type Part struct {
	Name   string
	Forced bool // written with a colon: where it is made anew, a number names a member of an object
	Append bool // -1: a new entry at the end of an array
}

// maxNewIndex bounds an index, since what is missing of an array before it is filled with nulls.
const maxNewIndex = 9999

// partForm is one name of a path as it is written. All of them are wanted, none is empty.
var partForm = regexp.MustCompile(`(?s)(?:\\.|[^.\\])+`)

// errNoWay says that a document has no place for a target.
var errNoWay = errors.New("the path leads through a value that has no such member or entry")

// ParseTarget reads a path to be set: names and indexes joined by dots, with a backslash before a dot or sign that belongs to a
// name; -1 is a new entry at the end of an array, and :1 the name "1" rather than an index. The error says what is wrong and
// follows the path's key.
func ParseTarget(text string) (*Target, error) {
	t := &Target{Text: text}
	if len(text) > maxPath {
		return nil, fmt.Errorf("has %d bytes; allowed are up to %d", len(text), maxPath)
	}
	names, hash, err := readNames(text, text)
	if err != nil {
		return nil, err
	}
	if hash != "" {
		return nil, fmt.Errorf("is %q with #; that can be read and not changed", text)
	}
	written := partForm.FindAllString(text, -1)
	for i := range names {
		part, err := readPart(names[i], written[i], text)
		if err != nil {
			return nil, err
		}
		t.Parts = append(t.Parts, part)
		if i > 0 {
			t.library += "."
			t.removal += "."
		}
		if part.Forced {
			t.library += ":"
		}
		t.library += escapedName(part.Name)
		t.removal += ":" + escapedName(part.Name)
	}
	return t, nil
}

// readPart reads one part of a target, whose text begins as written does.
func readPart(name, written, text string) (Part, error) {
	part := Part{Name: name, Append: name == "-1"}
	if strings.HasPrefix(written, ":") {
		part = Part{Name: name[1:], Forced: true}
	}
	if part.Name == "" {
		return part, fmt.Errorf("is %q with an empty name; allowed is a path such as data.currency", text)
	}
	if strings.ContainsAny(part.Name, `"`) {
		return part, fmt.Errorf("is %q with a quote; names with quotes cannot be changed", text)
	}
	if isIndex(part.Name) && (len(part.Name) > maxIndexDigits || indexOf(part.Name) > maxNewIndex) {
		return part, fmt.Errorf("is %q with the number %s; allowed are numbers from 0 to %d", text, part.Name, maxNewIndex)
	}
	return part, nil
}

// escapedName is a name with a backslash before each sign that a path may not have unescaped.
func escapedName(name string) string {
	text := ""
	for at, r := range name {
		if !plainInPath(r) || (at == 0 && r == ':') {
			text += `\`
		}
		text += string(r)
	}
	return text
}

// Set puts value, which is JSON text, at a target and answers the new document; the one given stays as it is. What is missing
// on the way is made: an object, or an array where an index or -1 follows. The error says that the target leads through
// something that is neither object nor array, or through an array by a name.
func Set(document []byte, target *Target, value []byte) ([]byte, error) {
	if _, err := way(document, target); err != nil {
		return nil, err
	}
	return set(document, target, value)
}

// Delete takes away what stands at a target and answers the new document, or the one given where nothing stands there. A
// target with -1 names nothing that stands.
func Delete(document []byte, target *Target) ([]byte, error) {
	if there, err := way(document, target); err != nil || !there {
		return document, nil //nolint:nilerr // where there is no way nothing stands
	}
	return remove(document, target)
}

// way tells whether something stands at a target, and refuses one that leads nowhere.
func way(document []byte, target *Target) (bool, error) {
	at := json.RawMessage(document)
	for i := range target.Parts {
		part := target.Parts[i]
		if len(at) == 0 || (at[0] != '{' && at[0] != '[') {
			return false, errNoWay
		}
		next, there := step(at, part.Name)
		if !there && at[0] == '[' && !part.Append && (part.Forced || !isIndex(part.Name)) {
			return false, errNoWay
		}
		if !there {
			return false, nil
		}
		at = next
	}
	return true, nil
}
