package plugin

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
)

// Validate answers every fault of a configuration, each beginning with the key it is about. It reads the files that the
// configuration names, and changes nothing.
func Validate(config *Config) []string {
	if config == nil {
		return []string{"polycart: the configuration is missing"}
	}
	e, faults := prepare(config, nil)
	if e != nil {
		closeEngine(e)
	}
	return faults
}

// settingFaults are the faults that show without opening anything.
func settingFaults(config *Config) []string {
	faults := append(limitFaults(config), storeFaults(config)...)
	faults = append(faults, outboxFaults(config)...)
	faults = append(faults, dialectFaults(config)...)
	faults = append(faults, answersFaults(config)...)
	faults = append(faults, backendFaults(config)...)
	for i := range config.Tenants {
		tenant, at := config.Tenants[i], "tenants["+strconv.Itoa(i)+"]"
		checks := [][2]string{
			{at + ".catalog.checkEvery", tenant.Catalog.CheckEvery}, {at + ".customers.leeway", tenant.Customers.Leeway}, {at + ".sessions.timeout", tenant.Sessions.Timeout},
		}
		for j := range checks {
			if fault := durationFault(checks[j][0], checks[j][1], 0, true); fault != "" {
				faults = append(faults, fault)
			}
		}
		if fault := abandonedFault(tenant, at); fault != "" {
			faults = append(faults, fault)
		}
		if catalogWays(tenant.Catalog) != 1 {
			faults = append(faults, at+".catalog: exactly one of file, inline and http must be set")
		}
		faults = append(faults, serviceFaults(tenant.Catalog.HTTP, at+".catalog.http")...)
	}
	return faults
}

func limitFaults(config *Config) []string {
	limits := config.Limits
	faults := []string{}
	checks := []struct {
		Key       string
		Value     int64
		Low, High int64
	}{
		{"limits.maxLines", limits.MaxLines, 1, 10000},
		{"limits.maxUnits", limits.MaxUnits, 0, cartcore.MaxInteger},
		{"limits.maxQuantityPerLine", limits.MaxQuantityPerLine, 1, cartcore.MaxInteger},
		{"limits.maxBodyBytes", limits.MaxBodyBytes, 256, 64 << 20},
		{"limits.requestsPerMinute", limits.RequestsPerMinute, 0, maxRate},
		{"limits.burst", limits.Burst, 0, maxRate},
		{"limits.tenantRequestsPerMinute", limits.TenantRequestsPerMinute, 0, maxRate},
		{"limits.tenantBurst", limits.TenantBurst, 0, maxRate},
		{"cache.carts", int64(config.Cache.Carts), 1, cartcore.MaxInteger},
		{"cache.bytes", config.Cache.Bytes, 1 << 20, cartcore.MaxInteger},
		{"cache.answerBytes", config.Cache.AnswerBytes, 0, cartcore.MaxInteger},
	}
	for i := range checks {
		if checks[i].Value < checks[i].Low || checks[i].Value > checks[i].High {
			faults = append(faults, fmt.Sprintf("%s: %d is not allowed; it must be from %d to %d", checks[i].Key, checks[i].Value, checks[i].Low, checks[i].High))
		}
	}
	return append(faults, burstFaults(limits)...)
}

// maxRate is more requests a minute than one machine answers; what is larger is a mistake.
const maxRate = 100000000

// burstFaults are bursts without the limit that they belong to.
func burstFaults(limits Limits) []string {
	faults := []string{}
	if limits.Burst > 0 && limits.RequestsPerMinute == 0 {
		faults = append(faults, fmt.Sprintf("limits.burst: %d is not allowed; it needs limits.requestsPerMinute", limits.Burst))
	}
	if limits.TenantBurst > 0 && limits.TenantRequestsPerMinute == 0 {
		faults = append(faults, fmt.Sprintf("limits.tenantBurst: %d is not allowed; it needs limits.tenantRequestsPerMinute", limits.TenantBurst))
	}
	return faults
}

