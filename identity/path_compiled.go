//go:build compiled
// +build compiled

package identity

import (
	"encoding/json"
	"strconv"

	"github.com/tidwall/gjson"
)

// claimAt answers the JSON text at path in claims, a valid JSON object whose names differ, and whether it is there.
// It goes name by name: only so is a name that is a number an index in an array alone, and one beyond 32 bits none.
func claimAt(claims []byte, path claimPath) (json.RawMessage, bool) {
	at := gjson.ParseBytes(claims)
	for _, name := range path.Names {
		switch {
		case at.IsArray():
			index, err := strconv.ParseUint(name, 10, 32)
			if err != nil {
				return nil, false
			}
			at = at.Get(strconv.FormatUint(index, 10))
		case at.IsObject():
			at = at.Get(gjson.Escape(name))
		default:
			return nil, false
		}
		if !at.Exists() {
			return nil, false
		}
	}
	return json.RawMessage(at.Raw), true
}
