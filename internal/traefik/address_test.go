package traefik

import "testing"

// Who starts several programs needs an address for each before any of them listens.
func TestNoFreeAddressIsFoundTwice(t *testing.T) {
	found := map[string]bool{}
	for range 1000 {
		address, err := FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		if found[address] {
			t.Fatalf("%s was found before", address)
		}
		found[address] = true
	}
}
