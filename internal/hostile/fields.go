package hostile

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// foreign are the values that a client might give to what is not the client's.
var foreign = []string{`1`, `"store-beta/customer:182"`, `true`, `{"amount":1,"price":1}`, `[1]`, `null`}

// mostOptions is how many bytes of names fit into a line's options beside what they hold (adapters: maxOptionsBytes).
const mostOptions = 3500

// Fields sends every route's request twice, plain and with every name of the shop's own fields beside what it holds: in each
// object of the body and in the query. Both get the same answer, and afterwards both carts are the same, as their owners read
// them and as they are kept.
func Fields(t *testing.T, level *Level) {
	steps, err := Steps()
	if err != nil {
		t.Fatal(err)
	}
	names, err := Names(level.Root)
	if err != nil {
		t.Fatal(err)
	}
	f := &fields{w: newWorld(t, level, "fields")}
	for i := range steps {
		t.Run(steps[i].Dialect+" "+steps[i].Pattern, func(t *testing.T) {
			for _, place := range places(&steps[i]) {
				f.fill(t, &steps[i], place, names)
			}
		})
	}
	t.Logf("%d names, %d values, %d pairs of requests", len(names), len(foreign), len(f.pairs))
	carts := stored(t, f.w)
	for _, p := range f.pairs {
		for i := range p.kept[0] {
			if a, b := plainly(carts(p.kept[0][i]), p.free), plainly(carts(p.kept[1][i]), p.free); a != b {
				t.Errorf("%s: the names change what is kept\nwithout %s\nwith    %s", p.name, a, b)
			}
		}
	}
}

type fields struct {
	w      *world
	number int
	pairs  []*pair
}

// pair is two requests whose carts must be the same: the keys of what is kept of either.
type pair struct {
	name string
	kept [2][]cartcore.Key
	free bool // what a line's options hold is the client's own
}

// place is where names are put: an object of the body, by the way to it, or the query.
type place struct {
	way   []any
	query bool
	holds []string // names that stand there
}

func (p *place) String() string {
	if p.query {
		return "the query"
	}
	return "the body" + fmt.Sprint(p.way)
}

// free tells the one object whose names are the client's own.
func (p *place) free() bool { return len(p.way) > 0 && p.way[len(p.way)-1] == "options" }

// places are the query, the body and each object in it.
func places(step *Step) []*place {
	query, err := url.ParseQuery(brace.ReplaceAllString(step.Query, "x"))
	if err != nil {
		panic(err)
	}
	inQuery := &place{query: true}
	for name := range query {
		inQuery.holds = append(inQuery.holds, name)
	}
	all := []*place{inQuery}
	walk(sample(step), nil, func(way []any, object map[string]any) {
		p := &place{way: slices.Clone(way)}
		for name := range object {
			p.holds = append(p.holds, name)
		}
		all = append(all, p)
	})
	return all
}

// sample is a step's body as a tree; an empty object where it has none.
func sample(step *Step) any {
	return tree(bodyOf(step, &Shown{Shop: alpha, Number: "1"}))
}

func tree(body string) any {
	if body == "" {
		body = "{}"
	}
	var made any
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		panic(err)
	}
	return made
}

func walk(node any, way []any, visit func(way []any, object map[string]any)) {
	switch node := node.(type) {
	case map[string]any:
		visit(way, node)
		for name, below := range node {
			walk(below, append(way, name), visit)
		}
	case []any:
		for i, below := range node {
			walk(below, append(way, i), visit)
		}
	}
}

// with is a request's body or query with names at a place, all of one value.
func (p *place) with(body, query string, names []string, value string) (string, string) {
	if p.query {
		filled, err := url.ParseQuery(query)
		if err != nil {
			panic(err)
		}
		for _, name := range names {
			filled.Set(name, strings.Trim(value, `"`))
		}
		return body, filled.Encode()
	}
	made := tree(body)
	walk(made, nil, func(way []any, object map[string]any) {
		if !slices.Equal(way, p.way) {
			return
		}
		for _, name := range names {
			object[name] = json.RawMessage(value)
		}
	})
	text, err := json.Marshal(made)
	if err != nil {
		panic(err)
	}
	return string(text), query
}

// fill sends a step's requests with all names at a place.
func (f *fields) fill(t *testing.T, step *Step, p *place, names []string) {
	t.Helper()
	strange := []string{}
	for _, name := range names {
		if !slices.Contains(p.holds, name) && !slices.Contains(step.Takes, name) {
			strange = append(strange, name)
		}
	}
	values, most := foreign, len(strange)
	if p.query {
		values = foreign[:2] // a query holds text only
	}
	if p.free() {
		values, most = foreign[:1], mostOptions/40
	}
	for _, value := range values {
		for part := range slices.Chunk(strange, most) {
			if difference := f.differs(t, step, p, part, value); difference != "" {
				t.Errorf("%s makes a difference in %s, each %s\n%s", f.guilty(t, step, p, part, value), p, value, difference)
			}
		}
	}
}

