package plugin

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
)

// readBody reads the body of a call where its route has one, within limits.maxBodyBytes.
func readBody(d *desk, call *adapters.Call, w http.ResponseWriter) *cartcore.Error {
	r := call.Request
	if r.ContentLength > d.Engine.MaxBody {
		return cartcore.Refuse(cartcore.KindTooLarge)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, d.Engine.MaxBody))
	if err != nil || len(body) == 0 {
		return noBody(d, err, r.Header)
	}
	call.Body = body
	if media := r.Header.Get("Content-Type"); media != "application/json" || r.Header["Content-Encoding"] != nil {
		return checkMedia(r.Header)
	}
	return nil
}

// noBody says why there is no body to read, or nil where there need not be one.
func noBody(d *desk, err error, header http.Header) *cartcore.Error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return cartcore.Refuse(cartcore.KindTooLarge)
	}
	if err != nil {
		return cartcore.Fail(cartcore.KindMalformed, fmt.Errorf("reading the body: %w", err))
	}
	if d.Route.Body == adapters.OptionalBody {
		return nil
	}
	if problem := checkMedia(header); problem != nil {
		return problem
	}
	return cartcore.Fail(cartcore.KindMalformed, errors.New("reading the body: it is empty"))
}

// checkMedia accepts JSON in UTF-8, not compressed. A body without a content type is taken as JSON, since old clients forget it.
func checkMedia(header http.Header) *cartcore.Error {
	if encoding := strings.Join(header["Content-Encoding"], ","); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return cartcore.Fail(cartcore.KindUnsupportedMedia, errors.New("the body is compressed"))
	}
	sent := header.Get("Content-Type")
	if sent == "" || sent == "application/json" {
		return nil
	}
	media, parameters, err := mime.ParseMediaType(sent)
	if err != nil {
		return cartcore.Fail(cartcore.KindUnsupportedMedia, fmt.Errorf("reading the content type: %w", err))
	}
	if media != "application/json" && !strings.HasSuffix(media, "+json") {
		return cartcore.Fail(cartcore.KindUnsupportedMedia, errors.New("the content type is not JSON"))
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return cartcore.Fail(cartcore.KindUnsupportedMedia, errors.New("the charset is not UTF-8"))
	}
	return nil
}
