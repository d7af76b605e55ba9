package integration_test

import (
	"os"
	"path/filepath"
	"testing"
)

// refusalsDriver is interpreted. Refusals prints what a dialect answers to every kind, as adapters/testdata/*-refusals.txt has it.
const refusalsDriver = `package driver

import (
	"errors"
	"net/http/httptest"
	"strconv"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
)

func Refusals(dialect string) string {
	lines := ""
	all := adapters.All()
	for i := range all {
		if all[i].Name != dialect {
			continue
		}
		kinds := cartcore.Kinds()
		for j := range kinds {
			lines += refusal(all[i], kinds[j])
		}
	}
	return lines
}

func refusal(adapter *adapters.Adapter, kind cartcore.Kind) string {
	call := &adapters.Call{Request: httptest.NewRequest("GET", "/", nil), Command: &cartcore.Command{Verb: cartcore.Add}, Credentials: &cartcore.Credentials{}}
	refused := &cartcore.Error{
		Kind: kind, Item: "prod_6789", Items: []string{"prod_6789"}, Attribute: "weight",
		Requested: 10, Available: 5, Limit: 500, Cause: errors.New("what only the log may say"),
	}
	if kind == cartcore.KindTooManyRequests {
		refused.After = 45
	}
	if kind == cartcore.KindInvalid {
		refused.Fields = []cartcore.FieldError{{Field: "quantity", Problem: cartcore.ProblemNotInteger, Value: "true"}}
	}
	answer := adapter.Fail(call, refused)
	return cartcore.KindName(kind) + ", " + strconv.Itoa(answer.Status) + ", " + string(answer.Body) + "\n"
}
`

// Refusals that no transcript can reach are printed in the interpreter as they are natively.
func TestRefusalsInterpreted(t *testing.T) {
	i := interpreted(t, "driver", refusalsDriver)
	value, err := i.Eval("driver.Refusals")
	if err != nil {
		t.Fatal(err)
	}
	refusals := value.Interface().(func(string) string)
	for _, dialect := range []string{"shop", "vesuvio"} {
		t.Run(dialect, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("..", "adapters", "testdata", dialect+"-refusals.txt"))
			if err != nil {
				t.Fatal(err)
			}
			if got := refusals(dialect); got != string(want) {
				t.Errorf("the refusals are not those of adapters/testdata/%s-refusals.txt, but\n%s", dialect, got)
			}
		})
	}
}
