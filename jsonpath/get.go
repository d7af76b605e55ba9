package jsonpath

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Get answers the JSON text at path in a document, without blanks around it, and whether it is there.
func Get(document []byte, path *Path) (json.RawMessage, bool) {
	at, there := down(bytes.TrimSpace(document), path.Names)
	if !there || path.Hash == HashNone {
		return at, there
	}
	if at[0] != '[' {
		return nil, false
	}
	return gather(entries(at), path)
}

// down goes down names from the value at.
func down(at json.RawMessage, names []string) (json.RawMessage, bool) {
	for i := range names {
		next, there := step(at, names[i])
		if !there {
			return nil, false
		}
		at = next
	}
	return at, len(at) > 0
}

// step goes from a value to its member or entry of a name.
func step(at json.RawMessage, name string) (json.RawMessage, bool) {
	if len(at) == 0 {
		return nil, false
	}
	if at[0] == '{' {
		return member(at, name)
	}
	if at[0] == '[' && isIndex(name) {
		return entry(at, indexOf(name))
	}
	return nil, false
}

// gather does what the path's hash says with the entries of an array.
func gather(all []json.RawMessage, path *Path) (json.RawMessage, bool) {
	if path.Hash == HashCount {
		return json.RawMessage(strconv.Itoa(len(all))), true
	}
	found := [][]byte{}
	for i := range all {
		if path.Hash != HashEach && !fits(all[i], path) {
			continue
		}
		value, there := down(all[i], path.Rest)
		if path.Hash == HashFirst {
			return value, there
		}
		if there {
			found = append(found, value)
		}
	}
	if path.Hash == HashFirst {
		return nil, false
	}
	text := append([]byte{'['}, bytes.Join(found, []byte{','})...)
	text = append(text, ']')
	return text, true
}

// fits tells whether the query of a path takes an entry: only a text is equal to a text.
func fits(one json.RawMessage, path *Path) bool {
	value, there := down(one, path.Field)
	text := ""
	return there && value[0] == '"' && json.Unmarshal(value, &text) == nil && text == path.Equals
}
