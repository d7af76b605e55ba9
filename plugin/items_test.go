package plugin

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/ucp"
)

// shelf is what the shop sells: a mug that has every identifier, caps of one product, and a song that has none but its SKU.
func shelf(t *testing.T) *catalog.Snapshot {
	t.Helper()
	sold, faults := catalog.Parse([]byte(`{"items":[
		{"sku":"mug","productId":"p-mug","variantId":"v-mug","title":"Mug","imageUrl":"https://shop.example/mug.jpg","price":"8.00","stock":5},
		{"sku":"cap-red","productId":"p-cap","variantId":"v-red","title":"Cap","price":"12.50","originalPrice":"15.00","stock":3},
		{"sku":"cap-blue","productId":"p-cap","variantId":"v-blue","title":"Cap","price":"12.50","stock":9},
		{"sku":"song","title":"Song","price":"0.99","trackStock":false}
	]}`), "USD")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return sold
}

func linesOf(lines ...string) []*cartcore.Line {
	made := []*cartcore.Line{}
	for _, line := range lines {
		sku, quantity := "", int64(0)
		if _, err := fmt.Sscan(line, &sku, &quantity); err != nil {
			panic(err)
		}
		made = append(made, &cartcore.Line{SKU: sku, Quantity: quantity})
	}
	return made
}

func TestWhatAServiceCallsAnItem(t *testing.T) {
	sold := shelf(t)
	tests := []struct{ itemID, sku, id string }{
		{"", "mug", "v-mug"},
		{"", "song", "song"},
		{"sku", "mug", "mug"},
		{"variantId", "mug", "v-mug"},
	}
	for _, test := range tests {
		b := &backend{ItemID: test.itemID}
		if got := itemOf(b, sold.Facts[test.sku]); got != test.id {
			t.Errorf("by %q %s is %q, want %q", test.itemID, test.sku, got, test.id)
		}
		if got := skuOf(b, sold, test.id); got != test.sku {
			t.Errorf("by %q %q is the item %q, want %q", test.itemID, test.id, got, test.sku)
		}
	}
	nobody := []struct{ itemID, id string }{
		{"", ""}, {"", "mug"}, {"", "p-mug"}, {"", "none"}, {"sku", ""}, {"sku", "v-mug"}, {"variantId", "song"}, {"variantId", ""},
	}
	for _, test := range nobody {
		if got := skuOf(&backend{ItemID: test.itemID}, sold, test.id); got != "" {
			t.Errorf("by %q %q is the item %q", test.itemID, test.id, got)
		}
	}
	for itemID, sku := range map[string]string{"": "none", "variantId": "song"} {
		if got := itemOf(&backend{ItemID: itemID}, sold.Facts[sku]); got != "" {
			t.Errorf("by %q %s is %q", itemID, sku, got)
		}
	}
}

// What is wanted keeps the lines that the service has already, and those that only the service knows.
func TestWhatAServiceShallHave(t *testing.T) {
	backing := &cartcore.Backing{ID: "cart_1", Lines: []*cartcore.BackedLine{
		{ID: "li_1", Item: "v-mug", SKU: "mug", Quantity: 1}, {ID: "li_2", Item: "bow", Parent: "li_1", Quantity: 2}, {ID: "li_3", Item: "v-mug", SKU: "mug", Quantity: 4},
		{ID: "li_4", Item: "v-lost", SKU: "lost", Quantity: 1}, {ID: "li_5", Item: "v-red", SKU: "cap-red", Quantity: 1},
	}}
	wanted := func(backing *cartcore.Backing, lines ...string) string {
		texts := []string{}
		for _, one := range wantedOf(&backend{}, backing, linesOf(lines...), shelf(t).Facts) {
			texts = append(texts, fmt.Sprintf("%s<%s %s %d", one.ID, one.Parent, one.Item, one.Quantity))
		}
		return strings.Join(texts, ", ")
	}
	for _, test := range []struct{ name, got, want string }{
		{"a first cart", wanted(nil, "mug 2", "song 1"), "< v-mug 2, < song 1"},
		{"a line of two that is one with us, and one more", wanted(backing, "mug 6", "song 1"), "li_1< v-mug 6, < song 1, li_2<li_1 bow 2"},
		{"an item that the catalogue has lost and the service has", wanted(backing, "lost 1"), "li_4< v-lost 1, li_2<li_1 bow 2"},
		{"an item that nobody has", wanted(backing, "ghost 1", "cap-red 3"), "li_5< v-red 3, li_2<li_1 bow 2"},
		{"an item that nobody has, in a first cart", wanted(nil, "ghost 1"), ""},
		{"nothing of ours", wanted(backing), "li_2<li_1 bow 2"},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, test.got, test.want)
		}
	}
}

