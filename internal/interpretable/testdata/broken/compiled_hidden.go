//go:build compiled
// +build compiled

package broken

import (
	_ "example.org/library"

	_ "github.com/polycart/polycart/plugin" // breaks: Imports
)
