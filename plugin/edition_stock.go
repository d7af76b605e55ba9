//go:build !compiled
// +build !compiled

package plugin

// edition is how this plugin runs: Traefik interprets its source.
const edition = "stock"
