package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/redistest"
)

func openRedis(t testing.TB, o RedisOptions) *Redis {
	t.Helper()
	if o.Prefix == "" {
		o.Prefix = t.Name() + ":"
	}
	r, err := OpenRedis(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func saveRedis(t testing.TB, r *Redis, key string, was, version int64, data string) {
	t.Helper()
	if err := r.Save(key, was, &Record{Version: version, Data: []byte(data)}); err != nil {
		t.Fatalf("saving version %d over %d: %v", version, was, err)
	}
}

func wantRedis(t testing.TB, r *Redis, key string, version int64, data string) {
	t.Helper()
	got, err := r.Load(key, 0)
	if err != nil || got.Version != version || string(got.Data) != data {
		t.Fatalf("loaded version %d %q, %v; wanted version %d %q", got.Version, got.Data, err, version, data)
	}
}

// breaker stands between a store and a server, and breaks connections at the worst moment.
type breaker struct {
	address   string
	cut       atomic.Int32 // so many answers are swallowed, and their connections broken
	lose      atomic.Int32 // so many requests are swallowed, and their connections broken
	bytes     atomic.Int64 // of the answers that came through
	meanwhile func()       // runs when something was swallowed
	mu        sync.Mutex
}

func newBreaker(t testing.TB, server string) *breaker {
	t.Helper()
	b := &breaker{}
	b.address = redistest.StartProxy(t, server, func(asked []byte) int {
		if takeOne(&b.lose) {
			b.strike()
			return 0
		}
		return len(asked)
	}, func(answered []byte) int {
		if takeOne(&b.cut) {
			b.strike()
			return 0
		}
		b.bytes.Add(int64(len(answered)))
		return len(answered)
	})
	return b
}

func (b *breaker) strike() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.meanwhile != nil {
		b.meanwhile()
	}
}

// takeOne counts down to 0, and answers false there.
func takeOne(left *atomic.Int32) bool {
	for {
		now := left.Load()
		if now <= 0 {
			return false
		}
		if left.CompareAndSwap(now, now-1) {
			return true
		}
	}
}

func TestASaveWhoseAnswerIsLostIsFoundAgain(t *testing.T) {
	server := redistest.Start(t)
	b := newBreaker(t, server.Address)
	r := openRedis(t, RedisOptions{Addresses: []string{b.address}})
	saveRedis(t, r, "shop/a", 0, 1, "one") // the server knows the script from now on
	for was := int64(1); was < 6; was++ {
		b.cut.Store(int32(was) % 3) // one or two answers in a row
		saveRedis(t, r, "shop/a", was, was+1, fmt.Sprint("save ", was))
		wantRedis(t, r, "shop/a", was+1, fmt.Sprint("save ", was))
	}
}

func TestASaveWhoseAnswerIsLostAndThatWasFollowedMayOrMayNotBeSaved(t *testing.T) {
	server := redistest.Start(t)
	b := newBreaker(t, server.Address)
	r := openRedis(t, RedisOptions{Addresses: []string{b.address}})
	other := openRedis(t, RedisOptions{Addresses: []string{server.Address}})
	saveRedis(t, r, "shop/a", 0, 1, "one")
	b.meanwhile = func() { saveRedis(t, other, "shop/a", 2, 3, "theirs") }
	b.cut.Store(1)
	// To answer a conflict would have the caller do on top of ours what ours has done.
	if err := r.Save("shop/a", 1, &Record{Version: 2, Data: []byte("ours")}); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("answered %v", err)
	}
	wantRedis(t, r, "shop/a", 3, "theirs")
}

func TestEqualBytesOfAnotherWriterAreNotTakenForOurs(t *testing.T) {
	server := redistest.Start(t)
	b := newBreaker(t, server.Address)
	r := openRedis(t, RedisOptions{Addresses: []string{b.address}})
	other := openRedis(t, RedisOptions{Addresses: []string{server.Address}})
	saveRedis(t, r, "shop/a", 0, 1, "one")
	b.meanwhile = func() { saveRedis(t, other, "shop/a", 1, 2, "two") }
	b.lose.Store(1)
	if err := r.Save("shop/a", 1, &Record{Version: 2, Data: []byte("two")}); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("answered %v", err)
	}
}

