package store

import (
	"crypto/sha1" //nolint:gosec // it is the server's own name for a script
	"encoding/hex"
)

// redisScript is a Lua script, and the SHA-1 by which the server knows it once it has seen it.
type redisScript struct {
	text string
	sum  string
}

func newRedisScript(text string) *redisScript {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // likewise
	return &redisScript{text: text, sum: hex.EncodeToString(sum[:])}
}

// What a script that changes a cart answers as a number. Where another version is the newest it answers that, as text.
const (
	saidDone    = 0
	saidPending = 1 // what is there is pending: the script needs the list of pending carts too, and has done nothing
	saidDamaged = 2 // what is there was not written by us; nothing was done
)

// loadScript: KEYS cart; ARGV the version that the caller holds.
var loadScript = newRedisScript(`
local head = redis.call('GETRANGE', KEYS[1], 0, 71)
if string.sub(head, 3, 21) == ARGV[1] then return head end
return redis.call('GET', KEYS[1])`)

// saveScript: KEYS cart, and of a cart that is or was pending the list; ARGV the version before, its token or nothing, the
// time to live, the new value, and with the list the cart's name in it. A save that finds its own token there has happened
// already, and its answer was lost; it is written once more, so that WAIT on this connection waits for it.
//
// The list is a sorted set by the time at which the cart goes, in the server's own clock.
var saveScript = newRedisScript(`
local head = redis.call('GETRANGE', KEYS[1], 0, 71)
if head ~= '' and (#head < 72 or string.sub(head, 1, 1) ~= '1') then return 2 end
local token = string.sub(head, 41, 64)
if token ~= string.sub(ARGV[4], 41, 64) then
  local newest = string.sub(head, 3, 21)
  if newest == '' then newest = '0000000000000000000' end
  if newest ~= ARGV[1] or (ARGV[2] ~= '' and token ~= ARGV[2]) then return newest end
end
if not KEYS[2] and string.sub(head, 2, 2) == 'P' then return 1 end
local life = tonumber(ARGV[3])
if life < 0 then
  redis.call('DEL', KEYS[1])
elseif life == 0 then
  redis.call('SET', KEYS[1], ARGV[4])
else
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[3])
end
if KEYS[2] then
  if life >= 0 and string.sub(ARGV[4], 2, 2) == 'P' then
    local goes = '+inf'
    if life > 0 then
      local now = redis.call('TIME')
      goes = now[1] * 1000 + math.floor(now[2] / 1000) + life
    end
    redis.call('ZADD', KEYS[2], goes, ARGV[5])
  else
    redis.call('ZREM', KEYS[2], ARGV[5])
  end
end
return 0`)

// deleteScript: KEYS as in saveScript; ARGV the version before, and with the list the cart's name in it.
var deleteScript = newRedisScript(`
local head = redis.call('GETRANGE', KEYS[1], 0, 71)
if head ~= '' and (#head < 72 or string.sub(head, 1, 1) ~= '1') then return 2 end
local newest = string.sub(head, 3, 21)
if newest == '' then newest = '0000000000000000000' end
if newest ~= ARGV[1] then return newest end
if not KEYS[2] and string.sub(head, 2, 2) == 'P' then return 1 end
redis.call('DEL', KEYS[1])
if KEYS[2] then redis.call('ZREM', KEYS[2], ARGV[2]) end
return 0`)

// pendingScript: KEYS list; ARGV a cursor, and how many names are wanted at once. It answers the next cursor, "0" at the end,
// and names, some perhaps twice. Names of carts that are gone leave the list.
var pendingScript = newRedisScript(`
local now = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now[1] * 1000 + math.floor(now[2] / 1000))
local page = redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local answer = {page[1]}
for i = 1, #page[2], 2 do answer[#answer + 1] = page[2][i] end
return answer`)

// claimScript: KEYS claim; ARGV who claims, and for how many milliseconds, "0" to give it back. It answers 0, or for how many
// milliseconds another one holds it. The time to live runs by the server's clock, the only one that all replicas share.
var claimScript = newRedisScript(`
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return math.max(1, redis.call('PTTL', KEYS[1])) end
if ARGV[2] ~= '0' then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif held then
  redis.call('DEL', KEYS[1])
end
return 0`)
