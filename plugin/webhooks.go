package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
)

// herald is what is needed to tell a tenant's webhooks of its carts.
type herald struct {
	Tenant   string
	Audience *cartcore.Audience
	Hooks    map[string]*webhook // by id
	Idle     int64               // milliseconds after which a cart counts as abandoned; 0 is never
	Catalog  *catalog.Catalog
	Rules    *outboxRules
}

// webhook is one receiver of events.
type webhook struct {
	ID           string // in the records of carts, which hold no address
	URL          string
	Host         string // as much of the address as a log may have
	Secret       []byte
	UserAgent    string
	AllowPrivate bool
}

// outboxRules bound deliveries; times are milliseconds.
type outboxRules struct {
	Attempts     int64
	FirstRetry   int64
	LongestRetry int64
	LongestAge   int64
	Timeout      int64
	MostLetters  int
}

// Bounds of a webhook's secret, in bytes. The least keeps guessing out of reach, the most is far more than an HMAC can use.
const (
	minHookSecret = 16
	maxHookSecret = 4096
)

// heraldsOf makes the webhooks of a configuration ready; nil where no tenant has one.
func heraldsOf(config *Config, catalogs map[string]*catalog.Catalog) (heralds map[string]*herald, faults []string) {
	heralds = nil // said, because a result does not begin as zero (docs/interpreter.md: named results)
	faults = nil
	for i := range config.Tenants {
		tenant := config.Tenants[i]
		if len(tenant.Webhooks) == 0 {
			continue
		}
		made, wrong := heraldOf(config, tenant, "tenants["+strconv.Itoa(i)+"].webhooks")
		faults = append(faults, wrong...)
		made.Catalog = catalogs[tenant.ID]
		if heralds == nil {
			heralds = map[string]*herald{}
		}
		heralds[tenant.ID] = made
	}
	return heralds, faults
}

func heraldOf(config *Config, tenant Tenant, at string) (made *herald, faults []string) {
	faults = nil // as in heraldsOf
	made = &herald{
		Tenant: tenant.ID, Hooks: map[string]*webhook{}, Idle: milliseconds(tenant.AbandonedAfter, 0), Rules: rulesOf(config.Outbox),
		Audience: &cartcore.Audience{StoreID: tenant.ID, Hooks: map[string][]string{}, MostEvents: int(config.Outbox.PerCart)},
	}
	made.Audience.Watches = made.Idle > 0
	if len(tenant.Stores) > 0 {
		made.Audience.StoreID = tenant.Stores[0]
	}
	for i := range tenant.Webhooks {
		from := tenant.Webhooks[i]
		hook, types, wrong := hookOf(from, at+"["+strconv.Itoa(i)+"]")
		faults = append(faults, wrong...)
		if len(wrong) > 0 {
			continue
		}
		if made.Hooks[hook.ID] != nil {
			faults = append(faults, at+"["+strconv.Itoa(i)+"].url: an earlier webhook of the tenant has the same; each needs its own")
			continue
		}
		made.Hooks[hook.ID] = hook
		for j := range types {
			made.Audience.Hooks[types[j]] = append(made.Audience.Hooks[types[j]], hook.ID)
		}
	}
	return made, faults
}

// hookOf makes one webhook ready and answers the types of event that it wants.
func hookOf(from Webhook, at string) (hook *webhook, types []string, faults []string) {
	faults = nil // as in heraldsOf
	address, err := readHookURL(from.URL)
	if err != nil {
		faults = append(faults, at+".url: "+err.Error())
	} else if literal, err := netip.ParseAddr(address.Hostname()); err == nil && !from.AllowPrivate && !publicAddress(literal) {
		faults = append(faults, at+".url: its address is not a public one; that needs allowPrivate")
	}
	secret, err := readHookSecret(from.SecretFile)
	if err != nil {
		faults = append(faults, at+".secretFile: "+err.Error())
	}
	types = from.Events
	if len(types) == 0 {
		types = cartcore.EventTypes()
	}
	for i := range types {
		if fault := choiceFault(at+".events["+strconv.Itoa(i)+"]", types[i], cartcore.EventTypes()); fault != "" {
			faults = append(faults, fault)
		}
		for j := 0; j < i; j++ {
			if types[j] == types[i] {
				faults = append(faults, at+".events["+strconv.Itoa(i)+"]: "+strconv.Quote(types[i])+" stands twice")
			}
		}
	}
	if strings.ContainsAny(from.UserAgent, "\r\n\x00") {
		faults = append(faults, at+".userAgent: it holds a line break; it must be the text of one header line")
	}
	if len(faults) > 0 {
		return nil, nil, faults
	}
	agent := from.UserAgent
	if agent == "" {
		agent = hookAgent
	}
	sum := sha256.Sum256([]byte(from.URL))
	hook = &webhook{
		ID: hex.EncodeToString(sum[:8]), URL: from.URL, Host: address.Scheme + "://" + address.Host, Secret: secret, UserAgent: agent,
		AllowPrivate: from.AllowPrivate,
	}
	return hook, types, nil
}

