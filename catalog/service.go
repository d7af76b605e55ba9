package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/polycart/polycart/jsonpath"
)

// Service says how a JSON service is asked for items (docs/catalogue.md). Times are milliseconds.
type Service struct {
	URL       string            // for every kind of identifier that URLs does not name
	URLs      map[string]string // by kind, as Kinds names them
	Body      string            // with it the service is asked with POST; {ids} in it is a JSON list
	Headers   map[string]string
	RequestID bool   // each request bears a Request-Id of its own
	Items     string // path of an item or a list of items in the answer; empty: the answer itself
	Variants  string // path of a list of variants in an item; empty: an item is one variant
	Fields    map[string]string
	Minor     bool // prices are whole numbers of minor units instead of text in major units
	Timeout   int64
	Fresh     int64 // how long an answer counts as new
	Stale     int64 // how long beyond that it is used while it is fetched again
	Absent    int64 // how long it is remembered that the service does not have an item
	MaxBytes  int64 // of one answer
	MaxKept   int   // identifiers

	// Ask sends a request and reads at most most bytes of its answer. Its errors hold no address.
	Ask func(request *http.Request, most int64) (status int, body []byte, err error)
}

// Kinds are the kinds of identifier by which items are looked up, in the order in which one is chosen where a client gives several.
var Kinds = []string{"sku", "number", "externalProductId", "productId", "productNumber", "externalVariantId"}

// service is a Service made ready.
type service struct {
	config   Service
	currency string
	logger   *slog.Logger
	urls     map[string]string // by kind
	items    *jsonpath.Path    // nil: the answer itself
	variants *jsonpath.Path    // nil: none
	fields   map[string]*source

	ctx  context.Context // of every request
	stop context.CancelFunc

	mu       sync.Mutex
	newer    map[string]*heard // by kind and identifier, in two halves: a full half becomes the older one
	older    map[string]*heard
	under    map[string]chan struct{} // lookups under way
	failures int                      // in a row
	failedAt int64                    // Unix milliseconds of the last failure
	openTill int64                    // Unix milliseconds until which the service is not asked
	closed   bool
	asides   int            // of aside
	aside    sync.WaitGroup // lookups that no request waits for

	complaints map[string]int64 // when a fault was logged, in Unix milliseconds
}

// source is where a field's value comes from: a path, or a constant.
type source struct {
	Path     *jsonpath.Path
	Constant string // JSON text
}

// currencyField is a field that only services have: the currency of the price, which must be the tenant's.
const currencyField = "currency"

// openService makes a service ready. The errors begin with the setting that they are about.
func openService(from *Service, currency string, logger *slog.Logger) (*service, []error) {
	faults := []error{}
	ctx, stop := context.WithCancel(context.Background())
	s := &service{
		config: *from, currency: currency, logger: logger, urls: map[string]string{}, fields: map[string]*source{}, ctx: ctx, stop: stop,
		newer: map[string]*heard{}, older: map[string]*heard{}, under: map[string]chan struct{}{}, complaints: map[string]int64{},
	}
	if !isCurrency.MatchString(currency) {
		faults = append(faults, fmt.Errorf("url: the currency must be three capital letters of ISO 4217 such as EUR, not %q", shortened(currency)))
	}
	faults = append(faults, readURLs(s)...)
	for name, text := range map[string]string{"items": from.Items, "variants": from.Variants} {
		if text == "" {
			continue
		}
		path, err := jsonpath.Parse(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s %w", name, err))
		}
		if name == "items" {
			s.items = path
		} else {
			s.variants = path
		}
	}
	faults = append(faults, readFields(s)...)
	sort.Slice(faults, func(i, j int) bool { return faults[i].Error() < faults[j].Error() })
	if len(faults) > 0 {
		stop()
		return nil, faults
	}
	return s, nil
}

// readURLs reads the address for each kind of identifier.
func readURLs(s *service) []error {
	faults := []error{}
	for _, kind := range Kinds {
		s.urls[kind] = s.config.URL
	}
	for given, text := range s.config.URLs {
		kind := kindNamed(given)
		if kind == "" {
			faults = append(faults, fmt.Errorf("urls.%s: there is no such kind of identifier; there are %s", given, strings.Join(Kinds, ", ")))
			continue
		}
		s.urls[kind] = text
	}
	if s.urls["sku"] == "" {
		faults = append(faults, errors.New("url: it is empty, and so is urls.sku; carts keep SKUs, so that items must be found by them"))
	}
	for _, kind := range Kinds {
		if fault := urlFault(s.urls[kind], s.config.Body); s.urls[kind] != "" && fault != "" {
			faults = append(faults, errors.New("url for "+kind+": "+fault))
		}
	}
	if s.config.Body != "" && strings.Count(s.config.Body, manyPlace) != 1 {
		faults = append(faults, errors.New("body: it must hold {ids} once, where a JSON list of identifiers comes"))
	}
	return faults
}

