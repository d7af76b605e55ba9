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
	if err := Decode(from, config.Interface()); err != nil {
		return nil, err
	}
	results := p.construct.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(next), config, reflect.ValueOf(name)})
	if fault := results[1].Interface(); fault != nil {
		return nil, fault.(error)
	}
	return results[0].Interface().(http.Handler), nil
}

// Decode reads a middleware's part of a dynamic file into a configuration, as Traefik does.
func Decode(from map[string]any, into any) error {
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		DecodeHook: mapstructure.StringToSliceHookFunc(","), WeaklyTypedInput: true, Result: into,
	})
	if err != nil {
		return fmt.Errorf("preparing the configuration: %w", err)
	}
	if err := decoder.Decode(from); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	return nil
}
