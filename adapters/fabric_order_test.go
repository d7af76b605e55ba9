package adapters

import (
	"reflect"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

func TestFabricReadsAMerge(t *testing.T) {
	call := fabricCallOf("", "t1", `{"guestCartId":"0123456789abcdef01234567"}`)
	if problem := fabricMerge(call); problem != nil {
		t.Fatal(problem.Error())
	}
	who := cartcore.Credentials{TenantBy: cartcore.TenantByAccount, Tenant: "5f493c9f30ec2a0007a94fc8", Token: "t1", Guest: "0123456789abcdef01234567", Need: cartcore.NeedCustomer}
	if *call.Credentials != who || !reflect.DeepEqual(*call.Command, cartcore.Command{Verb: cartcore.Merge, Begin: true}) {
		t.Errorf("got %+v of %+v", call.Command, call.Credentials)
	}
}

func TestFabricReadsASoftDelete(t *testing.T) {
	const cart = "60e356acc8bcd300099e66a8"
	call := fabricCallOf("", "", `{"orderNumber":"1234-1234-12345"}`)
	if problem := fabricClose(call); problem != nil {
		t.Fatal(problem.Error())
	}
	who := cartcore.Credentials{TenantBy: cartcore.TenantByAccount, Tenant: "5f493c9f30ec2a0007a94fc8", Guest: cart, Cart: cart, Need: cartcore.NeedCart}
	if *call.Credentials != who || !reflect.DeepEqual(*call.Command, cartcore.Command{Verb: cartcore.Close, Order: "1234-1234-12345", NeedsCart: true}) {
		t.Errorf("got %+v of %+v", call.Command, call.Credentials)
	}
}

func TestFabricKnowsWhoAsksForAMergeEvenWhenItRefusesTheFields(t *testing.T) {
	for _, body := range []string{`{}`, `{"guestCartId":["secret"]}`, `{"guestCartId":""}`} {
		call := fabricCallOf("", "t1", body)
		problem := fabricMerge(call)
		if problem == nil || problem.Kind != cartcore.KindInvalid || call.Credentials.Need != cartcore.NeedCustomer || call.Credentials.Guest != "" {
			t.Fatalf("%s: got %v of %+v", body, problem, call.Credentials)
		}
		if answer := string(fabricFail(call, problem).Body); strings.Contains(answer, "secret") {
			t.Errorf("%s is answered by %s", body, answer)
		}
	}
}
