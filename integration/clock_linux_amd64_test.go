package integration_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// setClock puts the clock of one process off by so many seconds, from now on: the time of day only, as when somebody sets a
// machine's clock. Go asks the time of a function that Linux maps into every process, the vDSO; this one is replaced, in that
// process alone, by one that asks the kernel and adds the difference. (A static Go program takes no LD_PRELOAD, and a time
// namespace does not cover the time of day.)
func setClock(pid int, off time.Duration) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("stopping process %d: %w", pid, err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }() // who is gone needs none
	from, to, err := vdso(pid)
	if err != nil {
		return err
	}
	for asked := 0; ; asked++ {
		busy, err := within(pid, from, to)
		if err == nil && !busy {
			break
		}
		if asked == 100 {
			return fmt.Errorf("a thread of process %d is always asking the time: %w", pid, err)
		}
		// It goes on for a moment, until no thread stands where the new function is to be.
		_ = syscall.Kill(pid, syscall.SIGCONT)
		time.Sleep(time.Millisecond)
		_ = syscall.Kill(pid, syscall.SIGSTOP)
		time.Sleep(time.Millisecond)
	}
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("opening another process's memory: %w: %w", err, errors.ErrUnsupported)
	}
	defer memory.Close()
	image := make([]byte, to-from)
	if _, err := memory.ReadAt(image, int64(from)); err != nil {
		return fmt.Errorf("reading the vDSO: %w", err)
	}
	parsed, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return fmt.Errorf("reading the vDSO: %w", err)
	}
	symbols, err := parsed.DynamicSymbols()
	if err != nil {
		return fmt.Errorf("reading the vDSO: %w", err)
	}
	for _, symbol := range symbols {
		if symbol.Name == "__vdso_clock_gettime" {
			if _, err := memory.WriteAt(clockOffBy(int32(off/time.Second)), int64(from+symbol.Value)); err != nil {
				return fmt.Errorf("writing into another process's memory: %w: %w", err, errors.ErrUnsupported)
			}
			return nil
		}
	}
	return fmt.Errorf("the vDSO of this kernel tells no time: %w", errors.ErrUnsupported)
}

// clockOffBy is int clock_gettime(clock, *timespec), which adds to the time of day alone.
func clockOffBy(seconds int32) []byte {
	code := []byte{
		0xb8, 228, 0, 0, 0, // mov eax, SYS_clock_gettime
		0x0f, 0x05, // syscall
		0x85, 0xc0, // test eax, eax
		0x75, 0x0b, // jnz the ret
		0x85, 0xff, // test edi, edi: CLOCK_REALTIME is 0
		0x75, 0x07, // jnz the ret
		0x48, 0x81, 0x06, // add qword [rsi], seconds
	}
	return append(binary.LittleEndian.AppendUint32(code, uint32(seconds)), 0xc3) // ret
}

// vdso is where a process has the vDSO.
func vdso(pid int) (from, to uint64, err error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("looking for the vDSO: %w", err)
	}
	for _, line := range strings.Split(string(maps), "\n") {
		if strings.HasSuffix(line, "[vdso]") {
			_, err := fmt.Sscanf(line, "%x-%x", &from, &to)
			return from, to, err
		}
	}
	return 0, 0, fmt.Errorf("a process has no vDSO: %w", errors.ErrUnsupported)
}

// within tells whether a thread of a process that was stopped stands between two addresses, or still runs.
func within(pid int, from, to uint64) (bool, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	if err != nil {
		return false, err
	}
	for _, thread := range threads {
		// A call under way and its arguments, or -1, and at the end where the thread stands; or "running".
		text, err := os.ReadFile(thread)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has just ended
		}
		if err != nil {
			return false, fmt.Errorf("asking where a thread stands: %w: %w", err, errors.ErrUnsupported)
		}
		words := strings.Fields(string(text))
		if len(words) < 2 {
			return true, nil
		}
		at, err := strconv.ParseUint(words[len(words)-1], 0, 64)
		if err != nil {
			return false, fmt.Errorf("asking where a thread stands: %w", err)
		}
		if at >= from && at < to {
			return true, nil
		}
	}
	return false, nil
}
