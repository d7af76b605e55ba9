package store

import (
	"fmt"
	"strconv"
)

// Claim is Store.Claim.
func (r *Redis) Claim(key, part string, lease int64) (int64, error) {
	bucket := bucketOf(key)
	args := []string{"1", r.places[bucket] + "l:" + part + ":" + key, r.self, strconv.FormatInt(lease, 10)}
	reply, err := askRedis(r, &question{script: claimScript, bucket: bucket, args: args})
	if err != nil {
		return 0, fmt.Errorf("asking redis: %w", err)
	}
	if reply.Kind != ':' {
		return 0, fmt.Errorf("redis gave an answer to a claim that is none: %w", ErrUnavailable)
	}
	return reply.Number, nil
}