func TestASaveThatNeverReachedTheServerIsSentAgain(t *testing.T) {
	server := redistest.Start(t)
	b := newBreaker(t, server.Address)
	r := openRedis(t, RedisOptions{Addresses: []string{b.address}})
	saveRedis(t, r, "shop/a", 0, 1, "one")
	b.lose.Store(1)
	saveRedis(t, r, "shop/a", 1, 2, "two")
	wantRedis(t, r, "shop/a", 2, "two")
}

func TestARequestThatFindsNoServerIsAnsweredAndTheStoreRecovers(t *testing.T) {
	server := redistest.StartReal(t)
	lines := &logLines{}
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}, Logger: newLogger(lines)})
	saveRedis(t, r, "shop/a", 0, 1, "one")
	server.Kill()
	for range 50 {
		if _, err := r.Load("shop/a", 0); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("without a server: %v", err)
		}
		if err := r.Save("shop/a", 1, &Record{Version: 2, Data: []byte("two")}); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("without a server: %v", err)
		}
	}
	server.Run(t)
	until(t, "the store recovers", func() bool {
		got, err := r.Load("shop/a", 0)
		return err == nil && got.Version == 1 && string(got.Data) == "one"
	})
	saveRedis(t, r, "shop/a", 1, 2, "two")
	text := lines.String()
	if strings.Count(text, "the cart store does not answer") != 1 || strings.Count(text, "the cart store answers again") != 1 {
		t.Fatalf("logged\n%s", text)
	}
}

func TestAServerThatHangsCostsOneRequestTheTimeoutAndNotEach(t *testing.T) {
	server := redistest.StartReal(t)
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}, Timeout: 400 * time.Millisecond})
	saveRedis(t, r, "shop/a", 0, 1, "one")
	server.Freeze(t)
	waited := 0
	for range 40 {
		began := time.Now()
		if _, err := r.Load("shop/a", 0); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("of a server that hangs: %v", err)
		}
		if time.Since(began) > 300*time.Millisecond {
			waited++
		}
	}
	server.Thaw(t)
	if waited > 10 {
		t.Fatalf("%d of 40 requests waited for the timeout", waited)
	}
	until(t, "the store recovers", func() bool { _, err := r.Load("shop/a", 0); return err == nil })
	wantRedis(t, r, "shop/a", 1, "one")
}

func TestAServerThatForgetsTheScriptsIsToldAgain(t *testing.T) {
	server := redistest.Start(t)
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}})
	saveRedis(t, r, "shop/a", 0, 1, "one")
	if err := server.Client(t).ScriptFlush(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	wantRedis(t, r, "shop/a", 1, "one")
	saveRedis(t, r, "shop/a", 1, 2, "two")
}

func TestConnectionsThatTheServerHasEndedCostNoRequest(t *testing.T) {
	server := redistest.StartReal(t)
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}, Timeout: 10 * time.Second})
	saveRedis(t, r, "shop/a", 0, 1, "one")
	var all sync.WaitGroup
	for range r.o.Connections {
		all.Add(1)
		go func() { // so long that each has a connection of its own
			defer all.Done()
			if _, _, err := linkExchange(ownerOf(r.nodes, 0).link, [][]string{{"BLPOP", "nothing", "0.3"}}, time.Now().Add(10*time.Second)); err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
	server.Kill()
	server.Run(t)
	saveRedis(t, r, "shop/a", 1, 2, "two")
}

func TestAForeignValueIsDamagedAndStays(t *testing.T) {
	server := redistest.Start(t)
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}})
	client, ctx := server.Client(t), context.Background()
	saveRedis(t, r, "shop/a", 0, 1, "one")
	place := r.places[bucketOf("shop/a")] + "c:shop/a"
	whole, err := client.Get(ctx, place).Result()
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"short": "1", "another format": "2" + whole[1:], "no version": whole[:5] + "x" + whole[6:], "other data": whole[:headSize] + "two",
		"no data": whole[:headSize], "cut off": whole[:len(whole)-1],
	} {
		if err := client.Set(ctx, place, value, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if got, err := r.Load("shop/a", 0); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: version %d, %v", name, got.Version, err)
		}
	}
	client.Del(ctx, place)
	if err := client.LPush(ctx, place, "x").Err(); err != nil {
		t.Fatal(err)
	}
	_, loading := r.Load("shop/a", 0)
	saving := r.Save("shop/a", 0, &Record{Version: 1, Data: []byte("x")})
	deleting := r.Delete("shop/a", 0)
	for _, err := range []error{loading, saving, deleting} {
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("a list: %v", err)
		}
	}
}

