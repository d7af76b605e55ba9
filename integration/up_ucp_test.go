package integration_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// bothSides is the line that `polycart up --backend ucp` prints after those of the dialects: a cart, and where the service has it.
var bothSides = regexp.MustCompile(`^(curl .*) && (curl .*)"\$\(grep -o 'cart_\[0-9a-z\]\*' (\S+) \| tail -n 1\)"(.*)$`)

// lookFromBothSides runs the line as a shell does, and answers what each of its requests was answered with.
func lookFromBothSides(t *testing.T, line string) (plugin, service string) {
	t.Helper()
	parts := bothSides.FindStringSubmatch(line)
	if parts == nil {
		t.Fatalf("it prints %s", line)
	}
	if _, can := shellWithCurl(); can {
		status, body := paste(t, line)
		if status != http.StatusOK {
			t.Fatalf("%s\nis answered with %d: %s", line, status, body)
		}
		plugin, service, _ = strings.Cut(body, "\n")
		return plugin, service
	}
	status, plugin := paste(t, parts[1])
	if status != http.StatusOK {
		t.Fatalf("%s\nis answered with %d: %s", parts[1], status, plugin)
	}
	log, err := os.ReadFile(parts[3])
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`cart_[0-9a-z]*`).FindAllString(string(log), -1)
	if len(asked) == 0 {
		t.Fatalf("the service was asked for no cart:\n%s", log)
	}
	status, service = paste(t, parts[2]+asked[len(asked)-1]+parts[4])
	if status != http.StatusOK {
		t.Fatalf("%s\nis answered with %d: %s", parts[2], status, service)
	}
	return plugin, service
}

// wantSameCart wants the agent's line of the demo in so many units on both sides.
func wantSameCart(t *testing.T, line string, quantity int) {
	t.Helper()
	plugin, service := lookFromBothSides(t, line)
	rows := []struct {
		ProductID string `json:"product_id"`
		Quantity  int
	}{}
	if err := json.Unmarshal([]byte(plugin), &rows); err != nil || len(rows) != 1 || rows[0].ProductID != "prod_6789" || rows[0].Quantity != quantity {
		t.Errorf("the plugin's cart is %s, %v; want %d of prod_6789", plugin, err, quantity)
	}
	cart := struct {
		Lines []struct {
			Item     struct{ ID string }
			Quantity int
		} `json:"line_items"`
	}{}
	if err := json.Unmarshal([]byte(service), &cart); err != nil || len(cart.Lines) != 1 || cart.Lines[0].Item.ID != "var_6789" || cart.Lines[0].Quantity != quantity {
		t.Errorf("the service's cart is %s, %v; want %d of var_6789", service, err, quantity)
	}
}

// complaints are what a `polycart up` said on standard error besides how far its build is.
func (up *upProgram) complaints() string {
	said := ""
	for line := range strings.Lines(up.problems.String()) {
		if !strings.HasPrefix(line, "ucpshop: compiling") {
			said += line
		}
	}
	return said
}

// serviceAddress is where the cart service of a `polycart up` listens.
func (up *upProgram) serviceAddress(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`http://(127\.0\.0\.1:\d+)/carts/`).FindStringSubmatch(up.calls[len(up.calls)-1])
	if found == nil {
		t.Fatalf("no cart service in %s", up.calls[len(up.calls)-1])
	}
	return found[1]
}

// wantNobody wants nothing to listen on address.
func wantNobody(t *testing.T, address string) {
	t.Helper()
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Errorf("something still listens on %s", address)
	}
}

func TestUpWithACartServiceBehind(t *testing.T) {
	program, folder, address := readyToRun(t)

	up := startUp(t, program, folder, address, "--backend", "ucp")
	if len(up.calls) != 6 {
		t.Fatalf("it prints %d calls, one a dialect and one to the service are wanted: %q", len(up.calls), up.calls)
	}
	for _, call := range up.calls[:5] {
		if status, body := paste(t, call); status != http.StatusOK {
			t.Errorf("%s\nis answered with %d: %s", call, status, body)
		}
	}
	wantSameCart(t, up.calls[5], 1)
	if said := up.complaints(); said != "" {
		t.Errorf("it complains: %s", said)
	}
	service := up.serviceAddress(t)
	if err := up.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := up.end(t); err != nil {
		t.Errorf("after an interrupt it answers %v", err)
	}
	if said := up.complaints(); said != "" {
		t.Errorf("an interrupt makes it say %s", said)
	}
	wantNobody(t, service)

	// The carts of both are still there at the next start.
	up = startUp(t, program, folder, address, "--backend", "ucp")
	if status, body := paste(t, up.calls[0]); status != http.StatusOK {
		t.Errorf("%s\nis answered with %d: %s", up.calls[0], status, body)
	}
	wantSameCart(t, up.calls[5], 2)
	if runtime.GOOS != "linux" { // the service is found among the processes that /proc lists
		if err := up.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := up.end(t); err != nil {
			t.Error(err)
		}
		return
	}

	// A cart service that dies ends the demo, which says so.
	killed := programOf(t, filepath.Join(folder, "polycart-demo", "ucpshop"))
	if err := killed.Kill(); err != nil {
		t.Fatal(err)
	}
	ended := &exec.ExitError{}
	if err := up.end(t); !errors.As(err, &ended) || ended.ExitCode() != 1 || !strings.Contains(up.complaints(), "the cart service ended (signal: killed)") {
		t.Errorf("without its service it answers %v and says %s", err, up.complaints())
	}
}

// programOf is the process that runs the program at path.
func programOf(t *testing.T, path string) *os.Process {
	t.Helper()
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		words, err := os.ReadFile(line)
		if err != nil || !bytes.HasPrefix(words, []byte(path+"\x00")) {
			continue // another's, or gone meanwhile
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(line)))
		if err != nil {
			t.Fatal(err)
		}
		process, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		return process
	}
	t.Fatalf("no process runs %s", path)
	return nil
}
