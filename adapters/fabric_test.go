package adapters

import (
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

const fabricAccount = `{"channel":12,"account":"5f493c9f30ec2a0007a94fc8"}`

// fabricCallOf is a request on the cart 60e356acc8bcd300099e66a8 and, where a route has one, its line 1.
func fabricCallOf(query, authorization, body string) *Call {
	request := httptest.NewRequest("POST", "/api-cart/cart/item"+query, nil)
	request.Header.Set("X-Site-Context", fabricAccount)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	request.SetPathValue("cartId", "60e356acc8bcd300099e66a8")
	request.SetPathValue("lineItemId", "1")
	return &Call{
		Command: &cartcore.Command{}, Credentials: &cartcore.Credentials{}, Request: request, Body: []byte(body), Options: map[string]string{"priceListId": "100000", "forbiddenStatus": "500"},
		Limits: &cartcore.Limits{MaxLines: 500, MaxQuantityPerLine: 10000},
	}
}

// A refusal that no transcript can reach is printed as the dialect's table says.
func TestFabricPrintsEveryRefusal(t *testing.T) {
	if len(fabricRefusals) != len(cartcore.Kinds()) {
		t.Errorf("the table has %d rows, there are %d kinds", len(fabricRefusals), len(cartcore.Kinds()))
	}
	call := fabricCallOf("", "", "")
	checkRefusals(t, "testdata/fabric-refusals.txt", func(refused *cartcore.Error) *Answer { return fabricFail(call, refused) })
}

func TestFabricReadsWhoAsks(t *testing.T) {
	const cart = "60e356acc8bcd300099e66a8"
	guest := cartcore.Credentials{TenantBy: cartcore.TenantByAccount, Tenant: "5f493c9f30ec2a0007a94fc8", Need: cartcore.NeedCart, Guest: cart, Cart: cart}
	user := guest
	user.Guest, user.Token = "", "t1"
	nobody := guest
	nobody.Guest, nobody.Cart, nobody.Need = "", "", cartcore.NeedAnyone
	buyer := nobody
	buyer.Token = "t1"
	items := `"items":[{"itemId":170,"quantity":1,"lineItemId":1}]`
	tables := []struct {
		name                       string
		decode                     func(*Call) *cartcore.Error
		query, authorization, body string
		want                       cartcore.Credentials
	}{
		{"a new cart", fabricAdd, "", "", `{"cartId":null,` + items + `}`, nobody},
		{"a guest's cart", fabricAdd, "", "", `{"cartId":"` + cart + `",` + items + `}`, guest},
		{"a user's own cart", fabricAdd, "", "t1", `{"cartId":null,` + items + `}`, buyer},
		{"a user's cart by id", fabricAdd, "", "t1", `{"cartId":"` + cart + `",` + items + `}`, user},
		{"the header goes before the body", fabricAdd, "", "Bearer t1", `{"userAuthToken":"t2",` + items + `}`, buyer},
		{"the body goes before the query", fabricAdd, "?userAuthToken=t2", "", `{"userAuthToken":"t1",` + items + `}`, buyer},
		{"a null header leaves it to the body", fabricAdd, "", "Bearer null", `{"userAuthToken":"t1",` + items + `}`, buyer},
		{"a null body leaves it to the query", fabricAdd, "?userAuthToken=t1", "", `{"userAuthToken":"null",` + items + `}`, buyer},
		{"the path of an update", fabricSet, "", "", `{` + items + `}`, guest},
		{"the body of an update", fabricSet, "", "", `{"userAuthToken":"t1",` + items + `}`, user},
		{"the path of a removal", fabricRemove, "", "", "", guest},
		{"the query of a removal", fabricRemove, "?userAuthToken=t1", "", "", user},
		{"the path of an emptying", fabricClear, "?userAuthToken=null", "", "", guest},
		{"the query of a read", fabricRead, "?cartId=" + cart, "", "", guest},
	}
	for _, row := range tables {
		t.Run(row.name, func(t *testing.T) {
			call := fabricCallOf(row.query, row.authorization, row.body)
			if problem := row.decode(call); problem != nil {
				t.Fatal(problem.Error())
			}
			if *call.Credentials != row.want {
				t.Errorf("got %+v\nwant %+v", call.Credentials, row.want)
			}
		})
	}
}

// A refusal of a field must not be hidden by one of a cart that the request could not name.
func TestFabricNamesNoCartBesideABadField(t *testing.T) {
	for _, body := range []string{`[]`, `{"cartId":5}`, `{"userAuthToken":{}}`} {
		call := fabricCallOf("", "", body)
		if problem := fabricAdd(call); problem == nil || problem.Kind != cartcore.KindInvalid || call.Credentials.Need != cartcore.NeedAnyone || call.Credentials.Tenant == "" {
			t.Errorf("%s: got %v and %+v", body, problem, call.Credentials)
		}
	}
}

func TestFabricTellsNobodysToken(t *testing.T) {
	for _, body := range []string{`{"userAuthToken":["secret"]}`, `{"cartId":["secret"]}`, `"secret"`} {
		call := fabricCallOf("", "", body)
		answer := fabricFail(call, fabricAdd(call))
		if answer.Status != 400 || strings.Contains(string(answer.Body), "secret") {
			t.Errorf("%s is answered by %d %s", body, answer.Status, answer.Body)
		}
	}
}

func TestFabricWritesCommands(t *testing.T) {
	attributes := func(list string) []cartcore.Attribute {
		return []cartcore.Attribute{{Name: "priceListId", Value: list, Default: "100000"}, {Name: "weight"}, {Name: "taxCode"}}
	}
	of := func(number int64) cartcore.ItemRef { return cartcore.ItemRef{NumericID: number} }
	tables := []struct {
		name   string
		decode func(*Call) *cartcore.Error
		body   string
		want   cartcore.Command
	}{
		{
			"an add refuses short stock", fabricAdd, `{"items":[{"itemId":170,"quantity":2,"priceListId":1e2,"group":["g"],"price":{"base":9.5,"sale":0}}]}`,
			cartcore.Command{Verb: cartcore.Add, Short: cartcore.ShortRefuses, Asks: []*cartcore.Ask{
				{Item: of(170), Named: "170", Quantity: 2, Groups: []string{"g"}, PriceSeen: "9.5", Attributes: attributes("100")},
			}},
		},
		{
			"an add has no use for lines", fabricAdd, `{"items":[{"itemId":170,"quantity":2,"lineItemId":"x"}]}`,
			cartcore.Command{Verb: cartcore.Add, Short: cartcore.ShortRefuses, Asks: []*cartcore.Ask{{Item: of(170), Named: "170", Quantity: 2, Attributes: attributes("")}}},
		},
		{
			"an update names lines, and caps", fabricSet, `{"items":[{"lineItemId":3,"itemId":170,"quantity":0},{"itemId":171,"quantity":1,"price":{"base":9,"sale":8}}]}`,
			cartcore.Command{Verb: cartcore.Set, Short: cartcore.ShortCapsToEmpty, Gone: cartcore.GoneDrops, NeedsCart: true, Asks: []*cartcore.Ask{
				{LineNumber: 3, Item: of(170), Named: "3"}, {Item: of(171), Named: "171", Quantity: 1, PriceSeen: "8"},
			}},
		},
		{"a removal names a line", fabricRemove, "", cartcore.Command{Verb: cartcore.Remove, NeedsCart: true, NeedsLines: true, Asks: []*cartcore.Ask{{LineNumber: 1, Named: "1"}}}},
		{"an emptying needs a cart and no line", fabricClear, "", cartcore.Command{Verb: cartcore.Clear, NeedsCart: true}},
		{"a read needs a cart", fabricRead, "", cartcore.Command{NeedsCart: true}},
	}
	for _, row := range tables {
		t.Run(row.name, func(t *testing.T) {
			call := fabricCallOf("?cartId=60e356acc8bcd300099e66a8", "", row.body)
			if problem := row.decode(call); problem != nil {
				t.Fatal(problem.Error())
			}
			if !reflect.DeepEqual(*call.Command, row.want) {
				t.Errorf("got %+v\nwant %+v", call.Command, row.want)
			}
		})
	}
}

func TestFabricReadsTheSiteContext(t *testing.T) {
	tables := []struct{ name, sent, account string }{
		{"as JSON", `{"account":"abc123","channel":12}`, "abc123"},
		{"as the page misprints it", `{ "date": "2020-08-28T02:35:27.787Z", "channel": 12, "account": abc123", "stage": "sandbox" }`, "abc123"},
		{"misprinted at the end", `{"account":abc123"}`, "abc123"},
		{"with no account", `{"channel":12}`, ""},
		{"with a null account", `{"account":null}`, ""},
		{"with both quotes missing", `{"account":abc123}`, "unreadable"},
		{"as text", `abc123`, "unreadable"},
		{"with two accounts", `{"account":"a","account":"b"}`, "unreadable"},
		{"not at all", ``, "unreadable"},
	}
	for _, row := range tables {
		t.Run(row.name, func(t *testing.T) {
			call := fabricCallOf("", "", "")
			call.Request.Header.Set("X-Site-Context", row.sent)
			got := "unreadable"
			if problem := fabricRead(call); problem == nil {
				got = call.Credentials.Tenant
			} else if problem.Kind != cartcore.KindMalformed {
				t.Errorf("refused as %v", problem)
			}
			if got != row.account {
				t.Errorf("got %q, want %q", got, row.account)
			}
		})
	}
}

// A context that was read lately is not read again, whatever time it tells, and no other is taken for it.
func TestFabricKnowsTheSiteContextAgain(t *testing.T) {
	fabricSites.accounts = map[string]string{}
	rows := []struct {
		sent, account string // account is empty where the context names none
		refused       bool
		known         bool // from a row before
	}{
		{`{"date":"2020-08-28T02:35:27.787Z","account":"known1"}`, "known1", false, false},
		{`{"date":"2026-11-30T20:00:00.000+01:00","account":"known1"}`, "known1", false, true},
		{`{"date":"","account":"known1"}`, "known1", false, true},
		{`{"date":"2020-08-28T02:35:27.787Z","account":"known2"}`, "known2", false, false},
		{`{"date":"a \"quoted\" time","account":"known1"}`, "known1", false, false},
		{`{"date":"2020"x,"account":"known1"}`, "", true, false},
		{`{"date":"2020","date":"2020","account":"known1"}`, "", true, false},
		{`{"date":"2020","date":"2021","account":"known1"}`, "", true, false},
		{`{"a":"b"date":"2020","account":"known1"}`, "", true, false},
		{`{"a\"date":"2020","account":"known1"}`, "known1", false, false},
		{`{"a\"date":"2021","account":"known1"}`, "known1", false, true},
		{`{"date":"2020"}`, "", false, false},
		{`{"date":"2020","account":""}`, "", false, false},
		{`{"date":"2020","account":7}`, "", false, false},
		{`{"account": known3"}`, "known3", false, false},
		{`{"account": known3"}`, "known3", false, true},
		{`{"account":"known4","pad":"` + strings.Repeat("x", maxSiteBytes) + `"}`, "known4", false, false},
		{`{"account":"known4","pad":"` + strings.Repeat("x", maxSiteBytes) + `"}`, "known4", false, false},
	}
	for _, row := range rows {
		undated := fabricUndated.ReplaceAllString(row.sent, `"date":""`)
		if known := fabricSites.accounts[undated] != ""; known != row.known {
			t.Errorf("%.80s: known is %t", row.sent, known)
		}
		for range 2 {
			call := fabricCallOf("", "", "")
			call.Request.Header.Set("X-Site-Context", row.sent)
			err := fabricCaller(call)
			if (err != nil) != row.refused || call.Credentials.Tenant != row.account {
				t.Errorf("%.80s: the account is %q, the error %v", row.sent, call.Credentials.Tenant, err)
			}
		}
	}
	for n := range 3 * maxSites {
		call := fabricCallOf("", "", "")
		call.Request.Header.Set("X-Site-Context", `{"account":"many`+strconv.Itoa(n)+`"}`)
		if err := fabricCaller(call); err != nil || call.Credentials.Tenant != "many"+strconv.Itoa(n) {
			t.Fatalf("context %d: the account is %q, the error %v", n, call.Credentials.Tenant, err)
		}
	}
	if len(fabricSites.accounts) > maxSites {
		t.Errorf("%d contexts are known", len(fabricSites.accounts))
	}
}

func TestFabricPrintsACartOfAnotherCurrency(t *testing.T) {
	item := &cartcore.Item{SKU: "x", NumericID: 5, Title: `<b> & "é"`, Price: 1250, OriginalPrice: 1500, Active: true}
	cart := cartcore.New(cartcore.Key{Tenant: "t", Owner: "customer:1"}, "KWD", "ab", 1_700_000_000_000)
	cart.Lines = []*cartcore.Line{{ID: cart.ID, Number: 1, SKU: "x", Quantity: 3, Added: 1_700_000_000_001, Updated: 1_700_000_000_999}}
	view, err := cartcore.Show(cart, cartcore.Facts{"x": item})
	if err != nil {
		t.Fatal(err.Error())
	}
	body := string(fabricCart(fabricCallOf("", "", ""), &Seen{View: view, Outcome: &cartcore.Outcome{}, Caller: &cartcore.Caller{Customer: "1"}}).Body)
	for _, part := range []string{
		`"sale":1.25,"base":1.5,"currency":"KWD"`, `"totalPrice":{"currency":"KWD","amount":3.75}`, `"totalAmount":{"currency":"KWD","amount":3.75}`,
		`"title":"<b> & \"é\""`, `"createdAt":"2023-11-14T22:13:20.001Z"`, `"updatedAt":"2023-11-14T22:13:20.999Z"`, `"weight":0`, `"taxCode":""`, `"weightUnit":"lb"`,
	} {
		if !strings.Contains(body, part) {
			t.Errorf("%s is not in %s", part, body)
		}
	}
}

func TestFabricPriceDocument(t *testing.T) {
	document := func(attribute string) fabricPriceOf {
		item := &cartcore.Item{SKU: "x", NumericID: 5, Price: 100, OriginalPrice: 100, Attributes: map[string]string{"priceDocument": attribute}}
		return fabricPriceDocument(fabricCallOf("", "", ""), item, "1", "0", "USD")
	}
	plain := document("")
	if len(plain.ID) != 24 || len(plain.Offers[0].ID) != 24 || plain.ID == plain.Offers[0].ID {
		t.Errorf("the made ids are %q and %q", plain.ID, plain.Offers[0].ID)
	}
	if again := document(""); !reflect.DeepEqual(again, plain) {
		t.Errorf("an item's price document changes: %+v", again)
	}
	for _, broken := range []string{`5`, `"x"`, `[]`, `{"cost":"x"}`, `{"offerCode":"x"}`} {
		if got := document(broken); !reflect.DeepEqual(got, plain) {
			t.Errorf("the attribute %s makes %+v", broken, got)
		}
	}
	if got := document(`{"_id":"a","offerId":"b","cost":0.10,"offerCode":7,"startDate":"s","endDate":"e"}`); got.ID != "a" || got.Offers[0].ID != "b" || got.Offers[0].Price.Cost != "0.10" || got.Offers[0].OfferCode != 7 || got.Offers[0].StartDate != "s" || got.Offers[0].EndDate != "e" {
		t.Errorf("got %+v", got)
	}
}

func TestFabricRunningNumber(t *testing.T) {
	a, b := fabricNumber("60e35687-c8bc-4300-a99e-66a6c8bcd300"), fabricNumber("60e35687-c8bc-4300-a99e-66a6c8bcd301")
	if a < 1 || b < 1 || a == b || a != fabricNumber("60e35687-c8bc-4300-a99e-66a6c8bcd300") {
		t.Errorf("the numbers are %d and %d", a, b)
	}
	if id := fabricGuest("0123456789abcdef0123456789abcdef"); id != "0123456789abcdef01234567" {
		t.Errorf("a guest's _id is %q", id)
	}
}
