package identity

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/polycart/polycart/cartcore"
)

// How sessions are looked up. A shop that ends a session is obeyed within sessionKept; a session that has just begun
// is known within strangerKept, and guessing costs the shop at most one question in that time for each guess.
const (
	maxSessionAnswer = 16 << 10  // bytes
	sessionKept      = 60 * 1000 // ms that an answer is kept
	strangerKept     = 5 * 1000  // ms that "unknown" is kept
	placeholder      = "{session}"
)

// sessionCheck asks whose the sessions of one tenant are.
type sessionCheck struct {
	Before  string // the URL up to the session
	After   string // and from there on
	InQuery bool   // the session stands in the query, where other characters need escapes than in the path
	Timeout time.Duration

	mu    sync.Mutex
	known *memory
	under map[string]*lookup // lookups under way, by session
}

// lookup is one question under way. Who and Err are read after Done is closed.
type lookup struct {
	Done chan struct{}
	Who  remembered
	Err  *cartcore.Error
}

// errLookup stands until a lookup has ended: should it panic, those who wait for it see this.
var errLookup = errors.New("the session lookup did not end")

// openSessions makes config ready; it is nil where config names no URL.
func openSessions(field string, config SessionLookup) (*sessionCheck, []error) {
	faults := []error{}
	timeout, err := boundedMillis(field+".timeout", config.Timeout, 2*time.Second, 30*time.Second)
	if err != nil {
		faults = append(faults, err)
	}
	if config.URL == "" {
		return nil, faults
	}
	u, err := readURL(field+".url", strings.ReplaceAll(config.URL, placeholder, "session"))
	if err != nil {
		faults = append(faults, err)
		return nil, faults
	}
	hash := strings.IndexByte(config.URL, '#')
	at := strings.Index(config.URL, placeholder)
	authority := strings.Index(config.URL, "://") + len("://") + len(u.Host)
	if strings.Count(config.URL, placeholder) != 1 || at < authority || (hash >= 0 && hash < at) {
		faults = append(faults, fmt.Errorf("%s.url is %q; allowed is a URL with %s once, in its path or query", field, shownURL(u), placeholder))
		return nil, faults
	}
	question := strings.IndexByte(config.URL, '?')
	return &sessionCheck{
		Before:  config.URL[:at],
		After:   config.URL[at+len(placeholder):],
		InQuery: question >= 0 && question < at,
		Timeout: timeout,
		known:   newMemory(),
		under:   map[string]*lookup{},
	}, faults
}

// lookUpSession answers whose session it is, a guest's where no Customer is set, or that it is Unknown. Of many
// requests with one session, one asks and the others wait. The error is KindUnavailable.
func lookUpSession(d *Directory, s *sessionCheck, session string, now int64) (remembered, *cartcore.Error) {
	s.mu.Lock()
	who, ok := recall(s.known, session, now)
	asked := s.under[session]
	mine := !ok && asked == nil
	if mine {
		asked = &lookup{Done: make(chan struct{}), Err: cartcore.Fail(cartcore.KindInternal, errLookup)}
		s.under[session] = asked
	}
	s.mu.Unlock()
	if ok {
		return who, nil
	}
	if mine {
		runLookup(d, s, session, asked, now)
	} else {
		<-asked.Done // runLookup closes it after s.Timeout at the latest
	}
	return asked.Who, asked.Err
}

// runLookup asks the shop and keeps its answer; that it does not answer is not kept.
func runLookup(d *Directory, s *sessionCheck, session string, asked *lookup, now int64) {
	defer func() {
		s.mu.Lock()
		delete(s.under, session)
		if asked.Err == nil {
			remember(s.known, session, asked.Who)
		}
		s.mu.Unlock()
		close(asked.Done)
	}()
	who, err := askShop(d, s, session)
	if err != nil {
		asked.Err = cartcore.Fail(cartcore.KindUnavailable, fmt.Errorf("looking a session up: %w", err))
		return
	}
	who.Until = now + sessionKept
	if who.Unknown {
		who.Until = now + strangerKept
	}
	asked.Who = who
	asked.Err = nil // alone: the interpreter panics where nil stands in an assignment of several (docs/interpreter.md: nil among several)
}

// askShop asks the shop once.
func askShop(d *Directory, s *sessionCheck, session string) (remembered, error) {
	escaped := url.PathEscape(session)
	if s.InQuery {
		escaped = url.QueryEscape(session)
	}
	status, body, err := get(d, s.Before+escaped+s.After, s.Timeout, maxSessionAnswer)
	if err != nil {
		return remembered{}, err
	}
	if status == 401 || status == 404 || status == 410 {
		return remembered{Unknown: true}, nil
	}
	if status != 200 {
		return remembered{}, fmt.Errorf("it answered %d; allowed are 200, 401, 404 and 410", status)
	}
	members, err := readObject(body, maxSessionAnswer)
	if err != nil {
		return remembered{}, fmt.Errorf("reading the answer: %w", err)
	}
	raw, there := members["customer"]
	if !there || string(raw) == "null" || string(raw) == `""` {
		return remembered{}, nil
	}
	customer, err := asCustomerID(raw)
	if err != nil {
		return remembered{}, fmt.Errorf("reading the answer's customer: %w", err)
	}
	return remembered{Customer: customer, PhoneVerified: true}, nil
}
