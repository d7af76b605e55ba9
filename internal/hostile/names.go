package hostile

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"unicode"
)

// modelled are the rooms whose structs hold what a client must not set: the canonical cart, the dialects' wire structs, and
// the catalogue's items.
var modelled = []string{"cartcore", "adapters", "catalog"}

// Names are the names by which a client might reach a field of the shop's: for every field of every struct in the modelled
// rooms its name in Go and in JSON, in upper and lower case at its head, and each behind the X by which encoding/json in the
// interpreter sees an unexported field (docs/interpreter.md: wire structs). root is the checkout.
func Names(root string) ([]string, error) {
	found := map[string]bool{}
	for _, room := range modelled {
		files, err := filepath.Glob(filepath.Join(root, room, "*.go"))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("listing the files of %s: %v", room, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, fmt.Errorf("reading the structs of %s: %w", room, err)
			}
			ast.Inspect(file, func(node ast.Node) bool {
				if made, is := node.(*ast.StructType); is {
					namesOf(made, found)
				}
				return true
			})
		}
	}
	all := []string{}
	for name := range found {
		all = append(all, name)
	}
	sort.Strings(all)
	return all, nil
}

func namesOf(made *ast.StructType, found map[string]bool) {
	for _, field := range made.Fields.List {
		for _, name := range field.Names {
			spell(name.Name, found)
		}
		if field.Tag == nil {
			continue
		}
		text, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			continue // the compiler has accepted it
		}
		tag, _, _ := strings.Cut(reflect.StructTag(text).Get("json"), ",")
		if tag != "" && tag != "-" {
			spell(tag, found)
		}
	}
}

func spell(name string, found map[string]bool) {
	head, rest := []rune(name)[:1], string([]rune(name)[1:])
	for _, spelled := range []string{name, string(unicode.ToLower(head[0])) + rest, string(unicode.ToUpper(head[0])) + rest, strings.ToLower(name)} {
		found[spelled] = true
		found["X"+spelled] = true
	}
}
