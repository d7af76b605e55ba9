package ucpschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/dunglas/httpsfv"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Operation answers the contract's name of a request, such as "update_cart". The path is the one below the endpoint.
func (c *Contract) Operation(method, path string) (string, error) {
	found, err := c.find(method, path)
	if err != nil {
		return "", err
	}
	return found.ID, nil
}

func (c *Contract) find(method, path string) (*operation, error) {
	for at := range c.operations {
		if o := &c.operations[at]; o.Method == method && fits(o.Path, strings.Split(path, "/")) {
			return o, nil
		}
	}
	return nil, fmt.Errorf("%s %s is no operation of the contract", method, path)
}

func fits(template, path []string) bool {
	return slices.EqualFunc(template, path, func(want, has string) bool {
		return want == has || strings.HasPrefix(want, "{") && has != ""
	})
}

// CheckRequest says what is wrong with a request, by JSON pointer where it is in the body. It allows what a service must
// take: fields that are none of the request's too, which Surplus names.
func (c *Contract) CheckRequest(method, path string, header http.Header, body []byte) error {
	o, err := c.find(method, path)
	if err != nil {
		return err
	}
	errs := []error{checkHeaders(o, header)}
	switch {
	case o.Request != nil:
		if kind, _, err := mime.ParseMediaType(header.Get("Content-Type")); err != nil || kind != "application/json" {
			errs = append(errs, fmt.Errorf("header Content-Type: it must be application/json, not %q", header.Get("Content-Type")))
		}
		errs = append(errs, checkBody(o.Request, body))
	case o.Method != http.MethodGet && string(bytes.TrimSpace(body)) == "{}":
		// the contract declares no body for cancel, the specification's example sends this one
	case len(body) > 0:
		errs = append(errs, fmt.Errorf("%s has no body", o.ID))
	}
	return about(o.ID+" request", errs...)
}

// about puts the name of what was checked before the errors; nil where there are none.
func about(what string, errs ...error) error {
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func checkHeaders(o *operation, header http.Header) error {
	var errs []error
	for _, declared := range o.Headers {
		values := header.Values(declared.Name)
		if len(values) == 0 && declared.Required {
			errs = append(errs, fmt.Errorf("header %s is required", declared.Name))
		}
		for _, value := range values {
			if err := declared.Schema.Validate(value); err != nil {
				errs = append(errs, fmt.Errorf("header %s: %w", declared.Name, err))
			}
		}
	}
	if values := header.Values("UCP-Agent"); len(values) > 0 {
		errs = append(errs, checkAgent(values))
	}
	return errors.Join(errs...)
}

// checkAgent holds UCP-Agent to what the contract's text says of it and no schema does.
func checkAgent(values []string) error {
	dictionary, err := httpsfv.UnmarshalDictionary(values)
	if err != nil {
		return fmt.Errorf("header UCP-Agent: it must be a dictionary of RFC 8941: %w", err)
	}
	member, _ := dictionary.Get("profile")
	item, _ := member.(httpsfv.Item)
	text, is := item.Value.(string)
	address, err := url.Parse(text)
	if !is || err != nil || address.Scheme != "https" || address.Host == "" {
		return fmt.Errorf("header UCP-Agent: profile must be a string with an https URL, not %v", item.Value)
	}
	return nil
}

// protocolFaults are the statuses that the specification's text has beside the contract's 200 and 201.
var protocolFaults = []int{400, 401, 403, 409, 422, 424, 429, 500, 503}

// CheckResponse says what is wrong with the answer to an operation, by JSON pointer.
func (c *Contract) CheckResponse(name string, status int, body []byte) error {
	at := slices.IndexFunc(c.operations, func(o operation) bool { return o.ID == name })
	if at < 0 {
		return fmt.Errorf("%s is no operation of the contract", name)
	}
	o := &c.operations[at]
	what := fmt.Sprintf("%s answer %d", name, status)
	if slices.Contains(protocolFaults, status) {
		if len(body) == 0 {
			return nil
		}
		return about(what, checkBody(c.fault, body))
	}
	declared := slices.Contains(o.Statuses, strconv.Itoa(status))
	// The text lets a create that makes nothing be answered with 200, which the contract leaves out.
	if !declared && status != http.StatusOK {
		return fmt.Errorf("%s: the protocol has only %s, 200 and %v", what, strings.Join(o.Statuses, ", "), protocolFaults)
	}
	errs := []error{checkBody(o.Answer, body)}
	if failed := isOutcome(body); failed && status != http.StatusOK {
		errs = append(errs, errors.New("at '/ucp/status': an error is answered with status 200"))
	} else if !failed && !declared {
		errs = append(errs, errors.New("at '/ucp/status': with this status it must be error"))
	}
	return about(what, errs...)
}

// isOutcome tells whether an answer says that the operation failed.
func isOutcome(body []byte) bool {
	found := struct {
		UCP struct {
			Status string `json:"status"`
		} `json:"ucp"`
	}{}
	return json.Unmarshal(body, &found) == nil && found.UCP.Status == "error"
}

// CheckProfile says what is wrong with a business's profile, the answer of /.well-known/ucp.
func (c *Contract) CheckProfile(body []byte) error {
	whole := struct {
		UCP json.RawMessage `json:"ucp"`
	}{}
	if err := json.Unmarshal(body, &whole); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	return about("profile: at '/ucp'", checkBody(c.profile, whole.UCP))
}

func checkBody(schema *jsonschema.Schema, body []byte) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	return schema.Validate(document)
}

