package integration_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/polycart/polycart/integration/history"
	"github.com/polycart/polycart/internal/callers"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/internal/transcript"
)

// faultSeconds is the environment variable that says how long clients write while things fail, in each test of that; make
// soak sets it. Without it there is one round of roundLength for each, with fewer carts.
const faultSeconds = "POLYCART_TEST_FAULT_SECONDS"

const (
	// roundLength is how long one history grows: to some hundred operations on each cart.
	roundLength = 3 * time.Second
	// elementsEach is how many elements each dialect's client adds to a set: with five clients 100 lines, far from the 500 of a
	// cart, and small enough that answers stay so.
	elementsEach = 20
	// pace is the longest pause of a client between two deeds. The machine is to be busy with many carts, not with one.
	pace = 10 * time.Millisecond
)

// fleet are Traefiks of both editions over one place for carts.
type fleet struct {
	replicas []*replica
	fixture  *transcript.Fixture
	items    []callers.Item // the elements; the first history.Items are also the lines that are fought over
	routes   []route
	rounds   int

	lineCarts int           // of each route: on which clients meet on the same few lines, and whose histories are checked
	setCarts  int           // of each route: to which clients add distinct elements
	growth    time.Duration // how long the sets grow
}

// replica is one of them.
type replica struct {
	*runningTraefik
	binary string
	base   string // host:port; it stays the same when Traefik is started again
}

// startFleet starts three Traefiks with the same configuration, laid over the demo's for each route.
func startFleet(t *testing.T, configs map[string]string) *fleet {
	t.Helper()
	return startFleetBefore(t, transcript.Upstream(), configs)
}

// startFleetBefore is startFleet with a service behind the routers.
func startFleetBefore(t *testing.T, behind http.Handler, configs map[string]string) *fleet {
	t.Helper()
	upstream := httptest.NewServer(behind)
	t.Cleanup(upstream.Close)
	f := &fleet{rounds: 1, lineCarts: 2, setCarts: 1, growth: roundLength / 2, items: fleetItems()}
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		fixture := transcript.NewFixture(t, "..", transcript.Script{Name: name, Config: "limits: {maxQuantityPerLine: 1000000000}\n" + configs[name]})
		if err := callers.Sell(filepath.Join(fixture.Folder, "catalog.json"), f.items); err != nil {
			t.Fatal(err)
		}
		f.fixture = fixture // every fixture's secret is the demo's
		f.routes = append(f.routes, route{name, fixture.Config})
	}
	checkout, err := traefik.FindCheckout(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, edition := range []traefik.Edition{traefik.Stock, traefik.Compiled, traefik.Stock} {
		binary, err := traefikBinary(edition)
		if err != nil {
			t.Fatal(err)
		}
		one := &replica{runningTraefik: placeFor(t, checkout, f.routes, upstream.URL), binary: binary}
		one.base = one.files.Listen
		f.replicas = append(f.replicas, one)
	}
	// Only now, for a port that is tried while a program starts stays taken until that no longer has our descriptors.
	ctx := context.WithoutCancel(t.Context())
	starts, failed := sync.WaitGroup{}, make([]error, len(f.replicas))
	for i, one := range f.replicas {
		starts.Go(func() { failed[i] = one.run(ctx, one.binary, f.routes) })
	}
	starts.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
	if seconds, err := strconv.Atoi(os.Getenv(faultSeconds)); err == nil {
		f.rounds, f.lineCarts, f.setCarts = max(1, seconds/int(roundLength.Seconds())), 3, 2
	}
	return f
}

// fleetItems are what a fleet sells.
func fleetItems() []callers.Item {
	return callers.Items(history.Items + len(callers.All(""))*elementsEach)
}

// round are clients at work on carts of their own, until finish.
type round struct {
	fleet   *fleet
	carts   []*sharedCart
	answers atomic.Int64
	refused map[string]*atomic.Int64 // answers of 503, by dialect
	longest atomic.Int64             // nanoseconds that an answer took
	ended   atomic.Bool              // clients begin nothing any more
	clients sync.WaitGroup
	wrong   chan error
}

