//go:build compiled
// +build compiled

package store

import (
	"bytes"
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// redisLink is a client of one server. It never sends a command twice by itself: redis_ask.go must know of every answer that
// was lost.
type redisLink struct {
	client *redis.Client
}

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
	return &redisLink{client: redis.NewClient(options)}
}

func linkExchange(l *redisLink, commands [][]string, deadline time.Time) (replies []*redisReply, sent bool, err error) {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	if len(commands) == 1 {
		reply, err := replyTo(l.client.Do(ctx, arguments(commands[0])...))
		return []*redisReply{reply}, mayBeSent(err), err
	}
	pipe := l.client.Pipeline()
	sending := make([]*redis.Cmd, len(commands))
	for i, command := range commands {
		sending[i] = pipe.Do(ctx, arguments(command)...)
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	for _, one := range sending {
		reply, err := replyTo(one)
		if err != nil {
			return nil, mayBeSent(err), err
		}
		replies = append(replies, reply)
	}
	return replies, true, nil
}

// readyCommand is a command, and its usual answer.
type readyCommand struct {
	command []string
	usual   *redisReply
}

func linkReady(command []string, usual *redisReply) *readyCommand {
	return &readyCommand{command: command, usual: usual}
}

func linkAgain(l *redisLink, ready *readyCommand, deadline time.Time) (reply *redisReply, sent bool, err error) {
	replies, sent, err := linkExchange(l, [][]string{ready.command}, deadline)
	if err != nil {
		return nil, sent, err
	}
	reply, usual := replies[0], ready.usual
	if usual != nil && reply.Kind == usual.Kind && reply.Number == usual.Number && bytes.Equal(reply.Bulk, usual.Bulk) {
		return nil, sent, nil
	}
	return reply, sent, nil
}

// mayBeSent tells of an error whether a command may have reached the server.
func mayBeSent(err error) bool {
	var network *net.OpError
	if errors.As(err, &network) && network.Op == "dial" {
		return false
	}
	return !errors.Is(err, redis.ErrClosed) && !errors.Is(err, redis.ErrPoolTimeout) && !errors.Is(err, redis.ErrPoolExhausted)
}

func arguments(command []string) []any {
	all := make([]any, len(command))
	for i, one := range command {
		all[i] = one
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
