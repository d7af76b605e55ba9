//go:build compiled
// +build compiled

package store

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// redisLink is a client of one server. It never sends a command twice by itself: redis_ask.go must know of every answer that
// was lost.
//
// Scripts that come while others are on their way gather and go together, in one write and one read, which is most of what a
// script costs on both sides. Whoever finds none on its way leads a flight at once; whoever leads sees that the gathered go next.
type redisLink struct {
	client *redis.Client
	lanes  int // the most flights at once

	mu       sync.Mutex
	flights  int       // on their way
	launched time.Time // the last of them
	gathered []*redisPassenger
	patience *time.Timer // runs while anybody is gathered
}

// redisPassenger is a script that goes with others.
type redisPassenger struct {
	command  *redis.Cmd
	deadline time.Time
	call     chan []*redisPassenger // a flight to lead, or nil: it has landed
	arrived  bool                   // its command has its answer or error
}

const (
	// gatherBetween is how long after a flight the next one leaves while that one is still on its way: a server that is far, or
	// slow, is sent several flights at once.
	gatherBetween = time.Millisecond
	// gatherPatience is when the gathered go although nobody comes who would see that they are late.
	gatherPatience = 2 * time.Millisecond
	// flightSeats bounds a flight, so that nobody waits for the answers of too many others.
	flightSeats = 64
)

// errFlightLost is what the others hear where who led has panicked: without an answer a cart would pass for one that is not there.
var errFlightLost = errors.New("sending was broken off")

