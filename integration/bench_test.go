//go:build unix

package integration_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/bench"
	"github.com/polycart/polycart/internal/traefik"
)

// benchHere is a `polycart bench` in both editions that keeps its temporary files in temporary.
func benchHere(t *testing.T, temporary string, arguments ...string) *exec.Cmd {
	t.Helper()
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	stock, err := stockTraefik()
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := compiledTraefik()
	if err != nil {
		t.Fatal(err)
	}
	all := append([]string{"bench", "--traefik", stock, "--traefik-compiled", compiled}, arguments...)
	command := exec.Command(buildPolycart(t, checkout), all...)
	command.Dir = checkout
	command.Env = append(os.Environ(), "TMPDIR="+temporary)
	return command
}

// process is how bench tells of a Traefik that it has started.
var process = regexp.MustCompile(`is process (\d+) on `)

// nothingIsLeft wants every Traefik that was told of to have ended, and no file to be left.
func nothingIsLeft(t *testing.T, told, temporary string) {
	t.Helper()
	started := process.FindAllStringSubmatch(told, -1)
	if len(started) == 0 {
		t.Errorf("no Traefik was started:\n%s", told)
	}
	for _, match := range started {
		pid, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is left: %v", pid, err)
		}
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

func TestBenchMeasuresEveryTargetInBothEditions(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("CPU time and memory of another process are known on Linux alone")
	}
	folder, temporary := t.TempDir(), t.TempDir()
	numbers, chart := filepath.Join(folder, "numbers.json"), filepath.Join(folder, "numbers.svg")
	command := benchHere(t, temporary, "--rounds", "1", "--slice", "50ms", "--connections", "2,1", "--rates", "200", "--carts", "300,600", "--json", numbers, "--svg", chart)
	table, problems := &bytes.Buffer{}, &bytes.Buffer{}
	command.Stdout, command.Stderr = table, problems
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, problems)
	}
	nothingIsLeft(t, problems.String(), temporary)

	text, err := os.ReadFile(numbers)
	if err != nil {
		t.Fatal(err)
	}
	report := bench.Report{}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&report); err != nil {
		t.Fatal(err)
	}
	if report.Schema != bench.Schema || report.Rounds != 1 || report.Interrupted || len(report.Traefiks) != 6 {
		t.Errorf("the report begins %.600s", text)
	}
	for _, one := range report.Traefiks {
		if one.Resident <= 0 || one.Peak < one.Resident || one.Version == "" {
			t.Errorf("the memory of a Traefik is %+v", one)
		}
	}
	found := map[string]int{}
	for _, one := range report.Results {
		found[one.Edition+" "+one.Group]++
		if one.Requests <= 0 || one.Slices != 1 || one.PerSecond.Median <= 0 || one.Latency.P50 <= 0 || one.Latency.Max < one.Latency.P999 ||
			one.CPU == nil || one.CPU.Median <= 0 || (one.Ratio == nil) != (one.Group == bench.Open) {
			t.Errorf("a result is %+v", one)
		}
		if !strings.Contains(table.String(), "\n"+one.Name+" ") {
			t.Errorf("the table lacks %s:\n%s", one.Name, table)
		}
	}
	// Reads and writes at two numbers of connections; lines, carts and bodies at one; open at one rate.
	for group, want := range map[string]int{bench.Baseline: 2 * 2, bench.Reads: 5 * 2, bench.Writes: 9 * 2, bench.Lines: 4 * 2, bench.Carts: 2 * 2, bench.Bodies: 4, bench.Open: 3} {
		for _, edition := range []traefik.Edition{traefik.Stock, traefik.Compiled} {
			if got := found[string(edition)+" "+group]; got != want {
				t.Errorf("%s %s: %d results, want %d", edition, group, got, want)
			}
		}
	}

	drawn, err := os.ReadFile(chart)
	if err != nil {
		t.Fatal(err)
	}
	bars := 0
	for decoder := xml.NewDecoder(bytes.NewReader(drawn)); ; {
		element, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the chart is no XML: %v", err)
		}
		if start, is := element.(xml.StartElement); is && start.Name.Local == "title" {
			bars++
		}
	}
	if want := 2 * (1 + 5 + 9 + 8 + 4 + 4); bars != want {
		t.Errorf("the chart has %d bars, want %d", bars, want)
	}
}