// sharedCart is a customer's cart, and what is known of it.
type sharedCart struct {
	name, route, token string
	log                *history.Log      // of a cart whose lines are fought over
	set                *history.Elements // of one that is a set
}

// client is one client of a customer, in one dialect.
type client struct {
	*callers.Shopper
	round  *round
	cart   *sharedCart
	number int
	keyed  bool // it sends an Idempotency-Key with each write, and the write again until it is answered
	reads  bool // it only reads: it wrote without a key and was left in doubt, and each doubt costs the search much
	random *rand.Rand
	http   *http.Client
}

var customers atomic.Int64

// begin lets clients write: on each cart whose lines are fought over one of each dialect with keys and one without, on each
// set one of each dialect.
func (f *fleet) begin(t *testing.T) *round {
	t.Helper()
	r := &round{fleet: f, refused: map[string]*atomic.Int64{}, wrong: make(chan error, 1000)}
	for _, one := range callers.All("") {
		r.refused[one.Dialect] = &atomic.Int64{}
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	for _, route := range f.routes {
		for i := range f.lineCarts + f.setCarts {
			customer := fmt.Sprint("customer-", customers.Add(1))
			cart := &sharedCart{name: customer, route: route.Name, token: tokenOf(t, f.fixture, customer)}
			if i < f.lineCarts {
				cart.log = history.NewLog()
			} else {
				cart.set = history.NewElements()
			}
			r.carts = append(r.carts, cart)
			f.found(t, cart)
			for number := range 2 * len(callers.All("")) {
				if cart.set != nil && number >= len(callers.All("")) {
					break
				}
				c := &client{
					Shopper: callers.Shoppers(cart.token, f.items)[number%len(callers.All(""))], round: r, cart: cart, number: number,
					keyed: number < len(callers.All("")), random: rand.New(rand.NewSource(customers.Load()*100 + int64(number))),
					// Longer than anything that is waited for here: who is not answered in that time is not answered.
					http: &http.Client{Transport: transport, Timeout: time.Minute},
				}
				if cart.set != nil {
					r.clients.Go(c.collect)
				} else {
					r.clients.Go(c.shop)
				}
			}
		}
	}
	return r
}

// found puts a unit of the first item into a cart and takes it out again: a cart that nobody has written to cannot be read in
// every dialect.
func (f *fleet) found(t *testing.T, cart *sharedCart) {
	t.Helper()
	founder := callers.Shoppers(cart.token, f.items)[1]
	for _, verb := range []callers.Verb{callers.Add, callers.Remove} {
		deed := callers.Deed{Verb: verb, Item: f.items[0], Quantity: 1}
		if told, err := founder.Do(f.replicas[0].level(cart.route), deed, ""); err != nil || !told.Done {
			t.Fatalf("founding %s: %d %s, %v", cart.name, told.Status, told.Body, err)
		}
	}
}

// level sends requests to any of the replicas.
func (c *client) level(request *http.Request) (*http.Response, error) {
	request.URL.Host = c.round.fleet.replicas[c.random.Intn(len(c.round.fleet.replicas))].base
	request.Header.Set("X-Route", c.cart.route)
	return c.http.Do(request)
}

func (c *client) pause() { time.Sleep(time.Duration(c.random.Int63n(int64(pace)))) }

// shop does one thing after the other to a cart whose lines are fought over.
func (c *client) shop() {
	for !c.round.ended.Load() {
		deed := callers.Deed{Verb: callers.Read, Item: c.round.fleet.items[0]}
		number := 0
		if !c.reads && c.random.Intn(3) > 0 {
			number = c.random.Intn(history.Items)
			deed = callers.Deed{Verb: c.Verbs()[0], Item: c.round.fleet.items[number], Quantity: 1 + c.random.Int63n(9)}
			if c.random.Intn(2) == 0 {
				deed.Verb = c.Verbs()[c.random.Intn(len(c.Verbs()))]
			}
			if deed.Verb == callers.Adjust && c.random.Intn(2) == 0 {
				deed.Quantity = -deed.Quantity
			}
			if !c.Knows(deed) {
				continue
			}
		}
		asked := history.Asked{Verb: deed.Verb, Item: number, Quantity: deed.Quantity, ByLine: c.ByLine(deed)}
		called := c.cart.log.Now()
		told, done := c.persist(deed, &called, c.cart.log.Now)
		switch {
		case !done && deed.Verb == callers.Read, told.Beat: // it has told nothing and done nothing
		case !done:
			c.cart.log.Note(c.number, called, asked, 0, history.Told{Unknown: true})
			c.reads = !c.keyed
		default:
			c.cart.log.Note(c.number, called, asked, c.cart.log.Now(), toldOf(told, c.round.fleet.items))
		}
		c.pause()
	}
}

// collect adds elements to a set.
func (c *client) collect() {
	for i := range elementsEach {
		item := c.round.fleet.items[history.Items+c.number*elementsEach+i]
		c.cart.set.Ask(item.SKU)
		if _, done := c.persist(callers.Deed{Verb: c.Verbs()[0], Item: item, Quantity: 1}, new(int64), func() int64 { return 0 }); done {
			c.cart.set.Acknowledge(item.SKU)
		}
		time.Sleep(time.Duration(c.random.Int63n(2 * int64(c.round.fleet.growth) / elementsEach)))
	}
}

// answersLost is of how many answers to writes with a key one is taken for lost, so that the client asks again.
const answersLost = 10

// notYet is what a Traefik answers that has just started and has no routers yet.
const notYet = "404 page not found\n"

// patience is how long a client sends a write again: longer than anything here is away.
const patience = 40 * time.Second

// persist does a deed and answers what came of it; done is false where that is not known. With a key it is sent again, with
// the same key, until it is answered; so is a read, whose call is then the last one's. A write without a key is sent once.
func (c *client) persist(deed callers.Deed, called *int64, now func() int64) (told callers.Told, done bool) {
	key, last := "", ""
	if c.keyed && deed.Verb != callers.Read {
		key = fmt.Sprintf("%016x%016x", c.random.Uint64(), c.random.Uint64())
	}
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if deed.Verb == callers.Read {
			*called = now()
		}
		began := time.Now()
		told, err := c.Do(c.level, deed, key)
		if errors.Is(err, syscall.ECONNREFUSED) || err == nil && told.Body == notYet {
			c.pause() // nobody has taken it
			continue
		}
		if err == nil {
			c.round.answers.Add(1)
			if took := int64(time.Since(began)); took > c.round.longest.Load() {
				c.round.longest.Store(took)
			}
		}
		if key != "" && c.random.Intn(answersLost) == 0 {
			last = "lost on its way"
			continue
		}
		switch {
		case err == nil && (told.Done || told.None):
			return told, true
		case err == nil && told.Beat && key == "":
			return told, true
		case err == nil && told.Answer == c.Down(http.StatusServiceUnavailable):
			c.round.refused[c.Dialect].Add(1)
		case err == nil && !told.Beat && !told.Busy:
			c.round.wrong <- fmt.Errorf("%s: %s %s was answered %d %s", c.Dialect, deed.Verb, deed.Item.SKU, told.Status, told.Body)
			return told, false
		}
		if key == "" && deed.Verb != callers.Read {
			return told, false
		}
		last = fmt.Sprintf("%d %s, %v", told.Status, told.Body, err)
		c.pause()
	}
	c.round.wrong <- fmt.Errorf("%s: %s %s of %s was asked in vain for %s; the last answer was %s", c.Dialect, deed.Verb, deed.Item.SKU, c.cart.name, patience, last)
	return callers.Told{}, false
}

