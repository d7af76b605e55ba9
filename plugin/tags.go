package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
)

// Entity tags are those of RFC 9110 §8.8.3: strong, since they are made of the bytes that were sent.

// tagOf is the entity tag of a body, as the one value of a header. 128 bits of a digest are more than two answers ever
// have in common by chance.
func tagOf(body []byte) []string {
	sum := sha256.Sum256(body)
	return []string{`"` + hex.EncodeToString(sum[:16]) + `"`}
}

// unlessKnown answers 304 to a read whose If-None-Match has the answer's tag. It keeps the adapter's headers: a session
// lives on with each answer. On writes If-None-Match means nothing here, since no write replaces the whole cart.
func unlessKnown(r *http.Request, answer *adapters.Answer) *adapters.Answer {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !reads || answer.Status != http.StatusOK || !listed(r.Header["If-None-Match"], answer.Tag[0], true, true) {
		return answer
	}
	return &adapters.Answer{Status: http.StatusNotModified, Header: answer.Header, Tag: answer.Tag}
}

// listed tells whether a tag is in the lines of If-Match or If-None-Match; "*" stands for any tag where there is one.
// weak takes W/"x" for "x" (RFC 9110 §8.8.3.2). Our tags hold neither quotes nor commas, so that one stands in a list
// exactly where its quoted text does.
func listed(lines []string, tag string, exists, weak bool) bool {
	list := strings.TrimSpace(strings.Join(lines, ","))
	if list == "*" {
		return exists
	}
	if tag == "" {
		return false
	}
	if !weak {
		list = strings.ReplaceAll(list, "W/"+tag, "")
	}
	return strings.Contains(list, tag)
}

// tagNow is the tag that a read of the cart by the same caller would have now; empty where the read would be refused.
func tagNow(d *desk, call *adapters.Call, caller *cartcore.Caller, cart *cartcore.Cart, sold *catalog.Snapshot) (string, *cartcore.Error) {
	answer, problem := shown(d, call, caller, cart, sold)
	if problem != nil || answer == nil {
		return "", problem
	}
	return tagOf(answer.Body)[0], nil
}

// shown prints the cart as the dialect's read does, for a caller who is no longer new; nil where the read would be refused.
func shown(d *desk, call *adapters.Call, caller *cartcore.Caller, cart *cartcore.Cart, sold *catalog.Snapshot) (*adapters.Answer, *cartcore.Error) {
	view, problem := cartcore.Show(cart, sold.Facts)
	if problem != nil {
		return nil, problem
	}
	known := *caller
	known.Fresh = false
	answer := d.Adapter.Show(call, &adapters.Seen{View: view, Outcome: &cartcore.Outcome{View: view}, Caller: &known})
	return answer, nil
}