// reported is what a short bench of one group reports in the stock edition, and what it prints.
func reported(t *testing.T, group string, rounds int) (report bench.Report, output []byte) {
	t.Helper()
	temporary, numbers := t.TempDir(), filepath.Join(t.TempDir(), "numbers.json")
	command := benchHere(t, temporary, "--edition", "stock", "--groups", group, "--rounds", strconv.Itoa(rounds), "--slice", "100ms", "--connections", "4", "--json", numbers)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	nothingIsLeft(t, string(output), temporary)
	text, err := os.ReadFile(numbers)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	return report, output
}

// Reads and writes over a Redis, at one Traefik and at three, are measured beside passing through.
func TestBenchMeasuresCartsInARedis(t *testing.T) {
	if err := (bench.Settings{Groups: []string{bench.Shared}}).Ready(); err != nil {
		t.Skip(err)
	}
	report, output := reported(t, "redis", 1)
	measured := 0
	for _, one := range report.Results {
		if one.Group == bench.Shared && one.Requests > 0 && one.Ratio != nil && one.Ratio.Median > 0 {
			measured++
		}
	}
	// Four at one Traefik and at three, and two writes of callers who stay at one of these; a Traefik without a Redis passes through.
	if measured != 10 || len(report.Traefiks) != 5 {
		t.Errorf("%d targets and %d Traefiks were measured, want 10 and 5:\n%s", measured, len(report.Traefiks), output)
	}
}

// With a cart service behind, a read or a write of a cart that the plugin knows asks the service once.
func TestBenchMeasuresCartsOfACartService(t *testing.T) {
	report, output := reported(t, "ucp", 2)
	measured := 0
	for _, one := range report.Results {
		if one.Group != bench.Backed {
			continue
		}
		measured++
		if one.Requests <= 0 || one.Ratio == nil || one.Ratio.Median <= 0 || one.Behind == nil || *one.Behind != 1 {
			t.Errorf("a result is %+v", one)
		}
	}
	// Two that pass through, a read of each dialect, and two writes.
	if want := 2 + 5 + 2; measured != want || len(report.Traefiks) != 2 {
		t.Errorf("%d targets and %d Traefiks were measured, want %d and 2:\n%s", measured, len(report.Traefiks), want, output)
	}
}

func TestAnInterruptedBenchShowsWhatItHasAndLeavesNothing(t *testing.T) {
	temporary := t.TempDir()
	numbers := filepath.Join(t.TempDir(), "numbers.json")
	command := benchHere(t, temporary, "--groups", "reads", "--rounds", "1000", "--slice", "20ms", "--connections", "2", "--json", numbers)
	table := &bytes.Buffer{}
	command.Stdout = table
	out, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() }) // it may have ended by itself
	killed := time.AfterFunc(upPatience, func() { _ = command.Process.Kill() })
	defer killed.Stop()
	told := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		told += lines.Text() + "\n"
		if strings.Contains(lines.Text(), ": round ") { // it tells of the rounds seconds after the first has begun
			if err := command.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = command.Wait()
	if ended := (&exec.ExitError{}); !errors.As(err, &ended) || ended.ExitCode() != 130 {
		t.Errorf("it ended with %v\n%s", err, told)
	}
	nothingIsLeft(t, told, temporary)
	if !strings.Contains(table.String(), "not all of it") || !strings.Contains(table.String(), "\nagent read ") {
		t.Errorf("it shows\n%s", table)
	}
	text, err := os.ReadFile(numbers)
	if err != nil || !json.Valid(text) || !strings.Contains(string(text), `"interrupted": true`) {
		t.Errorf("it writes %.300s, %v", text, err)
	}
}

// A Traefik of one edition must never be measured as the other.
func TestBenchRefusesATraefikOfAnotherEdition(t *testing.T) {
	stock, err := stockTraefik()
	if err != nil {
		t.Fatal(err)
	}
	temporary := t.TempDir()
	command := benchHere(t, temporary, "--traefik-compiled", stock, "--quick")
	output, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(output), fmt.Sprintf("polycart: %s is Traefik 3.", stock)) || !strings.Contains(string(output), "not the edition compiled") {
		t.Errorf("got %v\n%s", err, output)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}
