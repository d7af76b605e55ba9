package ucpshop_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/integration/ucpshop"
)

func TestACartLivesFromCreateToCancel(t *testing.T) {
	p := openShop(t, ucpshop.Settings{Currency: "EUR"})
	made := p.ask(t, "POST", "/carts", `{"line_items":[{"item":{"id":"bouquet_roses"},"quantity":2},{"item":{"id":"pot_ceramic"},"quantity":1}],"context":{"address_country":"DE"}}`)
	expect(t, "status", made.status, 201)
	expect(t, "lines", made.lines(), "li_1 2 bouquet_roses, li_2 1 pot_ceramic")
	expect(t, "total", made.total(), 2*3500+1500)
	expect(t, "total of a line", totalOf(made.LineItems[0].Totals), 7000)
	expect(t, "currency", made.Currency, "EUR")
	expect(t, "country", made.Context["address_country"], "DE")
	if !strings.HasSuffix(made.ContinueURL, "/cart/"+made.ID) {
		t.Errorf("continue_url is %s", made.ContinueURL)
	}
	read := p.ask(t, "GET", "/carts/"+made.ID, "")
	expect(t, "status of the read", read.status, 200)
	expect(t, "the cart as it was read", read.text, made.text)

	changed := p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID, "li_2 pot_ceramic 3"))
	expect(t, "lines after the update", changed.lines(), "li_2 3 pot_ceramic")
	expect(t, "context after an update without it", len(changed.Context), 0)

	canceled := p.ask(t, "POST", "/carts/"+made.ID+"/cancel", "{}")
	expect(t, "what cancel shows", canceled.text, changed.text)
	for _, again := range []answered{
		p.ask(t, "GET", "/carts/"+made.ID, ""),
		p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID)),
		p.ask(t, "POST", "/carts/"+made.ID+"/cancel", ""),
	} {
		expect(t, "status afterwards", again.status, 200)
		expect(t, "what is said of it", again.codes(), "error not_found unrecoverable")
	}
}

func TestWhatCannotBeSoldIsSaid(t *testing.T) {
	items := append(ucpshop.FlowerShop(),
		ucpshop.Item{ID: "gone", Title: "Gone", Price: 1, Stock: 9, Delisted: true}, ucpshop.Item{ID: "card", Title: "Gift Card", Price: 2500, Unlimited: true})
	for _, test := range []struct{ name, lines, want, codes, path string }{
		{"more than there is", "orchid_white 900", "li_1 800 orchid_white", "warning quantity_adjusted", "$.line_items[0].quantity"},
		{"more than there is in two lines of one item", "orchid_white 700;pot_ceramic 1;orchid_white 101", "li_1 800 orchid_white, li_2 1 pot_ceramic", "warning quantity_adjusted", "$.line_items[0].quantity"},
		{"less is granted in the second line", "pot_ceramic 1;orchid_white 801", "li_1 1 pot_ceramic, li_2 800 orchid_white", "warning quantity_adjusted", "$.line_items[1].quantity"},
		{"the line before it is left out", "gardenias 1;orchid_white 801", "li_1 800 orchid_white", "error out_of_stock recoverable, warning quantity_adjusted", `$.line_items[?@.item.id == "gardenias"]`},
		{"nothing of one item", "pot_ceramic 1;gardenias 2", "li_1 1 pot_ceramic", "error out_of_stock recoverable", `$.line_items[?@.item.id == "gardenias"]`},
		{"an item that is not known", "pot_ceramic 1;weeds 2", "li_1 1 pot_ceramic", "error item_unavailable recoverable", `$.line_items[?@.item.id == "weeds"]`},
		{"an item that is no longer sold", "pot_ceramic 1;gone 2", "li_1 1 pot_ceramic", "error item_unavailable recoverable", `$.line_items[?@.item.id == "gone"]`},
		{"nothing at all of what was asked", "gardenias 2", "", "error out_of_stock unrecoverable", ""},
		{"only what is not known", "weeds 2", "", "error item_unavailable unrecoverable", ""},
		{"an item without a stock", "card 1000000", "li_1 1000000 card", "", ""},
		{"no lines", "", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := openShop(t, ucpshop.Settings{Items: items})
			asked := strings.FieldsFunc(test.lines, func(r rune) bool { return r == ';' })
			got := p.ask(t, "POST", "/carts", wish("", asked...))
			expect(t, "lines", got.lines(), test.want)
			expect(t, "messages", got.codes(), test.codes)
			if len(got.Messages) > 0 {
				expect(t, "path", got.Messages[0].Path, test.path)
			}
			expect(t, "made", got.status == 201, test.want != "" || test.lines == "")
		})
	}
	t.Run("the numbers are in the text", func(t *testing.T) {
		got := openShop(t, ucpshop.Settings{}).ask(t, "POST", "/carts", wish("", "orchid_white 900"))
		expect(t, "content", got.Messages[0].Content, "Quantity adjusted, requested 900 units but only 800 available")
	})
	t.Run("an update that leaves nothing leaves an empty cart", func(t *testing.T) {
		p := openShop(t, ucpshop.Settings{})
		made := p.ask(t, "POST", "/carts", wish("", "pot_ceramic 1"))
		got := p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID, "gardenias 1"))
		expect(t, "lines", got.lines(), "")
		expect(t, "messages", got.codes(), "error out_of_stock recoverable")
		expect(t, "total", got.total(), 0)
	})
}

