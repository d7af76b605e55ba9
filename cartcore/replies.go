package cartcore

// Reply is the answer to a write that bore an Idempotency-Key. It is part of the cart's record, so that the effect of the
// write and its answer are saved together or not at all. A Reply is never changed.
type Reply struct {
	Key    string   `json:"k"`             // digest of the key; the key itself is not kept
	Print  string   `json:"f"`             // digest of the request, which tells a retry from another request
	At     int64    `json:"at"`            // Unix milliseconds
	Status int      `json:"s"`             // of HTTP
	Form   Form     `json:"form"`          // how Body is kept
	Body   []byte   `json:"b,omitempty"`   // []byte and not text: the answer is repeated byte for byte
	Size   int      `json:"n,omitempty"`   // bytes of the body as it was sent, for FormPacked
	Header []string `json:"h,omitempty"`   // names and values in turn
	Tag    string   `json:"tag,omitempty"` // entity tag of the cart after the write, where the client asked for it
}

// Form is how the body of a Reply is kept.
type Form int

// The forms. Add only at the end.
const (
	FormPlain  Form = iota // as it was sent
	FormPacked             // compressed
	FormDone               // not at all: it was too large
)

const (
	// RepliesKept bounds the replies of a cart. A client has a few writes under way at a time; 32 leaves it a long row of
	// changes before the first of them can no longer be retried.
	RepliesKept = 32
	// RepliesBytes bounds them together, since every save of the cart writes them again. Some answers that show a cart of a
	// hundred lines fill it.
	RepliesBytes = 64 << 10
	// ReplySmall is what the body and header of any reply may take: RepliesKept of them leave room for the newest,
	// whatever it takes.
	ReplySmall = 1 << 10
	// ReplyBytes bounds the body of one, so that a large one leaves room for others.
	ReplyBytes = 16 << 10
	// ReplyLife is how long a reply is kept, in milliseconds: a day, which is what public APIs with such keys promise.
	ReplyLife = 24 * 60 * 60 * 1000
	// replyFixed is what a reply takes beside its body and header, in bytes: two digests, numbers and JSON around them.
	replyFixed = 200
)

// FindReply answers the reply to the key with this digest that is in force at now, or nil.
func FindReply(replies []*Reply, key string, now int64) *Reply {
	for i := range replies {
		if replies[i].Key == key && lasts(replies[i], now) {
			return replies[i]
		}
	}
	return nil
}

// WithReply is replies with one more, without those that are older than ReplyLife at now, and without the oldest where
// RepliesKept would be passed. Where RepliesBytes would be, the oldest of those beyond ReplySmall become FormDone: so no write
// is done twice because the answers to others were long. The list answered is a new one.
func WithReply(replies []*Reply, reply *Reply, now int64) []*Reply {
	kept := append(append([]*Reply{}, LastingReplies(replies, now)...), reply)
	if len(kept) > RepliesKept {
		kept = kept[len(kept)-RepliesKept:]
	}
	bytes := 0
	for i := range kept {
		bytes += replySize(kept[i])
	}
	for i := 0; bytes > RepliesBytes && i < len(kept); i++ {
		if size := replySize(kept[i]); size > replyFixed+ReplySmall {
			kept[i] = asDone(kept[i])
			bytes -= size - replyFixed
		}
	}
	return kept
}

// asDone is a reply without its body and header.
func asDone(reply *Reply) *Reply {
	done := *reply
	done.Form = FormDone
	done.Body = nil
	done.Header = nil
	done.Size = 0
	return &done
}

// LastingReplies is replies without the oldest that are older than ReplyLife at now; nil where none is left. Nobody may
// append to it.
func LastingReplies(replies []*Reply, now int64) []*Reply {
	for len(replies) > 0 && !lasts(replies[0], now) {
		replies = replies[1:]
	}
	if len(replies) == 0 {
		return nil
	}
	return replies
}

func lasts(reply *Reply, now int64) bool { return now-reply.At < ReplyLife }

// replySize is what a reply counts as, in bytes.
func replySize(reply *Reply) int {
	size := replyFixed + len(reply.Body)
	for i := range reply.Header {
		size += len(reply.Header[i])
	}
	return size
}
