package interpretable

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"path/filepath"
	"strings"
)

// hiddenFiles looks at the files that an ordinary build leaves out. Those of the compiled edition must be hidden from the
// interpreter too, and only they may import what is not in the standard library.
func (c *checker) hiddenFiles() error {
	for _, name := range c.pkg.IgnoredFiles {
		if filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(c.pkg.Fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("reading a file that is left out: %w", err)
		}
		if !c.hidden(file) {
			c.imports(file) // the interpreter reads it
			continue
		}
		for _, spec := range file.Imports {
			if imported := strings.Trim(spec.Path.Value, `"`); strings.HasPrefix(imported, Module+"/") {
				c.downwards(spec, imported)
			}
		}
	}
	return nil
}

// hidden says whether the interpreter leaves file out, and reports a file that is hidden from the compiler alone.
func (c *checker) hidden(file *ast.File) bool {
	newForm, oldForm := false, false
	for _, group := range file.Comments {
		if group.Pos() > file.Package {
			break
		}
		for _, line := range group.List {
			expression, err := constraint.Parse(line.Text)
			if err != nil || expression.Eval(func(string) bool { return false }) {
				continue // no constraint, or one that an interpreter without tags fulfils
			}
			if constraint.IsPlusBuild(line.Text) {
				oldForm = true
			} else {
				newForm = true
			}
		}
	}
	if newForm && !oldForm {
		c.report(file.Package, "Build constraints", "the interpreter reads only // +build")
	}
	return oldForm
}
