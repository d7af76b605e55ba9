package identity

import (
	"fmt"
	"strings"
)

// claimPath is where in a token's claims something stands.
type claimPath struct {
	Text  string   // as configured
	Names []string // the names in it, unescaped
}

// maxPath bounds a claim path, in bytes; "https://shop.example/claims/customer.id" needs 40.
const maxPath = 255

// pathSigns are the ASCII characters besides letters and digits that a path may have unescaped. All others may mean
// something in a gjson path, which the compiled edition reads, so there they need a backslash.
const pathSigns = "_-:/ ,;~+$"

// readPath reads a claim path: names joined by dots; a backslash takes the next character as it is.
func readPath(text string) (claimPath, error) {
	path := claimPath{Text: text}
	if len(text) > maxPath {
		return path, fmt.Errorf("has %d bytes; allowed are up to %d", len(text), maxPath)
	}
	name := ""
	escaped := false
	for _, r := range text {
		if escaped {
			name += string(r)
			escaped = false
		} else if r == '\\' {
			escaped = true
		} else if r == '.' {
			path.Names = append(path.Names, name)
			name = ""
		} else if plainInPath(r) {
			name += string(r)
		} else {
			return path, fmt.Errorf("is %q with %q; allowed is a path such as customer.id, with a backslash before any other sign", text, string(r))
		}
	}
	path.Names = append(path.Names, name)
	for i := range path.Names {
		if path.Names[i] == "" {
			return path, fmt.Errorf("is %q with an empty name; allowed is a path such as customer.id", text)
		}
	}
	if escaped {
		return path, fmt.Errorf("is %q, which ends in a backslash; allowed is a path such as customer.id", text)
	}
	return path, nil
}

// plainInPath says whether a path may have r unescaped.
func plainInPath(r rune) bool {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r > 0x7f {
		return true
	}
	return strings.ContainsRune(pathSigns, r)
}
