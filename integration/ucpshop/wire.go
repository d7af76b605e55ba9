package ucpshop

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// metadata is the member ucp of every answer.
type metadata struct {
	Version      string                `json:"version"`
	Status       string                `json:"status,omitempty"`
	Capabilities map[string][]revision `json:"capabilities,omitempty"`
}

type revision struct {
	Version string `json:"version"`
	Spec    string `json:"spec,omitempty"`
	Schema  string `json:"schema,omitempty"`
}

const (
	cartCapability   = "dev.ucp.shopping.cart"
	lookupCapability = "dev.ucp.shopping.catalog.lookup"
)

// about is the metadata of an answer that used one capability.
func about(capability, status string) metadata {
	return metadata{Version: Version, Status: status, Capabilities: map[string][]revision{capability: {{Version: Version}}}}
}

// cartAnswer is a cart on the wire.
type cartAnswer struct {
	UCP         metadata       `json:"ucp"`
	ID          string         `json:"id"`
	LineItems   []lineAnswer   `json:"line_items"`
	Buyer       map[string]any `json:"buyer,omitempty"`
	Context     map[string]any `json:"context,omitempty"`
	Attribution map[string]any `json:"attribution,omitempty"`
	Currency    string         `json:"currency"`
	Totals      []total        `json:"totals"`
	Messages    []message      `json:"messages,omitempty"`
	ContinueURL string         `json:"continue_url"`
	ExpiresAt   string         `json:"expires_at,omitempty"`
}

type lineAnswer struct {
	ID       string     `json:"id"`
	Item     itemAnswer `json:"item"`
	Quantity int64      `json:"quantity"`
	Totals   []total    `json:"totals"`
	ParentID string     `json:"parent_id,omitempty"`
}

type itemAnswer struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Price    int64  `json:"price"`
	ImageURL string `json:"image_url,omitempty"`
}

type total struct {
	Type   string `json:"type"`
	Amount int64  `json:"amount"`
}

// amounts are the totals of something without taxes, discounts and fulfillment, which this shop leaves to the checkout.
func amounts(amount int64) []total {
	return []total{{Type: "subtotal", Amount: amount}, {Type: "total", Amount: amount}}
}

// message is an error, a warning or an info.
type message struct {
	Type     string `json:"type"`
	Code     string `json:"code,omitempty"`
	Path     string `json:"path,omitempty"`
	Content  string `json:"content"`
	Severity string `json:"severity,omitempty"`
}

const (
	recoverable   = "recoverable"   // mend the request and send it again
	unrecoverable = "unrecoverable" // there is no resource
)

// outcome is an error_response: what the shop decided where there is no cart to show.
type outcome struct {
	UCP      metadata  `json:"ucp"`
	Messages []message `json:"messages"`
}

// reply is an answer before it is sent, and as it is kept for its idempotency key.
type reply struct {
	Status int    `json:"status"`
	Tag    string `json:"tag,omitempty"` // ETag
	Body   []byte `json:"body"`
}

// encoded makes the reply with a body. No value of this package fails to encode.
func encoded(status int, body any) reply {
	text, err := json.Marshal(body)
	if err != nil {
		panic("encoding an answer: " + err.Error())
	}
	return reply{Status: status, Body: text}
}

// refused is an outcome with status 200: the protocol keeps the other statuses for faults of the protocol.
func refused(capability string, messages ...message) reply {
	return encoded(http.StatusOK, outcome{UCP: about(capability, "error"), Messages: messages})
}

// fault is a breach of the protocol, answered by a status and {"code", "content"}.
type fault struct {
	status  int
	code    string
	content string
}

func (f *fault) Error() string { return f.code + ": " + f.content }

// invalid is the fault of a body or header that is not what the contract says. The protocol names no code for it.
func invalid(content string) *fault {
	return &fault{status: http.StatusBadRequest, code: "invalid_request", content: content}
}

// retryAfter is how many seconds a client should wait when the file fails: a full disk is not mended sooner.
const retryAfter = 5

func (f *fault) reply() reply {
	return encoded(f.status, map[string]string{"code": f.code, "content": f.content})
}

// send writes a reply.
func send(w http.ResponseWriter, answer reply) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store") // prices and stocks are those of the moment
	}
	header.Set("Content-Length", strconv.Itoa(len(answer.Body)))
	if answer.Tag != "" {
		header.Set("ETag", answer.Tag)
	}
	if answer.Status == http.StatusServiceUnavailable {
		header.Set("Retry-After", strconv.Itoa(retryAfter))
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body) // a client that is gone hears nothing; its idempotency key brings the answer again
}
