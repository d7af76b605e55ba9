package plugin

import (
	"errors"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

var errHookGone = errors.New("the webhook is not configured any more")

// usualRules are for events of tenants that have no webhook any more.
var usualRules = rulesOf(CreateConfig().Outbox)

// takeOut sends the events of a cart that wait for a webhook, and notes what became of them. It answers when the cart is to
// be looked at again, in Unix milliseconds; 0 is never.
//
// Where other processes share the store, only the one that has claimed the cart's events for the webhook sends them, and
// claims them anew before each: so they go out in order, and what a process that died had claimed goes to another.
func takeOut(o *outbox, l *line, key cartcore.Key) int64 {
	wait, err := store.ClaimCart(o.Shared.Carts, key, l.Hook, leaseOf(o, l))
	if err != nil {
		return unsettled(o, l, err)
	}
	if wait > claimPause {
		wait = claimPause
	}
	if wait > 0 {
		return time.Now().UnixMilli() + wait
	}
	due := takeOutClaimed(o, l, key)
	if _, err := store.ClaimCart(o.Shared.Carts, key, l.Hook, 0); err != nil {
		o.Log.Debug("a claim was not given back, and ends by itself", "tenant", l.Tenant, "error", err.Error())
	}
	return due
}

const (
	// claimMargin, in milliseconds, is how much longer a claim lasts than the delivery of one event can: the loads and saves of a
	// store that is slow to answer come on top.
	claimMargin = 10 * 1000
	// claimPause is how long a cart waits at most, in milliseconds, that another process has claimed. It may have looked for
	// events for the last time just before ours was saved.
	claimPause = 1000
)

// leaseOf is how long a claim lasts, in milliseconds.
func leaseOf(o *outbox, l *line) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if h := heraldFor(o, l.Tenant); h != nil {
		return h.Rules.Timeout + claimMargin
	}
	return usualRules.Timeout + claimMargin
}

// takeOutClaimed is takeOut after the claim.
func takeOutClaimed(o *outbox, l *line, key cartcore.Key) int64 {
	cart, err := store.GetCart(o.Shared.Carts, key)
	if err != nil {
		return unsettled(o, l, err)
	}
	if cart == nil {
		return 0
	}
	events, due, overflow := cartcore.Waiting(cart, l.Hook, turnEvents)
	now := time.Now().UnixMilli()
	told := []*cartcore.Told{}
	if len(events) > 0 && due <= now {
		told = sendAll(o, l, key, events)
	} else if !overflow {
		return due
	}
	settled, err := settle(o, key, l.Hook, told)
	if err != nil {
		return unsettled(o, l, err)
	}
	if settled == nil {
		return 0
	}
	events, due, _ = cartcore.Waiting(settled, l.Hook, 1)
	if len(events) > 0 && due == 0 {
		return time.Now().UnixMilli()
	}
	return due
}

// unsettled says that the store does not answer. The events stay where they are.
func unsettled(o *outbox, l *line, err error) int64 {
	if errors.Is(err, store.ErrDamaged) {
		o.Log.Error("the events of a damaged cart cannot be delivered", "tenant", l.Tenant, "error", err.Error())
		return 0
	}
	o.Log.Warn("the store does not answer the outbox yet", "tenant", l.Tenant, "error", err.Error())
	return time.Now().UnixMilli() + storePause
}

// sendAll sends events one after the other, up to the first that fails or that another process may be sending.
func sendAll(o *outbox, l *line, key cartcore.Key, events []*cartcore.Event) []*cartcore.Told {
	told := []*cartcore.Told{}
	for i := range events {
		if i > 0 {
			if wait, err := store.ClaimCart(o.Shared.Carts, key, l.Hook, leaseOf(o, l)); err != nil || wait > 0 {
				return told
			}
		}
		one := sendOne(o, l, events[i])
		if one == nil {
			return told
		}
		told = append(told, one)
		if one.Error != "" {
			return told
		}
	}
	return told
}

// sendOne makes one attempt; nil where the outbox was closed meanwhile, which is no fault of the receiver.
func sendOne(o *outbox, l *line, event *cartcore.Event) *cartcore.Told {
	o.mu.Lock()
	h := heraldFor(o, l.Tenant)
	o.mu.Unlock()
	rules := usualRules
	err := errHookGone
	host := ""
	if h != nil {
		rules = h.Rules
		if hook := h.Hooks[l.Hook]; hook != nil {
			host = hook.Host
			client := o.Public
			if hook.AllowPrivate {
				client = o.Private
			}
			err = post(o.ctx, client, hook, event, rules.Timeout)
		}
	}
	if o.ctx.Err() != nil && err != nil {
		return nil
	}
	told := toldOf(event, l.Hook, err, rules, time.Now().UnixMilli())
	logTold(o, l, event, told, host, rules)
	return told
}

