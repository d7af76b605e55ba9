package ucpshop_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/polycart/polycart/integration/ucpshop"
)

func TestAnIdempotencyKeyStandsForOneRequest(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	p := openShop(t, ucpshop.Settings{Now: func() time.Time { return now }})
	key := uuid.NewString()
	body := wish("", "pot_ceramic 1")
	made := p.ask(t, "POST", "/carts", body, "Idempotency-Key", key)

	again := p.ask(t, "POST", "/carts", body, "Idempotency-Key", key)
	expect(t, "the second answer", fmt.Sprint(again.status, again.text), fmt.Sprint(made.status, made.text))

	for _, test := range []struct{ name, method, path, body string }{
		{"another body", "POST", "/carts", wish("", "pot_ceramic 2")},
		{"the same with a blank more", "POST", "/carts", body + " "},
		{"another operation", "PUT", "/carts/" + made.ID, wish(made.ID)},
		{"a cancel", "POST", "/carts/" + made.ID + "/cancel", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := p.ask(t, test.method, test.path, test.body, "Idempotency-Key", key)
			expect(t, "answer", fmt.Sprint(got.status, " ", got.Code), "409 idempotency_conflict")
		})
	}
	t.Run("two cancels with empty bodies and one key", func(t *testing.T) {
		key := uuid.NewString()
		other := p.ask(t, "POST", "/carts", body)
		p.ask(t, "POST", "/carts/"+other.ID+"/cancel", "", "Idempotency-Key", key)
		got := p.ask(t, "POST", "/carts/"+made.ID+"/cancel", "", "Idempotency-Key", key)
		expect(t, "status", got.status, 409)
	})
	t.Run("another platform's key is another", func(t *testing.T) {
		got := p.ask(t, "POST", "/carts", wish("", "pot_ceramic 2"), "Idempotency-Key", key, "UCP-Agent", `profile="https://other.example/p"`)
		expect(t, "status", got.status, 201)
	})
	t.Run("a request that broke the protocol leaves its key free", func(t *testing.T) {
		key := uuid.NewString()
		expect(t, "status", p.ask(t, "POST", "/carts", `{}`, "Idempotency-Key", key).status, 400)
		expect(t, "status", p.ask(t, "POST", "/carts", body, "Idempotency-Key", key).status, 201)
	})
	t.Run("a refusal of the shop is what the key stands for", func(t *testing.T) {
		key := uuid.NewString()
		refused := p.ask(t, "POST", "/carts", wish("", "gardenias 1"), "Idempotency-Key", key)
		if err := p.shop.ChangeItem("gardenias", func(i *ucpshop.Item) { i.Stock = 5 }); err != nil {
			t.Fatal(err)
		}
		expect(t, "answer", p.ask(t, "POST", "/carts", wish("", "gardenias 1"), "Idempotency-Key", key).text, refused.text)
	})
	t.Run("many at once make one cart", func(t *testing.T) {
		key := uuid.NewString()
		answers := make([]string, 20)
		var all sync.WaitGroup
		for at := range answers {
			all.Go(func() {
				response, err := http.DefaultClient.Do(p.request("POST", "/carts", body, "Idempotency-Key", key))
				if err != nil {
					t.Error(err)
					return
				}
				defer response.Body.Close()
				text, err := io.ReadAll(response.Body)
				if err != nil {
					t.Error(err)
				}
				answers[at] = fmt.Sprint(response.StatusCode, " ", string(text))
			})
		}
		all.Wait()
		slices.Sort(answers)
		expect(t, "different answers", len(slices.Compact(answers)), 1)
		expect(t, "made", strings.HasPrefix(answers[0], "201 {"), true)
	})
	t.Run("two days it is known, not longer", func(t *testing.T) {
		now = now.Add(48 * time.Hour)
		expect(t, "the cart", p.ask(t, "POST", "/carts", body, "Idempotency-Key", key).ID, made.ID)
		now = now.Add(2 * time.Second)
		if p.ask(t, "POST", "/carts", body, "Idempotency-Key", key).ID == made.ID {
			t.Error("the key is still known")
		}
	})
}
