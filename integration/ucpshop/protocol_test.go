package ucpshop_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/polycart/polycart/integration/ucpshop"
)

func TestHeadersAreCheckedBeforeAnythingHappens(t *testing.T) {
	p := openShop(t, ucpshop.Settings{MaxBody: 200})
	body := wish("", "pot_ceramic 1")
	for _, test := range []struct {
		name, header, value string
		status              int
		code                string
	}{
		{"no agent", "UCP-Agent", "", 400, "invalid_profile_url"},
		{"an agent that is only a URL", "UCP-Agent", "https://platform.example", 400, "invalid_profile_url"},
		{"an agent without profile", "UCP-Agent", `version="2026-04-08"`, 400, "invalid_profile_url"},
		{"a profile that is a number", "UCP-Agent", `profile=7`, 400, "invalid_profile_url"},
		{"a profile that is a list", "UCP-Agent", `profile=("https://platform.example")`, 400, "invalid_profile_url"},
		{"a profile without TLS", "UCP-Agent", `profile="http://platform.example"`, 400, "invalid_profile_url"},
		{"a profile without a host", "UCP-Agent", `profile="https:///p"`, 400, "invalid_profile_url"},
		{"a profile with a password", "UCP-Agent", `profile="https://me:secret@platform.example"`, 400, "invalid_profile_url"},
		{"an agent with parameters", "UCP-Agent", `a=1, profile="https://platform.example/p";q=1`, 201, ""},
		{"no request id", "Request-Id", "", 400, "invalid_request"},
		{"a request id that is none", "Request-Id", "77", 400, "invalid_request"},
		{"a request id in braces", "Request-Id", "{" + uuid.NewString() + "}", 400, "invalid_request"},
		{"no idempotency key", "Idempotency-Key", "", 400, "invalid_request"},
		{"an idempotency key that is none", "Idempotency-Key", "again", 400, "invalid_request"},
		{"another content type", "Content-Type", "text/json", 415, "unsupported_media_type"},
		{"no content type", "Content-Type", "", 415, "unsupported_media_type"},
		{"a charset", "Content-Type", "application/json; charset=utf-8", 201, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := p.askFreely(t, "POST", "/carts", body, test.header, test.value)
			expect(t, "answer", fmt.Sprint(got.status, " ", got.Code), fmt.Sprint(test.status, " ", test.code))
		})
	}
	t.Run("a body that is too large", func(t *testing.T) {
		got := p.askFreely(t, "POST", "/carts", body+strings.Repeat(" ", 200))
		expect(t, "answer", fmt.Sprint(got.status, " ", got.Code), "413 request_too_large")
	})
	t.Run("the request id comes back", func(t *testing.T) {
		id := uuid.NewString()
		expect(t, "Request-Id", p.ask(t, "POST", "/carts", body, "Request-Id", id).header.Get("Request-Id"), id)
	})
	t.Run("headers that the text leaves out can be left out", func(t *testing.T) {
		p := openShop(t, ucpshop.Settings{OptionalHeaders: true})
		expect(t, "status", p.ask(t, "POST", "/carts", body, "Request-Id", "", "Idempotency-Key", "").status, 201)
		got := p.ask(t, "POST", "/carts", body, "Idempotency-Key", strings.Repeat("k", 256))
		expect(t, "answer to a long key", fmt.Sprint(got.status, " ", got.Code), "400 invalid_request")
	})
	for _, call := range [][2]string{{"DELETE", "/carts/x"}, {"PATCH", "/carts/x"}, {"GET", "/carts"}} {
		t.Run(call[0]+" "+call[1]+" is not there", func(t *testing.T) {
			expect(t, "status", p.askFreely(t, call[0], call[1], "").status, http.StatusMethodNotAllowed)
		})
	}
}

