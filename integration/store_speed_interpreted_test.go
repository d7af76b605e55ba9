package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/polycart/polycart/integration/storespeed"
	"github.com/polycart/polycart/internal/bench"
)

// fewCarts is what a folder of many carts is compared with.
const fewCarts = 1000

// TestStoreSpeedInterpreted reports and asserts no time: what a folder of many carts costs compiled and interpreted, and
// how much slower it is than one of a thousand. POLYCART_MEASURE=1000000 makes it a million carts.
func TestStoreSpeedInterpreted(t *testing.T) {
	count := 2 * fewCarts
	if text := os.Getenv("POLYCART_MEASURE"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	source, err := os.ReadFile(filepath.Join("storespeed", "storespeed.go"))
	if err != nil {
		t.Fatal(err)
	}
	few, many := t.TempDir(), t.TempDir()
	storespeed.Fill(few, fewCarts)
	storespeed.Fill(many, count)

	i := interpreted(t, "storespeed", string(source))
	eval := func(call string) int64 {
		value, err := i.Eval(call)
		if err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		return value.Int()
	}
	t.Run("compiled", func(t *testing.T) {
		reportStore(t, few, many, count, storeEdition{
			folder: map[string]func(string) int64{
				"OpenCached": storespeed.OpenCached, "OpenUncached": storespeed.OpenUncached, "Release": storespeed.Release, "Bytes": storespeed.Bytes,
			},
			times: map[string]func(string, int) int64{"Hits": storespeed.Hits, "Loads": storespeed.Loads, "Saves": storespeed.Saves},
		})
	})
	t.Run("interpreted", func(t *testing.T) {
		edition := storeEdition{folder: map[string]func(string) int64{}, times: map[string]func(string, int) int64{}}
		for _, name := range []string{"OpenCached", "OpenUncached", "Release", "Bytes"} {
			edition.folder[name] = func(folder string) int64 { return eval(fmt.Sprintf("storespeed.%s(%q)", name, folder)) }
		}
		for _, name := range []string{"Hits", "Loads", "Saves"} {
			edition.times[name] = func(folder string, n int) int64 {
				return eval(fmt.Sprintf("storespeed.%s(%q, %d)", name, folder, n))
			}
		}
		reportStore(t, few, many, count, edition)
	})
}

// storeEdition is package storespeed, compiled or interpreted.
type storeEdition struct {
	folder map[string]func(folder string) int64
	times  map[string]func(folder string, times int) int64
}

// reportStore measures one edition. The two folders take turns, so that what else the machine does hits both alike; a
// figure is the median of the rounds.
func reportStore(t *testing.T, few, many string, count int, e storeEdition) {
	const rounds, each = 15, 300
	e.folder["OpenCached"](few)
	for _, name := range []string{"Hits", "Saves"} {
		e.times[name](few, each)
		all := []float64{}
		for range rounds {
			all = append(all, float64(e.times[name](few, each)))
		}
		t.Logf("%-5s of cached carts: %.1f µs", name, bench.Median(all)/1000)
	}
	e.folder["Release"](few)

	e.folder["OpenUncached"](few)
	opened := e.folder["OpenUncached"](many)
	t.Logf("%d carts: opened in %s, %d bytes of disk each", count, time.Duration(opened).Round(time.Millisecond), e.folder["Bytes"](many)/int64(count))
	for _, name := range []string{"Loads", "Saves"} {
		e.times[name](few, each)
		e.times[name](many, each)
		fews, manys, ratios := []float64{}, []float64{}, []float64{}
		for range rounds {
			fews = append(fews, float64(e.times[name](few, each)))
			manys = append(manys, float64(e.times[name](many, each)))
			ratios = append(ratios, manys[len(manys)-1]/fews[len(fews)-1])
		}
		t.Logf("%-5s of %d carts: %.1f µs, of %d: %.1f µs, ratio %.2f", name, fewCarts, bench.Median(fews)/1000, count, bench.Median(manys)/1000, bench.Median(ratios))
	}
	t.Logf("%d carts: %d bytes of memory each", count, e.folder["Release"](many)/int64(count))
	e.folder["Release"](few)

	hints, err := filepath.Glob(filepath.Join(many, "*.hint"))
	if err != nil {
		t.Fatal(err)
	}
	for _, hint := range hints {
		if err := os.Remove(hint); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d carts: opened without hints in %s", count, time.Duration(e.folder["OpenUncached"](many)).Round(time.Millisecond))
	e.folder["Release"](many)
}
