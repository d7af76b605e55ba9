package plugin

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/polycart/polycart/store"
)

// redisKey tells one place for carts in Redis from another.
func redisKey(r Redis) string {
	addresses := append([]string{}, r.Addresses...)
	sort.Strings(addresses)
	return "redis:" + strings.Join(addresses, ",") + "/" + r.Master + "/" + strconv.Itoa(r.Database) + "/" + r.Prefix
}

// RedisOptions are the settings of store.redis in the words of the store, for programs that use it beside Traefik too.
// Errors: the files of tls cannot be read.
func RedisOptions(r Redis, log *slog.Logger) (store.RedisOptions, error) {
	encrypted, faults := redisTLS(r.TLS)
	if len(faults) > 0 {
		return store.RedisOptions{}, fmt.Errorf("%s", strings.Join(faults, "; "))
	}
	return store.RedisOptions{
		Addresses: r.Addresses, Cluster: r.Cluster, Master: r.Master, Username: r.Username, PasswordFile: r.PasswordFile, Database: r.Database,
		TLS: encrypted, Prefix: r.Prefix, Timeout: time.Duration(milliseconds(r.Timeout, 0)) * time.Millisecond, Connections: r.PoolSize, Wait: r.Wait, Logger: log,
	}, nil
}

// openRedis opens the store. It connects to nothing yet: Traefik drops a router whose plugin refuses its configuration, and
// a server that is away for a moment must not cost that.
func openRedis(r Redis, log *slog.Logger) (store.Store, error) {
	options, err := RedisOptions(r, log)
	if err != nil {
		return nil, err
	}
	kept, err := store.OpenRedis(options)
	if err != nil {
		return nil, fmt.Errorf("store.redis: %w", err)
	}
	return kept, nil
}

// redisFaults are the faults of store.redis.
func redisFaults(s Store) []string {
	r := s.Redis
	if s.Kind != "redis" {
		if len(r.Addresses) > 0 {
			return []string{fmt.Sprintf("store.redis.addresses: they are set, but store.kind is %q; it must be redis", s.Kind)}
		}
		return nil
	}
	faults := addressFaults(r)
	if r.Master != "" && r.Cluster {
		faults = append(faults, fmt.Sprintf("store.redis.master: %q is not allowed where cluster is true; a cluster has no sentinels", r.Master))
	}
	if r.Username != "" && r.PasswordFile == "" {
		faults = append(faults, fmt.Sprintf("store.redis.username: %q is not allowed by itself; it needs passwordFile", r.Username))
	}
	if r.PasswordFile != "" {
		if _, err := os.ReadFile(r.PasswordFile); err != nil {
			faults = append(faults, "store.redis.passwordFile: "+err.Error())
		}
	}
	if strings.ContainsAny(r.Prefix, "{} \t\r\n") || len(r.Prefix) > 128 || r.Prefix == "" {
		faults = append(faults, fmt.Sprintf("store.redis.prefix: %q is not allowed; it must have 1 to 128 bytes and neither braces nor blanks", r.Prefix))
	}
	if fault := durationFault("store.redis.timeout", r.Timeout, 10*time.Millisecond, false); fault != "" {
		faults = append(faults, fault)
	}
	bounds := []struct {
		Key              string
		Value, Low, High int
	}{
		{"store.redis.database", r.Database, 0, 1<<31 - 1}, {"store.redis.poolSize", r.PoolSize, 1, 1000}, {"store.redis.wait", r.Wait, 0, 100},
	}
	if r.Cluster {
		bounds[0].High = 0
	}
	for i := range bounds {
		if bounds[i].Value < bounds[i].Low || bounds[i].Value > bounds[i].High {
			faults = append(faults, fmt.Sprintf("%s: %d is not allowed; it must be from %d to %d", bounds[i].Key, bounds[i].Value, bounds[i].Low, bounds[i].High))
		}
	}
	_, wrong := redisTLS(r.TLS)
	return append(faults, wrong...)
}

// addressFaults are the faults of store.redis.addresses.
func addressFaults(r Redis) []string {
	faults := []string{}
	if len(r.Addresses) == 0 {
		return []string{"store.redis.addresses: there is none; there must be at least one host:port"}
	}
	if len(r.Addresses) > 1 && !r.Cluster && r.Master == "" {
		// Two servers that both took writes would each have carts that the other has not.
		faults = append(faults, fmt.Sprintf("store.redis.addresses: there are %d; it must be one, unless cluster is true or master is set", len(r.Addresses)))
	}
	for i := range r.Addresses {
		host, port, err := net.SplitHostPort(r.Addresses[i])
		number, wrong := strconv.Atoi(port)
		if err != nil || wrong != nil || host == "" || number < 1 || number > 65535 {
			faults = append(faults, fmt.Sprintf("store.redis.addresses[%d]: %q is not allowed; it must be host:port, such as redis.internal:6379", i, r.Addresses[i]))
		}
	}
	return faults
}

// redisTLS makes the settings of encrypted connections ready; nil where they are not encrypted.
func redisTLS(t RedisTLS) (*tls.Config, []string) {
	faults := []string{}
	if !t.Enabled {
		if t.CAFile != "" || t.CertFile != "" || t.KeyFile != "" || t.ServerName != "" {
			faults = append(faults, "store.redis.tls: it is set, but enabled is false; it must be true")
		}
		return nil, faults
	}
	made := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		content, err := os.ReadFile(t.CAFile)
		made.RootCAs = x509.NewCertPool()
		if err != nil {
			faults = append(faults, "store.redis.tls.caFile: "+err.Error())
		} else if !made.RootCAs.AppendCertsFromPEM(content) {
			faults = append(faults, fmt.Sprintf("store.redis.tls.caFile: %q holds no certificate in PEM", t.CAFile))
		}
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		faults = append(faults, "store.redis.tls: certFile and keyFile must be set together")
	} else if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			faults = append(faults, "store.redis.tls.certFile: "+err.Error())
		}
		made.Certificates = []tls.Certificate{pair}
	}
	return made, faults
}
