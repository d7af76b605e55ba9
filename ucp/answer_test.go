package ucp_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/ucpcases"
	"github.com/polycart/polycart/ucp"
)

func TestWhatAnAnswerComesTo(t *testing.T) {
	for _, c := range ucpcases.Answers {
		t.Run(c.Name, func(t *testing.T) {
			if got := ucpcases.Told(c.Status, c.Tag, "", c.Body); got != c.Want {
				t.Errorf("got  %s\nwant %s", got, c.Want)
			}
		})
	}
}

func TestWhatAnAnswerAboutACartComesTo(t *testing.T) {
	for _, c := range ucpcases.Asked {
		t.Run(c.Name, func(t *testing.T) {
			if got := ucpcases.Told(c.Status, c.Tag, c.ID, c.Body); got != c.Want {
				t.Errorf("got  %s\nwant %s", got, c.Want)
			}
		})
	}
}

func TestWhichItemsAnAnswerSaysAreNotSold(t *testing.T) {
	for _, c := range ucpcases.Unsolds {
		t.Run(c.Name, func(t *testing.T) {
			if got := ucpcases.Unsold(c.Status, c.Body, c.Item); got != c.Want {
				t.Errorf("got %v, want %v", got, c.Want)
			}
		})
	}
}

// Whether an answer that did not do what was asked ends the matter: a service that failed may still do it, and who stands before
// the service cannot know.
func TestWhichAnswersAreComplete(t *testing.T) {
	for status, want := range map[int]bool{200: true, 201: true, 302: false, 400: true, 404: false, 408: false, 409: false, 412: true, 422: true, 499: false, 500: false, 502: false, 503: false} {
		if got := ucp.Read(status, http.Header{}, []byte(ucpcases.Cart), "", "USD").Complete; got != want {
			t.Errorf("%d: %v", status, got)
		}
	}
	fault := errors.New("connection refused")
	if answer := ucp.Unsure(fault); answer.Meaning != ucp.MeaningUnsure || answer.Complete || !errors.Is(answer.Err, fault) {
		t.Errorf("no answer is %+v", answer)
	}
}

// FuzzRead throws answers: nothing panics, a cart is within every bound, and what is none has an error that fits into a log.
func FuzzRead(f *testing.F) {
	for _, c := range ucpcases.Answers {
		f.Add(c.Status, c.Tag, []byte(c.Body), "item_123")
	}
	for _, c := range ucpcases.Unsolds {
		f.Add(c.Status, "", []byte(c.Body), c.Item)
	}
	within := func(number int64) bool { return 0 <= number && number <= cartcore.MaxInteger }
	named := func(id string) bool { return id != "" && len(id) <= 255 }
	f.Fuzz(func(t *testing.T, status int, tag string, body []byte, item string) {
		answer := ucp.Read(status, http.Header{"Etag": {tag}}, body, "", "USD")
		ucp.Unavailable(answer, item)
		if (answer.Meaning == ucp.MeaningCart) != (answer.Cart != nil) || (answer.Cart == nil) != (answer.Err != nil) {
			t.Fatalf("meaning %d, cart %v, error %v", answer.Meaning, answer.Cart, answer.Err)
		}
		if answer.Cart == nil {
			if len(answer.Err.Error()) > 5000 || answer.Tag != "" {
				t.Fatalf("tag %q, an error of %d bytes", answer.Tag, len(answer.Err.Error()))
			}
			return
		}
		cart, units, total := answer.Cart, int64(0), int64(0)
		if !named(cart.ID) || strings.Trim(cart.ID, ".") == "" && len(cart.ID) < 3 || !within(cart.Subtotal) || len(answer.Tag) > 257 || status != 200 && status != 201 {
			t.Fatalf("status %d, tag %q, cart %+v", status, answer.Tag, cart)
		}
		for _, line := range cart.Lines {
			if !named(line.ID) || !named(line.Item) || len(line.Parent) > 255 || line.Quantity < 1 || !within(line.Quantity) || !within(line.Price) || !within(line.Total) {
				t.Fatalf("line %+v", line)
			}
			units += line.Quantity
			total += line.Total
			if !within(units) || !within(total) {
				t.Fatalf("%d units for %d", units, total)
			}
		}
		if change, err := ucp.ChangeTo(cart.ID, nil); err != nil || !ucp.Cancels(change.Path) || strings.ContainsAny(change.Path, " ?#\n") || strings.Count(change.Path, "/") != 3 {
			t.Fatalf("the cart is cancelled by %+v, %v", change, err)
		}
	})
}
