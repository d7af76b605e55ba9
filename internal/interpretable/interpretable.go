// Package interpretable finds Go that Traefik's interpreter does not load or runs differently. Each finding names its rule
// in docs/interpreter.md.
package interpretable

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"reflect"
	"sort"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Module is the module whose rooms are interpreted.
const Module = "github.com/polycart/polycart"

// Rooms are the interpreted packages, each with the rooms it may import: data flows one way, and imports go downwards only.
var Rooms = map[string][]string{
	"cartcore": {},
	"jsonpath": {},
	"catalog":  {"cartcore", "jsonpath"},
	"store":    {"cartcore"},
	"identity": {"cartcore", "jsonpath"},
	"adapters": {"cartcore"},
	"ucp":      {"cartcore"},
	"plugin":   {"adapters", "catalog", "store", "identity", "cartcore", "jsonpath", "ucp"},
}

// Finding is one place that the interpreter does not take.
type Finding struct {
	Position string
	Rule     string // the heading in docs/interpreter.md
	Text     string
}

// Check looks through packages below folder, which patterns name as the go command does.
func Check(folder string, patterns ...string) ([]Finding, error) {
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps,
		Dir:  folder,
	}, patterns...)
	if err != nil {
		return nil, fmt.Errorf("loading the packages: %w", err)
	}
	found := []Finding{}
	for _, one := range loaded {
		if len(one.Errors) > 0 {
			return nil, fmt.Errorf("loading %s: %v", one.PkgPath, one.Errors[0])
		}
		c := &checker{pkg: one}
		for _, file := range one.Syntax {
			c.file(file)
		}
		if err := c.hiddenFiles(); err != nil {
			return nil, err
		}
		found = append(found, c.found...)
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Position < found[j].Position })
	return found, nil
}

type checker struct {
	pkg   *packages.Package
	found []Finding
}

func (c *checker) report(at token.Pos, rule, text string, args ...any) {
	c.found = append(c.found, Finding{c.pkg.Fset.Position(at).String(), rule, fmt.Sprintf(text, args...)})
}

func (c *checker) file(file *ast.File) {
	c.imports(file)
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			c.function(node)
			c.namedResults(node.Type, node.Body)
		case *ast.FuncLit:
			c.namedResults(node.Type, node.Body)
		case *ast.TypeSpec:
			if node.TypeParams != nil {
				c.report(node.Pos(), "Generics", "%s has type parameters", node.Name.Name)
			}
		case *ast.StructType:
			c.wire(node)
		case *ast.CallExpr:
			c.call(node)
		case *ast.RangeStmt:
			c.ranged(node)
			c.captured(node.Body, c.objects(node.Key, node.Value))
		case *ast.ForStmt:
			if init, is := node.Init.(*ast.AssignStmt); is {
				c.captured(node.Body, c.objects(init.Lhs...))
			}
		case *ast.DeferStmt:
			if len(node.Call.Args) > 0 {
				c.report(node.Pos(), "Deferred arguments", "defer with arguments evaluates them late")
			}
		case *ast.ReturnStmt:
			c.returned(node)
		case *ast.AssignStmt:
			c.assigned(node)
		case *ast.SelectStmt:
			c.report(node.Pos(), "select", "two goroutines at one select take each other's channels")
		case *ast.TypeSwitchStmt:
			c.typeSwitch(node)
		case *ast.ValueSpec:
			c.blank(node)
		}
		return true
	})
}

// imports allows the standard library and the rooms below.
func (c *checker) imports(file *ast.File) {
	for _, spec := range file.Imports {
		name := strings.Trim(spec.Path.Value, `"`)
		switch {
		case strings.HasPrefix(name, Module+"/"):
			c.downwards(spec, name)
		case outside(name):
			c.report(spec.Pos(), "Imports", "%s is not in the standard library", name)
		case name == "unsafe" || name == "syscall" || name == "embed" || name == "slices" || name == "maps" || name == "iter" || name == "reflect":
			c.report(spec.Pos(), "Imports", "%s is missing or does not work", name)
		}
	}
}

// downwards wants name, a package of ours, to be a room below this one.
func (c *checker) downwards(spec *ast.ImportSpec, name string) {
	room, below := path.Base(c.pkg.PkgPath), strings.TrimPrefix(name, Module+"/")
	for _, one := range Rooms[room] {
		if one == below {
			return
		}
	}
	c.report(spec.Pos(), "Imports", "%s may not import %s: imports go downwards only", room, below)
}

