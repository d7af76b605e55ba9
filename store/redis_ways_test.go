package store

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/redistest"
)

func TestSentinelsTellWhoIsTheServerNow(t *testing.T) {
	first := redistest.StartReal(t)
	host, port, _ := net.SplitHostPort(first.Address)
	second := redistest.StartReal(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	sentinel := redistest.StartSentinel(t, first, second)
	nobody := "127.0.0.1:1" // a sentinel that is away does not matter
	r := openRedis(t, RedisOptions{Addresses: []string{nobody, sentinel}, Master: "carts", Wait: 1, Timeout: 5 * time.Second})
	until(t, "the replica follows", func() bool {
		got, err := r.Load("shop/a", 0)
		return err == nil && r.Save("shop/a", got.Version, &Record{Version: got.Version + 1, Data: []byte("a")}) == nil
	})
	r.o.Wait = 0 // there will be no further replica
	saved, err := r.Load("shop/a", 0)
	if err != nil {
		t.Fatal(err)
	}
	first.Kill()
	until(t, "the replica has taken over", func() bool {
		return r.Save("shop/a", saved.Version, &Record{Version: saved.Version + 1, Data: []byte("after")}) == nil
	})
	wantRedis(t, r, "shop/a", saved.Version+1, "after")

	unknown := openRedis(t, RedisOptions{Addresses: []string{sentinel}, Master: "others"})
	if _, err := unknown.Load("shop/a", 0); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("a master that nobody knows: %v", err)
	}
}

func TestConnectionsAreEncryptedAndBothSidesVerified(t *testing.T) {
	certificate := redistest.NewCertificate(t)
	address := redistest.StartEncrypted(t, certificate)
	pair, err := tls.LoadX509KeyPair(certificate.File, certificate.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(certificate.File)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(content)
	good := &tls.Config{RootCAs: trusted, Certificates: []tls.Certificate{pair}}
	r := openRedis(t, RedisOptions{Addresses: []string{address}, TLS: good})
	saveRedis(t, r, "shop/a", 0, 1, "one")
	wantRedis(t, r, "shop/a", 1, "one")
	for name, one := range map[string]*tls.Config{
		"a server that nobody vouches for": {Certificates: good.Certificates},
		"a server of another name":         {RootCAs: trusted, Certificates: good.Certificates, ServerName: "redis.example.com"},
		"a client without a certificate":   {RootCAs: trusted},
		"no TLS":                           nil,
	} {
		r := openRedis(t, RedisOptions{Addresses: []string{address}, TLS: one, Timeout: time.Second})
		if _, err := r.Load("shop/a", 0); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheRightsThatTheManualNamesSuffice(t *testing.T) {
	manual, err := os.ReadFile(filepath.Join("..", "docs", "replicas.md"))
	if err != nil {
		t.Fatal(err)
	}
	rights := regexp.MustCompile("`(~polycart[^`]*)`").FindSubmatch(manual)
	if rights == nil {
		t.Fatal("docs/replicas.md names no rights")
	}
	server := redistest.StartReal(t)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := []any{"ACL", "SETUSER", "shop", "on", ">secret"}
	for _, one := range strings.Fields(string(rights[1])) {
		command = append(command, one)
	}
	if err := server.Client(t).Do(t.Context(), command...).Err(); err != nil {
		t.Fatal(err)
	}
	r := openRedis(t, RedisOptions{Addresses: []string{server.Address}, Username: "shop", PasswordFile: password, Prefix: "polycart:", Database: 1})
	later := time.Now().Add(time.Hour).UnixMilli()
	if err := r.Save("shop/a", 0, &Record{Version: 1, Expires: later, Pending: true, Data: []byte("one")}); err != nil {
		t.Fatal(err)
	}
	wantRedis(t, r, "shop/a", 1, "one")
	if keys, err := r.Pending(); err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	for _, lease := range []int64{1000, 0} {
		if _, err := r.Claim("shop/a", "hook", lease); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Delete("shop/a", 1); err != nil {
		t.Fatal(err)
	}
	link := ownerOf(r.nodes, 0).link
	replies, _, err := linkExchange(link, [][]string{{"WAIT", "0", "1"}, {"CLUSTER", "SLOTS"}, {"FLUSHALL"}}, time.Now().Add(5*time.Second))
	if err != nil || replies[0].Kind != ':' || strings.HasPrefix(replies[1].Text, "NOPERM") || !strings.HasPrefix(replies[2].Text, "NOPERM") {
		t.Fatalf("%+v %+v %+v %v", replies[0], replies[1], replies[2], err)
	}
}
