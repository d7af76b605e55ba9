package catalog

import (
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// BenchmarkNameAsks finds an item among ten thousand, by each name that a dialect has for it.
func BenchmarkNameAsks(b *testing.B) {
	snapshot, faults := Parse(catalogueOf(10_000), "EUR")
	if len(faults) > 0 {
		b.Fatal(lines(faults))
	}
	item := snapshot.Facts[firstSKU(snapshot)]
	for name, ref := range map[string]cartcore.ItemRef{
		"sku":          {SKU: item.SKU},
		"product id":   {ProductID: item.ProductID},
		"number":       {NumericID: item.NumericID},
		"external ids": {ExternalProductID: item.ExternalProductID, ExternalVariantID: item.ExternalVariantID},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask := &cartcore.Ask{Item: ref}
				if NameAsks(snapshot, []*cartcore.Ask{ask}); ask.SKU != item.SKU {
					b.Fatalf("it is named %q, want %q", ask.SKU, item.SKU)
				}
			}
		})
	}
}

// firstSKU is a SKU that the snapshot has, always the same.
func firstSKU(s *Snapshot) string {
	first := ""
	for sku := range s.Facts {
		if first == "" || sku < first {
			first = sku
		}
	}
	return first
}
