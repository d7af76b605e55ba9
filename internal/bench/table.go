package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Table writes the report for people: a table an edition.
func (r *Report) Table(out io.Writer) error {
	text := &strings.Builder{}
	rounds := fmt.Sprintf("%d rounds", r.Rounds)
	if r.Rounds == 1 {
		rounds = "1 round"
	}
	if r.Interrupted {
		rounds = "not all of it: " + rounds + " are whole"
	}
	fmt.Fprintf(text, "%s, %d processors, GOMAXPROCS %d for Traefik, %s, polycart %s\n", r.Machine.name(), r.Machine.Processors, r.Machine.Procs, r.Machine.System, r.Polycart)
	fmt.Fprintf(text, "%s, slices of %s, store.sync %s; medians, between brackets what half of the slices are within\n", rounds, r.Slice, r.Sync)
	for _, edition := range r.editions() {
		rows := [][]string{{edition, "connections", "requests/s", "", "to pass-through", "", "p50", "p99", "p99.9", "CPU/request", ""}}
		if slices.ContainsFunc(r.Results, func(one Result) bool { return one.Behind != nil }) {
			rows[0] = append(rows[0], "to the service")
		}
		group := ""
		for _, result := range r.Results {
			if result.Edition != edition {
				continue
			}
			if group != "" && group != result.Group {
				rows = append(rows, nil)
			}
			group = result.Group
			rows = append(rows, result.row())
		}
		fmt.Fprintln(text)
		align(text, rows)
	}
	fmt.Fprintln(text)
	rows := [][]string{}
	for _, one := range r.Traefiks {
		carts := ""
		if one.Carts > 0 {
			carts = " with " + thousands(float64(one.Carts)) + " carts"
		}
		if one.Replica > 0 {
			carts = " over Redis, " + replicaName(one.Replica)
		}
		if one.Backed {
			carts = " before a cart service"
		}
		rows = append(rows, []string{"memory, " + one.Edition + carts, megabytes(one.Resident), megabytes(one.Growth) + " since it was warm", megabytes(one.Peak) + " at most"})
	}
	align(text, rows)
	_, err := io.WriteString(out, strings.TrimRight(text.String(), "\n")+"\n")
	if err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

func (m Machine) name() string {
	if m.Processor == "" {
		return "a processor of unknown name"
	}
	return m.Processor
}

// editions are those that were measured, in their order.
func (r *Report) editions() []string {
	found := []string{}
	for _, result := range r.Results {
		if !slices.Contains(found, result.Edition) {
			found = append(found, result.Edition)
		}
	}
	return found
}

// row is a result as a row of the table.
func (r Result) row() []string {
	cells := []string{r.Name, strconv.Itoa(r.Connections)}
	if r.Rate > 0 {
		unsent := ""
		if r.Unsent > 0 {
			unsent = fmt.Sprintf("%d unsent", r.Unsent)
		}
		cells = append(cells, "at "+thousands(float64(r.Rate)), unsent, "", "")
	} else {
		cells = append(cells, thousands(r.PerSecond.Median), within(&r.PerSecond, thousands))
		cells = append(cells, middle(r.Ratio, twoDigits), within(r.Ratio, twoDigits))
	}
	for _, latency := range []int64{r.Latency.P50, r.Latency.P99, r.Latency.P999} {
		cells = append(cells, span(latency))
	}
	cells = append(cells, middle(r.CPU, microseconds), within(r.CPU, thousands))
	if r.Behind != nil {
		cells = append(cells, fmt.Sprintf("%.3f", *r.Behind)) // one in a thousand more than one is worth a look
	}
	return cells
}

func middle(s *Spread, print func(float64) string) string {
	if s == nil {
		return ""
	}
	return print(s.Median)
}

func within(s *Spread, print func(float64) string) string {
	if s == nil {
		return ""
	}
	return "[" + print(s.Low) + "–" + print(s.High) + "]"
}

// twoDigits shows the digits of a ratio that mean something.
func twoDigits(value float64) string {
	if value < 1 {
		return fmt.Sprintf("%.2f", value)
	}
	return fmt.Sprintf("%.1f", value)
}

func microseconds(value float64) string { return thousands(value) + " µs" }

// thousands is a whole number with its thousands apart.
func thousands(value float64) string {
	digits := strconv.FormatFloat(value, 'f', 0, 64)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// span is a latency for people: three digits of it.
func span(micros int64) string {
	switch took := time.Duration(micros) * time.Microsecond; {
	case took < time.Millisecond:
		return fmt.Sprintf("%d µs", micros)
	case took < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(micros)/1000)
	case took < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(micros)/1000)
	default:
		return fmt.Sprintf("%d ms", micros/1000)
	}
}

func megabytes(bytes int64) string { return fmt.Sprintf("%d MB", bytes/1_000_000) }

// align writes rows in columns: the first to the left, as words are, the others to the right, as numbers are.
func align(out *strings.Builder, rows [][]string) {
	widths := []int{}
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			room := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line = cell + room
				continue
			}
			line += "  " + room + cell
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}
