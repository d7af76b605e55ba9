// Package ext stands in for the module of the same path that lives in Traefik's own tree and in no module proxy.
// Traefik's configuration package imports it for two empty extension points, so what is imported here is linked into
// Traefik, and the init of link.go runs before Traefik loads its plugins.
package ext

// HTTP extends an HTTP configuration element; Traefik's open edition leaves it empty.
type HTTP struct{}

// Router extends a router; Traefik's open edition leaves it empty.
type Router struct{}
