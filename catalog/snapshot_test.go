package catalog

import (
	"testing"

	"github.com/polycart/polycart/cartcore"
)

func TestFind(t *testing.T) {
	s := parsed(t, `{"items":[
		{"sku":"RED","productId":"shirt","productNumber":7,"number":71,"externalProductId":"xp","externalVariantId":"x-red","price":"1","stock":1,"active":false},
		{"sku":"BLUE","productId":"shirt","productNumber":7,"number":72,"externalProductId":"xp","externalVariantId":"x-blue","price":"1","stock":1},
		{"sku":"MUG","productId":"mug","externalProductId":"xm","price":"1","stock":1},
		{"sku":"CAP","productId":"cap","externalProductId":"xc","externalVariantId":"default","price":"1","stock":1},
		{"sku":"HAT","productId":"hat","externalProductId":"xh","externalVariantId":"default","price":"1","stock":1},
		{"sku":"LOOSE","price":"1","stock":1}
	]}`, "EUR")
	tests := []struct {
		name string
		ref  cartcore.ItemRef
		want string
	}{
		{"no identifier finds nothing", cartcore.ItemRef{}, ""},
		{"a SKU finds its item", cartcore.ItemRef{SKU: "BLUE"}, "BLUE"},
		{"a SKU is case-sensitive", cartcore.ItemRef{SKU: "blue"}, ""},
		{"a number finds its variant", cartcore.ItemRef{NumericID: 72}, "BLUE"},
		{"a product number finds the first variant listed", cartcore.ItemRef{ProductNumber: 7}, "RED"},
		{"a product id finds the first variant listed, sold or not", cartcore.ItemRef{ProductID: "shirt"}, "RED"},
		{"a product id and a variant's id find that variant", cartcore.ItemRef{ProductID: "shirt", ExternalVariantID: "x-blue"}, "BLUE"},
		{"both external ids find their item", cartcore.ItemRef{ExternalProductID: "xp", ExternalVariantID: "x-blue"}, "BLUE"},
		{"an external product with one variant finds it", cartcore.ItemRef{ExternalProductID: "xm"}, "MUG"},
		{"an external product with several variants finds none", cartcore.ItemRef{ExternalProductID: "xp"}, ""},
		{"an external product with several variants and a product id finds the first", cartcore.ItemRef{ExternalProductID: "xp", ProductID: "shirt"}, "RED"},
		{"an external variant of one product finds it", cartcore.ItemRef{ExternalVariantID: "x-red"}, "RED"},
		{"an external variant of several products finds none", cartcore.ItemRef{ExternalVariantID: "default"}, ""},
		{"an external variant of several products and a product id find the item", cartcore.ItemRef{ExternalVariantID: "default", ProductID: "hat"}, "HAT"},
		{"an external variant of another product finds none", cartcore.ItemRef{ExternalProductID: "xm", ExternalVariantID: "default"}, ""},
		{"a SKU with another's product id finds none", cartcore.ItemRef{SKU: "MUG", ProductID: "shirt"}, ""},
		{"a SKU with another's external product finds none", cartcore.ItemRef{SKU: "MUG", ExternalProductID: "xp"}, ""},
		{"a SKU with another's external variant finds none", cartcore.ItemRef{SKU: "CAP", ExternalVariantID: "x-red"}, ""},
		{"a SKU with another's number finds none", cartcore.ItemRef{SKU: "RED", NumericID: 72}, ""},
		{"a SKU with another's product number finds none", cartcore.ItemRef{SKU: "MUG", ProductNumber: 7}, ""},
		{"a number with another's SKU finds none", cartcore.ItemRef{SKU: "BLUE", NumericID: 71}, ""},
		{"an item without identifiers is found by its SKU only", cartcore.ItemRef{SKU: "LOOSE"}, "LOOSE"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if item := Find(s, &test.ref); item != nil {
				got = item.SKU
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
