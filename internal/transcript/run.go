package transcript

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Level sends a request to where the middleware runs.
type Level func(request *http.Request) (*http.Response, error)

// Handler is the level of an http.Handler in this process.
func Handler(handler http.Handler) Level {
	return func(request *http.Request) (*http.Response, error) {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		response := recorder.Result()
		if request.Method == http.MethodHead {
			response.Body = http.NoBody // net/http drops it on the way to the client
		}
		return response, nil
	}
}

// Upstream is the handler behind the middleware.
func Upstream() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, Passed)
	})
}

// Run plays a script on a level.
func Run(t testing.TB, script Script, fixture *Fixture, level Level) {
	t.Helper()
	bound := map[string]string{}
	for i, step := range script.Steps {
		if step.Catalog != "" {
			if err := fixture.changeCatalog(step.Catalog); err != nil {
				t.Fatalf("step %d: %v", i+1, err)
			}
			continue
		}
		if err := play(step, fixture, level, bound); err != nil {
			t.Fatalf("%s\nstep %d %s: %v", script.Title, i+1, step.Name, err)
		}
	}
}

func play(step Step, fixture *Fixture, level Level, bound map[string]string) error {
	text, err := filled(step.Request, bound, fixture.Token)
	if err != nil {
		return err
	}
	request, err := parseRequest(text)
	if err != nil {
		return err
	}
	response, err := level(request)
	if err != nil {
		return fmt.Errorf("sending the request: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if err := compare(step.Answer, response, body, bound); err != nil {
		return fmt.Errorf("%w\nanswer: %s %v\n%s", err, response.Status, response.Header, body)
	}
	return nil
}

// parseRequest reads a request as HTTP text with Unix line ends; Content-Length is added, and a body's last line end is not part of it.
func parseRequest(text string) (*http.Request, error) {
	head, body, _ := strings.Cut(text, "\n\n")
	head, body = strings.TrimSpace(head), strings.TrimSuffix(body, "\n")
	if body != "" && !strings.Contains(strings.ToLower(head), "\ncontent-length:") {
		head += fmt.Sprintf("\nContent-Length: %d", len(body))
	}
	wire := strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire)))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	request.Body = io.NopCloser(bytes.NewReader([]byte(body)))
	request.RemoteAddr = "127.0.0.1:1"
	return request, nil
}
