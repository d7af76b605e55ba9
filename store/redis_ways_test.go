package store

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
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