func TestNothingInAKeyOrARecordIsProtocol(t *testing.T) {
	server := redistest.Start(t)
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}})
	for _, one := range []string{"\r\n", "$-1\r\n", "*3\r\n$3\r\nSET\r\n", "\x00", "'; return 0 --", "{}", "{b001}", "%d%s\n", strings.Repeat("\r\n$0\r\n", 3000), "\xff\xfe"} {
		key := "shop/" + one
		if len(key) > MaxKey {
			key = key[:MaxKey]
		}
		if err := r.Save(key, 0, &Record{Version: 1, Pending: true, Data: []byte(one)}); err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		wantRedis(t, r, key, 1, one)
		keys, err := r.Pending()
		if err != nil || len(keys) != 1 || keys[0] != key {
			t.Fatalf("%q: pending are %q, %v", one, keys, err)
		}
		if err := r.Delete(key, 1); err != nil {
			t.Fatalf("%q: %v", one, err)
		}
	}
}

func TestEveryOperationIsOneRoundTripOfOneScript(t *testing.T) {
	server := redistest.StartReal(t)
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}})
	saveRedis(t, r, "shop/a", 0, 1, strings.Repeat("x", 5000))
	saveRedis(t, r, "shop/warm", 0, 1, "x")
	if err := r.Delete("shop/warm", 1); err != nil { // every script is known from now on
		t.Fatal(err)
	}
	wantRedis(t, r, "shop/a", 1, strings.Repeat("x", 5000))
	b := newBreaker(t, server.Address)
	counted := openRedis(t, RedisOptions{Addresses: []string{b.address}, Prefix: r.o.Prefix})
	wantRedis(t, counted, "shop/none", 0, "") // it is connected from now on
	for _, one := range []struct {
		name string
		do   func() error
		most int64 // bytes of the answer
	}{
		{"a load", func() error { _, err := counted.Load("shop/a", 0); return err }, 5200},
		{"a load by who holds the newest version", func() error { _, err := counted.Load("shop/a", 1); return err }, 100},
		{"a save", func() error { return counted.Save("shop/a", 1, &Record{Version: 2, Data: []byte("two")}) }, 10},
		{"a save that has something left to do", func() error { return counted.Save("shop/a", 2, &Record{Version: 3, Pending: true, Data: []byte("3")}) }, 10},
		{"another one", func() error { return counted.Save("shop/a", 3, &Record{Version: 4, Pending: true, Data: []byte("4")}) }, 10},
		{"a save that is refused", func() error {
			if err := counted.Save("shop/a", 3, &Record{Version: 4, Data: []byte("x")}); !errors.Is(err, ErrConflict) {
				return fmt.Errorf("answered %w", err)
			}
			return nil
		}, 40},
	} {
		commands := server.Commands(t, func() {
			b.bytes.Store(0)
			if err := one.do(); err != nil {
				t.Fatalf("%s: %v", one.name, err)
			}
		})
		if len(commands) != 1 || commands[0] != "evalsha" || b.bytes.Load() > one.most {
			t.Errorf("%s sent %q and was answered with %d bytes", one.name, commands, b.bytes.Load())
		}
	}
}

