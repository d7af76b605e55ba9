// Package ucpschema holds requests and answers against the official schemas and the REST contract of the Universal Commerce
// Protocol 2026-04-08, which are in testdata/ucp. It is for tests.
//
// The contract is OpenAPI 3.1, but is read here and not by a library for it: kin-openapi v0.153.0 refuses the schemas for the
// annotation ucp_request, and no library knows what that means, which is all that tells a request from an answer.
package ucpschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	home     = "https://ucp.dev/"
	contract = "services/shopping/rest.openapi.json"
)

// Contract is the protocol, ready to check with. Its methods may be called at once.
type Contract struct {
	operations []operation
	profile    *jsonschema.Schema
	fault      *jsonschema.Schema
	fields     map[variant]map[string]any // documents by address, as variants of requests see them; for Surplus
}

// operation is one row of the contract.
type operation struct {
	ID       string
	Method   string
	Path     []string // segments; {id} stands for any
	Headers  []parameter
	Request  *jsonschema.Schema // nil: no body is declared
	Body     string             // address of the request's schema, for Surplus
	Answer   *jsonschema.Schema
	Statuses []string // declared
}

// parameter is a header that the contract declares.
type parameter struct {
	Name     string
	Required bool
	Schema   *jsonschema.Schema
}

// variant is the name under which ucp_request speaks of a request; empty is the answer.
type variant string

const (
	answer variant = ""
	create variant = "create"
	update variant = "update"
)

// variants tells which operations have requests that ucp_request speaks of.
var variants = map[string]variant{"create_cart": create, "update_cart": update}

// base is what the addresses of a variant's documents begin with.
func (v variant) base() string {
	if v == answer {
		return home
	}
	return home + string(v) + "/"
}

// Open reads the protocol below root, the checkout.
func Open(root string) (*Contract, error) {
	documents, err := readDocuments(filepath.Join(root, "testdata", "ucp"))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	c := &Contract{fields: map[variant]map[string]any{}}
	for _, v := range []variant{answer, create, update} {
		c.fields[v] = map[string]any{}
		for name, text := range documents {
			document, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.ReplaceAll(text, `"$id": "`+home, `"$id": "`+v.base())))
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", name, err)
			}
			if v != answer {
				asRequest(document, v)
			}
			c.fields[v][v.base()+name] = document
			if err := compiler.AddResource(v.base()+name, document); err != nil {
				return nil, fmt.Errorf("adding %s: %w", name, err)
			}
		}
	}
	if c.profile, err = compiler.Compile(home + "schemas/ucp.json#/$defs/business_schema"); err != nil {
		return nil, fmt.Errorf("compiling the profile's schema: %w", err)
	}
	if c.fault, err = faultSchema(compiler); err != nil {
		return nil, err
	}
	return c, c.readOperations(compiler, documents[contract])
}

// readDocuments reads every schema and the contract, by path below folder.
func readDocuments(folder string) (map[string]string, error) {
	documents := map[string]string{}
	files := os.DirFS(folder)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		documents[name] = string(text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the protocol's schemas: %w", err)
	}
	if documents[contract] == "" {
		return nil, fmt.Errorf("reading the protocol's schemas: %s has no %s", folder, contract)
	}
	return documents, nil
}

// asRequest does to a document what ucp_request says of a request: a property that is "omit" is no part of the schema,
// "required" must be there, "optional" need not.
func asRequest(node any, v variant) {
	switch node := node.(type) {
	case []any:
		for _, inner := range node {
			asRequest(inner, v)
		}
	case map[string]any:
		if properties, is := node["properties"].(map[string]any); is {
			applyAnnotations(node, properties, v)
		}
		for _, inner := range node {
			asRequest(inner, v)
		}
	}
}

func applyAnnotations(node, properties map[string]any, v variant) {
	required, _ := node["required"].([]any)
	for name, property := range properties {
		rule := ruleOf(property, v)
		if rule == "" {
			continue
		}
		required = slices.DeleteFunc(required, func(other any) bool { return other == any(name) })
		switch rule {
		case "omit":
			// A schema that is always true in place of none: additionalProperties must not begin to speak of the name.
			properties[name] = map[string]any{"x-omitted": true}
		case "required":
			required = append(required, name)
		}
	}
	if required != nil {
		node["required"] = required
	}
}

