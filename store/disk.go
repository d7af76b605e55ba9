package store

import (
	"fmt"
	"io"
	"os"
)

// disk is the system calls that the log makes on files. A field that is nil is the operating system's own call;
// tests set fields to make each call fail in turn. Plain functions stand before it because a call through a func
// field costs five times a plain one (docs/interpreter.md: what a call costs).
type disk struct {
	open     func(name string, flag int, mode os.FileMode) (*os.File, error)
	readDir  func(name string) ([]os.DirEntry, error)
	rename   func(from, to string) error
	remove   func(name string) error
	readAt   func(f *os.File, b []byte, at int64) (int, error)
	writeAt  func(f *os.File, b []byte, at int64) (int, error)
	truncate func(f *os.File, size int64) error
	sync     func(f *os.File) error
}

// usualDisk is the disk of a log whose options name none: the operating system's. Tests that reach the store through the
// door, where no options pass, replace it.
var usualDisk = &disk{}

const (
	folderMode = 0o700 // carts are personal data: the owner of the process alone may read them
	fileMode   = 0o600
)

func diskOpen(d *disk, name string, flag int) (*os.File, error) {
	if d.open != nil {
		return d.open(name, flag, fileMode)
	}
	return os.OpenFile(name, flag, fileMode)
}

func diskReadDir(d *disk, name string) ([]os.DirEntry, error) {
	if d.readDir != nil {
		return d.readDir(name)
	}
	return os.ReadDir(name)
}

func diskRename(d *disk, from, to string) error {
	if d.rename != nil {
		return d.rename(from, to)
	}
	return os.Rename(from, to)
}

func diskRemove(d *disk, name string) error {
	if d.remove != nil {
		return d.remove(name)
	}
	return os.Remove(name)
}

func diskReadAt(d *disk, f *os.File, b []byte, at int64) (int, error) {
	if d.readAt != nil {
		return d.readAt(f, b, at)
	}
	return f.ReadAt(b, at)
}

func diskWriteAt(d *disk, f *os.File, b []byte, at int64) (int, error) {
	if d.writeAt != nil {
		return d.writeAt(f, b, at)
	}
	return f.WriteAt(b, at)
}

// diskWriter answers what writes to a file. Where no test is in between it is the file itself, because a cart is saved
// through it.
func diskWriter(d *disk, f *os.File) io.WriterAt {
	if d.writeAt == nil {
		return f
	}
	return &testedWriter{disk: d, file: f}
}

// testedWriter writes to a file through disk.writeAt.
type testedWriter struct {
	disk *disk
	file *os.File
}

func (w *testedWriter) WriteAt(b []byte, at int64) (int, error) {
	return diskWriteAt(w.disk, w.file, b, at)
}

func diskTruncate(d *disk, f *os.File, size int64) error {
	if d.truncate != nil {
		return d.truncate(f, size)
	}
	return f.Truncate(size)
}

func diskSync(d *disk, f *os.File) error {
	if d.sync != nil {
		return d.sync(f)
	}
	return f.Sync()
}

// diskSyncFolder makes the names in a folder durable: a new file is only there after a crash once its folder is synced.
func diskSyncFolder(d *disk, folder string) error {
	f, err := diskOpen(d, folder, os.O_RDONLY)
	if err != nil {
		return fmt.Errorf("opening the data folder to sync it: %w", err)
	}
	err = diskSync(d, f)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("syncing the data folder: %w", err)
	}
	return nil
}

// diskReadFile reads a whole file of at most limit bytes.
func diskReadFile(d *disk, name string, limit int64) ([]byte, error) {
	f, err := diskOpen(d, name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are expected", name, info.Size(), limit)
	}
	content := make([]byte, info.Size())
	n, err := diskReadAt(d, f, content, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return content[:n], nil
}

// diskReplace puts content under name so that a crash leaves either the old file or the new one whole.
func diskReplace(d *disk, name string, content []byte) error {
	part := name + partSuffix
	f, err := diskOpen(d, part, os.O_CREATE|os.O_TRUNC|os.O_RDWR)
	if err != nil {
		return err
	}
	_, err = diskWriteAt(d, f, content, 0)
	if err == nil {
		err = diskSync(d, f)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = diskRename(d, part, name)
	}
	if err != nil {
		os.Remove(part) // what is left of it is removed at the next start too
		return err
	}
	return nil
}

// partSuffix marks a file that is not finished.
const partSuffix = ".part"
