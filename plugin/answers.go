package plugin

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/jsonpath"
)

// An answer is shaped where it is printed, so that its tag, what is kept for retries and what is sent again are all of the shaped
// one. A dialect without a shape is not touched.

// shape is how the answers of a dialect are changed.
type shape struct {
	Sets    []*shapeSet // in the order of their paths
	Removes []*jsonpath.Target
}

// shapeSet puts a value at a path of an answer.
type shapeSet struct {
	Target   *jsonpath.Target
	Within   *jsonpath.Path // what must be there already; nil: the answer itself
	Constant json.RawMessage
	Value    string // the name of a canonical value; empty: the constant
}

// shapeValues are the canonical values, in the order of the documentation.
var shapeValues = []string{"cart.id", "cart.version", "count", "currency", "decimals", "tenant", "total", "total.text", "units"}

// answersFaults are the faults of what changes answers.
func answersFaults(config *Config) []string {
	faults := []string{}
	names := []string{}
	known := map[string]bool{}
	all := adapters.All()
	for i := range all {
		known[all[i].Name] = true
		names = append(names, all[i].Name)
	}
	for name, from := range config.Answers {
		at := "answers." + name
		if !known[strings.ToLower(name)] {
			faults = append(faults, at+": there is no such dialect; there are "+strings.Join(names, ", "))
			continue
		}
		_, wrong := shapeOf(from, at)
		faults = append(faults, wrong...)
	}
	sort.Strings(faults)
	return faults
}

// shapeOf reads the shape of one dialect; at is its key.
func shapeOf(from Answers, at string) (*shape, []string) {
	made := &shape{}
	faults := []string{}
	paths := []string{}
	for path := range from.Set {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	targets := []*jsonpath.Target{}
	keys := []string{}
	for i := range paths {
		target, err := jsonpath.ParseTarget(paths[i])
		if err != nil {
			faults = append(faults, at+".set: the path "+err.Error())
			continue
		}
		set, err := shapeSetOf(target, from.Set[paths[i]])
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s.set: %q %s", at, paths[i], err.Error()))
			continue
		}
		made.Sets = append(made.Sets, set)
		targets = append(targets, target)
		keys = append(keys, at+".set")
	}
	for i := range from.Remove {
		target, err := jsonpath.ParseTarget(from.Remove[i])
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s.remove[%d]: the path %s", at, i, err.Error()))
			continue
		}
		made.Removes = append(made.Removes, target)
		targets = append(targets, target)
		keys = append(keys, fmt.Sprintf("%s.remove[%d]", at, i))
	}
	for i := range targets {
		for j := 0; j < i; j++ {
			if meets(targets[i], targets[j]) {
				faults = append(faults, fmt.Sprintf("%s: %q and %q of %s are one within the other; which of them counts would be left to chance", keys[i], targets[i].Text, targets[j].Text, keys[j]))
			}
		}
	}
	return made, faults
}

// meets tells whether one of two targets is the other, or lies within it.
func meets(a, b *jsonpath.Target) bool {
	for i := range a.Parts {
		if i < len(b.Parts) && a.Parts[i].Name != b.Parts[i].Name {
			return false
		}
	}
	return true
}

// shapeSetOf reads what is put at a target.
func shapeSetOf(target *jsonpath.Target, text string) (*shapeSet, error) {
	set := &shapeSet{Target: target}
	if len(target.Parts) > 1 {
		set.Within = &jsonpath.Path{}
		for i := 0; i < len(target.Parts)-1; i++ {
			set.Within.Names = append(set.Within.Names, target.Parts[i].Name)
		}
	}
	if constant, is := strings.CutPrefix(text, "="); is {
		if !json.Valid([]byte(constant)) {
			return nil, fmt.Errorf("is to be %q; after = it must be JSON", text)
		}
		set.Constant = json.RawMessage(constant)
		return set, nil
	}
	for i := range shapeValues {
		if text == "{"+shapeValues[i]+"}" {
			set.Value = shapeValues[i]
			return set, nil
		}
	}
	return nil, fmt.Errorf("is to be %q; allowed are {%s}, or = and JSON such as =true", text, strings.Join(shapeValues, "}, {"))
}

// shapeAdapter has a dialect, which nobody else holds, print its answers in the shape that is configured.
func shapeAdapter(adapter *adapters.Adapter, config *Config) {
	for name, from := range config.Answers {
		if !strings.EqualFold(name, adapter.Name) || len(from.Set)+len(from.Remove) == 0 {
			continue
		}
		made, _ := shapeOf(from, name) // its faults were told before
		for i := range adapter.Routes {
			adapter.Routes[i].Encode = shapedEncode(made, adapter.Routes[i].Encode)
		}
		adapter.Show = shapedEncode(made, adapter.Show)
	}
}

// shapedEncode stands alone because closures made in a loop share the loop's variables (docs/interpreter.md: loop variables).
func shapedEncode(made *shape, encode func(call *adapters.Call, seen *adapters.Seen) *adapters.Answer) func(call *adapters.Call, seen *adapters.Seen) *adapters.Answer {
	return func(call *adapters.Call, seen *adapters.Seen) *adapters.Answer {
		return shaped(made, encode(call, seen), seen)
	}
}

// shaped changes an answer that says that something was done or read. What has no place for a value stays as it is.
func shaped(made *shape, answer *adapters.Answer, seen *adapters.Seen) *adapters.Answer {
	if answer == nil || answer.Status >= 300 || len(answer.Body) == 0 || (answer.Body[0] != '{' && answer.Body[0] != '[') {
		return answer
	}
	body := answer.Body
	for i := range made.Sets {
		body = shapedSet(made.Sets[i], body, seen)
	}
	for i := range made.Removes {
		if changed, err := jsonpath.Delete(body, made.Removes[i]); err == nil {
			body = changed
		}
	}
	after := *answer
	after.Body = body
	return &after
}

func shapedSet(set *shapeSet, body []byte, seen *adapters.Seen) []byte {
	value := set.Constant
	if set.Value != "" {
		value = shapeValue(set.Value, seen)
	}
	if value == nil {
		return body
	}
	if set.Within != nil {
		if _, there := jsonpath.Get(body, set.Within); !there {
			return body
		}
	}
	changed, err := jsonpath.Set(body, set.Target, value)
	if err != nil {
		return body // the answer of this route is of another form
	}
	return changed
}

// shapeValue is a canonical value as JSON; nil where the answer is about no cart.
func shapeValue(name string, seen *adapters.Seen) json.RawMessage {
	if name == "tenant" {
		return json.RawMessage(strconv.Quote(seen.Caller.Tenant)) // letters, digits, dots, hyphens and underscores
	}
	view := seen.View
	if view == nil {
		return nil
	}
	if name == "currency" {
		return json.RawMessage(strconv.Quote(view.Cart.Currency)) // three letters
	}
	if name == "decimals" {
		return json.RawMessage(strconv.Itoa(view.Decimals))
	}
	if view.Cart.ID == "" {
		return nil
	}
	switch name {
	case "cart.id":
		return json.RawMessage(strconv.Quote(view.Cart.ID)) // a uuid
	case "cart.version":
		return json.RawMessage(strconv.FormatInt(cartcore.Edition(view.Cart), 10))
	case "count":
		return json.RawMessage(strconv.Itoa(len(view.Lines)))
	case "units":
		return json.RawMessage(strconv.FormatInt(view.Units, 10))
	case "total.text":
		return json.RawMessage(strconv.Quote(cartcore.Fixed(view.Subtotal, view.Decimals)))
	}
	return json.RawMessage(strconv.FormatInt(view.Subtotal, 10))
}