// ruleOf is what ucp_request says of a property: omit, required, optional, or "" where it says nothing.
func ruleOf(property any, v variant) string {
	object, _ := property.(map[string]any)
	switch rule := object["ucp_request"].(type) {
	case string:
		return rule
	case map[string]any:
		text, _ := rule[string(v)].(string)
		return text
	}
	return ""
}

// faultSchema is the body of a protocol error, for which there is no official schema: {"code", "content", "continue_url"?}.
func faultSchema(compiler *jsonschema.Compiler) (*jsonschema.Schema, error) {
	const address = home + "fault.json"
	document := map[string]any{
		"type": "object", "required": []any{"code", "content"}, "not": map[string]any{"required": []any{"messages"}},
		"properties": map[string]any{
			"code": map[string]any{"type": "string"}, "content": map[string]any{"type": "string"},
			"continue_url": map[string]any{"type": "string", "format": "uri"},
		},
	}
	if err := compiler.AddResource(address, document); err != nil {
		return nil, fmt.Errorf("adding the schema of faults: %w", err)
	}
	return compiler.Compile(address)
}

// openAPI is what is read of the contract.
type openAPI struct {
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Parameters map[string]struct {
			Name     string `json:"name"`
			In       string `json:"in"`
			Required bool   `json:"required"`
		} `json:"parameters"`
	} `json:"components"`
}

type reference struct {
	Ref string `json:"$ref"`
}

type content struct {
	Content map[string]struct {
		Schema reference `json:"schema"`
	} `json:"content"`
}

type openAPIOperation struct {
	OperationID string             `json:"operationId"`
	Parameters  []reference        `json:"parameters"`
	RequestBody *content           `json:"requestBody"`
	Responses   map[string]content `json:"responses"`
}

// readOperations reads the carts' and the catalogue's operations.
func (c *Contract) readOperations(compiler *jsonschema.Compiler, text string) error {
	document := openAPI{}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return fmt.Errorf("reading %s: %w", contract, err)
	}
	for path, methods := range document.Paths {
		if !strings.HasPrefix(path, "/carts") && !strings.HasPrefix(path, "/catalog/") {
			continue
		}
		for method, raw := range methods {
			if method == "parameters" {
				continue // of the path itself, which the template has already
			}
			from := openAPIOperation{}
			if err := json.Unmarshal(raw, &from); err != nil {
				return fmt.Errorf("reading %s %s: %w", method, path, err)
			}
			read, err := readOperation(compiler, &document, from)
			if err != nil {
				return fmt.Errorf("reading %s %s: %w", method, path, err)
			}
			read.Method, read.Path = strings.ToUpper(method), strings.Split(path, "/")
			c.operations = append(c.operations, read)
		}
	}
	return nil
}

func readOperation(compiler *jsonschema.Compiler, document *openAPI, from openAPIOperation) (operation, error) {
	read := operation{ID: from.OperationID}
	for _, given := range from.Parameters {
		name := strings.TrimPrefix(given.Ref, "#/components/parameters/")
		declared := document.Components.Parameters[name]
		if declared.In != "header" {
			return read, fmt.Errorf("parameter %q is no header of the contract", given.Ref)
		}
		schema, err := compiler.Compile(home + contract + given.Ref + "/schema")
		if err != nil {
			return read, err
		}
		read.Headers = append(read.Headers, parameter{Name: declared.Name, Required: declared.Required, Schema: schema})
	}
	var err error
	if from.RequestBody != nil {
		read.Body = variants[read.ID].base() + contract + from.RequestBody.Content["application/json"].Schema.Ref
		if read.Request, err = compiler.Compile(read.Body); err != nil {
			return read, err
		}
	}
	for status, response := range from.Responses {
		read.Statuses = append(read.Statuses, status)
		if read.Answer, err = compiler.Compile(home + contract + response.Content["application/json"].Schema.Ref); err != nil {
			return read, err
		}
	}
	if read.Answer == nil {
		return read, errors.New("no answer is declared")
	}
	return read, nil
}
