package adapters_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/badbody"
)

// bodied are the bases of all routes that read a body.
func bodied(t testing.TB) []*badbody.Base {
	t.Helper()
	all, err := badbody.Bases("..")
	if err != nil {
		t.Fatal(err)
	}
	bases := []*badbody.Base{}
	for _, base := range all {
		if base.Route.Body != adapters.NoBody {
			bases = append(bases, base)
		}
	}
	return bases
}

func TestAGoodValueMeansWhatItSays(t *testing.T) {
	goodValues(t, badbody.Generated())
}

func TestTheGoodValuesOfJSONTestSuiteMeanWhatTheySay(t *testing.T) {
	goodValues(t, badbody.Suite(t, ".."))
}

// goodValues puts values that every parser reads alike into every place of every route's good body. A field that nobody reads
// changes nothing, an option is kept as it is written, a quantity is exact or refused.
func goodValues(t *testing.T, cases []badbody.Case) {
	counts := map[string]int{}
	for _, base := range bodied(t) {
		t.Run(base.Name(), func(t *testing.T) {
			plain, err := base.Decode(t, base.Filled())
			if err != nil {
				t.Fatalf("the base is refused: %s", err.Error())
			}
			unread := unreadPlaces(t, base)
			for _, c := range cases {
				if badbody.Strange(c.Text) != "" {
					continue
				}
				for _, placed := range badbody.Places(base.Filled(), c.Text) {
					if badbody.Strange(placed.Body) != "" {
						continue // too deep by now
					}
					call := decodedSoundly(t, base, placed.Body)
					switch {
					case strings.HasPrefix(placed.Place, ".options."):
						counts["options"]++
						optionKept(t, call, placed, c.Text)
					case unread[placed.Place]:
						counts["nobody reads"]++
						if !reflect.DeepEqual(call.Command, plain.Command) || !reflect.DeepEqual(call.Credentials, plain.Credentials) {
							t.Errorf("%.200s is not read as without the field that nobody reads", placed.Body)
						}
					case strings.HasSuffix(placed.Place, ".quantity"):
						counts["quantity"]++
						quantityExact(t, call, c.Text, placed)
					}
				}
			}
		})
	}
	for _, kind := range []string{"options", "nobody reads", "quantity"} {
		if counts[kind] < 50 {
			t.Errorf("%d values were in a place of the kind %q", counts[kind], kind)
		}
	}
}

// unreadPlaces are the places of members that no dialect reads, and of quantities that this route does not: 7 and 8 make no
// difference there.
func unreadPlaces(t *testing.T, base *badbody.Base) map[string]bool {
	t.Helper()
	unread := map[string]bool{}
	eights := badbody.Places(base.Filled(), "8")
	for i, seven := range badbody.Places(base.Filled(), "7") {
		if strings.HasSuffix(seven.Place, "."+badbody.Unasked) {
			unread[seven.Place] = !strings.HasPrefix(seven.Place, ".options.")
		} else if strings.HasSuffix(seven.Place, ".quantity") {
			one, another := decodedSoundly(t, base, seven.Body), decodedSoundly(t, base, eights[i].Body)
			unread[seven.Place] = len(one.Command.Asks) > 0 && reflect.DeepEqual(one.Command, another.Command)
		}
	}
	return unread
}

// decodedSoundly decodes the base with another body, and checks what holds of every body. Where it is refused the command
// has no ask, or one that is refused.
func decodedSoundly(t *testing.T, base *badbody.Base, body string) *adapters.Call {
	t.Helper()
	call, err := base.Decode(t, body)
	strange := badbody.Strange(body)
	object := strange == "" && strings.HasPrefix(strings.TrimSpace(body), "{") || body == ""
	switch {
	case err == nil && !object:
		t.Fatalf("%s: %.200q is taken, %s", base.Name(), body, strange)
	case err == nil:
		if printed, fault := json.Marshal(call.Command); fault != nil || len(printed) > 1000+600*len(call.Command.Asks)+8*len(body) {
			t.Fatalf("%s: %d bytes make a command of %d (%v)", base.Name(), len(body), len(printed), fault)
		}
		return call
	case (err.Kind == cartcore.KindMalformed) != (strange != "" && body != ""):
		t.Fatalf("%s: %.200q is refused as %s, and its text is %q", base.Name(), body, err.Error(), strange)
	}
	if answer := base.Fail(call, err); answer.Status < 400 || answer.Status >= 500 || !json.Valid(answer.Body) || len(answer.Body) > 20000 {
		t.Fatalf("%s: %.200q is answered %d with %d bytes", base.Name(), body, answer.Status, len(answer.Body))
	}
	call.Command = &cartcore.Command{}
	return call
}

