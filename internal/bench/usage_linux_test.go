package bench

import (
	"os"
	"testing"
	"time"
)

func TestWhatAProcessUsesIsRead(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(20 * time.Millisecond); time.Now().Before(until); {
	}
	after, err := cpuOf(os.Getpid())
	if err != nil || after <= before {
		t.Errorf("worked from %s to %s, %v", before, after, err)
	}
	if memory, err := memoryOf(os.Getpid()); err != nil || memory.Resident < 1<<20 || memory.Peak < memory.Resident {
		t.Errorf("got %+v, %v", memory, err)
	}
	const nobody = 1 << 22 // the first number that Linux never gives to a process
	if _, err := cpuOf(nobody); err == nil {
		t.Error("a process that is not there has worked")
	}
	if _, err := memoryOf(nobody); err == nil {
		t.Error("a process that is not there has memory")
	}
}
