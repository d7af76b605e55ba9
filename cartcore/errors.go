package cartcore

import "strconv"

// Kind is why a request is refused. The list is closed: each dialect has one table from kind to answer,
// and a test fails where a kind has no row. Add only at the end.
type Kind int

// The kinds, in the order a request meets them.
const (
	KindNone             Kind = iota
	KindUnsupportedMedia      // the content type is not JSON
	KindTooLarge              // the body passes limits.maxBodyBytes
	KindMalformed             // the body, or a header that must be JSON, cannot be read
	KindInvalid               // a field is missing or out of bounds; Fields names every one
	KindTenantUnknown         // no configured tenant has this domain, store, account or host
	KindAPIKey                // the API key is missing or unknown
	KindForbidden             // the API key belongs to another tenant
	KindUnauthenticated       // a customer token is needed and there is none
	KindBadToken              // the customer token does not verify
	KindSessionMissing        // a session is needed and there is none
	KindSessionUnknown        // the session lookup does not know the session
	KindCartUnknown           // no such cart, or another owner's
	KindItemUnknown           // the catalogue does not have the item
	KindLineUnknown           // the item is not in the cart
	KindItemGone              // the catalogue has the item, but it is no longer sold
	KindItemIncomplete        // the item lacks an attribute that the dialect needs; Attribute names it
	KindOutOfStock            // nothing of the item can be had
	KindShortStock            // some can be had, but not as many as were asked for
	KindTooManyLines          // the cart would pass limits.maxLines; Limit says it
	KindTooManyUnits          // the cart would pass limits.maxUnits; Limit says it
	KindTooManyOfItem         // the line would pass limits.maxQuantityPerLine; Limit says it
	KindAmountTooLarge        // a total would pass 2^53-1 minor units
	KindCartEmpty             // the operation needs a line and the cart has none
	KindCartLocked            // a checkout holds the cart
	KindConflict              // other writers kept winning; the client may try again
	KindUnavailable           // the store or the catalogue cannot answer now
	KindInternal              // a fault of ours
	KindTooManyAsks           // the request has more entries than one request may; Limit says how many it may
	KindItemsUnavailable      // lines of the cart cannot be had as they stand; Fields names every one by its id, with what can be had
	KindPhoneUnverified       // the operation needs a customer whose phone number is verified
	KindNotOffered            // the operation is not set up here
	KindKeyInvalid            // the Idempotency-Key is no key
	KindKeyReused             // the Idempotency-Key was used for another request
	KindKeyRunning            // the first request with the Idempotency-Key is not answered yet
	KindTagMismatch           // the cart is not the one that If-Match names
	KindTooManyRequests       // the caller, or the tenant, asks more often than limits allow; After says how long to wait
	KindInStock               // the customer cannot wait for the item: it can be had now
	KindNotSubscribed         // the customer does not wait for the item
	kindEnd
)

// kindNames are the words that logs use, in the order of the kinds.
var kindNames = []string{
	"none", "unsupported media type", "body too large", "malformed", "invalid field", "tenant unknown", "api key refused",
	"forbidden", "unauthenticated", "token refused", "session missing", "session unknown", "cart unknown", "item unknown",
	"line unknown", "item gone", "item incomplete", "out of stock", "short stock", "too many lines", "too many units", "too many of one item",
	"amount too large", "cart empty", "cart locked", "conflict", "unavailable", "internal",
	"too many entries", "items unavailable", "phone not verified", "not offered",
	"idempotency key invalid", "idempotency key reused", "idempotency key running", "tag mismatch", "too many requests",
	"in stock", "not subscribed",
}

// KindName is the kind in words, for logs.
func KindName(k Kind) string {
	if k < 0 || int(k) >= len(kindNames) {
		return "kind " + strconv.Itoa(int(k))
	}
	return kindNames[k]
}

// Kinds lists every kind but KindNone.
func Kinds() []Kind {
	all := []Kind{}
	for k := KindNone + 1; k < kindEnd; k++ {
		all = append(all, k)
	}
	return all
}

// Error is the one error type of the request path. Only the fields that the kind needs are set.
type Error struct {
	Kind      Kind
	Item      string   // the item or line, as the client named it
	Items     []string // every item of the request that is refused for the same reason, Item first
	Attribute string   // the attribute that an item lacks
	Requested int64    // units asked for
	Available int64    // units that can be had
	Limit     int64    // the bound that would be passed
	After     int64    // seconds after which the same request can succeed
	Fields    []FieldError
	Cause     error // what lies beneath, for the log; never shown to a client
}

// FieldError says what is wrong with one field.
type FieldError struct {
	Field   string // the name that the client uses; for KindItemsUnavailable the id of a line
	Problem Problem
	Value   string // what was sent, shortened; JSON text
	Limit   int64  // the bound, for ProblemTooSmall, ProblemTooLarge and ProblemTooLong
}

// Problem is what can be wrong with a field; dialects word it.
type Problem int

// The problems. Add only at the end.
const (
	ProblemMissing    Problem = iota // the field is not there
	ProblemNull                      // the field is null
	ProblemBlank                     // the text is empty
	ProblemNotInteger                // a whole number is needed
	ProblemNotText                   // a string is needed
	ProblemNotObject                 // an object is needed
	ProblemNotArray                  // an array is needed
	ProblemTooSmall                  // less than Limit
	ProblemTooLarge                  // more than Limit
	ProblemTooLong                   // longer than Limit (characters, bytes or entries, as the field counts)
	ProblemZero                      // zero changes nothing and is refused
	ProblemNotValid                  // text that is not of the field's form
)

// problemWords are the allowed values in words, in the order of the problems.
var problemWords = []string{
	"is required", "must not be null", "must not be empty", "must be a whole number", "must be a string", "must be an object",
	"must be an array", "must be at least ", "must be at most ", "must not be longer than ", "must not be 0", "is not valid",
}

// FieldText says in plain words what is wrong with a field and what is allowed.
func FieldText(f FieldError) string {
	text := f.Field + " " + problemWords[f.Problem]
	if f.Problem == ProblemTooSmall || f.Problem == ProblemTooLarge || f.Problem == ProblemTooLong {
		text += strconv.FormatInt(f.Limit, 10)
	}
	if f.Value != "" {
		text += ", not " + f.Value
	}
	return text
}

// Error is the text for logs. Native code does not see this method in the interpreter (docs/interpreter.md: methods that native code calls): call it.
func (e *Error) Error() string {
	text := KindName(e.Kind)
	if e.Item != "" {
		text += ": " + e.Item
	}
	for i := range e.Fields {
		text += ": " + FieldText(e.Fields[i])
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Refuse makes an error that needs nothing but its kind.
func Refuse(kind Kind) *Error { return &Error{Kind: kind} }

// RefuseField makes the error of one bad field.
func RefuseField(f FieldError) *Error { return &Error{Kind: KindInvalid, Fields: []FieldError{f}} }

// Fail makes an error of kind that keeps its cause for the log.
func Fail(kind Kind, cause error) *Error { return &Error{Kind: kind, Cause: cause} }
