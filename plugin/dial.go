package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Whoever configures a webhook chooses an address that this process then sends to, from within the operator's network. So
// unless the operator allows it, only public addresses are dialled. The name is looked up here and the address that was
// checked is the one dialled: a name that answers otherwise the second time gains nothing. A hook into the dialler itself
// is not to be had, for its type is one of package syscall (docs/interpreter.md: imports).

// The bounds of a connection. Receivers hold up one delivery each, so they need not be tight.
const (
	dialFor         = 10 * time.Second
	handshakeFor    = 10 * time.Second
	hookIdle        = 90 * time.Second // as net/http's own default
	hookIdleConns   = 4
	maxHookHeaders  = 16 << 10 // bytes
	maxHookAnswer   = 64 << 10 // bytes that are read of an answer, so that its connection can be used again
	maxHookComplain = 200      // bytes of an error that are kept with an event
)

// newHookClient makes the client that sends events. It asks no proxy, which would dial in its place, and follows no
// redirect, which would lead past the check and the signature's meaning.
func newHookClient(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: dialFor}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if private {
					return dialer.DialContext(ctx, network, address)
				}
				return dialPublic(ctx, dialer, network, address)
			},
			TLSHandshakeTimeout:    handshakeFor,
			MaxIdleConnsPerHost:    hookIdleConns,
			IdleConnTimeout:        hookIdle,
			MaxResponseHeaderBytes: maxHookHeaders,
			DisableCompression:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var errNotPublic = errors.New("the webhook's name stands for no public address; that needs allowPrivate")

// dialPublic connects to the first public address of a name that answers.
func dialPublic(ctx context.Context, dialer *net.Dialer, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("reading the address of a webhook: %w", err)
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("looking a webhook's name up: %w", err)
	}
	failed := errNotPublic
	for i := range found {
		if !publicAddress(found[i]) {
			continue
		}
		connection, err := dialer.DialContext(ctx, network, net.JoinHostPort(found[i].Unmap().String(), port))
		if err == nil {
			return connection, nil
		}
		failed = err
	}
	return nil, failed
}

// Addresses that no receiver on the internet has: the IANA special-purpose registries for IPv4 and IPv6, as of 2025.
var (
	notPublic4 = prefixes(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	)
	public6    = netip.MustParsePrefix("2000::/3") // all that was ever given out
	notPublic6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)

func prefixes(texts ...string) []netip.Prefix {
	all := []netip.Prefix{}
	for i := range texts {
		all = append(all, netip.MustParsePrefix(texts[i]))
	}
	return all
}

// publicAddress tells whether an address is one of the public internet. IPv6 addresses that stand for IPv4 ones by tunnel or
// translation are none, but for the mapped form, which is judged as what it stands for.
func publicAddress(address netip.Addr) bool {
	address = address.Unmap()
	if address.Zone() != "" {
		return false
	}
	refused := notPublic4
	if address.Is6() {
		if !public6.Contains(address) {
			return false
		}
		refused = notPublic6
	}
	for i := range refused {
		if refused[i].Contains(address) {
			return false
		}
	}
	return true
}
