package ucpshop

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The buckets of the file. An end is the time at which something is forgotten, then the bucket's name and its key there.
var (
	cartsBucket   = []byte("carts")   // cart by id
	answersBucket = []byte("answers") // keptAnswer by idempotency key
	endsBucket    = []byte("ends")
)

func makeBuckets(tx *bolt.Tx) error {
	for _, name := range [][]byte{cartsBucket, answersBucket, endsBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// keptAnswer is what an idempotency key stands for.
type keptAnswer struct {
	Fingerprint string `json:"fingerprint"`
	Until       int64  `json:"until"` // Unix seconds
	Reply       reply  `json:"reply"`
}

// get reads a value; false where there is none.
func get(tx *bolt.Tx, bucket []byte, key string, into any) (bool, error) {
	text := tx.Bucket(bucket).Get([]byte(key))
	if text == nil {
		return false, nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("reading %s %s: %w", bucket, key, err)
	}
	return true, nil
}

// put writes a value that is forgotten at end (Unix seconds; 0 is never).
func put(tx *bolt.Tx, bucket []byte, key string, value any, end int64) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("writing %s %s: %w", bucket, key, err)
	}
	if err := tx.Bucket(bucket).Put([]byte(key), text); err != nil {
		return fmt.Errorf("writing %s %s: %w", bucket, key, err)
	}
	if end == 0 {
		return nil
	}
	return tx.Bucket(endsBucket).Put(endOf(bucket, key, end), nil)
}

// remove deletes a value that would be forgotten at end.
func remove(tx *bolt.Tx, bucket []byte, key string, end int64) error {
	if err := tx.Bucket(endsBucket).Delete(endOf(bucket, key, end)); err != nil {
		return err
	}
	return tx.Bucket(bucket).Delete([]byte(key))
}

// secondsBytes is the length of the time that an end begins with.
const secondsBytes = 8

func endOf(bucket []byte, key string, end int64) []byte {
	at := binary.BigEndian.AppendUint64(nil, uint64(end)) // the order of bytes is then that of time
	return append(append(append(at, bucket...), '/'), key...)
}

// sweptAtOnce is how many ends one write clears away: more than it can make, so that they cannot pile up, and few enough to
// cost nothing.
const sweptAtOnce = 8

// sweep forgets some of what is over.
func sweep(tx *bolt.Tx, now time.Time) error {
	var over [][]byte
	cursor := tx.Bucket(endsBucket).Cursor()
	for at, _ := cursor.First(); at != nil && len(over) < sweptAtOnce; at, _ = cursor.Next() {
		if binary.BigEndian.Uint64(at) > uint64(now.Unix()) {
			break
		}
		over = append(over, bytes.Clone(at))
	}
	for _, at := range over {
		bucket, key, _ := bytes.Cut(at[secondsBytes:], []byte("/"))
		if err := remove(tx, bucket, string(key), int64(binary.BigEndian.Uint64(at))); err != nil {
			return fmt.Errorf("forgetting %s %s: %w", bucket, key, err)
		}
	}
	return nil
}

// find reads a cart that is there and not expired, or nil.
func find(tx *bolt.Tx, id string, now time.Time) (*cart, error) {
	found := &cart{}
	if is, err := get(tx, cartsBucket, id, found); err != nil || !is || found.expired(now) {
		return nil, err
	}
	return found, nil
}

// save writes a cart, whose life begins anew; before is when it would have expired until now.
func (s *Shop) save(tx *bolt.Tx, c *cart, before int64) error {
	if before != 0 {
		if err := tx.Bucket(endsBucket).Delete(endOf(cartsBucket, c.ID, before)); err != nil {
			return err
		}
	}
	return put(tx, cartsBucket, c.ID, c, c.Expires)
}

// once runs change in one transaction, at most once for each idempotency key; the answer is kept in the same transaction, so
// that neither is ever there without the other. An error undoes all of it, and the key is free again.
func (s *Shop) once(c *call, change func(tx *bolt.Tx, now time.Time) (reply, error)) (answer reply, err error) {
	key, err := s.idempotencyKey(c)
	if err != nil {
		return reply{}, err
	}
	fingerprint := c.fingerprint()
	err = s.file.Update(func(tx *bolt.Tx) error {
		now := s.settings.Now()
		known := keptAnswer{}
		if key != "" {
			found, err := get(tx, answersBucket, key, &known)
			if err != nil {
				return err
			}
			if found && now.Unix() < known.Until {
				answer = known.Reply
				if known.Fingerprint != fingerprint {
					answer = s.conflict()
				}
				return nil
			}
		}
		if err := sweep(tx, now); err != nil {
			return err
		}
		answer, err = change(tx, now)
		if err != nil || key == "" {
			return err
		}
		if known.Until != 0 { // it is over, and not swept yet
			if err := remove(tx, answersBucket, key, known.Until); err != nil {
				return err
			}
		}
		until := now.Add(s.settings.AnswersKept).Unix() + 1 // rounded up: it must not be less than promised
		return put(tx, answersBucket, key, keptAnswer{Fingerprint: fingerprint, Until: until, Reply: answer}, until)
	})
	return answer, err
}