func storeFaults(config *Config) []string {
	s := config.Store
	faults := []string{}
	if fault := choiceFault("store.kind", s.Kind, []string{"file", "redis", "memory"}); fault != "" {
		faults = append(faults, fault)
	}
	faults = append(faults, redisFaults(s)...)
	if s.Kind == "file" && s.Folder == "" {
		faults = append(faults, "store.folder: it is empty; it must name the data folder")
	}
	if fault := choiceFault("store.sync", s.Sync, []string{"always", "interval", "os"}); fault != "" {
		faults = append(faults, fault)
	}
	if fault := choiceFault("log.level", config.Log.Level, []string{"debug", "info", "warn", "error"}); fault != "" {
		faults = append(faults, fault)
	}
	checks := []struct {
		Key, Value string
		Least      time.Duration
	}{
		{"store.syncEvery", s.SyncEvery, 10 * time.Millisecond},
		{"store.customerLife", s.CustomerLife, time.Minute},
		{"store.guestLife", s.GuestLife, time.Minute},
		{"store.emptyLife", s.EmptyLife, time.Minute},
		{"limits.checkoutLock", config.Limits.CheckoutLock, time.Second},
	}
	for i := range checks {
		if fault := durationFault(checks[i].Key, checks[i].Value, checks[i].Least, false); fault != "" {
			faults = append(faults, fault)
		}
	}
	return faults
}

// prefixForm is what stands before a dialect's paths: whole segments of characters that need no escaping.
var prefixForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

func dialectFaults(config *Config) []string {
	faults := []string{}
	known := map[string]*adapters.Adapter{}
	names := []string{}
	all := adapters.All()
	for i := range all {
		known[all[i].Name] = all[i]
		names = append(names, all[i].Name)
	}
	for name, dialect := range config.Dialects {
		at := "dialects." + name
		adapter := known[strings.ToLower(name)]
		if adapter == nil {
			faults = append(faults, at+": there is no such dialect; there are "+strings.Join(names, ", "))
			continue
		}
		if dialect.Prefix != "" && !prefixForm.MatchString(dialect.Prefix) {
			faults = append(faults, fmt.Sprintf("%s.prefix: %q is not allowed; it must be a path such as /legacy, without a slash at the end", at, dialect.Prefix))
		}
		for i := range dialect.Hosts {
			if dialect.Hosts[i] == "" || strings.ContainsAny(dialect.Hosts[i], "/:{} ") {
				faults = append(faults, fmt.Sprintf("%s.hosts[%d]: %q is not allowed; it must be a host name without scheme and port", at, i, dialect.Hosts[i]))
			}
		}
		faults = append(faults, optionFaults(at, adapter, dialect.Options)...)
	}
	sort.Strings(faults)
	return faults
}

func optionFaults(at string, adapter *adapters.Adapter, set map[string]string) []string {
	faults := []string{}
	for name, value := range set {
		option, found := optionNamed(adapter, name)
		if !found {
			names := []string{}
			for i := range adapter.Options {
				names = append(names, adapter.Options[i].Name)
			}
			if len(names) == 0 {
				names = append(names, "none")
			}
			faults = append(faults, fmt.Sprintf("%s.options.%s: there is no such option; there are: %s", at, name, strings.Join(names, ", ")))
			continue
		}
		if option.Allowed != nil {
			if fault := choiceFault(at+".options."+option.Name, value, option.Allowed); fault != "" {
				faults = append(faults, fault)
			}
			continue
		}
		if option.Fits != nil {
			if !option.Fits(value) {
				faults = append(faults, fmt.Sprintf("%s.options.%s: %q is not allowed; it must be %s", at, option.Name, value, option.Form))
			}
			continue
		}
		if number, err := strconv.ParseInt(value, 10, 64); err != nil || number < 1 || number > cartcore.MaxInteger {
			faults = append(faults, fmt.Sprintf("%s.options.%s: %q is not allowed; it must be a whole number from 1 to %d", at, option.Name, value, cartcore.MaxInteger))
		}
	}
	return faults
}

// optionNamed finds an option; Traefik's providers may change the case of keys.
func optionNamed(adapter *adapters.Adapter, name string) (adapters.Option, bool) {
	for i := range adapter.Options {
		if strings.EqualFold(adapter.Options[i].Name, name) {
			return adapter.Options[i], true
		}
	}
	return adapters.Option{}, false
}

func choiceFault(key, value string, allowed []string) string {
	for i := range allowed {
		if allowed[i] == value {
			return ""
		}
	}
	return fmt.Sprintf("%s: %q is not allowed; it must be %s", key, value, strings.Join(allowed, " or "))
}

func durationFault(key, value string, least time.Duration, optional bool) string {
	if optional && value == "" {
		return ""
	}
	duration, err := time.ParseDuration(value)
	if err != nil || duration < least {
		return fmt.Sprintf("%s: %q is not allowed; it must be a duration of at least %s, such as 30s or 720h", key, value, least)
	}
	return ""
}

// milliseconds reads a duration that Validate has accepted; empty is fallback.
func milliseconds(value string, fallback int64) int64 {
	duration, err := time.ParseDuration(value)
	if err != nil {
		return fallback
	}
	return duration.Milliseconds()
}
