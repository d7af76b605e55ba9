package plugin

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/identity"
)

// post sends an event to a webhook, once. The error holds no address but that of the host.
func post(ctx context.Context, client *http.Client, hook *webhook, event *cartcore.Event, timeout int64) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(timeout)*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(event.Body))
	if err != nil {
		return identity.WithoutAddress(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", hook.UserAgent)
	request.Header.Set("X-Webhook-Id", event.ID)
	request.Header.Set("X-Webhook-Signature", signed(hook.Secret, event.Body))
	answer, err := client.Do(request)
	if err != nil {
		return identity.WithoutAddress(err)
	}
	// The status has said it all; what follows is read so that the connection can be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxHookAnswer))
	_ = answer.Body.Close()
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return nil
	}
	if answer.StatusCode >= 300 && answer.StatusCode < 400 {
		return fmt.Errorf("it answered %d; redirects are not followed", answer.StatusCode)
	}
	return fmt.Errorf("it answered %d; any 2xx would do", answer.StatusCode)
}

// signed is the signature of a body (facts 1.8).
func signed(secret, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write(body) // a hash never answers an error: hash.Hash
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// toldOf is what became of an attempt: with err nil the event is delivered, else there is another attempt or none.
func toldOf(event *cartcore.Event, hook string, err error, rules *outboxRules, now int64) *cartcore.Told {
	if err == nil {
		return &cartcore.Told{Event: event.ID}
	}
	text := err.Error()
	if len(text) > maxHookComplain {
		text = strings.ToValidUTF8(text[:maxHookComplain], "") + "…"
	}
	attempts := cartcore.Attempts(event, hook) + 1
	next := now + retryAfter(rules, attempts)
	told := &cartcore.Told{Event: event.ID, Error: text, Next: next}
	if attempts >= rules.Attempts || next-event.At > rules.LongestAge {
		told.Dead = true
	}
	return told
}

// retryAfter is how long to wait after an attempt that failed, in milliseconds: twice as long each time, up to a bound, and
// each time by up to half of it less, so that many carts whose receiver was away do not come back in one moment.
func retryAfter(rules *outboxRules, attempts int64) int64 {
	wait := rules.FirstRetry
	for i := int64(1); i < attempts && wait < rules.LongestRetry; i++ {
		wait *= 2
	}
	if wait > rules.LongestRetry {
		wait = rules.LongestRetry
	}
	return wait - rand.Int63n(wait/2+1) //nolint:gosec // spreads attempts, guards nothing
}

// attemptText is which attempt of how many it was, for the log.
func attemptText(attempts, most int64) string {
	return strconv.FormatInt(attempts, 10) + " of " + strconv.FormatInt(most, 10)
}
