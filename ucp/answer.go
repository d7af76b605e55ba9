package ucp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// Meaning is what an answer of the service comes to. The list is closed.
type Meaning int

// The meanings. Add only at the end.
const (
	MeaningCart     Meaning = iota // the cart as it is now
	MeaningMissing                 // the service has no such cart
	MeaningDeclined                // the service does not do the change, for what it is about: nothing changed
	MeaningRejected                // the service does not take the request: nothing changed
	MeaningStale                   // the cart is not the one that If-Match names: nothing changed
	MeaningUnsure                  // nobody knows whether anything changed
)

// Answer is what the service said.
type Answer struct {
	Meaning  Meaning
	Cart     *Cart  // where MeaningCart
	Tag      string // the entity tag of Cart; empty: none
	Body     []byte // as it came
	Complete bool   // what was asked is over at the service, however it ended: it cannot be done later
	Err      error  // what is wrong, for the log
	messages []wireMessage
}

// Unsure is the answer that did not come.
func Unsure(err error) *Answer { return &Answer{Meaning: MeaningUnsure, Err: err} }

// Read reads an answer whose body came whole. Its cart must be id, unless that is empty, and in currency.
func Read(status int, header http.Header, body []byte, id, currency string) *Answer {
	answer := &Answer{Meaning: MeaningUnsure, Body: body}
	wire := &wireAnswer{}
	problem := json.Unmarshal(body, wire)
	if status == http.StatusOK || status == http.StatusCreated {
		if problem != nil {
			answer.Err = fmt.Errorf("the cart service answered %d with %s", status, unreadable(problem, body))
			return answer
		}
		return readOutcome(answer, status, header, wire, id, currency)
	}
	answer.Err = fmt.Errorf("the cart service answered %d %s", status, said(wire, problem, body))
	answer.messages = wire.Messages
	switch {
	case status == http.StatusNotFound && problem == nil && notFound(wire.Messages):
		answer.Meaning = missing(id)
	case status == http.StatusPreconditionFailed:
		answer.Meaning = MeaningStale
	case status == http.StatusBadRequest && problem == nil && len(wire.Messages) > 0:
		// Some servers answer what is about an item with 400 and the messages that belong to 200.
		answer.Meaning = MeaningDeclined
	case status == http.StatusConflict || status == http.StatusRequestTimeout:
		// The protocol has 409 for a key of another request, which ours never is; others say so while the first request with
		// the key is still being done.
	case status >= 400 && status < 500:
		answer.Meaning = MeaningRejected
		answer.Complete = status == http.StatusBadRequest || status == http.StatusUnprocessableEntity // others can be said by who stands before the service
		return answer
	}
	answer.Complete = answer.Meaning != MeaningUnsure
	return answer
}

// readOutcome reads an answer with status 200 or 201.
func readOutcome(answer *Answer, status int, header http.Header, wire *wireAnswer, id, currency string) *Answer {
	answer.messages = wire.Messages
	if wire.UCP.Status == "error" {
		answer.Err = fmt.Errorf("the cart service answered an error: %s", messageText(wire.Messages))
		switch {
		case notFound(wire.Messages):
			answer.Meaning = missing(id)
		case aboutItems(wire.Messages):
			answer.Meaning = MeaningDeclined
		default: // the client is not told that it asked for too much where nobody said so
			answer.Meaning = MeaningRejected
		}
		answer.Complete = true
		return answer
	}
	cart, err := cartIn(wire, id, currency)
	if err != nil {
		answer.Err = fmt.Errorf("the cart service answered %d with a cart that cannot be used: %w", status, err)
		return answer
	}
	answer.Meaning = MeaningCart
	answer.Complete = true
	answer.Cart = cart
	if tag := header.Get("ETag"); tagForm.MatchString(tag) {
		answer.Tag = tag
	}
	return answer
}

// tagForm is an entity tag that can be sent as If-Match, in which a weak one matches nothing (RFC 9110 §13.1.1). It is kept with the
// cart, and so is bounded as ids are.
var tagForm = regexp.MustCompile(`^"[!#-~]{0,255}"$`)

// notFound tells whether the cart, and not one of its items, is what is not found.
func notFound(messages []wireMessage) bool {
	for i := range messages {
		if messages[i].Type == "info" || strings.Contains(messages[i].Path, "line_items") {
			continue
		}
		switch strings.ToLower(messages[i].Code) {
		case "not_found", "resource_not_found", "cart_not_found": // item_not_found and its like are about what was asked for
			return true
		}
	}
	return false
}

