package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/polycart/polycart/store"
)

// Traefik calls New anew for every router and after every change of its dynamic configuration, and never closes a
// handler. So what must survive lives here, by what it is made of: the open stores by folder or server, the engines by their whole
// configuration. A value nobody uses any more is closed after a while, since the next generation is usually on its way.

// idleBeforeClose is how long an unused store or engine is kept. Traefik cancels the old generation's context just before
// it builds the new one, and lets requests in flight finish.
const idleBeforeClose = 10 * time.Second

var (
	registryLock sync.Mutex
	carts        = map[string]*sharedCarts{}
	engines      = map[string]*engine{}
)

// sharedCarts is an open store with its cache and the locks on its carts, and what must outlive a reload beside them.
type sharedCarts struct {
	Carts   *store.Carts
	Locks   []*sync.Mutex
	Outbox  *outbox
	Retries *retries
	Luck    *luck
	Meter   *meter
	Users   int
	Opened  string // the settings, as JSON
}

// lockStripes bounds the locks on carts. Two carts that share a stripe wait for each other; with 1024 stripes and a
// hundred writes in flight that is one in twenty.
const lockStripes = 1024

// obtain answers the engine of a configuration, made on first use, and counts the user that ctx is the life of.
func obtain(ctx context.Context, config *Config, log *slog.Logger) (*engine, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	key := string(text)
	registryLock.Lock()
	defer registryLock.Unlock()
	sayEdition(log)
	e := engines[key]
	if e == nil {
		made, faults := prepare(config, log)
		if len(faults) > 0 {
			return nil, errors.New(strings.Join(faults, "; "))
		}
		shared, err := obtainCarts(config, log)
		if err != nil {
			closeEngine(made)
			return nil, err
		}
		e = made
		e.Key, e.Shared = key, shared
		shared.Users++
		engines[key] = e
		joinOutbox(shared.Outbox, e)
	}
	e.Users++
	context.AfterFunc(ctx, func() { leave(e, log) })
	return e, nil
}

// obtainCarts opens the store of a configuration, or answers the one that is open already.
func obtainCarts(config *Config, log *slog.Logger) (*sharedCarts, error) {
	key, err := storeKey(config.Store)
	if err != nil {
		return nil, err
	}
	settings, err := json.Marshal(config.Store)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	shared := carts[key]
	if shared != nil {
		if shared.Opened != string(settings) {
			log.Warn("the store is already open with other settings, which stay in force until Traefik starts anew", "store", key)
		}
		return shared, nil
	}
	kept, err := openStore(config, log)
	if err != nil {
		return nil, err
	}
	shared = &sharedCarts{
		Carts:  store.OpenCarts(kept, store.Bounds{Carts: config.Cache.Carts, Bytes: config.Cache.Bytes}, storeLifetimes(config)),
		Opened: string(settings), Retries: newRetries(), Luck: &luck{}, Meter: newMeter(),
	}
	for i := 0; i < lockStripes; i++ {
		shared.Locks = append(shared.Locks, &sync.Mutex{})
	}
	shared.Outbox = newOutbox(shared, log)
	carts[key] = shared
	return shared, nil
}

// storeKey tells stores apart: two configurations with the same key share their carts.
func storeKey(s Store) (string, error) {
	if s.Kind == "redis" {
		return redisKey(s.Redis), nil
	}
	if s.Kind != "file" {
		return s.Kind, nil
	}
	folder, err := filepath.Abs(s.Folder)
	if err != nil {
		return "", fmt.Errorf("store.folder: finding %q: %w", s.Folder, err)
	}
	return "file:" + folder, nil
}

func openStore(config *Config, log *slog.Logger) (store.Store, error) {
	if config.Store.Kind == "memory" {
		return store.NewMemory(nil), nil
	}
	if config.Store.Kind == "redis" {
		return openRedis(config.Store.Redis, log)
	}
	kept, err := store.OpenLog(store.LogOptions{
		Folder: config.Store.Folder, Sync: config.Store.Sync, Logger: log,
		Interval: time.Duration(milliseconds(config.Store.SyncEvery, 1000)) * time.Millisecond,
	})
	if err != nil {
		return nil, fmt.Errorf("store.folder: opening %q: %w", config.Store.Folder, err)
	}
	return kept, nil
}

// leave counts a user out, and closes what nobody came back for. The timer's function has its own recover: a panic
// outside a request ends the whole of Traefik.
func leave(e *engine, log *slog.Logger) {
	registryLock.Lock()
	e.Users--
	registryLock.Unlock()
	time.AfterFunc(idleBeforeClose, func() {
		defer func() {
			if fault := recover(); fault != nil {
				log.Error("closing an unused configuration stopped by a fault of ours", "fault", fmt.Sprint(fault))
			}
		}()
		if err := sweep(e); err != nil {
			log.Error("closing a store that is no longer configured", "error", err.Error())
		}
	})
}

// sweep closes the engine e if it is unused, and its store if no other engine uses that.
func sweep(e *engine) error {
	registryLock.Lock()
	defer registryLock.Unlock()
	if e.Users > 0 || engines[e.Key] != e {
		return nil
	}
	delete(engines, e.Key)
	closeEngine(e)
	leaveOutbox(e.Shared.Outbox, e)
	e.Shared.Users--
	if e.Shared.Users > 0 {
		return nil
	}
	for key, shared := range carts {
		if shared == e.Shared {
			delete(carts, key)
		}
	}
	closeOutbox(e.Shared.Outbox)
	return store.CloseCarts(e.Shared.Carts)
}
