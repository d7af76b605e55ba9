package adapters

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/polycart/polycart/cartcore"
)

// maxTextBytes bounds a field that holds a name or an id: ten times the longest in the published examples.
const maxTextBytes = 255

// maxOptionsBytes bounds the options of a line, since they are kept and printed with every answer.
const maxOptionsBytes = 4096

// rawJSON is a JSON value that is not read yet.
type rawJSON = json.RawMessage

// nameEnd stands behind every name of compact JSON, and else only in strings: there may be more of it than names, never fewer.
var nameEnd = []byte(`":`)

// members reads JSON text from outside, which must be one object, into its members by exact name: encoding/json would take
// "Quantity" for "quantity" in a struct, and would let the last of two equal names win.
func members(raw []byte) (map[string]rawJSON, *cartcore.Error) {
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil || !utf8.Valid(raw) {
		return nil, malformed(raw)
	}
	text := compact.Bytes()
	var found map[string]rawJSON
	if json.Unmarshal(text, &found) != nil || found == nil {
		return nil, noObject(text)
	}
	// Where there are as many names as members no object stands inside and no name twice; without an array it is not deep
	// either, and without a backslash no name or text is written in another way than it reads.
	if bytes.Count(text, nameEnd) != len(found) || bytes.ContainsAny(text, `\[`) {
		return found, strict(text)
	}
	return found, nil
}

// inner reads an object that stands in text which members has read, as deep as it may; nil where it is none.
func inner(raw []byte) map[string]rawJSON {
	var found map[string]rawJSON
	if json.Unmarshal(raw, &found) != nil {
		return nil
	}
	return found
}

// strict refuses text that two parsers may read differently.
func strict(text []byte) *cartcore.Error {
	err := cartcore.Strict(text)
	if err == nil {
		return nil
	}
	return cartcore.Fail(cartcore.KindMalformed, fmt.Errorf("reading JSON: %w", err))
}

// malformed says why raw is no JSON in UTF-8.
func malformed(raw []byte) *cartcore.Error {
	if !utf8.Valid(raw) {
		return cartcore.Fail(cartcore.KindMalformed, errors.New("reading JSON: not UTF-8"))
	}
	var any json.RawMessage
	return cartcore.Fail(cartcore.KindMalformed, fmt.Errorf("reading JSON: %w", json.Unmarshal(raw, &any)))
}

// noObject refuses a whole text that is no object.
func noObject(text []byte) *cartcore.Error {
	if err := strict(text); err != nil {
		return err
	}
	return notObject(text)
}

// notObject refuses JSON that is no object.
func notObject(text []byte) *cartcore.Error {
	return cartcore.RefuseField(cartcore.FieldError{Problem: cartcore.ProblemNotObject, Value: shown(text)})
}

// ordered reads an object into its members in the order they stand. It was read before, by members or by the catalogue.
func ordered(raw []byte) []cartcore.Option {
	reader := json.NewDecoder(bytes.NewReader(raw))
	_, _ = reader.Token() // the brace; nothing here can fail
	all := []cartcore.Option{}
	for reader.More() {
		token, _ := reader.Token()
		name, _ := token.(string)
		var value json.RawMessage
		if reader.Decode(&value) != nil {
			return all
		}
		all = append(all, cartcore.Option{Name: name, Value: string(value)})
	}
	return all
}

// bodyMembers reads the body of a call; no body is an empty object.
func bodyMembers(call *Call) (map[string]rawJSON, *cartcore.Error) {
	if len(call.Body) == 0 {
		return map[string]rawJSON{}, nil
	}
	return members(call.Body)
}

// array reads a JSON array of a field into its elements, at most limit.
func array(found map[string]rawJSON, name string, limit int64) ([]json.RawMessage, *cartcore.FieldError) {
	raw, given := found[name]
	if !given {
		return nil, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemMissing}
	}
	var elements []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &elements) != nil {
		return nil, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemNotArray, Value: shown(raw)}
	}
	if len(elements) == 0 {
		return nil, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemBlank}
	}
	if int64(len(elements)) > limit {
		return nil, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemTooLong, Limit: limit}
	}
	return elements, nil
}

