package identity

import (
	"fmt"

	"github.com/polycart/polycart/jsonpath"
)

// readPath reads a claim path, which leads to one value.
func readPath(text string) (*jsonpath.Path, error) {
	path, err := jsonpath.Parse(text)
	if err == nil && path.Hash != jsonpath.HashNone {
		err = fmt.Errorf("is %q with \"#\"; allowed is a path such as customer.id, with a backslash before any other sign", text)
	}
	return path, err
}