func TestACartMadeAnewIsNotTakenForTheCachedOneOfTheSameVersion(t *testing.T) {
	first := cartOf(1, 2)
	here, _ := madeAnew(t, first, cartOf(1, 3))
	if got := mustGet(t, here, first.Key); len(got.Lines) != 3 {
		t.Fatalf("a cart of %d lines, wanted the 3 of the new one", len(got.Lines))
	}
	// Who still holds the dropped one cannot save over the new one either.
	record := &Record{Version: 2, Token: "000000000000000000000000", Data: []byte("{}")}
	if err := here.store.Save("shop/a", 0, &Record{Version: 1, Data: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	if err := here.store.Save("shop/a", 1, record); !errors.Is(err, ErrConflict) {
		t.Fatalf("over another save of the same version: %v", err)
	}
}

// madeAnew are two processes: here saved the first cart, and there dropped it and made it anew.
func madeAnew(t *testing.T, first, anew *cartcore.Cart) (here, there *Carts) {
	t.Helper()
	o := RedisOptions{Addresses: []string{redistest.Start(t).Address}}
	here, there = OpenCarts(openRedis(t, o), roomy, Lifetimes{}), OpenCarts(openRedis(t, o), roomy, Lifetimes{})
	mustSaveCart(t, here, first, 0)
	mustDropCart(t, there, first)
	mustSaveCart(t, there, anew, 0)
	return here, there
}

func mustDropCart(t testing.TB, c *Carts, cart *cartcore.Cart) {
	t.Helper()
	if err := DropCart(c, cart); err != nil {
		t.Fatal(err)
	}
}

func TestAReplicaWhoseClockIsWrongDoesNoHarm(t *testing.T) {
	server := redistest.Start(t)
	now := time.Now().UnixMilli()
	late := openRedis(t, RedisOptions{Addresses: []string{server.Address}, Clock: func() int64 { return now + 300_000 }})
	right := openRedis(t, RedisOptions{Addresses: []string{server.Address}})
	// A minute by the clock of who saves: the others must neither lose it at once nor keep it for six.
	if err := late.Save("shop/a", 0, &Record{Version: 1, Expires: now + 360_000, Pending: true, Data: []byte("one")}); err != nil {
		t.Fatal(err)
	}
	wantRedis(t, right, "shop/a", 1, "one")
	client := server.Client(t)
	left, err := client.PTTL(context.Background(), late.places[bucketOf("shop/a")]+"c:shop/a").Result()
	if err != nil || left > time.Minute || left < 10*time.Second {
		t.Fatalf("it goes in %s, %v", left, err)
	}
	if keys, err := right.Pending(); err != nil || len(keys) != 1 {
		t.Fatalf("pending are %q, %v", keys, err)
	}
}

// The clock of who changed the cart last may be off by more than the cart's life, or may have been set between the change and
// the save; and a save that only keeps an answer leaves the moment of the change as it was, by whichever clock.
func TestACartLastsFromItsSaveWhateverTheClocksSay(t *testing.T) {
	server := redistest.Start(t)
	o := RedisOptions{Addresses: []string{server.Address}}
	life := Lifetimes{Guest: 60_000, Customer: 60_000, Empty: 60_000, Letters: 60_000}
	r := openRedis(t, o)
	here, there := OpenCarts(r, roomy, life), OpenCarts(openRedis(t, o), roomy, life)
	for i, off := range []int64{0, 300_000, -300_000, -50 * 365 * 24 * 3_600_000} {
		cart := cartOf(i+1, 2)
		cart.Updated = time.Now().UnixMilli() + off
		mustSaveCart(t, here, cart, 0)
		if got := mustGet(t, there, cart.Key); got == nil || len(got.Lines) != 2 {
			t.Errorf("changed %d ms off, the other replica has %v", off, got)
		}
		key := cartcore.KeyText(cart.Key)
		left, err := server.Client(t).PTTL(t.Context(), r.places[bucketOf(key)]+"c:"+key).Result()
		if err != nil || left > time.Minute || left < 10*time.Second {
			t.Errorf("changed %d ms off, it goes in %s, %v", off, left, err)
		}
	}
}

func TestWithWaitASaveIsAnsweredWhenTheReplicasHaveIt(t *testing.T) {
	server := redistest.StartReal(t)
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}, Wait: 1, Timeout: 500 * time.Millisecond})
	saveRedis(t, openRedis(t, RedisOptions{Addresses: []string{server.Address}}), "shop/warm", 0, 1, "x") // the script is known now
	if err := r.Save("shop/a", 0, &Record{Version: 1, Data: []byte("one")}); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "of 1 replicas only 0 have") {
		t.Fatalf("without a replica: %v", err)
	}
	host, port, _ := net.SplitHostPort(server.Address)
	replica := redistest.StartReal(t, "--replicaof", host+" "+port)
	until(t, "a replica follows", func() bool { return r.Save("shop/b", 0, &Record{Version: 1, Data: []byte("b")}) == nil || followed(r) })
	saveRedis(t, r, "shop/c", 0, 1, "c")
	got, err := replica.Client(t).Get(context.Background(), r.places[bucketOf("shop/c")]+"c:shop/c").Result()
	if err != nil || !strings.HasSuffix(got, "c") {
		t.Fatalf("the replica has %q, %v", got, err)
	}
	if err := r.Save("shop/c", 0, &Record{Version: 1, Data: []byte("x")}); !errors.Is(err, ErrConflict) {
		t.Fatalf("with WAIT a conflict answers %v", err)
	}
}

