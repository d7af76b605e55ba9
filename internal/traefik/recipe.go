package traefik

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
)

// recipe is what a Traefik is built from, and how.
type recipe struct {
	edition Edition
	version string   // of Traefik, such as "v3.7.5"
	folder  string   // module to build in
	tags    string   // build tags, separated by commas
	root    string   // folder that the paths below are in
	sources []string // files and folders, slashed, that the binary is made of
	skip    string   // a folder, slashed, within them that it is not made of; empty: none
	cost    string   // what building it takes, for people
}

// recipeOf answers how to build the Traefik of an edition.
func recipeOf(checkout string, edition Edition) (recipe, error) {
	version, err := Version(checkout)
	if err != nil {
		return recipe{}, err
	}
	stock := sourceFolder(checkout)
	if edition == Stock {
		return recipe{edition: edition, version: version, folder: stock, root: stock, sources: []string{"."}, skip: "compiled", cost: "once; some minutes"}, nil
	}
	return recipe{
		edition: edition, version: version, folder: filepath.Join(stock, "compiled"), tags: "compiled", root: checkout,
		sources: []string{"integration/traefik/compiled", "go.mod", "go.sum", "plugin", "adapters", "identity", "catalog", "store", "cartcore", "jsonpath", "ucp"},
		cost:    "some minutes; after a change of the plugin about one",
	}, nil
}

// CachePath answers where Build keeps the Traefik of checkout and edition, built or not. What the binary is made of is
// part of the name, so that an old one is never taken for a new one: for the compiled edition the plugin's source is too.
func CachePath(checkout string, edition Edition) (string, error) {
	r, err := recipeOf(checkout, edition)
	if err != nil {
		return "", err
	}
	return r.cachePath()
}

// cachePath is CachePath of a recipe.
func (r recipe) cachePath() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache folder: %w", err)
	}
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.GOOS, runtime.GOARCH, r.linkerFlags())
	for _, source := range r.sources {
		if err := r.add(sum, source); err != nil {
			return "", fmt.Errorf("reading what Traefik is built from: %w", err)
		}
	}
	// 6 bytes tell a handful of builds apart.
	name := r.prefix() + hex.EncodeToString(sum.Sum(nil)[:6]) + executable()
	return filepath.Join(cache, "polycart", name), nil
}

// add adds the files of a source to sum, each with its path. Tests are no part of a binary.
func (r recipe) add(sum hash.Hash, source string) error {
	// The walk follows no link, and a checkout may be made of links.
	top, err := filepath.EvalSymlinks(filepath.Join(r.root, filepath.FromSlash(source)))
	if err != nil {
		return err
	}
	return filepath.WalkDir(top, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(top, at)
		if err != nil {
			return err
		}
		name := path.Join(source, filepath.ToSlash(within))
		if entry.IsDir() {
			if name == r.skip || entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		content, err := os.ReadFile(at) //nolint:gosec // the folder is the user's own checkout
		if err != nil {
			return err
		}
		fmt.Fprintln(sum, name, len(content))
		sum.Write(content)
		return nil
	})
}

// prefix begins the name of every build of the recipe's version and edition.
func (r recipe) prefix() string { return fmt.Sprintf("traefik-%s-%s-", r.version, r.edition) }

// executable ends the name of a program.
func executable() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// name is the version and, where it is not the one that all the world has, the edition.
func (r recipe) name() string {
	if r.edition == Stock {
		return r.version
	}
	return r.version + " with the plugin linked in"
}

// linkerFlags leave out the debugger's tables, a third of the binary, and tell the binary its version, and the compiled
// edition in the place that semantic versions have for a build.
func (r recipe) linkerFlags() string {
	version := strings.TrimPrefix(r.version, "v")
	if r.edition == Compiled {
		version += "+polycart." + string(r.edition)
	}
	return "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=" + version
}

// keptBuilds bounds the compiled Traefiks in the cache folder, 180 MB each: every change of the plugin makes another.
// Three serve a few checkouts side by side.
const keptBuilds = 3

// dropOld removes the oldest builds of the compiled edition beside the newest.
func dropOld(newest string, r recipe) error {
	if r.edition != Compiled {
		return nil
	}
	builds, err := filepath.Glob(filepath.Join(filepath.Dir(newest), "traefik-*-"+string(Compiled)+"-*"))
	if err != nil {
		return fmt.Errorf("looking for old builds: %w", err)
	}
	made := map[string]int64{}
	others := []string{}
	for _, build := range builds {
		info, err := os.Stat(build)
		if build == newest || strings.HasSuffix(build, ".lock") || err != nil {
			continue // the new one, a lock that somebody may hold, or gone meanwhile
		}
		made[build] = info.ModTime().UnixNano()
		others = append(others, build)
	}
	sort.Slice(others, func(i, j int) bool { return made[others[i]] > made[others[j]] })
	for i := keptBuilds - 1; i < len(others); i++ {
		if err := os.Remove(others[i]); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("removing an old build: %w", err)
		}
	}
	return nil
}
