// Package jsonpath finds, sets and removes what stands at a path in JSON text. Paths are those of gjson, and for changes those
// of sjson, in a subset that both editions read alike: the compiled one asks these libraries, the stock one encoding/json.
//
// A document is valid JSON in UTF-8 in which the names of an object differ; a document to change has no blanks between its
// values besides. No value is decoded: a number stays the text that it was.
package jsonpath

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Path is where in a document something stands.
type Path struct {
	Text   string   // as configured
	Names  []string // names and indexes, unescaped, from the top
	Hash   Hash
	Field  []string // of a query: the names of what must be equal to Equals
	Equals string   // of a query: the text
	Rest   []string // names and indexes after the hash, in each entry
}

// Hash is what a path does with the array that its names lead to.
type Hash int

// The hashes. Add only at the end.
const (
	HashNone  Hash = iota // nothing: the path has none
	HashCount             // #: the number of entries
	HashEach              // #.rest: what stands at the rest in each entry, where it does
	HashFirst             // #(field=="text"): the first entry whose field is the text
	HashAll               // #(field=="text")#: every such entry
)

const (
	// maxPath bounds a path, in bytes; "https://shop.example/claims/customer.id" needs 40.
	maxPath = 255
	// maxIndexDigits bounds what can be an index, so that it fits into an integer of any machine.
	maxIndexDigits = 9
)

// pathSigns are the ASCII characters besides letters and digits that a path may have unescaped. All others may mean
// something in a path of gjson or sjson, so there they need a backslash.
const pathSigns = "_-:/ ,;~+$"

// hashForm is a hash with its query. The text of a query holds no escapes; gjson gives one that begins with ~ a meaning.
var hashForm = regexp.MustCompile(`^#(?:\(([^()=]+)=="((?:[^"\\\pC~][^"\\\pC]*)?)"\)(#?))?`)

// Parse reads a path to be looked up: names and indexes joined by dots, with a backslash before a dot or sign that belongs to
// a name, and at most one of #, #(field=="text") and #(field=="text")#. The error says what is wrong and follows the path's key.
func Parse(text string) (*Path, error) {
	p := &Path{Text: text}
	if len(text) > maxPath {
		return nil, fmt.Errorf("has %d bytes; allowed are up to %d", len(text), maxPath)
	}
	names, hash, err := readNames(text, text)
	if err != nil {
		return nil, err
	}
	p.Names = names
	if hash == "" {
		return p, nil
	}
	found := hashForm.FindStringSubmatch(hash)
	rest, dotted := strings.CutPrefix(hash[len(found[0]):], ".")
	if rest != "" && !dotted {
		return nil, fmt.Errorf(`is %q; allowed after a name is #, #(field=="text") or #(field=="text")#, and then a dot`, text)
	}
	p.Hash = hashOf(found, dotted)
	if found[1] != "" {
		p.Equals = found[2]
		if p.Field, err = plainNames(found[1], text); err != nil {
			return nil, err
		}
	}
	if dotted {
		p.Rest, err = plainNames(rest, text)
	}
	return p, err
}

// hashOf tells what a hash does, from the parts of hashForm.
func hashOf(found []string, dotted bool) Hash {
	if found[1] == "" && dotted {
		return HashEach
	}
	if found[1] == "" {
		return HashCount
	}
	if found[3] == "#" {
		return HashAll
	}
	return HashFirst
}

// plainNames reads the part of a path that can have no hash.
func plainNames(part, text string) ([]string, error) {
	names, hash, err := readNames(part, text)
	if err == nil && hash != "" {
		err = fmt.Errorf("is %q with more than one #; one is allowed", text)
	}
	if err == nil && strings.TrimSpace(part) != part {
		err = fmt.Errorf("is %q with a blank beside a sign; none is allowed there", text)
	}
	return names, err
}

// readNames reads names joined by dots, up to a name that begins with #, which it answers with all that follows. text is the
// whole path, for errors.
func readNames(part, text string) (names []string, hash string, err error) {
	names = []string{} // said, because a result does not begin as zero (docs/interpreter.md: named results)
	hash = ""
	err = nil
	if !utf8.ValidString(text) {
		return nil, "", fmt.Errorf("is %q, which is not UTF-8", text)
	}
	name, escaped, begun := "", false, false
	for at, r := range part {
		if escaped {
			name += string(r)
			escaped = false
		} else if r == '\\' {
			escaped = true
			begun = true
		} else if r == '.' {
			names = append(names, name)
			name, begun = "", false
		} else if r == '#' && !begun {
			return names, part[at:], checkNames(names, text)
		} else if plainInPath(r) {
			name += string(r)
			begun = true
		} else {
			return nil, "", fmt.Errorf("is %q with %q; allowed is a path such as customer.id, with a backslash before any other sign", text, string(r))
		}
	}
	if escaped {
		return nil, "", fmt.Errorf("is %q, which ends in a backslash; allowed is a path such as customer.id", text)
	}
	names = append(names, name)
	return names, "", checkNames(names, text)
}

func checkNames(names []string, text string) error {
	for i := range names {
		if names[i] == "" {
			return fmt.Errorf("is %q with an empty name; allowed is a path such as customer.id", text)
		}
		if isIndex(names[i]) && len(names[i]) > maxIndexDigits {
			return fmt.Errorf("is %q with the number %s; allowed are numbers of up to %d digits", text, names[i], maxIndexDigits)
		}
	}
	return nil
}

// plainInPath says whether a path may have r unescaped.
func plainInPath(r rune) bool {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r > 0x7f {
		return true
	}
	return strings.ContainsRune(pathSigns, r)
}

// isIndex says whether a name can be an index: it has digits only.
func isIndex(name string) bool { return name != "" && strings.Trim(name, "0123456789") == "" }

// indexOf is a name as an index, -1 where it is none.
func indexOf(name string) int {
	index, err := strconv.ParseUint(name, 10, 31)
	if err != nil {
		return -1
	}
	return int(index)
}