// logTold writes a line for an attempt; it holds neither the path of the address nor what the event says.
func logTold(o *outbox, l *line, event *cartcore.Event, told *cartcore.Told, host string, rules *outboxRules) {
	attempt := attemptText(cartcore.Attempts(event, l.Hook)+1, rules.Attempts)
	if told.Error == "" {
		o.Log.Debug("event delivered", "tenant", l.Tenant, "event", event.ID, "type", event.Type, "host", host, "attempt", attempt)
	} else if told.Dead {
		o.Log.Error("event not delivered; it is a dead letter now", "tenant", l.Tenant, "event", event.ID, "type", event.Type, "host", host, "attempt", attempt, "error", told.Error)
	} else {
		o.Log.Warn("event not delivered yet", "tenant", l.Tenant, "event", event.ID, "type", event.Type, "host", host, "attempt", attempt, "error", told.Error)
	}
}

// settle notes in a cart what became of the attempts to deliver its events, and answers the cart after that; nil where it is
// gone. Dead letters are kept before the cart lets go of their events, and without the cart's lock: only one save is done
// under it, so that no client waits for more.
func settle(o *outbox, key cartcore.Key, hook string, told []*cartcore.Told) (*cartcore.Cart, error) {
	kept := map[string]bool{}
	for try := 0; ; try++ {
		stepAside(o.Shared, try)
		settled, letters, again, err := settleOnce(o, key, hook, told, kept)
		if err != nil || (!again && len(letters) == 0) || try == maxTries {
			return settled, err
		}
		for i := range letters {
			if err := keepLetter(o, letters[i]); err != nil {
				return nil, err
			}
			kept[letters[i].Key.Owner] = true
		}
	}
}

// settleOnce is one attempt of settle. Where there are letters to keep first, it changes nothing and answers them.
func settleOnce(o *outbox, key cartcore.Key, hook string, told []*cartcore.Told, kept map[string]bool) (settled *cartcore.Cart, missing []*cartcore.Cart, again bool, err error) {
	missing = nil // said, because a result does not begin as zero (docs/interpreter.md: named results)
	lock := o.Shared.Locks[stripeOf(key)]
	lock.Lock()
	defer lock.Unlock()
	cart, err := store.GetCart(o.Shared.Carts, key)
	if err != nil || cart == nil {
		return nil, nil, false, err
	}
	next, letters := cartcore.Settle(cart, hook, told, time.Now().UnixMilli())
	if next == cart {
		return cart, nil, false, nil
	}
	for i := range letters {
		if !kept[letters[i].Key.Owner] {
			missing = append(missing, letters[i])
		}
	}
	if len(missing) > 0 {
		return nil, missing, false, nil
	}
	if cartcore.IsSpent(next) {
		err = store.DropCart(o.Shared.Carts, cart)
		next = nil
	} else {
		err = store.SaveCart(o.Shared.Carts, next, cart.Version)
	}
	if errors.Is(err, store.ErrConflict) {
		return nil, nil, true, nil
	}
	return next, nil, false, err
}

// keepLetter keeps a dead letter. One that is kept already is the same, from before a crash.
func keepLetter(o *outbox, letter *cartcore.Cart) error {
	err := store.SaveCart(o.Shared.Carts, letter, 0)
	if err == nil {
		countLetter(o, cartcore.KeyText(letter.Key))
	}
	if err != nil && !errors.Is(err, store.ErrConflict) {
		return err
	}
	return nil
}

// countLetter counts a dead letter in, and lets the oldest go where there are too many.
func countLetter(o *outbox, name string) {
	o.mu.Lock()
	o.letters = append(o.letters, name)
	most := 0
	for _, all := range o.heralds {
		if allowed := all[len(all)-1].Rules.MostLetters; allowed > most {
			most = allowed
		}
	}
	surplus := []string{}
	for len(o.letters) > most {
		surplus = append(surplus, o.letters[0])
		o.letters = o.letters[1:]
	}
	o.mu.Unlock()
	for i := range surplus {
		dropLetter(o, surplus[i])
	}
}

// dropLetter forgets a dead letter for good.
func dropLetter(o *outbox, name string) {
	key, _ := cartcore.KeyOf(name)
	err := store.DropCart(o.Shared.Carts, &cartcore.Cart{Key: key, ID: "letter", Version: 1})
	if err == nil {
		o.Log.Error("a dead letter was dropped, because there are more than outbox.deadLetters", "tenant", key.Tenant, "letter", key.Owner)
	} else if !errors.Is(err, store.ErrConflict) { // after a conflict it has expired, or was sent again
		o.Log.Warn("a dead letter could not be dropped", "tenant", key.Tenant, "letter", key.Owner, "error", err.Error())
	}
}
