package transcript

import (
	"fmt"
	"regexp"
	"strings"
)

// placeholder is {{name:kind}}, {{:kind}} or {{name}}.
var placeholder = regexp.MustCompile(`\{\{([a-z0-9-]*)(?::([a-z0-9]+))?\}\}`)

// kinds are the forms that generated values can have.
var kinds = map[string]string{
	"uuid":    `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`,
	"hex24":   `[0-9a-f]{24}`,
	"hex32":   `[0-9a-f]{32}`,
	"seconds": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`,
	"millis":  `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`,
	"integer": `[1-9]\d*`,
	"any":     `.+`,
}

// filled puts bound values into a request.
func filled(text string, bound map[string]string, token func(words string) (string, error)) (string, error) {
	var fault error
	text = tokenCall.ReplaceAllStringFunc(text, func(call string) string {
		made, err := token(tokenCall.FindStringSubmatch(call)[1])
		if err != nil {
			fault = err
		}
		return made
	})
	text = placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := placeholder.FindStringSubmatch(match)[1]
		value, known := bound[name]
		if !known {
			fault = fmt.Errorf("filling in %s: nothing is bound to it yet", match)
		}
		return value
	})
	return text, fault
}

// tokenCall is {{token 182}}, with claims behind it: {{token 182 exp=-60}}.
var tokenCall = regexp.MustCompile(`\{\{token ([^}]*)\}\}`)

// matches compares a text with an expected one that may hold placeholders, and binds the names it meets.
func matches(expected, got string, bound map[string]string) error {
	if !strings.Contains(expected, "{{") {
		if expected != got {
			return fmt.Errorf("want %q, got %q", expected, got)
		}
		return nil
	}
	pattern, names, at := "^", []string{}, 0
	for _, match := range placeholder.FindAllStringSubmatchIndex(expected, -1) {
		pattern += regexp.QuoteMeta(expected[at:match[0]])
		name, kind := expected[match[2]:match[3]], ""
		if match[4] >= 0 {
			kind = expected[match[4]:match[5]]
		}
		value, known := bound[name]
		switch {
		case known:
			pattern += "(" + regexp.QuoteMeta(value) + ")"
		case kinds[kind] == "":
			return fmt.Errorf("the placeholder %s has no kind and nothing is bound to it", expected[match[0]:match[1]])
		default:
			pattern += "(" + kinds[kind] + ")"
		}
		names, at = append(names, name), match[1]
	}
	pattern += regexp.QuoteMeta(expected[at:]) + "$"
	found := regexp.MustCompile(pattern).FindStringSubmatch(got)
	if found == nil {
		return fmt.Errorf("want %s, got %q", expected, got)
	}
	for i, name := range names {
		if name != "" {
			bound[name] = found[i+1]
		}
	}
	return nil
}