// outside says whether the package name is in a module other than the standard library: its first part is a host.
func outside(name string) bool {
	return strings.Contains(strings.Split(name, "/")[0], ".")
}

func (c *checker) function(node *ast.FuncDecl) {
	if node.Type.TypeParams != nil {
		c.report(node.Pos(), "Generics", "%s has type parameters", node.Name.Name)
	}
	if node.Recv == nil {
		return
	}
	switch node.Name.Name {
	case "MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "String", "GoString", "Format", "Is", "As", "Unwrap":
		c.report(node.Pos(), "Methods that native code calls", "native code does not see %s", node.Name.Name)
	}
}

// wire wants every struct that has a JSON tag to be exported and tagged throughout.
func (c *checker) wire(node *ast.StructType) {
	tagged := false
	for _, field := range node.Fields.List {
		tagged = tagged || field.Tag != nil && strings.Contains(field.Tag.Value, "json:")
	}
	if !tagged {
		return
	}
	for _, field := range node.Fields.List {
		if len(field.Names) == 0 {
			c.report(field.Pos(), "Wire structs", "an embedded struct is not flattened")
			continue
		}
		for _, name := range field.Names {
			if !name.IsExported() {
				c.report(name.Pos(), "Wire structs", "%s is not exported: JSON sees it as X%s", name.Name, name.Name)
			}
			if field.Tag == nil || reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json") == "" {
				c.report(name.Pos(), "Wire structs", "%s has no json tag", name.Name)
			}
		}
	}
}

func (c *checker) call(node *ast.CallExpr) {
	if name, is := node.Fun.(*ast.Ident); is {
		if name.Name == "append" && len(node.Args) > 1 {
			if value, is := node.Args[1].(*ast.Ident); is && value.Name == "nil" {
				c.report(node.Pos(), "append of nil", "it panics")
			}
		}
		if _, builtin := c.pkg.TypesInfo.Uses[name].(*types.Builtin); builtin && (name.Name == "min" || name.Name == "max" || name.Name == "clear") {
			c.report(node.Pos(), "Builtins", "%s is undefined", name.Name)
		}
	}
	function := c.callee(node)
	if function == nil {
		return
	}
	switch function.FullName() {
	case "errors.As":
		if target, is := c.pkg.TypesInfo.TypeOf(node.Args[1]).(*types.Pointer); is && ours(target.Elem()) {
			c.report(node.Pos(), "errors.As", "a target of our type panics")
		}
	case "context.WithValue":
		if named, is := c.pkg.TypesInfo.TypeOf(node.Args[1]).(*types.Named); is && ours(named) {
			c.report(node.Pos(), "Context keys", "keys of our types collide")
		}
	case "encoding/json.Marshal", "encoding/json.MarshalIndent", "(*encoding/json.Encoder).Encode":
		c.meetsJSON(node.Args[0])
	case "encoding/json.Unmarshal":
		c.meetsJSON(node.Args[1])
	case "(*encoding/json.Decoder).Decode":
		c.meetsJSON(node.Args[0])
	}
}

// meetsJSON looks for unexported fields in what is handed to encoding/json.
func (c *checker) meetsJSON(value ast.Expr) {
	if field := hidden(c.pkg.TypesInfo.TypeOf(value), map[types.Type]bool{}); field != "" {
		c.report(value.Pos(), "Wire structs", "JSON meets the unexported field %s, as X%s", field, field)
	}
}

// hidden names an unexported field of our own in t.
func hidden(t types.Type, seen map[types.Type]bool) string {
	if t == nil || seen[t] {
		return ""
	}
	seen[t] = true
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return hidden(u.Elem(), seen)
	case *types.Slice:
		return hidden(u.Elem(), seen)
	case *types.Array:
		return hidden(u.Elem(), seen)
	case *types.Map:
		return hidden(u.Elem(), seen)
	case *types.Struct:
		for i := 0; i < u.NumFields(); i++ {
			field := u.Field(i)
			if field.Pkg() == nil || !strings.HasPrefix(field.Pkg().Path(), Module) {
				return ""
			}
			if !field.Exported() {
				return field.Name()
			}
			if deeper := hidden(field.Type(), seen); deeper != "" {
				return deeper
			}
		}
	}
	return ""
}

func (c *checker) callee(node *ast.CallExpr) *types.Func {
	var name *ast.Ident
	switch fun := node.Fun.(type) {
	case *ast.Ident:
		name = fun
	case *ast.SelectorExpr:
		name = fun.Sel
	default:
		return nil
	}
	function, _ := c.pkg.TypesInfo.Uses[name].(*types.Func)
	return function
}

