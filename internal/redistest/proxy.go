package redistest

import (
	"net"
	"testing"
)

// Judge sees a piece of what goes through a Proxy, as it came, before the other side has it. It answers how many bytes of it
// are handed on; where that is not all, the connection is broken after them.
type Judge func(piece []byte) (handedOn int)

// StartProxy listens between clients and a server until the test ends. asked judges what clients send, answered what the
// server does; nil hands everything on.
func StartProxy(t testing.TB, server string, asked, answered Judge) (address string) {
	t.Helper()
	return Listen(t, func(client net.Conn) { join(client, server, asked, answered) })
}

// Listen has serve do what is to be done with each connection, beside the others, until the test ends.
func Listen(t testing.TB, serve func(client net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(client)
		}
	}()
	return listener.Addr().String()
}

// join joins a client with a server until either hangs up.
func join(client net.Conn, address string, asked, answered Judge) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	go handOn(server, client, asked)
	handOn(client, server, answered)
}

// handOn hands on to one side what the other says, and hangs up on both in the end.
func handOn(to, from net.Conn, judge Judge) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		pass := n
		if judge != nil {
			pass = judge(buffer[:n])
		}
		if _, err := to.Write(buffer[:pass]); err != nil || pass < n {
			return
		}
	}
}
