package plugin

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

// outbox delivers the events that wait in the carts of one store. What it knows in memory are only the names of carts with
// something left to do and when; all else is in the carts' records, so that a crash loses nothing: after a start it asks
// the store which records are pending.
//
// Each webhook has a line of carts, and a few workers come while there is a cart in it. A worker sends a cart's events one
// after the other and then notes in the cart what became of them: that save is the only time that the cart is locked.
type outbox struct {
	Shared  *sharedCarts
	Log     *slog.Logger
	Public  *http.Client
	Private *http.Client // may dial private addresses
	ctx     context.Context
	stop    context.CancelFunc
	work    sync.WaitGroup // every goroutine

	mu       sync.Mutex           // guards what is below; no other lock is taken under it
	heralds  map[string][]*herald // by tenant, of every engine that has webhooks for it; the last counts
	lines    map[string]*line     // by tenant and webhook id
	idle     *schedule            // names of carts that are watched
	watched  map[string]bool      // the same names
	due      []string             // carts whose time has come, for the worker of idle carts
	letters  []string             // names of the dead letters, oldest first
	wanted   map[string]*wanted   // what customers wait for, by tenant
	stocking bool                 // the worker of items in stock again is at work
	ticking  bool
	scanning bool
	scanned  bool  // the store was asked what is pending, in this tenure
	tenure   int64 // of the store when it was asked
	rescan   int64 // Unix milliseconds of the next search where others share the store, who may have died
	idling   bool  // the worker of idle carts is at work
	closed   bool
}

// line is the carts that have events for one webhook.
type line struct {
	Tenant string
	Hook   string
	turns  map[string]*turn // by the name of the cart
	ready  []*turn          // first come, first served
	later  *schedule        // names of carts whose next attempt is not due
	busy   int              // workers
}

// turn is a cart in a line.
type turn struct {
	Key   cartcore.Key
	State turnState
	Again bool // something came while a worker was at it
}

// turnState is where a cart is.
type turnState int

const (
	turnReady turnState = iota
	turnTaken
	turnLater
)

const (
	// lineWorkers is how many deliveries to one webhook run at once. A receiver that answers in 100 ms gets 40 a second.
	lineWorkers = 4
	// turnEvents bounds the events of a cart that are sent before the cart is saved: so many come twice after a crash.
	turnEvents = 8
	// tickEvery is how often it is looked what is due.
	tickEvery = 2 * scheduleStep * time.Millisecond
	// faultPause is how long a cart waits after a fault of ours, in milliseconds.
	faultPause = 60 * 1000
	// storePause is how long a cart waits that the store could not load or save, in milliseconds.
	storePause = 2 * 1000
)

func newOutbox(shared *sharedCarts, log *slog.Logger) *outbox {
	ctx, stop := context.WithCancel(context.Background())
	now := time.Now().UnixMilli()
	return &outbox{
		Shared: shared, Log: log, Public: newHookClient(false), Private: newHookClient(true), ctx: ctx, stop: stop,
		heralds: map[string][]*herald{}, lines: map[string]*line{}, idle: newSchedule(now), watched: map[string]bool{}, wanted: map[string]*wanted{},
	}
}

// joinOutbox lets the webhooks of an engine hear, and begins the work with the first.
func joinOutbox(o *outbox, e *engine) {
	if e.Heralds == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for tenant, h := range e.Heralds {
		if heraldFor(o, tenant) == nil {
			o.scanned = false // its carts were passed over so far
		}
		o.heralds[tenant] = append(o.heralds[tenant], h)
	}
	if !o.ticking && !o.closed {
		o.ticking = true
		runAside(o, "clock of the outbox", func() { tickOutbox(o) })
	}
}

// leaveOutbox takes the webhooks of an engine out; those of another engine for the same tenant count again.
func leaveOutbox(o *outbox, e *engine) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for tenant, h := range e.Heralds {
		left := []*herald{}
		for i := range o.heralds[tenant] {
			if o.heralds[tenant][i] != h {
				left = append(left, o.heralds[tenant][i])
			}
		}
		if len(left) == 0 {
			delete(o.heralds, tenant)
		} else {
			o.heralds[tenant] = left
		}
	}
}

// closeOutbox ends all work. A delivery under way is broken off and counts for nothing.
func closeOutbox(o *outbox) {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.stop()
	o.work.Wait()
	o.Public.CloseIdleConnections()
	o.Private.CloseIdleConnections()
}

