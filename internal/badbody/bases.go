package badbody

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/transcript"
)

// Base is a good request of a route: a step of a transcript that is answered with success. What comes before it in the
// transcript makes it good, and what comes after it shows the cart.
type Base struct {
	Dialect string
	Pattern string // the route's
	Route   adapters.Route
	Script  transcript.Script
	Step    int    // among the steps that are requests
	Head    string // the request's, as the transcript has it
	Body    string
	Fail    func(call *adapters.Call, err *cartcore.Error) *adapters.Answer // the dialect's
	options map[string]string
}

// Name is for subtests.
func (b *Base) Name() string {
	return strings.ReplaceAll(b.Dialect+" "+b.Pattern+", "+b.Script.Title, "/", " ")
}

// longestBody keeps the transcripts of bounds out, whose bodies have hundreds of entries.
const longestBody = 1000

// Bases finds for every route that changes carts, or has a body, its good request with the longest body, and where another
// has more objects in it that one too. So a dialect is among them as soon as it has routes and transcripts. root is the
// checkout.
func Bases(root string) ([]*Base, error) {
	scripts, err := transcript.Load(filepath.Join(root, "testdata", "transcripts"))
	if err != nil {
		return nil, err
	}
	bases := []*Base{}
	for _, adapter := range adapters.All() {
		paths := http.NewServeMux()
		found := map[string][]*Base{}
		for _, route := range adapter.Routes {
			paths.Handle(route.Pattern, http.NotFoundHandler())
		}
		for _, script := range scripts {
			if strings.HasPrefix(script.Name, adapter.Name+"/") {
				look(script, paths, found)
			}
		}
		for _, route := range adapter.Routes {
			if strings.HasPrefix(route.Pattern, http.MethodGet) {
				continue
			}
			if len(found[route.Pattern]) == 0 {
				return nil, fmt.Errorf("no transcript of %s has a good request of %q", adapter.Name, route.Pattern)
			}
			for _, base := range best(found[route.Pattern]) {
				base.Dialect, base.Route, base.Fail, base.options = adapter.Name, route, adapter.Fail, optionsOf(adapter)
				base.Script.Config += "log: {level: error}\n" // thousands are refused, and each is told
				bases = append(bases, base)
			}
		}
	}
	return bases, nil
}

// look notes a script's good requests by pattern.
func look(script transcript.Script, paths *http.ServeMux, found map[string][]*Base) {
	at := -1
	for _, step := range script.Steps {
		if step.Request == "" {
			continue
		}
		at++
		head, body, _ := strings.Cut(step.Request, "\n\n")
		body = strings.TrimSuffix(body, "\n")
		request, err := requestOf(head)
		if err != nil || !strings.HasPrefix(step.Answer, "HTTP/1.1 2") || len(body) > longestBody {
			continue
		}
		_, pattern := paths.Handler(request)
		if pattern != "" {
			found[pattern] = append(found[pattern], &Base{Pattern: pattern, Script: script, Step: at, Head: head, Body: body})
		}
	}
}

// best are the longest of found, and the one with the most objects in it where that has more. What needs a configuration of
// its own is taken only where there is nothing else.
func best(found []*Base) []*Base {
	longest, fullest := found[0], found[0]
	for _, base := range found[1:] {
		if base.Script.Config != "" && longest.Script.Config == "" {
			continue
		}
		plainer := base.Script.Config == "" && longest.Script.Config != ""
		if plainer || len(base.Body) > len(longest.Body) {
			longest = base
		}
		if plainer || strings.Count(base.Body, "{") > strings.Count(fullest.Body, "{") {
			fullest = base
		}
	}
	if strings.Count(fullest.Body, "{") > strings.Count(longest.Body, "{") {
		return []*Base{longest, fullest}
	}
	return []*Base{longest}
}

// limits are those of plugin.CreateConfig.
var limits = cartcore.Limits{MaxLines: 500, MaxQuantityPerLine: 10000}

// Decode reads the base with another body, as far as its dialect does. What a transcript binds is "1" in the base here, and
// a token is one in form only.
func (b *Base) Decode(t testing.TB, body string) (*adapters.Call, *cartcore.Error) {
	t.Helper()
	request, err := requestOf(b.Head)
	if err != nil {
		t.Fatal(err)
	}
	call := &adapters.Call{Body: []byte(body), Options: b.options, Limits: &limits, Command: &cartcore.Command{}, Credentials: &cartcore.Credentials{}}
	paths := http.NewServeMux() // it sets what stands in the path
	paths.HandleFunc(b.Pattern, func(_ http.ResponseWriter, r *http.Request) { call.Request = r })
	paths.ServeHTTP(nil, request)
	return call, b.Route.Decode(call)
}

// Target is where Decode sends the base to, and its headers as names and values in turn.
func (b *Base) Target(t testing.TB) (target string, headers []string) {
	t.Helper()
	request, err := requestOf(b.Head)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range request.Header {
		headers = append(headers, name, values[0])
	}
	return request.URL.RequestURI(), headers
}

func optionsOf(adapter *adapters.Adapter) map[string]string {
	options := map[string]string{}
	for _, option := range adapter.Options {
		options[option.Name] = option.Default
	}
	return options
}

// Filled is the base's body in the same way.
func (b *Base) Filled() string { return filled(b.Body) }

var (
	token = regexp.MustCompile(`\{\{token [^}]*\}\}`)
	bound = regexp.MustCompile(`\{\{[a-z0-9-]*(:[a-z0-9]+)?\}\}`)
)

func filled(text string) string {
	return bound.ReplaceAllString(token.ReplaceAllString(text, "t.t.t"), "1")
}

// requestOf reads the head of a transcript's request.
func requestOf(head string) (*http.Request, error) {
	lines := strings.Split(strings.TrimSpace(filled(head)), "\n")
	words := strings.Fields(lines[0])
	if len(words) < 2 {
		return nil, fmt.Errorf("reading the request line %q", lines[0])
	}
	request, err := http.NewRequest(words[0], words[1], http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("reading the request line: %w", err)
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		request.Header.Add(name, strings.TrimSpace(value))
	}
	request.Host = request.Header.Get("Host")
	return request, nil
}
