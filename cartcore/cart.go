// Package cartcore is the canonical cart and its rules. It is pure: no HTTP, no files, no clock and no randomness;
// what it needs of those comes in as arguments.
package cartcore

import (
	"net/url"
	"strings"
)

// Key says whose cart it is. Within a tenant an owner has one cart, whichever dialect asks.
type Key struct {
	Tenant string // the configured tenant id
	Owner  string // CustomerOwner or GuestOwner
}

// CustomerOwner is the owner of a signed-in customer's cart.
func CustomerOwner(id string) string { return "customer:" + id }

// GuestOwner is the owner of a guest's cart: guests have a cart per dialect and token.
func GuestOwner(dialect, token string) string { return "guest:" + dialect + ":" + token }

// KeyText is the key as one string, for stores. A tenant id holds no slash, so two keys never share a text.
func KeyText(k Key) string { return k.Tenant + "/" + k.Owner }

// KeyOf is the key of a text that KeyText made; ok is false for any other.
func KeyOf(text string) (key Key, ok bool) {
	tenant, owner, found := strings.Cut(text, "/")
	return Key{Tenant: tenant, Owner: owner}, found
}

// FiledOwner is where the cart of owner is kept once it is an order; id is what the owner's client called the cart. No two
// owners share one. It lasts as long as a cart of the owner does.
func FiledOwner(owner, id string) string {
	if OwnerIsGuest(owner) {
		return owner + "/" + id // no guest token holds a slash
	}
	return "filed:" + url.QueryEscape(id) + ":" + owner // which leaves no colon in the id
}

// OwnerIsGuest tells a guest's cart from a customer's.
func OwnerIsGuest(owner string) bool { return strings.HasPrefix(owner, "guest:") }

// Cart is the canonical cart. A *Cart that has been handed out is never changed again: Apply answers a new one,
// so that readers need no lock; the lines of two versions may be the same. All fields are exported because the record meets encoding/json
// (docs/interpreter.md: wire structs).
type Cart struct {
	Key      Key      `json:"-"`
	ID       string   `json:"id"`                // uuid, version 4
	Currency string   `json:"cur"`               // ISO 4217, upper case
	Lines    []*Line  `json:"lines"`             // in the order they were added
	NextLine int64    `json:"next"`              // number that the next new line gets; a number is never used twice in a cart
	Version  int64    `json:"v"`                 // 1 at the first save, then one more at each
	Created  int64    `json:"at"`                // Unix milliseconds
	Updated  int64    `json:"up"`                // Unix milliseconds
	Locked   int64    `json:"lock,omitempty"`    // Unix milliseconds until which a checkout holds the cart; 0 is open
	Order    string   `json:"order,omitempty"`   // the number of the order that the cart has become; empty: it is a cart
	Merged   []Mark   `json:"merged,omitempty"`  // guest carts already merged into this one, newest last
	Quiet    int64    `json:"quiet,omitempty"`   // saves that changed nothing of what the cart holds; where that is all of them, nobody has the cart yet
	Replies  []*Reply `json:"replies,omitempty"` // answers to writes that bore a key, newest last
	Outbox   *Outbox  `json:"out,omitempty"`     // what webhooks are still to be told; nil where no webhook ever wanted to hear of the cart
	Backing  *Backing `json:"back,omitempty"`    // what the cart service behind us has of it; nil where there never was one
}

// Line is one line item: an item of the catalogue, named by SKU, and how many of it.
// Title, price and stock are not kept: they always come from the catalogue.
type Line struct {
	ID              string   `json:"id"` // uuid, version 4; stable for the life of the line
	Number          int64    `json:"n"`  // from 1 in each cart
	SKU             string   `json:"sku"`
	Quantity        int64    `json:"q"`
	Options         []Option `json:"opt,omitempty"`  // what the client chose, in the order it was sent
	OptionsReplaced bool     `json:"optx,omitempty"` // the options stand alone instead of beside the product's own facts
	Groups          []string `json:"grp,omitempty"`  // grouping ids that a client attached
	Added           int64    `json:"at"`             // Unix milliseconds
	Updated         int64    `json:"up"`             // Unix milliseconds
}

// Option is a choice that a client attached to a line; Value is compact JSON text.
type Option struct {
	Name  string `json:"n"`
	Value string `json:"v"`
}

// Mark remembers a guest cart that was merged, so that a merge cut off half way is finished and not repeated.
type Mark struct {
	Cart    string `json:"c"`              // Cart.ID of the guest cart
	Version int64  `json:"v"`              // Edition of the guest cart that was merged
	Rest    []Rest `json:"rest,omitempty"` // what did not fit and stays with the guest
}

// Rest is what stays of a guest's line after a merge.
type Rest struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"q"`
}

// FindSKU answers the index of the line that holds sku, or -1.
func FindSKU(lines []*Line, sku string) int {
	for i, line := range lines {
		if line.SKU == sku {
			return i
		}
	}
	return -1
}

// FindLine answers the index of the line that ask names by id, by number or by SKU, in that order, or -1.
func FindLine(lines []*Line, ask *Ask) int {
	if ask.LineID == "" && ask.LineNumber == 0 {
		return FindSKU(lines, ask.SKU)
	}
	return findNamed(lines, ask)
}

func findNamed(lines []*Line, ask *Ask) int {
	for i := range lines {
		if ask.LineID != "" && lines[i].ID == ask.LineID {
			return i
		}
		if ask.LineID == "" && lines[i].Number == ask.LineNumber {
			return i
		}
	}
	return -1
}

// ShortID is a cart's or a line's id in 24 hexadecimal digits, for dialects whose ids have that form.
func ShortID(id string) string {
	return strings.ReplaceAll(id, "-", "")[:24]
}
