package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// folderLock is the file by which one process at a time owns the data folder. There are no file locks of the system
// here, because the interpreter has no syscall package (docs/interpreter.md: imports) and network file systems differ.
//
// The owner writes a growing number into the file every beatEvery. An owner on the same host whose process has ended is
// replaced at once; any other one when the file has not changed for staleFrom.
type folderLock struct {
	o    *LogOptions
	name string

	mu      sync.Mutex
	self    owner
	file    *os.File // of the lock that is ours; nil where it is not
	watched string   // what the lock file of another held when we looked first
	since   time.Time
	claim   string // the same for the claim file
	claimAt time.Time
}

// claimed is what became of an attempt to own the folder.
type claimed struct {
	owned     bool
	uncertain bool   // the last owner may still live, and write to the segment that was its newest
	from      string // who owned it before, in words
}

func newFolderLock(o *LogOptions) *folderLock {
	return &folderLock{o: o, name: filepath.Join(o.Folder, "lock"), self: *o.self}
}

// lockTry makes one attempt to own the folder. It never waits.
func lockTry(k *folderLock) (claimed, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	token, err := newToken()
	if err != nil {
		return claimed{}, err
	}
	k.self.Token = token
	k.self.Beat = 0
	f, err := diskOpen(k.o.disk, k.name, os.O_CREATE|os.O_EXCL|os.O_RDWR)
	if err == nil {
		if err := lockWrite(k, f); err != nil {
			f.Close()
			os.Remove(k.name)
			return claimed{}, err
		}
		k.file = f
		return claimed{owned: true}, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return claimed{}, fmt.Errorf("making the lock file: %w", err)
	}
	content, err := diskReadFile(k.o.disk, k.name, 2*maxOwner)
	if errors.Is(err, fs.ErrNotExist) {
		return claimed{from: "a process that is just ending"}, nil
	}
	if err != nil {
		return claimed{}, fmt.Errorf("reading the lock file: %w", err)
	}
	holder, ok := readOwner(content)
	from := "an unknown process"
	if ok {
		from = ownerText(holder)
	}
	if ok && ownerGone(holder, k.self) {
		return lockTakeOver(k, string(content), claimed{owned: true, from: from})
	}
	if k.since.IsZero() || string(content) != k.watched {
		k.watched = string(content)
		k.since = time.Now()
	}
	if time.Since(k.since) < k.o.staleFrom {
		return claimed{from: from}, nil
	}
	return lockTakeOver(k, string(content), claimed{owned: true, uncertain: true, from: from})
}

// lockTakeOver puts our name in place of an owner's that was found gone. A claim file lets one process at a time do so;
// should two get past it all the same, the one whose name does not stay in the lock file sees so before it writes a cart.
func lockTakeOver(k *folderLock, judged string, taken claimed) (claimed, error) {
	notYet := claimed{from: taken.from}
	claimName := k.name + ".claim"
	claim, err := diskOpen(k.o.disk, claimName, os.O_CREATE|os.O_EXCL|os.O_RDWR)
	if errors.Is(err, fs.ErrExist) {
		return notYet, lockDropClaim(k, claimName)
	}
	if err != nil {
		return notYet, fmt.Errorf("claiming the lock file: %w", err)
	}
	defer func() {
		claim.Close()
		os.Remove(claimName) // one that stays is dropped by the next who wants it
	}()
	if err := lockWrite(k, claim); err != nil {
		return notYet, err
	}
	now, err := diskReadFile(k.o.disk, k.name, 2*maxOwner)
	if err != nil || string(now) != judged {
		return notYet, nil // somebody was faster, or the owner lives after all; the next attempt tells
	}
	part := k.name + "." + k.self.Token + partSuffix
	f, err := diskOpen(k.o.disk, part, os.O_CREATE|os.O_EXCL|os.O_RDWR)
	if err != nil {
		return notYet, fmt.Errorf("making the lock file: %w", err)
	}
	err = lockWrite(k, f)
	if err == nil {
		err = diskRename(k.o.disk, part, k.name)
	}
	if err != nil {
		f.Close()
		os.Remove(part)
		return notYet, fmt.Errorf("taking the lock file over: %w", err)
	}
	k.file = f
	ours, err := lockIsOurs(k)
	if err != nil || !ours {
		k.file = nil
		f.Close()
		return notYet, err
	}
	k.o.Logger.Warn("the data folder was taken over from an owner that is gone", "folder", k.o.Folder, "owner", taken.from, "unchanged", taken.uncertain)
	return taken, nil
}

// lockDropClaim removes a claim that was left behind in the middle of a take-over.
func lockDropClaim(k *folderLock, claimName string) error {
	content, err := diskReadFile(k.o.disk, claimName, 2*maxOwner)
	if err != nil {
		return nil //nolint:nilerr // it is gone, or cannot be read now: the next try looks again
	}
	if k.claimAt.IsZero() || string(content) != k.claim {
		k.claim = string(content)
		k.claimAt = time.Now()
	}
	if time.Since(k.claimAt) < k.o.staleFrom {
		return nil
	}
	k.claimAt = time.Time{}
	if err := diskRemove(k.o.disk, claimName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a claim that was left behind: %w", err)
	}
	return nil
}

// lockWrite writes our name into a lock file, over what it holds.
func lockWrite(k *folderLock, f *os.File) error {
	content, err := ownerBytes(k.self)
	if err != nil {
		return err
	}
	if _, err := diskWriteAt(k.o.disk, f, content, 0); err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	return nil
}

// lockIsOurs reads whose name the lock file bears.
func lockIsOurs(k *folderLock) (bool, error) {
	content, err := diskReadFile(k.o.disk, k.name, 2*maxOwner)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the lock file: %w", err)
	}
	holder, ok := readOwner(content)
	return ok && holder.Token == k.self.Token, nil
}

// lockHeld tells whether the folder is still ours. An error says that it cannot be told now.
func lockHeld(k *folderLock) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.file == nil {
		return false, nil
	}
	return lockIsOurs(k)
}

// lockBeat shows others that we live, and finds out whether the folder is still ours.
// owned is false before the folder is ours and once it was lost.
func lockBeat(k *folderLock) (owned, lost bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.file == nil {
		return false, false, nil
	}
	ours, err := lockIsOurs(k)
	if err != nil {
		return true, false, err
	}
	if !ours {
		k.file.Close()
		k.file = nil
		k.since = time.Time{} // whoever has it now is watched from the beginning
		return false, true, nil
	}
	k.self.Beat++
	return true, false, lockWrite(k, k.file)
}

// lockRelease gives the folder free.
func lockRelease(k *folderLock) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.file == nil {
		return nil
	}
	ours, err := lockIsOurs(k)
	k.file.Close()
	k.file = nil
	if err == nil && ours {
		err = diskRemove(k.o.disk, k.name)
	}
	if err != nil {
		return fmt.Errorf("giving the data folder free: %w", err)
	}
	return nil
}