func TestBodiesAreReadStrictly(t *testing.T) {
	p := openShop(t, ucpshop.Settings{})
	made := p.ask(t, "POST", "/carts", wish("", "pot_ceramic 1"))
	of := func(quantity string) string {
		return `{"line_items":[{"item":{"id":"pot_ceramic"},"quantity":` + quantity + `}]}`
	}
	for _, test := range []struct{ method, body, want string }{
		{"POST", of("2"), "201"}, {"POST", of("2.0"), "201"}, {"POST", of("2e0"), "201"}, {"POST", of("20e-1"), "201"},
		{"POST", of("0"), "400 /line_items/0/quantity"}, {"POST", of("-1"), "400 /line_items/0/quantity"}, {"POST", of("1.5"), "400 /line_items/0/quantity"},
		{"POST", of(`"2"`), "400 /line_items/0/quantity"}, {"POST", of("null"), "400 /line_items/0/quantity"}, {"POST", of("true"), "400 /line_items/0/quantity"},
		{"POST", of("9007199254740992"), "400 /line_items/0/quantity"}, {"POST", of("1e999999999"), "400 /line_items/0/quantity"},
		{"POST", of("9007199254740991"), "201"}, {"POST", of("1.00000000000000000001"), "400 /line_items/0/quantity"},
		{"POST", ``, "400 the body must be a JSON object"}, {"POST", `[]`, "400 the body must be a JSON object"}, {"POST", `{`, "400 the body must be JSON"},
		{"POST", `{"line_items":[]} {}`, "400 the body must be"}, {"POST", `{"line_items":[],"line_items":[]}`, "400 the body must be JSON"},
		{"POST", "{\"line_items\":[],\"x\":\"\xff\"}", "400 the body must be UTF-8"},
		{"POST", `{"Line_Items":[]}`, "400 /line_items is required"}, {"POST", `{"line_items":{}}`, "400 /line_items is required"},
		{"POST", `{"line_items":[7]}`, "400 /line_items/0 must be"}, {"POST", `{"line_items":[{"quantity":1}]}`, "400 /line_items/0/item is required"},
		{"POST", `{"line_items":[{"item":{},"quantity":1}]}`, "400 /line_items/0/item/id is required"},
		{"POST", `{"line_items":[{"item":{"id":7},"quantity":1}]}`, "400 /line_items/0/item/id must be a string"},
		{"POST", `{"line_items":[],"buyer":[]}`, "400 /buyer must be an object"}, {"POST", `{"line_items":[],"buyer":{"email":1}}`, "400 /buyer/email must be a string"},
		{"POST", `{"line_items":[],"context":{"currency":1}}`, "400 /context/currency must be a string"},
		{"POST", `{"line_items":[],"attribution":{"click":1}}`, "400 /attribution/click must be a string"},
		{"POST", `{"line_items":[],"signals":{"ip":"x"}}`, "400 /signals/ip must be a reverse domain name"},
		{"POST", `{"line_items":[],"totals":"what only the shop says is not read","id":7}`, "201"},
		{"PUT", `{"line_items":[]}`, "400 /id is required"}, {"PUT", `{"id":"other","line_items":[]}`, "400 /id is the id of another cart"},
		{"PUT", `{"id":1,"line_items":[]}`, "400 /id must be a string"},
		{"PUT", `{"id":"` + made.ID + `","line_items":[{"id":1,"item":{"id":"a"},"quantity":1}]}`, "400 /line_items/0/id must be a string"},
	} {
		t.Run(test.method+" "+test.body, func(t *testing.T) {
			path := "/carts"
			if test.method == "PUT" {
				path += "/" + made.ID
			}
			got := p.ask(t, test.method, path, test.body)
			if is := strings.TrimSpace(fmt.Sprint(got.status, " ", got.Content)); !strings.HasPrefix(is, test.want) {
				t.Errorf("got %s, want %s", is, test.want)
			}
		})
	}
}

func TestTwoWritersWithTagsLoseNothing(t *testing.T) {
	p := openShop(t, ucpshop.Settings{Tags: true})
	made := p.ask(t, "POST", "/carts", wish("", "pot_ceramic 1"))
	tag := made.header.Get("ETag")
	expect(t, "ETag of a read", p.ask(t, "GET", "/carts/"+made.ID, "").header.Get("ETag"), tag)
	first := p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID, "pot_ceramic 2"), "If-Match", `"other", `+tag)
	if first.header.Get("ETag") == tag {
		t.Error("the tag did not change with the cart")
	}
	key := uuid.NewString()
	for _, test := range []struct{ method, path, body string }{
		{"PUT", "/carts/" + made.ID, wish(made.ID, "pot_ceramic 3")}, {"POST", "/carts/" + made.ID + "/cancel", ""},
	} {
		got := p.askFreely(t, test.method, test.path, test.body, "If-Match", tag, "Idempotency-Key", key)
		expect(t, "answer to "+test.path, fmt.Sprint(got.status, " ", got.Code), "412 precondition_failed")
	}
	expect(t, "lines", p.ask(t, "GET", "/carts/"+made.ID, "").lines(), "li_1 2 pot_ceramic")
	got := p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID, "pot_ceramic 3"), "If-Match", first.header.Get("ETag"), "Idempotency-Key", key)
	expect(t, "lines after the same key and the new tag", got.lines(), "li_1 3 pot_ceramic")
	expect(t, "status with *", p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID), "If-Match", "*").status, 200)
	expect(t, "status with no header", p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID)).status, 200)

	without := openShop(t, ucpshop.Settings{})
	made = without.ask(t, "POST", "/carts", wish("", "pot_ceramic 1"))
	expect(t, "ETag where there are none", made.header.Get("ETag"), "")
	expect(t, "status where If-Match is not known", without.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID), "If-Match", `"x"`).status, 200)
}

