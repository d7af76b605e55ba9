package ucpshop_test

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polycart/polycart/integration/ucpshop"
)

// killedAt is the environment variable that turns TestShopToBeKilled into the process that writes: its file.
const killedAt = "POLYCART_TEST_KILLED_UCPSHOP"

// TestShopToBeKilled is not a test: TestAKillLosesNoCart runs it in a process of its own.
func TestShopToBeKilled(t *testing.T) {
	file := os.Getenv(killedAt)
	if file == "" {
		t.Skip("run by TestAKillLosesNoCart")
	}
	p := openShop(t, ucpshop.Settings{File: file})
	failed := make(chan error)
	for range 4 {
		go func() {
			for {
				made := p.ask(t, "POST", "/carts", wish("", "pot_ceramic 1"))
				fmt.Println("saved", made.ID, 1)
				for quantity := 2; quantity < 5; quantity++ {
					got := p.ask(t, "PUT", "/carts/"+made.ID, wish(made.ID, fmt.Sprint("pot_ceramic ", quantity)))
					if got.lines() != fmt.Sprintf("li_1 %d pot_ceramic", quantity) {
						failed <- fmt.Errorf("quantity %d: %s", quantity, got.text)
						return
					}
					fmt.Println("saved", made.ID, quantity)
				}
			}
		}()
	}
	t.Fatal(<-failed)
}

// Kill -9 at random points: every cart that was answered is there, with at least the last quantity that was answered.
func TestAKillLosesNoCart(t *testing.T) {
	const kills = 5
	file := filepath.Join(t.TempDir(), "carts.db")
	random := rand.New(rand.NewSource(1))
	saved := map[string]int64{}
	for range kills {
		killAfter(t, file, 1+random.Intn(60), saved)
		shop := openShop(t, ucpshop.Settings{File: file})
		for id, quantity := range saved {
			got := shop.ask(t, "GET", "/carts/"+id, "")
			if len(got.LineItems) != 1 || got.LineItems[0].Quantity < quantity || got.LineItems[0].Quantity > quantity+1 {
				t.Fatalf("cart %s has %q, answered were %d units, and one more was under way at most", id, got.text, quantity)
			}
		}
		if err := shop.shop.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(saved) < kills {
		t.Fatalf("only %d carts were made", len(saved))
	}
}

// killAfter runs the writer, kills it after a number of answered writes, and notes what was answered.
func killAfter(t *testing.T, file string, writes int, saved map[string]int64) {
	t.Helper()
	writer := exec.Command(os.Args[0], "-test.run", "^TestShopToBeKilled$")
	writer.Env = append(os.Environ(), killedAt+"="+file)
	out, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	hang := time.AfterFunc(time.Minute, func() { _ = writer.Process.Kill() }) // a writer that hangs must not hang the test
	defer hang.Stop()
	lines := bufio.NewScanner(out)
	count := 0
	for lines.Scan() {
		var id string
		var quantity int64
		// The last line may be cut off, and is then no word of an answer.
		if n, _ := fmt.Sscanf(lines.Text(), "saved %s %d", &id, &quantity); n != 2 || !strings.HasPrefix(id, "cart_") {
			continue
		}
		saved[id] = quantity
		if count++; count == writes {
			if err := writer.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = writer.Wait() // it was killed
	if count < writes {
		t.Fatalf("the writer ended by itself after %d of %d writes", count, writes)
	}
}
