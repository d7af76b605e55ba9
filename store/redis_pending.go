package store

import (
	"fmt"
	"time"
)

const (
	// pendingPage is how many names one script lists, so that it holds the server up for a fraction of a millisecond.
	pendingPage = 256
	// pendingBatch is how many scripts are sent to a server before their answers are read.
	pendingBatch = 64
)

// Pending is Store.Pending. It asks every bucket, many at once.
func (r *Redis) Pending() ([]string, error) {
	found := map[string]bool{}
	for from := 0; from < redisBuckets; from += pendingBatch {
		if err := pendingIn(r, from, found); err != nil {
			return nil, fmt.Errorf("asking redis: %w", err)
		}
	}
	keys := []string{}
	for key := range found {
		keys = append(keys, key)
	}
	return keys, nil
}

// pendingIn adds what is pending in the buckets of a batch. What a server does not answer in the batch, because the bucket
// has moved or has more names than one page, is asked for by itself.
func pendingIn(r *Redis, from int, found map[string]bool) error {
	batches := map[*redisNode][]int{}
	rest := map[int]string{} // cursors
	for bucket := from; bucket < from+pendingBatch; bucket++ {
		n := ownerOf(r.nodes, bucket)
		if n == nil || n.resting.Load() != 0 {
			rest[bucket] = "0"
			continue
		}
		batches[n] = append(batches[n], bucket)
	}
	for n, buckets := range batches {
		commands := [][]string{}
		for i := range buckets {
			// EVAL rather than EVALSHA: one script that the server has forgotten would spoil the whole batch.
			commands = append(commands, append([]string{"EVAL", pendingScript.text}, pendingArgs(r, buckets[i], "0")...))
		}
		replies, _, err := linkExchange(n.link, commands, time.Now().Add(r.o.Timeout))
		for i := range buckets {
			rest[buckets[i]] = "0"
			if err == nil {
				rest[buckets[i]] = addNames(found, replies[i], "0")
			}
		}
	}
	for bucket, cursor := range rest {
		for cursor != "" {
			reply, err := askRedis(r, &question{script: pendingScript, bucket: bucket, args: pendingArgs(r, bucket, cursor)})
			if err != nil {
				return err
			}
			if reply.Kind != '*' || len(reply.List) == 0 {
				return fmt.Errorf("it gave an answer that is no list: %w", ErrUnavailable)
			}
			cursor = addNames(found, reply, cursor)
		}
	}
	return nil
}

func pendingArgs(r *Redis, bucket int, cursor string) []string {
	return []string{"1", r.places[bucket] + "p", cursor, fmt.Sprint(pendingPage)}
}

// addNames adds the names in an answer of pendingScript, and answers the cursor to go on with: empty at the end, and the
// one before where there is no answer in it.
func addNames(found map[string]bool, reply *redisReply, before string) string {
	if reply.Kind != '*' || len(reply.List) == 0 {
		return before
	}
	for i := 1; i < len(reply.List); i++ {
		found[string(reply.List[i].Bulk)] = true
	}
	if next := string(reply.List[0].Bulk); next != "0" {
		return next
	}
	return ""
}
