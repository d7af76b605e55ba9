// Ucpshop runs a shopping cart service of the Universal Commerce Protocol.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/integration/ucpshop"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "ucpshop:", err)
		os.Exit(1)
	}
}

// flags are those of the command.
type flags struct {
	listen    string
	seed      string
	catalogue string
	log       bool
	settings  ucpshop.Settings
}

func command() *cobra.Command {
	given := flags{}
	c := &cobra.Command{
		Use:   "ucpshop",
		Short: "Run a shopping cart service of the Universal Commerce Protocol, until Ctrl-C",
		Long: `Ucpshop is a shopping cart service of the Universal Commerce Protocol ` + ucpshop.Version + `. Without --seed or --catalog it sells
the flower shop of the protocol's public tests. Carts are in one file and survive a crash; items are read at the start only.`,
		Example: `  ucpshop
  ucpshop --listen 127.0.0.1:9100 --data carts.db --currency EUR --seed items.json
  ucpshop --catalog testdata/demo/catalog.json`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			return run(c.Context(), given, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&given.listen, "listen", "127.0.0.1:8182", "host:port to listen on")
	f.StringVar(&given.settings.File, "data", "ucpshop.db", "file for the carts")
	f.StringVar(&given.settings.Currency, "currency", "USD", "currency of all prices, ISO 4217")
	f.StringVar(&given.seed, "seed", "", `JSON file of what is sold: {"items": [{"id", "title", "price" in minor units, "stock"}]}`)
	f.StringVar(&given.catalogue, "catalog", "", "catalogue of Polycart to sell instead; item.id is the variant id")
	f.DurationVar(&given.settings.CartTTL, "cart-ttl", 0, "how long a cart lives after its last write (default 720h; below 0 for ever)")
	f.BoolVar(&given.settings.Tags, "etag", false, "answer carts with an ETag and heed If-Match")
	f.BoolVar(&given.settings.OptionalHeaders, "optional-headers", false, "take requests without Request-Id and Idempotency-Key")
	f.BoolVar(&given.log, "access-log", false, "write a JSON line for every request to standard error")
	c.MarkFlagsMutuallyExclusive("seed", "catalog")
	return c
}

// items reads what is sold; nil where no flag says it.
func items(given flags) ([]ucpshop.Item, error) {
	path := given.seed + given.catalogue // one of them is empty
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading what is sold: %w", err)
	}
	if given.seed != "" {
		return ucpshop.ReadItems(data)
	}
	snapshot, faults := catalog.Parse(data, given.settings.Currency)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return ucpshop.FromCatalog(snapshot), nil
}

const (
	// headerPatience is how long a client may take to send the headers, bodyPatience all of its request; idlePatience is how
	// long a connection waits for the next one.
	headerPatience = 10 * time.Second
	bodyPatience   = 30 * time.Second
	idlePatience   = 2 * time.Minute
	// lastGrace is how long requests have to end after Ctrl-C.
	lastGrace = 5 * time.Second
)

// run serves until ctx is done.
func run(ctx context.Context, given flags, out, log io.Writer) (err error) {
	if given.settings.Items, err = items(given); err != nil {
		return err
	}
	if given.log {
		given.settings.AccessLog = slog.New(slog.NewJSONHandler(log, nil))
	}
	shop, err := ucpshop.Open(given.settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	listener, err := net.Listen("tcp", given.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	server := &http.Server{Handler: shop.Handler(), ReadHeaderTimeout: headerPatience, ReadTimeout: bodyPatience, IdleTimeout: idlePatience}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Fprintf(out, "ucpshop: ready on http://%s\n", listener.Addr())
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), lastGrace)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return errors.Join(fmt.Errorf("ending: %w", err), server.Close())
	}
	return nil
}
