package load

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// targetOf is a target that takes bodies in turn.
func targetOf(t *testing.T, server *httptest.Server, bodies ...string) *Target {
	t.Helper()
	target := &Target{Name: "test", Address: server.Listener.Addr().String(), Status: http.StatusOK}
	for _, body := range bodies {
		request := httptest.NewRequest(http.MethodPost, server.URL+"/x", strings.NewReader(body))
		request.Header.Set("X-Route", "a")
		wire, err := Wire(request)
		if err != nil {
			t.Fatal(err)
		}
		target.Bytes = append(target.Bytes, wire)
	}
	return target
}

func TestConnectionsAreSpreadOverAllServers(t *testing.T) {
	served := [3]atomic.Int64{}
	servers := []*httptest.Server{}
	for i := range served {
		servers = append(servers, httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served[i].Add(1) })))
		defer servers[i].Close()
	}
	target := targetOf(t, servers[0], "one")
	for _, other := range servers[1:] {
		target.Others = append(target.Others, other.Listener.Addr().String())
	}
	result, err := Closed(t.Context(), target, 3, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for i := range served {
		if served[i].Load() == 0 {
			t.Errorf("server %d got nothing", i)
		}
		all += int(served[i].Load())
	}
	if all != result.Requests {
		t.Errorf("%d requests were served and %d counted", all, result.Requests)
	}
}

func TestKeptRequestsGoToTheirOwnServerAlways(t *testing.T) {
	mu, served := sync.Mutex{}, map[string]map[int]bool{}
	servers := []*httptest.Server{}
	for i := range 3 {
		servers = append(servers, httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // half a body is not one of those below
			mu.Lock()
			defer mu.Unlock()
			if served[string(body)] == nil {
				served[string(body)] = map[int]bool{}
			}
			served[string(body)][i] = true
		})))
		defer servers[i].Close()
	}
	target := targetOf(t, servers[0], "0", "1", "2", "3", "4", "5")
	target.Kept = true
	for _, other := range servers[1:] {
		target.Others = append(target.Others, other.Listener.Addr().String())
	}
	for range 3 { // the connections of each begin at another server
		if _, err := Closed(t.Context(), target, 4, 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 6 {
		if at := served[strconv.Itoa(i)]; len(at) != 1 || !at[i%3] {
			t.Errorf("request %d went to %v", i, at)
		}
	}
}

func TestOnceSendsEachRequestOnce(t *testing.T) {
	served := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // half a body is not what is wanted below
		if string(body) == "refused" {
			w.WriteHeader(http.StatusConflict)
		}
		served <- string(body)
	}))
	defer server.Close()
	if err := Once(t.Context(), targetOf(t, server, "one", "two", "three")); err != nil || len(served) != 3 || <-served+<-served+<-served != "onetwothree" {
		t.Errorf("got %v", err)
	}
	if err := Once(t.Context(), targetOf(t, server, "one", "refused", "three")); err == nil || len(served) != 2 || <-served+<-served != "onerefused" {
		t.Errorf("got %v", err)
	}
}

func TestEveryRequestIsSentWholeInItsTurnAndCounted(t *testing.T) {
	var mu sync.Mutex
	served := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("X-Route") != "a" {
			w.WriteHeader(http.StatusBadRequest)
		}
		mu.Lock()
		defer mu.Unlock()
		served[string(body)]++
	}))
	defer server.Close()
	for name, slice := range map[string]func(*Target) (Result, error){
		"closed loop": func(target *Target) (Result, error) { return Closed(t.Context(), target, 2, 50*time.Millisecond) },
		"open loop":   func(target *Target) (Result, error) { return Open(t.Context(), target, 2, 1000, 50*time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			clear(served)
			target := targetOf(t, server, "one", "two", "three")
			all := 0
			for range 2 { // the second slice goes on where the first stopped
				result, err := slice(target)
				if err != nil {
					t.Fatal(err)
				}
				all += result.Requests
				if got := result.Latency.TotalCount(); result.Requests == 0 || got != int64(result.Requests+result.Unsent) {
					t.Errorf("counted %d requests, %d unsent and %d latencies", result.Requests, result.Unsent, got)
				}
			}
			sum := 0
			for _, body := range []string{"one", "two", "three"} {
				sum += served[body]
				if most := (all + 2) / 3; served[body] > most || served[body] < all/3 {
					t.Errorf("%q was sent %d times of %d", body, served[body], all)
				}
			}
			if sum != all {
				t.Errorf("counted %d requests, the server %d: %v", all, sum, served)
			}
		})
	}
}

func TestAnAnswerWithAnotherStatusIsAnErrorThatShowsIt(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such cart", http.StatusNotFound) }))
	defer server.Close()
	for name, slice := range map[string]func(*Target) (Result, error){
		"closed loop": func(target *Target) (Result, error) { return Closed(t.Context(), target, 1, time.Second) },
		"open loop":   func(target *Target) (Result, error) { return Open(t.Context(), target, 1, 100, 100*time.Millisecond) },
	} {
		_, err := slice(targetOf(t, server, "x"))
		if err == nil || !strings.Contains(err.Error(), "test: want status 200") || !strings.Contains(err.Error(), "no such cart") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAStallIsChargedToAllWhoWereDueMeanwhile(t *testing.T) {
	const stall = 200 * time.Millisecond
	var first atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if first.CompareAndSwap(false, true) {
			time.Sleep(stall)
		}
	}))
	defer server.Close()
	result, err := Open(t.Context(), targetOf(t, server, "x"), 1, 100, stall)
	if err != nil {
		t.Fatal(err)
	}
	if result.Requests+result.Unsent != 20 {
		t.Fatalf("%d requests and %d unsent, 20 were due", result.Requests, result.Unsent)
	}
	// One connection stood still for the whole slice, so the ten that were due in its first half waited for half of it and more.
	if median := time.Duration(result.Latency.ValueAtQuantile(50)) * time.Microsecond; median < stall/2-10*time.Millisecond {
		t.Errorf("the median is %s: only the request that stalled was charged", median)
	}
}

func TestWhatCannotBeSentInTimeIsUnsent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(60 * time.Millisecond) }))
	defer server.Close()
	result, err := Open(t.Context(), targetOf(t, server, "x"), 1, 1000, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if result.Requests == 0 || result.Unsent == 0 || result.Requests+result.Unsent != 50 || result.Latency.TotalCount() != 50 {
		t.Errorf("%d requests, %d unsent, %d latencies; 50 were due", result.Requests, result.Unsent, result.Latency.TotalCount())
	}
}

func TestACancelledSliceEndsThoughNobodyAnswers(t *testing.T) {
	asked, answer := make(chan bool, 8), make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- true
		<-answer
	}))
	defer server.Close()
	defer close(answer)
	target := targetOf(t, server, "x")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := Closed(ctx, target, 1, time.Hour)
		ended <- err
	}()
	<-asked
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
	}
}

func TestABodyLongerThanTheBufferIsReadWhole(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "300000")
		_, _ = w.Write(bytes.Repeat([]byte("x"), 300000))
	}))
	defer server.Close()
	result, err := Closed(t.Context(), targetOf(t, server, "x"), 1, 50*time.Millisecond)
	if err != nil || result.Requests == 0 {
		t.Errorf("%d requests, %v", result.Requests, err)
	}
}
