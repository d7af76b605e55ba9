// Package decoding writes down what a dialect makes of a request. The same source runs compiled and interpreted, and both
// must write the same.
package decoding

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
)

// Decoded is the command, the credentials and the refusal that the route with this pattern reads from a request. headers are
// names and values in turn.
func Decoded(pattern, target string, headers []string, body string) string {
	all := adapters.All()
	for i := range all {
		for j := range all[i].Routes {
			if all[i].Routes[j].Pattern == pattern {
				return decoded(all[i], &all[i].Routes[j], target, headers, body)
			}
		}
	}
	return "no route has the pattern " + pattern
}

func decoded(adapter *adapters.Adapter, route *adapters.Route, target string, headers []string, body string) string {
	method, _, _ := strings.Cut(route.Pattern, " ")
	request := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header[headers[i]] = []string{headers[i+1]}
	}
	options := map[string]string{}
	for i := range adapter.Options {
		options[adapter.Options[i].Name] = adapter.Options[i].Default
	}
	call := &adapters.Call{
		Body: []byte(body), Options: options, Limits: &cartcore.Limits{MaxLines: 500, MaxQuantityPerLine: 10000},
		Command: &cartcore.Command{}, Credentials: &cartcore.Credentials{},
	}
	paths := http.NewServeMux() // it sets what stands in the path
	paths.HandleFunc(route.Pattern, func(_ http.ResponseWriter, r *http.Request) { call.Request = r })
	paths.ServeHTTP(httptest.NewRecorder(), request)
	if call.Request == nil {
		return "the path is not the route's"
	}
	refused := route.Decode(call)
	text := ""
	for i := range call.Command.Asks {
		if err := call.Command.Asks[i].Err; err != nil {
			text += err.Error() + "; "
			call.Command.Asks[i].Err = nil // its cause is of no type that JSON prints
		}
	}
	if refused != nil {
		answer := adapter.Fail(call, refused)
		text += refused.Error() + ": " + string(answer.Body)
	}
	command, errCommand := json.Marshal(call.Command)
	credentials, errCredentials := json.Marshal(call.Credentials)
	if errCommand != nil || errCredentials != nil {
		return "the command or the credentials are no JSON"
	}
	return text + "\n" + string(command) + "\n" + string(credentials)
}
