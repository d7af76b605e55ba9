// Package ucpshop is a shopping cart service that speaks the Universal Commerce Protocol, version 2026-04-08: what Polycart's
// tests stand behind Polycart, and a start for whoever writes such a service. One Shop sells one list of items in one
// currency and keeps its carts in one file.
package ucpshop

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Version is the version of the protocol that every answer bears.
const Version = "2026-04-08"

const (
	// defaultTTL is how long a cart lives after its last write; the protocol names no time.
	defaultTTL = 30 * 24 * time.Hour
	// defaultAnswersKept is what the protocol recommends; leastAnswersKept is what it demands.
	defaultAnswersKept = 48 * time.Hour
	leastAnswersKept   = 24 * time.Hour
	// defaultMaxBody holds a cart of some thousand lines.
	defaultMaxBody = 1 << 20
	// lockPatience is how long Open waits for a process that is just ending to let go of the file.
	lockPatience = 5 * time.Second
)

// Settings say what Open opens. Only File is required.
type Settings struct {
	File     string // path of the bbolt file with the carts; made where it is missing
	Currency string // ISO 4217, capital letters; empty is USD
	Items    []Item // what is sold; nil is FlowerShop()

	CartTTL     time.Duration // how long a cart lives after its last write; 0 is 30 days, below 0 is for ever
	AnswersKept time.Duration // how long an idempotency key is remembered; 0 is 48 hours, at least 24
	MaxBody     int64         // bytes of a request body; 0 is 1 MiB
	Storefront  string        // URL that continue_url begins with; empty is https://flower-shop.example
	Endpoint    string        // URL of the service for its profile; empty is where the profile was asked for

	// Tags has answers with a cart bear an ETag, and writes heed If-Match: the protocol itself lets the last writer win.
	Tags bool
	// OptionalHeaders lets requests leave out Request-Id and Idempotency-Key, as the examples of the specification's text do;
	// its REST contract requires both.
	OptionalHeaders bool
	// Departures are deviations of public servers, for tests of clients.
	Departures Departures

	// NoSync leaves it to the operating system when writes reach the disk: a crash of the machine can lose them. For tests.
	NoSync bool

	Now       func() time.Time // the clock; nil is time.Now
	AccessLog *slog.Logger     // is told every request; nil: nobody
}

// Departures are what public servers are known to do differently. The zero value is the protocol.
type Departures struct {
	MissingCartIs404   bool       // a missing cart is answered with status 404 and the code RESOURCE_NOT_FOUND
	UnknownItemIs400   bool       // an item that is not sold is answered with status 400 and the code INVALID_REQUEST
	ConflictInEnvelope bool       // a reused idempotency key is answered with a 409 that has messages, code IDEMPOTENCY_CONFLICT
	DuplicatesKept     bool       // two lines of one item are not merged
	NoStockCheck       bool       // quantities are not compared with the stock
	AbsentKept         bool       // a PUT without buyer, context or attribution keeps those of the cart
	BodyID             BodyIDRule // what a PUT has to say about the cart's id in its body
}

// BodyIDRule says what a PUT's body must do with the cart's id, on which versions of the protocol disagree.
type BodyIDRule int

const (
	BodyIDRequired BodyIDRule = iota // 2026-04-08: the body must bear the id of the path
	BodyIDOptional                   // either way
	BodyIDRefused                    // later drafts leave it out; this server refuses it
)

// Shop is a running service. Its methods may be called at once.
type Shop struct {
	settings Settings
	file     *bolt.DB
	shelf    shelf
}

var isCurrency = regexp.MustCompile(`^[A-Z]{3}$`)

// Open opens the carts of a file and sells the items of settings.
func Open(settings Settings) (*Shop, error) {
	if err := complete(&settings); err != nil {
		return nil, err
	}
	s := &Shop{settings: settings}
	if err := s.SetItems(settings.Items); err != nil {
		return nil, err
	}
	file, err := bolt.Open(settings.File, 0o600, &bolt.Options{Timeout: lockPatience, NoSync: settings.NoSync})
	if err != nil {
		return nil, fmt.Errorf("opening cart file %s: %w", settings.File, err)
	}
	s.file = file
	if err := file.Update(makeBuckets); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing cart file %s: %w", settings.File, err), file.Close())
	}
	return s, nil
}

// complete fills in what settings leave out and checks the rest.
func complete(settings *Settings) error {
	if settings.File == "" {
		return errors.New("opening ucpshop: File is required")
	}
	if settings.Currency == "" {
		settings.Currency = "USD"
	}
	if !isCurrency.MatchString(settings.Currency) {
		return fmt.Errorf("opening ucpshop: the currency must be three capital letters of ISO 4217 such as EUR, not %q", settings.Currency)
	}
	if settings.Items == nil {
		settings.Items = FlowerShop()
	}
	if settings.CartTTL == 0 {
		settings.CartTTL = defaultTTL
	}
	if settings.AnswersKept == 0 {
		settings.AnswersKept = defaultAnswersKept
	}
	if settings.AnswersKept < leastAnswersKept {
		return fmt.Errorf("opening ucpshop: AnswersKept must be at least %v, not %v", leastAnswersKept, settings.AnswersKept)
	}
	if settings.MaxBody == 0 {
		settings.MaxBody = defaultMaxBody
	}
	if settings.Storefront == "" {
		settings.Storefront = "https://flower-shop.example"
	}
	settings.Storefront = strings.TrimSuffix(settings.Storefront, "/")
	settings.Endpoint = strings.TrimSuffix(settings.Endpoint, "/")
	for _, address := range []string{settings.Storefront, settings.Endpoint} {
		if parsed, err := url.Parse(address); address != "" && (err != nil || parsed.Host == "") {
			return fmt.Errorf("opening ucpshop: %q is no absolute URL", address)
		}
	}
	if settings.Now == nil {
		settings.Now = time.Now
	}
	return nil
}

// Close closes the file. Requests that still run end first or fail with status 503.
func (s *Shop) Close() error {
	return s.file.Close()
}

// Handler answers the endpoints of the protocol, and GET /healthz.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/ucp", s.profile)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("POST /carts", s.checked(s.createCart))
	mux.HandleFunc("GET /carts/{id}", s.checked(s.getCart))
	mux.HandleFunc("PUT /carts/{id}", s.checked(s.updateCart))
	mux.HandleFunc("POST /carts/{id}/cancel", s.checked(s.cancelCart))
	mux.HandleFunc("POST /catalog/lookup", s.checked(s.lookup))
	mux.HandleFunc("POST /catalog/product", s.checked(s.product))
	return s.logged(mux)
}
