package ucp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/polycart/polycart/cartcore"
)

// Wanted is a line as the service shall have it.
type Wanted struct {
	ID       string // the service's id of the line; empty: a new line
	Parent   string
	Item     string
	Quantity int64
}

// Change is a request that changes a cart.
type Change struct {
	Method string
	Path   string // below the service's endpoint
	Body   string
}

type wantedCart struct {
	ID        string       `json:"id,omitempty"`
	LineItems []wantedLine `json:"line_items"`
}

type wantedLine struct {
	ID       string     `json:"id,omitempty"`
	ParentID string     `json:"parent_id,omitempty"`
	Item     wantedItem `json:"item"`
	Quantity int64      `json:"quantity"`
}

type wantedItem struct {
	ID string `json:"id"`
}

// CartPath is the path of a cart.
func CartPath(id string) string { return "/carts/" + url.PathEscape(id) }

// cancelEnd is what the path of a cancel ends with; ids have their slashes escaped.
const cancelEnd = "/cancel"

// Cancels tells whether a change to path takes the cart away.
func Cancels(path string) bool {
	return strings.HasSuffix(path, cancelEnd) && path != CartPath(cancelEnd[1:]) // a cart may be called cancel
}

// Gone is the answer to a change after which the service has no cart.
func Gone() *Answer { return &Answer{Meaning: MeaningCart, Cart: &Cart{}, Complete: true} }

// ChangeTo is the request after which a cart holds what is wanted and nothing else: a create where id is empty, a cancel where
// nothing is wanted, else a full replacement.
func ChangeTo(id string, wanted []*Wanted) (*Change, error) {
	if id != "" && len(wanted) == 0 {
		return &Change{Method: http.MethodPost, Path: CartPath(id) + cancelEnd, Body: "{}"}, nil
	}
	whole := wantedCart{ID: id, LineItems: []wantedLine{}} // the id stands in the body too: 2026-04-08 requires it, later drafts take it
	for i := range wanted {
		one := wantedLine{Item: wantedItem{ID: wanted[i].Item}, Quantity: wanted[i].Quantity}
		if id != "" { // a create has no ids of lines
			one.ID = wanted[i].ID
			one.ParentID = wanted[i].Parent
		}
		whole.LineItems = append(whole.LineItems, one)
	}
	body, err := json.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("writing a cart for the cart service: %w", err)
	}
	change := &Change{Method: http.MethodPut, Path: CartPath(id), Body: string(body)}
	if id == "" {
		change.Method = http.MethodPost
		change.Path = "/carts"
	}
	return change, nil
}

// KeyOf is the idempotency key of a change, a UUID: the same for the same change of the same cart after the same moves, so that
// a change that is sent again is done once, and another for any other.
func KeyOf(cart string, moves int64, change *Change) string {
	sum := sha256.Sum256([]byte(cart + "\n" + strconv.FormatInt(moves, 10) + "\n" + change.Method + " " + change.Path + "\n" + change.Body))
	return cartcore.UUID(hex.EncodeToString(sum[:16]))
}