// missing is what it means that something is not found: the cart, or where none was named an item for it.
func missing(id string) Meaning {
	if id == "" {
		return MeaningDeclined
	}
	return MeaningMissing
}

// aboutItems tells whether an error is about what a cart shall hold, rather than about who asks, how, or the service itself.
func aboutItems(messages []wireMessage) bool {
	for i := range messages {
		code := strings.ToLower(messages[i].Code)
		if code == "out_of_stock" || code == "item_unavailable" || code == "quantity_adjusted" || code == "item_not_found" || strings.Contains(messages[i].Path, "line_items") {
			return true
		}
	}
	return false
}

// Unavailable tells whether an item that the service did not put into the cart is one that it does not sell, rather than one
// that it has none of.
func Unavailable(answer *Answer, item string) bool {
	named, withdrawn, sold := false, false, false
	for i := range answer.messages {
		message := &answer.messages[i]
		about := names(message, item)
		if named && !about {
			continue
		}
		if about && !named {
			named, withdrawn, sold = true, false, false
		}
		code := strings.ToLower(message.Code)
		switch {
		case code == "item_unavailable" || code == "invalid_request" || strings.HasSuffix(code, "not_found"):
			withdrawn = true
		case code == "out_of_stock" || code == "quantity_adjusted":
			sold = true
		}
	}
	return withdrawn && !sold
}

// names tells whether a message is about an item, as a path such as $.line_items[?@.item.id == "x"] or a text says.
func names(message *wireMessage, item string) bool {
	literal, err := json.Marshal(item)
	inPath := err == nil && strings.Contains(message.Path, string(literal))
	return inPath || strings.Contains(message.Path, `"`+item+`"`) || strings.Contains(message.Path, "'"+item+"'") || mentions(message.Content, item)
}

// mentions tells whether a text has an item's id as a word of its own: SKU-1 is not in SKU-10.
func mentions(text, item string) bool {
	for at := 0; item != ""; at++ {
		found := strings.Index(text[at:], item)
		if found < 0 {
			return false
		}
		at += found
		end := at + len(item)
		if (at == 0 || !inWord(text[at-1])) && (end == len(text) || !inWord(text[end])) {
			return true
		}
	}
	return false
}

// inWord tells whether a byte goes on with the word beside it.
func inWord(char byte) bool {
	return char == '-' || char == '_' || '0' <= char && char <= '9' || 'A' <= char && char <= 'Z' || 'a' <= char && char <= 'z' || char > 127
}

// said is what an answer that is no cart says, for the log.
func said(wire *wireAnswer, problem error, body []byte) string {
	if problem != nil {
		return "with " + unreadable(problem, body)
	}
	if len(wire.Messages) > 0 {
		return messageText(wire.Messages)
	}
	fault := wireFault{}
	if err := json.Unmarshal(body, &fault); err != nil || (fault.Code == "" && fault.Content == "") {
		return shortened(string(body))
	}
	return shortened(fault.Code) + ": " + shortened(fault.Content)
}

// kindNames are what the wire's fields must be, by the kind of Go that they are read into. The types have other names interpreted.
var kindNames = map[string]string{"int64": "a whole number of at most 64 bits", "string": "text", "slice": "a list", "struct": "an object"}

// unreadable says what of a body could not be read, for the log: the field, without the numbers of list entries, and what leads to it.
func unreadable(problem error, body []byte) string {
	var mistaken *json.UnmarshalTypeError
	if !errors.As(problem, &mistaken) {
		return "what is no JSON; it begins with " + shortened(string(body))
	}
	const shown = 50 // bytes
	end := int(mistaken.Offset)
	if end > len(body) {
		end = len(body)
	}
	start := end - shown
	if start < 0 {
		start = 0
	}
	field := "body"
	if mistaken.Field != "" {
		field = "/" + strings.ReplaceAll(mistaken.Field, ".", "/")
	}
	is := strings.Fields(mistaken.Value)[0] // of a number it has every digit behind it
	return fmt.Sprintf("a %s that is not %s but a JSON %s: %s", field, kindNames[mistaken.Type.Kind().String()], is, shortened(string(body[start:end])))
}

// messageText lists messages, for the log.
func messageText(messages []wireMessage) string {
	if len(messages) == 0 {
		return "without a message"
	}
	const most = 5
	texts := []string{}
	for i := range messages {
		if i == most {
			texts = append(texts, "…")
			break
		}
		texts = append(texts, shortened(messages[i].Code)+": "+shortened(messages[i].Content))
	}
	return strings.Join(texts, "; ")
}
