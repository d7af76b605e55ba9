package plugin

import (
	"net/http"
	"strconv"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
)

// Header values that every answer has. They are shared by all answers; net/http only reads them.
var (
	// A cart is one person's: no cache between us and the client may keep it for another (RFC 9111 §5.2.2.7).
	privateNoCache = []string{"private, no-cache"}
	jsonMedia      = []string{"application/json"}
)

// send writes an answer, once. To HEAD it has the header of GET and no body.
func send(w http.ResponseWriter, r *http.Request, answer *adapters.Answer) {
	header := w.Header()
	if answer.Header != nil {
		addHeaders(header, answer.Header)
	}
	header["Cache-Control"] = privateNoCache
	if answer.Tag != nil {
		header["Etag"] = answer.Tag
		if r.Header["If-None-Match"] != nil {
			answer = unlessKnown(r, answer)
		}
	}
	if answer.Body != nil {
		header["Content-Type"] = jsonMedia
		header["Content-Length"] = answer.Length
		if answer.Length == nil {
			header["Content-Length"] = lengthOf(answer.Body)
		}
	}
	w.WriteHeader(answer.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(answer.Body) // a client that has gone cannot be told; the cart is kept either way
	}
}

func addHeaders(header http.Header, more []adapters.Header) {
	for i := range more {
		header.Add(more[i].Name, more[i].Value)
	}
}

// lengthOf is the length of a body, as the one value of a header.
func lengthOf(body []byte) []string { return []string{strconv.Itoa(len(body))} }

// noticesOf tells in headers where less was granted than was asked for, whatever the body of the dialect can say.
func noticesOf(outcome *cartcore.Outcome) []adapters.Header {
	notices := []adapters.Header{}
	for i := range outcome.Results {
		result := outcome.Results[i]
		if result.Why != cartcore.WhyCapped && result.Why != cartcore.WhyLimited {
			continue
		}
		sku := result.Ask.SKU
		if result.Line != nil {
			sku = result.Line.SKU
		}
		text := cartcore.WhyName(result.Why) + `; item="` + sku + `"; requested=` + strconv.FormatInt(result.Requested, 10) +
			"; granted=" + strconv.FormatInt(result.Granted, 10)
		notices = append(notices, adapters.Header{Name: "Cart-Notice", Value: text})
	}
	return notices
}
