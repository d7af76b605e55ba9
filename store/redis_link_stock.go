//go:build !compiled
// +build !compiled

package store

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// redisLink is a bounded pool of connections. The one that was used last is not the next: they take turns. It has no select,
// which would mix up the links of two servers (docs/interpreter.md: select).
type redisLink struct {
	o        *RedisOptions
	address  string
	sentinel bool

	mu      sync.Mutex
	idle    []*redisConn
	open    int             // connections that there are, or are being made
	waiting []*redisWaiting // for a connection, the first in front
	gone    bool
}

// redisWaiting is somebody who waits for a connection.
type redisWaiting struct {
	turn chan *redisTurn // is told once
}

// redisTurn is what somebody gets who waited: a connection, or room for one, or neither.
type redisTurn struct {
	conn *redisConn
	room bool
}

// redisConn is one connection.
type redisConn struct {
	net   net.Conn
	in    *bufio.Reader
	first []byte // room for what comes first of an answer
}

// redisBuffer of 16 kB takes a cart of usual size in one read.
const redisBuffer = 16 << 10

// redisFirst, in bytes, takes what answers most often: that a cart is the same, or is saved.
const redisFirst = 128

var errLinkClosed = errors.New("the store is closed")

func newRedisLink(o *RedisOptions, address string, sentinel bool) *redisLink {
	return &redisLink{o: o, address: address, sentinel: sentinel}
}

func linkExchange(l *redisLink, commands [][]string, deadline time.Time) (replies []*redisReply, sent bool, err error) {
	conn, err := takeConn(l, deadline)
	if err != nil {
		return nil, false, err
	}
	replies, err = converse(conn, commands, deadline)
	if err != nil {
		dropConn(l, conn)
		return nil, true, err
	}
	giveConn(l, conn)
	return replies, true, nil
}

// converse sends commands and reads a reply to each.
func converse(conn *redisConn, commands [][]string, deadline time.Time) ([]*redisReply, error) {
	if err := conn.net.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("setting a deadline: %w", err)
	}
	if _, err := conn.net.Write(commandBytes(commands)); err != nil {
		return nil, fmt.Errorf("sending: %w", err)
	}
	replies := make([]*redisReply, len(commands))
	for i := range commands {
		reply, err := readReply(conn.in)
		if err != nil {
			return nil, fmt.Errorf("reading the answer: %w", err)
		}
		replies[i] = reply
	}
	return replies, inStep(conn)
}

// readyCommand is a command as it is sent, and its usual answer as it comes.
type readyCommand struct {
	sent  []byte
	usual string
}

func linkReady(command []string, usual *redisReply) *readyCommand {
	ready := &readyCommand{sent: commandBytes([][]string{command})}
	if usual != nil && usual.Kind == ':' {
		ready.usual = fmt.Sprintf(":%d\r\n", usual.Number)
	} else if usual != nil {
		ready.usual = fmt.Sprintf("$%d\r\n%s\r\n", len(usual.Bulk), usual.Bulk)
	}
	return ready
}

// linkAgain takes a connection and gives it back by itself where nothing stands in the way, and reads nothing of an answer that
// is all that comes, in one piece, and the usual one, since each step is paid for at every request
// (docs/interpreter.md: what a call costs).
func linkAgain(l *redisLink, ready *readyCommand, deadline time.Time) (reply *redisReply, sent bool, err error) {
	l.mu.Lock()
	if len(l.idle) == 0 || l.gone {
		return linkLater(l, ready, deadline)
	}
	conn := l.idle[0]
	l.idle = l.idle[1:]
	l.mu.Unlock()
	came, err := sendReady(conn, ready, deadline)
	if err != nil || string(came) != ready.usual {
		return unusual(l, conn, came, err)
	}
	l.mu.Lock()
	if len(l.waiting) > 0 || l.gone {
		l.mu.Unlock()
		giveConn(l, conn)
		return nil, true, nil
	}
	l.idle = append(l.idle, conn)
	l.mu.Unlock()
	return nil, true, nil
}

// sendReady answers what comes first.
func sendReady(conn *redisConn, ready *readyCommand, deadline time.Time) ([]byte, error) {
	err := conn.net.SetDeadline(deadline)
	if err == nil {
		_, err = conn.net.Write(ready.sent)
	}
	size := 0
	if err == nil {
		size, err = conn.net.Read(conn.first)
	}
	return conn.first[:size], err
}

// linkLater is linkAgain where no connection is idle. The lock is held and let go.
func linkLater(l *redisLink, ready *readyCommand, deadline time.Time) (*redisReply, bool, error) {
	conn, err := otherConn(l, deadline)
	if err != nil {
		return nil, false, err
	}
	came, err := sendReady(conn, ready, deadline)
	if err != nil || string(came) != ready.usual {
		return unusual(l, conn, came, err)
	}
	giveConn(l, conn)
	return nil, true, nil
}

