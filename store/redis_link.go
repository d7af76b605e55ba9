package store

// The connections to one server are a seam between the two editions: redis_link_stock.go speaks the protocol itself, with the
// standard library alone, redis_link_compiled.go has go-redis do it. What is sent where, and again, is not part of it: only
// so is it known whether an answer was lost. One test (TestLinkKeepsItsPromises) holds for both.
//
//	newRedisLink(o *RedisOptions, address string, sentinel bool) *redisLink
//	                                                   connects to nothing yet. A sentinel has neither password nor database
//	linkExchange(l *redisLink, commands [][]string, deadline time.Time) (replies []*redisReply, sent bool, err error)
//	                                                   sends the commands on one connection and answers their replies, a refusal
//	                                                   among them. An error is of the connection; sent is false where certainly
//	                                                   no command has reached the server
//	linkReady(command []string, usual *redisReply) *readyCommand
//	                                                   a command, and what mostly answers it, a number or bytes; nil: nothing does
//	linkAgain(l *redisLink, ready *readyCommand, deadline time.Time) (reply *redisReply, sent bool, err error)
//	                                                   linkExchange of that command; no reply and no error is the usual answer
//	closeRedisLink(l *redisLink)                       later exchanges fail

// redisReply is one reply. Nothing in its bytes is ever taken for protocol.
type redisReply struct {
	Kind   byte          // '+' status, '-' refusal, ':' number, '$' bytes, '*' list, '_' nothing
	Text   string        // of a status or refusal
	Number int64         // of a number
	Bulk   []byte        // of bytes
	List   []*redisReply // of a list
}
