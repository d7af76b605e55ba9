// Command polycart runs a demo of the plugin, builds a Traefik with it and measures it, checks configurations, makes customer tokens and translates requests.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitFine   = 0
	exitFailed = 1
	exitUsage  = 2 // the command line itself is wrong

	exitInterrupted = 130 // Ctrl-C, as shells tell it
)

func main() {
	// A second signal ends the program at once, for whoever cannot wait.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// usageError is a fault of the command line.
type usageError struct{ error }

// errSaid ends a command that has already said why it failed.
var errSaid = errors.New("failed")

// run runs one command line and answers the exit code.
func run(ctx context.Context, arguments []string, in io.Reader, out, problems io.Writer) int {
	began := false
	root := rootCommand(&began)
	root.SetArgs(arguments)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(problems)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitFine
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	if errors.Is(err, errSaid) {
		return exitFailed
	}
	fmt.Fprintf(problems, "polycart: %v\n", err)
	wrong := usageError{}
	if !began || errors.As(err, &wrong) {
		fmt.Fprintln(problems, "polycart: --help shows what there is")
		return exitUsage
	}
	return exitFailed
}

// rootCommand is the command line. began is set when the arguments are found good and the work begins.
func rootCommand(began *bool) *cobra.Command {
	root := &cobra.Command{
		Use:   "polycart",
		Short: "One cart behind five legacy cart APIs",
		Long: `Polycart is a Traefik middleware that lets five legacy cart APIs live on one cart.
This program runs a demo of it, builds a Traefik with it and measures it, checks its configuration, lists undelivered events,
takes carts from files to a Redis, makes customer tokens and translates requests.`,
		Example: `  polycart up                          # Traefik with the plugin and a demo shop, until Ctrl-C
  polycart build -o traefik            # a Traefik with the plugin linked in
  polycart bench --quick               # what the plugin costs, against Traefik without it
  polycart check dynamic.yml           # every fault of a configuration, with file and line
  polycart outbox --data carts         # the events that wait for webhooks, and the dead letters
  polycart migrate --from file:carts --to redis://127.0.0.1:6379   # the carts of a data folder into a Redis
  polycart token --customer 182        # a customer token for the demo shop
  polycart translate request.http      # what a request means, and how its answer reads in other dialects`,
		Args:              cobra.NoArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		PersistentPreRun:  func(*cobra.Command, []string) { *began = true },
		RunE:              func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	root.AddCommand(upCommand(), buildCommand(), benchCommand(), checkCommand(), outboxCommand(), migrateCommand(), tokenCommand(), traefikCommand(), translateCommand(), docsCommand(), versionCommand())
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Example: "  polycart version",
		Args:    cobra.NoArgs,
		Run: func(command *cobra.Command, _ []string) {
			fmt.Fprintln(command.OutOrStdout(), "polycart", buildVersion())
		},
	}
}

// buildVersion is the module version of this build, or the commit where it was built from a checkout.
func buildVersion() string {
	info, known := debug.ReadBuildInfo()
	if !known {
		return "of unknown version"
	}
	version := info.Main.Version
	if version == "" || version == "(devel)" {
		version = "devel"
	}
	revision, changed := "", ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision" && len(setting.Value) >= 12:
			revision = " " + setting.Value[:12]
		case setting.Key == "vcs.modified" && setting.Value == "true":
			changed = " with changes"
		}
	}
	return version + revision + changed + " " + info.GoVersion
}
