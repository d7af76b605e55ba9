package cartcore

import (
	"strconv"
	"strings"
)

// MaxInteger is 2^53-1, the largest integer that every JSON reader keeps exact (RFC 8259 §6). No amount and no quantity passes it.
const MaxInteger int64 = 1<<53 - 1

// zeroDecimal, threeDecimal and fourDecimal list the currencies whose minor unit is not a hundredth (ISO 4217:2015, list one).
const (
	zeroDecimal  = " BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF "
	threeDecimal = " BHD IQD JOD KWD LYD OMR TND "
	fourDecimal  = " CLF UYW "
)

// Decimals answers how many decimals the currency's major unit has.
func Decimals(currency string) int {
	if currency == "USD" || currency == "EUR" {
		return 2
	}
	return decimalsOf(currency)
}

func decimalsOf(currency string) int {
	if strings.Contains(zeroDecimal, " "+currency+" ") {
		return 0
	}
	if strings.Contains(threeDecimal, " "+currency+" ") {
		return 3
	}
	if strings.Contains(fourDecimal, " "+currency+" ") {
		return 4
	}
	return 2
}

// Times multiplies a price in minor units by a quantity; ok is false where the product passes MaxInteger.
// Both are expected to be 0 or more.
func Times(price, quantity int64) (amount int64, ok bool) {
	if price == 0 || quantity == 0 {
		return 0, true
	}
	if price < 0 || quantity < 0 || price > MaxInteger/quantity {
		return 0, false
	}
	return price * quantity, true
}

// Plus adds two amounts in minor units; ok is false where the sum passes MaxInteger.
func Plus(a, b int64) (sum int64, ok bool) {
	if a < 0 || b < 0 || a > MaxInteger-b {
		return 0, false
	}
	return a + b, true
}

// Fixed prints minor units as major units with all decimals: 11000 is "110.00".
func Fixed(minor int64, decimals int) string {
	digits := strconv.FormatInt(minor, 10)
	cut := len(digits) - decimals
	if cut > 0 && decimals > 0 && minor > 0 {
		return digits[:cut] + "." + digits[cut:]
	}
	return otherFixed(minor, decimals)
}

// otherFixed prints what needs a sign, leading zeros or no point.
func otherFixed(minor int64, decimals int) string {
	if decimals == 0 {
		return strconv.FormatInt(minor, 10)
	}
	digits := strconv.FormatInt(minor, 10)
	sign := ""
	if minor < 0 {
		sign, digits = "-", digits[1:]
	}
	if len(digits) <= decimals {
		digits = strings.Repeat("0", decimals+1-len(digits)) + digits
	}
	cut := len(digits) - decimals
	return sign + digits[:cut] + "." + digits[cut:]
}

// Shortest prints minor units as the shortest decimal number in major units: 11000 is "110", 1999 is "19.99", 1990 is "19.9".
// It is what a JSON printer without fixed decimals shows.
func Shortest(minor int64, decimals int) string {
	text := Fixed(minor, decimals)
	if decimals == 0 {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// ParseMajor reads a decimal number in major units ("19.99") into minor units.
// ok is false where the text is no plain decimal, has more decimals than the currency, or passes MaxInteger.
func ParseMajor(text string, decimals int) (minor int64, ok bool) {
	whole, fraction, dotted := strings.Cut(text, ".")
	if whole == "" || (dotted && fraction == "") || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(whole) > 16 || len(fraction) > decimals {
		return 0, false
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if err != nil || minor > MaxInteger {
		return 0, false
	}
	return minor, true
}
