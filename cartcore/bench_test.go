package cartcore_test

import (
	"fmt"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// lengths are those of carts that are measured, in lines; 500 is the longest that is allowed where nothing is configured.
var lengths = []int{1, 10, 100, 500}

// long is a cart of so many lines, and the catalogue that has them.
func long(lines int) (*cartcore.Cart, cartcore.Facts) {
	cart, facts := holding(""), cartcore.Facts{}
	for n := 1; n <= lines; n++ {
		sku := fmt.Sprintf("SKU-%04d", n)
		facts[sku] = &cartcore.Item{SKU: sku, ProductID: sku, NumericID: int64(n), Price: 1250, OriginalPrice: 1250, Active: true}
		cart.Lines = append(cart.Lines, &cartcore.Line{
			ID: cartcore.UUID(fmt.Sprintf("%032x", n)), Number: int64(n), SKU: sku, Quantity: 1, Added: before, Updated: before,
		})
	}
	cart.NextLine = int64(lines + 1)
	return cart, facts
}

// BenchmarkApply does a command on the last line of a cart.
func BenchmarkApply(b *testing.B) {
	limits := cartcore.Limits{MaxLines: 500, MaxQuantityPerLine: 10000}
	for name, verb := range map[string]cartcore.Verb{"read": cartcore.Read, "add": cartcore.Add, "set": cartcore.Set} {
		for _, lines := range lengths {
			b.Run(fmt.Sprintf("%s, lines: %d", name, lines), func(b *testing.B) {
				cart, facts := long(lines)
				sku := cart.Lines[lines-1].SKU
				command := &cartcore.Command{Verb: verb, Seed: seed, Asks: []*cartcore.Ask{{SKU: sku, Named: sku, Quantity: 2}}}
				b.ReportAllocs()
				for b.Loop() {
					next, _, err := cartcore.Apply(cart, command, facts, &limits, now)
					if err != nil || (next == cart) != (verb == cartcore.Read) {
						b.Fatal(next, err)
					}
				}
			})
		}
	}
}

// BenchmarkShow prices a cart.
func BenchmarkShow(b *testing.B) {
	for _, lines := range lengths {
		b.Run(fmt.Sprintf("lines: %d", lines), func(b *testing.B) {
			cart, facts := long(lines)
			b.ReportAllocs()
			for b.Loop() {
				if view, err := cartcore.Show(cart, facts); err != nil || len(view.Lines) != lines {
					b.Fatal(view, err)
				}
			}
		})
	}
}

// BenchmarkRecord makes a cart into bytes for the store, and a cart of them.
func BenchmarkRecord(b *testing.B) {
	for _, lines := range lengths {
		cart, _ := long(lines)
		record, err := cartcore.Record(cart)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("write, lines: %d", lines), func(b *testing.B) {
			b.SetBytes(int64(len(record)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cartcore.Record(cart); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("read, lines: %d", lines), func(b *testing.B) {
			b.SetBytes(int64(len(record)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cartcore.FromRecord(cart.Key, record); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
