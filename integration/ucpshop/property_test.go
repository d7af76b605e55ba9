package ucpshop_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/polycart/polycart/integration/ucpshop"
)

// sent is a write, as it was sent and answered.
type sent struct {
	method, path, body, key string
	answer                  answered
}

// Whatever is written in whatever order and however often it is sent again: totals add up, no cart holds more than the
// stock, a repeated key changes nothing and is answered as before, and a read shows what the last write showed.
func TestAnyWritesInAnyOrder(t *testing.T) {
	p := openShop(t, ucpshop.Settings{})
	stock := map[string]int64{}
	for _, item := range ucpshop.FlowerShop() {
		stock[item.ID] = item.Stock
	}
	drawn := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		item := rapid.SampledFrom([]string{"bouquet_roses", "pot_ceramic", "orchid_white", "gardenias", "weeds"}).Draw(t, "item")
		line := fmt.Sprintf("%s %d", item, rapid.Int64Range(1, 1200).Draw(t, "quantity"))
		if rapid.Bool().Draw(t, "named") {
			line = fmt.Sprintf("li_%d %s", rapid.IntRange(1, 5).Draw(t, "line"), line)
		}
		return line
	}), 0, 5)

	rapid.Check(t, func(t *rapid.T) {
		var writes []sent
		last := map[string]string{} // by cart: the lines that its last write was answered with
		write := func(method, path, body string) answered {
			w := sent{method: method, path: path, body: body, key: uuid.NewString()}
			w.answer = p.ask(t, method, path, body, "Idempotency-Key", w.key)
			writes = append(writes, w)
			checkSums(t, w.answer, stock)
			return w.answer
		}
		cart := func(t *rapid.T) string {
			var ids []string
			for _, w := range writes {
				if w.answer.status == http.StatusCreated {
					ids = append(ids, w.answer.ID)
				}
			}
			if len(ids) == 0 {
				t.Skip("there is no cart")
			}
			return rapid.SampledFrom(ids).Draw(t, "cart")
		}
		t.Repeat(map[string]func(*rapid.T){
			"create": func(t *rapid.T) {
				if made := write("POST", "/carts", wish("", drawn.Draw(t, "lines")...)); made.status == http.StatusCreated {
					last[made.ID] = made.lines()
				}
			},
			"update": func(t *rapid.T) {
				id := cart(t)
				if got := write("PUT", "/carts/"+id, wish(id, drawn.Draw(t, "lines")...)); got.ID == id {
					last[id] = got.lines()
				}
			},
			"cancel": func(t *rapid.T) {
				id := cart(t)
				write("POST", "/carts/"+id+"/cancel", "")
				delete(last, id)
			},
			"send again": func(t *rapid.T) {
				if len(writes) == 0 {
					t.Skip("nothing was sent")
				}
				w := rapid.SampledFrom(writes).Draw(t, "write")
				again := p.ask(t, w.method, w.path, w.body, "Idempotency-Key", w.key)
				// whether it was executed too, the carts say at the end
				expect(t, "the answer to a repeated key", fmt.Sprint(again.status, again.text), fmt.Sprint(w.answer.status, w.answer.text))
			},
		})
		for _, w := range writes {
			if w.answer.status != http.StatusCreated {
				continue
			}
			got := p.ask(t, "GET", "/carts/"+w.answer.ID, "")
			lines, there := last[w.answer.ID]
			expect(t, "is there", got.UCP.Status == "success", there)
			expect(t, "lines", got.lines(), lines)
			checkSums(t, got, stock)
		}
	})
}

// checkSums holds a cart to its sums and to the stock.
func checkSums(t *rapid.T, got answered, stock map[string]int64) {
	t.Helper()
	if got.ID == "" {
		return
	}
	sum := int64(0)
	seen := map[string]bool{}
	for _, line := range got.LineItems {
		expect(t, "total of "+line.ID, totalOf(line.Totals), line.Item.Price*line.Quantity)
		expect(t, "that "+line.Item.ID+" or "+line.ID+" stands there twice", seen[line.Item.ID] || seen[line.ID], false)
		seen[line.Item.ID], seen[line.ID] = true, true
		if line.Quantity < 1 || line.Quantity > stock[line.Item.ID] {
			t.Fatalf("%d of %s, of which there are %d", line.Quantity, line.Item.ID, stock[line.Item.ID])
		}
		sum += totalOf(line.Totals)
	}
	expect(t, "total", got.total(), sum)
}

// The service takes exactly the bodies that the official schemas allow: what is wrong with one is wrong to both. Numbers past
// 2^53-1 would be the exception, which later drafts of the protocol refuse too.
func TestBodiesAreTakenAsTheSchemasSay(t *testing.T) {
	protocol, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	p := openShop(t, ucpshop.Settings{})
	made := p.ask(t, "POST", "/carts", wish(""))
	values := []string{`1`, `0`, `-3`, `2.0`, `1.5`, `1e2`, `"x"`, `""`, `null`, `true`, `[]`, `{}`, `["com.example.gold"]`, `["x","x"]`, `{"a.b":"c"}`, `{"a":1}`,
		`{"email":1}`, `{"language":"de","eligibility":["x"]}`, `{"language":"de","eligibility":["com.example.gold"]}`, `{"id":"pot_ceramic"}`, `{"id":1}`, `"` + made.ID + `"`}
	value := rapid.SampledFrom(values)
	object := func(t *rapid.T, names []string, usual map[string]string) string {
		var members []string
		for _, name := range names {
			how := rapid.IntRange(0, 14).Draw(t, name)
			text := usual[name]
			if how == 0 {
				continue
			}
			if how == 1 {
				text = value.Draw(t, name+" is")
			}
			members = append(members, fmt.Sprintf("%q:%s", name, text))
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	taken := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		var lines []string
		for range rapid.IntRange(0, 3).Draw(t, "lines") {
			lines = append(lines, object(t, []string{"item", "quantity", "id", "parent_id", "totals"}, map[string]string{
				"item": `{"id":"pot_ceramic"}`, "quantity": "2", "id": `"li_1"`, "parent_id": `"li_1"`, "totals": `[]`,
			}))
		}
		body := object(t, []string{"id", "line_items", "context", "signals", "attribution", "buyer", "currency"}, map[string]string{
			"id": `"` + made.ID + `"`, "line_items": "[" + strings.Join(lines, ",") + "]", "context": `{"language":"en"}`,
			"signals": `{"dev.ucp.buyer_ip":"127.0.0.1"}`, "attribution": `{"click":"1"}`, "buyer": `{"email":"a@b.example"}`, "currency": `"EUR"`,
		})
		method, path := "POST", "/carts"
		if rapid.Bool().Draw(t, "update") {
			method, path = "PUT", "/carts/"+made.ID
		}
		wrong := protocol.CheckRequest(method, path, p.request(method, path, body).Header, []byte(body))
		if wrong == nil && method == "PUT" && !strings.HasPrefix(body, `{"id":"`+made.ID) {
			t.Skip("the id of another cart")
		}
		got := p.ask(t, method, path, body)
		taken[got.status < 300]++
		expect(t, fmt.Sprintf("whether %s %s is taken, of which the schemas say %v", method, body, wrong), got.status < 300, wrong == nil)
	})
	if taken[true] == 0 || taken[false] == 0 {
		t.Errorf("%d bodies were taken, %d were not: both kinds must have been tried", taken[true], taken[false])
	}
}
