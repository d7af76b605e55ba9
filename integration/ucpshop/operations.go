package ucpshop

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

func (s *Shop) createCart(c *call) (reply, error) {
	wanted, err := readCart(c.body, false)
	if err != nil {
		return reply{}, err
	}
	return s.once(c, func(tx *bolt.Tx, now time.Time) (reply, error) {
		// A guest's cart has no other key than its id: 128 random bits.
		made := &cart{
			ID: "cart_" + strings.ToLower(rand.Text()), Buyer: wanted.buyer, Context: wanted.context, Attribution: wanted.attribution,
		}
		messages := s.replace(made, wanted.lines)
		if s.settings.Departures.UnknownItemIs400 && unknownItem(messages) {
			return sampleFault(http.StatusBadRequest, "INVALID_REQUEST", "Product not found"), nil
		}
		if len(made.Lines) == 0 && len(wanted.lines) > 0 {
			return refused(cartCapability, withoutCart(messages)...), nil
		}
		return s.write(tx, made, messages, http.StatusCreated, now)
	})
}

// withoutCart is what messages say where they leave no cart to point into or to mend.
func withoutCart(messages []message) []message {
	for at := range messages {
		messages[at].Severity, messages[at].Path = unrecoverable, ""
	}
	return messages
}

func (s *Shop) getCart(c *call) (answer reply, err error) {
	err = s.file.View(func(tx *bolt.Tx) error {
		found, err := find(tx, c.PathValue("id"), s.settings.Now())
		if err != nil {
			return err
		}
		if found == nil {
			answer = s.notFound()
			return nil
		}
		answer, err = s.print(found, s.doubts(found), http.StatusOK)
		return err
	})
	return answer, err
}

func (s *Shop) updateCart(c *call) (reply, error) {
	wanted, err := readCart(c.body, true)
	if err != nil {
		return reply{}, err
	}
	if err := s.checkBodyID(wanted, c.PathValue("id")); err != nil {
		return reply{}, err
	}
	return s.change(c, func(tx *bolt.Tx, held *cart, now time.Time) (reply, error) {
		if kept := s.settings.Departures.AbsentKept; !kept || wanted.buyer != nil {
			held.Buyer = wanted.buyer
		}
		if kept := s.settings.Departures.AbsentKept; !kept || wanted.context != nil {
			held.Context = wanted.context
		}
		if kept := s.settings.Departures.AbsentKept; !kept || wanted.attribution != nil {
			held.Attribution = wanted.attribution
		}
		messages := s.replace(held, wanted.lines)
		if s.settings.Departures.UnknownItemIs400 && unknownItem(messages) {
			return sampleFault(http.StatusBadRequest, "INVALID_REQUEST", "Product not found"), nil
		}
		return s.write(tx, held, messages, http.StatusOK, now)
	})
}

// checkBodyID compares the id in a PUT's body with the path's.
func (s *Shop) checkBodyID(wanted *asked, id string) error {
	rule := s.settings.Departures.BodyID
	if rule == BodyIDRefused && wanted.hasID {
		return invalid("/id must not be in the body")
	}
	if rule == BodyIDRequired && !wanted.hasID {
		return invalid("/id is required: the id of the cart")
	}
	if wanted.hasID && wanted.id != id {
		return invalid("/id is the id of another cart than the path's")
	}
	return nil
}

func (s *Shop) cancelCart(c *call) (reply, error) {
	if len(c.body) > 0 {
		if _, err := readObject(c.body); err != nil {
			return reply{}, err
		}
	}
	return s.change(c, func(tx *bolt.Tx, held *cart, _ time.Time) (reply, error) {
		if err := remove(tx, cartsBucket, held.ID, held.Expires); err != nil {
			return reply{}, err
		}
		return s.print(held, nil, http.StatusOK)
	})
}

// change lets make alter the cart of the path, once, if it is there and as the client believes it to be.
func (s *Shop) change(c *call, make func(tx *bolt.Tx, held *cart, now time.Time) (reply, error)) (reply, error) {
	return s.once(c, func(tx *bolt.Tx, now time.Time) (reply, error) {
		held, err := find(tx, c.PathValue("id"), now)
		if err != nil {
			return reply{}, err
		}
		if held == nil {
			return s.notFound(), nil
		}
		if s.settings.Tags && !matches(c.Header.Values("If-Match"), held.tag()) {
			return reply{}, &fault{status: http.StatusPreconditionFailed, code: "precondition_failed", content: "the cart has changed; its ETag is " + held.tag()}
		}
		return make(tx, held, now)
	})
}

// matches tells whether If-Match allows a cart with this tag. Without the header everything is allowed.
func matches(lines []string, tag string) bool {
	for _, given := range strings.Split(strings.Join(lines, ","), ",") {
		if given = strings.TrimSpace(given); given == "*" || given == tag {
			return true
		}
	}
	return len(lines) == 0
}

// write saves a changed cart and answers it.
func (s *Shop) write(tx *bolt.Tx, c *cart, messages []message, status int, now time.Time) (reply, error) {
	before := c.Expires
	c.Revision++
	c.Expires = 0
	if s.settings.CartTTL > 0 {
		c.Expires = now.Add(s.settings.CartTTL).Unix()
	}
	answer, err := s.print(c, messages, status)
	if err != nil {
		return reply{}, err
	}
	return answer, s.save(tx, c, before)
}

func (s *Shop) print(c *cart, messages []message, status int) (reply, error) {
	shown, err := s.shown(c, messages)
	if err != nil {
		return reply{}, err
	}
	answer := encoded(status, shown)
	if s.settings.Tags {
		answer.Tag = c.tag()
	}
	return answer, nil
}

func (s *Shop) notFound() reply {
	if s.settings.Departures.MissingCartIs404 {
		return sampleFault(http.StatusNotFound, "RESOURCE_NOT_FOUND", "Cart not found")
	}
	return refused(cartCapability, message{Type: "error", Code: "not_found", Severity: unrecoverable, Content: "Cart not found or has expired"})
}

func (s *Shop) conflict() reply {
	const why = "Idempotency-Key was used for another request"
	if s.settings.Departures.ConflictInEnvelope {
		return sampleFault(http.StatusConflict, "IDEMPOTENCY_CONFLICT", why)
	}
	return (&fault{status: http.StatusConflict, code: "idempotency_conflict", content: why}).reply()
}

// unknownItem tells whether messages name an item that is not sold.
func unknownItem(messages []message) bool {
	for _, m := range messages {
		if m.Code == "item_unavailable" {
			return true
		}
	}
	return false
}

// sampleFault is how a public server answers faults: a status of its own, and messages in an envelope.
func sampleFault(status int, code, content string) reply {
	answer := refused(cartCapability, message{Type: "error", Code: code, Severity: unrecoverable, Content: content})
	answer.Status = status
	return answer
}
