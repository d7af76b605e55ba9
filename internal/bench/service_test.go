package bench

import (
	"os"
	"path/filepath"
	"testing"
)

func TestEveryLineOfTheServicesLogIsCountedOnce(t *testing.T) {
	log := serviceLog{path: filepath.Join(t.TempDir(), "log")}
	if _, err := log.more(); err == nil {
		t.Error("a log that is not there was counted")
	}
	file, err := os.Create(log.path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, step := range []struct {
		written string
		want    int
	}{{"", 0}, {"one\ntwo\n", 2}, {"", 0}, {"thr", 0}, {"ee\nfour\n", 2}} {
		if _, err := file.WriteString(step.written); err != nil {
			t.Fatal(err)
		}
		if got, err := log.more(); err != nil || got != step.want {
			t.Errorf("after %q: got %d, %v; want %d", step.written, got, err, step.want)
		}
	}
}

// The service takes a key once: carts of two editions with one id would be one cart to it.
func TestEachEditionHasCartsOfItsOwn(t *testing.T) {
	owner := guests("agent", toRead)(0)
	one, same, other := cartOf(owner, "stock", 1, 0), cartOf(owner, "stock", 1, 0), cartOf(owner, "compiled", 1, 0)
	if one.ID != same.ID || one.ID == other.ID {
		t.Errorf("the ids are %s, %s and %s", one.ID, same.ID, other.ID)
	}
}
