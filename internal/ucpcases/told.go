package ucpcases

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/polycart/polycart/ucp"
)

// This file runs compiled and interpreted, and both must tell the same. It takes and gives only text and numbers.

var meanings = []string{"cart", "missing", "declined", "rejected", "stale", "unsure"}

// Told is what an answer about the cart id, or a new one where that is empty, comes to, one line for it and one for each line of its cart.
func Told(status int, tag, id, body string) string {
	header := http.Header{}
	if tag != "" {
		header.Set("ETag", tag)
	}
	answer := ucp.Read(status, header, []byte(body), id, "USD")
	text := meanings[answer.Meaning]
	if answer.Err != nil {
		text += ": " + answer.Err.Error()
	}
	if answer.Cart == nil {
		return text
	}
	text += fmt.Sprintf(" %s %d %s", answer.Cart.ID, answer.Cart.Subtotal, answer.Tag)
	for _, line := range answer.Cart.Lines {
		text += fmt.Sprintf("\n%s<%s %s %s %s %d x %d = %d", line.ID, line.Parent, line.Item, line.Title, line.ImageURL, line.Quantity, line.Price, line.Total)
	}
	return text
}

// Unsold tells whether an answer says of an item that it is not sold.
func Unsold(status int, body, item string) bool {
	return ucp.Unavailable(ucp.Read(status, http.Header{}, []byte(body), "", "USD"), item)
}

// Request is the request that puts lines into a cart of the service, and whether that takes the cart away. A line is written as id,
// parent, item and quantity, with | between them.
func Request(id, lines string) string {
	change, err := asked(id, lines)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %s %v %s", change.Method, change.Path, ucp.Cancels(change.Path), change.Body)
}

// Key is the idempotency key of the same for our cart after a number of moves.
func Key(cart string, moves int, id, lines string) string {
	change, err := asked(id, lines)
	if err != nil {
		return err.Error()
	}
	return ucp.KeyOf(cart, int64(moves), change)
}

func asked(id, lines string) (*ucp.Change, error) {
	wanted := []*ucp.Wanted{}
	for _, line := range strings.Fields(lines) {
		parts := strings.Split(line, "|")
		quantity, err := strconv.ParseInt(parts[3], 10, 64)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, &ucp.Wanted{ID: parts[0], Parent: parts[1], Item: parts[2], Quantity: quantity})
	}
	return ucp.ChangeTo(id, wanted)
}
