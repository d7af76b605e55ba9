package bench

import "errors"

// Memory is what the system holds in memory for a process, in bytes.
type Memory struct {
	Resident int64 // now
	Peak     int64 // the most until now
}

// errUnmeasured is answered where a system does not tell what another process uses.
var errUnmeasured = errors.New("this system does not tell what another process uses")
