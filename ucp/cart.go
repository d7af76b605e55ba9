// Package ucp is the language of a cart service behind us: the cart of the Universal Commerce Protocol, version 2026-04-08
// (https://ucp.dev/2026-04-08/specification/cart). It reads answers and writes requests, and sends nothing.
package ucp

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/polycart/polycart/cartcore"
)

// Cart is a cart as the service answers it.
type Cart struct {
	ID       string
	Lines    []*Line
	Subtotal int64 // minor units, before discounts, taxes and fulfillment
}

// Line is a line item. Two lines may hold the same item.
type Line struct {
	ID       string
	Parent   string // the id of the line that it belongs to; empty: none
	Item     string // the service's id of what it sells
	Title    string
	ImageURL string
	Price    int64 // minor units, for one
	Quantity int64
	Total    int64 // minor units, before discounts
}

// The answer on the wire. Pointers tell a field that is missing from one that is 0.
type wireAnswer struct {
	UCP       wireMeta      `json:"ucp"`
	ID        string        `json:"id"`
	LineItems []wireLine    `json:"line_items"`
	Currency  string        `json:"currency"`
	Totals    []wireTotal   `json:"totals"`
	Messages  []wireMessage `json:"messages"`
}

// wireFault is a fault of the protocol. It is read by itself: a cart may have fields of any form beside its own.
type wireFault struct {
	Code    string `json:"code"`
	Content string `json:"content"` // for people
}

type wireMeta struct {
	Version string `json:"version"`
	Status  string `json:"status"`
}

type wireLine struct {
	ID       string      `json:"id"`
	ParentID string      `json:"parent_id"`
	Item     wireItem    `json:"item"`
	Quantity int64       `json:"quantity"`
	Totals   []wireTotal `json:"totals"`
}

type wireItem struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Price    *int64 `json:"price"`
	ImageURL string `json:"image_url"`
}

type wireTotal struct {
	Type   string `json:"type"`
	Amount *int64 `json:"amount"`
}

type wireMessage struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Path    string `json:"path"`
	Content string `json:"content"`
}

// maxID bounds an id of the service, in bytes: it stands in a path, and is kept with the cart.
const maxID = 255

// cartIn reads the cart of an answer, which must be id, unless that is empty, in the shop's currency. The error names the field, as a
// JSON pointer.
func cartIn(from *wireAnswer, id, currency string) (*Cart, error) {
	if err := idFault("/id", from.ID); err != nil {
		return nil, err
	}
	if id != "" && from.ID != id { // it can be somebody else's
		return nil, fmt.Errorf("/id is %s, another cart than the one that was asked for", shortened(from.ID))
	}
	if from.Currency != currency {
		return nil, fmt.Errorf("/currency is %s; it must be %s", shortened(from.Currency), currency)
	}
	if from.LineItems == nil {
		return nil, errors.New("/line_items is missing")
	}
	subtotal, found := totalIn(from.Totals)
	if !found {
		return nil, errors.New("/totals has no subtotal")
	}
	if subtotal < 0 || subtotal > cartcore.MaxInteger {
		return nil, fmt.Errorf("/totals: the subtotal is %d; it must be from 0 to %d", subtotal, cartcore.MaxInteger)
	}
	cart := &Cart{ID: from.ID, Lines: make([]*Line, 0, len(from.LineItems)), Subtotal: subtotal}
	units, total := int64(0), int64(0)
	for i := range from.LineItems {
		line, err := lineIn(&from.LineItems[i])
		if err != nil {
			return nil, fmt.Errorf("/line_items/%d%w", i, err)
		}
		cart.Lines = append(cart.Lines, line)
		units += line.Quantity
		total += line.Total
		// Lines of one item are added up later, and so all of them must fit.
		if units > cartcore.MaxInteger || total > cartcore.MaxInteger {
			return nil, fmt.Errorf("/line_items: they come to %d units for %d; both must be at most %d", units, total, cartcore.MaxInteger)
		}
	}
	return cart, nil
}

// lineIn reads a line. The error begins with the pointer of the field within it.
func lineIn(from *wireLine) (*Line, error) {
	if from.ID == "" || from.Item.ID == "" || len(from.ID) > maxID || len(from.Item.ID) > maxID || len(from.ParentID) > maxID {
		return nil, lineIDFault(from)
	}
	if from.Quantity < 1 || from.Quantity > cartcore.MaxInteger {
		return nil, fmt.Errorf("/quantity is %d; it must be from 1 to %d", from.Quantity, cartcore.MaxInteger)
	}
	if from.Item.Price == nil {
		return nil, errors.New("/item/price is missing")
	}
	price := *from.Item.Price
	if price < 0 || price > cartcore.MaxInteger {
		return nil, fmt.Errorf("/item/price is %d; it must be from 0 to %d", price, cartcore.MaxInteger)
	}
	total, found := totalIn(from.Totals)
	if !found { // the schema lets the totals of a line be empty
		if price > 0 && from.Quantity > cartcore.MaxInteger/price {
			return nil, fmt.Errorf("/totals has no subtotal, and the price %d times the quantity %d passes %d", price, from.Quantity, cartcore.MaxInteger)
		}
		total = price * from.Quantity
	}
	if total < 0 || total > cartcore.MaxInteger {
		return nil, fmt.Errorf("/totals: the subtotal is %d; it must be from 0 to %d", total, cartcore.MaxInteger)
	}
	return &Line{
		ID: from.ID, Parent: from.ParentID, Item: from.Item.ID, Title: from.Item.Title, ImageURL: from.Item.ImageURL, Price: price, Quantity: from.Quantity, Total: total,
	}, nil
}

// lineIDFault says which id of a line is wrong.
func lineIDFault(from *wireLine) error {
	if from.ID == "" || len(from.ID) > maxID {
		return fmt.Errorf("/id is %s; it must have 1 to %d bytes", shortened(from.ID), maxID)
	}
	if from.Item.ID == "" || len(from.Item.ID) > maxID {
		return fmt.Errorf("/item/id is %s; it must have 1 to %d bytes", shortened(from.Item.ID), maxID)
	}
	return fmt.Errorf("/parent_id is %s; it must have at most %d bytes", shortened(from.ParentID), maxID)
}

// totalIn finds the subtotal; found is false where there is none, or where it bears no amount.
func totalIn(totals []wireTotal) (amount int64, found bool) {
	for i := range totals {
		if totals[i].Type == "subtotal" && totals[i].Amount != nil {
			return *totals[i].Amount, true
		}
	}
	return 0, false
}

// idFault says what is wrong with the id of a cart, which stands in paths.
func idFault(pointer, id string) error {
	if id == "" || len(id) > maxID || id == "." || id == ".." {
		return fmt.Errorf("%s is %s; it must have 1 to %d bytes and name a path", pointer, shortened(id), maxID)
	}
	return nil
}

// shortened is text as a log may show it.
func shortened(text string) string {
	const longest = 60
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return "unreadable"
	}
	return string(quoted)
}