// hookAgent is what the origin calls itself (facts 1.8): receivers that were written for it may look.
const hookAgent = "VesuvioPay-Webhooks/1.0"

// readHookURL reads the address of a webhook. The fault does not show it, for its path may be a secret.
func readHookURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, errors.New("it is empty; it must be the address that events are sent to")
	}
	address, err := url.Parse(text)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" || address.Opaque != "" {
		return nil, errors.New("it must be an absolute http or https URL")
	}
	if address.User != nil || address.Fragment != "" {
		return nil, errors.New("it must be a URL without user name, password and fragment")
	}
	return address, nil
}

// readHookSecret reads the secret of a webhook.
func readHookSecret(path string) ([]byte, error) {
	if path == "" {
		return nil, errors.New("it is empty; it must name the file that holds the secret of the signatures")
	}
	secret, err := readSecretText(path)
	if err != nil {
		return nil, err
	}
	if len(secret) < minHookSecret || len(secret) > maxHookSecret {
		return nil, fmt.Errorf("the secret in %s has %d bytes; allowed are %d to %d", path, len(secret), minHookSecret, maxHookSecret)
	}
	return []byte(secret), nil
}

// readSecretText reads a file of one line, as far as a secret can go. Editors and echo end a file with a line break, which is not part of it.
func readSecretText(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxHookSecret+3))
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}

func rulesOf(from Outbox) *outboxRules {
	return &outboxRules{
		Attempts: from.Attempts, FirstRetry: milliseconds(from.FirstRetry, 0), LongestRetry: milliseconds(from.LongestRetry, 0),
		LongestAge: milliseconds(from.LongestAge, 0), Timeout: milliseconds(from.Timeout, 0), MostLetters: int(from.DeadLetters),
	}
}

// outboxFaults are the faults of what bounds deliveries.
func outboxFaults(config *Config) []string {
	o := config.Outbox
	faults := []string{}
	numbers := []struct {
		Key       string
		Value     int64
		Low, High int64
	}{
		{"outbox.attempts", o.Attempts, 1, 1000},
		{"outbox.perCart", o.PerCart, 1, 10000},
		{"outbox.deadLetters", o.DeadLetters, 0, 1000000},
	}
	for i := range numbers {
		if numbers[i].Value < numbers[i].Low || numbers[i].Value > numbers[i].High {
			faults = append(faults, fmt.Sprintf("%s: %d is not allowed; it must be from %d to %d", numbers[i].Key, numbers[i].Value, numbers[i].Low, numbers[i].High))
		}
	}
	durations := []struct {
		Key, Value string
		Least      time.Duration
	}{
		{"outbox.firstRetry", o.FirstRetry, scheduleStep * time.Millisecond},
		{"outbox.longestRetry", o.LongestRetry, scheduleStep * time.Millisecond},
		{"outbox.longestAge", o.LongestAge, time.Second},
		{"outbox.timeout", o.Timeout, scheduleStep * time.Millisecond},
		{"outbox.deadLetterLife", o.DeadLetterLife, time.Minute},
	}
	for i := range durations {
		if fault := durationFault(durations[i].Key, durations[i].Value, durations[i].Least, false); fault != "" {
			faults = append(faults, fault)
		}
	}
	return faults
}

// abandonedFault is the fault of a tenant's time after which carts count as abandoned.
func abandonedFault(tenant Tenant, at string) string {
	if tenant.AbandonedAfter != "" && len(tenant.Webhooks) == 0 {
		return at + ".abandonedAfter: it needs a webhook to tell, and the tenant has none"
	}
	return durationFault(at+".abandonedAfter", tenant.AbandonedAfter, time.Second, true)
}