// integer reads a whole number from low to high. 2, 2.0 and 2e0 are the same number; "2", 2.5, null and what passes
// 2^53-1 are refused (contracts.md, common to all).
func integer(found map[string]rawJSON, name string, low, high int64) (int64, *cartcore.FieldError) {
	number, err := strconv.ParseInt(string(found[name]), 10, 64)
	if err == nil && number >= low && number <= high {
		return number, nil
	}
	return otherInteger(found, name, low, high)
}

// otherInteger reads a whole number that is not written plainly, or says what is wrong with it.
func otherInteger(found map[string]rawJSON, name string, low, high int64) (int64, *cartcore.FieldError) {
	raw, given := found[name]
	if !given {
		return 0, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemMissing}
	}
	text := string(raw)
	if text == "null" {
		return 0, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemNull}
	}
	number, whole := wholeNumber(text)
	if !whole {
		return 0, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemNotInteger, Value: shown(raw)}
	}
	if number < low {
		return 0, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemTooSmall, Value: shown(raw), Limit: low}
	}
	if number > high {
		return 0, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemTooLarge, Value: shown(raw), Limit: high}
	}
	return number, nil
}

// wholeNumber reads the text of a JSON number that is a whole one within 2^53-1.
func wholeNumber(text string) (int64, bool) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		// A quantity of 24 characters is already past every bound; longer text is not worth the arithmetic.
		if len(text) > 24 || !strings.ContainsAny(text, ".eE") || text[0] == '"' {
			return 0, false
		}
		mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
		power, err := strconv.Atoi(strings.TrimPrefix(exponent, "+"))
		if exponent != "" && (err != nil || power < -20 || power > 20) {
			return 0, false
		}
		whole, fraction, _ := strings.Cut(mantissa, ".")
		for ; power > 0; power-- {
			digit := "0"
			if fraction != "" {
				digit, fraction = fraction[:1], fraction[1:]
			}
			whole += digit
		}
		for ; power < 0; power++ {
			if !strings.HasSuffix(whole, "0") {
				return 0, false
			}
			whole = whole[:len(whole)-1]
		}
		if strings.Trim(fraction, "0") != "" {
			return 0, false
		}
		if number, err = strconv.ParseInt(whole, 10, 64); err != nil {
			return 0, false
		}
	}
	return number, number <= cartcore.MaxInteger && number >= -cartcore.MaxInteger
}

// plainText is a JSON string without escapes that stands for its own characters. What is not UTF-8 in a query is U+FFFD
// here, so that two clients would share a name neither of them sent; it is not plain.
var plainText = regexp.MustCompile(`^"[^"\\\x{FFFD}]+"$`)

// text reads a string of 1 to maxTextBytes bytes.
func text(found map[string]rawJSON, name string) (string, *cartcore.FieldError) {
	raw := found[name]
	if len(raw) <= maxTextBytes && plainText.Match(raw) {
		return string(raw[1 : len(raw)-1]), nil
	}
	return otherText(found, name)
}

// otherText reads a string that holds escapes, or says what is wrong with it.
func otherText(found map[string]rawJSON, name string) (string, *cartcore.FieldError) {
	raw, given := found[name]
	if !given {
		return "", &cartcore.FieldError{Field: name, Problem: cartcore.ProblemMissing}
	}
	if string(raw) == "null" {
		return "", &cartcore.FieldError{Field: name, Problem: cartcore.ProblemNull}
	}
	var value string
	if json.Unmarshal(raw, &value) != nil {
		return "", &cartcore.FieldError{Field: name, Problem: cartcore.ProblemNotText, Value: shown(raw)}
	}
	if value == "" {
		return "", &cartcore.FieldError{Field: name, Problem: cartcore.ProblemBlank}
	}
	if len(value) > maxTextBytes {
		return "", &cartcore.FieldError{Field: name, Problem: cartcore.ProblemTooLong, Limit: maxTextBytes}
	}
	if strings.Contains(value, "\uFFFD") {
		return "", &cartcore.FieldError{Field: name, Problem: cartcore.ProblemNotValid, Value: shown(raw)}
	}
	return value, nil
}

