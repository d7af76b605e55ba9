package store

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// killedFolder is the environment variable that turns TestWriterToBeKilled into the process that writes.
const killedFolder = "POLYCART_TEST_KILLED_FOLDER"

// TestWriterToBeKilled is not a test: TestAnAcknowledgedWriteSurvivesAKill runs it in a process of its own.
func TestWriterToBeKilled(t *testing.T) {
	folder := os.Getenv(killedFolder)
	if folder == "" {
		t.Skip("run by TestAnAcknowledgedWriteSurvivesAKill")
	}
	o := small(folder)
	o.Sync = SyncAlways
	o.unkept = false
	l, err := OpenLog(o)
	if err != nil {
		t.Fatal(err)
	}
	for w := 0; w < 4; w++ {
		go func() {
			for i := 0; ; i++ {
				key := cartKey(w*100 + i%7)
				got, err := l.Load(key, 0)
				if err == nil {
					err = l.Save(key, got.Version, &Record{Version: got.Version + 1, Data: []byte(killedData(key, got.Version+1))})
				}
				if err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Printf("saved %s %d\n", key, got.Version+1)
			}
		}()
	}
	select {}
}

func killedData(key string, version int64) string {
	return fmt.Sprint(key, " ", version, strings.Repeat("x", 200))
}

func TestAnAcknowledgedWriteSurvivesAKill(t *testing.T) {
	folder := t.TempDir()
	acknowledged := map[string]int64{}
	for round := 1; round <= 3; round++ {
		child := exec.Command(os.Args[0], "-test.run=^TestWriterToBeKilled$")
		child.Env = append(os.Environ(), killedFolder+"="+folder)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for count := 0; lines.Scan(); {
			key, version := "", int64(0)
			if _, err := fmt.Sscanf(lines.Text(), "saved %s %d", &key, &version); err != nil {
				if strings.HasPrefix(lines.Text(), "error") {
					t.Errorf("the child says %s", lines.Text())
				}
				continue // the last line may be cut off
			}
			acknowledged[key] = version
			if count++; count == 150*round {
				_ = child.Process.Kill() // what it wrote before is still in the pipe
			}
		}
		_ = child.Wait() // killed: the error says so
		l := mustOpen(t, small(folder))
		if err := l.Ready(); err != nil {
			t.Fatalf("the lock of a killed process still holds: %v", err)
		}
		for key, version := range acknowledged {
			got, err := l.Load(key, 0)
			if err != nil || got.Version < version || string(got.Data) != killedData(key, got.Version) {
				t.Errorf("round %d: %s has version %d, %v; version %d was acknowledged", round, key, got.Version, err, version)
			}
		}
		mustClose(t, l)
	}
	if len(acknowledged) != 28 {
		t.Fatalf("%d carts were written, not 28", len(acknowledged))
	}
}
