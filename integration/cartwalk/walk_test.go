package cartwalk

import (
	"strings"
	"testing"
)

// FuzzFed takes a cart through the commands that bytes choose: nothing panics, a refused command changes nothing, what is
// written down is read back as it was, and a record is bounded by what is in the cart.
func FuzzFed(f *testing.F) {
	for _, seed := range []string{"", "\x00\x01", strings.Repeat("\x00\x00", 300), strings.Repeat("\x01\x02\x03\x05\x08", 200), strings.Repeat("\xff\xfe\x07", 200)} {
		f.Add([]byte(seed))
	}
	for seed := uint32(1); seed < 6; seed++ {
		d, bytes := &dice{State: seed}, []byte{}
		for len(bytes) < 1200 {
			bytes = append(bytes, byte(roll(d, 256)))
		}
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, by []byte) {
		if trace := Fed(by); strings.Contains(trace, Broken) {
			t.Fatal(trace)
		}
	})
}

func TestTheSeedsWalkFar(t *testing.T) {
	d, bytes := &dice{State: 1}, []byte{}
	for len(bytes) < 1200 {
		bytes = append(bytes, byte(roll(d, 256)))
	}
	if steps := strings.Count(Fed(bytes), " verb "); steps < 5 {
		t.Errorf("%d steps", steps)
	}
}