func TestLinesKeepTheirIDs(t *testing.T) {
	for _, test := range []struct{ name, first, then, want string }{
		{"by id", "a 1;b 2", "li_2 b 5;li_1 a 6", "li_2 5 b, li_1 6 a"},
		{"by item where there is no id", "a 1;b 2", "b 5;a 6", "li_2 5 b, li_1 6 a"},
		{"a new item is a new line", "a 1", "b 1;a 1", "li_2 1 b, li_1 1 a"},
		{"an id that the cart does not have is no id", "a 1", "li_77 a 4;li_78 b 1", "li_1 4 a, li_2 1 b"},
		{"a line named by id can get another item", "a 1", "li_1 b 1", "li_1 1 b"},
		{"an id is not given twice", "a 1;b 1", "li_1 a 1;li_1 c 1", "li_1 1 a, li_3 1 c"},
		{"two lines of one item are one", "a 1;b 1", "a 2;b 1;a 3", "li_1 5 a, li_2 1 b"},
		{"the id of a line that went does not come back", "a 1;b 1", "a 1", "li_1 1 a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := openShop(t, ucpshop.Settings{Items: letters()})
			made := p.ask(t, "POST", "/carts", wish("", strings.Split(test.first, ";")...))
			got := p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID, strings.Split(test.then, ";")...))
			expect(t, "lines", got.lines(), test.want)
			back := p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID, "d 1"))
			for _, line := range []string{made.lines(), got.lines()} {
				if strings.Contains(line, back.LineItems[0].ID+" ") {
					t.Errorf("the new line is called %s, which stood in %s", back.LineItems[0].ID, line)
				}
			}
		})
	}
	t.Run("where a server keeps two lines of one item, both keep their ids", func(t *testing.T) {
		p := openShop(t, ucpshop.Settings{Departures: ucpshop.Departures{DuplicatesKept: true}, Items: letters()})
		made := p.ask(t, "POST", "/carts", wish("", "a 1", "a 2"))
		expect(t, "lines", made.lines(), "li_1 1 a, li_2 2 a")
		expect(t, "lines again", p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID, "a 1", "a 5", "a 6")).lines(), "li_1 1 a, li_2 5 a, li_3 6 a")
	})
	t.Run("a parent that is in the cart stays, another is left out", func(t *testing.T) {
		p := openShop(t, ucpshop.Settings{Items: letters()})
		made := p.ask(t, "POST", "/carts", wish("", "a 1"))
		got := p.ask(t, "PUT", "/carts/"+made.ID, `{"id":"`+made.ID+`","line_items":[{"id":"li_1","item":{"id":"a"},"quantity":1},
			{"item":{"id":"b"},"quantity":1,"parent_id":"li_1"},{"item":{"id":"c"},"quantity":1,"parent_id":"li_9"}]}`)
		expect(t, "lines", got.lines(), "li_1 1 a, li_2 1 b, li_3 1 c")
		expect(t, "parents", got.LineItems[1].ParentID+got.LineItems[2].ParentID, "li_1")
	})
}

// letters are items that are called a to d, with much in stock.
func letters() []ucpshop.Item {
	var items []ucpshop.Item
	for _, id := range []string{"a", "b", "c", "d"} {
		items = append(items, ucpshop.Item{ID: id, Title: "Item " + id, Price: 100, Stock: 1000})
	}
	return items
}

