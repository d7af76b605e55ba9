package callers

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/polycart/polycart/internal/transcript"
)

// Everything lets a customer of each dialect do what fills logs: writes, retries, capped lines, and every kind of request
// that is refused, each with a secret in the place that is wrong. token makes customer tokens as a transcript.Fixture does.
// A panic of the plugin can be asked for by panicking.
func Everything(w *Watch, level transcript.Level, token func(words string) (string, error), panicking func(*http.Request)) error {
	for i := range All("") {
		who := "nora." + All("")[i].Dialect + "@customers.example"
		w.Keep(who, who)
		good, err := token(who)
		if err != nil {
			return err
		}
		c := All(good)[i]
		send := w.Level(who, level)
		if answer, err := c.First(send); err != nil || answer.Status != http.StatusOK {
			return fmt.Errorf("%s: %d %s, %v", c.Dialect, answer.Status, answer.Body, err)
		}
		expired, err := token(who + " exp=-60")
		if err != nil {
			return err
		}
		forged, err := token(who + " secret=x")
		if err != nil {
			return err
		}
		secret := func() string { return w.New(who) }
		key := secret()
		for _, change := range []func(r *http.Request){
			func(*http.Request) {},
			panicking,
			header("Authorization", "Bearer "+expired),
			header("Authorization", "Bearer "+forged),
			header("Authorization", "Bearer "+secret()),
			header("Authorization", "Basic "+secret()),
			header("Authorization", secret()),
			header("X-API-Key", secret()),
			header("X-Cart-ID", secret()),
			header("Cookie", "sessionid="+secret()),
			header("Idempotency-Key", key),
			header("Idempotency-Key", key), // again
			func(r *http.Request) { body(`{"quantity":7}`)(r); header("Idempotency-Key", key)(r) },
			header("Idempotency-Key", `"`+secret()),
			header("If-Match", secret()),
			header("Content-Type", "text/plain; of="+secret()),
			header("Content-Type", `application/json; charset="`+secret()),
			header("Content-Encoding", secret()),
			header("X-Site-Context", `{"account":"`+secret()),
			body(`{"` + secret()),
			body(`"` + secret() + `"`),
			body(`{"session_id":"` + secret() + `","product_id":"prod_1","quantity":"` + secret() + `","items":[{"itemId":1001,"quantity":"` + secret() + `"}]}`),
			body(`{"session_id":["` + secret() + `"],"item_key":"prod1_CK-SDS001_dflt","quantity":0,"cartItemId":"` + secret() + `","cartId":"` + secret() + `"}`),
			body(strings.Repeat(secret(), 20000)),
			func(r *http.Request) { r.URL.RawQuery = "session_id=" + secret() + "&token=" + secret() },
			func(r *http.Request) { // what is capped or refused for want of stock
				text := `{"product_id":"prod_1","quantity":2000,"item_key":"prod1_CK-SDS001_dflt","externalProductId":"ext_1","externalVariantId":"ext_1_1","cartId":null,"items":[{"itemId":1001,"quantity":2000}]}`
				body(text)(r)
			},
		} {
			request := c.request(c.add)
			change(request)
			response, err := send(request)
			if err != nil {
				return err
			}
			response.Body.Close()
		}
		if _, err := c.Read(send); err != nil {
			return err
		}
		if err := asGuest(w, level, &c); err != nil {
			return err
		}
	}
	return nil
}

// asGuest writes as somebody without a token, twice: the second time with what the first answer gave.
func asGuest(w *Watch, level transcript.Level, c *Caller) error {
	who := "a guest of " + c.Dialect
	send := w.Level(who, level)
	session := w.New(who)
	cookie := ""
	for range 2 {
		request := c.request(c.first)
		request.Header.Del("Authorization")
		if c.Dialect == "agent" {
			request.Header.Set("Authorization", "Bearer "+session)
		}
		if cookie != "" {
			request.Header.Set("Cookie", "sessionid="+cookie)
		}
		response, err := send(request)
		if err != nil {
			return err
		}
		response.Body.Close()
		for _, given := range response.Cookies() {
			cookie = given.Value
		}
	}
	return nil
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func body(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
}
