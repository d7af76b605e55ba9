package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/polycart/polycart/internal/traefik"
)

func traefikCommand() *cobra.Command {
	edition := ""
	command := &cobra.Command{
		Use:   "traefik",
		Short: "Print the path of the Traefik that up runs, and build it first where it is not there",
		Long: `Traefik prints the path of the Traefik that the command up runs, and nothing else on standard output. Where it is not
there it is first built from its module into the user's cache folder, which takes some minutes.`,
		Example: `  polycart traefik
  polycart traefik --edition compiled
  $(polycart traefik) version`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			edition, err := readEdition(edition)
			if err != nil {
				return err
			}
			checkout, err := traefik.FindCheckout(".")
			if err != nil {
				return err
			}
			binary, err := traefik.Build(command.Context(), checkout, edition, command.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), binary)
			return nil
		},
	}
	editionFlag(command, &edition, traefik.Stock)
	return command
}
