package interpretable

import (
	"go/ast"
	"go/token"
	"go/types"
)

// namedResults finds results with a name that a function reads, or answers, before it has surely set them: they begin with
// what the last call answered where a loop calls the function again.
func (c *checker) namedResults(signature *ast.FuncType, body *ast.BlockStmt) {
	if signature.Results == nil || body == nil {
		return
	}
	r := &resultReader{c: c, named: map[types.Object]bool{}, set: map[types.Object]bool{}, told: map[types.Object]bool{}}
	for _, field := range signature.Results.List {
		for _, name := range field.Names {
			if object := c.pkg.TypesInfo.Defs[name]; object != nil && name.Name != "_" {
				r.named[object] = true
				r.order = append(r.order, object)
			}
		}
	}
	if len(r.named) == 0 {
		return
	}
	for _, statement := range body.List {
		before := map[types.Object]bool{}
		for object := range r.set {
			before[object] = true
		}
		r.read(statement)
		switch statement.(type) {
		case *ast.AssignStmt, *ast.BlockStmt:
		default:
			r.set = before // what is set in a branch or a loop may not be
		}
	}
}

// resultReader walks over a function's statements in order.
type resultReader struct {
	c     *checker
	named map[types.Object]bool
	order []types.Object
	set   map[types.Object]bool
	told  map[types.Object]bool
}

func (r *resultReader) read(node ast.Node) {
	ast.Inspect(node, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncLit:
			return false // it runs later, mostly deferred
		case *ast.AssignStmt:
			for _, value := range node.Rhs {
				r.read(value)
			}
			for _, target := range node.Lhs {
				r.write(target, node.Tok)
			}
			return false
		case *ast.ReturnStmt:
			if len(node.Results) == 0 {
				for _, object := range r.order {
					r.use(object, node.Pos())
				}
			}
		case *ast.Ident:
			r.use(r.c.pkg.TypesInfo.Uses[node], node.Pos())
		}
		return true
	})
}

// write notes what an assignment sets. Who sets a field is taken to set them all: nothing here tells which are missing.
func (r *resultReader) write(target ast.Expr, with token.Token) {
	if field, is := target.(*ast.SelectorExpr); is {
		target = field.X
	}
	name, is := target.(*ast.Ident)
	if !is {
		r.read(target)
		return
	}
	object := r.c.pkg.TypesInfo.Uses[name]
	if object == nil || !r.named[object] {
		return
	}
	if with != token.ASSIGN && with != token.DEFINE {
		r.use(object, name.Pos())
	}
	r.set[object] = true
}

func (r *resultReader) use(object types.Object, at token.Pos) {
	if object == nil || !r.named[object] || r.set[object] || r.told[object] {
		return
	}
	r.told[object] = true
	r.c.report(at, "Named results", "%s is read before it is surely set", object.Name())
}
