package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// question is a script on its way to an answer.
type question struct {
	script *redisScript
	bucket int
	args   []string    // the number of keys, the keys, and what else the script takes
	waits  bool        // it changes a cart: RedisOptions.Wait counts
	usual  *redisReply // what the script mostly answers; nil: that is not known

	deadline time.Time
	whole    bool       // the server does not know the script yet
	asking   *redisNode // the server that takes this slot over, where the owner has sent us there
	lost     bool       // the script was sent, and its answer never came: it may have run
	trouble  string     // why it was asked again
	tries    int
}

const (
	// maxAsks bounds how often a question is put: a moved slot takes two, a script that is not known one more, and while a slot
	// is under way from one master to another some wait.
	maxAsks = 10
	// askPause is the first wait, in milliseconds, while a slot is under way; each further one is twice as long.
	askPause = 5
	// waitMargin, in milliseconds, is by how much WAIT ends before our own deadline, so that its answer is there in time: the
	// server looks every 100 ms whose wait is over.
	waitMargin = 200
)

// askRedis puts a question to the server that has its bucket, and answers what the script answered, which is no error.
// Every script may run twice without harm, so it is sent again where its answer was lost; question.lost tells of it.
// Errors: ErrUnavailable, ErrDamaged.
func askRedis(r *Redis, q *question) (*redisReply, error) {
	q.deadline = time.Now().Add(r.o.Timeout)
	n := ownerOf(r.nodes, q.bucket)
	if n == nil || q.waits && r.o.Wait > 0 || n.resting.Load() != 0 || r.closed.Load() {
		return askSlowly(r, q)
	}
	reply, sent, err := linkAgain(n.link, linkReady(append([]string{"EVALSHA", q.script.sum}, q.args...), q.usual), q.deadline)
	if err == nil && reply == nil {
		return q.usual, nil
	}
	if err == nil && reply.Kind != '-' {
		return reply, nil
	}
	return askAgain(r, q, n, []*redisReply{reply}, sent, err)
}

// askSlowly is askRedis where the first server to ask is not plain.
func askSlowly(r *Redis, q *question) (*redisReply, error) {
	if r.closed.Load() {
		return nil, fmt.Errorf("the store in redis is closed: %w", ErrUnavailable)
	}
	n, err := nodeFor(r.nodes, q.bucket, q.deadline)
	if err != nil {
		return nil, err
	}
	replies, sent, err := linkExchange(n.link, commandsOf(r.o, q), q.deadline)
	return askAgain(r, q, n, replies, sent, err)
}

// askAgain judges what a server gave back, and asks again until there is an answer or none to be had.
func askAgain(r *Redis, q *question, n *redisNode, replies []*redisReply, sent bool, err error) (*redisReply, error) {
	for {
		var answer *redisReply
		answer, err = judge(r, q, n, replies, sent, err)
		if answer != nil || err != nil {
			return answer, err
		}
		q.tries++
		if q.tries >= maxAsks || !time.Now().Before(q.deadline) {
			return nil, fmt.Errorf("%s: %s: %w", n.address, q.trouble, ErrUnavailable)
		}
		n = q.asking
		if n == nil {
			n, err = nodeFor(r.nodes, q.bucket, q.deadline)
		}
		if err != nil {
			return nil, err
		}
		replies, sent, err = linkExchange(n.link, commandsOf(r.o, q), q.deadline)
	}
}

// judge answers what the script said, or an error that asking again does not cure; neither says that it may.
func judge(r *Redis, q *question, n *redisNode, replies []*redisReply, sent bool, err error) (*redisReply, error) {
	if err != nil {
		q.trouble = err.Error()
		q.asking = nil
		q.lost = q.lost || sent
		if !sent || !time.Now().Before(q.deadline) {
			restNode(r.o, n, q.trouble)
		}
		return nil, nil
	}
	at := 0
	if q.asking != nil {
		at = 1 // after the answer to ASKING
	}
	answer := replies[at]
	if answer.Kind == '-' {
		return nil, learn(r, q, n, answer.Text)
	}
	wakeNode(r.o, n)
	if !q.waits || r.o.Wait == 0 || answer.Kind != ':' || answer.Number != saidDone {
		return answer, nil
	}
	have := replies[at+1]
	if have.Kind != ':' || have.Number < int64(r.o.Wait) {
		return nil, fmt.Errorf("%s has saved the cart, but of %d replicas only %d have: %w", n.address, r.o.Wait, have.Number, ErrUnavailable)
	}
	return answer, nil
}

// learn takes from a refusal where and how to ask again; an error says that there is no use.
func learn(r *Redis, q *question, n *redisNode, text string) error {
	q.trouble = shortened(text)
	words := strings.Fields(text + " ?")
	switch words[0] {
	case "READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "BUSY", "NOAUTH", "WRONGPASS", "NOPERM":
		q.asking = nil
		restNode(r.o, n, q.trouble)
		return nil
	}
	wakeNode(r.o, n)
	switch words[0] {
	case "NOSCRIPT":
		q.whole = true
		return nil
	case "MOVED", "ASK":
		if len(words) < 3 || !r.o.Cluster {
			return fmt.Errorf("%s is a node of a cluster, and the store is not told so: %w", n.address, ErrUnavailable)
		}
		at, err := nodeAt(r.nodes, addressFrom(words[2], n.address))
		if err != nil {
			return err
		}
		q.asking = nil
		if words[0] == "ASK" {
			q.asking = at
		} else {
			setOwner(r.nodes, q.bucket, at)
		}
		return nil
	case "TRYAGAIN": // the slot is under way, and one of the keys is here and the other there
		q.asking = nil
		pauseUntil(q.deadline, askPause<<q.tries)
		return nil
	case "WRONGTYPE":
		return fmt.Errorf("what redis has for the cart is no string: %w", ErrDamaged)
	}
	return fmt.Errorf("%s: %s: %w", n.address, q.trouble, ErrUnavailable)
}

// shortened is a server's refusal for the log. Some repeat what they were sent, and a key is a guest's secret.
func shortened(text string) string {
	if at := strings.Index(text, "with args"); at >= 0 {
		text = text[:at]
	}
	if len(text) > 200 {
		text = text[:200]
	}
	return strings.ToValidUTF8(text, "")
}

// pauseUntil sleeps for so many milliseconds, but not beyond a deadline.
func pauseUntil(deadline time.Time, milliseconds int64) {
	pause := time.Duration(milliseconds) * time.Millisecond
	if left := time.Until(deadline); left < pause {
		pause = left
	}
	time.Sleep(pause)
}

// commandsOf is all that is sent in one round trip.
func commandsOf(o *RedisOptions, q *question) [][]string {
	commands := [][]string{}
	if q.asking != nil {
		commands = append(commands, []string{"ASKING"})
	}
	how, what := "EVALSHA", q.script.sum
	if q.whole {
		how = "EVAL"
		what = q.script.text
	}
	commands = append(commands, append([]string{how, what}, q.args...))
	if q.waits && o.Wait > 0 {
		left := time.Until(q.deadline).Milliseconds() - waitMargin
		if left < 1 {
			left = 1 // 0 would wait for ever
		}
		commands = append(commands, []string{"WAIT", strconv.Itoa(o.Wait), strconv.FormatInt(left, 10)})
	}
	return commands
}
