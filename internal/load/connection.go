package load

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"
)

// patience is how long an answer may take beyond the end of a slice.
const patience = 30 * time.Second

// shown bounds what an error shows of an answer, in bytes: the status line, the header and an error text fit.
const shown = 1024

// connection sends a target's requests one after the other.
type connection struct {
	target *Target
	place  int
	wire   net.Conn
	reader *bufio.Reader
	loosen func() bool // lets go of ctx
}

// dial connects to a target for a slice that lasts until then. A cancelled ctx breaks off whatever the connection waits for.
func dial(ctx context.Context, target *Target, until time.Time) (*connection, error) {
	place := target.place()
	wire, err := (&net.Dialer{}).DialContext(ctx, "tcp", target.address(place))
	if err != nil {
		return nil, fmt.Errorf("%s: connecting: %w", target.Name, err)
	}
	if err := wire.SetDeadline(until.Add(patience)); err != nil {
		wire.Close()
		return nil, fmt.Errorf("%s: setting a deadline: %w", target.Name, err)
	}
	c := &connection{target: target, place: place, wire: wire, reader: bufio.NewReaderSize(wire, 64<<10)}
	c.loosen = context.AfterFunc(ctx, func() { wire.Close() })
	return c, nil
}

func (c *connection) close() {
	c.loosen()
	c.wire.Close()
}

// ask sends the target's next request and reads the answer.
func (c *connection) ask() error {
	if _, err := c.wire.Write(c.target.next(c.place)); err != nil {
		return fmt.Errorf("%s: sending: %w", c.target.Name, err)
	}
	if err := readAnswer(c.reader, c.target.Status); err != nil {
		return fmt.Errorf("%s: %w", c.target.Name, err)
	}
	return nil
}

var lengthName = []byte("content-length:")

// readAnswer reads one answer with a Content-Length or without a body.
func readAnswer(reader *bufio.Reader, status int) error {
	line, err := reader.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	if len(line) < 12 || string(line[9:12]) != strconv.Itoa(status) {
		head := string(bytes.TrimSpace(line))
		rest, _ := reader.Peek(min(reader.Buffered(), shown))
		return fmt.Errorf("want status %d, got %q %s", status, head, rest)
	}
	length := 0
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("reading an answer: %w", err)
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if len(line) > len(lengthName) && bytes.EqualFold(line[:len(lengthName)], lengthName) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(lengthName):]))); err != nil {
				return fmt.Errorf("reading an answer's length: %w", err)
			}
		}
	}
	if _, err := reader.Discard(length); err != nil {
		return fmt.Errorf("reading an answer's body: %w", err)
	}
	return nil
}
