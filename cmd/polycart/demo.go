package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/polycart/polycart/internal/traefik"
)

// The demo's files, in demoFolder of the checkout and again in the work folder.
const (
	demoFolder  = "testdata/demo"
	demoDynamic = "dynamic.yml"
	demoCatalog = "catalog.json"
	demoSecret  = "customer-token-secret"
)

// demo is what `polycart up` lays out for one run.
type demo struct {
	checkout string
	folder   string // the work folder
	data     string // the data folder
	upstream string // URL of what is behind
	backend  string // who decides what is in a cart: backendUCP, or empty for the store alone
}

// path answers where a file of the work folder is.
func (d demo) path(name string) string { return filepath.Join(d.folder, name) }

// lay makes the folders and lays out the catalogue and the secret, which are copied once and stay as the operator edits them.
func (d demo) lay() error {
	for _, folder := range []string{d.folder, d.data} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("making the folders of the demo: %w", err)
		}
	}
	for name, mode := range map[string]os.FileMode{demoCatalog: 0o644, demoSecret: 0o600} {
		if err := d.copyOnce(name, mode); err != nil {
			return fmt.Errorf("copying the demo's files: %w", err)
		}
	}
	return nil
}

// configure writes the dynamic configuration, at each run anew, since the address of what is behind changes. kept is where one
// that was edited has been put, or empty.
func (d demo) configure() (kept string, err error) {
	text, err := d.dynamic()
	if err != nil {
		return "", err
	}
	old, err := os.ReadFile(d.path(demoDynamic))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the last dynamic configuration: %w", err)
	}
	if err == nil && asEveryRun(string(old)) != asEveryRun(text) {
		kept = d.path("dynamic.edited.yml")
		if err := os.Rename(d.path(demoDynamic), kept); err != nil {
			return "", fmt.Errorf("keeping the edited dynamic configuration: %w", err)
		}
	}
	if err := os.WriteFile(d.path(demoDynamic), []byte(text), 0o644); err != nil {
		return "", fmt.Errorf("writing the dynamic configuration: %w", err)
	}
	return kept, nil
}

