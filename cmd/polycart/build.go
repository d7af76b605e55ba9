package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/polycart/polycart/internal/traefik"
)

// buildSettings are the flags of the command build.
type buildSettings struct {
	edition string
	out     string
}

func buildCommand() *cobra.Command {
	settings := buildSettings{}
	command := &cobra.Command{
		Use:   "build",
		Short: "Build a Traefik, plain or with the plugin linked in, into a file",
		Long: `Build makes a Traefik of the version that this checkout names. The edition compiled has the plugin linked in and runs it as
native code, with the same configuration files; the edition stock is Traefik as it is, which interprets the plugin. The first
build of an edition takes some minutes and shows its progress; it is kept in the user's cache folder.`,
		Example: `  polycart build --edition compiled -o traefik
  ./traefik version`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return buildInto(command.Context(), settings, command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	editionFlag(command, &settings.edition, traefik.Compiled)
	flags.StringVarP(&settings.out, "output", "o", "", "FILE that the Traefik is written to")
	return command
}

// editionFlag gives command the flag --edition.
func editionFlag(command *cobra.Command, edition *string, usual traefik.Edition) {
	command.Flags().StringVar(edition, "edition", string(usual), "stock: Traefik interprets the plugin; compiled: it is linked in")
}

// readEdition reads the value of --edition.
func readEdition(text string) (traefik.Edition, error) {
	edition, err := traefik.ParseEdition(text)
	if err != nil {
		return "", usageError{fmt.Errorf("--edition: %w", err)}
	}
	return edition, nil
}

// buildInto builds a Traefik and puts it where settings say.
func buildInto(ctx context.Context, settings buildSettings, out, problems io.Writer) error {
	edition, err := readEdition(settings.edition)
	if err != nil {
		return err
	}
	if settings.out == "" {
		return usageError{errors.New("--output is missing: the FILE that the Traefik is written to")}
	}
	if info, err := os.Stat(settings.out); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("--output: %s is there and is no file", settings.out)
	}
	if _, err := os.Stat(filepath.Dir(settings.out)); err != nil { // found now, not after some minutes of building
		return fmt.Errorf("--output: %w", err)
	}
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		return err
	}
	version, err := traefik.Version(checkout)
	if err != nil {
		return err
	}
	binary, err := traefik.Build(ctx, checkout, edition, problems)
	if err != nil {
		return err
	}
	bytes, err := copyProgram(binary, settings.out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "polycart: %s is Traefik %s, edition %s, polycart %s, %d MB\n", settings.out, version, edition, buildVersion(), bytes/1_000_000)
	return nil
}

// copyProgram copies an executable file, in one step for whoever runs what was there before, and answers its length.
func copyProgram(from, to string) (bytes int64, err error) {
	source, err := os.Open(from)
	if err != nil {
		return 0, fmt.Errorf("reading the Traefik that was built: %w", err)
	}
	defer source.Close()
	partial, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+"-")
	if err != nil {
		return 0, fmt.Errorf("writing %s: %w", to, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", to, err)
			os.Remove(partial.Name()) // the first error says more
		}
	}()
	bytes, err = io.Copy(partial, source)
	if err = errors.Join(err, partial.Close()); err != nil {
		return 0, err
	}
	if err := os.Chmod(partial.Name(), 0o755); err != nil {
		return 0, err
	}
	return bytes, os.Rename(partial.Name(), to)
}
