package load

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestEveryRequestIsSentWholeAndCounted(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "hello" || r.Header.Get("X-Route") != "a" {
			w.WriteHeader(http.StatusBadRequest)
		}
		served.Add(1)
	}))
	defer server.Close()
	request := httptest.NewRequest(http.MethodPost, server.URL+"/x", strings.NewReader("hello"))
	request.Header.Set("X-Route", "a")
	wire, err := Wire(request)
	if err != nil {
		t.Fatal(err)
	}
	target := Target{Name: "test", Address: server.Listener.Addr().String(), Bytes: [][]byte{wire}, Status: 200}
	result, err := Closed(t.Context(), target, 2, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if int64(result.Requests) != served.Load() || result.Requests == 0 || len(result.Latency) != result.Requests {
		t.Errorf("counted %d requests and %d latencies, the server %d", result.Requests, len(result.Latency), served.Load())
	}
}

func TestAnAnswerWithAnotherStatusIsAnError(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	wire, err := Wire(httptest.NewRequest(http.MethodGet, server.URL+"/x", nil))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Closed(t.Context(), Target{Name: "test", Address: server.Listener.Addr().String(), Bytes: [][]byte{wire}, Status: 200}, 1, time.Second)
	if err == nil || !strings.Contains(err.Error(), "want status 200") {
		t.Errorf("got %v", err)
	}
}