func newRedisLink(o *RedisOptions, address string, sentinel bool) *redisLink {
	options := &redis.Options{
		Addr: address, Protocol: 2, TLSConfig: o.TLS, DialTimeout: o.Timeout, ReadTimeout: o.Timeout, WriteTimeout: o.Timeout,
		ContextTimeoutEnabled: true, PoolSize: o.Connections, MaxActiveConns: o.Connections, PoolTimeout: o.Timeout, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if !sentinel {
		options.DB = o.Database
		if o.PasswordFile != "" || o.Password != "" {
			options.CredentialsProviderContext = func(context.Context) (string, string, error) {
				password, err := redisPassword(o)
				return o.Username, password, err
			}
		}
	}
	l := &redisLink{client: redis.NewClient(options), lanes: o.Connections}
	l.patience = time.AfterFunc(time.Hour, func() { launchLate(l) })
	l.patience.Stop()
	return l
}

func linkExchange(l *redisLink, commands [][]string, deadline time.Time) (replies []*redisReply, sent bool, err error) {
	if len(commands) == 1 {
		reply, sent, err := ask(l, commands[0], arguments(commands[0]), deadline)
		return []*redisReply{reply}, sent, err
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	sending := make([]*redis.Cmd, len(commands))
	for i, command := range commands {
		sending[i] = redis.NewCmd(ctx, arguments(command)...)
	}
	send(ctx, l.client, sending)
	for _, one := range sending {
		reply, err := replyTo(one)
		if err != nil {
			return nil, mayBeSent(err), err
		}
		replies = append(replies, reply)
	}
	return replies, true, nil
}

// send sends commands in one round trip. Each has its own answer or error.
func send(ctx context.Context, client *redis.Client, commands []*redis.Cmd) {
	if len(commands) == 1 {
		_ = client.Process(ctx, commands[0])
		return
	}
	pipe := client.Pipeline()
	for _, command := range commands {
		_ = pipe.Process(ctx, command) // only puts it in
	}
	_, _ = pipe.Exec(ctx)
}

// ask sends one command, whose words are its arguments, and answers its reply. A script that the server knows never blocks, and goes
// with others; what may block holds up nobody.
func ask(l *redisLink, command []string, words []any, deadline time.Time) (*redisReply, bool, error) {
	if command[0] == "EVALSHA" {
		return askTogether(l, words, deadline)
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	alone := redis.NewCmd(ctx, words...)
	send(ctx, l.client, []*redis.Cmd{alone})
	reply, err := replyTo(alone)
	return reply, mayBeSent(err), err
}

// askTogether is ask for a script that goes with others.
func askTogether(l *redisLink, words []any, deadline time.Time) (*redisReply, bool, error) {
	p := &redisPassenger{command: redis.NewCmd(context.Background(), words...), deadline: deadline}
	flight := board(l, p)
	if flight == nil {
		flight = <-p.call
	}
	if flight != nil {
		fly(l, flight)
	}
	if !p.arrived {
		return nil, true, errFlightLost
	}
	reply, err := replyTo(p.command)
	if err != nil {
		return nil, mayBeSent(err), err
	}
	return reply, true, nil
}

// board answers the flight that a passenger leads; nil where it is to wait for its call.
func board(l *redisLink, p *redisPassenger) []*redisPassenger {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flights == 0 || l.flights < l.lanes && now.Sub(l.launched) >= gatherBetween {
		l.flights++
		l.launched = now
		return append(seat(l, flightSeats-1), p)
	}
	p.call = make(chan []*redisPassenger, 1)
	l.gathered = append(l.gathered, p)
	if len(l.gathered) == 1 {
		l.patience.Reset(gatherPatience)
	}
	return nil
}

// seat takes so many of the gathered. The lock is held.
func seat(l *redisLink, seats int) []*redisPassenger {
	all := l.gathered
	if len(all) <= seats {
		l.gathered = nil
		return all
	}
	l.gathered = slices.Clone(all[seats:])
	l.patience.Reset(gatherPatience)
	return all[:seats:seats]
}

// fly sends a flight, tells its passengers, and has the gathered go next.
func fly(l *redisLink, flight []*redisPassenger) {
	defer land(flight)
	defer goOn(l)
	commands := make([]*redis.Cmd, len(flight))
	deadline := flight[0].deadline
	for i, p := range flight {
		commands[i] = p.command
		if p.deadline.Before(deadline) {
			deadline = p.deadline
		}
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	send(ctx, l.client, commands)
	for _, p := range flight {
		p.arrived = true
	}
}

// land tells the passengers that the answers are there.
func land(flight []*redisPassenger) {
	for _, p := range flight {
		if p.call != nil {
			p.call <- nil // never waits: who leads has taken the flight out
		}
	}
}

// goOn ends a flight, and has one of the gathered lead the next one.
func goOn(l *redisLink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flights--
	launch(l)
}

// launchLate has the gathered go whose flight before does not land.
func launchLate(l *redisLink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	launch(l)
}

// launch has the first of the gathered lead a flight. The lock is held.
func launch(l *redisLink) {
	if len(l.gathered) == 0 || l.flights >= l.lanes {
		return
	}
	l.flights++
	l.launched = time.Now()
	flight := seat(l, flightSeats)
	flight[0].call <- flight // never waits: it is called to lead once
}

// readyCommand is a command as go-redis takes it, and its usual answer.
type readyCommand struct {
	command []string
	words   []any
	usual   *redisReply
}

func linkReady(command []string, usual *redisReply) *readyCommand {
	return &readyCommand{command: command, words: arguments(command), usual: usual}
}

func linkAgain(l *redisLink, ready *readyCommand, deadline time.Time) (reply *redisReply, sent bool, err error) {
	reply, sent, err = ask(l, ready.command, ready.words, deadline)
	usual := ready.usual
	if err == nil && usual != nil && reply.Kind == usual.Kind && reply.Number == usual.Number && bytes.Equal(reply.Bulk, usual.Bulk) {
		return nil, sent, nil
	}
	return reply, sent, err
}

// mayBeSent tells of an error whether a command may have reached the server.
func mayBeSent(err error) bool {
	var network *net.OpError
	if errors.As(err, &network) && network.Op == "dial" {
		return false
	}
	return !errors.Is(err, redis.ErrClosed) && !errors.Is(err, redis.ErrPoolTimeout) && !errors.Is(err, redis.ErrPoolExhausted)
}

// arguments gives the words as pointers, which go-redis writes too: a string would be copied to the heap for each.
func arguments(command []string) []any {
	all := make([]any, len(command))
	all[0] = command[0] // go-redis asks for the command's name
	for i := 1; i < len(command); i++ {
		all[i] = &command[i]
	}
	return all
}

// replyTo answers a reply or an error of the connection.
func replyTo(command *redis.Cmd) (*redisReply, error) {
	value, err := command.Result()
	if err == nil || errors.Is(err, redis.Nil) {
		return replyOf(value), nil
	}
	var refusal redis.Error
	if errors.As(err, &refusal) {
		return &redisReply{Kind: '-', Text: refusal.Error()}, nil
	}
	return nil, err
}

// replyOf turns around what go-redis makes of a reply.
func replyOf(value any) *redisReply {
	switch value := value.(type) {
	case nil:
		return &redisReply{Kind: '_'}
	case int64:
		return &redisReply{Kind: ':', Number: value}
	case string: // go-redis does not tell a status from bytes
		return &redisReply{Kind: '$', Bulk: []byte(value)}
	case error:
		return &redisReply{Kind: '-', Text: value.Error()}
	case []any:
		list := &redisReply{Kind: '*'}
		for _, one := range value {
			list.List = append(list.List, replyOf(one))
		}
		return list
	}
	return &redisReply{Kind: '-', Text: "a reply of a kind that no script gives"}
}

func closeRedisLink(l *redisLink) {
	_ = l.client.Close() // a second close is refused, and changes nothing
}
