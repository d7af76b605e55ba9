package cartcore

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// However many writes bear a key, a cart keeps few answers, of bounded size. Of the newest writes it keeps at least that they
// were done, however long the answers are, and all of the short ones.
func TestRepliesOfACartAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var replies, all []*Reply
		now := int64(0)
		writes := rapid.IntRange(1, 120).Draw(t, "writes")
		for n := range writes {
			now += rapid.Int64Range(0, ReplyLife/8).Draw(t, "passed")
			reply := &Reply{Key: fmt.Sprint(n), At: now, Body: make([]byte, rapid.IntRange(0, ReplyBytes).Draw(t, "bytes")), Header: []string{"Cart-Notice", "capped"}}
			all = append(all, reply)
			replies = WithReply(replies, reply, now)

			if replies[len(replies)-1] != reply {
				t.Fatal("the newest answer is not the last")
			}
			total := 0
			whole := false // a long answer was kept whole
			for i := range replies {
				total += replySize(replies[i])
				if now-replies[i].At >= ReplyLife {
					t.Fatalf("an answer of %d ms ago is kept", now-replies[i].At)
				}
				if FindReply(replies, replies[i].Key, now) != replies[i] {
					t.Fatal("a kept answer is not found")
				}
				given := all[len(all)-len(replies)+i]
				switch {
				case replies[i].Key != given.Key:
					t.Fatal("a write went before an older one")
				case replies[i] == given:
					whole = whole || replySize(given) > replyFixed+ReplySmall
				case replies[i].Form != FormDone || replies[i].Body != nil || replies[i].At != given.At:
					t.Fatalf("a long answer became %+v", replies[i])
				case replySize(given) <= replyFixed+ReplySmall:
					t.Fatal("a short answer went")
				case whole:
					t.Fatal("a long answer went before an older one")
				}
			}
			if len(replies) > RepliesKept || total > RepliesBytes {
				t.Fatalf("%d answers of %d bytes are kept", len(replies), total)
			}
			if gone := len(all) - len(replies); gone > 0 && now-all[gone-1].At < ReplyLife && len(replies) < RepliesKept {
				t.Fatal("a write went that there was room for")
			}
		}
	})
}

func TestAReplyLastsADay(t *testing.T) {
	replies := WithReply(nil, &Reply{Key: "k", At: 1000}, 1000)
	if FindReply(replies, "k", 1000+ReplyLife-1) == nil {
		t.Error("it is gone a millisecond before a day is over")
	}
	if FindReply(replies, "k", 1000+ReplyLife) != nil {
		t.Error("it is there after a day")
	}
	if LastingReplies(replies, 1000+ReplyLife) != nil {
		t.Error("a list without answers is not nil, so that it would be written")
	}
	if FindReply(replies, "other", 1000) != nil {
		t.Error("another key finds it")
	}
}

func TestRepliesAreInTheRecord(t *testing.T) {
	cart := New(Key{"store-alpha", CustomerOwner("182")}, "USD", "0123", 1000)
	cart.Version = 1
	body := []byte("{\"a\":\"<&\u2028\"}\x00")
	cart.Replies = WithReply(nil, &Reply{Key: "k", Print: "p", At: 1000, Status: 200, Form: FormPacked, Body: body, Size: 7, Header: []string{"A", "b"}, Tag: `"t"`}, 1000)
	record, err := Record(cart)
	if err != nil {
		t.Fatal(err)
	}
	read, err := FromRecord(cart.Key, record)
	if err != nil {
		t.Fatal(err)
	}
	got, want := read.Replies[0], cart.Replies[0]
	if !bytes.Equal(got.Body, body) || got.Print != want.Print || got.Status != want.Status || got.Form != want.Form || got.Size != want.Size || got.Tag != want.Tag || len(got.Header) != 2 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
