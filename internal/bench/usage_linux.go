package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuOf is the time that all processors have spent on a process, its own and the system's for it. The kernel tells it by
// the process's CPU clock (clock_getcpuclockid(3)) in nanoseconds; /proc/<pid>/stat has ticks of 10 ms, too coarse for a slice.
func cpuOf(pid int) (time.Duration, error) {
	const allThreadsScheduled = 2 // CPUCLOCK_SCHED of the whole process
	spent := unix.Timespec{}
	if err := unix.ClockGettime(int32(^pid)<<3|allThreadsScheduled, &spent); err != nil {
		return 0, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
	}
	return time.Duration(spent.Nano()), nil
}

// memoryOf is what a process holds in memory.
func memoryOf(pid int) (Memory, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	memory := Memory{}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		into := map[string]*int64{"VmRSS": &memory.Resident, "VmHWM": &memory.Peak}[name]
		if into == nil {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return Memory{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
		}
		*into = kilobytes << 10
	}
	return memory, nil
}