func TestAFileThatFailsClosesTheShop(t *testing.T) {
	p := openShop(t, ucpshop.Settings{})
	if err := p.shop.Close(); err != nil {
		t.Fatal(err)
	}
	for _, got := range []answered{
		p.ask(t, "POST", "/carts", wish("", "pot_ceramic 1")), p.ask(t, "GET", "/carts/x", ""), p.askFreely(t, "GET", "/healthz", ""),
	} {
		expect(t, "answer", fmt.Sprint(got.status, " ", got.Code), "503 service_unavailable")
		expect(t, "Retry-After", got.header.Get("Retry-After"), "5")
	}
}

func TestTheDeparturesOfPublicServers(t *testing.T) {
	body := wish("", "pot_ceramic 1")
	open := func(d ucpshop.Departures) *platform { return openShop(t, ucpshop.Settings{Departures: d}) }
	say := func(a answered) string { return strings.TrimSpace(fmt.Sprint(a.status, " ", a.codes())) }

	p := open(ucpshop.Departures{MissingCartIs404: true})
	expect(t, "a missing cart", say(p.askFreely(t, "GET", "/carts/x", "")), "404 error RESOURCE_NOT_FOUND unrecoverable")

	p = open(ucpshop.Departures{UnknownItemIs400: true})
	expect(t, "an unknown item", say(p.askFreely(t, "POST", "/carts", wish("", "weeds 1"))), "400 error INVALID_REQUEST unrecoverable")
	made := p.ask(t, "POST", "/carts", body)
	expect(t, "an unknown item in an update", say(p.askFreely(t, "PUT", "/carts/"+made.ID, wish(made.ID, "weeds 1"))), "400 error INVALID_REQUEST unrecoverable")
	expect(t, "the cart after it", p.ask(t, "GET", "/carts/"+made.ID, "").lines(), "li_1 1 pot_ceramic")

	p = open(ucpshop.Departures{ConflictInEnvelope: true})
	key := uuid.NewString()
	p.ask(t, "POST", "/carts", body, "Idempotency-Key", key)
	expect(t, "a conflict", say(p.askFreely(t, "POST", "/carts", wish(""), "Idempotency-Key", key)), "409 error IDEMPOTENCY_CONFLICT unrecoverable")

	p = open(ucpshop.Departures{NoStockCheck: true})
	made = p.ask(t, "POST", "/carts", wish("", "gardenias 5"))
	expect(t, "no stock", made.lines()+made.codes(), "li_1 5 gardenias")
	expect(t, "no stock when read", p.ask(t, "GET", "/carts/"+made.ID, "").codes(), "")

	p = open(ucpshop.Departures{AbsentKept: true})
	made = p.ask(t, "POST", "/carts", `{"line_items":[],"context":{"address_country":"US"}}`)
	expect(t, "context that an update leaves out", p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID)).Context["address_country"], "US")

	p = open(ucpshop.Departures{BodyID: ucpshop.BodyIDOptional})
	made = p.ask(t, "POST", "/carts", body)
	expect(t, "no id in the body", p.ask(t, "PUT", "/carts/"+made.ID, wish("")).status, 200)
	expect(t, "the id in the body", p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID)).status, 200)
	expect(t, "another id in the body", p.ask(t, "PUT", "/carts/"+made.ID, wish("other")).status, 400)

	p = open(ucpshop.Departures{BodyID: ucpshop.BodyIDRefused})
	made = p.ask(t, "POST", "/carts", body)
	expect(t, "no id in the body", p.ask(t, "PUT", "/carts/"+made.ID, wish("")).status, 200)
	expect(t, "the id in the body", p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID)).status, 400)
}
