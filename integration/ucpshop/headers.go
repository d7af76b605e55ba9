package ucpshop

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/dunglas/httpsfv"
	"github.com/google/uuid"
)

// call is a request whose headers are as the contract wants them.
type call struct {
	*http.Request
	platform string // profile URL of who asks
	body     []byte
}

// maxKeyBytes bounds an idempotency key where it need not be a UUID: it is kept.
const maxKeyBytes = 255

// uuidBytes is the length of the one text form of a UUID that the contract's format allows; the library reads others too.
const uuidBytes = 36

// checked reads and checks what all operations have in common.
func (s *Shop) checked(operation func(*call) (reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.answered(w, r, operation)
		if err != nil {
			answer = answerTo(err)
		}
		send(w, answer)
	}
}

// answerTo is the answer to an operation that failed. What is no fault of the request is one of the file.
func answerTo(err error) reply {
	known := &fault{}
	if !errors.As(err, &known) {
		known = &fault{status: http.StatusServiceUnavailable, code: "service_unavailable", content: "the carts cannot be reached at the moment"}
	}
	return known.reply()
}

func (s *Shop) answered(w http.ResponseWriter, r *http.Request, operation func(*call) (reply, error)) (reply, error) {
	c := &call{Request: r}
	var err error
	if c.platform, err = platformOf(r.Header); err != nil {
		return reply{}, err
	}
	if id := r.Header.Get("Request-Id"); id != "" || !s.settings.OptionalHeaders {
		if !isUUID(id) {
			return reply{}, invalid("Request-Id must be a UUID")
		}
		w.Header().Set("Request-Id", id)
	}
	if r.Method == http.MethodGet {
		return operation(c)
	}
	if c.body, err = s.readBody(w, r); err != nil {
		return reply{}, err
	}
	return operation(c)
}

// platformOf reads the profile URL of UCP-Agent, a dictionary of RFC 8941. This service does not fetch the profile: it
// trusts every platform, and speaks one version only.
func platformOf(header http.Header) (string, error) {
	fails := func(content string) (string, error) {
		return "", &fault{status: http.StatusBadRequest, code: "invalid_profile_url", content: content}
	}
	lines := header.Values("UCP-Agent")
	if len(lines) == 0 {
		return fails(`UCP-Agent is required: profile="https://…"`)
	}
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return fails(`UCP-Agent must be a dictionary of RFC 8941 such as profile="https://…"`)
	}
	member, found := dictionary.Get("profile")
	item, is := member.(httpsfv.Item)
	if !found || !is {
		return fails(`UCP-Agent must have a member profile="https://…"`)
	}
	text, is := item.Value.(string)
	address, err := url.Parse(text)
	if !is || err != nil || address.Scheme != "https" || address.Host == "" || address.User != nil {
		return fails("profile in UCP-Agent must be a string with an https URL")
	}
	return text, nil
}

func isUUID(text string) bool { return len(text) == uuidBytes && uuid.Validate(text) == nil }

func (s *Shop) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.settings.MaxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &fault{status: http.StatusRequestEntityTooLarge, code: "request_too_large", content: "the body is larger than this service reads"}
	}
	if err != nil {
		return nil, invalid("the body could not be read to its end")
	}
	if len(body) == 0 {
		return body, nil // it has no type; where one is needed, reading it says so
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, &fault{status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", content: "Content-Type must be application/json"}
	}
	return body, nil
}

// idempotencyKey is what the call is remembered by, empty where it bears no key and need not.
func (s *Shop) idempotencyKey(c *call) (string, error) {
	given := c.Header.Get("Idempotency-Key")
	switch {
	case given == "" && s.settings.OptionalHeaders:
		return "", nil
	case given == "":
		return "", invalid("Idempotency-Key is required: a UUID")
	case !s.settings.OptionalHeaders && !isUUID(given):
		return "", invalid("Idempotency-Key must be a UUID")
	case len(given) > maxKeyBytes:
		return "", invalid("Idempotency-Key is longer than 255 bytes")
	}
	return digest(c.platform, given), nil
}

// fingerprint tells one payload from another: operation, path and the raw bytes of the body.
func (c *call) fingerprint() string {
	return digest(c.Method, c.URL.EscapedPath(), string(c.body))
}

// digest is a SHA-256 of texts, each with its length before it so that no two lists of texts look alike.
func digest(texts ...string) string {
	hash := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(hash, "%d:%s", len(text), text)
	}
	return hex.EncodeToString(hash.Sum(nil))
}
