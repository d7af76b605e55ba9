package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// sent reads a request as a server would.
func sent(t *testing.T, wire []byte) (*http.Request, string) {
	t.Helper()
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
	if err != nil {
		t.Fatalf("%v in %q", err, wire)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		t.Fatalf("%v in %q", err, wire)
	}
	return request, string(body)
}

func TestEveryRequestIsWholeAndEachCallersOwn(t *testing.T) {
	const callers = 4
	for _, one := range operationsOf(small(), func(purpose, n int) string { return "cart_" + number(purpose, linesOfBacked, n) }) {
		t.Run(one.group+" "+one.name, func(t *testing.T) {
			wires, err := one.wires(callers)
			if err != nil {
				t.Fatal(err)
			}
			each := 1
			if strings.Contains(one.name, "update") {
				each = 2 // an update that sets what is there already would write nothing
			}
			if len(wires) != callers*each {
				t.Fatalf("there are %d requests, want %d", len(wires), callers*each)
			}
			seen := map[string]bool{}
			for _, wire := range wires {
				request, body := sent(t, wire)
				if seen[string(wire)] && one.owners != nil {
					t.Errorf("two callers send %q", wire)
				}
				seen[string(wire)] = true
				for _, left := range []string{"{caller}", "{token}", "{cart}", "{line}", "{quantity}", unknownQuantity} {
					if bytes.Contains(wire, []byte(left)) {
						t.Errorf("%q is left in %q", left, wire)
					}
				}
				if body != "" && !json.Valid([]byte(body)) {
					t.Errorf("the body is no JSON: %.200s", body)
				}
				if request.Host != shopHost || request.Header.Get(routeHeader) != one.route || (body != "") != (request.Header.Get("Content-Type") != "") {
					t.Errorf("got %q", wire)
				}
			}
		})
	}
}

func TestABodyHasAsManyBytesAsItsNameSays(t *testing.T) {
	for bytes, name := range map[int]string{256: "agent add, body of 256 B", 4 << 10: "agent add, body of 4 KiB", bodyLimit: "agent add, body of 256 KiB"} {
		one := padded(bytes)
		wires, err := one.wires(1)
		if err != nil {
			t.Fatal(err)
		}
		if _, body := sent(t, wires[0]); len(body) != bytes || one.name != name {
			t.Errorf("%s has a body of %d bytes, want %s and %d", one.name, len(body), name, bytes)
		}
	}
}

func TestEveryDialectHasEveryOperationThatItKnows(t *testing.T) {
	names := []string{}
	for _, one := range append(reads(), writes()...) {
		names = append(names, one.name)
	}
	for _, dialect := range []string{"agent", "shop", "itemkey", "vesuvio", "fabric"} {
		for _, verb := range []string{"read", "add", "update"} {
			want := 1
			if dialect == "agent" && verb == "update" {
				want = 0 // the agent API has none
			}
			if got := strings.Count(strings.Join(names, "\n")+"\n", dialect+" "+verb+"\n"); got != want {
				t.Errorf("%s %s is there %d times, want %d", dialect, verb, got, want)
			}
		}
	}
}

func TestAnOperationInThisProcessTakesItsCallersInTurn(t *testing.T) {
	_, operations, err := Native(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if want := 5 + 9 + 8; len(operations) != want {
		t.Fatalf("there are %d operations, want %d", len(operations), want)
	}
	add := operations[5]
	seen := map[string]int{}
	for range 2 * len(add.requests) {
		body, err := io.ReadAll(add.Next().Body)
		if err != nil {
			t.Fatal(err)
		}
		seen[string(body)]++
	}
	if add.Name != "agent add" || len(seen) != len(add.requests) {
		t.Errorf("%s has %d bodies of %d callers", add.Name, len(seen), len(add.requests))
	}
	for body, times := range seen {
		if times != 2 {
			t.Errorf("%s comes %d times in two turns", body, times)
		}
	}
}
