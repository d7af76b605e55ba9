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

	"github.com/polycart/polycart/internal/traefik"
)

// workFolder is where `polycart up` writes, below the folder that it is started in.
const workFolder = "polycart-demo"

// upSettings are the flags of the command up.
type upSettings struct {
	listen  string
	data    string
	traefik string
	edition string
	backend string
}

func upCommand() *cobra.Command {
	settings := upSettings{}
	command := &cobra.Command{
		Use:   "up",
		Short: "Run Traefik with the plugin and a demo shop, until Ctrl-C",
		Long: `Up runs an ordinary Traefik with ordinary files: it writes a static and a dynamic configuration, a catalogue and a
secret into ./` + workFolder + `, links this checkout as a local plugin, starts Traefik, and prints one request a dialect that
works when it is pasted. Without --traefik it builds Traefik from its module, once, into the user's cache folder.
Carts are in files of the plugin; with --backend ucp a cart service of the Universal Commerce Protocol stands behind the
router and decides what is in a cart: the one of this checkout, which up builds, and runs on a free port of this machine.
Ctrl-C stops all that it started.`,
		Example: `  polycart up
  polycart up --listen 127.0.0.1:9000 --data /var/tmp/carts
  polycart up --edition compiled
  polycart up --backend ucp
  polycart up --traefik /usr/local/bin/traefik`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if command.Flags().Changed("edition") && settings.traefik != "" {
				return usageError{errors.New("--edition and --traefik exclude each other: a Traefik that is there has its edition")}
			}
			err := up(command.Context(), settings, command.OutOrStdout(), command.ErrOrStderr())
			if command.Context().Err() != nil && errors.Is(err, context.Canceled) {
				return nil // Ctrl-C is how this command ends
			}
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&settings.listen, "listen", "127.0.0.1:8000", "host:port that Traefik listens on")
	flags.StringVar(&settings.data, "data", filepath.Join(workFolder, "data"), "folder for the carts")
	flags.StringVar(&settings.traefik, "traefik", "", "path of a Traefik 3 to run (default: build one)")
	flags.StringVar(&settings.backend, "backend", "", "ucp: a UCP cart service behind the router decides what is in a cart (default: the plugin alone)")
	editionFlag(command, &settings.edition, traefik.Stock)
	return command
}

// backendUCP is the value of --backend for a cart service of the Universal Commerce Protocol.
const backendUCP = "ucp"

// up runs the demo until ctx is done.
func up(ctx context.Context, settings upSettings, out, problems io.Writer) (err error) {
	edition, err := readEdition(settings.edition)
	if err != nil {
		return err
	}
	if settings.backend != "" && settings.backend != backendUCP {
		return usageError{fmt.Errorf("--backend must be %s, or left out for carts that the plugin alone keeps, not %q", backendUCP, settings.backend)}
	}
	if err := traefik.CheckAddress(settings.listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		return err
	}
	d := demo{checkout: checkout, backend: settings.backend}
	if d.folder, err = filepath.Abs(workFolder); err != nil {
		return fmt.Errorf("finding the work folder: %w", err)
	}
	if d.data, err = filepath.Abs(settings.data); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	binary := settings.traefik
	if binary == "" {
		if binary, err = traefik.Build(ctx, checkout, edition, problems); err != nil {
			return err
		}
	}
	release, err := traefik.Claim(d.folder)
	if err != nil {
		return err
	}
	defer release()

	if err := d.lay(); err != nil {
		return err
	}
	behind, err := d.startBehind(ctx, problems)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, behind.stop()) }()
	d.upstream = behind.url
	kept, err := d.configure()
	if err != nil {
		return err
	}
	if kept != "" {
		fmt.Fprintf(out, "polycart: your edited dynamic configuration is now %s\n", kept)
	}
	files := d.files(settings.listen)
	if err := files.Write(); err != nil {
		return err
	}
	describe(out, d, files)

	ownLog, err := os.Create(d.path("traefik.log"))
	if err != nil {
		return fmt.Errorf("making Traefik's log: %w", err)
	}
	defer ownLog.Close()
	pluginLog, err := os.Create(d.path("plugin.log"))
	if err != nil {
		return fmt.Errorf("making the plugin's log: %w", err)
	}
	defer pluginLog.Close()
	process, err := traefik.Start(ctx, traefik.Settings{
		Binary: binary, Files: files, Traefik: ownLog, Plugin: pluginLog, Notice: (&quiet{out: problems}).notice,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, process.Stop()) }()
	if err := greet(out, d, process.URL); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-process.Ended():
		if ctx.Err() != nil {
			return nil
		}
		return process.Err()
	case <-behind.ended:
		return behind.err()
	}
}

// describe says where everything is.
func describe(out io.Writer, d demo, files traefik.Files) {
	rows := [][2]string{
		{"static configuration", files.StaticPath()},
		{"dynamic configuration", files.Dynamic + " (Traefik follows your changes)"},
		{"catalogue", d.path(demoCatalog) + " (the plugin follows your changes)"},
		{"customer token secret", d.path(demoSecret)},
		{"plugin", files.PluginPath() + " -> " + d.checkout},
		{"carts", d.data},
		{"logs", d.path("traefik.log") + ", " + d.path("plugin.log")},
	}
	if d.backend == backendUCP {
		rows = append(rows, [2]string{"UCP cart service", d.upstream + " (it sells the catalogue as it was at its start)"},
			[2]string{"its carts", d.path(serviceData)}, [2]string{"its log", d.path(serviceLog)})
	}
	for _, row := range rows {
		fmt.Fprintf(out, "polycart: %-22s %s\n", row[0], row[1])
	}
}

// greet says that the demo works, and how to try it.
func greet(out io.Writer, d demo, base string) error {
	calls, err := d.calls(base, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "polycart: ready on %s\n", base)
	for _, call := range calls {
		fmt.Fprintf(out, "\n# %s\n%s\n", call.Title, call.Command)
	}
	fmt.Fprintf(out, "\nCtrl-C stops it.\n")
	return nil
}

// quiet shows people what Traefik and the plugin complain of, once where the same comes again and again.
type quiet struct {
	out  io.Writer
	last string
}

// everyStart is a part of a warning that Traefik 3.7 gives at every start, whatever its configuration.
const everyStart = "Traefik can reject some encoded characters"

func (q *quiet) notice(line traefik.Line) {
	if strings.HasPrefix(line.Words, everyStart) || line.Words == q.last {
		return
	}
	q.last = line.Words
	who := "traefik"
	if line.Plugin {
		who = "plugin"
	}
	fmt.Fprintf(q.out, "%s: %s: %s\n", who, line.Level, line.Words)
}
