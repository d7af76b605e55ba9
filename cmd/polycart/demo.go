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
	upstream string // URL of the shop behind
}

// path answers where a file of the work folder is.
func (d demo) path(name string) string { return filepath.Join(d.folder, name) }

// write lays out the files. The catalogue and the secret are copied once and stay as the operator edits them. The dynamic
// configuration is written anew, since the address of the shop behind changes; kept is where one that was edited has been
// put, or empty.
func (d demo) write() (kept string, err error) {
	for _, folder := range []string{d.folder, d.data} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", fmt.Errorf("making the folders of the demo: %w", err)
		}
	}
	for name, mode := range map[string]os.FileMode{demoCatalog: 0o644, demoSecret: 0o600} {
		if err := d.copyOnce(name, mode); err != nil {
			return "", fmt.Errorf("copying the demo's files: %w", err)
		}
	}
	text, err := d.dynamic()
	if err != nil {
		return "", err
	}
	old, err := os.ReadFile(d.path(demoDynamic))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the last dynamic configuration: %w", err)
	}
	if err == nil && withoutUpstream(string(old)) != withoutUpstream(text) {
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
	return dynamicHead + text, err
}

// placedDynamic reads the demo's dynamic configuration and fills in where its files, its carts and the shop behind are.
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

// upstreamLine is the address of the shop behind, another one at each run.
var upstreamLine = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

func withoutUpstream(text string) string { return upstreamLine.ReplaceAllString(text, "") }

// demoCall is a request that works against the demo when it is pasted into a shell.
type demoCall struct {
	Dialect string
	Command string
}

// calls are the first writes of the five published documents, one a dialect, against the Traefik at base.
func (d demo) calls(base string, now time.Time) ([]demoCall, error) {
	token, err := signToken(tokenSettings{customer: "182", secret: d.path(demoSecret), expires: 24 * time.Hour}, now)
	if err != nil {
		return nil, err
	}
	const post, json = `curl -sS -w '\n' -X POST `, ` -H 'Content-Type: application/json'`
	return []demoCall{
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
	}, nil
}

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
