// Package adapters holds the five dialects, one file each. A dialect reads requests into commands on the canonical cart
// and prints outcomes in its own words; it knows nothing of stores, tokens or catalogues.
package adapters

import (
	"net/http"

	"github.com/polycart/polycart/cartcore"
)

// Adapter is one dialect.
type Adapter struct {
	Name    string
	Routes  []Route
	Fail    func(call *Call, err *cartcore.Error) *Answer // prints a refusal; every Kind has a row
	Show    func(call *Call, seen *Seen) *Answer          // prints the cart as the read route does, for entity tags; nil where that refuses
	Rated   func(rate *Rate) []Header                     // what the dialect tells of the caller's limit beside Retry-After; nil: nothing
	Guest   func(entropy string) string                   // makes a guest token of 32 random hexadecimal digits; nil where the dialect issues none
	Options []Option                                      // settings of the dialect's own
}

// Route is one operation of a dialect.
type Route struct {
	Pattern string // of http.ServeMux, without host and prefix
	Does    string // the operation in a word, for logs
	Body    Body
	Decode  func(call *Call) *cartcore.Error // reads the request into Credentials and Command
	Encode  func(call *Call, seen *Seen) *Answer
}

// Body says whether a request carries one.
type Body int

// The rules for bodies. Add only at the end.
const (
	NoBody       Body = iota // it is not read
	OptionalBody             // JSON, or nothing
	JSONBody                 // JSON
)

// Option is a setting that one dialect has.
type Option struct {
	Name    string
	Default string
	Allowed []string // the values it can have; nil: those that Fits takes, or any whole number from 1 to 2^53-1
	Fits    func(value string) bool
	Form    string // what Fits takes, in words that follow "must be"
	Doc     string // a full sentence
}

// Call is one request on its way through: Decode fills Credentials and Command.
type Call struct {
	Request     *http.Request
	Body        []byte
	Options     map[string]string // the dialect's settings by name, defaults filled in
	Limits      *cartcore.Limits
	Credentials *cartcore.Credentials
	Command     *cartcore.Command // where Decode sets none, the request reads
}

// Seen is what an adapter prints an answer from.
type Seen struct {
	View    *cartcore.View
	Outcome *cartcore.Outcome
	Caller  *cartcore.Caller

	// For cartcore.Look by a customer: whether the customer waits for the item to be in stock again, and since when in Unix
	// milliseconds.
	Subscribed   bool
	SubscribedAt int64
}

// Answer is a finished answer. The door adds Content-Type and Content-Length where there is a body.
type Answer struct {
	Status int
	Body   []byte
	Header []Header
	Tag    []string // the entity tag, as the one value of its header; nil: none. The door sets it
	Length []string // of Body, as the one value of its header; nil: it is counted. The door sets it where an answer is sent again
}

// Rate is where a caller stands with the limit on requests.
type Rate struct {
	Limit     int64 // requests a minute
	Remaining int64 // requests that can be made now
	Reset     int64 // Unix seconds from which as many can be made as ever
	After     int64 // seconds until the next one is answered; 0: this one is
}

// Header is one header line of an Answer.
type Header struct {
	Name  string
	Value string
}

// All lists the dialects. A sixth one is one line here.
func All() []*Adapter {
	return []*Adapter{agent(), shop(), itemkey(), vesuvio(), fabric()}
}
