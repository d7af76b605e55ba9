package plugin

import "time"

// HoldCarts keeps every write of every open store from its cart until release is called.
func HoldCarts() (release func()) {
	registryLock.Lock()
	defer registryLock.Unlock()
	held := []*sharedCarts{}
	for _, shared := range carts {
		for _, lock := range shared.Locks {
			lock.Lock()
		}
		held = append(held, shared)
	}
	return func() {
		for _, shared := range held {
			for _, lock := range shared.Locks {
				lock.Unlock()
			}
		}
	}
}

// AwaitRunning waits until a write with a key is under way; false says that none came within a minute.
func AwaitRunning() bool {
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		if running() > 0 {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

func running() int {
	registryLock.Lock()
	defer registryLock.Unlock()
	count := 0
	for _, shared := range carts {
		shared.Retries.mu.Lock()
		count += len(shared.Retries.running)
		shared.Retries.mu.Unlock()
	}
	return count
}