// copyOnce copies a file of the demo unless there is one of the name.
func (d demo) copyOnce(name string, mode os.FileMode) error {
	content, err := os.ReadFile(filepath.Join(d.checkout, filepath.FromSlash(demoFolder), name))
	if err != nil {
		return err
	}
	file, err := os.OpenFile(d.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}

// dynamicHead stands above the dynamic configuration.
const dynamicHead = `# Traefik's dynamic configuration of the demo. Traefik follows your changes while it runs.
# "polycart up" writes this file anew each time; one that you have edited it keeps as dynamic.edited.yml.
`

// dynamic is the demo's dynamic configuration with the places of this machine filled in.
func (d demo) dynamic() (string, error) {
	text, err := placedDynamic(d.checkout, d.folder, d.data, d.upstream)
	if err != nil || d.backend == "" {
		return dynamicHead + text, err
	}
	before, after, found := strings.Cut(text, storeLine)
	if !found {
		return "", fmt.Errorf("writing the dynamic configuration: %s/%s has no line %q", demoFolder, demoDynamic, strings.TrimSpace(storeLine))
	}
	return dynamicHead + before + backendBlock + storeLine + after, nil
}

// storeLine begins the part of the dynamic configuration that backendBlock stands before.
const storeLine = "\n          store:\n"

// backendBlock says that the service of the router decides what is in a cart.
const backendBlock = `
          # the service below is a cart service, which decides what is in a cart
          backend:
            kind: ` + backendUCP + `
            profile: ` + demoProfile

// demoProfile is where a cart service could read what the demo can do; nobody answers there.
const demoProfile = "https://store-alpha.example/.well-known/ucp"

// placedDynamic reads the demo's dynamic configuration and fills in where its files, its carts and what is behind are.
// What stands above it in the checkout is for those who read the template.
func placedDynamic(checkout, folder, data, upstream string) (string, error) {
	content, err := os.ReadFile(filepath.Join(checkout, filepath.FromSlash(demoFolder), demoDynamic))
	if err != nil {
		return "", fmt.Errorf("reading the demo's dynamic configuration: %w", err)
	}
	_, text, found := strings.Cut("\n"+string(content), "\nhttp:\n")
	if !found {
		return "", fmt.Errorf("reading the demo's dynamic configuration: %s/%s has no line \"http:\"", demoFolder, demoDynamic)
	}
	fill := []string{}
	for name, value := range map[string]string{"demo": folder, "data": data, "upstream": upstream} {
		// The places stand between double quotes, where YAML reads what JSON reads.
		quoted, err := json.Marshal(value)
		if err != nil {
			return "", fmt.Errorf("writing the dynamic configuration: %w", err)
		}
		fill = append(fill, `"{{`+name+`}}`, string(quoted[:len(quoted)-1]))
	}
	return "http:\n" + strings.NewReplacer(fill...).Replace(text), nil
}

// upstreamLine is the address of what is behind, another one at each run.
var upstreamLine = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// asEveryRun is a dynamic configuration without what differs from run to run.
func asEveryRun(text string) string {
	return upstreamLine.ReplaceAllString(strings.Replace(text, backendBlock, "", 1), "")
}

// demoCall is a request that works against the demo when it is pasted into a shell.
type demoCall struct {
	Title   string // the dialect, or what else it shows
	Command string
}

// calls are the first writes of the five published documents, one a dialect, against the Traefik at base; with a cart service behind
// also a look at one cart from both sides.
func (d demo) calls(base string, now time.Time) ([]demoCall, error) {
	token, err := signToken(tokenSettings{customer: "182", secret: d.path(demoSecret), expires: 24 * time.Hour}, now)
	if err != nil {
		return nil, err
	}
	const post, json = `curl -sS -w '\n' -X POST `, ` -H 'Content-Type: application/json'`
	calls := []demoCall{
		{"agent", post + base + `/store-alpha/agent/cart/add` + json +
			` -d '{"session_id":"sess_12345","product_id":"prod_6789","quantity":1}'`},
		{"shop", post + base + `/api/v1/shop/cart/CK-SDS001 -H 'X-API-Key: 123456789'` + json +
			` -d '{"quantity":1,"options":{"team_id":"20"}}'`},
		{"itemkey", post + base + `/api/v1/cart/ -c ` + quoteShell(d.path("cookies")) + ` -b ` + quoteShell(d.path("cookies")) + hostHeader(base) + json +
			` -d '{"variant_sku":"SKU789","quantity":2}'`},
		{"vesuvio", post + base + `/api/v1/sdk/cart/store/a3f2b1c0-1234-5678-90ab-cdef12345678/item -H 'Authorization: Bearer ` + token + `'` + json +
			` -d '{"externalProductId":"prod_123","externalVariantId":"var_456","quantity":2}'`},
		{"fabric", post + base + `/api-cart/cart/item -H 'x-site-context: {"account":"5f493c9f30ec2a0007a94fc8","channel":12,"stage":"sandbox","date":"2020-08-28T02:35:27.787Z"}'` + json +
			` -d '{"cartId":null,"items":[{"itemId":170,"quantity":1,"group":["123123123123123213212222"],` +
			`"price":{"sale":0,"base":0,"discount":{"price":0,"discountAmount":0,"promosApplied":[]},"currency":"USD"},"extra":{}}]}'`},
	}
	if d.backend == backendUCP {
		calls = append(calls, demoCall{"the agent's cart, and the same one as the cart service has it", d.serviceCall(base)})
	}
	return calls, nil
}

// serviceCall reads a cart of the agent dialect, for which the plugin asks the service, and then the cart that the service was
// asked for last.
func (d demo) serviceCall(base string) string {
	const get = `curl -sS -w '\n' `
	return get + `'` + base + `/store-alpha/agent/cart/get?session_id=sess_12345' && ` +
		get + d.upstream + `/carts/"$(grep -o 'cart_[0-9a-z]*' ` + quoteShell(d.path(serviceLog)) + ` | tail -n 1)"` +
		` -H 'UCP-Agent: profile="` + demoProfile + `"' -H 'Request-Id: ` + demoRequestID + `'`
}

// demoRequestID is a UUID, as the protocol wants one with each request.
const demoRequestID = "7f2d5c8e-3b1a-4e6f-9c0d-1a2b3c4d5e6f"

// hostHeader names a host of the demo's tenant where base is at none of them: the itemkey dialect tells shops by their host.
func hostHeader(base string) string {
	at, err := url.Parse(base)
	if err != nil || at.Hostname() == "127.0.0.1" || at.Hostname() == "localhost" {
		return ""
	}
	return ` -H 'Host: ` + net.JoinHostPort("localhost", at.Port()) + `'`
}

// plainWord is text that a shell takes as it stands.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// quoteShell makes text one word of a shell command.
func quoteShell(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// files are the files that the demo's Traefik needs.
func (d demo) files(listen string) traefik.Files {
	return traefik.Files{Folder: d.folder, Checkout: d.checkout, Listen: listen, Dynamic: d.path(demoDynamic)}
}
