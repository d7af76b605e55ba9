// Package broken breaks every rule once, for the test beside it.
package broken

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices" // breaks: Imports
)

type pair[T any] struct{ A, B T } // breaks: Generics

func first[T any](in []T) T { return in[0] } // breaks: Generics

type fault struct{ Text string }

func (f *fault) Error() string { return f.Text }

func (f *fault) Unwrap() error { return nil } // breaks: Methods that native code calls

type wire struct {
	Price int    `json:"price"`
	stock int    // breaks: Wire structs
	Name  string // breaks: Wire structs
}

type quiet struct{ price int }

type key struct{}

var file, _ = os.Open("x") // breaks: Package variables with a blank

func everything(ctx context.Context, err error, numbers []int, done chan int) ([]int, []int) {
	_ = context.WithValue(ctx, key{}, 1) // breaks: Context keys
	var target *fault
	_ = errors.As(err, &target)  // breaks: errors.As
	_, _ = json.Marshal(quiet{}) // breaks: Wire structs
	_ = min(1, 2)                // breaks: Builtins
	_ = slices.Max(numbers)
	os.Args = append(os.Args, "x") // breaks: Variables of another package
	args := append(os.Args, "x")
	os.Args = args
	for i := range 3 { // breaks: Range
		_ = i
	}
	closures := []func() int{}
	for _, number := range numbers {
		closures = append(closures, func() int { return number }) // breaks: Loop variables
	}
	for i := 0; i < 3; i++ {
		closures = append(closures, func() int { return i }) // breaks: Loop variables
	}
	count, length := 0, 0
	count, length = 1, len(numbers) // breaks: Assignments of several values
	_, _ = count, length
	count, err = 2, nil            // breaks: nil among several
	errs := append([]error{}, nil) // breaks: append of nil
	_ = errs
	defer print(len(closures)) // breaks: Deferred arguments
	select {                   // breaks: select
	case <-done:
	default:
	}
	switch any(target).(type) {
	case *fault: // breaks: Type switches
	}
	_ = pair[int]{1, 2}
	used := []any{first(numbers), file, wire{stock: 1}}
	_ = used
	return numbers, append(numbers, 1) // breaks: append among several results
}

func named(numbers []int) (found []int, count int) {
	for _, number := range numbers {
		found = append(found, number) // breaks: Named results
	}
	if len(numbers) > 3 {
		count = 1
	}
	return found, count // breaks: Named results
}

func bare(numbers []int) (found bool) {
	if len(numbers) > 0 {
		found = true
	}
	return // breaks: Named results
}

func whole(numbers []int) (found []int, count int, err error) {
	found = nil
	count = 0
	for range numbers {
		count++
	}
	if count == 0 {
		return nil, 0, errors.New("none")
	}
	return found, count, nil
}
