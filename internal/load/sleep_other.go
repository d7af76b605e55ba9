//go:build !linux

package load

import "time"

// sleepUntil sleeps until then.
func sleepUntil(then time.Time) { time.Sleep(time.Until(then)) }
