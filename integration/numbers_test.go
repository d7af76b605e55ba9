package integration_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/internal/load"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/internal/transcript"
)

// benchConnections is how many clients write and read at once, each its own cart.
const benchConnections = 8

// BenchmarkAgainstPassThrough measures each operation as a ratio to the same Traefik passing a request through to a
// trivial server, in one run: all targets take turns in short slices, so that what else the machine does hits all alike.
// One iteration is one round. The ratio is the median over the rounds. Each edition is measured against its own Traefik.
func BenchmarkAgainstPassThrough(b *testing.B) {
	for _, edition := range []traefik.Edition{traefik.Stock, traefik.Compiled} {
		b.Run(string(edition), func(b *testing.B) { againstPassThrough(b, edition) })
	}
}

func againstPassThrough(b *testing.B, edition traefik.Edition) {
	const slice = 500 * time.Millisecond
	fixture := transcript.NewFixture(b, "..", transcript.Script{Name: "numbers", Config: "limits: {maxQuantityPerLine: 1000000000}\ntenants: [{catalog: {checkEvery: 1s}}]\nlog: {level: error}\n"})
	upstream := startUpstream(b)
	running := startTraefik(b, edition, []route{{"carts", fixture.Config}, {"through", nil}}, upstream)
	targets := benchTargets(b, fixture, running)
	for _, target := range targets { // warm up
		if _, err := load.Closed(b.Context(), target, benchConnections, slice); err != nil {
			b.Fatal(err)
		}
	}
	rates := map[string][]float64{}
	b.ResetTimer()
	for b.Loop() {
		for _, target := range targets {
			result, err := load.Closed(b.Context(), target, benchConnections, slice)
			if err != nil {
				b.Fatal(err)
			}
			rates[target.Name] = append(rates[target.Name], result.PerSecond())
		}
	}
	b.ReportMetric(0, "ns/op")
	through := median(rates["through"])
	b.ReportMetric(through, "through-req/s")
	for _, target := range targets[1:] {
		ratios := []float64{}
		for i, rate := range rates[target.Name] {
			ratios = append(ratios, rate/rates["through"][i])
		}
		b.ReportMetric(median(ratios), target.Name+"-ratio")
	}
}

// startUpstream starts the trivial server of integration/upstream as a process of its own.
func startUpstream(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "upstream")
	if out, err := exec.Command("go", "build", "-o", binary, "./upstream").CombinedOutput(); err != nil {
		b.Fatalf("building the upstream: %v\n%s", err, out)
	}
	command := exec.CommandContext(b.Context(), binary)
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = command.Process.Kill() // it may have ended with the context
		_ = command.Wait()         // killed: the error says so
	})
	var address string
	if _, err := fmt.Fscanln(out, &address); err != nil {
		b.Fatal(err)
	}
	return "http://" + address
}

func benchTargets(b *testing.B, fixture *transcript.Fixture, running *runningTraefik) []load.Target {
	b.Helper()
	customer := []string{"Authorization", "Bearer {{token %d}}", "X-API-Key", "123456789", "Content-Type", "application/json"}
	account := []string{"Authorization", "Bearer {{token %d}}", "X-Site-Context", `{"date":"2020-08-28T02:35:27.787Z","channel":12,"account":"5f493c9f30ec2a0007a94fc8","stage":"sandbox"}`}
	store := "/api/v1/sdk/cart/store/a3f2b1c0-1234-5678-90ab-cdef12345678"
	const agentAdd = `{"session_id":"sess_%d","product_id":"prod_91","quantity":1}`
	return []load.Target{
		running.target(b, fixture, "through", "GET", "/anything", ""),
		running.target(b, fixture, "agent-add", "POST", "/store-alpha/agent/cart/add", agentAdd, "Content-Type", "application/json"),
		running.target(b, fixture, "agent-read", "GET", "/store-alpha/agent/cart/get?session_id=sess_%d", ""),
		running.target(b, fixture, "vesuvio-add", "POST", store+"/item", `{"externalProductId":"prod_91","externalVariantId":"var_91","quantity":1}`, customer...),
		running.target(b, fixture, "vesuvio-read", "GET", strings.Replace(store, "/store/", "/", 1), "", customer...),
		running.target(b, fixture, "shop-set", "PUT", "/api/v1/shop/cart/NO-WEIGHT", `{"quantity":2}`, customer...),
		running.target(b, fixture, "shop-read", "GET", "/api/v1/shop/cart", "", customer...),
		running.target(b, fixture, "fabric-read", "GET", "/api-cart/cart", "", account...),
	}
}

// target is a request from each of eight callers, one a connection: a %d in it counts them.
func (r *runningTraefik) target(b *testing.B, fixture *transcript.Fixture, name, method, path, body string, header ...string) load.Target {
	b.Helper()
	target := load.Target{Name: name, Address: strings.TrimPrefix(r.URL, "http://"), Status: http.StatusOK}
	for i := range benchConnections {
		counted := func(text string) string { return strings.ReplaceAll(text, "%d", fmt.Sprint(i+1)) }
		request := httptest.NewRequest(method, r.URL+counted(path), strings.NewReader(counted(body)))
		request.Header.Set("X-Route", "carts")
		if name == "through" {
			request.Header.Set("X-Route", name)
		}
		for j := 0; j < len(header); j += 2 {
			value := counted(header[j+1])
			if customer, is := strings.CutPrefix(value, "Bearer {{token "); is {
				token, err := fixture.Token(strings.TrimSuffix(customer, "}}"))
				if err != nil {
					b.Fatal(err)
				}
				value = "Bearer " + token
			}
			request.Header.Set(header[j], value)
		}
		wire, err := load.Wire(request)
		if err != nil {
			b.Fatal(err)
		}
		target.Bytes = append(target.Bytes, wire)
	}
	return target
}

func median(values []float64) float64 {
	sorted := append([]float64{}, values...)
	sort.Float64s(sorted)
	return sorted[len(sorted)/2]
}
