package ext

import (
	"reflect"

	"github.com/traefik/yaegi/stdlib"

	"github.com/polycart/polycart/plugin"
)

// init puts the plugin among the packages that the interpreter has natively: those it takes before it reads any source.
// The key is the import path and the name of the package.
func init() {
	stdlib.Symbols["github.com/polycart/polycart/plugin/plugin"] = map[string]reflect.Value{
		"Config":       reflect.ValueOf((*plugin.Config)(nil)),
		"CreateConfig": reflect.ValueOf(plugin.CreateConfig),
		"New":          reflect.ValueOf(plugin.New),
	}
}
