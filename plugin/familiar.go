package plugin

import (
	"strings"
	"sync"
	"time"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
)

// Who shops reads the cart again and again with the same request, and to read off who asks and for what costs the interpreter more
// than to find the cart. So what was read off is kept under the whole head of the request, for as long as identity would take
// the caller again without asking: a request that differs in anything that a room may go by is another one.

// familiar are the reads that were asked lately.
type familiar struct {
	mu    sync.Mutex
	reads map[string]*familiarRead // by head
}

// familiarRead is what a read was decoded to, and its caller. Nobody changes it.
type familiarRead struct {
	Credentials *cartcore.Credentials
	Command     *cartcore.Command
	Caller      *cartcore.Caller
	Name        string // nameOf
}

// familiarMost bounds the reads that are kept; past it they are all dropped, which costs each one more decoding. 2048 heads of some
// 1 kB stay near 2 MB, and none is longer than familiarHead bytes.
const (
	familiarMost = 2048
	familiarHead = 4096
)

// passing are headers that no room goes by, and that differ from request to request (TestNoReadGoesByWhatIsPassing).
var passing = map[string]bool{"Traceparent": true, "Tracestate": true, "Baggage": true, "X-Request-Id": true, "If-None-Match": true}

// recognise answers a request that only reads. What it is decoded to is known where the same was asked a moment ago.
func recognise(d *desk, call *adapters.Call) *adapters.Answer {
	r := call.Request
	text := &strings.Builder{}
	_ = r.Header.WriteSubset(text, passing) // a builder takes everything
	head := d.Number + "\n" + r.Host + "\n" + r.URL.String() + "\n" + text.String()
	if r.TLS != nil {
		head = "tls " + head
	}
	now := time.Now().UnixMilli()
	f := d.Familiar
	f.mu.Lock()
	known := f.reads[head]
	f.mu.Unlock()
	if known == nil || now >= known.Caller.Settled {
		return introduce(d, call, head, now)
	}
	call.Credentials = known.Credentials
	call.Command = known.Command
	return look(d, call, known.Caller, known.Name, now)
}

// introduce decodes a read and finds out who asks.
func introduce(d *desk, call *adapters.Call, head string, now int64) *adapters.Answer {
	if problem := d.Decode(call); problem != nil {
		return undecoded(d, call, problem, now)
	}
	caller, problem := identity.Resolve(d.Who, d.Name, call.Credentials, call.Request.Header, now)
	if problem != nil {
		return refused(d, call, problem)
	}
	if now < caller.Settled && caller.MergeKey.Owner == "" && len(head) <= familiarHead {
		keepRead(d.Familiar, head, &familiarRead{Credentials: call.Credentials, Command: call.Command, Caller: caller, Name: nameOf(d, call, caller)})
	}
	return proceed(d, call, caller, now)
}

func keepRead(f *familiar, head string, read *familiarRead) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.reads) >= familiarMost {
		f.reads = map[string]*familiarRead{}
	}
	f.reads[head] = read
}
