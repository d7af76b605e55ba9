package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync/atomic"
)

// settled is how many milliseconds must lie between the last write and a read before the modification time is proof that
// the file is the one that was read. File systems count in steps of up to 2 s (FAT), most in 1 to 10 ms: a second write
// of the same length within one step leaves no trace.
const settled = 2000

// faultsLogged is how many faults of a broken file the log line holds: enough to see what kind of mistake it is.
const faultsLogged = 5

// look stats the file and loads it where it changed, unless another caller is at it or was here since.
func look(c *Catalog, now int64) {
	if !c.loading.TryLock() {
		return
	}
	defer c.loading.Unlock()
	since := now - atomic.LoadInt64(&c.checked)
	if since < c.source.CheckEvery && since >= -c.source.CheckEvery {
		return
	}
	atomic.StoreInt64(&c.checked, now)

	found, err := markOf(c.source.File)
	same := err == nil && sameMark(found, c.seen)
	again := c.doubtful && now-found.Modified/1e6 >= settled
	if same && !again {
		return
	}
	digest := c.digest
	data, err := readNow(c, now)
	if err != nil {
		complain(c, err)
		return
	}
	c.complaint = ""
	if same && c.digest == digest {
		return
	}
	snapshot, faults := Parse(data, c.source.Currency)
	if len(faults) > 0 {
		refuse(c, faults)
		return
	}
	publish(c, snapshot)
}

// readNow reads the file and remembers what it looked like. After an error nothing is remembered, so that the next look reads again.
func readNow(c *Catalog, now int64) ([]byte, error) {
	c.seen = mark{}
	data, seen, err := readFile(c.source.File, c.source.MaxBytes, readAll)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	// One by one: seen would be lost beside a call (docs/interpreter.md: assignments of several values).
	c.seen = seen
	c.digest = hex.EncodeToString(sum[:])
	c.doubtful = now-seen.Modified/1e6 < settled
	return data, nil
}

// complain logs that the file cannot be read, once until the reason changes.
func complain(c *Catalog, err error) {
	text := err.Error()
	if text == c.complaint {
		return
	}
	c.complaint = text
	c.logger.Error("catalogue cannot be read; the one before stays in force", "file", c.source.File, "generation", c.generation, "error", text)
}

// refuse logs that the file is broken. It is called once for each change of the file.
func refuse(c *Catalog, faults []error) {
	texts := []string{}
	for i := range faults {
		if i < faultsLogged {
			texts = append(texts, faults[i].Error())
		}
	}
	c.logger.Error("catalogue refused; the one before stays in force", "file", c.source.File, "generation", c.generation,
		"faults", len(faults), "first", strings.Join(texts, "; "))
}
