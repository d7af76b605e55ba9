package main

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlLine is where the YAML reader says what is wrong.
var yamlLine = regexp.MustCompile(`line (\d+): `)

// maxAlias bounds how deep aliases and tables may stand in each other: a configuration has some ten levels.
const maxAlias = 100

// readYAML reads the first document of a YAML file; Traefik reads no further.
func readYAML(content []byte) (*value, *fault) {
	root := yaml.Node{}
	err := yaml.NewDecoder(bytes.NewReader(content)).Decode(&root)
	if errors.Is(err, io.EOF) {
		return &value{line: 1, kind: kindTable}, nil
	}
	if err == nil {
		// The tree alone would pass with a key that stands twice.
		err = root.Decode(&map[string]any{})
	}
	if err != nil {
		return nil, yamlFault(err)
	}
	return yamlValue(root.Content[0], 0)
}

// yamlFault takes the line out of the reader's words.
func yamlFault(err error) *fault {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	first, _, _ := strings.Cut(text, "\n")
	line := 0
	if found := yamlLine.FindStringSubmatch(first); found != nil {
		line, _ = strconv.Atoi(found[1]) // digits, by the pattern
		first = strings.Replace(first, found[0], "", 1)
	}
	return &fault{line, "the file is not YAML: " + first}
}

func yamlValue(node *yaml.Node, depth int) (*value, *fault) {
	if depth > maxAlias {
		return nil, &fault{node.Line, "tables and aliases stand in each other too deep"}
	}
	v := &value{line: node.Line}
	switch node.Kind {
	case yaml.AliasNode:
		aliased, wrong := yamlValue(node.Alias, depth+1)
		if wrong != nil {
			return nil, wrong
		}
		copied := *aliased
		copied.line = node.Line
		return &copied, nil
	case yaml.SequenceNode:
		v.kind = kindList
		for _, item := range node.Content {
			child, wrong := yamlValue(item, depth+1)
			if wrong != nil {
				return nil, wrong
			}
			v.items = append(v.items, child)
		}
	case yaml.MappingNode:
		return yamlTable(node, depth)
	default:
		return yamlScalar(node)
	}
	return v, nil
}

// yamlTable reads a mapping. What is merged into it with << stands behind its own keys, which win.
func yamlTable(node *yaml.Node, depth int) (*value, *fault) {
	v := &value{line: node.Line, kind: kindTable}
	merged := []entry{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		child, wrong := yamlValue(node.Content[i+1], depth+1)
		if wrong != nil {
			return nil, wrong
		}
		if key.Tag == "!!merge" {
			for _, from := range append([]*value{child}, child.items...) {
				merged = append(merged, from.entries...)
			}
			continue
		}
		v.entries = append(v.entries, entry{key.Value, key.Line, child})
	}
	for _, more := range merged {
		if v.child(more.key) == nil {
			v.entries = append(v.entries, more)
		}
	}
	return v, nil
}

func yamlScalar(node *yaml.Node) (*value, *fault) {
	v := &value{line: node.Line, kind: kindScalar, written: node.Value}
	var decoded any
	if err := node.Decode(&decoded); err != nil {
		return nil, yamlFault(err)
	}
	switch decoded := decoded.(type) {
	case nil:
		v.kind = kindNull
	case string:
		v.text = decoded
	case bool:
		v.text = strconv.FormatBool(decoded)
	case int:
		v.text = strconv.Itoa(decoded)
	case int64:
		v.text = strconv.FormatInt(decoded, 10)
	case uint64:
		v.text = strconv.FormatUint(decoded, 10)
	case float64:
		v.text = floatText(decoded)
	default:
		v.kind = kindDate
	}
	return v, nil
}

// floatText prints a number as Traefik does before a plugin sees it (github.com/traefik/paerser, getSimpleValue).
func floatText(number float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(number, 'f', 6, 64), ".000000")
}
