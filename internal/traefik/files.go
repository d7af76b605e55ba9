package traefik

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"
)

// Files says what a Traefik needs on disk to run the plugin.
type Files struct {
	Folder   string // the work folder: Traefik's working directory
	Checkout string // where the plugin's source is
	Listen   string // host:port of the entry point web
	Dynamic  string // path of the dynamic configuration; Traefik follows its changes
	LogLevel string // of Traefik: "DEBUG", "INFO", "WARN" or "ERROR"; empty is "INFO"
	Throttle string // the shortest time between two reloads, a Go duration; empty is Traefik's own 2s
	Debug    string // host:port where Traefik serves its own profiles; empty: nowhere

	// Plugins are more local plugins: module paths, which are folders of the checkout below ModulePath, by name.
	Plugins map[string]string
}

// StaticPath is where Write puts the static configuration.
func (f Files) StaticPath() string { return filepath.Join(f.Folder, "traefik.yml") }

// PluginPath is where Write links the checkout, and where Traefik looks for a local plugin.
func (f Files) PluginPath() string {
	return filepath.Join(f.Folder, "plugins-local", "src", filepath.FromSlash(ModulePath))
}

// static is the static configuration. A JSON string is also a YAML string.
var static = template.Must(template.New("traefik.yml").Funcs(template.FuncMap{"quote": quote}).Parse(
	`# Traefik's static configuration, written by Polycart. Start Traefik with it in this folder:
#   cd {{.Folder}} && traefik --configFile=traefik.yml
global:
  checkNewVersion: false
  sendAnonymousUsage: false

log:
  level: {{.LogLevel}}
  format: json

entryPoints:
  web:
    address: {{quote .Listen}}
    transport:
      lifeCycle:
        graceTimeOut: 2s # requests under way have this long when Traefik is told to end
{{- if .Debug}}
  traefik:
    address: {{quote .Debug}}

api:
  insecure: true
  dashboard: false # our Traefik has none, and would complain of it
  debug: true
{{- end}}

providers:
{{- if .Throttle}}
  providersThrottleDuration: {{.Throttle}}
{{- end}}
  file:
    filename: {{quote .Dynamic}}
    watch: true

experimental:
  abortOnPluginFailure: true # without it Traefik would go on and answer 404 to everything
  localPlugins:
    polycart: # read from plugins-local/src/github.com/polycart/polycart in this folder
      moduleName: github.com/polycart/polycart
{{- range $name, $module := .Plugins}}
    {{$name}}:
      moduleName: {{$module}}
{{- end}}
`))

func quote(text string) (string, error) {
	quoted := &bytes.Buffer{}
	encoder := json.NewEncoder(quoted)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(text)
	return string(bytes.TrimSpace(quoted.Bytes())), err
}

// Write writes the static configuration and links the checkout as a local plugin. The work folder is made where it is
// missing; what an earlier Write left is replaced. The dynamic configuration is the caller's own.
func (f Files) Write() error {
	absolute := f
	for _, path := range []*string{&absolute.Folder, &absolute.Checkout, &absolute.Dynamic} {
		full, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("writing Traefik's files: %w", err)
		}
		*path = full
	}
	if absolute.LogLevel == "" {
		absolute.LogLevel = "INFO"
	}
	text := &bytes.Buffer{}
	if err := static.Execute(text, absolute); err != nil {
		return fmt.Errorf("writing Traefik's static configuration: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(absolute.PluginPath()), 0o755); err != nil {
		return fmt.Errorf("making the plugin folder: %w", err)
	}
	if err := os.WriteFile(absolute.StaticPath(), text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing Traefik's static configuration: %w", err)
	}
	return link(absolute.Checkout, absolute.PluginPath())
}

// link makes at a symbolic link to checkout. Only a link is replaced, never a folder with something in it.
func link(checkout, at string) error {
	if to, err := os.Readlink(at); err == nil && to == checkout {
		return nil
	}
	info, err := os.Lstat(at)
	if err == nil && info.Mode()&fs.ModeSymlink == 0 {
		return fmt.Errorf("linking the plugin: %s is there already and is no link; move it away", at)
	}
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("linking the plugin: %w", err)
	}
	if err := os.Symlink(checkout, at); err != nil {
		return fmt.Errorf("linking the plugin: %w", err)
	}
	return nil
}