// toldOf is what an answer tells the history.
func toldOf(told callers.Told, items []callers.Item) history.Told {
	noted := history.Told{None: told.None, Units: told.Units}
	if told.Cart != nil {
		noted.Cart = &history.Cart{}
		for i := range noted.Cart {
			noted.Cart[i] = told.Cart[items[i].SKU]
		}
	}
	return noted
}

// finish lets the clients end, and judges what they saw. It wants every write with a key answered, every history
// linearizable, and of every set each acknowledged element there, once, whoever is asked in whatever dialect.
func (r *round) finish(t *testing.T) {
	t.Helper()
	r.settle(t)
	for _, cart := range r.carts {
		if cart.set == nil {
			if err := cart.log.Check(cart.name); err != nil {
				t.Error(err)
			}
			continue
		}
		flaws := cart.set.Judge(r.read(t, cart))
		if len(flaws.Lost)+len(flaws.Twice)+len(flaws.Forged) > 0 {
			t.Errorf("the set of %s: lost are %q, twice there are %q, and never asked for were %q", cart.name, flaws.Lost, flaws.Twice, flaws.Forged)
		}
		if asked, acknowledged := cart.set.Len(); asked != acknowledged {
			t.Errorf("the set of %s: of %d elements only %d were ever acknowledged", cart.name, asked, acknowledged)
		}
	}
}

