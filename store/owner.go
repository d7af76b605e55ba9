package store

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// owner is who holds the lock of a data folder, as the lock file says it.
type owner struct {
	Host    string `json:"host"`
	PID     int    `json:"pid"`
	Started string `json:"started"` // clock ticks from the start of the system to that of the process; empty where /proc does not tell
	Boot    string `json:"boot"`    // id of the system's start; empty where /proc does not tell
	Token   string `json:"token"`   // random, for each opening another
	Beat    int64  `json:"beat"`    // grows while the owner lives
}

// maxOwner bounds a lock file; it is written at this length so that a beat never changes the file's size.
const maxOwner = 1024

// thisProcess tells who we are. What the system does not tell stays empty, and then others wait longer.
func thisProcess() owner {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		boot = nil
	}
	started, _ := processStart(os.Getpid())
	return owner{Host: host, PID: os.Getpid(), Started: started, Boot: strings.TrimSpace(string(boot))}
}

// processStart answers when a process of this host started; alive is false where there is no such process.
// Both are empty where there is no /proc.
func processStart(pid int) (started string, alive bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", false
	}
	// proc(5): pid (name) state … starttime; the name may hold spaces and brackets. State is field 3, starttime field 22.
	fields := strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+1:]))
	if len(fields) < 20 {
		return "", false
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return fields[19], false // it has ended, and only its parent has not looked yet
	}
	return fields[19], true
}

// ownerGone tells whether an owner has certainly ended. Two containers that share a data folder must not share a host name:
// it is by the name that a process of another container is told from one of ours that has ended.
func ownerGone(o, self owner) bool {
	if o.Host != self.Host || o.Started == "" || self.Started == "" {
		return false
	}
	if o.Boot != self.Boot {
		return true
	}
	started, alive := processStart(o.PID)
	return !alive || started != o.Started
}

// ownerText names an owner in words; the token is for nobody to read.
func ownerText(o owner) string { return "process " + strconv.Itoa(o.PID) + " on host " + o.Host }

// newToken makes what tells one opening of the folder from another.
func newToken() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("making a token for the lock: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// ownerBytes is the content of a lock file.
func ownerBytes(o owner) ([]byte, error) {
	content, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("writing the lock: %w", err)
	}
	if len(content) < maxOwner-1 {
		content = append(content, strings.Repeat(" ", maxOwner-1-len(content))...)
	}
	content = append(content, '\n')
	return content, nil
}

// readOwner reads the content of a lock file. An owner that was stopped while it wrote leaves none.
func readOwner(content []byte) (owner, bool) {
	var o owner // no named result, which would not begin as zero (docs/interpreter.md: named results)
	if err := json.Unmarshal(content, &o); err != nil || o.Token == "" {
		return owner{}, false
	}
	return o, true
}
