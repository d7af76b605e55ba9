package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/plugin"
)

// allDialects is what --to takes beside the name of a dialect.
const allDialects = "all"

// maxRequest bounds the text of a request, in bytes; the plugin's own bound on bodies is far below.
const maxRequest = 8 << 20

// translateSettings are the flags of the command translate.
type translateSettings struct {
	catalog  string // path of the file
	currency string
	cart     string // path of a canonical cart; empty: an empty cart
	to       string // dialect, allDialects or empty
	customer string // who a token stands for
}

func translateCommand() *cobra.Command {
	settings := translateSettings{}
	command := &cobra.Command{
		Use:   "translate [FILE]",
		Short: "Show what a request means, and how its answer reads in other dialects",
		Long: `Translate reads an HTTP request in any dialect from FILE or standard input and shows the dialect, the command in
canonical words, the canonical cart after it, and the answer; with --to also how the cart reads in another dialect.
The cart is empty at first, or the one of --cart. Nothing is kept, and nobody's identity is verified: whatever token
stands in the request, it is taken as that of --customer; API keys and tenants are not looked up.`,
		Example: `  polycart translate request.http --to all
  printf 'POST /api/v1/shop/cart/CK-SDS001 HTTP/1.1\nX-API-Key: 123456789\n\n{"quantity":2}\n' | polycart translate --to vesuvio
  polycart translate request.http --catalog ./catalog.json --currency EUR --cart cart.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			text, err := readRequestText(command.InOrStdin(), arguments)
			if err != nil {
				return err
			}
			t, err := newTranslation(settings)
			if err != nil {
				return err
			}
			t.now = time.Now().UnixMilli()
			t.seed = freshSeed()
			return t.run(text, command.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&settings.catalog, "catalog", "", "catalogue file (default: the demo's)")
	flags.StringVar(&settings.currency, "currency", "USD", "currency of the catalogue's prices, ISO 4217")
	flags.StringVar(&settings.cart, "cart", "", "file with a canonical cart to begin with, as this command prints it (default: an empty cart)")
	flags.StringVar(&settings.to, "to", "", "also show the cart in this dialect, or in "+allDialects)
	flags.StringVar(&settings.customer, "customer", "182", "customer id that a token is taken for")
	return command
}

// freshSeed makes the random hexadecimal digits from which ids are made.
func freshSeed() string {
	seed := make([]byte, 16)
	rand.Read(seed) // never fails: crypto/rand
	return hex.EncodeToString(seed)
}

func readRequestText(in io.Reader, arguments []string) ([]byte, error) {
	if len(arguments) > 0 && arguments[0] != "-" {
		return readBounded(arguments[0], maxRequest)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxRequest))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	return text, nil
}

// translation is one request on its way through the rooms, without store and identity.
type translation struct {
	settings translateSettings
	sold     *catalog.Snapshot
	limits   cartcore.Limits
	maxBody  int64
	cart     *cartcore.Cart // to begin with; nil: an empty one
	now      int64          // Unix milliseconds
	seed     string         // random hexadecimal digits
}

// newTranslation reads the files that settings name.
func newTranslation(settings translateSettings) (*translation, error) {
	if settings.to != "" && settings.to != allDialects && adapterNamed(settings.to) == nil {
		return nil, usageError{fmt.Errorf("--to must be %s or %s, not %q", strings.Join(dialectNames(), ", "), allDialects, settings.to)}
	}
	if settings.catalog == "" {
		checkout, err := traefik.FindCheckout(".")
		if err != nil {
			return nil, fmt.Errorf("looking for the demo's catalogue (--catalog names another one): %w", err)
		}
		settings.catalog = filepath.Join(checkout, demoFolder, demoCatalog)
	}
	content, err := readBounded(settings.catalog, catalog.DefaultMaxBytes)
	if err != nil {
		return nil, err
	}
	sold, faults := catalog.Parse(content, settings.currency)
	if len(faults) > 0 {
		return nil, fmt.Errorf("%s: %w", settings.catalog, errors.Join(faults...))
	}
	defaults := plugin.CreateConfig().Limits
	t := &translation{
		settings: settings, sold: sold, maxBody: defaults.MaxBodyBytes,
		limits: cartcore.Limits{MaxLines: defaults.MaxLines, MaxUnits: defaults.MaxUnits, MaxQuantityPerLine: defaults.MaxQuantityPerLine},
	}
	if settings.cart != "" {
		content, err := readBounded(settings.cart, maxRequest)
		if err != nil {
			return nil, err
		}
		if t.cart, err = cartcore.FromRecord(cartcore.Key{Tenant: tenantShown}, content); err != nil {
			return nil, fmt.Errorf("%s: %w", settings.cart, err)
		}
	}
	return t, nil
}

// tenantShown stands for the tenant, which nobody looks up here.
const tenantShown = "shop"

func adapterNamed(name string) *adapters.Adapter {
	for _, adapter := range adapters.All() {
		if adapter.Name == name {
			return adapter
		}
	}
	return nil
}

func dialectNames() []string {
	names := []string{}
	for _, adapter := range adapters.All() {
		names = append(names, adapter.Name)
	}
	return names
}

// parseRequest reads the text of a request. Lines may end without a carriage return, and the body goes to the end of the
// text, whatever Content-Length says.
func parseRequest(text []byte) (*http.Request, []byte, error) {
	text = bytes.TrimLeft(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), "\n")
	head, body, _ := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(strings.TrimRight(string(head), "\n"), "\n")
	if fields := strings.Fields(lines[0]); len(fields) == 2 {
		lines[0] += " HTTP/1.1"
	}
	kept := lines[:1:1]
	hasHost := false
	for _, line := range lines[1:] {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		if name == "content-length" || name == "transfer-encoding" {
			continue
		}
		hasHost = hasHost || name == "host"
		kept = append(kept, line)
	}
	if !hasHost {
		kept = append(kept, "Host: localhost")
	}
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.Join(kept, "\r\n") + "\r\n\r\n")))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the request: it must begin as in \"POST /path HTTP/1.1\", then header lines, an empty line and the body: %w", err)
	}
	return request, bytes.TrimSpace(body), nil
}

// routed is the route that a request takes, with the request as its adapter sees it.
type routed struct {
	adapter *adapters.Adapter
	route   adapters.Route
	request *http.Request
}

// findRoute answers the route of a request, or nil where no dialect has one.
func findRoute(request *http.Request) *routed {
	var found *routed
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	for _, adapter := range adapters.All() {
		for _, route := range adapter.Routes {
			mux.HandleFunc(route.Pattern, func(_ http.ResponseWriter, r *http.Request) {
				found = &routed{adapter, route, r}
			})
		}
	}
	mux.ServeHTTP(httptest.NewRecorder(), request)
	return found
}

// run translates the request in text.
func (t *translation) run(text []byte, out io.Writer) error {
	request, body, err := parseRequest(text)
	if err != nil {
		return err
	}
	at := findRoute(request)
	if at == nil {
		return fmt.Errorf("no dialect has the route %s %s: the plugin would pass the request on", request.Method, request.URL.Path)
	}
	fmt.Fprintf(out, "dialect: %s\nroute:   %s (%s)\n", at.adapter.Name, at.route.Pattern, at.route.Does)
	call := &adapters.Call{Request: at.request, Options: optionsOf(at.adapter), Limits: &t.limits, Command: &cartcore.Command{}}
	if at.route.Body != adapters.NoBody {
		call.Body = body
	}
	if problem := t.decode(at, call); problem != nil {
		return t.refused(out, at, call, problem)
	}
	caller := t.caller(at.adapter, call)
	fmt.Fprintf(out, "caller:  %s (not verified)\n", callerWords(caller))
	call.Command.Seed = t.seed
	catalog.NameAsks(t.sold, call.Command.Asks)
	printJSON(out, "command", describeCommand(call.Command))

	cart := t.cart
	if cart == nil {
		cart = cartcore.New(caller.Key, t.settings.currency, t.seed, t.now)
	}
	next, outcome, problem := cartcore.Apply(cart, call.Command, t.sold.Facts, &t.limits, t.now)
	if problem != nil {
		return t.refused(out, at, call, problem)
	}
	if results := describeOutcome(outcome); len(results) > 0 {
		printJSON(out, "outcome", results)
	}
	printJSON(out, "cart", next)
	seen := &adapters.Seen{View: outcome.View, Outcome: outcome, Caller: caller}
	printAnswer(out, "answer in "+at.adapter.Name, at.route.Encode(call, seen))
	return t.others(out, at.adapter.Name, seen)
}

// decode reads the request as the plugin does.
func (t *translation) decode(at *routed, call *adapters.Call) *cartcore.Error {
	if int64(len(call.Body)) > t.maxBody {
		return cartcore.Refuse(cartcore.KindTooLarge)
	}
	if len(call.Body) == 0 && at.route.Body == adapters.JSONBody {
		return cartcore.Refuse(cartcore.KindMalformed)
	}
	return at.route.Decode(call)
}

// refused shows how the dialect refuses the request. That is a translation too, so it is no failure of the command.
func (t *translation) refused(out io.Writer, at *routed, call *adapters.Call, problem *cartcore.Error) error {
	fmt.Fprintf(out, "\nrefused: %s\n", problem.Error())
	printAnswer(out, "answer in "+at.adapter.Name, at.adapter.Fail(call, problem))
	return nil
}

// caller takes the credentials at their word.
func (t *translation) caller(adapter *adapters.Adapter, call *adapters.Call) *cartcore.Caller {
	shown := call.Credentials
	caller := &cartcore.Caller{Tenant: tenantShown}
	if shown.Customer != "" {
		caller.Customer = shown.Customer
		caller.Key = cartcore.Key{Tenant: tenantShown, Owner: cartcore.CustomerOwner(caller.Customer)}
		return caller
	}
	if shown.Need == cartcore.NeedCustomer || (shown.Token != "" && shown.Need != cartcore.NeedSession) {
		caller.Customer, caller.PhoneVerified = t.settings.customer, true
		caller.Key = cartcore.Key{Tenant: tenantShown, Owner: cartcore.CustomerOwner(caller.Customer)}
		return caller
	}
	caller.Guest = shown.Guest
	if caller.Guest == "" && adapter.Guest != nil {
		caller.Guest, caller.Fresh = adapter.Guest(t.seed), true
	}
	caller.Key = cartcore.Key{Tenant: tenantShown, Owner: cartcore.GuestOwner(adapter.Name, caller.Guest)}
	return caller
}

func callerWords(caller *cartcore.Caller) string {
	switch {
	case caller.Customer != "":
		return "customer " + caller.Customer
	case caller.Fresh:
		return "a guest who shows no token"
	}
	return "a guest with a token"
}

// others shows the cart as reading it answers in other dialects.
func (t *translation) others(out io.Writer, own string, seen *adapters.Seen) error {
	for _, adapter := range adapters.All() {
		if t.settings.to != adapter.Name && (t.settings.to != allDialects || adapter.Name == own) {
			continue
		}
		at := slices.IndexFunc(adapter.Routes, func(route adapters.Route) bool { return route.Does == "read" })
		if at < 0 {
			return fmt.Errorf("the dialect %s has no route to read a cart", adapter.Name)
		}
		read := &adapters.Seen{View: seen.View, Outcome: &cartcore.Outcome{}, Caller: callerIn(adapter, seen.Caller, t.seed)}
		call := &adapters.Call{
			Request: httptest.NewRequest(http.MethodGet, "http://localhost/", nil), Options: optionsOf(adapter), Limits: &t.limits, Command: &cartcore.Command{},
			Credentials: &cartcore.Credentials{Tenant: tenantShown, Guest: read.Caller.Guest},
		}
		printAnswer(out, "the cart in "+adapter.Name, adapter.Routes[at].Encode(call, read))
	}
	return nil
}

// callerIn is the same caller as another dialect names it: each has its own form of guest token.
func callerIn(adapter *adapters.Adapter, caller *cartcore.Caller, seed string) *cartcore.Caller {
	if caller.Customer != "" && adapter.Guest != nil {
		return caller
	}
	other := *caller
	other.Guest = "session"
	if adapter.Guest != nil {
		other.Guest = adapter.Guest(seed)
	}
	return &other
}

// optionsOf are a dialect's settings where the configuration says nothing.
func optionsOf(adapter *adapters.Adapter) map[string]string {
	options := map[string]string{}
	for _, option := range adapter.Options {
		options[option.Name] = option.Default
	}
	return options
}

// printJSON shows a part of the translation.
func printJSON(out io.Writer, title string, part any) {
	text := &bytes.Buffer{}
	encoder := json.NewEncoder(text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(part); err != nil {
		fmt.Fprintf(text, "%v\n", err)
	}
	fmt.Fprintf(out, "\n== %s\n%s", title, text)
}

// printAnswer shows an answer as HTTP text, its body indented.
func printAnswer(out io.Writer, title string, answer *adapters.Answer) {
	fmt.Fprintf(out, "\n== %s\nHTTP/1.1 %d %s\n", title, answer.Status, http.StatusText(answer.Status))
	for _, header := range answer.Header {
		fmt.Fprintf(out, "%s: %s\n", header.Name, header.Value)
	}
	if answer.Body == nil {
		return
	}
	indented := &bytes.Buffer{}
	if err := json.Indent(indented, answer.Body, "", "  "); err != nil {
		indented = bytes.NewBuffer(answer.Body)
	}
	fmt.Fprintf(out, "Content-Type: application/json\n\n%s\n", indented)
}