// Surplus answers the JSON pointers of what a request's body holds though the schemas omit it from this request: a service
// must take it, a client should not send it.
func (c *Contract) Surplus(method, path string, body []byte) ([]string, error) {
	o, err := c.find(method, path)
	if err != nil || o.Body == "" {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
	}
	var found []string
	err = c.surplus(variants[o.ID], o.Body, document, "", &found)
	slices.Sort(found)
	return slices.Compact(found), err
}

// surplus walks a document along the schema at address.
func (c *Contract) surplus(v variant, address string, document any, at string, found *[]string) error {
	node, err := c.node(v, address)
	if err != nil {
		return err
	}
	if ref, is := node["$ref"].(string); is {
		base, err := url.Parse(address)
		if err != nil {
			return err
		}
		next, err := base.Parse(ref)
		if err != nil {
			return err
		}
		if err := c.surplus(v, next.String(), document, at, found); err != nil {
			return err
		}
	}
	if properties, is := node["properties"].(map[string]any); is {
		object, _ := document.(map[string]any)
		for name, inner := range object {
			schema, _ := properties[name].(map[string]any)
			if schema == nil {
				continue
			}
			if schema["x-omitted"] == true {
				*found = append(*found, at+"/"+name)
				continue
			}
			if err := c.surplus(v, below(address, "properties/"+name), inner, at+"/"+name, found); err != nil {
				return err
			}
		}
	}
	if _, is := node["items"].(map[string]any); is {
		list, _ := document.([]any)
		for index, inner := range list {
			if err := c.surplus(v, below(address, "items"), inner, at+"/"+strconv.Itoa(index), found); err != nil {
				return err
			}
		}
	}
	return nil
}

// below is the address of a schema within the one at address. None of the protocol's names holds a slash or a tilde.
func below(address, pointer string) string {
	if !strings.Contains(address, "#") {
		address += "#"
	}
	return address + "/" + pointer
}

// node finds a schema by its address.
func (c *Contract) node(v variant, address string) (map[string]any, error) {
	file, pointer, _ := strings.Cut(address, "#")
	found := c.fields[v][file]
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if object, is := found.(map[string]any); is && pointer != "" {
			found = object[name]
		}
	}
	node, is := found.(map[string]any)
	if !is {
		return nil, fmt.Errorf("no schema at %s", address)
	}
	return node, nil
}
