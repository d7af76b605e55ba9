//go:build compiled
// +build compiled

package plugin

// edition is how this plugin runs: it is linked into Traefik.
const edition = "compiled"
