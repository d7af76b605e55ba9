package catalog

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/polycart/polycart/cartcore"
)

const (
	// batchMost is how many identifiers one request names: UCP lets a service refuse more than ten.
	batchMost = 10
	// parallelMost is how many requests one lookup has under way at once: a full cart of single requests then takes some rounds,
	// and a service still sees a handful of connections from it.
	parallelMost = 8
	// failuresMost in a row are taken as an outage: then the service is left alone for openFor milliseconds.
	failuresMost = 5
	openFor      = 5000
	// complainEvery is after how many milliseconds the same fault is logged again, and complainMost how many faults are told apart.
	complainEvery = 60 * 1000
	complainMost  = 100
)

var (
	errOpen = errors.New("the catalogue service failed several times in a row and is left alone for a moment")
	errJust = errors.New("the catalogue service has just failed")
)

// lookUpAside looks up in a goroutine that closeService waits for.
func lookUpAside(s *service, wants []want, now int64) {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.aside.Add(1)
		s.asides++
	}
	s.mu.Unlock()
	if closed {
		settle(s, wants)
		return
	}
	go func() {
		defer s.aside.Done()
		defer func() {
			if fault := recover(); fault != nil {
				s.logger.Error("looking items up aside stopped by a fault of ours", "fault", fmt.Sprint(fault))
			}
			s.mu.Lock()
			s.asides--
			s.mu.Unlock()
		}()
		_ = askAll(s, wants, now) // ask has logged it, and what was known counts on
	}()
}

// settle ends the lookups of wants for everybody who waits.
func settle(s *service, wants []want) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range wants {
		key := keyOf(wants[i])
		if under := s.under[key]; under != nil {
			delete(s.under, key)
			close(under)
		}
	}
}

