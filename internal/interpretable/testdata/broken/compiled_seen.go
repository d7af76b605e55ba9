//go:build compiled

package broken // breaks: Build constraints

import (
	_ "example.org/library" // breaks: Imports
)
