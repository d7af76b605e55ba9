package store

import (
	"fmt"
	"hash/crc32"
	"strconv"
)

// A cart in Redis is one string: a head of fixed width in letters and digits, which scripts compare as text because a number of
// Lua holds only 53 bits, and then the record's data.
//
//	0   format   "1"
//	1   flags    "P" where the record is pending, else "-"
//	2   version  19 decimal digits
//	21  expires  19 decimal digits, Unix milliseconds. The key's time to live is what counts; this is told to whoever loads it
//	40  token    24 characters, of each save another
//	64  sum      CRC-32C of the data, 8 hexadecimal digits
const (
	headToken = 40
	headSum   = 64
	headSize  = 72
)

// versionText is a version as it stands in a head.
func versionText(version int64) string { return fmt.Sprintf("%019d", version) }

// headText makes the head of a record, with a new token.
func headText(r *Redis, record *Record) string {
	flags := "-"
	if record.Pending {
		flags = "P"
	}
	return fmt.Sprintf("1%s%019d%019d%s%012x%08x", flags, record.Version, record.Expires, r.self, r.saves.Add(1), crc32.Checksum(record.Data, castagnoli))
}

// lifeText is how long a record lasts from now on, in milliseconds: "0" for ever, "-1" where it is over. Where the record does
// not say, it is reckoned from our own clock, by which the expiry was reckoned too.
func lifeText(o *RedisOptions, record *Record) string {
	if record.Lasts > 0 {
		return strconv.FormatInt(record.Lasts, 10)
	}
	if record.Expires == 0 {
		return "0"
	}
	left := record.Expires - o.Clock()
	if left <= 0 {
		return "-1"
	}
	return strconv.FormatInt(left, 10)
}

// recordFrom reads what loadScript answered to who holds version have: nothing, the head alone of that version, or all.
func recordFrom(reply *redisReply, have int64) (Record, error) {
	if reply.Kind == '_' {
		return Record{}, nil
	}
	value := reply.Bulk
	if reply.Kind != '$' || len(value) < headSize || value[0] != '1' {
		return Record{}, fmt.Errorf("what redis has for the cart was not written by this program: %w", ErrDamaged)
	}
	version, err := strconv.ParseInt(string(value[2:21]), 10, 64)
	if err != nil || version < 1 {
		return Record{}, fmt.Errorf("the cart in redis has no version: %w", ErrDamaged)
	}
	expires, err := strconv.ParseInt(string(value[21:headToken]), 10, 64)
	if err != nil || expires < 0 {
		return Record{}, fmt.Errorf("the cart in redis has no expiry: %w", ErrDamaged)
	}
	record := Record{Version: version, Expires: expires, Pending: value[1] == 'P', Token: string(value[headToken:headSum])}
	if len(value) == headSize && version == have {
		return record, nil
	}
	record.Data = value[headSize:]
	sum, err := strconv.ParseUint(string(value[headSum:headSize]), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(record.Data, castagnoli) {
		return Record{}, fmt.Errorf("the checksum of the cart in redis does not fit: %w", ErrDamaged)
	}
	return record, nil
}
