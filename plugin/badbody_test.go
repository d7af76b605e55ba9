package plugin_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/internal/badbody"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/plugin"
)

// bothered plays a good transcript of every route that changes carts, and bothers it before the request of the route.
func bothered(t *testing.T, bother func(b *badbody.Bothered, base *badbody.Base)) {
	t.Helper()
	bases, err := badbody.Bases("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range bases {
		t.Run(base.Name(), func(t *testing.T) {
			t.Parallel()
			fixture := transcript.NewFixture(t, "..", base.Script)
			handler, err := plugin.New(t.Context(), transcript.Upstream(), decoded(t, fixture.Config), base.Name())
			if err != nil {
				t.Fatal(err)
			}
			badbody.Replay(t, base, fixture, transcript.Handler(handler), func(b *badbody.Bothered) { bother(b, base) })
		})
	}
}

// A body that is not one JSON object, or that two parsers could read differently, is refused in the dialect's words wherever
// in it that stands, and changes nothing.
func TestStrangeBodiesAreRefused(t *testing.T) {
	generated := badbody.Generated()
	bothered(t, func(b *badbody.Bothered, base *badbody.Base) {
		if base.Route.Body == adapters.NoBody {
			return
		}
		if sent := b.Bodies(base, generated); sent < 1000 {
			b.T.Errorf("only %d bodies were sent", sent)
		}
	})
}

// The same with every file of JSONTestSuite.
func TestTheBodiesOfJSONTestSuiteAreRefused(t *testing.T) {
	suite := badbody.Suite(t, "..")
	bothered(t, func(b *badbody.Bothered, base *badbody.Base) {
		if base.Route.Body == adapters.NoBody {
			return
		}
		if sent := b.Bodies(base, suite); sent < 700 {
			b.T.Errorf("only %d bodies were sent", sent)
		}
	})
}

// unread is a body that must not be read.
type unread struct{ b *badbody.Bothered }

func (u unread) Read([]byte) (int, error) {
	u.b.T.Error("the body was read")
	return 0, errors.New("it was to stay unread")
}

func (unread) Close() error { return nil }

// A body in a coding is 415, told before it is looked at in any way; no coding is the only one.
func TestABodyInACodingIsRefused(t *testing.T) {
	bothered(t, func(b *badbody.Bothered, base *badbody.Base) {
		if base.Route.Body == adapters.NoBody {
			return
		}
		b.Unchanged(func() {
			for _, codings := range []string{"gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "gzip, identity", "identity, gzip", "identity|gzip", "identity,identity|", "aes128gcm", "nonsense"} {
				for _, body := range []string{b.Body, "\x1f\x8b\x08\x00\x00\x00\x00\x00", "{"} {
					answer := b.Send(body, func(r *http.Request) { r.Header["Content-Encoding"] = strings.Split(codings, "|") })
					if answer.Status != http.StatusUnsupportedMediaType || !strings.HasPrefix(answer.Body, "{") {
						b.T.Errorf("%s: %q got %d %s", codings, body, answer.Status, answer.Body)
					}
				}
			}
		})
	})
}

// A body past limits.maxBodyBytes is 413: where it says so beforehand nothing of it is read, else no more than one byte past
// the bound.
func TestABodyTooLongIsNotRead(t *testing.T) {
	const bound = 256 << 10 // the default
	bothered(t, func(b *badbody.Bothered, base *badbody.Base) {
		if base.Route.Body == adapters.NoBody {
			return
		}
		b.Unchanged(func() {
			announced := b.Send("", func(r *http.Request) { r.Body, r.ContentLength = unread{b}, bound+1 })
			endless := &counted{from: strings.NewReader(strings.Repeat(" ", 4*bound))}
			streamed := b.Send("", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(endless), -1 })
			if announced.Status != http.StatusRequestEntityTooLarge || streamed != announced {
				b.T.Errorf("announced got %d %s, streamed %d %s", announced.Status, announced.Body, streamed.Status, streamed.Body)
			}
			if endless.read > bound+1 {
				b.T.Errorf("%d bytes were read", endless.read)
			}
		})
	})
}

// counted counts what is read.
type counted struct {
	from io.Reader
	read int
}

func (c *counted) Read(into []byte) (int, error) {
	n, err := c.from.Read(into)
	c.read += n
	return n, err
}

// A route without a body leaves one unread, whatever its headers say: the request does what it does without.
func TestABodyThatNobodyAskedForIsNotRead(t *testing.T) {
	bothered(t, func(b *badbody.Bothered, base *badbody.Base) {
		if base.Route.Body != adapters.NoBody {
			return
		}
		b.Change(func(r *http.Request) {
			r.Body, r.ContentLength = unread{b}, 1<<40
			r.Header.Set("Content-Encoding", "gzip")
			r.Header.Set("Content-Type", "text/plain")
		})
	})
}

// longestAnswer bounds an answer by the cart: the demo's catalogue has 8 items, so a cart has 8 lines, each with options of
// 4096 bytes, 20 groups of 255 bytes that may be escaped, and facts of the catalogue; and a request in bulk 100 results.
const longestAnswer = 8*(4096+20*255*6+4000) + 100*1000

// FuzzRequests throws bodies at every route that has one, with a cart behind it: the answer is a good one, or a refusal that
// has changed nothing, and no longer than a cart can make it.
func FuzzRequests(f *testing.F) {
	bases, err := badbody.Bases("..")
	if err != nil {
		f.Fatal(err)
	}
	routes := []*badbody.Bothered{}
	for _, base := range bases {
		if base.Route.Body == adapters.NoBody {
			continue
		}
		fixture := transcript.NewFixture(f, "..", base.Script)
		handler, err := plugin.New(f.Context(), transcript.Upstream(), decoded(f, fixture.Config), base.Name())
		if err != nil {
			f.Fatal(err)
		}
		badbody.Replay(f, base, fixture, transcript.Handler(handler), func(b *badbody.Bothered) { routes = append(routes, b) })
		f.Add(uint8(len(routes)-1), base.Filled())
		f.Add(uint8(len(routes)-1), "{}")
	}
	for i, c := range badbody.Generated() {
		if !strings.HasPrefix(c.Name, "document ") && len(c.Text) < 300 {
			at := i % len(routes)
			placed := badbody.Places(routes[at].Body, c.Text)
			f.Add(uint8(at), placed[i%len(placed)].Body)
		}
	}
	f.Fuzz(func(t *testing.T, route uint8, body string) {
		b := *routes[int(route)%len(routes)]
		b.T = t
		before := b.Kept()
		answer := b.Send(body, nil)
		if answer.Status >= 500 || len(answer.Body) > longestAnswer || answer.Body != "" && !json.Valid([]byte(answer.Body)) {
			t.Fatalf("%.200q got %d with %d bytes: %.200s", body, answer.Status, len(answer.Body), answer.Body)
		}
		if answer.Status >= 400 && b.Kept() != before {
			t.Fatalf("%.200q was refused with %d %s, and the store grew", body, answer.Status, answer.Body)
		}
		if strange := badbody.Strange(body); strange != "" && body != "" && answer.Status < 400 {
			t.Fatalf("%.200q is taken, and %s", body, strange)
		}
	})
}
