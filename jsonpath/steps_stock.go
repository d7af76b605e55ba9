//go:build !compiled

package jsonpath

import (
	"bytes"
	"encoding/json"
)

// These functions are the seam of paths: the compiled edition asks gjson and sjson instead. Values have no blanks around them.

// member answers the member of an object.
func member(object json.RawMessage, name string) (json.RawMessage, bool) {
	members := map[string]json.RawMessage{}
	if json.Unmarshal(object, &members) != nil {
		return nil, false
	}
	value, there := members[name]
	return value, there
}

// entry answers an entry of an array.
func entry(array json.RawMessage, index int) (json.RawMessage, bool) {
	all := entries(array)
	if index < 0 || index >= len(all) {
		return nil, false
	}
	return all[index], true
}

// entries answers the entries of an array.
func entries(array json.RawMessage) []json.RawMessage {
	all := []json.RawMessage{}
	if json.Unmarshal(array, &all) != nil {
		return nil
	}
	return all
}

// set puts value at a target that leads through objects and arrays only, in a document without blanks.
func set(document []byte, target *Target, value []byte) ([]byte, error) {
	return placed(document, target.Parts, value), nil
}

// remove takes away what stands at a target, which is there, in a document without blanks.
func remove(document []byte, target *Target) ([]byte, error) {
	start, end := span(document, target.Parts)
	before, after := document[:start], document[end:]
	last := before[len(before)-1]
	if last == ':' { // the name goes too
		before = document[:nameAt(document, target.Parts)]
		last = before[len(before)-1]
	}
	if last == ',' {
		before = before[:len(before)-1]
	} else if after[0] == ',' {
		after = after[1:]
	}
	return joined(before, nil, after), nil
}

// placed is a document with value at parts.
func placed(document []byte, parts []Part, value []byte) []byte {
	start, _, end, there := find(document, parts[0].Name)
	if there && len(parts) > 1 {
		return joined(document[:start], placed(document[start:end], parts[1:], value), document[end:])
	}
	if there {
		return joined(document[:start], value, document[end:])
	}
	return appended(document, parts, value)
}

// appended is an object or array with a new member or entry at its end; what is missing of an array before it is null.
func appended(document []byte, parts []Part, value []byte) []byte {
	open := document[:len(document)-1]
	held := 0
	if document[0] == '[' {
		held = len(entries(document))
	}
	made := built(document[0] == '[', held, parts, value)
	if len(document) > 2 {
		made = append([]byte{','}, made...)
	}
	return joined(open, made, document[len(document)-1:])
}

// built is the text of a new member, or of a new entry and the nulls before it in an array that has held entries.
func built(inArray bool, held int, parts []Part, value []byte) []byte {
	text := []byte{}
	if inArray {
		for index := held; !parts[0].Append && index < indexOf(parts[0].Name); index++ {
			text = append(text, "null,"...)
		}
	} else {
		text = append(quotedName(parts[0].Name), ':')
	}
	if len(parts) == 1 {
		return append(text, value...)
	}
	if parts[1].Append || (isIndex(parts[1].Name) && !parts[1].Forced) {
		text = append(text, '[')
		text = append(text, built(true, 0, parts[1:], value)...)
		return append(text, ']')
	}
	text = append(text, '{')
	text = append(text, built(false, 0, parts[1:], value)...)
	return append(text, '}')
}

// span answers where the value at parts, which is there, begins and ends.
func span(document []byte, parts []Part) (start, end int) {
	start = 0 // one by one (docs/interpreter.md: assignments of several values)
	end = len(document)
	for i := range parts {
		from, _, to, _ := find(document[start:end], parts[i].Name)
		end = start + to
		start += from
	}
	return start, end
}

// nameAt answers where the name of the member at parts, which is there, begins.
func nameAt(document []byte, parts []Part) int {
	start, end := span(document, parts[:len(parts)-1])
	_, name, _, _ := find(document[start:end], parts[len(parts)-1].Name)
	return start + name
}

// find answers where the value of a name in an object, or of an index in an array, begins and ends, and where its name begins.
func find(document []byte, wanted string) (start, name, end int, there bool) {
	start, name, end, there = 0, 0, 0, false // said, because a result does not begin as zero (docs/interpreter.md: named results)
	reader := json.NewDecoder(bytes.NewReader(document))
	if _, err := reader.Token(); err != nil {
		return start, name, end, there
	}
	index := indexOf(wanted)
	for at := 0; reader.More(); at++ {
		given := ""
		name = int(reader.InputOffset())
		if at > 0 {
			name++ // the comma
		}
		if document[0] == '{' {
			token, _ := reader.Token()
			given, _ = token.(string)
		}
		value := json.RawMessage{}
		if reader.Decode(&value) != nil {
			return start, name, end, there
		}
		if (document[0] == '{' && given == wanted) || (document[0] == '[' && isIndex(wanted) && at == index) {
			end = int(reader.InputOffset())
			start = end - len(value)
			there = true
			return start, name, end, there
		}
	}
	return start, name, end, there
}

// joined is three texts in one of its own.
func joined(before, between, after []byte) []byte {
	text := make([]byte, 0, len(before)+len(between)+len(after))
	text = append(text, before...)
	text = append(text, between...)
	return append(text, after...)
}

// quotedName is a name as sjson writes it: only one that needs it is escaped, and then as encoding/json does.
func quotedName(name string) []byte {
	plain := true
	for i := 0; i < len(name); i++ {
		if c := name[i]; c < ' ' || c > 0x7f || c == '"' || c == '\\' {
			plain = false
		}
	}
	if plain {
		return []byte(`"` + name + `"`)
	}
	text, err := json.Marshal(name)
	if err != nil {
		return []byte(`""`) // json.Marshal of a string has no error to give
	}
	return text
}
