package interpreter

import (
	"context"
	"fmt"
	"net/http"
	"reflect"

	"github.com/mitchellh/mapstructure"
	"github.com/traefik/yaegi/interp"
)

// Plugin is the plugin as an interpreter loaded it.
type Plugin struct {
	create, construct reflect.Value
}

// LoadPlugin loads the package that the manifest imports, as Traefik does.
func LoadPlugin(i *interp.Interpreter) (*Plugin, error) {
	if _, err := i.Eval(fmt.Sprintf("import %q", ModulePath+"/plugin")); err != nil {
		return nil, fmt.Errorf("importing the plugin: %w", err)
	}
	create, err := i.Eval("plugin.CreateConfig")
	if err != nil {
		return nil, fmt.Errorf("finding CreateConfig: %w", err)
	}
	construct, err := i.Eval("plugin.New")
	if err != nil {
		return nil, fmt.Errorf("finding New: %w", err)
	}
	return &Plugin{create: create, construct: construct}, nil
}

// New makes the handler of a middleware from its part of a dynamic file, decoding it as Traefik does.
func (p *Plugin) New(ctx context.Context, next http.Handler, from map[string]any, name string) (http.Handler, error) {
	config := p.create.Call(nil)[0]
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		DecodeHook: mapstructure.StringToSliceHookFunc(","), WeaklyTypedInput: true, Result: config.Interface(),
	})
	if err != nil {
		return nil, fmt.Errorf("preparing the configuration: %w", err)
	}
	if err := decoder.Decode(from); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	results := p.construct.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(next), config, reflect.ValueOf(name)})
	if fault := results[1].Interface(); fault != nil {
		return nil, fault.(error)
	}
	return results[0].Interface().(http.Handler), nil
}