// heraldFor answers who tells a tenant's webhooks; nil where nobody does. The lock is held.
func heraldFor(o *outbox, tenant string) *herald {
	all := o.heralds[tenant]
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// runAside runs work in a goroutine that closeOutbox waits for. The lock is held. A panic that got out of it would end the
// whole of Traefik (docs/interpreter.md: panics in goroutines).
func runAside(o *outbox, name string, work func()) {
	if o.closed {
		return
	}
	o.work.Add(1)
	go func() {
		defer o.work.Done()
		again := true
		for again {
			again = !finished(o, name, work) && slept(o, time.Second)
		}
	}()
}

// slept waits for so long, and answers false where the outbox is being closed. A context takes the place of a select, which
// would mix up the channels of two outboxes (docs/interpreter.md: select).
func slept(o *outbox, d time.Duration) bool {
	wait, cancel := context.WithTimeout(o.ctx, d)
	defer cancel()
	<-wait.Done()
	return o.ctx.Err() == nil
}

// finished runs work and answers false where it panicked.
func finished(o *outbox, name string, work func()) (ok bool) {
	defer func() {
		if fault := recover(); fault != nil {
			o.Log.Error("a goroutine stopped by a fault of ours; it is started again", "goroutine", name, "fault", fmt.Sprint(fault))
			ok = false
		}
	}()
	work()
	return true
}

// tickOutbox looks again and again what is due, until the outbox is closed.
func tickOutbox(o *outbox) {
	tick(o, time.Now().UnixMilli())
	for slept(o, tickEvery) {
		tick(o, time.Now().UnixMilli())
	}
}

func tick(o *outbox, now int64) {
	tenure := store.TenureOf(o.Shared.Carts)
	o.mu.Lock()
	defer o.mu.Unlock()
	overdue := now >= o.rescan && store.AreShared(o.Shared.Carts)
	if (!o.scanned || o.tenure != tenure || overdue) && !o.scanning {
		o.scanning = true
		runAside(o, "search for pending carts", func() { scanOutbox(o, tenure) })
	}
	for _, l := range o.lines {
		names := takeDue(l.later, now)
		for i := range names {
			if t := l.turns[names[i]]; t != nil && t.State == turnLater {
				makeReady(o, l, t)
			}
		}
	}
	o.due = append(o.due, takeDue(o.idle, now)...)
	if len(o.due) > 0 && !o.idling {
		o.idling = true
		runAside(o, "abandoned carts", func() { tellIdle(o) })
	}
	if len(o.wanted) > 0 && !o.stocking {
		lookAtStock(o, now)
	}
}

// wakeOutbox lets the outbox know of a cart that was saved with something left to do.
func wakeOutbox(o *outbox, cart *cartcore.Cart) {
	name := cartcore.KeyText(cart.Key)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	for i := range cart.Outbox.Events {
		to := cart.Outbox.Events[i].To
		for j := range to {
			enqueue(o, lineOf(o, cart.Key.Tenant, to[j].Hook), name, cart.Key)
		}
	}
	if cart.Outbox.Watch && !o.watched[name] {
		watch(o, cart, name)
	}
}

// lineOf answers the line of a webhook, a new one where there is none. The lock is held.
func lineOf(o *outbox, tenant, hook string) *line {
	l := o.lines[tenant+"/"+hook]
	if l == nil {
		l = &line{Tenant: tenant, Hook: hook, turns: map[string]*turn{}, later: newSchedule(time.Now().UnixMilli())}
		o.lines[tenant+"/"+hook] = l
	}
	return l
}

// enqueue puts a cart into a line where it is not in it. A cart that waits for its next attempt goes on waiting, for its
// events are sent in order. The lock is held.
func enqueue(o *outbox, l *line, name string, key cartcore.Key) {
	t := l.turns[name]
	if t == nil {
		t = &turn{Key: key}
		l.turns[name] = t
		makeReady(o, l, t)
		return
	}
	if t.State == turnTaken {
		t.Again = true
	}
}

// makeReady puts a cart at the end of a line, and sees that somebody works on it. The lock is held.
func makeReady(o *outbox, l *line, t *turn) {
	t.State = turnReady
	l.ready = append(l.ready, t)
	if l.busy < lineWorkers {
		l.busy++
		runAside(o, "deliveries", func() { workLine(o, l) })
	}
}

// workLine takes carts out of a line until there is none.
func workLine(o *outbox, l *line) {
	for {
		t := takeTurn(o, l)
		if t == nil {
			return
		}
		due := guardedTurn(o, l, t)
		endTurn(o, l, t, due)
	}
}

// takeTurn answers the next cart in a line; nil where there is none or the outbox is closed, and then the worker is gone.
func takeTurn(o *outbox, l *line) *turn {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(l.ready) == 0 || o.closed {
		l.busy--
		return nil
	}
	t := l.ready[0]
	l.ready = l.ready[1:]
	t.State = turnTaken
	t.Again = false
	return t
}

// endTurn puts a cart where it goes after a worker was at it: due is when it is to be looked at again, 0 is never.
func endTurn(o *outbox, l *line, t *turn, due int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now().UnixMilli()
	name := cartcore.KeyText(t.Key)
	if due > now {
		t.State = turnLater
		addDue(l.later, name, due)
		return
	}
	if due > 0 || t.Again {
		makeReady(o, l, t)
		return
	}
	delete(l.turns, name)
}

// guardedTurn does a turn; after a fault of ours the cart waits for a while.
func guardedTurn(o *outbox, l *line, t *turn) (due int64) {
	defer func() {
		if fault := recover(); fault != nil {
			o.Log.Error("delivering the events of a cart stopped by a fault of ours", "tenant", l.Tenant, "fault", fmt.Sprint(fault))
			due = time.Now().UnixMilli() + faultPause
		}
	}()
	return takeOut(o, l, t.Key)
}
