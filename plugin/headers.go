package plugin

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sort"
)

// Headers that the configuration has sent with every request to a service of the operator's.

// headerName and headerValue are what the proxies and servers before a service take as a header (RFC 9110 §5); a request with any
// other is not sent at all.
var (
	headerName  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	headerValue = regexp.MustCompile(`^[^\x00-\x08\x0a-\x1f\x7f]*$`)
)

// headerFaults are the headers that could not be sent; at is the key of the service.
func headerFaults(headers map[string]string, at string) []string {
	faults := []string{}
	for name, value := range headers {
		if !headerName.MatchString(name) || !headerValue.MatchString(value) {
			faults = append(faults, fmt.Sprintf("%s.headers.%s: it must be the name and text of one header line", at, name))
		}
	}
	sort.Strings(faults)
	return faults
}

// sentHeaders are the headers by their canonical names, with the secret of a file as one of them; at is the key of the service.
func sentHeaders(headers map[string]string, secretFile, secretHeader, at string) (sent map[string]string, faults []string) {
	sent = map[string]string{}
	faults = []string{}
	for name, value := range headers {
		sent[http.CanonicalHeaderKey(name)] = value
	}
	if secretFile == "" {
		return sent, faults
	}
	secret, err := readServiceSecret(secretFile)
	if err != nil {
		faults = append(faults, at+".secretFile: "+err.Error())
	}
	if secretHeader == "" {
		secretHeader = "Authorization"
	}
	if !headerName.MatchString(secretHeader) {
		faults = append(faults, fmt.Sprintf("%s.secretHeader: %q is not allowed; it must be the name of a header", at, secretHeader))
	}
	sent[http.CanonicalHeaderKey(secretHeader)] = secret
	return sent, faults
}

// readServiceSecret reads the value of a header.
func readServiceSecret(path string) (string, error) {
	secret, err := readSecretText(path)
	if err == nil && (secret == "" || !headerValue.MatchString(secret)) {
		err = errors.New("the file must hold one line, the value of a header")
	}
	if err == nil && len(secret) > maxHookSecret { // the rest of it was not read
		err = fmt.Errorf("the file must have at most %d bytes", maxHookSecret)
	}
	return secret, err
}
