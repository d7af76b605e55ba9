package adapters

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// A refusal that no transcript can reach is printed as the dialect's table says.
func TestAgentPrintsEveryRefusal(t *testing.T) {
	if len(agentRefusals) != len(cartcore.Kinds()) {
		t.Errorf("the table has %d rows, there are %d kinds", len(agentRefusals), len(cartcore.Kinds()))
	}
	call := agentCallOf("POST", "/store-alpha/agent/cart/add", `{"session_id":"sess_12345","product_id":"prod_6789"}`)
	if problem := agentAdd(call); problem != nil {
		t.Fatal(problem.Error())
	}
	checkRefusals(t, "testdata/agent-refusals.txt", func(refused *cartcore.Error) *Answer { return agentFail(call, refused) })
}

// checkRefusals prints a refusal of every kind and compares the lines with a golden file.
func checkRefusals(t *testing.T, golden string, fail func(refused *cartcore.Error) *Answer) {
	t.Helper()
	const cause = "what only the log may say"
	lines := []string{}
	for _, kind := range cartcore.Kinds() {
		refused := &cartcore.Error{
			Kind: kind, Item: "prod_6789", Items: []string{"prod_6789"}, Attribute: "weight",
			Requested: 10, Available: 5, Limit: 500, Cause: errors.New(cause),
		}
		if kind == cartcore.KindTooManyRequests {
			refused.After = 45
		}
		if kind == cartcore.KindInvalid {
			refused.Fields = []cartcore.FieldError{{Field: "quantity", Problem: cartcore.ProblemNotInteger, Value: `"2"`}}
		}
		answer := fail(refused)
		if answer.Status < 400 || strings.Contains(string(answer.Body), cause) || strings.Contains(string(answer.Body), "{item}") {
			t.Errorf("%s is printed as %d %s", cartcore.KindName(kind), answer.Status, answer.Body)
		}
		lines = append(lines, fmt.Sprintf("%s, %d, %s\n", cartcore.KindName(kind), answer.Status, answer.Body))
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Error(err)
	}
	if got := strings.Join(lines, ""); got != string(want) {
		t.Errorf("the refusals are not those of %s, but\n%s", golden, got)
	}
}

func agentCallOf(method, target, body string) *Call {
	request := httptest.NewRequest(method, target, nil)
	request.SetPathValue("domain", strings.Split(target, "/")[1])
	return &Call{Request: request, Command: &cartcore.Command{}, Credentials: &cartcore.Credentials{}, Body: []byte(body), Limits: &cartcore.Limits{MaxLines: 500, MaxQuantityPerLine: 10000}}
}

func TestAgentReadsWhoAsks(t *testing.T) {
	cases := []struct {
		name, target, bearer, body string
		session                    string
	}{
		{"a session in the query", "/store-alpha/agent/cart/get?session_id=sess_1", "", "", "sess_1"},
		{"a bearer token in its place", "/store-alpha/agent/cart/get", "sess_2", "", "sess_2"},
		{"the query wins", "/store-alpha/agent/cart/get?session_id=sess_1", "sess_2", "", "sess_1"},
		{"nothing", "/store-alpha/agent/cart/get", "", "", ""},
		{"a session in the body", "/store-alpha/agent/cart/add", "", `{"session_id":"sess_3","product_id":"p"}`, "sess_3"},
		{"the query counts for nothing beside a body", "/store-alpha/agent/cart/add?session_id=sess_1", "", `{"product_id":"p"}`, ""},
		{"a bearer token beside a body", "/store-alpha/agent/cart/add", "sess_2", `{"product_id":"p"}`, "sess_2"},
		{"the body wins", "/store-alpha/agent/cart/add", "sess_2", `{"session_id":"sess_3","product_id":"p"}`, "sess_3"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			call := agentCallOf("POST", c.target, c.body)
			decode := agentAdd
			if c.body == "" {
				decode = agentRead
			}
			if c.bearer != "" {
				call.Request.Header.Set("Authorization", "Bearer "+c.bearer)
			}
			if problem := decode(call); problem != nil {
				t.Fatal(problem.Error())
			}
			want := cartcore.Credentials{
				TenantBy: cartcore.TenantByDomain, Tenant: "store-alpha", Guest: c.session, Session: true, Need: cartcore.NeedSession,
			}
			if *call.Credentials != want {
				t.Errorf("got %+v, want %+v", call.Credentials, want)
			}
		})
	}
}

// Whatever is wrong with a body, it is known which shop was asked and by which bearer session.
func TestAgentKnowsTheShopOfABadBody(t *testing.T) {
	for _, body := range []string{``, `{`, `[]`, `{"session_id":7}`, `{"session_id":"s"}`} {
		for name, decode := range map[string]func(*Call) *cartcore.Error{"add": agentAdd, "delete": agentRemove} {
			call := agentCallOf("POST", "/store-alpha/agent/cart/add", body)
			call.Request.Header.Set("Authorization", "Bearer sess_1")
			if problem := decode(call); problem == nil {
				t.Errorf("%s takes %q", name, body)
			}
			if call.Credentials.Tenant != "store-alpha" || call.Credentials.Guest == "" {
				t.Errorf("%s of %q: got %+v", name, body, call.Credentials)
			}
		}
	}
}

func TestAgentCommandsHoldWhatWasAsked(t *testing.T) {
	call := agentCallOf("POST", "/store-alpha/agent/cart/add", `{"session_id":"s","product_id":"prod_6789","quantity":3}`)
	if problem := agentAdd(call); problem != nil {
		t.Fatal(problem.Error())
	}
	ask := call.Command.Asks[0]
	if call.Command.Verb != cartcore.Add || ask.Quantity != 3 || ask.Item.ProductID != "prod_6789" || ask.Product || call.Command.Short != cartcore.ShortCaps {
		t.Errorf("add is %+v", call.Command)
	}
	call = agentCallOf("POST", "/store-alpha/agent/cart/delete", `{"session_id":"s","product_id":"prod_6789","quantity":3}`)
	if problem := agentRemove(call); problem != nil {
		t.Fatal(problem.Error())
	}
	ask = call.Command.Asks[0]
	if call.Command.Verb != cartcore.Remove || !ask.Product || ask.Item.ProductID != "prod_6789" {
		t.Errorf("delete is %+v", call.Command)
	}
}

func TestAgentTimesAreWholeSecondsOfUTC(t *testing.T) {
	for milliseconds, want := range map[int64]string{
		1754216430000: "2025-08-03T10:20:30Z", 1754216430999: "2025-08-03T10:20:30Z", 0: "1970-01-01T00:00:00Z",
	} {
		if got := agentTime(milliseconds); got != want {
			t.Errorf("%d ms is printed as %s, want %s", milliseconds, got, want)
		}
	}
}

// No refusal repeats a value that was sent, since it can be a session.
func TestAgentRefusalsHoldNoValues(t *testing.T) {
	for problem := cartcore.ProblemMissing; problem <= cartcore.ProblemNotValid; problem++ {
		for _, field := range []string{"", "session_id", "product_id", "quantity"} {
			text := agentFieldText(cartcore.FieldError{Field: field, Problem: problem, Value: `"sess_12345"`, Limit: 255})
			if text == "" || strings.Contains(text, "sess_12345") {
				t.Errorf("problem %d of field %q is worded %q", problem, field, text)
			}
		}
	}
}