// askAll asks for wants in as few requests as the service allows, several at once. All of them end within the timeout.
func askAll(s *service, wants []want, now int64) error {
	if len(wants) == 0 {
		return nil
	}
	defer func() { settle(s, wants) }()
	ctx, cancel := context.WithTimeout(s.ctx, time.Duration(s.config.Timeout)*time.Millisecond)
	defer cancel()
	rounds := grouped(s, wants)
	if len(rounds) == 1 {
		return ask(ctx, s, rounds[0], now)
	}
	next := make(chan []want, len(rounds))
	for i := range rounds {
		next <- rounds[i]
	}
	close(next)
	errs := make(chan error, len(rounds))
	workers := sync.WaitGroup{}
	for i := 0; i < parallelMost && i < len(rounds); i++ {
		workers.Add(1)
		startWorker(ctx, s, next, errs, &workers, now)
	}
	workers.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// startWorker starts one of several goroutines that ask; who waits for them stops them by the context.
func startWorker(ctx context.Context, s *service, next chan []want, errs chan error, workers *sync.WaitGroup, now int64) {
	go func() {
		defer workers.Done()
		defer func() {
			if fault := recover(); fault != nil {
				s.logger.Error("looking items up stopped by a fault of ours", "fault", fmt.Sprint(fault))
			}
		}()
		for round := range next {
			errs <- ask(ctx, s, round, now)
		}
	}()
}

// grouped puts wants of one kind together, as many as one request may name.
func grouped(s *service, wants []want) [][]want {
	rounds := [][]want{}
	for _, kind := range Kinds {
		group := []want{}
		for i := range wants {
			if wants[i].Kind != kind {
				continue
			}
			group = append(group, wants[i])
			if len(group) == batches(s, kind) {
				rounds = append(rounds, group)
				group = []want{}
			}
		}
		if len(group) > 0 {
			rounds = append(rounds, group)
		}
	}
	return rounds
}

// ask asks for wants of one kind and keeps the answer.
func ask(ctx context.Context, s *service, wants []want, now int64) error {
	s.mu.Lock()
	open := now < s.openTill
	just := now <= s.failedAt
	s.mu.Unlock()
	if open {
		return errOpen
	}
	if just { // the same request asks once more under the lock of its cart, which is not to be held for a failure
		return errJust
	}
	items, faults, err := asked(ctx, s, wants)
	if err != nil {
		failed(s, wants, err, now)
		return err
	}
	s.mu.Lock()
	s.failures = 0
	for i := range wants {
		keep(s, wants[i], items, len(faults) > 0, now)
	}
	s.mu.Unlock()
	for i := range faults {
		noteFault(s, wants, faults[i], now)
	}
	if len(faults) > 0 {
		return faults[0]
	}
	return nil
}

// keep keeps what an answer says of one identifier. Where a part of the answer could not be read, nothing is taken as absent. An
// item that is as it was stays the same pointer, by which printed answers are known. The lock is held.
func keep(s *service, w want, items []*cartcore.Item, broken bool, now int64) {
	of := []*cartcore.Item{}
	for i := range items {
		if idOf(refOf(items[i]), w.Kind) != w.ID {
			continue
		}
		one := items[i]
		if before := heldAt(s, keyOf(want{Kind: "sku", ID: one.SKU})); before != nil && len(before.Items) == 1 && sameItem(before.Items[0], one) {
			one = before.Items[0]
		}
		of = append(of, one)
	}
	if len(of) == 0 && broken {
		return
	}
	hold(s, keyOf(w), &heard{Items: of, At: now})
	for i := range of {
		hold(s, keyOf(want{Kind: "sku", ID: of[i].SKU}), &heard{Items: []*cartcore.Item{of[i]}, At: now})
	}
}

// sameItem tells whether two items are equal in all that can be printed.
func sameItem(a, b *cartcore.Item) bool {
	one, err := json.Marshal(a)
	if err != nil {
		return false
	}
	other, err := json.Marshal(b)
	return err == nil && bytes.Equal(one, other)
}

// asked sends one request. Items that cannot be read are in faults; the error is that of the whole answer.
func asked(ctx context.Context, s *service, wants []want) (items []*cartcore.Item, faults []error, err error) {
	ids := []string{}
	for i := range wants {
		ids = append(ids, wants[i].ID)
	}
	request, err := requestFor(ctx, s, wants[0].Kind, ids)
	if err != nil {
		return nil, nil, err
	}
	status, body, err := s.config.Ask(request, s.config.MaxBytes)
	if err != nil {
		return nil, nil, err
	}
	if status == http.StatusNotFound && batches(s, wants[0].Kind) == 1 {
		return nil, nil, nil
	}
	if status != http.StatusOK {
		return nil, nil, fmt.Errorf("it answered %d; only 200, and 404 for one item, is allowed", status)
	}
	return translated(s, body)
}

// requestFor makes the request for identifiers of one kind.
func requestFor(ctx context.Context, s *service, kind string, ids []string) (*http.Request, error) {
	address := addressOf(s.urls[kind], kind, ids)
	method := http.MethodGet
	body := ""
	if s.config.Body != "" {
		list, err := json.Marshal(ids)
		if err != nil {
			return nil, err
		}
		method = http.MethodPost
		body = strings.NewReplacer(manyPlace, string(list), kindPlace, kind).Replace(s.config.Body)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, errors.New("making the request for an item: the address is not one") // which may hold a key
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range s.config.Headers {
		request.Header.Set(name, value)
	}
	if s.config.RequestID {
		random := make([]byte, 16)
		_, _ = rand.Read(random) // it never fails
		request.Header.Set("Request-Id", cartcore.UUID(hex.EncodeToString(random)))
	}
	return request, nil
}

// failed counts a failure, and after several in a row leaves the service alone for a while.
func failed(s *service, wants []want, err error, now int64) {
	s.mu.Lock()
	s.failures++
	if now > s.failedAt {
		s.failedAt = now
	}
	if s.failures >= failuresMost {
		s.openTill = now + openFor
		s.failures = failuresMost - 1 // after the pause one more failure opens it again
	}
	s.mu.Unlock()
	noteFault(s, wants, err, now)
}

// noteFault logs what went wrong, the same once in a while.
func noteFault(s *service, wants []want, err error, now int64) {
	text := err.Error()
	s.mu.Lock()
	said := s.complaints[text]
	same := said != 0 && now < said+complainEvery
	if !same && len(s.complaints) >= complainMost {
		s.complaints = map[string]int64{}
	}
	if !same {
		s.complaints[text] = now
	}
	s.mu.Unlock()
	if !same {
		s.logger.Error("catalogue service cannot be used for an item; what was known before counts as long as it may", "kind", wants[0].Kind, "id", shortened(wants[0].ID), "error", text)
	}
}
