package plugin

import (
	"bufio"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/store"
)

// killedAt is the environment variable that turns TestShopToBeKilled into the process that writes: its folder, a bar, and the
// receiver's address.
const killedAt = "POLYCART_TEST_KILLED_SHOP"

// killsWanted is the environment variable that says how often the writer is killed; make soak sets it.
const killsWanted = "POLYCART_TEST_KILLS"

const (
	killCarts = 6
	killHook  = `
tenants: [{webhooks: [{url: "%s", secretFile: "%s", allowPrivate: true}]}]
outbox: {firstRetry: 100ms, longestRetry: 200ms, attempts: 1000}
limits: {maxQuantityPerLine: 1000000000}
store: {folder: "%s", sync: "%s"}
log: {level: error}
`
)

// emptyEvery is after how many kills everything that waits is told: a writer that is killed again and again changes its
// carts faster than it tells of them, and past outbox.perCart the oldest would rightly become dead letters.
const emptyEvery = 5

func killFixture(t *testing.T, folder, hook, sync string) *transcript.Fixture {
	t.Helper()
	secret := folder + "/secret"
	if err := os.WriteFile(secret, []byte(hookSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	return transcript.NewFixture(t, "..", transcript.Script{Name: "killed", Config: fmt.Sprintf(killHook, hook, secret, folder+"/data", sync)})
}

// TestShopToBeKilled is not a test: TestNoEventIsLostToAKill runs it in a process of its own.
func TestShopToBeKilled(t *testing.T) {
	at := strings.Split(os.Getenv(killedAt), "|")
	if len(at) != 3 {
		t.Skip("run by TestNoEventIsLostToAKill")
	}
	s := reopenShop(t, killFixture(t, at[0], at[1], at[2]))
	failed := make(chan string)
	for c := 0; c < killCarts; c++ {
		header := s.customer(t, strconv.Itoa(c))
		go func() {
			for {
				status, answer := s.ask(t, http.MethodPost, "/api/v1/shop/cart/NO-WEIGHT", `{"quantity":1}`, header...)
				_, after, _ := strings.Cut(answer, `"items_quantity":`)
				quantity, _, found := strings.Cut(after, ",")
				if status != http.StatusOK || !found {
					failed <- fmt.Sprint("error ", status, " ", answer)
					return
				}
				fmt.Printf("saved %d %s\n", c, quantity)
			}
		}()
	}
	fmt.Println(<-failed)
}

// Kill -9 at random points: every change that was acknowledged is told at least once, and none is told that the cart does
// not have. The carts' quantities count their changes, so that the events must say 1, 2, 3 and so on, with no gap.
func TestNoEventIsLostToAKill(t *testing.T) {
	kills := 10
	if wanted, err := strconv.Atoi(os.Getenv(killsWanted)); err == nil {
		kills = wanted
	}
	r := newReceiver(t)
	r.answering(func(n int, _ delivery, _ http.ResponseWriter, _ *http.Request) int {
		if n%11 == 0 {
			return 503
		}
		return 200
	})
	folder := t.TempDir()
	acknowledged := map[string]int64{}
	random := rand.New(rand.NewSource(1))
	for kill := 0; kill < kills; kill++ {
		killAfter(t, folder, r.URL, []string{"always", "os"}[kill%2], random.Intn(120), acknowledged)
		if kill%emptyEvery == emptyEvery-1 {
			t.Run("after "+strconv.Itoa(kill+1)+" kills what waits is told", func(t *testing.T) {
				awaitEmpty(t, reopenShop(t, killFixture(t, folder, r.URL, "os")))
			})
		}
	}
	s := reopenShop(t, killFixture(t, folder, r.URL, "os"))
	awaitEmpty(t, s)

	told := map[string]map[int64]bool{} // by customer
	for _, d := range r.awaitAccepted(t, 1) {
		item, is := d.Data["item"].(map[string]any)
		if !is {
			continue
		}
		customer, quantity := d.Data["customerId"].(string), int64(item["quantity"].(float64))
		if told[customer] == nil {
			told[customer] = map[int64]bool{}
		}
		told[customer][quantity] = true
	}
	for c := 0; c < killCarts; c++ {
		customer := strconv.Itoa(c)
		cart, err := store.GetCart(s.engine.Shared.Carts, cartcore.Key{Tenant: "store-alpha", Owner: cartcore.CustomerOwner(customer)})
		if err != nil {
			t.Fatal(err)
		}
		if cart == nil {
			if acknowledged[customer] > 0 {
				t.Errorf("the cart of customer %s is lost", customer)
			}
			continue
		}
		held := cart.Lines[0].Quantity
		if held < acknowledged[customer] {
			t.Errorf("customer %s: the cart holds %d, acknowledged were %d", customer, held, acknowledged[customer])
		}
		for quantity := int64(1); quantity <= held; quantity++ {
			if !told[customer][quantity] {
				t.Errorf("customer %s: the change to %d was never told", customer, quantity)
			}
		}
		if int64(len(told[customer])) > held {
			t.Errorf("customer %s: %d changes were told, the cart has %d", customer, len(told[customer]), held)
		}
	}
	if len(acknowledged) == 0 {
		t.Error("nothing was acknowledged")
	}
	t.Logf("%d kills, %d events accepted", kills, len(r.awaitAccepted(t, 1)))
}

// killAfter lets a process of its own write until so many changes were acknowledged, and kills it.
func killAfter(t *testing.T, folder, hook, sync string, changes int, acknowledged map[string]int64) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestShopToBeKilled$")
	child.Env = append(os.Environ(), killedAt+"="+folder+"|"+hook+"|"+sync)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for count := 0; lines.Scan(); {
		customer, quantity := "", int64(0)
		if _, err := fmt.Sscanf(lines.Text(), "saved %s %d", &customer, &quantity); err != nil {
			if strings.HasPrefix(lines.Text(), "error") {
				t.Errorf("the child says %s", lines.Text())
			}
			continue // the last line may be cut off
		}
		acknowledged[customer] = quantity
		if count++; count == changes+1 {
			_ = child.Process.Kill() // what it wrote before is still in the pipe
		}
	}
	_ = child.Wait() // killed: the error says so
}
