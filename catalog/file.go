package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// readTries is how often a file that changes while it is read is read before that is an error. The tries follow
// one another at once, since a request waits for them; the next look tries again.
const readTries = 3

// mark is what tells one state of a file from the next.
type mark struct {
	Size     int64 // bytes
	Modified int64 // Unix nanoseconds
}

func sameMark(a, b mark) bool { return a.Size == b.Size && a.Modified == b.Modified }

// markOf stats a path. Only a regular file is a catalogue: opening a named pipe would wait for ever.
func markOf(path string) (mark, error) {
	info, err := os.Stat(path)
	if err != nil {
		return mark{}, fmt.Errorf("reading catalogue file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return mark{}, fmt.Errorf("reading catalogue file: %s is not a regular file", path)
	}
	return mark{Size: info.Size(), Modified: info.ModTime().UnixNano()}, nil
}

// readFile reads a file of at most limit bytes with read. The bytes are those of one state of the file, whose mark it answers.
func readFile(path string, limit int64, read func(f io.Reader, size, limit int64) ([]byte, error)) ([]byte, mark, error) {
	for try := 0; try < readTries; try++ {
		data, before, after, err := readOnce(path, limit, read)
		if err != nil {
			return nil, mark{}, err
		}
		if sameMark(before, after) && int64(len(data)) == before.Size {
			return data, after, nil
		}
	}
	return nil, mark{}, fmt.Errorf("reading catalogue file: %s changed while it was read, %d times in a row", path, readTries)
}

// readOnce reads a file and answers its marks before and after.
func readOnce(path string, limit int64, read func(f io.Reader, size, limit int64) ([]byte, error)) (data []byte, before, after mark, err error) {
	before, err = markOf(path)
	if err != nil {
		return nil, before, mark{}, err
	}
	if before.Size > limit {
		return nil, before, mark{}, fmt.Errorf("reading catalogue file: %s has %d bytes, more than the %d allowed", path, before.Size, limit)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, before, mark{}, fmt.Errorf("reading catalogue file: %w", err)
	}
	data, err = read(file, before.Size, limit)
	info, statErr := file.Stat()
	if err = errors.Join(err, statErr, file.Close()); err != nil {
		return nil, before, mark{}, fmt.Errorf("reading catalogue file: %w", err)
	}
	return data, before, mark{Size: info.Size(), Modified: info.ModTime().UnixNano()}, nil
}

// readAll reads all of a file that is expected to have size bytes. It stops one byte past limit: a file that grew is read again.
func readAll(f io.Reader, size, limit int64) ([]byte, error) {
	buffer := bytes.Buffer{}
	buffer.Grow(int(size) + bytes.MinRead)
	_, err := buffer.ReadFrom(io.LimitReader(f, limit+1))
	return buffer.Bytes(), err
}
