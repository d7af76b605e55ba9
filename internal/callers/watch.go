package callers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/polycart/polycart/internal/transcript"
)

// Watch knows every secret that went over the wire, and finds it where it must not be: in a log, in a listing, or in the
// answer to somebody else. Secret is what opens a cart or signs for somebody, and what says who a customer is:
//
//   - customer tokens, API keys and idempotency keys, whatever became of the request that bore them;
//   - the tokens of guests: agent sessions, X-Cart-ID, the cookie sessionid, a guest's _id in fabric;
//   - what a test adds by Keep: customers' ids, which are personal data, secrets of signatures, addresses of webhooks.
//
// A cart's and a line's id, an item, a tenant and an event's id are none: whoever knows them has gained nothing.
type Watch struct {
	mu      sync.Mutex
	secrets map[string]string // whose, by secret
	seen    []string          // secrets in answers to others
	made    int
}

// leastSecret bounds what is looked for, in bytes: shorter ones, which transcripts have, are words that stand in a log by
// themselves, such as an idempotency key "finish".
const leastSecret = 10

// Keep adds secrets of somebody.
func (w *Watch) Keep(who string, secrets ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.secrets == nil {
		w.secrets = map[string]string{}
	}
	for _, secret := range secrets {
		if len(secret) >= leastSecret && w.secrets[secret] == "" {
			w.secrets[secret] = who
		}
	}
}

// New makes a secret of somebody.
func (w *Watch) New(who string) string {
	w.mu.Lock()
	w.made++
	secret := fmt.Sprintf("tell-nobody-%d-of-%s", w.made, who)
	w.mu.Unlock()
	w.Keep(who, secret)
	return secret
}

// In answers the secrets that stand in a text.
func (w *Watch) In(text string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := []string{}
	for secret, who := range w.secrets {
		if strings.Contains(text, secret) {
			found = append(found, who+": "+secret)
		}
	}
	slices.Sort(found)
	return found
}

// Known is how many secrets were seen.
func (w *Watch) Known() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.secrets)
}

// Crossed answers the secrets that stood in an answer to somebody else than whose they are.
func (w *Watch) Crossed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

var (
	issued = regexp.MustCompile(`"(?:cart_id|session_id)":"([^"]+)"|^\{"_id":"([0-9a-f]{24})"`)
	hex24  = regexp.MustCompile(`^[0-9a-f]{24}$`)
)

// Level watches what somebody sends and is answered.
func (w *Watch) Level(who string, level transcript.Level) transcript.Level {
	return func(request *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, fmt.Errorf("reading a request: %w", err)
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		w.Keep(who, sent(request, body)...)
		response, err := level(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, fmt.Errorf("reading an answer: %w", err)
		}
		response.Body = io.NopCloser(bytes.NewReader(answer))
		for _, cookie := range response.Cookies() {
			w.Keep(who, cookie.Value)
		}
		for _, found := range issued.FindAllStringSubmatch(string(answer), -1) {
			w.Keep(who, found[1], found[2])
		}
		header := &bytes.Buffer{}
		_ = response.Header.Write(header) // into memory
		for _, secret := range w.In(header.String() + string(answer)) {
			if !strings.HasPrefix(secret, who+": ") {
				w.mu.Lock()
				w.seen = append(w.seen, fmt.Sprintf("%s is told the secret of %s by %s %s", who, secret, request.Method, request.URL))
				w.mu.Unlock()
			}
		}
		return response, nil
	}
}

// sent are the secrets of a request.
func sent(request *http.Request, body []byte) []string {
	secrets := []string{}
	for _, name := range []string{"Authorization", "X-Api-Key", "X-Cart-Id", "Idempotency-Key"} {
		for _, value := range request.Header.Values(name) {
			secrets = append(secrets, value, strings.TrimPrefix(value, "Bearer "))
		}
	}
	for _, cookie := range request.Cookies() {
		secrets = append(secrets, cookie.Value)
	}
	secrets = append(secrets, request.URL.Query().Get("session_id"))
	for _, part := range strings.Split(request.URL.Path, "/") {
		if hex24.MatchString(part) {
			secrets = append(secrets, part)
		}
	}
	fields := map[string]any{}
	if json.Unmarshal(body, &fields) == nil {
		for _, name := range []string{"session_id", "cartId"} {
			if text, is := fields[name].(string); is {
				secrets = append(secrets, text)
			}
		}
	}
	return secrets
}
