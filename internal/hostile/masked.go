package hostile

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// masks are the texts that are another at each answer: ids, tokens, times. Beside them two answers can be compared byte by
// byte. Each keeps what it stands in.
var masks = []struct {
	found *regexp.Regexp
	by    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`), "<uuid>"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "<32 digits>"},
	{regexp.MustCompile(`\b[0-9a-f]{24}\b`), "<24 digits>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z`), "<time>"},
	{regexp.MustCompile(`"cartId":\d+`), `"cartId":<number>`},
}

// masked is text with masks, after what is the sender's own.
func masked(text string, own ...string) string {
	for i, mine := range own {
		text = strings.ReplaceAll(text, mine, "<mine "+strconv.Itoa(i)+">")
	}
	for _, mask := range masks {
		text = mask.found.ReplaceAllString(text, mask.by)
	}
	return text
}

// seen is all that a client sees of an answer, masked. The length of the body is that of the body.
func seen(from *answer, own []string) string {
	header := from.Header.Clone()
	header.Del("Content-Length")
	return masked(strconv.Itoa(from.Status)+"\n"+headerText(header)+from.Body, own...)
}

// bodyText reads a request's body and leaves it as it was.
func bodyText(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err) // it stands in memory
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body)
}
