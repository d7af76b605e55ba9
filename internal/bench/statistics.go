package bench

import "slices"

// Spread is how a figure came out over the slices of a run.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`  // a quarter of the slices is below
	High   float64 `json:"high"` // a quarter of the slices is above
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// spreadOf is the spread of at least one value.
func spreadOf(values []float64) Spread {
	return Spread{
		Median: Median(values), Low: quantile(values, 0.25), High: quantile(values, 0.75),
		Min: slices.Min(values), Max: slices.Max(values),
	}
}

// Median is the value that half of at least one value is below.
func Median(values []float64) float64 { return quantile(values, 0.5) }

// quantile is the value that the part q, 0 to 1, of at least one value is below; between two values it lies in proportion.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[below] + (at-float64(below))*(sorted[below+1]-sorted[below])
}