// guilty is the first name of names that makes a difference alone, or the fewest that do together.
func (f *fields) guilty(t *testing.T, step *Step, p *place, names []string, value string) string {
	t.Helper()
	for len(names) > 1 {
		half := len(names) / 2
		if f.differs(t, step, p, names[:half], value) != "" {
			names = names[:half]
		} else if f.differs(t, step, p, names[half:], value) != "" {
			names = names[half:]
		} else {
			break
		}
	}
	return fmt.Sprintf("%q", names)
}

// differs says where the answers, or the carts as their owners read them, are not the same; empty where they are.
func (f *fields) differs(t *testing.T, step *Step, p *place, names []string, value string) string {
	t.Helper()
	f.number += 2
	plain := f.w.owners(t, step, fmt.Sprintf("c%06d", f.number))
	filled := f.w.owners(t, step, fmt.Sprintf("c%06d", f.number+1))
	for i := range plain {
		without := f.tell(t, step, p, plain[i], nil, "")
		with := f.tell(t, step, p, filled[i], names, value)
		if without != with {
			return "without " + without + "\nwith    " + with
		}
		f.pairs = append(f.pairs, &pair{
			name: fmt.Sprintf("%s %s, each %s in %s", step.Dialect, step.Pattern, value, p), free: p.free(),
			kept: [2][]cartcore.Key{keptOf(plain[i]), keptOf(filled[i])},
		})
	}
	return ""
}

// tell sends the request and answers all that its sender sees from then on, masked.
func (f *fields) tell(t *testing.T, step *Step, p *place, own *holder, names []string, value string) string {
	t.Helper()
	query := filled(step.Query, values(step, &own.Shown), url.QueryEscape)
	body := bodyOf(step, &own.Shown)
	if names != nil {
		body, query = p.with(body, query, names, value)
	}
	mine := []string{}
	for _, text := range []string{own.Token, own.Shown.Guest, own.Cart, own.Line, own.Name} {
		if text != "" {
			mine = append(mine, text)
		}
	}
	said := []string{shownWithout(f.w.send(t, requestWith(step, &own.Shown, query, body)), mine, p.free())}
	for dialect := range dialects {
		if own.Token == "" && dialect != step.Dialect {
			continue
		}
		said = append(said, dialect+" "+shownWithout(f.w.send(t, Request(looks(dialect), &own.Shown)), mine, p.free()))
	}
	slices.Sort(said[1:])
	return strings.Join(said, "\n")
}

// shownWithout is seen; where the options are free, without them and without the tag that they make.
func shownWithout(from *answer, mine []string, free bool) string {
	if !free || from.Status >= 300 {
		return seen(from, mine)
	}
	made := tree(from.Body)
	walk(made, nil, func(_ []any, object map[string]any) { delete(object, "options") })
	text, err := json.Marshal(made)
	if err != nil {
		panic(err)
	}
	return seen(&answer{from.Status, from.Header, string(text)}, mine)
}

// keptOf are the keys of what can be kept of an owner: the cart, the cart as an order, and for what the owner waits.
func keptOf(own *holder) []cartcore.Key {
	cart := own.Cart
	if cart == "" {
		cart = own.Name
	}
	return []cartcore.Key{
		own.kept,
		{Tenant: own.kept.Tenant, Owner: cartcore.FiledOwner(own.kept.Owner, cart)},
		{Tenant: own.kept.Tenant, Owner: cartcore.NotifyOwner(items["mug"].SKU, own.Name)},
	}
}

// plainly is a cart as it is kept, without what is another in every cart: ids and times.
func plainly(cart *cartcore.Cart, free bool) string {
	if cart == nil {
		return "none"
	}
	bare := *cart
	bare.ID, bare.Created, bare.Updated = "", 0, 0
	bare.Locked = min(bare.Locked, 1)
	bare.Lines, bare.Merged = nil, nil
	for _, line := range cart.Lines {
		same := *line
		same.ID, same.Added, same.Updated = "", 0, 0
		if free {
			same.Options = nil
		}
		bare.Lines = append(bare.Lines, &same)
	}
	for _, mark := range cart.Merged {
		mark.Cart = ""
		bare.Merged = append(bare.Merged, mark)
	}
	text, err := json.Marshal(bare)
	if err != nil {
		panic(err)
	}
	return cart.Key.Tenant + " " + string(text)
}