func TestACartShowsThePricesOfTheMoment(t *testing.T) {
	p := openShop(t, ucpshop.Settings{Items: letters()})
	made := p.ask(t, "POST", "/carts", wish("", "a 5"))
	for _, test := range []struct {
		name   string
		change func(*ucpshop.Item)
		total  int64
		codes  string
	}{
		{"another price", func(i *ucpshop.Item) { i.Price = 120 }, 600, ""},
		{"less in stock than is in the cart", func(i *ucpshop.Item) { i.Stock = 3 }, 600, "error out_of_stock recoverable"},
		{"nothing in stock", func(i *ucpshop.Item) { i.Stock = 0 }, 600, "error out_of_stock recoverable"},
		{"no longer sold", func(i *ucpshop.Item) { i.Delisted = true }, 600, "error item_unavailable recoverable"},
		{"enough again", func(i *ucpshop.Item) { i.Delisted, i.Stock = false, 9 }, 600, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := p.shop.ChangeItem("a", test.change); err != nil {
				t.Fatal(err)
			}
			got := p.ask(t, "GET", "/carts/"+made.ID, "")
			expect(t, "lines, which a read does not change", got.lines(), "li_1 5 a")
			expect(t, "total", got.total(), test.total)
			expect(t, "messages", got.codes(), test.codes)
		})
	}
	t.Run("an item that is gone keeps the title and the price it was written with", func(t *testing.T) {
		if err := p.shop.SetItems(letters()[1:]); err != nil {
			t.Fatal(err)
		}
		got := p.ask(t, "GET", "/carts/"+made.ID, "")
		expect(t, "title", got.LineItems[0].Item.Title, "Item a")
		expect(t, "price", got.LineItems[0].Item.Price, 100)
		expect(t, "messages", got.codes(), "error item_unavailable recoverable")
	})
}

func TestMoneyPastWhatCanBeSaidIsRefused(t *testing.T) {
	const most = 9007199254740991
	p := openShop(t, ucpshop.Settings{Items: []ucpshop.Item{
		{ID: "yacht", Title: "Yacht", Price: most, Unlimited: true}, {ID: "cent", Title: "Cent", Price: 1, Unlimited: true},
	}})
	expect(t, "the most", p.ask(t, "POST", "/carts", wish("", "yacht 1")).total(), most)
	for _, lines := range [][]string{{"yacht 2"}, {"yacht 1", "cent 1"}, {"cent 9007199254740991", "cent 1", "yacht 1"}, {"yacht 9007199254740991"}} {
		got := p.ask(t, "POST", "/carts", wish("", lines...))
		expect(t, fmt.Sprint(lines), fmt.Sprint(got.status, " ", got.Code), "422 amount_too_large")
	}
}

func TestACartExpires(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	p := openShop(t, ucpshop.Settings{CartTTL: time.Hour, Now: func() time.Time { return now }})
	made := p.ask(t, "POST", "/carts", wish("", "pot_ceramic 1"))
	expect(t, "expires_at", made.ExpiresAt, now.Add(time.Hour))

	now = now.Add(50 * time.Minute)
	got := p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID, "pot_ceramic 2"))
	expect(t, "expires_at after a write", got.ExpiresAt, now.Add(time.Hour))

	now = now.Add(59 * time.Minute)
	p.ask(t, "POST", "/carts", wish("", "pot_ceramic 1")) // clears away what is over: not this cart, whose end has moved
	expect(t, "lines before the end", p.ask(t, "GET", "/carts/"+made.ID, "").lines(), "li_1 2 pot_ceramic")
	now = now.Add(time.Minute)
	expect(t, "messages at the end", p.ask(t, "GET", "/carts/"+made.ID, "").codes(), "error not_found unrecoverable")
	p.ask(t, "POST", "/carts", wish("", "pot_ceramic 1")) // clears it away
	now = now.Add(-time.Minute)
	expect(t, "messages once it is cleared away", p.ask(t, "GET", "/carts/"+made.ID, "").codes(), "error not_found unrecoverable")

	forever := openShop(t, ucpshop.Settings{CartTTL: -1, Now: func() time.Time { return now }})
	made = forever.ask(t, "POST", "/carts", wish("", "pot_ceramic 1"))
	expect(t, "an end is said", strings.Contains(made.text, "expires_at"), false)
	now = now.AddDate(100, 0, 0)
	expect(t, "lines after a hundred years", forever.ask(t, "GET", "/carts/"+made.ID, "").lines(), "li_1 1 pot_ceramic")
}
