package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/internal/traefik"
)

// tokenSettings are the flags of the command token.
type tokenSettings struct {
	customer string
	secret   string // path of the file
	expires  time.Duration
	issuer   string
	audience string
}

func tokenCommand() *cobra.Command {
	settings := tokenSettings{}
	command := &cobra.Command{
		Use:   "token --customer ID",
		Short: "Print a customer token and nothing else",
		Long: `Token prints a customer token (JWT, HS256) and nothing else. Without --secret it is signed with the secret of the
demo shop in testdata/demo, so it is worth nothing anywhere else.`,
		Example: `  polycart token --customer 182
  curl -H "Authorization: Bearer $(polycart token --customer 182)" -H "X-API-Key: 123456789" http://127.0.0.1:8000/api/v1/shop/cart
  polycart token --customer 182 --secret ./secret --expires 5m --issuer https://id.example.org`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if settings.customer == "" {
				return usageError{errors.New("--customer is missing: which customer is the token for?")}
			}
			if settings.expires <= 0 {
				return usageError{fmt.Errorf("--expires must be more than 0s, not %s", settings.expires)}
			}
			if settings.secret == "" {
				checkout, err := traefik.FindCheckout(".")
				if err != nil {
					return fmt.Errorf("looking for the demo's secret (--secret names another one): %w", err)
				}
				settings.secret = filepath.Join(checkout, demoFolder, demoSecret)
			}
			token, err := signToken(settings, time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), token)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&settings.customer, "customer", "", "customer id, the claim sub")
	flags.StringVar(&settings.secret, "secret", "", "file with the secret (default: the demo's)")
	flags.DurationVar(&settings.expires, "expires", 24*time.Hour, "how long the token is good")
	flags.StringVar(&settings.issuer, "issuer", "", "the claim iss (default: none)")
	flags.StringVar(&settings.audience, "audience", "", "the claim aud (default: none)")
	return command
}

// signToken makes the token that settings describe, issued at now.
func signToken(settings tokenSettings, now time.Time) (string, error) {
	secret, err := os.ReadFile(settings.secret)
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	claims := map[string]any{"sub": settings.customer, "iat": now.Unix(), "exp": now.Add(settings.expires).Unix()}
	if settings.issuer != "" {
		claims["iss"] = settings.issuer
	}
	if settings.audience != "" {
		claims["aud"] = settings.audience
	}
	token, err := identity.Sign(secret, claims)
	if err != nil {
		return "", fmt.Errorf("signing with %s: %w", settings.secret, err)
	}
	return token, nil
}
