package badbody

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Placed is a body with a value in it.
type Placed struct {
	Place string // as a path: items[0].quantity
	Body  string
}

// Unasked is the name of a member that no dialect reads.
const Unasked = "nobody reads this"

// Places puts value, which need not be JSON, into body, a JSON object: in place of each member, and as one more that nobody
// reads; likewise in the objects that stand in body, and in the first of each array.
func Places(body, value string) []Placed {
	placed := []Placed{}
	within(strings.TrimSpace(body), "", value, func(place, body string) { placed = append(placed, Placed{place, body}) })
	return placed
}

func within(text, place, value string, emit func(place, text string)) {
	if strings.HasPrefix(text, "[") {
		entries := []json.RawMessage{}
		if json.Unmarshal([]byte(text), &entries) != nil || len(entries) == 0 {
			return
		}
		tail := ""
		for _, entry := range entries[1:] {
			tail += "," + string(entry)
		}
		emit(place+"[0]", "["+value+tail+"]")
		within(string(entries[0]), place+"[0]", value, func(place, text string) { emit(place, "["+text+tail+"]") })
		return
	}
	if !strings.HasPrefix(text, "{") {
		return
	}
	names, values := ordered(text)
	for i, name := range names {
		inner := place + "." + name
		head, tail := joined(names[:i], values[:i]), joined(names[i+1:], values[i+1:])
		around := func(place, text string) {
			parts := []string{}
			for _, part := range []string{head, fmt.Sprintf("%q:%s", name, text), tail} {
				if part != "" {
					parts = append(parts, part)
				}
			}
			emit(place, "{"+strings.Join(parts, ",")+"}")
		}
		around(inner, value)
		within(values[i], inner, value, around)
	}
	more := joined(names, values)
	if more != "" {
		more += ","
	}
	emit(place+"."+Unasked, "{"+more+fmt.Sprintf("%q:%s", Unasked, value)+"}")
}

func joined(names, values []string) string {
	parts := []string{}
	for i := range names {
		parts = append(parts, fmt.Sprintf("%q:%s", names[i], values[i]))
	}
	return strings.Join(parts, ",")
}

// ordered reads the members of a JSON object in their order.
func ordered(text string) (names, values []string) {
	decoder := json.NewDecoder(strings.NewReader(text))
	if _, err := decoder.Token(); err != nil {
		panic(err)
	}
	for decoder.More() {
		var value json.RawMessage
		name, err := decoder.Token()
		if err == nil {
			err = decoder.Decode(&value)
		}
		if err != nil {
			panic(err)
		}
		names, values = append(names, name.(string)), append(values, string(value))
	}
	return names, values
}
