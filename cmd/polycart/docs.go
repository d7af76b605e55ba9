package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/polycart/polycart/internal/traefik"
)

// referencePath is where the configuration reference is, below the checkout.
const referencePath = "docs/configuration.md"

func docsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "docs",
		Short:   "Write " + referencePath + " from the comments of the plugin's Config",
		Example: "  polycart docs",
		Hidden:  true, // it is for those who change the plugin
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			checkout, err := traefik.FindCheckout(".")
			if err != nil {
				return err
			}
			text, err := reference(checkout)
			if err != nil {
				return err
			}
			path := filepath.Join(checkout, filepath.FromSlash(referencePath))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return fmt.Errorf("writing the configuration reference: %w", err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				return fmt.Errorf("writing the configuration reference: %w", err)
			}
			return nil
		},
	}
}
