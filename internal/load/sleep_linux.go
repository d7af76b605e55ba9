package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleepUntil sleeps until then. Go's own timers are late by up to a millisecond on an idle machine, which would be longer
// than most of the latencies that are measured; the system's are late by some 50 microseconds.
func sleepUntil(then time.Time) {
	for {
		left := time.Until(then)
		if left <= 0 {
			return
		}
		span := unix.NsecToTimespec(left.Nanoseconds())
		_ = unix.Nanosleep(&span, nil) // broken off by a signal: the loop goes on
	}
}
