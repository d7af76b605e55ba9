package plugin

import (
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strings"
)

// Headers that the configuration has sent with every request to a service of the operator's.

// headerFaults are the headers that could not be sent; at is the key of the service.
func headerFaults(headers map[string]string, at string) []string {
	faults := []string{}
	for name, value := range headers {
		if strings.ContainsAny(name, " :\r\n") || strings.ContainsAny(value, "\r\n\x00") {
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
	sent[http.CanonicalHeaderKey(secretHeader)] = secret
	return sent, faults
}

// readServiceSecret reads the value of a header.
func readServiceSecret(path string) (string, error) {
	secret, err := readSecretText(path)
	if err == nil && (secret == "" || strings.ContainsAny(secret, "\r\n\x00")) {
		err = errors.New("the file must hold one line, the value of a header")
	}
	return secret, err
}
