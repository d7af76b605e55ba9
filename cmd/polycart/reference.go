package main

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/plugin"
)

// reference makes the configuration reference: the keys and types from the plugin's Config, what they mean from its
// comments, the defaults from CreateConfig, and the demo's configuration as an example.
func reference(checkout string) (string, error) {
	comments, err := configComments(filepath.Join(checkout, "plugin"))
	if err != nil {
		return "", err
	}
	text := &strings.Builder{}
	text.WriteString(referenceHead)
	r := referenceWriter{text: text, comments: comments}
	r.section("", reflect.TypeFor[plugin.Config](), reflect.ValueOf(*plugin.CreateConfig()))
	if r.err != nil {
		return "", r.err
	}
	r.dialects()
	example, err := placedDynamic(checkout, "/etc/traefik", "/var/lib/polycart", "http://shop.internal:8080")
	if err != nil {
		return "", err
	}
	fmt.Fprintf(text, "\n## A complete example\n\nThis is the demo's dynamic configuration (`%s/%s`).\n\n```yaml\n%s```\n", demoFolder, demoDynamic, example)
	return text.String(), nil
}

const referenceHead = `# Configuration

<!-- Written by ` + "`make docs`" + ` from the comments in plugin/config.go. Change those, not this file. -->

Traefik announces the plugin in its static configuration:

` + "```yaml" + `
experimental:
  localPlugins: # the checkout is in plugins-local/src/github.com/polycart/polycart
    polycart:
      moduleName: github.com/polycart/polycart
` + "```" + `

and a middleware of the dynamic configuration uses it. The keys below stand under ` + "`http.middlewares.<name>.plugin.polycart`" + `;
upper and lower case in keys do not matter. Durations are Go durations such as ` + "`30s`, `15m` or `720h`" + `.
Traefik ignores a key that it does not know without a word, and answers 404 where a value is refused, so let
` + "`go run ./cmd/polycart check FILE…`" + ` read a configuration before Traefik does: it names every fault with its line.

`

// configComments are the comments of the types of package plugin and of their fields, by "Type" and "Type.Field".
func configComments(folder string) (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, "config.go"), nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("reading the comments of the configuration: %w", err)
	}
	comments := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		declared, is := node.(*ast.GenDecl)
		if !is || declared.Tok != token.TYPE {
			return true
		}
		for _, spec := range declared.Specs {
			named := spec.(*ast.TypeSpec)
			comments[named.Name.Name] = plainText(declared.Doc.Text())
			structure, is := named.Type.(*ast.StructType)
			if !is {
				continue
			}
			for _, field := range structure.Fields.List {
				for _, name := range field.Names {
					comments[named.Name.Name+"."+name.Name] = plainText(field.Doc.Text())
				}
			}
		}
		return true
	})
	return comments, nil
}

// plainText is a comment on one line.
func plainText(text string) string {
	parsed := (&comment.Parser{}).Parse(text)
	return strings.Join(strings.Fields(string((&comment.Printer{TextWidth: -1}).Text(parsed))), " ")
}

// referenceWriter writes the sections of the reference.
type referenceWriter struct {
	text     *strings.Builder
	comments map[string]string
	err      error
}

// section writes the table of a struct, then the sections of the structs in it. defaults is its value in CreateConfig,
// or the zero Value where there is none, as in a list.
func (r *referenceWriter) section(path string, of reflect.Type, defaults reflect.Value) {
	title := "`" + path + "`"
	if path == "" {
		title = "The middleware"
	}
	fmt.Fprintf(r.text, "## %s\n\n%s\n\n| key | type | default | meaning |\n|---|---|---|---|\n", title, escaped(r.opening(of)))
	for i := range of.NumField() {
		field := of.Field(i)
		standard := "–"
		if defaults.IsValid() {
			standard = defaultWords(defaults.Field(i))
		}
		meaning := escaped(inKeys(r.comment(of.Name()+"."+field.Name), of))
		if nested := structWithin(field.Type); nested != nil {
			meaning += " See [" + escaped(nestedPath(path, field)) + "](#" + anchor(nestedPath(path, field)) + ")."
		}
		fmt.Fprintf(r.text, "| `%s` | %s | %s | %s |\n", keyName(field), typeWords(field.Type), standard, meaning)
	}
	r.text.WriteString("\n")
	for i := range of.NumField() {
		field := of.Field(i)
		nested := structWithin(field.Type)
		if nested == nil {
			continue
		}
		within := reflect.Value{}
		if field.Type.Kind() == reflect.Struct && defaults.IsValid() {
			within = defaults.Field(i)
		}
		r.section(nestedPath(path, field), nested, within)
	}
}

