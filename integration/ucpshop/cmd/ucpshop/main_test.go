package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// begun is a command that runs.
type begun struct {
	url   string
	stop  context.CancelFunc
	ended chan error
	log   *strings.Builder // whole once it has ended
}

// begin runs the command until it says that it is ready.
func begin(t *testing.T, args ...string) *begun {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	b := &begun{stop: stop, ended: make(chan error, 1), log: &strings.Builder{}}
	c := command()
	in, out := io.Pipe()
	c.SetOut(out)
	c.SetErr(b.log)
	c.SetArgs(append([]string{"--listen", "127.0.0.1:0"}, args...))
	go func() {
		b.ended <- c.ExecuteContext(ctx)
		_ = out.Close()
	}()
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		t.Fatalf("not ready: %v", <-b.ended)
	}
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ucpshop: ready on ")
	if !ready {
		t.Fatalf("it says %q", line)
	}
	b.url = url
	return b
}

// end stops the command, which must end without an error.
func (b *begun) end(t *testing.T) {
	t.Helper()
	b.stop()
	if err := <-b.ended; err != nil {
		t.Fatal(err)
	}
}

// ask sends a request with the one header that must always be there.
func (b *begun) ask(t *testing.T, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("UCP-Agent", `profile="https://platform.example/profile"`)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCartsOutliveTheCommand(t *testing.T) {
	folder := t.TempDir()
	seed := filepath.Join(folder, "seed.json")
	if err := os.WriteFile(seed, []byte(`{"items":[{"id":"tea","title":"Tea","price":700,"stock":3}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--data", filepath.Join(folder, "carts.db"), "--seed", seed, "--currency", "JPY", "--optional-headers", "--access-log"}
	first := begin(t, args...)
	text := first.ask(t, "POST", "/carts", `{"line_items":[{"item":{"id":"tea"},"quantity":2}]}`)
	made := struct{ ID, Currency string }{}
	if err := json.Unmarshal([]byte(text), &made); err != nil || made.ID == "" || made.Currency != "JPY" {
		t.Fatalf("%v: %s", err, text)
	}
	first.end(t)
	line := struct {
		Method, Path string
		Status       int
	}{}
	if err := json.Unmarshal([]byte(first.log.String()), &line); err != nil || line.Method != "POST" || line.Path != "/carts" || line.Status != 201 {
		t.Errorf("the access log says %q", first.log)
	}

	second := begin(t, args...)
	if again := second.ask(t, "GET", "/carts/"+made.ID, ""); again != text {
		t.Errorf("after a restart the cart is %s, it was %s", again, text)
	}
	second.end(t)
}

func TestPolycartsDemoCatalogueCanBeSold(t *testing.T) {
	b := begin(t, "--data", filepath.Join(t.TempDir(), "carts.db"), "--catalog", "../../../../testdata/demo/catalog.json", "--optional-headers")
	text := b.ask(t, "POST", "/carts", `{"line_items":[{"item":{"id":"var_headphones"},"quantity":1}]}`)
	if !strings.Contains(text, `"price":8999`) {
		t.Error(text)
	}
	b.end(t)
	if b.log.Len() > 0 {
		t.Errorf("without being asked it logs %s", b.log)
	}
}

func TestWhatIsWrongWithTheFlagsIsSaid(t *testing.T) {
	data := filepath.Join(t.TempDir(), "carts.db")
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"a currency that is none", []string{"--currency", "euro"}, "three capital letters"},
		{"a seed that is not there", []string{"--seed", "nowhere.json"}, "nowhere.json"},
		{"a seed that is none", []string{"--seed", "main.go"}, "reading seed"},
		{"a catalogue that is none", []string{"--catalog", "main.go"}, "reading catalogue"},
		{"both", []string{"--catalog", "a", "--seed", "b"}, "none of the others can be"},
		{"an address that is none", []string{"--listen", "nowhere"}, "--listen"},
		{"an argument", []string{"now"}, "now"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := command()
			c.SetOut(io.Discard)
			c.SetErr(io.Discard)
			c.SetArgs(append([]string{"--data", data}, test.args...))
			if err := c.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