func followed(r *Redis) bool {
	got, err := r.Load("shop/b", 0)
	return err == nil && got.Version > 0 && r.Save("shop/b", got.Version, &Record{Version: got.Version + 1, Data: []byte("b")}) == nil
}

func TestAPasswordIsReadAtEveryConnection(t *testing.T) {
	server := redistest.StartReal(t, "--requirepass", "first secret")
	file := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wrong")
	lines := &logLines{}
	for _, user := range []string{"", "default"} {
		write("wrong")
		r := openRedis(t, RedisOptions{Addresses: []string{server.Address}, PasswordFile: file, Username: user, Database: 3, Prefix: "p" + user, Logger: newLogger(lines)})
		if err := r.Save("shop/a", 0, &Record{Version: 1, Data: []byte("one")}); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "WRONGPASS") {
			t.Fatalf("with a wrong password: %v", err)
		}
		write("first secret")
		until(t, "the new password is used", func() bool { _, err := r.Load("shop/a", 0); return err == nil })
		saveRedis(t, r, "shop/a", 0, 1, "one")
	}
	if text := lines.String(); strings.Contains(text, "secret") || !strings.Contains(text, "WRONGPASS") {
		t.Fatalf("logged\n%s", text)
	}
	other := openRedis(t, RedisOptions{Addresses: []string{server.Address}, PasswordFile: file, Prefix: "p"})
	wantRedis(t, other, "shop/a", 0, "")
}

func TestNoErrorShowsAKey(t *testing.T) {
	server := redistest.StartReal(t, "--rename-command", "EVALSHA", "", "--rename-command", "EVAL", "")
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}})
	// Of a long one the server repeats only the beginning.
	for _, key := range []string{"shop/guest:agent:0123456789", "shop/guest:agent:0123456789" + strings.Repeat("0", 500)} {
		_, err := r.Load(key, 0)
		if !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "0123456789") {
			t.Fatalf("answered %v", err)
		}
	}
}

