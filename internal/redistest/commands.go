package redistest

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// Commands are what clients, not scripts, have sent to a real server while do ran, in small letters, by MONITOR.
func (s *Server) Commands(t testing.TB, do func()) []string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buffer := make([]byte, 1<<20)
	read := func() string {
		if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
	fmt.Fprint(conn, "MONITOR\r\n")
	read()
	do()
	end, err := net.Dial("tcp", s.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	fmt.Fprint(end, "ECHO the-end\r\n")
	text := ""
	for !strings.Contains(text, "the-end") {
		text += read()
	}
	commands := []string{}
	for _, line := range strings.Split(text, "\r\n") {
		// +1700000000.000000 [0 127.0.0.1:50000] "evalsha" "…", and lua in place of the address for what scripts do.
		parts := strings.SplitN(line, " ", 4)
		if len(parts) == 4 && parts[2] != "lua]" && !strings.Contains(line, "the-end") {
			commands = append(commands, strings.ToLower(strings.Trim(strings.Fields(parts[3])[0], `"`)))
		}
	}
	return commands
}
