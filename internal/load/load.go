// Package load sends the same HTTP requests over and over and counts the answers. It writes prepared bytes and reads just
// enough of an answer to find its end, so that little of what it measures is its own work.
package load

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"sync"
	"time"
)

// Target is a request that is sent over and over.
type Target struct {
	Name    string
	Address string   // host:port
	Bytes   [][]byte // the request as it goes over the wire; the connections take one each
	Status  int      // what every answer must be
}

// Wire is a request as bytes for a Target. It must be a request that a client could send.
func Wire(request *http.Request) ([]byte, error) {
	text, err := httputil.DumpRequestOut(request, true)
	if err != nil {
		return nil, fmt.Errorf("writing a request for the load: %w", err)
	}
	return text, nil
}

// Result is what a slice of load measured.
type Result struct {
	Requests int
	Elapsed  time.Duration
	Latency  []time.Duration // one a request, in no order
}

// PerSecond is the number of requests answered in a second.
func (r Result) PerSecond() float64 { return float64(r.Requests) / r.Elapsed.Seconds() }

// Closed runs a closed loop for a while: each of connections sends its next request when the last is answered. It ends
// early with ctx. Any failure, or an answer with another status, is an error.
func Closed(ctx context.Context, target Target, connections int, during time.Duration) (Result, error) {
	var (
		wait  sync.WaitGroup
		mu    sync.Mutex
		total Result
		fault error
	)
	start := time.Now()
	for i := range connections {
		wait.Add(1)
		go func() {
			defer wait.Done()
			part, err := loop(ctx, target, i, start.Add(during))
			mu.Lock()
			defer mu.Unlock()
			total.Requests += part.Requests
			total.Latency = append(total.Latency, part.Latency...)
			if err != nil {
				fault = err
			}
		}()
	}
	wait.Wait()
	total.Elapsed = time.Since(start)
	return total, fault
}

func loop(ctx context.Context, target Target, which int, until time.Time) (Result, error) {
	connection, err := net.Dial("tcp", target.Address)
	if err != nil {
		return Result{}, fmt.Errorf("%s: connecting: %w", target.Name, err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(until.Add(30 * time.Second)); err != nil {
		return Result{}, fmt.Errorf("%s: setting a deadline: %w", target.Name, err)
	}
	result, reader := Result{}, bufio.NewReaderSize(connection, 64<<10)
	for ctx.Err() == nil {
		sent := time.Now()
		if sent.After(until) {
			break
		}
		if _, err := connection.Write(target.Bytes[which%len(target.Bytes)]); err != nil {
			return result, fmt.Errorf("%s: sending: %w", target.Name, err)
		}
		if err := readAnswer(reader, target.Status); err != nil {
			return result, fmt.Errorf("%s: %w", target.Name, err)
		}
		result.Requests++
		result.Latency = append(result.Latency, time.Since(sent))
	}
	return result, nil
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
		rest, _ := reader.Peek(reader.Buffered())
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
	if _, err := io.CopyN(io.Discard, reader, int64(length)); err != nil {
		return fmt.Errorf("reading an answer's body: %w", err)
	}
	return nil
}
