package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/polycart/polycart/internal/bench"
	"github.com/polycart/polycart/internal/traefik"
)

// benchSettings are the flags of the command bench.
type benchSettings struct {
	bench.Settings
	edition  string
	stock    string // path of a Traefik
	compiled string // path of a Traefik
	quick    bool
	json     string // path of a file
	svg      string // path of a file
}

// bothEditions is the value of --edition that measures both.
const bothEditions = "both"

func benchCommand() *cobra.Command {
	settings := benchSettings{}
	command := &cobra.Command{
		Use:   "bench",
		Short: "Measure what the plugin costs, against the same Traefik that passes requests through",
		Long: `Bench starts a trivial upstream and Traefik in both editions, with carts of its own in a temporary folder, and lets all
targets take turns in short slices, round after round, so that what else the machine does hits all alike. It prints, for each
target, requests a second, that as a ratio to pass-through, latencies and the CPU time of Traefik a request
(docs/benchmarks.md says what each number means). Without --traefik and --traefik-compiled it builds the Traefiks, once, into
the user's cache folder. Ctrl-C stops all that it started and prints what was measured until then.

Groups: reads, writes (each dialect's), lines (carts of 1 to 500 lines), carts (among the numbers of --carts, none in memory),
bodies (up to the limit), open (at the fixed --rates; latencies count from when a request was due), redis (reads and writes with
store.kind redis, at one Traefik and at three; not among those of a run without --groups, because it starts a redis-server or valkey-server, which
must be installed), ucp (reads and writes with a UCP cart service behind, the one of this checkout, which is built and started; only where
--groups names it).`,
		Example: `  polycart bench --quick                                   # reads and writes, half a minute
  polycart bench --json numbers.json --svg numbers.svg     # everything, about a quarter of an hour
  polycart bench --edition stock --groups writes,open --rounds 20
  polycart bench --groups redis                            # carts in a Redis, at one Traefik and at three
  polycart bench --groups ucp                              # before a cart service
  polycart bench --groups carts --carts 1000,1000000 --connections 8,64`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if settings.quick {
				hurry(command, &settings.Settings)
			}
			return measure(command.Context(), settings, command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	flags.StringVar(&settings.edition, "edition", bothEditions, "stock: Traefik interprets the plugin; compiled: it is linked in; both")
	flags.StringVar(&settings.stock, "traefik", "", "path of a Traefik 3, edition stock (default: build one)")
	flags.StringVar(&settings.compiled, "traefik-compiled", "", "path of a Traefik 3, edition compiled (default: build one)")
	flags.BoolVar(&settings.quick, "quick", false, "only reads and writes, in 3 rounds of 150ms slices, unless other flags say so")
	flags.StringSliceVar(&settings.Groups, "groups", bench.Usual, "what is measured")
	flags.IntVar(&settings.Rounds, "rounds", 10, "how often all targets take turns")
	flags.DurationVar(&settings.Slice, "slice", 400*time.Millisecond, "how long each has its turn")
	flags.IntSliceVar(&settings.Connections, "connections", []int{8, 1, 64}, "connections that ask at once: the first for every group, the others for reads and writes alone")
	flags.IntSliceVar(&settings.Rates, "rates", []int{500, 2000}, "requests a second of the group open")
	flags.IntSliceVar(&settings.Carts, "carts", []int{1000, 100_000, 1_000_000}, "numbers of carts of the group carts; each takes a Traefik, and 0.7 kB of disk a cart and edition")
	flags.StringVar(&settings.Sync, "sync", "os", "store.sync of the plugin: os, interval or always")
	flags.IntVar(&settings.Share, "share", 0, "hundredths of a processor that each Traefik of the group redis may use, as on a machine of its own (Linux, as root; default: all there is)")
	flags.IntVar(&settings.Procs, "gomaxprocs", 0, "GOMAXPROCS of Traefik (default: as the environment has it)")
	flags.StringVar(&settings.json, "json", "", "FILE that the numbers are written to")
	flags.StringVar(&settings.svg, "svg", "", "FILE that a chart of the ratios is written to")
	return command
}

// hurry makes a short run of what no flag asks for otherwise.
func hurry(command *cobra.Command, settings *bench.Settings) {
	quick := bench.Settings{Groups: []string{bench.Reads, bench.Writes}, Rounds: 3, Slice: 150 * time.Millisecond, Connections: []int{8}}
	for name, take := range map[string]func(){
		"groups":      func() { settings.Groups = quick.Groups },
		"rounds":      func() { settings.Rounds = quick.Rounds },
		"slice":       func() { settings.Slice = quick.Slice },
		"connections": func() { settings.Connections = quick.Connections },
	} {
		if !command.Flags().Changed(name) {
			take()
		}
	}
}

// measure runs the bench and writes its report, also what there is of one that was broken off.
func measure(ctx context.Context, settings benchSettings, out, problems io.Writer) error {
	if err := settings.Check(); err != nil {
		return usageError{fmt.Errorf("--%w", err)}
	}
	if err := settings.Ready(); err != nil { // now, not after Traefik was built
		return err
	}
	for flag, path := range map[string]string{"json": settings.json, "svg": settings.svg} {
		if _, err := os.Stat(filepath.Dir(path)); path != "" && err != nil { // found now, not after some minutes of measuring
			return fmt.Errorf("--%s: %w", flag, err)
		}
	}
	var err error
	if settings.Checkout, err = traefik.FindCheckout("."); err != nil {
		return err
	}
	settings.Version = strings.TrimPrefix(buildVersion(), "devel ")
	if err := settings.binaries(ctx, problems); err != nil {
		return err
	}
	report, err := bench.Run(ctx, settings.Settings, problems)
	return errors.Join(err, settings.write(report, out))
}

// binaries finds or builds the Traefiks of the editions that are asked for.
func (s *benchSettings) binaries(ctx context.Context, problems io.Writer) error {
	editions := []traefik.Edition{traefik.Stock, traefik.Compiled}
	if s.edition != bothEditions {
		one, err := traefik.ParseEdition(s.edition)
		if err != nil {
			return usageError{fmt.Errorf("--edition must be stock, compiled or both, not %q", s.edition)}
		}
		editions = []traefik.Edition{one}
	}
	paths := map[traefik.Edition]string{traefik.Stock: s.stock, traefik.Compiled: s.compiled}
	s.Binaries = map[traefik.Edition]string{}
	for _, edition := range editions {
		s.Binaries[edition] = paths[edition]
		if paths[edition] != "" {
			continue
		}
		built, err := traefik.Build(ctx, s.Checkout, edition, problems)
		if err != nil {
			return err
		}
		s.Binaries[edition] = built
	}
	return nil
}

// write writes the report everywhere it is asked for. Of a run that measured nothing there is none.
func (s *benchSettings) write(report *bench.Report, out io.Writer) error {
	if len(report.Results) == 0 {
		return nil
	}
	failed := report.Table(out)
	for path, write := range map[string]func(io.Writer) error{s.json: report.JSON, s.svg: report.Chart} {
		if path != "" {
			failed = errors.Join(failed, writeFile(path, write))
		}
	}
	return failed
}

// writeFile writes a file by write.
func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return errors.Join(write(file), file.Close())
}