// A line of the service is ours by what the service called the item before, by what our lines are called, or by the catalogue; a
// part of another line is nobody's.
func TestWhatIsKeptOfAnAnswer(t *testing.T) {
	answer := ucp.Read(http.StatusOK, http.Header{"Etag": {`"v2"`}}, []byte(`{"id":"cart_1","currency":"USD","totals":[{"type":"subtotal","amount":99}],"line_items":[
		{"id":"li_1","item":{"id":"v-mug","price":7},"quantity":1},
		{"id":"li_2","item":{"id":"v-red","price":7},"quantity":2,"parent_id":"li_1"},
		{"id":"li_3","item":{"id":"v-lost","price":7},"quantity":3},
		{"id":"li_4","item":{"id":"v-never","price":7},"quantity":4},
		{"id":"li_5","item":{"id":"v-blue","price":7},"quantity":5,"totals":[{"type":"subtotal","amount":34}]}]}`), "", "USD")
	if answer.Cart == nil {
		t.Fatal(answer.Err)
	}
	before := &cartcore.Backing{ID: "cart_0", Tag: `"v1"`, Moves: 6, Subtotal: 1, Intent: &cartcore.Intent{Key: "k"}, Lines: []*cartcore.BackedLine{
		{ID: "li_3", Item: "v-lost", SKU: "lost"}, {ID: "li_9", Item: "v-lost", Parent: "li_3"}, // the same item as a part of it
	}}
	for name, test := range map[string]struct {
		before *cartcore.Backing
		moves  int64
		lost   string
	}{"a first answer": {nil, 0, ""}, "a later one": {before, 6, "lost"}} {
		made := backingOf(&backend{}, test.before, linesOf("mug 1"), shelf(t), answer)
		want := &cartcore.Backing{ID: "cart_1", Tag: `"v2"`, Moves: test.moves, Subtotal: 99, Lines: []*cartcore.BackedLine{
			{ID: "li_1", Item: "v-mug", SKU: "mug", Quantity: 1, Total: 7}, {ID: "li_2", Item: "v-red", Parent: "li_1", Quantity: 2, Total: 14},
			{ID: "li_3", Item: "v-lost", SKU: test.lost, Quantity: 3, Total: 21}, {ID: "li_4", Item: "v-never", Quantity: 4, Total: 28},
			{ID: "li_5", Item: "v-blue", SKU: "cap-blue", Quantity: 5, Total: 34},
		}}
		if !reflect.DeepEqual(made, want) {
			for i := range want.Lines {
				if *made.Lines[i] != *want.Lines[i] {
					t.Errorf("%s: line %+v, want %+v", name, made.Lines[i], want.Lines[i])
				}
			}
			t.Errorf("%s: got %+v", name, made)
		}
	}
}

func TestWhatAServiceSaysOfAnItemIsTold(t *testing.T) {
	sold := shelf(t).Facts
	tests := []struct {
		name, sku       string
		line            ucp.Line
		price, original int64
		title, image    string
	}{
		{"the same", "mug", ucp.Line{Title: "Mug", Price: 800}, 800, 800, "Mug", "https://shop.example/mug.jpg"},
		{"no title", "mug", ucp.Line{Price: 800}, 800, 800, "Mug", "https://shop.example/mug.jpg"},
		{"another title", "mug", ucp.Line{Title: "Cup", Price: 800}, 800, 800, "Cup", "https://shop.example/mug.jpg"},
		{"another picture", "mug", ucp.Line{Price: 800, ImageURL: "https://other"}, 800, 800, "Mug", "https://shop.example/mug.jpg"},
		{"a picture where we have none", "song", ucp.Line{Price: 99, ImageURL: "https://other"}, 99, 99, "Song", "https://other"},
		{"dearer", "mug", ucp.Line{Price: 900}, 900, 900, "Mug", "https://shop.example/mug.jpg"},
		{"cheaper", "mug", ucp.Line{Price: 700}, 700, 700, "Mug", "https://shop.example/mug.jpg"},
		{"an offer that is another one", "cap-red", ucp.Line{Price: 1400}, 1400, 1500, "Cap", ""},
		{"an offer that is over", "cap-red", ucp.Line{Price: 1600}, 1600, 1600, "Cap", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			item, was := sold[test.sku], *sold[test.sku]
			told := retold(item, &test.line)
			if told.Price != test.price || told.OriginalPrice != test.original || told.Title != test.title || told.ImageURL != test.image || told.SKU != item.SKU {
				t.Errorf("it is told as %+v", told)
			}
			if !reflect.DeepEqual(*item, was) {
				t.Errorf("the catalogue's item is now %+v", item)
			}
		})
	}
}

// What the service did not grant is told as short stock is, and what it does not sell as what is not sold.
func TestWhatAServiceGranted(t *testing.T) {
	gone := ucp.Read(http.StatusOK, http.Header{}, []byte(`{"ucp":{"status":"error"},"messages":[{"type":"error","code":"item_unavailable","content":"v-mug is gone"},
		{"type":"error","code":"out_of_stock","content":"v-red is out of stock"},{"type":"error","code":"item_unavailable","content":"no more of song"}]}`), "", "USD")
	sold := shelf(t).Facts
	granted := grantedBy(&backend{}, gone, map[string]int64{"song": 2, "cap-blue": 4}, linesOf("mug 1", "cap-red 1", "song 3", "cap-blue 4", "ghost 1"), sold)
	for sku, want := range map[string]struct {
		stock         int64
		track, active bool
	}{"mug": {0, true, false}, "cap-red": {0, true, true}, "song": {2, true, true}, "cap-blue": {9, true, true}} {
		item := granted[sku]
		if item.Stock != want.stock || item.TrackStock != want.track || item.Active != want.active {
			t.Errorf("%s is told as %+v", sku, item)
		}
	}
	if len(granted) != len(sold) || granted["cap-blue"] != sold["cap-blue"] {
		t.Errorf("what was granted is told otherwise: %+v", granted)
	}
	if sold["song"].TrackStock || !sold["mug"].Active {
		t.Error("the catalogue was changed")
	}
}
