package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// readTOML reads a TOML file.
func readTOML(content []byte) (*value, *fault) {
	// The tree below is read without judging it: keys that stand twice and the like show here.
	if err := toml.Unmarshal(content, &map[string]any{}); err != nil {
		wrong := &fault{0, "the file is not TOML: " + strings.TrimPrefix(err.Error(), "toml: ")}
		at := &toml.DecodeError{}
		if errors.As(err, &at) {
			wrong.line, _ = at.Position()
		}
		return nil, wrong
	}
	reader := tomlReader{}
	reader.parser.Reset(content)
	root := &value{line: 1, kind: kindTable}
	table := root
	for reader.parser.NextExpression() {
		expression := reader.parser.Expression()
		switch expression.Kind {
		case unstable.Table:
			table = reader.open(root, expression.Key(), false)
		case unstable.ArrayTable:
			table = reader.open(root, expression.Key(), true)
		case unstable.KeyValue:
			reader.set(table, expression)
		}
	}
	if err := reader.parser.Error(); err != nil {
		return nil, &fault{0, "the file is not TOML: " + err.Error()}
	}
	return root, nil
}

// tomlReader builds the tree of a file that is known to be good.
type tomlReader struct{ parser unstable.Parser }

// line is where node stands. An inline table or a list has no place of its own: it stands where its key does.
func (r *tomlReader) line(node *unstable.Node, otherwise int) int {
	if node.Raw.Length == 0 {
		return otherwise
	}
	return r.parser.Shape(node.Raw).Start.Line
}

// open answers the table that a dotted key names, and makes what is missing on the way. Where listed, the key names a list
// that gets one more table.
func (r *tomlReader) open(from *value, keys unstable.Iterator, listed bool) *value {
	at := from
	for keys.Next() {
		key, line := string(keys.Node().Data), r.line(keys.Node(), from.line)
		next := exactChild(at, key)
		if next == nil {
			next = &value{line: line, kind: kindTable}
			if listed && keys.IsLast() {
				next.kind = kindList
			}
			at.entries = append(at.entries, entry{key, line, next})
		}
		if next.kind == kindList {
			if listed && keys.IsLast() {
				next.items = append(next.items, &value{line: line, kind: kindTable})
			}
			next = next.items[len(next.items)-1]
		}
		at = next
	}
	return at
}

// exactChild answers what stands under key. TOML heeds the case.
func exactChild(v *value, key string) *value {
	for _, entry := range v.entries {
		if entry.key == key {
			return entry.value
		}
	}
	return nil
}

// set reads a key with its value into table.
func (r *tomlReader) set(table *value, expression *unstable.Node) {
	keys := expression.Key()
	for keys.Next() {
		key, line := string(keys.Node().Data), r.line(keys.Node(), table.line)
		if keys.IsLast() {
			table.entries = append(table.entries, entry{key, line, r.value(expression.Value(), line)})
			return
		}
		next := exactChild(table, key)
		if next == nil {
			next = &value{line: line, kind: kindTable}
			table.entries = append(table.entries, entry{key, line, next})
		}
		table = next
	}
}

// value reads a value; otherwise is its line where it has none of its own.
func (r *tomlReader) value(node *unstable.Node, otherwise int) *value {
	v := &value{line: r.line(node, otherwise), kind: kindScalar, text: string(node.Data), written: string(node.Data)}
	switch node.Kind {
	case unstable.Array:
		v.kind, v.text = kindList, ""
		items := node.Children()
		for items.Next() {
			if items.Node().Kind != unstable.Comment {
				v.items = append(v.items, r.value(items.Node(), v.line))
			}
		}
	case unstable.InlineTable:
		v.kind, v.text = kindTable, ""
		members := node.Children()
		for members.Next() {
			r.set(v, members.Node())
		}
	case unstable.Integer:
		// 0: the number may be decimal, hexadecimal, octal or binary, and may have underscores.
		if number, err := strconv.ParseInt(v.text, 0, 64); err == nil {
			v.text = strconv.FormatInt(number, 10)
		}
	case unstable.Float:
		if number, err := strconv.ParseFloat(strings.ReplaceAll(v.text, "_", ""), 64); err == nil {
			v.text = floatText(number)
		}
	case unstable.LocalDate, unstable.LocalTime, unstable.LocalDateTime, unstable.DateTime:
		v.kind = kindDate
	}
	return v
}
