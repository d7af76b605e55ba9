//go:build !(linux && amd64)

package integration_test

import (
	"errors"
	"fmt"
	"time"
)

// setClock puts the clock of one process off.
func setClock(int, time.Duration) error {
	return fmt.Errorf("only on Linux and amd64 is there a way to set one process's clock: %w", errors.ErrUnsupported)
}
