package ucpshop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/polycart/polycart/cartcore"
)

// asked is a cart that a platform wants.
type asked struct {
	id          string // the body's own id, where hasID
	hasID       bool
	lines       []askedLine
	buyer       map[string]any // nil where it is absent
	context     map[string]any
	attribution map[string]any
}

// askedLine is a line that a platform wants. On create it has neither id nor parent.
type askedLine struct {
	id       string
	parent   string
	item     string
	quantity int64
}

// readObject reads a body that must be one JSON object. Numbers keep their text.
func readObject(body []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, invalid("the body must be a JSON object")
	}
	if !utf8.Valid(body) {
		return nil, invalid("the body must be UTF-8")
	}
	// Two parsers could read one body differently where a name stands twice: the one in front of this service as well.
	if err := cartcore.Strict(body); err != nil {
		return nil, invalid("the body must be JSON: " + err.Error())
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var found any
	if err := decoder.Decode(&found); err != nil {
		return nil, invalid("the body must be JSON: " + err.Error())
	}
	if decoder.More() {
		return nil, invalid("the body must be one JSON value")
	}
	object, is := found.(map[string]any)
	if !is {
		return nil, invalid("the body must be a JSON object")
	}
	return object, nil
}

// readCart reads the body of a create or an update.
func readCart(body []byte, update bool) (*asked, error) {
	object, err := readObject(body)
	if err != nil {
		return nil, err
	}
	a := &asked{}
	if update {
		if a.id, a.hasID, err = text(object, "id", "/id"); err != nil {
			return nil, err
		}
	}
	lines, is := object["line_items"].([]any)
	if !is {
		return nil, invalid("/line_items is required: a list")
	}
	for at := range lines {
		line, err := readLine(lines[at], "/line_items/"+strconv.Itoa(at), update)
		if err != nil {
			return nil, err
		}
		a.lines = append(a.lines, line)
	}
	if a.buyer, err = signalsOf(object, "buyer", "first_name", "last_name", "email", "phone_number"); err != nil {
		return nil, err
	}
	if a.context, err = signalsOf(object, "context", "address_country", "address_region", "postal_code", "intent", "language", "currency"); err != nil {
		return nil, err
	}
	if err := checkEligibility(a.context); err != nil {
		return nil, err
	}
	if a.attribution, err = readAttribution(object); err != nil {
		return nil, err
	}
	return a, checkSignals(object)
}

func readLine(from any, at string, update bool) (line askedLine, err error) {
	object, is := from.(map[string]any)
	if !is {
		return line, invalid(at + " must be an object")
	}
	item, is := object["item"].(map[string]any)
	if !is {
		return line, invalid(at + "/item is required: an object")
	}
	found := false
	if line.item, found, err = text(item, "id", at+"/item/id"); err != nil {
		return line, err
	}
	if !found {
		return line, invalid(at + "/item/id is required: a string")
	}
	if line.quantity, err = quantity(object["quantity"], at+"/quantity"); err != nil || !update {
		return line, err
	}
	if line.id, _, err = text(object, "id", at+"/id"); err != nil {
		return line, err
	}
	line.parent, _, err = text(object, "parent_id", at+"/parent_id")
	return line, err
}

// text reads a string that may be absent.
func text(object map[string]any, name, at string) (string, bool, error) {
	value, found := object[name]
	if !found {
		return "", false, nil
	}
	text, is := value.(string)
	if !is {
		return "", false, invalid(at + " must be a string")
	}
	return text, true, nil
}

// isNumber bounds what big.Rat is given: it would write 1e999999999 out.
var isNumber = regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?$`)

// quantity reads a whole number from 1 to 2^53-1, however it is written: 2, 2.0 and 2e0 are one number to JSON Schema.
func quantity(value any, at string) (int64, error) {
	number, is := value.(json.Number)
	if !is {
		return 0, invalid(at + " is required: a whole number of at least 1")
	}
	rational, ok := new(big.Rat), false
	if isNumber.MatchString(number.String()) {
		rational, ok = rational.SetString(number.String())
	}
	if !ok || !rational.IsInt() || rational.Sign() < 1 || rational.Cmp(big.NewRat(cartcore.MaxInteger, 1)) > 0 {
		return 0, invalid(fmt.Sprintf("%s must be a whole number from 1 to %d", at, cartcore.MaxInteger))
	}
	return rational.Num().Int64(), nil
}

// signalsOf reads an open object some of whose members must be strings.
func signalsOf(object map[string]any, name string, texts ...string) (map[string]any, error) {
	value, found := object[name]
	if !found {
		return nil, nil
	}
	inner, is := value.(map[string]any)
	if !is {
		return nil, invalid("/" + name + " must be an object")
	}
	for _, member := range texts {
		if _, _, err := text(inner, member, "/"+name+"/"+member); err != nil {
			return nil, err
		}
	}
	return inner, nil
}

// isReverseDomain is reverse_domain_name.json.
var isReverseDomain = regexp.MustCompile(`^[a-z][a-z0-9]*(?:\.[a-z][a-z0-9_]*)+$`)

func checkEligibility(context map[string]any) error {
	value, found := context["eligibility"]
	if !found {
		return nil
	}
	claims, is := value.([]any)
	if !is {
		return invalid("/context/eligibility must be a list")
	}
	seen := map[string]bool{}
	for _, claim := range claims {
		name, is := claim.(string)
		if !is || !isReverseDomain.MatchString(name) || seen[name] {
			return invalid("/context/eligibility must list reverse domain names such as com.example.member, each once")
		}
		seen[name] = true
	}
	return nil
}

func readAttribution(object map[string]any) (map[string]any, error) {
	attribution, err := signalsOf(object, "attribution")
	for name, value := range attribution {
		if _, is := value.(string); !is {
			return nil, invalid("/attribution/" + name + " must be a string")
		}
	}
	return attribution, err
}

// checkSignals checks what is then left unused: this shop has no fraud to look for, and does not keep what it need not know.
func checkSignals(object map[string]any) error {
	signals, err := signalsOf(object, "signals", "dev.ucp.buyer_ip", "dev.ucp.user_agent")
	for name := range signals {
		if !isReverseDomain.MatchString(name) {
			return invalid("/signals/" + name + " must be a reverse domain name such as dev.ucp.buyer_ip")
		}
	}
	return err
}
