package callers

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Way is a way of stopping in the middle of a request body.
type Way struct {
	Name   string
	bytes  func(request *http.Request, body string) string
	aborts bool // with a reset, as a client that crashed; else the client says that nothing follows, and listens
}

// Ways are the ways in which a client can stop. In the first two all of the JSON has come: only the framing tells.
func Ways() []Way {
	return []Way{
		{"one byte less than declared", func(r *http.Request, body string) string { return declaring(r, len(body)+1) + body }, false},
		{"a chunk and no last chunk", func(r *http.Request, body string) string {
			return head(r, "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
		}, false},
		{"half of the body", func(r *http.Request, body string) string { return declaring(r, len(body)) + body[:len(body)/2] }, false},
		{"nothing of the body", func(r *http.Request, body string) string { return declaring(r, len(body)) }, false},
		{"a reset in the middle", func(r *http.Request, body string) string { return declaring(r, len(body)) + body[:len(body)/2] }, true},
	}
}

func declaring(r *http.Request, length int) string {
	return head(r, fmt.Sprint("Content-Length: ", length))
}

func head(r *http.Request, framing string) string {
	lines := &bytes.Buffer{}
	fmt.Fprintf(lines, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", r.Method, r.URL.RequestURI(), framing)
	_ = r.Header.Write(lines) // into memory
	return lines.String() + "\r\n"
}

// BreakOff begins to add a unit and stops in the middle of the body. It answers the status and body that the server had for
// that; none where the client is gone.
func (c *Caller) BreakOff(address string, way Way, header ...string) (Answer, error) {
	connection, err := c.begin(address, way, header)
	if err != nil {
		return Answer{}, err
	}
	defer connection.Close()
	if way.aborts {
		return Answer{}, connection.SetLinger(0)
	}
	if err := connection.CloseWrite(); err != nil {
		return Answer{}, fmt.Errorf("%s: breaking off: %w", c.Dialect, err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: reading the answer: %w", c.Dialect, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return Answer{Status: response.StatusCode, Body: string(body)}, err
}

// Hang begins to add a unit, sends half of the body and then nothing more. Closing the connection ends it.
func (c *Caller) Hang(address string, header ...string) (io.Closer, error) {
	return c.begin(address, Ways()[2], header)
}

func (c *Caller) begin(address string, way Way, header []string) (*net.TCPConn, error) {
	request := c.request(c.add)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	dialled, err := net.DialTimeout("tcp", strings.TrimPrefix(address, "http://"), 10*time.Second)
	if err != nil {
		return nil, fmt.Errorf("%s: connecting: %w", c.Dialect, err)
	}
	connection := dialled.(*net.TCPConn)
	if _, err := io.WriteString(connection, way.bytes(request, c.add.body)); err != nil {
		connection.Close()
		return nil, fmt.Errorf("%s: sending: %w", c.Dialect, err)
	}
	return connection, nil
}
