package cartcore_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/polycart/polycart/cartcore"
)

func TestDecimals(t *testing.T) {
	for currency, want := range map[string]int{"USD": 2, "EUR": 2, "JPY": 0, "KRW": 0, "KWD": 3, "TND": 3, "CLF": 4, "XXX": 2, "": 2, "JPY ": 2} {
		same(t, currency, cartcore.Decimals(currency), want)
	}
}

func TestPrintedAmounts(t *testing.T) {
	tables := []struct {
		minor           int64
		decimals        int
		fixed, shortest string
	}{
		{0, 2, "0.00", "0"},
		{5, 2, "0.05", "0.05"},
		{1999, 2, "19.99", "19.99"},
		{1990, 2, "19.90", "19.9"},
		{11000, 2, "110.00", "110"},
		{10000000, 2, "100000.00", "100000"},
		{1500, 0, "1500", "1500"},
		{1500, 3, "1.500", "1.5"},
		{-1990, 2, "-19.90", "-19.9"},
		{cartcore.MaxInteger, 2, "90071992547409.91", "90071992547409.91"},
	}
	for _, row := range tables {
		same(t, "fixed", cartcore.Fixed(row.minor, row.decimals), row.fixed)
		same(t, "shortest", cartcore.Shortest(row.minor, row.decimals), row.shortest)
	}
}

func TestParsedAmounts(t *testing.T) {
	good := map[string]int64{"0": 0, "0.00": 0, "19.99": 1999, "19.9": 1990, "19.900": 1990, "110": 11000, "007": 700, "90071992547409.91": cartcore.MaxInteger}
	for text, want := range good {
		if minor, ok := cartcore.ParseMajor(text, 2); !ok || minor != want {
			t.Errorf("%q: got %d, %v, want %d", text, minor, ok, want)
		}
	}
	bad := []string{
		"", ".", ".5", "5.", "-1", "-0", "+1", "1.2.3", "1,5", " 1", "1 ", "1e2", "0x1", "1_0", "19.999", "90071992547409.92", "99999999999999999999",
		"١", "null", `"1"`, "1.-5", "1.+5", "NaN", "Infinity",
	}
	for _, text := range bad {
		if minor, ok := cartcore.ParseMajor(text, 2); ok {
			t.Errorf("%q is taken as %d", text, minor)
		}
	}
}

func TestWhatIsPrintedIsReadBackExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor, decimals := rapid.Int64Range(0, cartcore.MaxInteger).Draw(t, "minor"), rapid.IntRange(0, 4).Draw(t, "decimals")
		for _, text := range []string{cartcore.Fixed(minor, decimals), cartcore.Shortest(minor, decimals)} {
			if back, ok := cartcore.ParseMajor(text, decimals); !ok || back != minor {
				t.Fatalf("%d prints as %q and reads as %d, %v", minor, text, back, ok)
			}
		}
		if short := cartcore.Shortest(minor, decimals); strings.Contains(short, ".") && strings.HasSuffix(short, "0") || len(short) > len(cartcore.Fixed(minor, decimals)) {
			t.Fatalf("%q is not the shortest", short)
		}
	})
}

func TestSumsAndProductsAreExactOrRefused(t *testing.T) {
	whole := rapid.OneOf(rapid.Int64Range(-5, 5), rapid.Int64Range(0, cartcore.MaxInteger), rapid.Int64())
	most := big.NewInt(cartcore.MaxInteger)
	rapid.Check(t, func(t *rapid.T) {
		a, b := whole.Draw(t, "a"), whole.Draw(t, "b")
		check := func(what string, got int64, ok bool, want *big.Int) {
			// Nothing below zero is an amount; a product with zero is zero whatever the other is.
			fits := want.Sign() >= 0 && want.Cmp(most) <= 0 && (a >= 0 && b >= 0 || what == "product" && want.Sign() == 0)
			if ok != fits || ok && got != want.Int64() {
				t.Fatalf("%s of %d and %d: got %d, %v, want %v, %v", what, a, b, got, ok, want, fits)
			}
		}
		sum, ok := cartcore.Plus(a, b)
		check("sum", sum, ok, new(big.Int).Add(big.NewInt(a), big.NewInt(b)))
		product, ok := cartcore.Times(a, b)
		check("product", product, ok, new(big.Int).Mul(big.NewInt(a), big.NewInt(b)))
	})
}