// opening answers the comment of a type without its subject: "Catalog is where products come from" is "Where products
// come from".
func (r *referenceWriter) opening(of reflect.Type) string {
	text := inKeys(r.comment(of.Name()), of)
	rest, found := strings.CutPrefix(text, of.Name()+" is ")
	if !found {
		rest, found = strings.CutPrefix(text, of.Name()+" ")
	}
	if !found {
		return text
	}
	return strings.ToUpper(rest[:1]) + rest[1:]
}

// comment answers the comment of a type or of a field.
func (r *referenceWriter) comment(name string) string {
	text := r.comments[name]
	if text == "" {
		r.err = fmt.Errorf("plugin/config.go: %s has no comment", name)
	}
	return text
}

// inKeys writes the names of fields that stand in a comment as the keys of a configuration file.
func inKeys(text string, of reflect.Type) string {
	words := strings.Split(text, " ")
	for i, word := range words {
		bare := strings.TrimRight(word, ".,:;")
		if field, is := of.FieldByName(bare); is {
			words[i] = "`" + keyName(field) + "`" + word[len(bare):]
		}
	}
	return strings.Join(words, " ")
}

// dialects writes the settings that each dialect has of its own.
func (r *referenceWriter) dialects() {
	r.text.WriteString("## Dialects and their options\n\n| dialect | option | default | allowed | meaning |\n|---|---|---|---|---|\n")
	for _, adapter := range adapters.All() {
		if len(adapter.Options) == 0 {
			fmt.Fprintf(r.text, "| `%s` | – | – | – | It has no options. |\n", adapter.Name)
		}
		for _, option := range adapter.Options {
			allowed := "a whole number from 1"
			if option.Fits != nil {
				allowed = option.Form
			}
			if option.Allowed != nil {
				allowed = "`" + strings.Join(option.Allowed, "`, `") + "`"
			}
			value := "–"
			if option.Default != "" {
				value = "`" + option.Default + "`"
			}
			fmt.Fprintf(r.text, "| `%s` | `%s` | %s | %s | %s |\n", adapter.Name, option.Name, value, escaped(allowed), escaped(option.Doc))
		}
	}
}

// structWithin answers the struct that a field holds, by itself or in a list or a table, or nil.
func structWithin(of reflect.Type) reflect.Type {
	if of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
		of = of.Elem()
	}
	if of.Kind() == reflect.Struct {
		return of
	}
	return nil
}

// nestedPath is the key path of what a field holds: tenants[] for a list, dialects.<name> for a table.
func nestedPath(path string, field reflect.StructField) string {
	key := join(path, keyName(field))
	switch field.Type.Kind() {
	case reflect.Slice:
		return key + "[]"
	case reflect.Map:
		return key + ".<name>"
	}
	return key
}

// anchor is how a Markdown reader names the heading of a key path.
func anchor(path string) string {
	return strings.Map(func(letter rune) rune {
		if strings.ContainsRune(".[]<>`", letter) {
			return -1
		}
		return letter
	}, strings.ToLower(path))
}

// typeWords is a type in the words of YAML.
func typeWords(of reflect.Type) string {
	switch of.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "whole number"
	case reflect.Slice:
		return "list of " + strings.Replace(typeWords(of.Elem()), "table", "tables", 1)
	case reflect.Map:
		return "table by name"
	}
	return "table"
}

// defaultWords is a default as YAML writes it.
func defaultWords(value reflect.Value) string {
	switch value.Kind() {
	case reflect.String:
		if value.Len() == 0 {
			return "–"
		}
		return "`" + value.String() + "`"
	case reflect.Bool, reflect.Int, reflect.Int64:
		return fmt.Sprintf("`%v`", value.Interface())
	}
	return "–"
}

// escaped is text that Markdown shows as it stands, also in a table.
func escaped(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;", ">", "&gt;").Replace(text)
}
