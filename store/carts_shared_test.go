package store

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/redistest"
)

// A cart that is in the cache of one process while another one writes.
func TestACachedCartInRedisIsAlwaysTheNewestAndCostsOneCommand(t *testing.T) {
	server := redistest.StartReal(t)
	o := RedisOptions{Addresses: []string{server.Address}, Prefix: "asked:"}
	b := newBreaker(t, server.Address)
	through := o
	through.Addresses = []string{b.address}
	here, there := OpenCarts(openRedis(t, through), roomy, Lifetimes{}), OpenCarts(openRedis(t, o), roomy, Lifetimes{})
	key := cartOf(1, 1).Key
	newest := cartOf(1, 1)
	mustSaveCart(t, here, newest, 0)
	mustGet(t, here, key)
	save := func(version int64, lines int) {
		t.Helper()
		cart := cartOf(1, lines)
		cart.Version = version
		mustSaveCart(t, there, cart, newest.Version)
		newest = cart
	}
	warm := func() { // the server knows every script, and both processes are connected
		t.Helper()
		other := cartOf(2, 1)
		mustSaveCart(t, there, other, 0)
		mustGet(t, there, other.Key)
		mustDropCart(t, there, other)
	}
	drop := func() {
		t.Helper()
		mustDropCart(t, there, newest)
		newest = &cartcore.Cart{}
	}
	warm()
	large := int64(1 << 20)
	for _, one := range []struct {
		name      string
		meanwhile func()
		lines     int      // -1: there is no cart
		commands  []string // of both processes
		most      int64    // bytes of the answers
	}{
		{"nobody has changed it", func() {}, 1, []string{"evalsha"}, 100},
		{"nobody has changed it again", func() {}, 1, []string{"evalsha"}, 100},
		{"another process has", func() { save(2, 3) }, 3, []string{"evalsha", "evalsha"}, large},
		{"nobody has since", func() {}, 3, []string{"evalsha"}, 100},
		{"another process has dropped it", drop, -1, []string{"evalsha", "evalsha"}, large},
		{"and made it anew", func() { save(1, 2) }, 2, []string{"evalsha", "evalsha"}, large},
		{"nobody has changed the new one", func() {}, 2, []string{"evalsha"}, 100},
		{"another process has dropped it and made it anew in the same version", func() {
			drop()
			save(1, 4)
		}, 4, nil, large},
		{"the server has forgotten its scripts", func() { server.Client(t).ScriptFlush(t.Context()) }, 4, nil, large},
		{"and was told them", func() {}, 4, []string{"evalsha"}, 100},
	} {
		b.bytes.Store(0)
		var got *cartcore.Cart
		commands := server.Commands(t, func() {
			one.meanwhile()
			got = mustGet(t, here, key)
		})
		lines := -1
		if got != nil {
			lines = len(got.Lines)
		}
		if lines != one.lines {
			t.Errorf("%s: a cart of %d lines, wanted %d", one.name, lines, one.lines)
		}
		if one.commands != nil && !slices.Equal(commands, one.commands) {
			t.Errorf("%s: %q was sent, wanted %q", one.name, commands, one.commands)
		}
		if b.bytes.Load() > one.most {
			t.Errorf("%s: %d bytes were answered, allowed are %d", one.name, b.bytes.Load(), one.most)
		}
	}
}

func TestACachedCartIsNotAnsweredWhereItsServerDoesNot(t *testing.T) {
	server := redistest.StartReal(t)
	carts := OpenCarts(openRedis(t, RedisOptions{Addresses: []string{server.Address}}), roomy, Lifetimes{})
	cart := cartOf(1, 2)
	mustSaveCart(t, carts, cart, 0)
	mustGet(t, carts, cart.Key)
	mustGet(t, carts, cart.Key)
	server.Kill()
	for range 3 { // the connection breaks, then nobody listens, then the server rests
		if got, err := GetCart(carts, cart.Key); err == nil || got != nil || strings.Contains(err.Error(), cart.Key.Owner) {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	server.Run(t)
	redistest.Until(t, "the cart is answered again", func() error {
		got, err := GetCart(carts, cart.Key)
		if err == nil && (got == nil || len(got.Lines) != 2) {
			t.Fatalf("%+v", got)
		}
		return err
	})
}

func TestAChangeOfACartIsNotSavedOverAnotherThatWasMadeAnewInItsVersion(t *testing.T) {
	first, anew := cartOf(1, 2), cartOf(1, 3)
	anew.ID = "another"
	here, there := madeAnew(t, first, anew)
	mustGet(t, here, first.Key) // somebody reads it meanwhile
	if err := SaveCart(here, next(first), first.Version); !errors.Is(err, ErrConflict) {
		t.Fatalf("saved over another: %v", err)
	}
	if got := mustGet(t, there, first.Key); got.ID != "another" || len(got.Lines) != 3 {
		t.Errorf("the cart is %+v", got)
	}
}

func TestACachedCartOfAClosedStoreIsNotAnswered(t *testing.T) {
	server := redistest.Start(t)
	log := &strings.Builder{}
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}, Logger: slog.New(slog.NewTextHandler(log, nil))})
	carts := OpenCarts(r, roomy, Lifetimes{})
	cart := cartOf(1, 2)
	mustSaveCart(t, carts, cart, 0)
	mustGet(t, carts, cart.Key)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := GetCart(carts, cart.Key); got != nil || !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "closed") {
		t.Errorf("%+v, %v", got, err)
	}
	if log.Len() > 0 {
		t.Errorf("it was logged as a fault of the server's: %s", log)
	}
}

func TestOnlyTheCacheOfASharedStoreIsPresumed(t *testing.T) {
	cart := cartOf(1, 2)
	ours := OpenCarts(NewMemory(nil), roomy, Lifetimes{})
	mustSaveCart(t, ours, cart, 0)
	if got := PresumeCart(ours, cart.Key); got != nil {
		t.Errorf("presumed where GetCart asks nobody: %+v", got)
	}
	s := &shared{Memory: NewMemory(nil)}
	others := OpenCarts(s, roomy, Lifetimes{})
	if got := PresumeCart(others, cart.Key); got != nil || s.loads.Load() != 0 {
		t.Errorf("presumed what was never seen: %+v, after %d loads", got, s.loads.Load())
	}
	mustSaveCart(t, others, cart, 0)
	if got := PresumeCart(others, cart.Key); got != cart || s.loads.Load() != 0 {
		t.Errorf("presumed %+v after %d loads", got, s.loads.Load())
	}
}

func TestTheQuestionOfACachedCartCostsWhatItIsCountedAs(t *testing.T) {
	const carts = 2000
	r := openRedis(t, RedisOptions{Addresses: []string{"127.0.0.1:1"}}) // which is never asked
	questions := make([]*sameQuestion, carts)
	before := heapBytes()
	for i := range questions {
		key := cartcore.KeyText(cartOf(i, 1).Key)
		questions[i] = sameFor(r, loadQuestion(r, key, 1), key, 1, headText(r, &Record{Version: 1, Data: []byte("{}")}))
	}
	took := (heapBytes() - before) / carts
	t.Logf("in memory %d, counted as %d", took, int64(costSame))
	if costSame < took*8/10 || costSame > took*2 {
		t.Errorf("a question takes %d bytes and is counted as %d", took, int64(costSame))
	}
	if questions[0] == nil { // so that they are kept until here
		t.Error("there is no question")
	}
}
