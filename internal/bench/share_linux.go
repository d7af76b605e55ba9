package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// sharePeriod, in microseconds, is within what time a process may use its share: short beside a slice, and long beside a request.
const sharePeriod = 10_000

// limitShare lets a process use so many hundredths of a processor at most, by a control group of its own, which leave takes
// away once the process has ended.
func limitShare(name string, pid, percent int) (leave func() error, err error) {
	folder := filepath.Join("/sys/fs/cgroup", name)
	limits := [][2]string{{"cpu.max", fmt.Sprintf("%d %d", sharePeriod*percent/100, sharePeriod)}}
	if _, err := os.Stat("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"); err == nil { // version 1 has a tree for each resource
		folder = filepath.Join("/sys/fs/cgroup/cpu", name)
		limits = [][2]string{{"cpu.cfs_period_us", strconv.Itoa(sharePeriod)}, {"cpu.cfs_quota_us", strconv.Itoa(sharePeriod * percent / 100)}}
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, fmt.Errorf("limiting a share of the processors (--share needs root and control groups): %w", err)
	}
	leave = func() error {
		if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("taking a control group away: %w", err)
		}
		return nil
	}
	for _, one := range append(limits, [2]string{"cgroup.procs", strconv.Itoa(pid)}) {
		if err := os.WriteFile(filepath.Join(folder, one[0]), []byte(one[1]), 0o644); err != nil {
			return nil, errors.Join(fmt.Errorf("limiting a share of the processors (--share needs root and control groups): %w", err), leave())
		}
	}
	return leave, nil
}
