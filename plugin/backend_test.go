package plugin

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/internal/ucpschema"
)

// aBackend is a backend without faults: what CreateConfig has, and what must be written.
func aBackend() *Config {
	config := CreateConfig()
	config.Backend.Kind, config.Backend.Profile = "ucp", "https://shop.example/.well-known/ucp"
	return config
}

func TestSettingsOfABackendAreChecked(t *testing.T) {
	const own = "; the plugin sends this header itself"
	const unused = `backend.kind: it is empty, and so the other settings count for nothing; it must be ucp`
	headers := func(name, value string) func(*Backend) {
		return func(b *Backend) { b.Headers = map[string]string{name: value} }
	}
	profile := func(text string) string {
		return `backend.profile: ` + text + ` is not allowed; it must be an https URL such as https://shop.example/.well-known/ucp`
	}
	tests := []struct {
		name   string
		change func(*Backend)
		fault  string // empty: none
	}{
		{"as little as there can be", func(*Backend) {}, ""},
		{"none", func(b *Backend) { *b = Backend{} }, ""},
		{"none, with what CreateConfig has", func(b *Backend) { b.Kind, b.Profile = "", "" }, ""},
		{"another kind", func(b *Backend) { b.Kind = "acp" }, `backend.kind: "acp" is not allowed; it must be ucp or empty`},
		{"the kind in capitals", func(b *Backend) { b.Kind = "UCP" }, `backend.kind: "UCP" is not allowed; it must be ucp or empty`},

		{"a profile without kind", func(b *Backend) { b.Kind = "" }, unused},
		{"a path without kind", func(b *Backend) { *b = Backend{Path: "/ucp"} }, unused},
		{"an item id without kind", func(b *Backend) { *b = Backend{ItemID: "sku"} }, unused},
		{"headers without kind", func(b *Backend) { *b = Backend{Headers: map[string]string{"X-A": "b"}} }, unused},
		{"a secret without kind", func(b *Backend) { *b = Backend{SecretFile: "/nowhere"} }, unused},
		{"a header of a secret without kind", func(b *Backend) { *b = Backend{SecretHeader: "X-Key"} }, unused},

		{"no profile", func(b *Backend) { b.Profile = "" }, profile(`""`)},
		{"a profile that is no URL", func(b *Backend) { b.Profile = "https://%zz" }, profile(`"https://%zz"`)},
		{"a profile over http", func(b *Backend) { b.Profile = "http://shop.example/ucp" }, profile(`"http://shop.example/ucp"`)},
		{"a profile without scheme", func(b *Backend) { b.Profile = "shop.example/ucp" }, profile(`"shop.example/ucp"`)},
		{"a profile without host", func(b *Backend) { b.Profile = "https:///ucp" }, profile(`"https:///ucp"`)},
		{"a profile with a port alone", func(b *Backend) { b.Profile = "https://:443/ucp" }, profile(`"https://:443/ucp"`)},
		{"a profile that ends the quotes", func(b *Backend) { b.Profile = `https://a.example/",x="` }, profile(`"https://a.example/\",x=\""`)},
		{"a profile with a backslash", func(b *Backend) { b.Profile = `https://a.example/\` }, profile(`"https://a.example/\\"`)},
		{"a profile with a space", func(b *Backend) { b.Profile = "https://a.example/a b" }, profile(`"https://a.example/a b"`)},
		{"a profile with a line break", func(b *Backend) { b.Profile = "https://a.example/\r\n" }, profile(`"https://a.example/\r\n"`)},
		{"a profile that is not ASCII", func(b *Backend) { b.Profile = "https://a.example/é" }, profile(`"https://a.example/é"`)},

		{"a path", func(b *Backend) { b.Path = "/api/ucp-1.0" }, ""},
		{"a path with a slash at its end", func(b *Backend) { b.Path = "/ucp/" }, `backend.path: "/ucp/" is not allowed; it must be a path such as /ucp, without a slash at the end`},
		{"a path without slash", func(b *Backend) { b.Path = "ucp" }, `backend.path: "ucp" is not allowed; it must be a path such as /ucp, without a slash at the end`},
		{"a path that needs escaping", func(b *Backend) { b.Path = "/a b" }, `backend.path: "/a b" is not allowed; it must be a path such as /ucp, without a slash at the end`},
		{"a path that is an address", func(b *Backend) { b.Path = "http://a" }, `backend.path: "http://a" is not allowed; it must be a path such as /ucp, without a slash at the end`},

		{"items by SKU", func(b *Backend) { b.ItemID = "sku" }, ""},
		{"items by variant", func(b *Backend) { b.ItemID = "variantId" }, ""},
		{"items by product, of which there can be several", func(b *Backend) { b.ItemID = "productId" }, `backend.itemId: "productId" is not allowed; it must be sku or variantId`},
		{"items by something else", func(b *Backend) { b.ItemID = "number" }, `backend.itemId: "number" is not allowed; it must be sku or variantId`},

		{"a header", headers("X-Shop", "a;b=\"c\"\té"), ""},
		{"a header of two names", headers("X Shop", "a"), "backend.headers.X Shop: it must be the name and text of one header line"},
		{"a header with a colon", headers("X-Shop:", "a"), "backend.headers.X-Shop:: it must be the name and text of one header line"},
		{"a header without name", headers("", "a"), "backend.headers.: it must be the name and text of one header line"},
		{"a header whose name is not ASCII", headers("X-É", "a"), "backend.headers.X-É: it must be the name and text of one header line"},
		{"a header of two lines", headers("X-Shop", "a\r\nX-Other: b"), "backend.headers.X-Shop: it must be the name and text of one header line"},
		{"a header with a control character", headers("X-Shop", "a\x01"), "backend.headers.X-Shop: it must be the name and text of one header line"},
		{"two bad headers", func(b *Backend) { b.Headers = map[string]string{"b ": "", "a ": ""} }, "backend.headers.a : it must be the name and text of one header line\n" +
			"backend.headers.b : it must be the name and text of one header line"},
		{"our UCP-Agent", headers("UCP-Agent", "a"), "backend.headers.UCP-Agent: it is not allowed" + own},
		{"our Request-Id", headers("request-id", "a"), "backend.headers.request-id: it is not allowed" + own},
		{"our Idempotency-Key", headers("Idempotency-Key", "a"), "backend.headers.Idempotency-Key: it is not allowed" + own},
		{"our If-Match", headers("If-Match", "a"), "backend.headers.If-Match: it is not allowed" + own},
		{"our Content-Type", headers("Content-Type", "a"), "backend.headers.Content-Type: it is not allowed" + own},
		{"our Accept", headers("accept", "a"), "backend.headers.accept: it is not allowed" + own},
		{"our Accept-Encoding", headers("Accept-Encoding", "a"), "backend.headers.Accept-Encoding: it is not allowed" + own},
		{"our User-Agent", headers("User-Agent", "a"), "backend.headers.User-Agent: it is not allowed" + own},
		{"a secret in a header of ours", func(b *Backend) { b.SecretHeader = "ucp-agent" }, `backend.secretHeader: "ucp-agent" is not allowed` + own},

		{"the shortest timeout", func(b *Backend) { b.Timeout = "1ms" }, ""},
		{"the longest timeout", func(b *Backend) { b.Timeout = "30s" }, ""},
		{"no timeout", func(b *Backend) { b.Timeout = "" }, `backend.timeout: "" is not allowed; it must be from 1ms to 30s`},
		{"a timeout of nothing", func(b *Backend) { b.Timeout = "0s" }, `backend.timeout: "0s" is not allowed; it must be from 1ms to 30s`},
		{"a timeout too short to count", func(b *Backend) { b.Timeout = "999us" }, `backend.timeout: "999us" is not allowed; it must be from 1ms to 30s`},
		{"a timeout too long", func(b *Backend) { b.Timeout = "30001ms" }, `backend.timeout: "30001ms" is not allowed; it must be from 1ms to 30s`},
		{"a timeout without unit", func(b *Backend) { b.Timeout = "2" }, `backend.timeout: "2" is not allowed; it must be from 1ms to 30s`},
		{"a negative timeout", func(b *Backend) { b.Timeout = "-1s" }, `backend.timeout: "-1s" is not allowed; it must be from 1ms to 30s`},

		{"a look before every change", func(b *Backend) { b.LookAgain = "0s" }, ""},
		{"a look now and then", func(b *Backend) { b.LookAgain = "1h" }, ""},
		{"no lookAgain", func(b *Backend) { b.LookAgain = "" }, `backend.lookAgain: "" is not allowed; it must be a duration of at least 0s, such as 30s or 720h`},
		{"a negative lookAgain", func(b *Backend) { b.LookAgain = "-1s" }, `backend.lookAgain: "-1s" is not allowed; it must be a duration of at least 0s, such as 30s or 720h`},
		{"a lookAgain without unit", func(b *Backend) { b.LookAgain = "5" }, `backend.lookAgain: "5" is not allowed; it must be a duration of at least 0s, such as 30s or 720h`},

		{"the smallest answers", func(b *Backend) { b.MaxBytes = 1024 }, ""},
		{"the largest answers", func(b *Backend) { b.MaxBytes = 64 << 20 }, ""},
		{"answers too small", func(b *Backend) { b.MaxBytes = 1023 }, "backend.maxBytes: 1023 is not allowed; it must be from 1024 to 67108864"},
		{"answers too large", func(b *Backend) { b.MaxBytes = 64<<20 + 1 }, "backend.maxBytes: 67108865 is not allowed; it must be from 1024 to 67108864"},
		{"no bound of answers", func(b *Backend) { b.MaxBytes = 0 }, "backend.maxBytes: 0 is not allowed; it must be from 1024 to 67108864"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := aBackend()
			test.change(&config.Backend)
			if faults := strings.Join(backendFaults(config), "\n"); faults != test.fault {
				t.Errorf("got %q, want %q", faults, test.fault)
			}
		})
	}
}

// Everything that is wrong is told at once, and by Validate.
func TestEachFaultOfABackendIsTold(t *testing.T) {
	config := aBackend()
	config.Backend = Backend{Kind: "x", Path: "x", ItemID: "x", Headers: map[string]string{"x x": "x"}, SecretFile: filepath.Join(t.TempDir(), "none"), SecretHeader: "x x"}
	told := strings.Join(Validate(config), "\n")
	for _, key := range []string{"kind", "profile", "path", "itemId", "headers.x x", "secretFile", "secretHeader", "timeout", "lookAgain", "maxBytes"} {
		if !strings.Contains(told, "backend."+key+": ") {
			t.Errorf("nothing is said of %s:\n%s", key, told)
		}
	}
}

func TestTheSecretOfABackend(t *testing.T) {
	folder := t.TempDir()
	const oneLine = "backend.secretFile: the file must hold one line, the value of a header"
	tests := []struct {
		name, file, header string
		sent, value, fault string // sent is the header that has value
	}{
		{"a line", "Bearer abc\n", "", "Authorization", "Bearer abc", ""},
		{"a line as Windows ends it", "Bearer abc\r\n", "", "Authorization", "Bearer abc", ""},
		{"a line without end", "abc", "", "Authorization", "abc", ""},
		{"another header", "abc", "x-api-key", "X-Api-Key", "abc", ""},
		{"a header that is configured too", "abc", "X-Shop", "X-Shop", "abc", ""},
		{"the longest", strings.Repeat("s", 4096) + "\r\n", "", "Authorization", strings.Repeat("s", 4096), ""},
		{"too long", strings.Repeat("s", 4097), "", "", "", "backend.secretFile: the file must have at most 4096 bytes"},
		{"far too long", strings.Repeat("s", 1<<20), "", "", "", "backend.secretFile: the file must have at most 4096 bytes"},
		{"nothing", "", "", "", "", oneLine},
		{"an empty line", "\n", "", "", "", oneLine},
		{"two lines", "a\nb\n", "", "", "", oneLine},
		{"a control character", "a\x00", "", "", "", oneLine},
		{"a header that is none", "abc", "X Key", "", "", `backend.secretHeader: "X Key" is not allowed; it must be the name of a header`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(folder, "secret")
			if err := os.WriteFile(file, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			config := aBackend()
			config.Backend.SecretFile, config.Backend.SecretHeader = file, test.header
			config.Backend.Headers = map[string]string{"x-shop": "a"}
			headers, faults := backendHeaders(config.Backend)
			if got := strings.Join(faults, "\n"); got != test.fault {
				t.Fatalf("got %q, want %q", got, test.fault)
			}
			if test.fault == "" && (len(headers[test.sent]) != 1 || headers[test.sent][0] != test.value) {
				t.Errorf("%s is %q", test.sent, headers[test.sent])
			}
		})
	}
	config := aBackend()
	config.Backend.SecretFile = filepath.Join(folder, "none")
	if _, faults := backendHeaders(config.Backend); len(faults) != 1 || !strings.HasPrefix(faults[0], "backend.secretFile: open "+config.Backend.SecretFile) {
		t.Errorf("a file that is not there: %q", faults)
	}
}

// The headers that every request has are what the protocol wants, whatever profile is taken.
func TestTheHeadersOfABackend(t *testing.T) {
	contract, err := ucpschema.Open("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{"https://shop.example/.well-known/ucp", "HTTPS://shop.example:8443/a?b=c&d=%22#e", "https://[::1]/~a/(b)", "https://a@shop.example/;,="} {
		config := aBackend()
		config.Backend.Profile = profile
		config.Backend.Headers = map[string]string{"x-shop": "a"}
		if faults := backendFaults(config); len(faults) > 0 {
			t.Errorf("%s: %s", profile, faults)
			continue
		}
		headers, faults := backendHeaders(config.Backend)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		for name, want := range map[string]string{"Ucp-Agent": `profile="` + profile + `"`, "Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Polycart", "X-Shop": "a"} {
			if got := headers[name]; len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s is %q, want %q", profile, name, got, want)
			}
		}
		if len(headers) != 5 {
			t.Errorf("%s: there are %d headers: %v", profile, len(headers), headers)
		}
		headers["Request-Id"] = []string{"7f5ac4fe-9b5e-4d4b-8b0e-2f3c2b1a0d10"}
		if err := contract.CheckRequest(http.MethodGet, "/carts/a", headers, nil); err != nil {
			t.Errorf("%s: %v", profile, err)
		}
	}
}
