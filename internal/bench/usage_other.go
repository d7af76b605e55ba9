//go:build !linux

package bench

import "time"

// cpuOf answers errUnmeasured.
func cpuOf(int) (time.Duration, error) { return 0, errUnmeasured }

// memoryOf answers errUnmeasured.
func memoryOf(int) (Memory, error) { return Memory{}, errUnmeasured }
