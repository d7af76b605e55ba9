package integration_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/internal/transcript"
)

// brokenCart is a file that a copy of cartcore is given. The interpreter makes a panic of its own of what happens here.
const brokenCart = `package cartcore

var panicAt string

// PanicAt says where the request under way panics.
func PanicAt(place string) { panicAt = place }

// MayPanic panics at the place.
func MayPanic(place string) {
	if panicAt == place {
		var nothing *Cart
		nothing.Version = 1
	}
}
`

// panics are where a copy of the plugin is made to panic: behind the first line of the file that begins so, or before it
// where it is no function.
var panics = []struct{ place, file, line string }{
	{"body", "plugin/body.go", "func readBody("},
	{"decode", "plugin/request.go", "\tproblem := d.Decode(call)"},
	{"identity", "identity/recent.go", "func Resolve("},
	{"load", "store/carts.go", "func GetCart("},
	{"catalogue", "catalog/snapshot.go", "func NameAsks("},
	{"apply", "cartcore/apply.go", "func Apply("},
	{"encode", "plugin/change.go", "\tanswer := d.Encode(call"},
	{"save", "store/carts.go", "func SaveCart("},
	{"write", "store/append.go", "func write("}, // where the store's own lock is held
}

// A fault of ours anywhere on the request path of a real Traefik, where the interpreter runs the plugin, is the dialect's own
// 500: the cart is as it was, all locks are let go, the next write works, and other carts never notice.
func TestAPanicInTraefikIsTheDialects500(t *testing.T) {
	upstream := httptest.NewServer(transcript.Upstream())
	defer upstream.Close()
	binary, err := traefikBinary(traefik.Stock)
	if err != nil {
		t.Fatal(err)
	}
	fixture := transcript.NewFixture(t, "..", transcript.Script{Name: "panics"})
	running := startProgram(t, binary, breakable(t), []route{{"panics", fixture.Config}}, upstream.URL)
	sound := running.level("panics")
	for i, one := range callers.All("") {
		t.Run(one.Dialect, func(t *testing.T) {
			mine := callers.All(tokenOf(t, fixture, "mine-"+one.Dialect))[i]
			other := callers.All(tokenOf(t, fixture, "other-"+one.Dialect))[i]
			for _, c := range []*callers.Caller{&mine, &other} {
				if answer, err := c.First(sound); err != nil || answer.Status != http.StatusOK {
					t.Fatalf("%d %s, %v", answer.Status, answer.Body, err)
				}
			}
			for n, at := range panics {
				broken := func(r *http.Request) (*http.Response, error) {
					r.Header.Set("X-Panic", at.place)
					return sound(r)
				}
				before, err := mine.Read(sound)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // a lock that the first left would stop the second for ever
					if answer, err := mine.Add(broken); err != nil || answer != mine.Down(500) {
						t.Errorf("%s: answered %d %s, %v; want %s", at.place, answer.Status, answer.Body, err, mine.Down(500).Body)
					}
				}
				if now, err := mine.Read(sound); err != nil || now != before {
					t.Errorf("%s: the cart was %s and is %s, %v", at.place, before.Body, now.Body, err)
				}
				for _, c := range []*callers.Caller{&mine, &other} {
					answer, err := c.Add(sound)
					if err != nil || answer.Status != http.StatusOK {
						t.Errorf("%s: the next write got %d %s, %v", at.place, answer.Status, answer.Body, err)
					}
					if units, err := c.Units(sound); err != nil || units != int64(n+2) {
						t.Errorf("%s: a cart holds %d units, %v; want %d", at.place, units, err, n+2)
					}
				}
			}
		})
	}
}

// breakable is a copy of the plugin's source that panics where the header X-Panic says.
func breakable(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, room := range []string{"plugin", "adapters", "identity", "catalog", "store", "cartcore", "jsonpath", "ucp"} {
		if err := os.MkdirAll(filepath.Join(folder, room), 0o755); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join("..", room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				copyTo(t, file, filepath.Join(folder, room, filepath.Base(file)))
			}
		}
	}
	copyTo(t, filepath.Join("..", ".traefik.yml"), filepath.Join(folder, ".traefik.yml"))
	copyTo(t, filepath.Join("..", "go.mod"), filepath.Join(folder, "go.mod"))
	if err := os.WriteFile(filepath.Join(folder, "cartcore", "broken.go"), []byte(brokenCart), 0o600); err != nil {
		t.Fatal(err)
	}
	insert(t, filepath.Join(folder, "plugin", "request.go"), "func serve(", `cartcore.PanicAt(r.Header.Get("X-Panic"))`)
	for _, at := range panics {
		call := `cartcore.MayPanic("` + at.place + `")`
		if strings.HasPrefix(at.file, "cartcore/") {
			call = strings.TrimPrefix(call, "cartcore.")
		}
		insert(t, filepath.Join(folder, filepath.FromSlash(at.file)), at.line, call)
	}
	return folder
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// insert puts a statement into a Go file: behind the first line that begins so where it begins a function, else before it.
func insert(t *testing.T, file, begins, statement string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	at := -1
	for i, line := range lines {
		if strings.HasPrefix(line, begins) {
			at = i
			break
		}
	}
	if at < 0 {
		t.Fatalf("%s has no line that begins %q", file, begins)
	}
	if strings.HasPrefix(begins, "func ") {
		at++
	}
	lines = append(lines[:at], append([]string{"\t" + statement}, lines[at:]...)...)
	text := strings.Join(lines, "\n")
	const own = `"github.com/polycart/polycart/cartcore"`
	if !strings.Contains(text, "package cartcore") && !strings.Contains(text, own) {
		text = strings.Replace(text, "\n\n", "\n\nimport "+own+"\n\n", 1)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
