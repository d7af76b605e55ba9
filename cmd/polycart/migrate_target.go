package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/polycart/polycart/plugin"
	"github.com/polycart/polycart/store"
)

// passwordVariable is the environment variable that may hold the password of the Redis.
const passwordVariable = "POLYCART_REDIS_PASSWORD" //nolint:gosec // the name of the variable, not what it holds

// migrateTarget says where the carts go, as the flags have it.
type migrateTarget struct {
	url          string
	config       string // path of a dynamic configuration
	middleware   string
	plugin       string
	passwordFile string
}

// options are those of the store.
func (m *migrateTarget) options() (store.RedisOptions, error) {
	if m.config != "" {
		redis, err := m.configured()
		if err != nil {
			return store.RedisOptions{}, err
		}
		return plugin.RedisOptions(redis, slog.New(slog.DiscardHandler))
	}
	redis, password, err := redisOf(m.url)
	if err != nil {
		return store.RedisOptions{}, usageError{fmt.Errorf("--to: %w", err)}
	}
	redis.PasswordFile = m.passwordFile
	if password == "" {
		password = os.Getenv(passwordVariable)
	}
	username := redis.Username
	if m.passwordFile == "" && password != "" {
		redis.Username = "" // the plugin knows passwords from files only
	}
	if faults := storeFaults(redis); len(faults) > 0 {
		return store.RedisOptions{}, usageError{fmt.Errorf("--to: %s", strings.Join(faults, "; "))}
	}
	options, err := plugin.RedisOptions(redis, slog.New(slog.DiscardHandler))
	options.Username, options.Password = username, password
	return options, err
}

// storeFaults are what the plugin would say of a Redis.
func storeFaults(redis plugin.Redis) []string {
	config := plugin.CreateConfig()
	config.Store.Kind, config.Store.Redis = "redis", redis
	faults := []string{}
	for _, text := range plugin.Validate(config) {
		if strings.HasPrefix(text, "store.redis") {
			faults = append(faults, text)
		}
	}
	return faults
}

// redisPort is where a Redis listens if nothing else is said.
const redisPort = "6379"

// redisOf reads the URL of a Redis. net/url takes one host only, so the others are cut out before.
func redisOf(text string) (redis plugin.Redis, password string, err error) {
	redis = plugin.CreateConfig().Store.Redis
	scheme, rest, found := strings.Cut(text, "://")
	if !found || (scheme != "redis" && scheme != "rediss") {
		return redis, "", fmt.Errorf("it must begin with redis:// or rediss://") // without the text, which may hold a password
	}
	redis.TLS.Enabled = scheme == "rediss"
	authority, tail := rest, ""
	if at := strings.IndexAny(rest, "/?"); at >= 0 {
		authority, tail = rest[:at], rest[at:]
	}
	user, hosts := "", authority
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		user, hosts = authority[:at+1], authority[at+1:]
	}
	for _, host := range strings.Split(hosts, ",") {
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), redisPort)
		}
		redis.Addresses = append(redis.Addresses, host)
	}
	parsed, err := url.Parse(scheme + "://" + user + "host" + tail)
	if err != nil {
		return redis, "", fmt.Errorf("it is no URL; letters such as @ and / in a name or password are written as %%40 and %%2F")
	}
	redis.Username = parsed.User.Username()
	password, _ = parsed.User.Password()
	if path := strings.Trim(parsed.Path, "/"); path != "" {
		if redis.Database, err = strconv.Atoi(path); err != nil {
			return redis, "", fmt.Errorf("its path must be the number of a database, such as /0, not %q", parsed.Path)
		}
	}
	return redis, password, readQuery(&redis, parsed.Query())
}

// readQuery reads what stands behind the question mark.
func readQuery(redis *plugin.Redis, query url.Values) (err error) {
	for name, values := range query {
		value := values[len(values)-1]
		switch name {
		case "cluster":
			if redis.Cluster, err = strconv.ParseBool(value); err != nil {
				return fmt.Errorf("cluster must be true or false, not %q", value)
			}
		case "master":
			redis.Master = value
		case "prefix":
			redis.Prefix = value
		default:
			return fmt.Errorf("it can have cluster, master and prefix, not %q; --config knows every setting", name)
		}
	}
	return nil
}

// configured is store.redis of a dynamic configuration.
func (m *migrateTarget) configured() (plugin.Redis, error) {
	content, err := readBounded(m.config, maxConfig)
	if err != nil {
		return plugin.Redis{}, fmt.Errorf("--config: %w", err)
	}
	root, wrong := readDocument(m.config, content)
	if wrong != nil {
		return plugin.Redis{}, fmt.Errorf("--config: %s", strings.TrimSpace(faultLine(m.config, *wrong)))
	}
	found, names := []plugin.Redis{}, []string{}
	for _, use := range pluginUses(root) {
		if use.plugin != m.plugin || (m.middleware != "" && use.middleware != m.middleware) {
			continue
		}
		config := decode(use.config).config
		if config.Store.Kind != "redis" {
			continue
		}
		// What else is wrong there is none of our business: it may be meant for another machine.
		for _, fault := range useFaults(use) {
			if strings.Contains(fault.text, ": store.redis") {
				return plugin.Redis{}, fmt.Errorf("--config: %s", strings.TrimSpace(faultLine(m.config, fault)))
			}
		}
		if len(found) == 0 || !reflect.DeepEqual(config.Store.Redis, found[0]) {
			found, names = append(found, config.Store.Redis), append(names, use.middleware)
		}
	}
	switch len(found) {
	case 0:
		return plugin.Redis{}, fmt.Errorf("--config: in %s no middleware that uses the plugin %s has store.kind redis", m.config, m.plugin)
	case 1:
		return found[0], nil
	}
	return plugin.Redis{}, fmt.Errorf("--config: in %s the middlewares %s have different ones; choose with --middleware", m.config, strings.Join(names, ", "))
}
