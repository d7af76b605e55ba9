package transcript

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
)

// bare finds a placeholder that stands for a JSON number, outside quotes.
var bare = regexp.MustCompile(`([:\[,]\s*)(\{\{[a-z0-9-]*(?::[a-z0-9]+)?\}\})`)

// numberMark leads the string that stands in for a bare placeholder while the expected text is read as JSON.
const numberMark = "\u0001"

// compare holds an answer against the expected text.
func compare(expected string, response *http.Response, body []byte, bound map[string]string) error {
	head, want, _ := strings.Cut(strings.ReplaceAll(expected, "\r\n", "\n"), "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	words := strings.SplitN(lines[0], " ", 3)
	if len(words) < 2 {
		return fmt.Errorf("the expected status line %q has no status", lines[0])
	}
	status, err := strconv.Atoi(words[1])
	if err != nil {
		return fmt.Errorf("reading the expected status: %w", err)
	}
	if response.StatusCode != status {
		return fmt.Errorf("want status %d, got %d", status, response.StatusCode)
	}
	for _, line := range lines[1:] {
		if err := compareHeader(line, response.Header, bound); err != nil {
			return err
		}
	}
	want = strings.TrimSpace(want)
	if want == "" || !strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		return matches(want, strings.TrimSpace(string(body)), bound)
	}
	return compareJSON(want, body, bound)
}

func compareHeader(line string, got http.Header, bound map[string]string) error {
	name, want, found := strings.Cut(line, ":")
	if !found {
		return fmt.Errorf("the expected header line %q has no colon", line)
	}
	values := got[textproto.CanonicalMIMEHeaderKey(name)]
	want = strings.TrimSpace(want)
	if want == "(absent)" {
		if len(values) > 0 {
			return fmt.Errorf("want no header %s, got %q", name, values)
		}
		return nil
	}
	faults := []string{}
	for _, value := range values {
		err := matches(want, value, bound)
		if err == nil {
			return nil
		}
		faults = append(faults, err.Error())
	}
	return fmt.Errorf("header %s: want %q: %s", name, want, strings.Join(append(faults, "no line fits"), "; "))
}

// compareJSON walks both texts token by token, so that key order and the text of numbers count.
func compareJSON(want string, got []byte, bound map[string]string) error {
	want = bare.ReplaceAllString(want, `$1"\u0001$2"`)
	expected, actual := json.NewDecoder(strings.NewReader(want)), json.NewDecoder(bytes.NewReader(got))
	expected.UseNumber()
	actual.UseNumber()
	near := ""
	for {
		a, wantErr := expected.Token()
		b, gotErr := actual.Token()
		if errors.Is(wantErr, io.EOF) && errors.Is(gotErr, io.EOF) {
			return nil
		}
		if wantErr != nil && !errors.Is(wantErr, io.EOF) {
			return fmt.Errorf("reading the expected JSON near %q: %w", near, wantErr)
		}
		if wantErr != nil || gotErr != nil {
			return fmt.Errorf("near %q: want %v (%v), got %v (%v)", near, a, wantErr, b, gotErr)
		}
		if err := compareToken(a, b, bound); err != nil {
			return fmt.Errorf("near %q: %w", near, err)
		}
		if text, is := b.(string); is {
			near = text
		}
	}
}

func compareToken(want, got json.Token, bound map[string]string) error {
	text, is := want.(string)
	if is && strings.HasPrefix(text, numberMark) {
		number, is := got.(json.Number)
		if !is {
			return fmt.Errorf("want the number %s, got %T %v", text[1:], got, got)
		}
		return matches(text[1:], number.String(), bound)
	}
	other, alsoText := got.(string)
	if is && alsoText {
		return matches(text, other, bound)
	}
	if fmt.Sprintf("%T %v", want, want) != fmt.Sprintf("%T %v", got, got) {
		return fmt.Errorf("want %T %v, got %T %v", want, want, got, got)
	}
	return nil
}
