package bench

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"github.com/polycart/polycart/internal/traefik"
)

// Sizes of the chart, in pixels. The names take what the longest of them needs.
const (
	chartWide   = 880
	chartLeft   = 230 // where the bars begin
	chartRight  = 800 // where the longest ends: its figure stands behind it
	chartTop    = 84  // where the first bar is
	barHigh     = 11
	barGap      = 2
	targetGap   = 9 // between two targets
	groupGap    = 12
	chartBottom = 40
)

// colours of the editions: far apart in lightness, so that they differ in print and for whoever sees no colours.
var colours = map[string]string{string(traefik.Stock): "#7fb2d0", string(traefik.Compiled): "#24506b"}

// style is of docs/polycart.svg. The chart brings its own ground, so it reads on light and dark pages alike.
const style = `text{fill:#123;font:13px system-ui,sans-serif}.title{font-size:16px;font-weight:600}.small{font-size:11px;fill:#445}` +
	`.figure{paint-order:stroke;stroke:#fff;stroke-width:4;stroke-linejoin:round}.end{text-anchor:end}.mid{text-anchor:middle}.grid{stroke:#dde5ea}.one{stroke:#b3261e;stroke-width:1.5}.span{stroke:#8a5a00;stroke-width:1.5}`

// Chart writes a chart in SVG: for each target of the closed loops with as many connections as the first setting how many
// requests a second it came to, as a ratio to passing a request through. There must be one at least.
func (r *Report) Chart(out io.Writer) error {
	rows := r.bars()
	if len(rows) == 0 {
		return fmt.Errorf("drawing the chart: nothing was measured that could be drawn")
	}
	longest := 1.0
	for _, row := range rows {
		for _, bar := range row.bars {
			longest = max(longest, bar.Ratio.High, bar.Ratio.Median)
		}
	}
	step := 0.5
	for longest/step > 12 { // more lines than that only confuse
		step *= 2
	}
	longest = math.Ceil(longest/step) * step
	x := func(ratio float64) float64 { return chartLeft + ratio/longest*(chartRight-chartLeft) }

	marks := &strings.Builder{}
	y, group := float64(chartTop), rows[0].group
	for _, row := range rows {
		if row.group != group {
			y, group = y+groupGap, row.group
		}
		high := float64(len(row.bars))*(barHigh+barGap) - barGap
		fmt.Fprintf(marks, `<text class="end" x="%d" y="%.1f">%s</text>`+"\n", chartLeft-8, y+high/2+4.5, html.EscapeString(row.name))
		for _, bar := range row.bars {
			ratio := bar.Ratio
			fmt.Fprintf(marks, `<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"><title>%s, %s: %s</title></rect>`+"\n",
				chartLeft, y, x(ratio.Median)-chartLeft, barHigh, colours[bar.Edition], html.EscapeString(row.name), bar.Edition, twoDigits(ratio.Median))
			middle := y + barHigh/2.0
			fmt.Fprintf(marks, `<path class="span" d="M%.1f %.1fH%.1f"/>`+"\n", x(ratio.Low), middle, x(ratio.High))
			fmt.Fprintf(marks, `<text class="small figure" x="%.1f" y="%.1f">%s</text>`+"\n", max(x(ratio.Median), x(ratio.High))+5, middle+4, twoDigits(ratio.Median))
			y += barHigh + barGap
		}
		y += targetGap
	}

	text := &strings.Builder{}
	fmt.Fprintf(text, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" role="img" aria-label="Requests a second of each target, as a ratio to passing a request through">`+"\n", chartWide, y+chartBottom)
	fmt.Fprintf(text, "<style>%s</style>\n", style)
	fmt.Fprintf(text, `<rect width="%d" height="%.0f" rx="8" fill="#fff"/>`+"\n", chartWide, y+chartBottom)
	fmt.Fprintf(text, `<text class="title" x="16" y="28">Requests a second, as a ratio to Traefik passing a request through</text>`+"\n")
	for i, edition := range r.editions() {
		at := 16 + i*110
		fmt.Fprintf(text, `<rect x="%d" y="42" width="14" height="%d" fill="%s"/><text x="%d" y="52">%s</text>`+"\n", at, barHigh, colours[edition], at+20, edition)
	}
	for ratio := 0.0; ratio <= longest; ratio += step {
		fmt.Fprintf(text, `<path class="grid" d="M%.1f %d V%.1f"/><text class="small mid" x="%.1f" y="%.1f">%g</text>`+"\n", x(ratio), chartTop-8, y, x(ratio), y+14, ratio)
	}
	fmt.Fprintf(text, `<path class="one" d="M%.1f %d V%.1f"/><text class="small mid" x="%.1f" y="%d">pass-through</text>`+"\n", x(1), chartTop-8, y, x(1), chartTop-13)
	text.WriteString(marks.String())
	fmt.Fprintf(text, `<text class="small" x="16" y="%.0f">%s, GOMAXPROCS %d, store.sync %s, %s; thin lines: what half of the slices are within</text>`+"\n</svg>\n",
		y+chartBottom-8, html.EscapeString(r.Machine.name()), r.Machine.Procs, r.Sync, r.Made.Format("2006-01-02"))
	if _, err := io.WriteString(out, text.String()); err != nil {
		return fmt.Errorf("writing the chart: %w", err)
	}
	return nil
}

// barRow is a target in all editions.
type barRow struct {
	group, name string
	bars        []Result
}

// bars are the rows of the chart. Pass-through is 1 by its nature and has none.
func (r *Report) bars() []barRow {
	rows := []barRow{}
	connections := 0
	for _, result := range r.Results {
		if connections == 0 {
			connections = result.Connections
		}
		if result.Ratio == nil || result.Connections != connections || isThrough(result.Name) {
			continue
		}
		if last := len(rows) - 1; last >= 0 && rows[last].name == result.Name {
			rows[last].bars = append(rows[last].bars, result)
			continue
		}
		rows = append(rows, barRow{result.Group, result.Name, []Result{result}})
	}
	return rows
}