func ours(t types.Type) bool {
	if pointer, is := t.(*types.Pointer); is {
		t = pointer.Elem()
	}
	named, is := t.(*types.Named)
	return is && named.Obj().Pkg() != nil && strings.HasPrefix(named.Obj().Pkg().Path(), Module)
}

func (c *checker) ranged(node *ast.RangeStmt) {
	switch t := c.pkg.TypesInfo.TypeOf(node.X).Underlying().(type) {
	case *types.Signature:
		c.report(node.Pos(), "Range", "range over a function panics")
	case *types.Basic:
		if t.Info()&types.IsInteger != 0 {
			c.report(node.Pos(), "Range", "range over an integer panics")
		}
	}
}

func (c *checker) objects(names ...ast.Expr) map[types.Object]bool {
	all := map[types.Object]bool{}
	for _, expression := range names {
		if name, is := expression.(*ast.Ident); is && c.pkg.TypesInfo.Defs[name] != nil {
			all[c.pkg.TypesInfo.Defs[name]] = true
		}
	}
	return all
}

// captured finds closures in a loop's body that use the loop's variables.
func (c *checker) captured(body *ast.BlockStmt, variables map[types.Object]bool) {
	ast.Inspect(body, func(node ast.Node) bool {
		literal, is := node.(*ast.FuncLit)
		if !is {
			return true
		}
		ast.Inspect(literal.Body, func(inner ast.Node) bool {
			if name, is := inner.(*ast.Ident); is && variables[c.pkg.TypesInfo.Uses[name]] {
				c.report(name.Pos(), "Loop variables", "the closure shares %s with every turn of the loop", name.Name)
			}
			return true
		})
		return false
	})
}

func (c *checker) returned(node *ast.ReturnStmt) {
	if len(node.Results) < 2 {
		return
	}
	for _, result := range node.Results {
		call, is := result.(*ast.CallExpr)
		if !is {
			continue
		}
		if name, is := call.Fun.(*ast.Ident); is && name.Name == "append" {
			c.report(result.Pos(), "append among several results", "the result lands in another one's place")
		}
	}
}

// assigned finds a call beside something that is no call on the right of an assignment of several values.
func (c *checker) assigned(node *ast.AssignStmt) {
	calls := 0
	for _, value := range node.Rhs {
		if _, is := value.(*ast.CallExpr); is {
			calls++
		}
		if name, is := value.(*ast.Ident); is && name.Name == "nil" && len(node.Rhs) > 1 {
			c.report(node.Pos(), "nil among several", "it panics")
		}
	}
	if node.Tok == token.ASSIGN && calls > 0 {
		for _, place := range node.Lhs {
			if c.elsewhere(place) {
				c.report(place.Pos(), "Variables of another package", "the value of a call does not get there")
			}
		}
	}
	if node.Tok == token.ASSIGN && calls > 0 && calls < len(node.Rhs) {
		c.report(node.Pos(), "Assignments of several values", "the values beside a call are lost")
	}
}

// elsewhere tells whether a place is a variable of another package.
func (c *checker) elsewhere(place ast.Expr) bool {
	selector, is := place.(*ast.SelectorExpr)
	if !is {
		return false
	}
	variable, is := c.pkg.TypesInfo.Uses[selector.Sel].(*types.Var)
	return is && !variable.IsField() && variable.Pkg() != c.pkg.Types
}

func (c *checker) typeSwitch(node *ast.TypeSwitchStmt) {
	for _, clause := range node.Body.List {
		for _, expression := range clause.(*ast.CaseClause).List {
			if t := c.pkg.TypesInfo.TypeOf(expression); t != nil && ours(t) {
				if _, isInterface := t.Underlying().(*types.Interface); !isInterface {
					c.report(expression.Pos(), "Type switches", "a switch on our own concrete types takes one for another")
				}
			}
		}
	}
}

// blank finds a package variable declared beside a blank.
func (c *checker) blank(node *ast.ValueSpec) {
	if len(node.Names) < 2 {
		return
	}
	for _, name := range node.Names {
		if name.Name == "_" && c.pkg.Types.Scope().Lookup(node.Names[0].Name) == c.pkg.TypesInfo.Defs[node.Names[0]] {
			c.report(name.Pos(), "Package variables with a blank", "the variable may take another one's slot")
		}
	}
}
