package plugin

import (
	"strings"
	"testing"
)

// A change of answers that cannot be done as it is written is refused before anybody is answered, by its name.
func TestFaultsOfShapedAnswers(t *testing.T) {
	for want, answers := range map[string]map[string]Answers{
		"answers.shopp: there is no such dialect; there are agent, shop":     {"shopp": {}},
		`answers.shop.set: the path is "a*" with "*"`:                        {"shop": {Set: map[string]string{"a*": "=1"}}},
		`answers.shop.set: the path is "a.#.b" with #`:                       {"shop": {Set: map[string]string{"a.#.b": "=1"}}},
		`answers.shop.set: "a" is to be "{price}"; allowed are {cart.id}, {`: {"shop": {Set: map[string]string{"a": "{price}"}}},
		`answers.shop.set: "a" is to be "EUR"; allowed are {cart.id}`:        {"shop": {Set: map[string]string{"a": "EUR"}}},
		`answers.shop.set: "a" is to be "=EUR"; after = it must be JSON`:     {"shop": {Set: map[string]string{"a": "=EUR"}}},
		`answers.shop.remove[1]: the path is ".a" with an empty name`:        {"shop": {Remove: []string{"a", ".a"}}},
		`answers.shop.remove[0]: "a" and "a" of answers.shop.set are one`:    {"shop": {Set: map[string]string{"a": "=1"}, Remove: []string{"a"}}},
		`answers.shop.remove[0]: "a" and "a.b" of answers.shop.set are one`:  {"shop": {Set: map[string]string{"a.b": "=1"}, Remove: []string{"a"}}},
		`answers.shop.set: "a.b.c" and "a.b" of answers.shop.set are one`:    {"shop": {Set: map[string]string{"a.b": "={}", "a.b.c": "=1"}}},
	} {
		config := CreateConfig()
		config.Tenants = []Tenant{{ID: "a", Currency: "EUR", Domains: []string{"a"}, Catalog: Catalog{Inline: `{"items":[{"sku":"A","price":"1","trackStock":false}]}`}}}
		config.Answers = map[string]Answers{"SHOP": {Set: map[string]string{"a.b": "{total}", "a.c": "=1", "ab": "=2"}, Remove: []string{"a.d"}}}
		if faults := Validate(config); len(faults) > 0 {
			t.Fatal(faults)
		}
		config.Answers = answers
		if faults := strings.Join(Validate(config), "\n"); !strings.Contains(faults, want) {
			t.Errorf("got %s, want %s", faults, want)
		}
	}
}