// What stands in a template for identifiers and for their kind.
const (
	onePlace  = "{id}"
	manyPlace = "{ids}"
	kindPlace = "{kind}"
)

// urlFault says what is wrong with a template. It does not show it, for it may hold a key.
func urlFault(text, body string) string {
	u, err := url.Parse(strings.NewReplacer(onePlace, "1", manyPlace, "1", kindPlace, "1").Replace(text))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.Fragment != "" {
		return "it must be an http or https URL without user name, password and fragment"
	}
	places := strings.Count(text, onePlace) + strings.Count(text, manyPlace)
	if body != "" && places == 0 {
		return ""
	}
	at := strings.Index(text, "{")
	if body != "" || places != 1 || at < strings.Index(text, "://")+len("://")+len(u.Host) {
		return "it must hold {id} or {ids} once, in its path or query, or neither where body is set"
	}
	return ""
}

// kindNamed finds a kind; Traefik's providers may change the case of keys.
func kindNamed(given string) string {
	for _, kind := range Kinds {
		if strings.EqualFold(kind, given) {
			return kind
		}
	}
	return ""
}

// readFields reads where each field of an item comes from: as configured, else from a member of its own name.
func readFields(s *service) []error {
	faults := []error{}
	for i := range itemFields {
		s.fields[itemFields[i].Name] = &source{Path: &jsonpath.Path{Names: []string{itemFields[i].Name}}}
	}
	for given, text := range s.config.Fields {
		name := fieldNamed(given)
		if name == "" {
			faults = append(faults, fmt.Errorf("fields.%s: there is no such field; there are %s, %s", given, fieldList(itemFields), currencyField))
			continue
		}
		from, err := readSource(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("fields.%s %w", name, err))
			continue
		}
		s.fields[name] = from
	}
	return faults
}

// readSource reads a path, or after = a constant. Empty is no source.
func readSource(text string) (*source, error) {
	if text == "" {
		return nil, nil
	}
	constant, is := strings.CutPrefix(text, "=")
	if !is {
		path, err := jsonpath.Parse(text)
		return &source{Path: path}, err
	}
	if _, err := compacted([]byte(constant)); err != nil {
		return nil, fmt.Errorf("is %q; after = it must be JSON", text)
	}
	return &source{Constant: constant}, nil
}

func fieldNamed(given string) string {
	for i := range itemFields {
		if strings.EqualFold(itemFields[i].Name, given) {
			return itemFields[i].Name
		}
	}
	if strings.EqualFold(given, currencyField) {
		return currencyField
	}
	return ""
}

// addressOf fills a template. %20 is a blank in a path and in a query alike.
func addressOf(template, kind string, ids []string) string {
	escaped := []string{}
	for i := range ids {
		escaped = append(escaped, strings.ReplaceAll(url.QueryEscape(ids[i]), "+", "%20"))
	}
	return strings.NewReplacer(kindPlace, kind, manyPlace, strings.Join(escaped, ","), onePlace, escaped[0]).Replace(template)
}

// unaskable tells whether an identifier cannot stand in an address: servers take dots for folders, and a comma would make two of one.
func unaskable(s *service, w want) bool {
	return s.config.Body == "" && (w.ID == "." || w.ID == ".." || (strings.Contains(w.ID, ",") && batches(s, w.Kind) > 1))
}

// batches tells how many identifiers of a kind one request may name.
func batches(s *service, kind string) int {
	if s.config.Body != "" || strings.Contains(s.urls[kind], manyPlace) {
		return batchMost
	}
	return 1
}

// closeService stops every lookup and waits for those that run aside.
func closeService(s *service) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.aside.Wait()
}

// numberText is a number that is no identifier where it is 0.
func numberText(number int64) string {
	if number == 0 {
		return ""
	}
	return strconv.FormatInt(number, 10)
}
