package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/plugin"
)

// maxConfig bounds a configuration file, in bytes: one with a large catalogue inline still fits.
const maxConfig = 64 << 20

func checkCommand() *cobra.Command {
	name, folder := "", ""
	command := &cobra.Command{
		Use:   "check FILE…",
		Short: "Report every fault of a configuration, with file and line",
		Long: `Check reads dynamic configuration files of Traefik (YAML, TOML or JSON), finds every use of the plugin, and reports
every fault with file and line: values that the plugin refuses, values of the wrong type, and keys that it does not know,
which Traefik would ignore without a word. It opens the files that the configuration names, and asks nothing of the network.
It answers 0 where there is no fault, else 1.`,
		Example: `  polycart check dynamic.yml
  polycart check --plugin carts conf.d/*.toml
  polycart check --folder /etc/traefik /etc/traefik/dynamic.yml`,
		Args: func(_ *cobra.Command, files []string) error {
			if len(files) == 0 {
				return errors.New("check needs the name of at least one FILE")
			}
			return nil
		},
		RunE: func(command *cobra.Command, files []string) error {
			return checkFiles(files, name, folder, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&name, "plugin", traefik.PluginName, "name of the plugin in Traefik's static configuration")
	command.Flags().StringVar(&folder, "folder", "", "Traefik's working folder, from which relative paths count (default: this one)")
	return command
}

// checkFiles checks all files and reports to out.
func checkFiles(files []string, name, folder string, out io.Writer) error {
	contents := [][]byte{}
	for _, file := range files {
		content, err := readBounded(file, maxConfig)
		if err != nil {
			return err
		}
		contents = append(contents, content)
	}
	if folder != "" {
		if err := os.Chdir(folder); err != nil {
			return fmt.Errorf("--folder: %w", err)
		}
	}
	wrong := false
	for i, file := range files {
		report := checkContent(file, contents[i], name)
		fmt.Fprint(out, report.text)
		wrong = wrong || report.faults > 0
	}
	if wrong {
		return errSaid
	}
	return nil
}

// readBounded reads a file of no more than most bytes.
func readBounded(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a configuration: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, fmt.Errorf("reading a configuration: %w", err)
	}
	if int64(len(content)) > most {
		return nil, fmt.Errorf("reading a configuration: %s has more than %d bytes", path, most)
	}
	return content, nil
}

// report is what there is to say about one file.
type report struct {
	text   string
	faults int
}

// checkContent checks one file.
func checkContent(file string, content []byte, name string) report {
	root, wrong := readDocument(file, content)
	if wrong != nil {
		if bytes.Contains(content, []byte("{{")) {
			wrong.text += " (Traefik fills in {{ }} before it reads a file; this program does not: check what comes out of it)"
		}
		return report{faultLine(file, *wrong), 1}
	}
	faults, uses, others := []fault{}, 0, []string{}
	for _, use := range pluginUses(root) {
		if use.plugin != name {
			others = append(others, use.plugin)
			continue
		}
		uses++
		faults = append(faults, useFaults(use)...)
	}
	slices.SortStableFunc(faults, func(a, b fault) int { return cmp.Compare(a.line, b.line) })
	text := &strings.Builder{}
	for _, fault := range faults {
		text.WriteString(faultLine(file, fault))
	}
	switch {
	case uses == 0 && len(others) > 0:
		fmt.Fprintf(text, "%s: no middleware uses the plugin %s, but there are %s; --plugin names another one\n", file, name, strings.Join(slices.Compact(slices.Sorted(slices.Values(others))), ", "))
	case uses == 0:
		fmt.Fprintf(text, "%s: no middleware uses the plugin %s\n", file, name)
	default:
		fmt.Fprintf(text, "%s: %s, %s\n", file, counted(uses, "middleware", "middlewares"), counted(len(faults), "fault", "faults"))
	}
	return report{text.String(), len(faults)}
}

func counted(n int, one, many string) string {
	switch n {
	case 0:
		return "no " + many
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func faultLine(file string, f fault) string {
	if f.line == 0 {
		return fmt.Sprintf("%s: %s\n", file, f.text)
	}
	return fmt.Sprintf("%s:%d: %s\n", file, f.line, f.text)
}

// use is a middleware that uses a plugin.
type use struct {
	middleware string
	plugin     string
	config     *value
}

// pluginUses finds http.middlewares.*.plugin.*.
func pluginUses(root *value) []use {
	uses := []use{}
	http := root.child("http")
	if http == nil {
		return uses
	}
	middlewares := http.child("middlewares")
	if middlewares == nil {
		return uses
	}
	for _, middleware := range middlewares.entries {
		plugins := middleware.value.child("plugin")
		if plugins == nil {
			continue
		}
		for _, named := range plugins.entries {
			uses = append(uses, use{middleware.key, named.key, named.value})
		}
	}
	return uses
}

// useFaults are the faults of one middleware.
func useFaults(u use) []fault {
	d := decode(u.config)
	faults := []fault{}
	for _, f := range d.faults {
		faults = append(faults, fault{f.line, u.middleware + ": " + f.text})
	}
	for _, text := range plugin.Validate(d.config) {
		path := keyPath(text)
		if !d.isSpoilt(path) {
			faults = append(faults, fault{d.line(path), u.middleware + ": " + text})
		}
	}
	return faults
}

// leadingKey is a key path at the beginning of a text.
var leadingKey = regexp.MustCompile(`^(?:tenants|dialects|limits|store|cache|outbox|log)\b(?:\[\d+\]|\.[\w-]+)*`)

// keyPath is the key that a text of plugin.Validate begins with, or nothing.
func keyPath(text string) string { return leadingKey.FindString(text) }
