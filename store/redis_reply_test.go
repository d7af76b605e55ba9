//go:build !compiled

package store

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/redistest"
)

func TestRepliesAreReadAndNothingElse(t *testing.T) {
	deep := strings.Repeat("*1\r\n", maxDepth+2) + ":1\r\n"
	for _, one := range []struct {
		text string
		kind byte // 0: refused
	}{
		{"+OK\r\n", '+'}, {"-ERR no\r\n", '-'}, {":-12\r\n", ':'}, {"$0\r\n\r\n", '$'}, {"$5\r\na\r\n\x00b\r\n", '$'}, {"$-1\r\n", '_'}, {"*-1\r\n", '_'}, {"*0\r\n", '*'},
		{"*2\r\n$1\r\na\r\n*1\r\n:1\r\n", '*'},
		{"", 0}, {"\r\n", 0}, {"+OK\n", 0}, {":1", 0}, {":x\r\n", 0}, {":99999999999999999999\r\n", 0}, {"$5\r\nabc\r\n", 0}, {"$3\r\nabcd\r\n", 0}, {"$-2\r\n", 0}, {"$+3x\r\nabc\r\n", 0},
		{"$99999999999\r\n", 0}, {"*99999999999\r\n", 0}, {"*2\r\n:1\r\n", 0}, {"*-5\r\n", 0}, {"_\r\n", 0}, {"%1\r\n+a\r\n+b\r\n", 0}, {"HTTP/1.1 400 Bad Request\r\n", 0},
		{deep, 0}, {"+" + strings.Repeat("x", redisBuffer+1) + "\r\n", 0},
	} {
		reply, err := readReply(bufio.NewReaderSize(strings.NewReader(one.text), redisBuffer))
		if (err != nil) != (one.kind == 0) || err == nil && reply.Kind != one.kind {
			t.Errorf("%.60q: %+v, %v", one.text, reply, err)
		}
	}
}

func TestAReplyThatPromisesMuchTakesLittleMemory(t *testing.T) {
	for _, text := range []string{"*1000000\r\n", "*4\r\n*90000\r\n", "$99999999\r\n"} {
		took := testing.AllocsPerRun(3, func() {
			if _, err := readReply(bufio.NewReader(strings.NewReader(text))); err == nil {
				t.Fatalf("%q is taken", text)
			}
		})
		if took > 50 {
			t.Errorf("%q took %v allocations", text, took)
		}
	}
}

// FuzzReplies feeds the reader whatever comes: it neither panics nor reads on without an end, and what it takes is what was
// said, since it says the same again.
func FuzzReplies(f *testing.F) {
	for _, text := range []string{"+OK\r\n", "*2\r\n$1\r\na\r\n:1\r\n", "$-1\r\n", "-MOVED 1 a:1\r\n", "$5\r\na\r\n\x00b\r\n", "*1\r\n*1\r\n*0\r\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		reply, err := readReply(bufio.NewReaderSize(bytes.NewReader(text), 512))
		if err != nil {
			return
		}
		again := printed(reply)
		reread, err := readReply(bufio.NewReaderSize(bytes.NewReader(again), 512))
		if err != nil || !bytes.Equal(printed(reread), again) {
			t.Fatalf("%q is read as %q and then as %q, %v", text, again, printed(reread), err)
		}
	})
}

// FuzzCommands has whatever bytes sent as one command, and wants the same back: nothing in them is protocol.
func FuzzCommands(f *testing.F) {
	f.Add("SET", "a\r\n$1\r\n", "*\x00")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		reply, err := readReply(bufio.NewReader(bytes.NewReader(commandBytes([][]string{{a, b, c}}))))
		if err != nil || len(reply.List) != 3 || string(reply.List[0].Bulk) != a || string(reply.List[1].Bulk) != b || string(reply.List[2].Bulk) != c {
			t.Fatalf("%q %q %q arrive as %+v, %v", a, b, c, reply, err)
		}
	})
}

// printed is a reply as a server would send it.
func printed(r *redisReply) []byte {
	switch r.Kind {
	case '$':
		return []byte("$" + fmt.Sprint(len(r.Bulk)) + "\r\n" + string(r.Bulk) + "\r\n")
	case ':':
		return []byte(":" + fmt.Sprint(r.Number) + "\r\n")
	case '_':
		return []byte("$-1\r\n")
	case '*':
		all := []byte("*" + fmt.Sprint(len(r.List)) + "\r\n")
		for _, one := range r.List {
			all = append(all, printed(one)...)
		}
		return all
	}
	return []byte(string(r.Kind) + r.Text + "\r\n")
}

// An answer may come in pieces, and a server may send more than was asked for: what is left over must not answer the next one.
func TestAnAnswerIsTheAnswerHoweverItComes(t *testing.T) {
	const usual = "$3\r\nyes\r\n"
	for _, one := range []struct {
		name   string
		pieces []string
		told   string // "": nothing, it is the usual answer; "error": that the connection is out of step
	}{
		{"whole", []string{usual}, ""},
		{"in two pieces", []string{"$3\r", "\nyes\r\n"}, "yes"},
		{"byte by byte", strings.Split(usual, ""), "yes"},
		{"another one in pieces", []string{"$2\r\n", "no", "\r\n"}, "no"},
		{"with one more behind it", []string{usual + usual}, "error"},
		{"another one with more behind it", []string{"$2\r\nno\r\n:1\r\n"}, "error"},
	} {
		t.Run(one.name, func(t *testing.T) {
			var connections atomic.Int64
			link := newRedisLink(&RedisOptions{Connections: 1, Timeout: 5 * time.Second}, answering(t, one.pieces, &connections), false)
			defer closeRedisLink(link)
			for range 2 {
				reply, _, err := linkAgain(link, linkReady([]string{"PING"}, &redisReply{Kind: '$', Bulk: []byte("yes")}), time.Now().Add(5*time.Second))
				if (err != nil) != (one.told == "error") || err == nil && (reply == nil) != (one.told == "") || reply != nil && string(reply.Bulk) != one.told {
					t.Errorf("once more: %+v, %v", reply, err)
				}
			}
			if wanted := map[bool]int64{true: 2, false: 1}[one.told == "error"]; connections.Load() != wanted {
				t.Errorf("%d connections, wanted %d", connections.Load(), wanted)
			}
			replies, _, err := linkExchange(link, [][]string{{"PING"}}, time.Now().Add(5*time.Second))
			if (err != nil) != (one.told == "error") {
				t.Errorf("by itself: %+v, %v", replies, err)
			}
		})
	}
}

// answering is a server that sends these pieces whatever it is asked.
func answering(t *testing.T, pieces []string, connections *atomic.Int64) (address string) {
	t.Helper()
	return redistest.Listen(t, func(client net.Conn) {
		defer client.Close()
		connections.Add(1)
		asked := make([]byte, 1024)
		for {
			if _, err := client.Read(asked); err != nil {
				return
			}
			for _, piece := range pieces {
				fmt.Fprint(client, piece)
				time.Sleep(5 * time.Millisecond) // so that pieces are read one by one
			}
		}
	})
}