// optionKept says whether a value in the options is there byte for byte, but for white space.
func optionKept(t *testing.T, call *adapters.Call, placed badbody.Placed, value string) {
	t.Helper()
	if len(call.Command.Asks) == 0 {
		if len(placed.Body) < 4096 {
			t.Errorf("%.200s is refused", placed.Body)
		}
		return
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(value)); err != nil {
		t.Fatal(err)
	}
	for _, option := range call.Command.Asks[0].Options {
		if strings.Contains(option.Value, compact.String()) {
			return
		}
	}
	t.Errorf("%.200s: the value is not among %v", placed.Body, call.Command.Asks[0].Options)
}

var wholeBound = regexp.MustCompile(`^.{1,24}$`) // longer text is refused, whatever it means

// quantityExact holds a quantity against arithmetic without bounds.
func quantityExact(t *testing.T, call *adapters.Call, value string, placed badbody.Placed) {
	t.Helper()
	value = strings.TrimSpace(value)
	taken := len(call.Command.Asks) > 0 && call.Command.Asks[0].Err == nil
	number, isNumber := new(big.Rat).SetString(value)
	isNumber = isNumber && len(value) < 400 && strings.Trim(value, "0123456789.eE+-") == ""
	if taken && (!isNumber || !number.IsInt() || number.Num().Cmp(big.NewInt(call.Command.Asks[0].Quantity)) != 0) {
		t.Errorf("%.200s is taken as %d", placed.Body, call.Command.Asks[0].Quantity)
	}
	within := isNumber && number.IsInt() && number.Sign() > 0 && number.Cmp(big.NewRat(10000, 1)) <= 0
	if !taken && within && wholeBound.MatchString(value) {
		t.Errorf("%.200s is refused", placed.Body)
	}
}

// FuzzDecode throws bodies at every route's decoder: it takes them or refuses them in its dialect's words, and refuses what
// two parsers could read differently.
func FuzzDecode(f *testing.F) {
	bases := bodied(f)
	for i, base := range bases {
		f.Add(uint8(i), base.Filled())
		f.Add(uint8(i), "{}")
	}
	for i, c := range badbody.Generated() {
		if !strings.HasPrefix(c.Name, "document ") && len(c.Text) < 300 {
			placed := badbody.Places(bases[i%len(bases)].Filled(), c.Text)
			f.Add(uint8(i%len(bases)), placed[i%len(placed)].Body)
			f.Add(uint8(i%len(bases)), c.Text)
		}
	}
	f.Fuzz(func(t *testing.T, route uint8, body string) {
		decodedSoundly(t, bases[int(route)%len(bases)], body)
	})
}

// FuzzSiteContext throws headers at fabric: one is read as the JSON object that it is, or refused as malformed.
func FuzzSiteContext(f *testing.F) {
	for _, seed := range []string{
		`{"date":"2020-08-28T02:35:27.787Z","channel":12,"account":"5f493c9f30ec2a0007a94fc8","stage":"sandbox"}`, `{"account": 5f493c9f30ec2a0007a94fc8"}`,
		``, `{}`, `null`, `[]`, `{"account":1}`, `{"account":"a","account":"b"}`, `{"account":"a","\u0061ccount":"b"}`, `{"account":"\ud800"}`, `{"account":{"account":b"}}`,
		`{"account":"` + strings.Repeat("a", 256) + `"}`, strings.Repeat("[", 40), "{\"account\":\"\xff\"}", `{"x":"\"account\":b\"","account":"a"}`,
	} {
		f.Add(seed)
	}
	fabric := adapters.All()[4]
	read := fabric.Routes[1]
	if read.Pattern != "GET /api-cart/cart" {
		f.Fatalf("fabric's read is not %s", read.Pattern)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		request, err := http.NewRequest("GET", "/api-cart/cart?cartId=1", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header["X-Site-Context"] = []string{sent}
		call := &adapters.Call{Request: request, Limits: &cartcore.Limits{}, Command: &cartcore.Command{}, Credentials: &cartcore.Credentials{}}
		refused := read.Decode(call)
		var site map[string]json.RawMessage
		good := badbody.Strange(sent) == "" && json.Unmarshal([]byte(sent), &site) == nil && site != nil
		if !good {
			// The published page misprints the header; a misprint is the one thing besides that may be taken.
			if refused == nil && !strings.Contains(sent, `account`) {
				t.Fatalf("%q is taken", sent)
			}
			if refused != nil && (refused.Kind != cartcore.KindMalformed || call.Credentials.Tenant != "") {
				t.Fatalf("%q is refused as %s of %q", sent, refused.Error(), call.Credentials.Tenant)
			}
			return
		}
		account := ""
		if json.Unmarshal(site["account"], &account) != nil || len(account) > 255 || strings.Contains(account, "\ufffd") {
			account = ""
		}
		if refused != nil || call.Credentials.Tenant != account {
			t.Fatalf("%q: got %q (%v), want %q", sent, call.Credentials.Tenant, refused, account)
		}
	})
}
