package plugin

import (
	"bytes"
	"fmt"
	"math/rand"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/transcript"
)

func TestKeysAreReadInBothForms(t *testing.T) {
	tests := []struct {
		name string
		sent []string
		key  string
		ok   bool
	}{
		{"a quoted string", []string{`"8e03978e-40d5"`}, "8e03978e-40d5", true},
		{"the same bare", []string{`8e03978e-40d5`}, "8e03978e-40d5", true},
		{"quotes and backslashes are escaped in a string", []string{`"a\"b\\c"`}, `a"b\c`, true},
		{"a backslash stands for itself in a bare one", []string{`a\\b`}, `a\\b`, true},
		{"every visible character but quotes, bare", []string{"!#$%&'()*+,-./:;<=>?@[]^_`{|}~"}, "!#$%&'()*+,-./:;<=>?@[]^_`{|}~", true},
		{"one character", []string{"1"}, "1", true},
		{"255 characters bare", []string{strings.Repeat("k", 255)}, strings.Repeat("k", 255), true},
		{"255 characters quoted", []string{`"` + strings.Repeat("k", 255) + `"`}, strings.Repeat("k", 255), true},
		{"255 escaped ones", []string{`"` + strings.Repeat(`\"`, 255) + `"`}, strings.Repeat(`"`, 255), true},
		{"256 characters bare", []string{strings.Repeat("k", 256)}, "", false},
		{"256 characters quoted", []string{`"` + strings.Repeat("k", 256) + `"`}, "", false},
		{"nothing", []string{""}, "", false},
		{"an empty string", []string{`""`}, "", false},
		{"a quote that does not end", []string{`"abc`}, "", false},
		{"a quote that does not begin", []string{`abc"`}, "", false},
		{"a quote within", []string{`"a"b"`}, "", false},
		{"another escape", []string{`"a\nb"`}, "", false},
		{"a blank", []string{"two words"}, "", false},
		{"a blank within quotes", []string{`"two words"`}, "", false},
		{"a character beyond ASCII", []string{"clé"}, "", false},
		{"a control character", []string{"a\tb"}, "", false},
		{"a parameter behind the string", []string{`"abc";a=1`}, "", false},
		{"two keys", []string{"a", "b"}, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			key, ok := keyIn(test.sent)
			if ok != test.ok || (ok && key != test.key) {
				t.Errorf("got %q, %v, want %q, %v", key, ok, test.key, test.ok)
			}
		})
	}
}

func TestTagsAreFoundInLists(t *testing.T) {
	const tag = `"0123456789abcdef0123456789abcdef"`
	tests := []struct {
		name         string
		lines        []string
		strong, weak bool
	}{
		{"alone", []string{tag}, true, true},
		{"in a list", []string{`"a", ` + tag + `,"b"`}, true, true},
		{"in another line", []string{`"a"`, tag}, true, true},
		{"weak", []string{"W/" + tag}, false, true},
		{"weak and strong", []string{"W/" + tag + ", " + tag}, true, true},
		{"a star", []string{" * "}, true, true},
		{"another", []string{`"a"`}, false, false},
		{"part of another", []string{`"x0123456789abcdef0123456789abcdef"`}, false, false},
		{"without quotes", []string{strings.Trim(tag, `"`)}, false, false},
		{"nothing", []string{""}, false, false},
		{"a star in a list", []string{`"a", *`}, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if listed(test.lines, tag, true, false) != test.strong {
				t.Errorf("strongly compared it is %v", !test.strong)
			}
			if listed(test.lines, tag, true, true) != test.weak {
				t.Errorf("weakly compared it is %v", !test.weak)
			}
		})
	}
	if listed([]string{"*"}, "", false, false) {
		t.Error("a star means a cart that is not there")
	}
	if listed([]string{`""`}, "", true, false) {
		t.Error("a cart without a tag has one")
	}
}