// unusual reads an answer of which came is the beginning.
func unusual(l *redisLink, conn *redisConn, came []byte, err error) (*redisReply, bool, error) {
	var reply *redisReply
	if err == nil {
		conn.in.Reset(io.MultiReader(bytes.NewReader(came), conn.net))
		reply, err = readReply(conn.in)
	}
	if err == nil {
		err = inStep(conn)
	}
	if err != nil {
		dropConn(l, conn)
		return nil, true, fmt.Errorf("talking to the server: %w", err)
	}
	giveConn(l, conn)
	return reply, true, nil
}

// inStep answers an error where more came than was asked for: the next answer would be taken for another's.
func inStep(conn *redisConn) error {
	if left := conn.in.Buffered(); left > 0 {
		return fmt.Errorf("the server has sent %d bytes more than the answer", left)
	}
	return nil
}

// commandBytes is commands as the server reads them: lists of strings, each behind its length, so that whatever is in a
// string is data.
func commandBytes(commands [][]string) []byte {
	size := 0
	for i := range commands {
		command := commands[i]
		size += 16
		for j := range command {
			size += len(command[j]) + 16
		}
	}
	b := make([]byte, 0, size)
	for i := range commands {
		command := commands[i]
		b = fmt.Appendf(b, "*%d\r\n", len(command))
		for j := range command {
			b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(command[j]), command[j])
		}
	}
	return b
}

// takeConn answers a connection that nobody uses.
func takeConn(l *redisLink, deadline time.Time) (*redisConn, error) {
	l.mu.Lock()
	if len(l.idle) == 0 || l.gone {
		return otherConn(l, deadline)
	}
	conn := l.idle[0]
	l.idle = l.idle[1:]
	l.mu.Unlock()
	return conn, nil
}

// otherConn answers a new connection where there is room for it, else waits for one that comes back. The lock is held and let go.
func otherConn(l *redisLink, deadline time.Time) (*redisConn, error) {
	if l.gone {
		l.mu.Unlock()
		return nil, errLinkClosed
	}
	if l.open < l.o.Connections {
		l.open++
		l.mu.Unlock()
		return newConn(l, deadline)
	}
	w := &redisWaiting{turn: make(chan *redisTurn, 1)}
	l.waiting = append(l.waiting, w)
	l.mu.Unlock()
	timer := time.AfterFunc(time.Until(deadline), func() { stopWaiting(l, w) })
	turn := <-w.turn
	timer.Stop()
	if turn.conn != nil {
		return turn.conn, nil
	}
	if turn.room {
		return newConn(l, deadline)
	}
	if !time.Now().Before(deadline) {
		return nil, fmt.Errorf("all %d connections were busy until the deadline", l.o.Connections)
	}
	return nil, errLinkClosed
}

// newConn makes a connection for which there is room.
func newConn(l *redisLink, deadline time.Time) (*redisConn, error) {
	conn, err := dialRedis(l, deadline)
	if err != nil {
		l.mu.Lock()
		l.open--
		callWaiting(l)
		l.mu.Unlock()
		return nil, err
	}
	return conn, nil
}

// stopWaiting tells somebody that no connection came, unless one has just come.
func stopWaiting(l *redisLink, w *redisWaiting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.waiting {
		if l.waiting[i] == w {
			l.waiting = append(l.waiting[:i], l.waiting[i+1:]...)
			w.turn <- &redisTurn{}
			return
		}
	}
}

// callWaiting has those who wait make connections where there is room now. The lock is held.
func callWaiting(l *redisLink) {
	for len(l.waiting) > 0 && l.open < l.o.Connections {
		l.open++
		l.waiting[0].turn <- &redisTurn{room: true} // never waits: it is told once
		l.waiting = l.waiting[1:]
	}
}

// dialRedis makes a connection, and says who we are and which database is meant.
func dialRedis(l *redisLink, deadline time.Time) (*redisConn, error) {
	dialer := &net.Dialer{Deadline: deadline}
	var raw net.Conn
	var err error
	if l.o.TLS != nil {
		raw, err = tls.DialWithDialer(dialer, "tcp", l.address, l.o.TLS)
	} else {
		raw, err = dialer.Dial("tcp", l.address)
	}
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	conn := &redisConn{net: raw, in: bufio.NewReaderSize(raw, redisBuffer), first: make([]byte, redisFirst)}
	if err := greet(l, conn, deadline); err != nil {
		_ = raw.Close() // the error that counts is the other
		return nil, err
	}
	return conn, nil
}

