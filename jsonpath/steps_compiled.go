//go:build compiled
// +build compiled

package jsonpath

import (
	"encoding/json"
	"strconv"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// member answers the member of an object.
func member(object json.RawMessage, name string) (json.RawMessage, bool) {
	found := gjson.GetBytes(object, escapedName(name))
	return json.RawMessage(found.Raw), found.Exists()
}

// entry answers an entry of an array.
func entry(array json.RawMessage, index int) (json.RawMessage, bool) {
	found := gjson.GetBytes(array, strconv.Itoa(index))
	return json.RawMessage(found.Raw), found.Exists()
}

// entries answers the entries of an array.
func entries(array json.RawMessage) []json.RawMessage {
	all := []json.RawMessage{}
	gjson.ParseBytes(array).ForEach(func(_, value gjson.Result) bool {
		all = append(all, json.RawMessage(value.Raw))
		return true
	})
	return all
}

// set puts value at a target that leads through objects and arrays only, in a document without blanks.
func set(document []byte, target *Target, value []byte) ([]byte, error) {
	return sjson.SetRawBytes(document, target.library, value)
}

// remove takes away what stands at a target, which is there, in a document without blanks.
func remove(document []byte, target *Target) ([]byte, error) {
	return sjson.DeleteBytes(document, target.removal)
}