func TestAKeptAnswerIsGivenByteForByte(t *testing.T) {
	const token = "guest_377f732e-fb5b-49ff-a263-082441638516"
	random := make([]byte, cartcore.ReplyBytes+1)
	rand.New(rand.NewSource(1)).Read(random)
	tests := []struct {
		name   string
		answer *adapters.Answer
		form   cartcore.Form
	}{
		{"no body", &adapters.Answer{Status: 204}, cartcore.FormPlain},
		{"a short body", &adapters.Answer{Status: 200, Body: []byte(`{"a":"<>&` + "\u2028" + `"}`)}, cartcore.FormPlain},
		{"the token in body and header", &adapters.Answer{
			Status: 200, Body: []byte(`{"cart_id":"` + token + `","id":"` + token + `"}`), Header: []adapters.Header{{Name: "Set-Cookie", Value: "sessionid=" + token + "; Path=/"}},
		}, cartcore.FormPlain},
		{"as much as is kept plain", &adapters.Answer{Status: 200, Body: bytes.Repeat([]byte("x"), cartcore.ReplyBytes)}, cartcore.FormPlain},
		{"a long body", &adapters.Answer{Status: 200, Body: []byte(strings.Repeat(`{"cart_id":"`+token+`","quantity":1},`, 5000))}, cartcore.FormPacked},
		{"one that cannot be made small", &adapters.Answer{Status: 200, Body: random}, cartcore.FormDone},
		{"too many notices", &adapters.Answer{Status: 200, Body: []byte("{}"), Header: []adapters.Header{{Name: "Cart-Notice", Value: strings.Repeat("n", maxReplyHeader)}}}, cartcore.FormDone},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reply := replyOf(&terms{Key: "k", Print: "p"}, token, test.answer, 1000)
			if reply.Form != test.form || len(reply.Body) > cartcore.ReplyBytes {
				t.Fatalf("it is kept in form %d with %d bytes, want form %d", reply.Form, len(reply.Body), test.form)
			}
			if bytes.Contains(reply.Body, []byte(token)) || strings.Contains(strings.Join(reply.Header, ""), token) {
				t.Error("the token is kept")
			}
			again, err := answerOf(reply, token)
			if err != nil {
				t.Fatal(err)
			}
			if test.form == cartcore.FormDone {
				if again.Status != test.answer.Status || again.Body != nil || again.Header != nil {
					t.Errorf("got %d with a body of %d bytes", again.Status, len(again.Body))
				}
				return
			}
			if again.Status != test.answer.Status || !bytes.Equal(again.Body, test.answer.Body) || (again.Body == nil) != (test.answer.Body == nil) ||
				fmt.Sprint(again.Header) != fmt.Sprint(test.answer.Header) {
				t.Errorf("got %d %v with a body of %d bytes", again.Status, again.Header, len(again.Body))
			}
		})
	}
}

func TestADamagedAnswerIsNotGiven(t *testing.T) {
	reply := replyOf(&terms{Key: "k"}, "", &adapters.Answer{Status: 200, Body: bytes.Repeat([]byte("x"), 2*cartcore.ReplyBytes)}, 1000)
	for _, size := range []int{reply.Size - 1, reply.Size + 1} {
		other := *reply
		other.Size = size
		if _, err := answerOf(&other, ""); err == nil {
			t.Errorf("a body of %d bytes is taken for one of %d", reply.Size, size)
		}
	}
}

func TestNewGuestsAreRememberedWithinBounds(t *testing.T) {
	known := newRetries()
	for i := range 5 * freshHalf {
		keepFreshGuest(known, fmt.Sprint(i), "guest", 1000)
	}
	if held := len(known.newer) + len(known.older); held > 2*freshHalf {
		t.Errorf("%d guests are remembered, %d are allowed", held, 2*freshHalf)
	}
	if freshGuestAt(known, fmt.Sprint(5*freshHalf-1), 1000) != "guest" {
		t.Error("the newest guest is forgotten")
	}
	if freshGuestAt(known, fmt.Sprint(5*freshHalf-1), 1000+cartcore.ReplyLife) != "" {
		t.Error("a guest is remembered for more than a day")
	}
}

// A retry does nothing also where the answers to the writes since were long, so that the cart could not keep them all.
func TestLongAnswersInBetweenDoNoWriteTwice(t *testing.T) {
	const lines = 20 // some 12 KB in an answer that shows the cart
	items := callers.Items(lines + 1)
	for i, caller := range callers.All("") {
		t.Run(caller.Dialect, func(t *testing.T) {
			fixture := transcript.NewFixture(t, "..", transcript.Script{Name: t.Name()})
			if err := callers.Sell(filepath.Join(fixture.Folder, "catalog.json"), items); err != nil {
				t.Fatal(err)
			}
			token, err := fixture.Token("182")
			if err != nil {
				t.Fatal(err)
			}
			level := transcript.Handler(reopenShop(t, fixture).handler)
			must := func(shopper *callers.Shopper, verb callers.Verb, item callers.Item, key string) callers.Told {
				t.Helper()
				told, err := shopper.Do(level, callers.Deed{Verb: verb, Item: item, Quantity: 1}, key)
				if err != nil || !told.Done {
					t.Fatalf("%s of %s: %d %s, %v", verb, item.SKU, told.Status, told.Body, err)
				}
				return told
			}
			shopper := callers.Shoppers(token, items)[i]
			busy := callers.Shoppers(token, items)[4] // whose answers show the cart
			for _, item := range items[1:] {
				must(busy, callers.Add, item, "")
			}
			verb := shopper.Verbs()[0]
			must(shopper, verb, items[0], "first")
			for n := range cartcore.RepliesKept - 1 {
				must(busy, callers.Add, items[1], fmt.Sprint("other-", n))
			}
			if told := must(shopper, verb, items[0], "first"); told.Cart != nil && told.Cart[items[0].SKU] != 1 || told.Units != nil && *told.Units != 1 {
				t.Errorf("the retry was answered %s", told.Body)
			}
			if held := must(busy, callers.Read, items[0], "").Cart; held[items[0].SKU] != 1 || held[items[1].SKU] != cartcore.RepliesKept {
				t.Errorf("the cart holds %v", held)
			}
		})
	}
}