func greet(l *redisLink, conn *redisConn, deadline time.Time) error {
	if l.sentinel {
		return nil
	}
	commands := [][]string{}
	password, err := redisPassword(l.o)
	if err != nil {
		return err
	}
	if password != "" && l.o.Username != "" {
		commands = append(commands, []string{"AUTH", l.o.Username, password})
	} else if password != "" {
		commands = append(commands, []string{"AUTH", password})
	}
	if l.o.Database != 0 {
		commands = append(commands, []string{"SELECT", strconv.Itoa(l.o.Database)})
	}
	if len(commands) == 0 {
		return nil
	}
	replies, err := converse(conn, commands, deadline)
	if err != nil {
		return err
	}
	for i := range replies {
		if replies[i].Kind == '-' {
			return fmt.Errorf("%s is refused: %s", commands[i][0], replies[i].Text)
		}
	}
	return nil
}

// giveConn gives a connection back.
func giveConn(l *redisLink, conn *redisConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) > 0 {
		l.waiting[0].turn <- &redisTurn{conn: conn} // never waits: it is told once
		l.waiting = l.waiting[1:]
		return
	}
	l.idle = append(l.idle, conn)
	if l.gone {
		dropIdle(l)
	}
}

// dropConn ends a connection that is out of step, and those that lie idle: most likely the server has ended them all.
func dropConn(l *redisLink, conn *redisConn) {
	_ = conn.net.Close() // it is given up
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	dropIdle(l)
	callWaiting(l)
}

// dropIdle ends the connections that lie idle. The lock is held.
func dropIdle(l *redisLink) {
	for i := range l.idle {
		_ = l.idle[i].net.Close() // it is given up
	}
	l.open -= len(l.idle)
	l.idle = l.idle[:0]
}

func closeRedisLink(l *redisLink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	dropIdle(l)
	for i := range l.waiting {
		l.waiting[i].turn <- &redisTurn{} // never waits: it is told once
	}
	l.waiting = nil
}

const (
	// maxReply bounds a reply in bytes: the largest cart with its head, and room for a page of names or the slots of a large cluster.
	maxReply = MaxData + 4<<20
	// maxDepth bounds lists in lists: the slots of a cluster take three.
	maxDepth = 8
	// replyCost is what a reply takes in memory beside its bytes.
	replyCost = 128
)

// readReply reads one reply.
func readReply(in *bufio.Reader) (*redisReply, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if len(line) > 3 && line[0] == '$' && line[1] != '-' {
		return readBulk(in, line, maxReply)
	}
	budget := maxReply
	return readOther(in, line, &budget, 0)
}

// readBulk reads bytes whose first line is there.
func readBulk(in *bufio.Reader, line []byte, most int) (*redisReply, error) {
	size, err := strconv.Atoi(string(line[1 : len(line)-2]))
	if err != nil || size < 0 || size > most || line[len(line)-2] != '\r' {
		return nil, fmt.Errorf("a reply of %.40q is not taken; at most %d bytes are", line, most)
	}
	b := make([]byte, size+2)
	if _, err := io.ReadFull(in, b); err != nil {
		return nil, err
	}
	if b[size] != '\r' || b[size+1] != '\n' {
		return nil, fmt.Errorf("a reply of %d bytes has more or fewer", size)
	}
	return &redisReply{Kind: '$', Bulk: b[:size:size]}, nil
}

// readOther reads what is not plain bytes. budget is what is left of maxReply.
func readOther(in *bufio.Reader, line []byte, budget *int, depth int) (*redisReply, error) {
	*budget -= replyCost + len(line)
	if *budget < 0 || depth > maxDepth {
		return nil, fmt.Errorf("a reply is larger than %d bytes or deeper than %d lists", maxReply, maxDepth)
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return nil, fmt.Errorf("a reply begins with %.40q, which is none", line)
	}
	text := string(line[1 : len(line)-2])
	kind := line[0]
	if kind == '+' || kind == '-' {
		return &redisReply{Kind: kind, Text: text}, nil
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("a reply begins with %.40q, which is none", line)
	}
	if kind == ':' {
		return &redisReply{Kind: ':', Number: number}, nil
	}
	if number == -1 && (kind == '$' || kind == '*') {
		return &redisReply{Kind: '_'}, nil
	}
	if kind == '$' {
		reply, err := readBulk(in, line, *budget)
		if err == nil {
			*budget -= len(reply.Bulk)
		}
		return reply, err
	}
	if kind != '*' || number < 0 || number > int64(*budget/replyCost) {
		return nil, fmt.Errorf("a reply begins with %.40q, which is not taken", line)
	}
	reply := &redisReply{Kind: '*'}
	for i := int64(0); i < number; i++ {
		next, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		one, err := readOther(in, next, budget, depth+1)
		if err != nil {
			return nil, err
		}
		reply.List = append(reply.List, one)
	}
	return reply, nil
}