func TestLinkKeepsItsPromises(t *testing.T) {
	server := redistest.Start(t)
	o, err := redisDefaults(RedisOptions{Addresses: []string{server.Address}, Connections: 3, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	link := newRedisLink(o, server.Address, false)
	exchange := func(commands ...[]string) []*redisReply {
		t.Helper()
		replies, sent, err := linkExchange(link, commands, time.Now().Add(5*time.Second))
		if err != nil || !sent || len(replies) != len(commands) {
			t.Fatalf("%d replies, sent %v, %v", len(replies), sent, err)
		}
		return replies
	}
	lua := "return {1, 'two', {'3', {4}}, false, ''}"
	replies := exchange([]string{"SET", "k", "a\r\n\x00b"}, []string{"GET", "k"}, []string{"GET", "none"}, []string{"NOSUCH"}, []string{"INCR", "n"}, []string{"EVAL", lua, "0"})
	if !bytes.Equal(replies[1].Bulk, []byte("a\r\n\x00b")) || replies[1].Kind != '$' || replies[2].Kind != '_' || replies[4].Kind != ':' || replies[4].Number != 1 {
		t.Fatalf("%+v %+v %+v", replies[1], replies[2], replies[4])
	}
	if replies[3].Kind != '-' || !strings.HasPrefix(replies[3].Text, "ERR unknown command") {
		t.Fatalf("%+v", replies[3])
	}
	list := replies[5].List
	if replies[5].Kind != '*' || len(list) != 5 || list[0].Number != 1 || string(list[1].Bulk) != "two" || list[2].List[1].List[0].Number != 4 || list[3].Kind != '_' || list[4].Kind != '$' {
		t.Fatalf("%+v", list)
	}
	t.Run("a command that is sent again tells only what is unusual", func(t *testing.T) {
		exchange([]string{"SET", "usual", "as ever"}, []string{"SET", "count", "7"}, []string{"SET", "long", strings.Repeat("x", 5000)})
		for _, one := range []struct {
			name    string
			command []string
			usual   *redisReply
			kind    byte // of what is told; 0: nothing is
			bulk    string
		}{
			{"the usual bytes", []string{"GET", "usual"}, &redisReply{Kind: '$', Bulk: []byte("as ever")}, 0, ""},
			{"the usual number", []string{"STRLEN", "usual"}, &redisReply{Kind: ':', Number: 7}, 0, ""},
			{"other bytes of the same length", []string{"GET", "usual"}, &redisReply{Kind: '$', Bulk: []byte("as eveR")}, '$', "as ever"},
			{"bytes that begin as the usual ones", []string{"GET", "usual"}, &redisReply{Kind: '$', Bulk: []byte("as")}, '$', "as ever"},
			{"more bytes than come at once", []string{"GET", "long"}, &redisReply{Kind: '$', Bulk: []byte("as ever")}, '$', strings.Repeat("x", 5000)},
			{"bytes in place of a number", []string{"GET", "count"}, &redisReply{Kind: ':', Number: 7}, '$', "7"},
			{"nothing", []string{"GET", "none"}, &redisReply{Kind: '$', Bulk: []byte{}}, '_', ""},
			{"a refusal", []string{"NOSUCH"}, &redisReply{Kind: ':'}, '-', ""},
			{"where nothing is usual", []string{"GET", "usual"}, nil, '$', "as ever"},
		} {
			ready := linkReady(one.command, one.usual)
			for range 2 {
				reply, sent, err := linkAgain(link, ready, time.Now().Add(5*time.Second))
				if err != nil || !sent {
					t.Fatalf("%s: sent %v, %v", one.name, sent, err)
				}
				if reply == nil {
					reply = &redisReply{}
				}
				if reply.Kind != one.kind || string(reply.Bulk) != one.bulk {
					t.Errorf("%s: told %c %.20q", one.name, reply.Kind, reply.Bulk)
				}
			}
		}
	})
	t.Run("many at once share few connections", func(t *testing.T) {
		var all sync.WaitGroup
		for i := range 40 {
			all.Add(1)
			go func() {
				defer all.Done()
				text := fmt.Sprint("own ", i)
				replies, _, err := linkExchange(link, [][]string{{"ECHO", text}}, time.Now().Add(20*time.Second))
				if err != nil || string(replies[0].Bulk) != text {
					t.Errorf("%q: %v", text, err)
				}
				ready := linkReady([]string{"ECHO", text}, &redisReply{Kind: '$', Bulk: []byte(text)})
				if reply, _, err := linkAgain(link, ready, time.Now().Add(20*time.Second)); err != nil || reply != nil {
					t.Errorf("%q again: %+v, %v", text, reply, err)
				}
			}()
		}
		all.Wait()
		if !server.Real {
			return
		}
		names := exchange([]string{"CLIENT", "LIST"})
		if clients := strings.Count(string(names[0].Bulk), "\n"); clients > 3 {
			t.Fatalf("%d connections, wanted at most 3", clients)
		}
	})
	t.Run("a deadline ends an exchange", func(t *testing.T) {
		if !server.Real {
			t.Skip("miniredis cannot be made to hang")
		}
		if _, sent, err := linkExchange(link, [][]string{{"BLPOP", "nothing", "3"}}, time.Now().Add(50*time.Millisecond)); err == nil || !sent {
			t.Fatalf("sent %v, %v", sent, err)
		}
		slow := linkReady([]string{"BLPOP", "nothing", "3"}, &redisReply{Kind: ':'})
		if reply, sent, err := linkAgain(link, slow, time.Now().Add(50*time.Millisecond)); err == nil || reply != nil || !sent {
			t.Fatalf("%+v, sent %v, %v", reply, sent, err)
		}
		if got := exchange([]string{"ECHO", "still in step"}); string(got[0].Bulk) != "still in step" {
			t.Fatalf("%+v", got[0])
		}
	})
	ping := linkReady([]string{"PING"}, nil)
	t.Run("nothing is sent where nobody listens", func(t *testing.T) {
		nobody, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		nobody.Close()
		if _, sent, err := linkExchange(newRedisLink(o, nobody.Addr().String(), false), [][]string{{"PING"}}, time.Now().Add(time.Second)); err == nil || sent {
			t.Fatalf("sent %v, %v", sent, err)
		}
		if _, sent, err := linkAgain(newRedisLink(o, nobody.Addr().String(), false), ping, time.Now().Add(time.Second)); err == nil || sent {
			t.Fatalf("sent %v, %v", sent, err)
		}
	})
	t.Run("scripts that are asked at once each have their own answer", func(t *testing.T) {
		sum := string(exchange([]string{"SCRIPT", "LOAD", "if ARGV[1] == 'none' then return false end return ARGV[1]"})[0].Bulk)
		unknown := strings.Repeat("0", len(sum))
		var all sync.WaitGroup
		for i := range 200 {
			all.Add(1)
			go func() {
				defer all.Done()
				ask := func(script string, words ...string) *redisReply {
					replies, sent, err := linkExchange(link, [][]string{append([]string{"EVALSHA", script}, words...)}, time.Now().Add(20*time.Second))
					if err != nil || !sent || len(replies) != 1 {
						t.Errorf("%d replies, sent %v, %v", len(replies), sent, err)
						return &redisReply{}
					}
					return replies[0]
				}
				text := fmt.Sprint("own ", i)
				if got := ask(sum, "0", text); string(got.Bulk) != text {
					t.Errorf("%q was answered %+v", text, got)
				}
				if got := ask(sum, "0", "none"); got.Kind != '_' {
					t.Errorf("nothing is %+v", got)
				}
				if got := ask(unknown, "0", text); got.Kind != '-' || !strings.HasPrefix(got.Text, "NOSCRIPT") {
					t.Errorf("an unknown script is %+v", got)
				}
			}()
		}
		all.Wait()
	})
	t.Run("a connection that hangs holds up no others", func(t *testing.T) {
		hang, hangs := make(chan struct{}), atomic.Bool{}
		slow := redistest.StartProxy(t, server.Address, func(asked []byte) int {
			if hangs.CompareAndSwap(true, false) {
				<-hang
			}
			return len(asked)
		}, nil)
		link := newRedisLink(o, slow, false)
		defer closeRedisLink(link)
		lua := "return ARGV[1]"
		if _, _, err := linkExchange(link, [][]string{{"EVAL", lua, "0", "x"}}, time.Now().Add(5*time.Second)); err != nil {
			t.Fatal(err)
		}
		ask := []string{"EVALSHA", newRedisScript(lua).sum, "0", "x"}
		hangs.Store(true)
		last := make(chan error, 1)
		go func() {
			_, _, err := linkExchange(link, [][]string{ask}, time.Now().Add(20*time.Second))
			last <- err
		}()
		until(t, "one hangs", func() bool { return !hangs.Load() })
		for range 20 { // also by whoever comes alone
			if _, _, err := linkExchange(link, [][]string{ask}, time.Now().Add(2*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		close(hang)
		if err := <-last; err != nil {
			t.Fatal(err)
		}
	})
	t.Run("scripts whose connection breaks may have reached the server, all of them", func(t *testing.T) {
		b := newBreaker(t, server.Address)
		link := newRedisLink(o, b.address, false)
		defer closeRedisLink(link)
		if _, _, err := linkExchange(link, [][]string{{"PING"}}, time.Now().Add(5*time.Second)); err != nil {
			t.Fatal(err)
		}
		b.cut.Store(1000)
		var all sync.WaitGroup
		for range 40 {
			all.Add(1)
			go func() {
				defer all.Done()
				if _, sent, err := linkExchange(link, [][]string{{"EVALSHA", "x", "0"}}, time.Now().Add(5*time.Second)); err == nil || !sent {
					t.Errorf("sent %v, %v", sent, err)
				}
			}()
		}
		all.Wait()
	})
	t.Run("a closed link fails", func(t *testing.T) {
		closeRedisLink(link)
		closeRedisLink(link)
		if _, sent, err := linkAgain(link, ping, time.Now().Add(time.Second)); err == nil || sent {
			t.Fatalf("sent %v, %v", sent, err)
		}
		for _, one := range []string{"PING", "EVALSHA"} {
			if _, sent, err := linkExchange(link, [][]string{{one, "x", "0"}}, time.Now().Add(time.Second)); err == nil || sent {
				t.Fatalf("%s: sent %v, %v", one, sent, err)
			}
		}
	})
}