// options reads an object of options in the order sent. A missing field, or null, is no options and given is false.
func options(found map[string]rawJSON, name string) (all []cartcore.Option, given bool, problem *cartcore.FieldError) {
	raw, given := found[name]
	if !given || string(raw) == "null" {
		return nil, false, nil
	}
	if string(raw) == "[]" { // PHP prints an empty array for an empty object
		return []cartcore.Option{}, true, nil
	}
	if raw[0] != '{' {
		return nil, false, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemNotObject, Value: shown(raw)}
	}
	if len(raw) > maxOptionsBytes {
		return nil, false, &cartcore.FieldError{Field: name, Problem: cartcore.ProblemTooLong, Limit: maxOptionsBytes}
	}
	return ordered(raw), true, nil
}

// maxPathBytes is more than any id has, a SKU of 64 characters of 4 bytes included, so that a longer text names nothing
// before and after it is cut.
const maxPathBytes = 300

// pathText is a value of the path, cut where it is too long to name anything: a path can be as long as all headers may
// be, and names reach the log.
func pathText(call *Call, name string) string {
	value := call.Request.PathValue(name)
	if len(value) > maxPathBytes {
		return value[:maxPathBytes]
	}
	return value
}

// shown is a value as an error may show it: JSON text, cut.
func shown(raw []byte) string {
	const most = 40
	if len(raw) <= most {
		return string(raw)
	}
	return strings.ToValidUTF8(string(raw[:most]), "") + "…"
}

// printed makes an answer of a value. Unlike json.Marshal it leaves <, > and & as they are, as the five origins do: where
// json.Marshal escaped nothing like them, which is nearly always, both print the same.
func printed(status int, value any) *Answer {
	body, err := json.Marshal(value)
	if err != nil || bytes.Contains(body, escapedASCII) {
		return printedPlainly(status, value)
	}
	return &Answer{Status: status, Body: body}
}

// escapedASCII begins what json.Marshal makes of <, > and &, and of control characters.
var escapedASCII = []byte(`\u00`)

// printedPlainly is printed for a value that holds characters which json.Marshal escapes.
func printedPlainly(status int, value any) *Answer {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		// Only a value that is no JSON can get here: catalogue attributes are checked when they are read.
		return &Answer{Status: 500, Body: []byte(`{"message":"Internal server error"}`)}
	}
	return &Answer{Status: status, Body: bytes.TrimSuffix(out.Bytes(), []byte("\n"))}
}

// quoted is a string as JSON text.
func quoted(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		return `""` // json.Marshal of a string has no error to give
	}
	return string(text)
}

// major prints minor units as a JSON number in major units without trailing zeros.
func major(minor int64, decimals int) json.Number {
	return json.Number(cartcore.Shortest(minor, decimals))
}

// bearer is the token of an Authorization header, with or without the scheme.
func bearer(header string) string {
	if header == "" {
		return ""
	}
	return bearerOf(header)
}

func bearerOf(header string) string {
	scheme, token, found := strings.Cut(header, " ")
	if found && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return ""
}

// refusal is a row of a dialect's error table.
type refusal struct {
	status int
	code   string
	text   string // may hold {item}, {items}, {n}, {requested}, {available}, {attribute}, {seconds} and {tenant}
}

// worded fills in the text of a refusal.
func worded(row refusal, call *Call, err *cartcore.Error) string {
	if !strings.Contains(row.text, "{") {
		return row.text
	}
	items := strings.Join(err.Items, ", ")
	if len(err.Items) == 0 {
		items = err.Item
	}
	return strings.NewReplacer(
		"{item}", err.Item, "{items}", items, "{attribute}", err.Attribute, "{tenant}", call.Credentials.Tenant,
		"{n}", strconv.FormatInt(err.Limit, 10), "{seconds}", secondsText(err.After),
		"{requested}", strconv.FormatInt(err.Requested, 10),
		"{available}", strconv.FormatInt(err.Available, 10),
	).Replace(row.text)
}

// secondsText is a whole number of seconds in words.
func secondsText(seconds int64) string {
	if seconds == 1 {
		return "1 second"
	}
	return strconv.FormatInt(seconds, 10) + " seconds"
}
