package integration_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/traefik"
)

// upPatience bounds every wait of these tests: a busy machine interprets the plugin within some ten seconds.
const upPatience = 2 * time.Minute

// upProgram is a running `polycart up`.
type upProgram struct {
	*exec.Cmd
	address  string
	calls    []string // the lines that it prints to be pasted
	problems *logLines
	ended    chan error
}

// cloneHere makes a folder that stands for a clone of the repository: what the demo writes stays out of the checkout.
func cloneHere(t *testing.T, checkout string) string {
	t.Helper()
	clone := t.TempDir()
	entries, err := os.ReadDir(checkout)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() == "polycart-demo" || entry.Name() == ".git" {
			continue
		}
		if err := os.Symlink(filepath.Join(checkout, entry.Name()), filepath.Join(clone, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return clone
}

// buildPolycart builds the command line of this checkout.
func buildPolycart(t *testing.T, checkout string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "polycart")
	build := exec.Command("go", "build", "-o", program, "./cmd/polycart")
	build.Dir = checkout
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building polycart: %v\n%s", err, output)
	}
	return program
}

// startUp starts `polycart up` in folder, with more flags, and reads what it prints until it is ready.
func startUp(t *testing.T, program, folder, address string, flags ...string) *upProgram {
	t.Helper()
	binary, err := traefikBinary(traefik.Stock)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, append([]string{"up", "--listen", address, "--traefik", binary}, flags...)...)
	up := &upProgram{Cmd: command, address: address, problems: &logLines{}, ended: make(chan error, 1)}
	up.Dir, up.Stderr = folder, up.problems
	out, err := up.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = up.Process.Kill() }) // it may have ended by itself
	printed := make(chan string)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			printed <- lines.Text()
		}
		close(printed)
		up.ended <- up.Wait()
	}()
	ready, deadline := false, time.After(upPatience)
	for {
		select {
		case line, more := <-printed:
			if !more {
				t.Fatalf("polycart up ended: %v\n%s", <-up.ended, up.problems)
			}
			ready = ready || line == "polycart: ready on http://"+address
			if strings.HasPrefix(line, "curl ") {
				up.calls = append(up.calls, line)
			}
			if !strings.HasPrefix(line, "Ctrl-C") {
				continue
			}
			if !ready {
				t.Fatal("it never said that it is ready")
			}
			go func() {
				for range printed { // nothing more is printed; the pipe must not block
				}
			}()
			return up
		case <-deadline:
			t.Fatalf("polycart up is not ready within %s\n%s", upPatience, up.problems)
		}
	}
}

// end waits until the program has ended and its address is free again.
func (up *upProgram) end(t *testing.T) error {
	t.Helper()
	deadline := time.After(upPatience)
	var err error
	select {
	case err = <-up.ended:
	case <-deadline:
		t.Fatal("polycart up does not end")
	}
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		busy := traefik.CheckAddress(up.address)
		if busy == nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("something still runs: %v", busy)
		}
	}
}

// readyToRun is the program, a fresh clone to run it in, and an address for it.
func readyToRun(t *testing.T) (program, folder, address string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no interrupt signal to send")
	}
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	program = buildPolycart(t, checkout)
	address, err = traefik.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	folder = cloneHere(t, checkout)
	return program, folder, address
}

func TestUp(t *testing.T) {
	program, folder, address := readyToRun(t)

	up := startUp(t, program, folder, address)
	if len(up.calls) != 5 {
		t.Fatalf("it prints %d calls, one a dialect is wanted: %q", len(up.calls), up.calls)
	}
	for _, call := range up.calls {
		if status, body := paste(t, call); status != http.StatusOK {
			t.Errorf("%s\nis answered with %d: %s", call, status, body)
		}
	}
	if status, body := paste(t, "curl -sS http://"+address+"/index.html"); status != http.StatusOK || !strings.Contains(body, "shop behind") {
		t.Errorf("what is no cart request is answered with %d: %s", status, body)
	}
	if said := up.problems.String(); said != "" {
		t.Errorf("it complains: %s", said)
	}
	if err := up.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := up.end(t); err != nil {
		t.Errorf("after an interrupt it answers %v", err)
	}
	if said := up.problems.String(); said != "" {
		t.Errorf("an interrupt makes it say %s", said)
	}

	// The carts are still there at the next start, and not even a program that is killed leaves its Traefik behind.
	up = startUp(t, program, folder, address)
	if status, body := paste(t, up.calls[0]); status != http.StatusOK || !strings.Contains(body, `"quantity":2`) {
		t.Errorf("the cart of the last run is answered with %d: %s", status, body)
	}
	if runtime.GOOS != "linux" { // only Linux ends a program with its parent
		if err := up.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := up.end(t); err != nil {
			t.Error(err)
		}
		return
	}
	if err := up.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	ended := &exec.ExitError{}
	if err := up.end(t); !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("killed, it answers %v", err)
	}
}

// shellWithCurl finds a shell that a curl line can be pasted into.
func shellWithCurl() (shell string, can bool) {
	_, noCurl := exec.LookPath("curl")
	shell, noShell := exec.LookPath("bash")
	return shell, noCurl == nil && noShell == nil
}

// paste runs a curl line as a person would, in a shell; where there is no curl it does what the line says.
func paste(t *testing.T, line string) (status int, body string) {
	t.Helper()
	shell, can := shellWithCurl()
	if !can {
		return sendLine(t, line)
	}
	output, err := exec.Command(shell, "-c", line+" -w '%{http_code}'").Output()
	if err != nil || len(output) < 3 {
		t.Fatalf("%s: %v, %q", line, err, output)
	}
	body, code := string(output[:len(output)-3]), string(output[len(output)-3:])
	if _, err := fmt.Sscan(code, &status); err != nil {
		t.Fatalf("%s: the status is %q", line, code)
	}
	return status, body
}

// sendLine sends the request of a curl line.
func sendLine(t *testing.T, line string) (status int, body string) {
	t.Helper()
	method, address, sent, header := http.MethodGet, "", "", http.Header{}
	words := shellWords(line)
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "-sS":
		case "-X":
			i++
			method = words[i]
		case "-H":
			i++
			name, value, _ := strings.Cut(words[i], ": ")
			header.Set(name, value)
		case "-d":
			i++
			sent = words[i]
		case "-b", "-c", "-w":
			i++
		default:
			address = words[i]
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answered)
}

// shellWords splits a line as a shell does that knows single quotes alone.
func shellWords(line string) []string {
	words, word, quoted := []string{}, &bytes.Buffer{}, false
	for _, letter := range line + " " {
		switch {
		case letter == '\'':
			quoted = !quoted
		case letter == ' ' && !quoted:
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
		default:
			word.WriteRune(letter)
		}
	}
	return words
}

// A machine without curl must not find this test weaker than one with it.
func TestACurlLineCanBeSentWithoutCurl(t *testing.T) {
	got := shellWords(`curl -sS -X POST http://h/p -H 'A: {"b":1}' -d '{"c":"d e"}'`)
	want := []string{"curl", "-sS", "-X", "POST", "http://h/p", "-H", `A: {"b":1}`, "-d", `{"c":"d e"}`}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
