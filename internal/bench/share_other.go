//go:build !linux

package bench

import "errors"

// limitShare answers that it cannot.
func limitShare(string, int, int) (leave func() error, err error) {
	return nil, errors.New("limiting a share of the processors: --share needs Linux")
}
