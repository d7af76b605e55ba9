package store

import (
	"fmt"
	"time"
)

// sameQuestion asks redis whether a cart is still as a cache has it. It is made ready once: a cart is read more often than it
// changes, and the interpreter pays for each step (docs/interpreter.md: what a call costs).
type sameQuestion struct {
	redis *Redis
	node  *redisNode // who had the cart when this was made; where it has it no more, it says so
	key   string
	have  int64
	ready *readyCommand
}

// sameFor makes the question about a record that was loaded; nil where no server is known to have it. head is what redis keeps
// before the data, and answers where nothing has changed.
func sameFor(r *Redis, q *question, key string, version int64, head string) *sameQuestion {
	n := ownerOf(r.nodes, q.bucket)
	if n == nil {
		return nil
	}
	ready := linkReady([]string{"EVALSHA", loadScript.sum, "1", q.args[1], versionText(version)}, &redisReply{Kind: '$', Bulk: []byte(head)})
	return &sameQuestion{redis: r, node: n, key: key, have: version, ready: ready}
}

// askSame puts the question; nil without an error says that the cart is the same, else the record is what Redis.Load answers.
// Errors: those of Redis.Load.
func askSame(s *sameQuestion) (*Record, error) {
	deadline := time.Now().Add(s.redis.o.Timeout)
	if s.node.resting.Load() != 0 {
		return loadOther(s)
	}
	reply, sent, err := linkAgain(s.node.link, s.ready, deadline)
	if reply == nil && err == nil {
		return nil, nil
	}
	return askOtherwise(s, reply, sent, err, deadline)
}

// loadOther asks as if nothing were ready.
func loadOther(s *sameQuestion) (*Record, error) {
	record, err := s.redis.Load(s.key, s.have)
	if err != nil {
		return nil, err
	}
	return &record, nil
}

// askOtherwise goes on where the answer was not the usual one.
func askOtherwise(s *sameQuestion, reply *redisReply, sent bool, err error, deadline time.Time) (*Record, error) {
	if s.redis.closed.Load() {
		return loadOther(s) // which says so
	}
	q := loadQuestion(s.redis, s.key, s.have)
	q.deadline = deadline
	if err != nil || reply.Kind == '-' {
		reply, err = askAgain(s.redis, q, s.node, []*redisReply{reply}, sent, err)
	}
	record, err := loadedFrom(s.redis, q, s.key, reply, s.have, err)
	if err != nil {
		return nil, err
	}
	return &record, nil
}

// loadQuestion asks for the cart under key; have is the version that the caller holds.
func loadQuestion(r *Redis, key string, have int64) *question {
	bucket := bucketOf(key)
	return &question{script: loadScript, bucket: bucket, args: []string{"1", r.places[bucket] + "c:" + key, versionText(have)}}
}

// loadedFrom reads the answer to loadQuestion. Who asks again is most likely to ask once more; most others are not.
func loadedFrom(r *Redis, q *question, key string, reply *redisReply, have int64, err error) (Record, error) {
	if err != nil {
		return Record{}, fmt.Errorf("asking redis: %w", err)
	}
	record, err := recordFrom(reply, have)
	if err == nil && record.Version != 0 && have != 0 {
		record.same = sameFor(r, q, key, record.Version, string(reply.Bulk[:headSize]))
	}
	return record, err
}
