package store

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"
)

// RedisOptions says where a Redis or Valkey is and how it is talked to. Addresses is needed; every other field has a default.
type RedisOptions struct {
	Addresses    []string      // host:port: of the server, of some nodes of the cluster, or of the sentinels
	Cluster      bool          // the servers are a cluster
	Master       string        // the name by which sentinels know the server; empty: Addresses are no sentinels
	Username     string        // empty is the default user
	PasswordFile string        // read at every new connection, so that a password can be changed without a restart; empty: none
	Password     string        // where there is no PasswordFile; empty: none
	Database     int           // of a server that is no cluster
	TLS          *tls.Config   // nil: no TLS. An empty ServerName is the host of the address
	Prefix       string        // of every key; default "polycart:"
	Timeout      time.Duration // of everything that one request asks of the store; default 2 s, at least 10 ms
	Connections  int           // the most connections to one server; default 16, at most 1000
	Wait         int           // replicas that must have a save before it is answered (WAIT); default 0
	Logger       *slog.Logger  // default: nowhere
	Clock        func() int64  // Unix milliseconds; default: the system's clock
}

// Redis is a store that several processes share, in Redis, Valkey or what speaks their protocol and runs Lua scripts.
//
// A cart is one value (redis_record.go). Every operation is one script, so one round trip, and every save bears a token of
// its own: by that a save whose answer was lost is found again (redis_ask.go).
type Redis struct {
	o      *RedisOptions
	nodes  *redisNodes
	places []string // what the keys of a bucket begin with
	self   string   // this opening, in tokens and claims
	saves  atomic.Int64
	closed atomic.Bool
}

// redisBuckets is the number of hash tags. All keys of a cart are in one bucket, so in one slot, where one script may use
// them. 256 are few enough to ask all of them for pending carts, and enough to fill a cluster of dozens of masters evenly.
// It is part of the keys: another number would not find the carts that are there.
const redisBuckets = 256

// OpenRedis makes the store. It connects when it is first asked; until a server answers, every call answers ErrUnavailable.
func OpenRedis(o RedisOptions) (*Redis, error) {
	filled, err := redisDefaults(o)
	if err != nil {
		return nil, err
	}
	random := make([]byte, 9)
	if _, err := rand.Read(random); err != nil {
		return nil, fmt.Errorf("opening the cart store: making its name: %w", err)
	}
	r := &Redis{o: filled, self: base64.RawURLEncoding.EncodeToString(random)}
	for bucket := 0; bucket < redisBuckets; bucket++ {
		r.places = append(r.places, fmt.Sprintf("%s{b%03d}:", filled.Prefix, bucket))
	}
	r.nodes = newRedisNodes(filled, r.places)
	return r, nil
}

// redisDefaults fills what is not set and refuses what is out of bounds.
func redisDefaults(o RedisOptions) (*RedisOptions, error) {
	if len(o.Addresses) == 0 {
		return nil, fmt.Errorf("opening the cart store: there are no addresses, at least one host:port is needed")
	}
	if len(o.Addresses) > 1 && !o.Cluster && o.Master == "" {
		return nil, fmt.Errorf("opening the cart store: there are %d addresses, allowed is one server, or several of a cluster or of sentinels", len(o.Addresses))
	}
	if o.Cluster && (o.Master != "" || o.Database != 0) {
		return nil, fmt.Errorf("opening the cart store: a cluster has neither sentinels nor databases but 0")
	}
	if o.Prefix == "" {
		o.Prefix = "polycart:"
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Timeout < 10*time.Millisecond {
		return nil, fmt.Errorf("opening the cart store: timeout is %s, at least 10ms is needed", o.Timeout.String())
	}
	if o.Connections == 0 {
		o.Connections = 16
	}
	if o.Connections < 1 || o.Connections > 1000 {
		return nil, fmt.Errorf("opening the cart store: connections are %d, allowed are 1 to 1000", o.Connections)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Clock == nil {
		o.Clock = systemClock
	}
	filled := o
	return &filled, nil
}

// bucketOf is the number of the bucket of a cart.
func bucketOf(key string) int { return int(crc32.ChecksumIEEE([]byte(key)) % redisBuckets) }

// Load is Store.Load.
func (r *Redis) Load(key string, have int64) (Record, error) {
	q := loadQuestion(r, key, have)
	reply, err := askRedis(r, q)
	return loadedFrom(r, q, key, reply, have, err)
}

// Save is Store.Save.
func (r *Redis) Save(key string, was int64, record *Record) error {
	if err := checkRecord(key, was, record); err != nil {
		return err
	}
	bucket := bucketOf(key)
	head := headText(r, record)
	q := &question{
		script: saveScript, bucket: bucket, waits: true, usual: done,
		args: []string{"1", r.places[bucket] + "c:" + key, versionText(was), record.Token, lifeText(r.o, record), head + string(record.Data)},
	}
	if record.Pending {
		withPending(r, q, key)
	}
	reply, err := askRedis(r, q)
	if err == nil && reply.Kind == ':' && reply.Number == saidDone {
		record.Token = head[headToken:headSum]
		return nil
	}
	err = redisRefusal(r, q, key, was, reply, err)
	if err == nil {
		record.Token = head[headToken:headSum]
	}
	return err
}

// done is what mostly answers a save. Nobody changes it.
var done = &redisReply{Kind: ':', Number: saidDone}

// Delete is Store.Delete.
func (r *Redis) Delete(key string, was int64) error {
	bucket := bucketOf(key)
	q := &question{script: deleteScript, bucket: bucket, waits: true, args: []string{"1", r.places[bucket] + "c:" + key, versionText(was)}}
	reply, err := askRedis(r, q)
	return redisRefusal(r, q, key, was, reply, err)
}

// withPending gives a script the list of its bucket's pending carts too.
func withPending(r *Redis, q *question, key string) {
	args := []string{"2", q.args[1], r.places[q.bucket] + "p"}
	args = append(args, q.args[2:]...)
	q.args = append(args, key)
}

// redisRefusal reads what a script answered that changes a cart, other than that it is done at once.
func redisRefusal(r *Redis, q *question, key string, was int64, reply *redisReply, err error) error {
	if err == nil && reply.Kind == ':' && reply.Number == saidPending {
		// What is there is pending and its name must leave the list, which only this answer could tell.
		withPending(r, q, key)
		reply, err = askRedis(r, q)
	}
	if err != nil {
		return fmt.Errorf("asking redis: %w", err)
	}
	if reply.Kind == ':' && reply.Number == saidDone {
		return nil
	}
	if reply.Kind == ':' && reply.Number == saidDamaged {
		return fmt.Errorf("what redis has for the cart was not written by this program: %w", ErrDamaged)
	}
	if reply.Kind != '$' {
		return fmt.Errorf("redis gave an answer to a save that is none: %w", ErrUnavailable)
	}
	if q.lost {
		return fmt.Errorf("the connection broke during the save, and another writer has saved since: %w", ErrUnavailable)
	}
	newest, err := strconv.ParseInt(string(reply.Bulk), 10, 64)
	if err != nil {
		return fmt.Errorf("redis gave an answer to a save that is none: %w", ErrUnavailable)
	}
	if newest == was {
		return fmt.Errorf("version %d is another writer's: %w", was, ErrConflict)
	}
	return conflict(newest, was)
}

// Tenure is Store.Tenure: others may write at any time.
func (r *Redis) Tenure() *atomic.Int64 { return nil }

// Close is Store.Close.
func (r *Redis) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	closeRedisNodes(r.nodes)
	return nil
}
