package bench

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/load"
	"github.com/polycart/polycart/internal/traefik"
)

// slicesOf is a target that had a turn of a second for each number of requests, each answered within a millisecond.
func slicesOf(one operation, edition traefik.Edition, through []map[string]float64, requests ...int) *target {
	t := &target{operation: one, server: &server{edition: edition}, connections: 8, latency: load.NewLatency()}
	for i, count := range requests {
		slice := measured{Result: load.Result{Requests: count, Elapsed: time.Second, Latency: load.NewLatency()}, cpu: time.Duration(count) * 50 * time.Microsecond}
		if err := slice.Latency.RecordValues(1000, int64(count)); err != nil {
			panic(err) // a microsecond is within the bounds
		}
		t.add(slice, through[i])
	}
	return t
}

// measuredReport is a report of three rounds. The middle one was disturbed, and all targets alike.
func measuredReport() *Report {
	report := newReport(small())
	report.Rounds = 3
	for _, edition := range []traefik.Edition{traefik.Stock, traefik.Compiled} {
		through := []map[string]float64{{}, {}, {}}
		add := agentAdd()
		add.group, add.name = Writes, "agent add <&>"
		open := agentAdd()
		open.group, open.rate = Open, 500
		report.add([]*target{
			slicesOf(baseline()[0], edition, through, 1000, 100, 1000),
			slicesOf(add, edition, through, 250, 25, 250),
			slicesOf(open, edition, through, 500, 500, 400),
			slicesOf(agentRead(), edition, through), // it never had a turn
		})
	}
	return report
}

func TestARatioIsToPassThroughInTheSameRound(t *testing.T) {
	report := measuredReport()
	if len(report.Results) != 6 {
		t.Fatalf("there are %d results, want 3 an edition", len(report.Results))
	}
	add := report.Results[1]
	if want := (Spread{0.25, 0.25, 0.25, 0.25, 0.25}); *add.Ratio != want {
		t.Errorf("the ratio is %+v, want %+v", *add.Ratio, want)
	}
	if want := (Spread{250, 137.5, 250, 25, 250}); add.PerSecond != want {
		t.Errorf("requests a second are %+v, want %+v", add.PerSecond, want)
	}
	if add.CPU.Median != 50 || add.Slices != 3 || add.Requests != 525 || add.Latency.P50 != 1000 {
		t.Errorf("got %+v", add)
	}
	if open := report.Results[2]; open.Ratio != nil || open.Rate != 500 {
		t.Errorf("a rate that is given has the ratio %+v", open.Ratio)
	}
}

// What has a cart service behind is compared with what passes through to that service, and tells how often it asks.
func TestBeforeACartServiceAllIsComparedWithWhatPassesThroughToIt(t *testing.T) {
	report, through := newReport(small()), []map[string]float64{{}, {}}
	held := func(int, int) string { return "cart_1" }
	targets := []*target{slicesOf(baseline()[0], traefik.Stock, through, 1000, 1000)}
	for i, one := range overService(held)[:3] {
		one.group = Backed
		t := slicesOf(one, traefik.Stock, through, 400/(1+i), 400/(1+i))
		t.behind = t.requests + i
		targets = append(targets, t)
	}
	report.add(targets)
	ratios, behind := []float64{}, []float64{}
	for _, result := range report.Results[1:] {
		ratios, behind = append(ratios, result.Ratio.Median), append(behind, *result.Behind)
	}
	if fmt.Sprint(ratios) != "[1 0.5 0.3325]" || fmt.Sprint(behind) != "[1 1.0025 1.0075187969924813]" || report.Results[0].Behind != nil {
		t.Errorf("the ratios are %v, the requests to the service %v", ratios, behind)
	}
	text := &strings.Builder{}
	if err := report.Table(text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" to the service\n", "\npass-through, UCP read ", " 1.000\n", "\nagent read, UCP ", " 1.008\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	bars := report.bars()
	if len(bars) != 2 || bars[0].name != writeThrough {
		t.Errorf("the chart has the bars %+v", bars)
	}
}

func TestTheTableShowsEveryResult(t *testing.T) {
	report := measuredReport()
	report.Machine = Machine{System: "linux/amd64", Processor: "a processor", Processors: 2, Procs: 2, Go: "go"}
	report.Polycart = "v1"
	report.Traefiks = []TraefikReport{{Edition: "stock", Carts: 1000, Resident: 200_000_000, Growth: 1_000_000, Peak: 300_000_000}}
	text := &strings.Builder{}
	if err := report.Table(text); err != nil {
		t.Fatal(err)
	}
	const want = `a processor, 2 processors, GOMAXPROCS 2 for Traefik, linux/amd64, polycart v1
3 rounds, slices of 50ms, store.sync os; medians, between brackets what half of the slices are within

stock          connections  requests/s               to pass-through                   p50      p99    p99.9  CPU/request
pass-through             8       1,000  [550–1,000]              1.0    [1.0–1.0]  1.00 ms  1.00 ms  1.00 ms        50 µs  [50–50]

agent add <&>            8         250    [138–250]             0.25  [0.25–0.25]  1.00 ms  1.00 ms  1.00 ms        50 µs  [50–50]

agent add                8      at 500                                             1.00 ms  1.00 ms  1.00 ms        50 µs  [50–50]
`
	if got := text.String(); !strings.HasPrefix(got, want) || !strings.Contains(got, "\ncompiled ") ||
		!strings.HasSuffix(got, "\nmemory, stock with 1,000 carts  200 MB  1 MB since it was warm  300 MB at most\n") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheChartIsXMLWithABarForEachRatio(t *testing.T) {
	text := &strings.Builder{}
	if err := measuredReport().Chart(text); err != nil {
		t.Fatal(err)
	}
	decoder, bars := xml.NewDecoder(strings.NewReader(text.String())), 0
	for {
		element, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if start, is := element.(xml.StartElement); is && start.Name.Local == "title" {
			bars++ // each bar says what it is
		}
	}
	if bars != 2 {
		t.Errorf("there are %d bars, want one an edition:\n%s", bars, text)
	}
	if err := newReport(small()).Chart(io.Discard); err == nil {
		t.Error("a chart of nothing was drawn")
	}
}

func TestQuantilesLieBetweenValuesInProportion(t *testing.T) {
	for _, test := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{[]float64{7}, 0.5, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 2, 3}, 0.5, 2.5},
		{[]float64{1, 2, 3, 4, 5}, 0.25, 2},
		{[]float64{1, 2}, 1, 2},
	} {
		if got := quantile(test.values, test.q); got != test.want {
			t.Errorf("the quantile %g of %v is %g, want %g", test.q, test.values, got, test.want)
		}
	}
}
