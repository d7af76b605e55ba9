//go:build !compiled

package identity

import (
	"encoding/json"
	"strconv"
)

// claimAt answers the JSON text at path in claims, a valid JSON object whose names differ, and whether it is there.
// It is the seam of claim paths: the compiled edition asks gjson instead.
func claimAt(claims []byte, path claimPath) (json.RawMessage, bool) {
	at := json.RawMessage(claims)
	for i := range path.Names {
		if len(at) > 0 && at[0] == '[' {
			entries := []json.RawMessage{}
			index, err := strconv.ParseUint(path.Names[i], 10, 32)
			if err != nil || json.Unmarshal(at, &entries) != nil || index >= uint64(len(entries)) {
				return nil, false
			}
			at = entries[index]
			continue
		}
		members := map[string]json.RawMessage{}
		if len(at) == 0 || json.Unmarshal(at, &members) != nil {
			return nil, false
		}
		next, there := members[path.Names[i]]
		if !there {
			return nil, false
		}
		at = next
	}
	return at, true
}