// unavailable is how many answers were 503, of one dialect or of all.
func (r *round) unavailable(dialect string) int64 {
	sum := int64(0)
	for name, n := range r.refused {
		if dialect == "" || name == dialect {
			sum += n.Load()
		}
	}
	return sum
}

// settle waits for the clients, and says what they did.
func (r *round) settle(t *testing.T) {
	t.Helper()
	r.ended.Store(true)
	r.clients.Wait()
	close(r.wrong)
	for err := range r.wrong {
		t.Error(err)
	}
	operations, unknown, elements, refused := 0, 0, 0, r.unavailable("")
	for _, cart := range r.carts {
		if cart.log != nil {
			all, some := cart.log.Len()
			operations, unknown = operations+all, unknown+some
		} else {
			_, acknowledged := cart.set.Len()
			elements += acknowledged
		}
	}
	t.Logf("%d operations on %d carts, %d of them with an unknown outcome; %d elements; %d answers, %d of them 503, the longest after %s",
		operations, len(r.carts), unknown, elements, r.answers.Load(), refused, time.Duration(r.longest.Load()).Round(time.Millisecond))
	if operations < 50 && r.fleet.lineCarts > 0 || elements == 0 {
		t.Error("hardly anything was done: the test shows nothing")
	}
	for _, one := range r.fleet.replicas {
		for _, bad := range []string{"damaged", "fault of ours", "panic"} {
			if log := one.log.String(); strings.Contains(log, bad) {
				t.Errorf("a log says %q:\n%s", bad, last(log, 3000))
			}
		}
	}
}

// read reads a cart at every replica in every dialect, and wants the same each time.
func (r *round) read(t *testing.T, cart *sharedCart) map[string]int64 {
	t.Helper()
	var held map[string]int64
	for i, one := range r.fleet.replicas {
		for _, shopper := range callers.Shoppers(cart.token, r.fleet.items) {
			told, err := shopper.Do(one.level(cart.route), callers.Deed{Verb: callers.Read}, "")
			if err != nil || !told.Done {
				t.Fatalf("%s: reading %s: %d %s, %v", shopper.Dialect, cart.name, told.Status, told.Body, err)
			}
			if held != nil && !maps.Equal(held, told.Cart) {
				t.Errorf("%s: replica %d has %v in %s, and others %v", shopper.Dialect, i, told.Cart, cart.name, held)
			}
			held = told.Cart
		}
	}
	return held
}

// kill ends a replica as a crash does.
func (r *replica) kill(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(r.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-r.Ended()
}

// during runs a fault in the middle of each round: with clients at work before, meanwhile and after.
func (f *fleet) during(t *testing.T, fault func(number int, r *round)) {
	t.Helper()
	for number := range f.rounds {
		r := f.begin(t)
		time.Sleep(roundLength / 4)
		fault(number, r)
		time.Sleep(roundLength / 2)
		r.finish(t)
		if t.Failed() {
			return
		}
	}
}
