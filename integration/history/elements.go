package history

import (
	"slices"
	"sync"
)

// Elements are distinct elements that clients add to a set, each once: what Jepsen calls the set test.
type Elements struct {
	mu           sync.Mutex
	asked        map[string]bool
	acknowledged map[string]bool
}

// NewElements begins with none.
func NewElements() *Elements {
	return &Elements{asked: map[string]bool{}, acknowledged: map[string]bool{}}
}

// Ask notes that an element is being added.
func (e *Elements) Ask(element string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked[element] = true
}

// Acknowledge notes that adding an element was answered as done.
func (e *Elements) Acknowledge(element string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.acknowledged[element] = true
}

// Len answers how many elements were asked for, and how many acknowledged.
func (e *Elements) Len() (asked, acknowledged int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked), len(e.acknowledged)
}

// Flaws are what is wrong with a set in the end.
type Flaws struct {
	Lost   []string // acknowledged, and not there
	Twice  []string // there more than once
	Forged []string // there, and never asked for
}

// Judge compares how often each element is there in the end with what was asked and acknowledged.
func (e *Elements) Judge(there map[string]int64) Flaws {
	e.mu.Lock()
	defer e.mu.Unlock()
	flaws := Flaws{}
	for element := range e.acknowledged {
		if there[element] == 0 {
			flaws.Lost = append(flaws.Lost, element)
		}
	}
	for element, times := range there {
		if times > 1 {
			flaws.Twice = append(flaws.Twice, element)
		}
		if !e.asked[element] {
			flaws.Forged = append(flaws.Forged, element)
		}
	}
	for _, list := range [][]string{flaws.Lost, flaws.Twice, flaws.Forged} {
		slices.Sort(list)
	}
	return flaws
}
