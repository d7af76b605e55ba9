package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/load"
)

// Baseline is the group of what all others are compared with.
const Baseline = "baseline"

// The targets of the group Baseline.
const (
	Through = "pass-through"
	Noop    = "no-op plugin"
)

// isThrough tells the targets that others are compared with.
func isThrough(name string) bool { return name == Through || name == ThroughService }

// operation is a request that many callers make. In path, body and header stand {caller}, {token}, {cart} and {line} for
// the caller's own, and {quantity} for a quantity that is another each time, so that an update has something to update.
type operation struct {
	group, name  string
	route        string
	owners       func(n int) string // whose carts it is about; nil: nobody's
	method, path string
	body         string
	header       []string // names and values
	lines        int      // of each cart
	carts        int      // how many carts there are; 0: few
	rate         int      // of an open loop; 0 is a closed one
	replicas     int      // Traefiks over one Redis, over which the connections are spread; 0: one, over files
	kept         bool     // each of the replicas has callers of its own
	backed       bool     // a UCP cart service is behind
}

// How a caller says who it is, in each dialect.
var (
	asAgent   = []string{}
	asItemkey = []string{"Cookie", "sessionid={caller}"}
	asShop    = []string{"Authorization", "Bearer {token}", "X-API-Key", shopKey}
	asVesuvio = asShop
	asFabric  = []string{"Authorization", "Bearer {token}", "X-Site-Context", `{"date":"2020-08-28T02:35:27.787Z","channel":12,"account":"` + shopAccount + `","stage":"sandbox"}`}
)

// baseline is what all others are compared with.
func baseline() []operation {
	return []operation{
		{group: Baseline, name: Through, route: routeThrough, method: "GET", path: "/anything"},
		{group: Baseline, name: Noop, route: routeNoop, method: "GET", path: "/anything"},
	}
}

func agentRead() operation {
	return operation{name: "agent read", owners: guests("agent", toRead), method: "GET", path: "/bench/agent/cart/get?session_id={caller}", header: asAgent}
}

func agentAdd() operation {
	return operation{name: "agent add", owners: guests("agent", toWrite), method: "POST", path: "/bench/agent/cart/add", header: asAgent,
		body: `{"session_id":"{caller}","product_id":"prod_1","quantity":1}`}
}

func shopUpdate() operation {
	return operation{name: "shop update", owners: customers(toWrite, 1), method: "PUT", path: "/api/v1/shop/cart/" + sku(1), header: asShop, body: `{"quantity":{quantity}}`}
}

func vesuvioRead(lines int) operation {
	return operation{name: "vesuvio read", owners: customers(toRead, lines), lines: lines, method: "GET", path: "/api/v1/sdk/cart/" + shopStore, header: asVesuvio}
}

func vesuvioUpdate(lines int) operation {
	return operation{name: "vesuvio update", owners: customers(toWrite, lines), lines: lines, method: "PUT", path: "/api/v1/sdk/cart/store/" + shopStore + "/item", header: asVesuvio,
		body: `{"cartItemId":"{line}","quantity":{quantity}}`}
}

// reads are each dialect's read.
func reads() []operation {
	return []operation{
		agentRead(),
		{name: "shop read", owners: customers(toRead, 1), method: "GET", path: "/api/v1/shop/cart", header: asShop},
		{name: "itemkey read", owners: guests("itemkey", toRead), method: "GET", path: "/api/v1/cart/", header: asItemkey},
		vesuvioRead(1),
		{name: "fabric read", owners: customers(toRead, 1), method: "GET", path: "/api-cart/cart", header: asFabric},
	}
}

// writes are each dialect's add, which adds to the quantity of a line, and update, which sets it. The agent API has no
// update; itemkey's PUT adds and its POST sets.
func writes() []operation {
	return []operation{
		agentAdd(),
		{name: "shop add", owners: customers(toWrite, 1), method: "POST", path: "/api/v1/shop/cart/" + sku(1), header: asShop, body: `{"quantity":1}`},
		shopUpdate(),
		{name: "itemkey add", owners: guests("itemkey", toWrite), method: "PUT", path: "/api/v1/cart/items/", header: asItemkey,
			body: `{"item_key":"prod1_` + sku(1) + `_dflt","quantity":1}`},
		{name: "itemkey update", owners: guests("itemkey", toWrite), method: "POST", path: "/api/v1/cart/", header: asItemkey,
			body: `{"variant_sku":"` + sku(1) + `","quantity":{quantity},"product":1}`},
		{name: "vesuvio add", owners: customers(toWrite, 1), method: "POST", path: "/api/v1/sdk/cart/store/" + shopStore + "/item", header: asVesuvio,
			body: `{"externalProductId":"ext_1","externalVariantId":"ext_1_1","quantity":1}`},
		vesuvioUpdate(1),
		{name: "fabric add", owners: customers(toWrite, 1), method: "POST", path: "/api-cart/cart/item", header: asFabric,
			body: `{"cartId":null,"items":[{"itemId":1,"quantity":1}]}`},
		{name: "fabric update", owners: customers(toWrite, 1), method: "PATCH", path: "/api-cart/cart/{cart}/items", header: asFabric,
			body: `{"items":[{"lineItemId":1,"itemId":1,"quantity":{quantity}}]}`},
	}
}

// bodyLimit is the default of limits.maxBodyBytes.
const bodyLimit = 256 << 10

// padded is the agent dialect's add with a field that nobody reads, so that the body has so many bytes.
func padded(bytes int) operation {
	add := agentAdd()
	const field = `,"note":""}`
	caller := len(number(toWrite, 1, 0)) - len("{caller}") // by how much a body grows when its caller is filled in
	add.body = strings.TrimSuffix(add.body, "}") + `,"note":"` + filler(bytes-len(add.body)+1-len(field)-caller) + `"}`
	add.name += fmt.Sprintf(", body of %s", size(bytes))
	return add
}

// size is a number of bytes for people.
func size(bytes int) string {
	if bytes < 1<<10 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%d KiB", bytes>>10)
}

// operationsOf are what settings ask for, by group. held names the carts of the cart service's own.
func operationsOf(s Settings, held serviceCarts) []operation {
	all := baseline()
	take := func(group string, found ...operation) {
		for _, one := range found {
			one.group = group
			if one.route == "" {
				one.route = routeCarts
			}
			all = append(all, one)
		}
	}
	if s.has(Reads) {
		take(Reads, reads()...)
	}
	if s.has(Writes) {
		take(Writes, writes()...)
	}
	for _, lines := range lengths {
		if s.has(Lines) {
			read, update := vesuvioRead(lines), vesuvioUpdate(lines)
			read.name += ", lines: " + strconv.Itoa(lines)
			update.name += ", lines: " + strconv.Itoa(lines)
			take(Lines, read, update)
		}
	}
	for _, carts := range s.Carts {
		if s.has(Carts) {
			read, add := agentRead(), agentAdd()
			read.carts, add.carts = carts, carts
			read.owners, add.owners = guests("agent", toRead), guests("agent", toRead) // none is in memory, whoever had it before
			read.name += ", carts: " + thousands(float64(carts))
			add.name += ", carts: " + thousands(float64(carts))
			take(Carts, read, add)
		}
	}
	for _, bytes := range []int{256, 4 << 10, 32 << 10, bodyLimit} {
		if s.has(Bodies) {
			take(Bodies, padded(bytes))
		}
	}
	for _, rate := range s.Rates {
		for _, one := range []operation{baseline()[0], agentRead(), agentAdd()} {
			if s.has(Open) {
				one.rate = rate
				take(Open, one)
			}
		}
	}
	for _, one := range overRedis() {
		if s.has(Shared) {
			take(Shared, one)
		}
	}
	if s.has(Backed) {
		take(Backed, overService(held)...)
	}
	return all
}

// manyReplicas is how many Traefiks share a Redis: the least that people run who want one to be allowed to fail.
const manyReplicas = 3

// overRedis are reads and writes with the carts in a Redis, at one Traefik and at several. Each caller has a cart of his own. At
// several his next request goes to any of them, as behind a balancer of requests; writes are measured too where it goes
// to the same one, as on a connection that is kept.
func overRedis() []operation {
	reads, writes := []operation{agentRead(), vesuvioRead(1)}, []operation{agentAdd(), vesuvioUpdate(1)}
	found := []operation{}
	for _, way := range []struct {
		name     string
		replicas int
		kept     bool
		of       []operation
	}{
		{", Redis", 1, false, slices.Concat(reads, writes)},
		{fmt.Sprintf(", Redis, replicas: %d", manyReplicas), manyReplicas, false, slices.Concat(reads, writes)},
		{fmt.Sprintf(", Redis, replicas: %d, kept", manyReplicas), manyReplicas, true, writes},
	} {
		for _, one := range way.of {
			one.name += way.name
			one.replicas, one.kept = way.replicas, way.kept
			found = append(found, one)
		}
	}
	return found
}

// leader is the number of the Traefik that an operation is measured at, first of those that share a Redis; 0: its carts are in files.
func (o operation) leader() int {
	switch o.replicas {
	case 0:
		return 0
	case 1:
		return aloneReplica
	}
	return firstReplica
}

// wires are the requests of an operation, of so many callers in turn. The callers are spread over all carts.
func (o operation) wires(callers int) ([][]byte, error) {
	quantities := []int{0}
	if strings.Contains(o.body, "{quantity}") {
		quantities = []int{2, 3}
	}
	among := max(o.carts, callers)
	first := [][]byte{}
	for i := range callers {
		wire, err := o.wire(i * among / callers)
		if err != nil {
			return nil, err
		}
		first = append(first, wire)
	}
	all := [][]byte{}
	for _, quantity := range quantities {
		for _, wire := range first {
			// One digit for another: the length that the header tells stays right.
			all = append(all, bytes.ReplaceAll(wire, []byte(unknownQuantity), []byte(strconv.Itoa(quantity))))
		}
	}
	return all, nil
}

// unknownQuantity stands for a quantity of one digit.
const unknownQuantity = "\x01"

// wire is the request of the caller n.
func (o operation) wire(n int) ([]byte, error) {
	fill := []string{"{quantity}", unknownQuantity, "{line}", lineID(1)}
	if o.owners != nil {
		owner := o.owners(n)
		caller := owner[strings.LastIndex(owner, ":")+1:]
		signed, err := token(caller)
		if err != nil {
			return nil, fmt.Errorf("making a customer's token: %w", err)
		}
		fill = append(fill, "{cart}", cartcore.ShortID(cartOf(owner, "", 0, 0).ID), "{caller}", caller, "{token}", signed)
	}
	filled := strings.NewReplacer(fill...)
	request, err := http.NewRequest(o.method, "http://"+shopHost+filled.Replace(o.path), strings.NewReader(filled.Replace(o.body)))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	request.Header.Set(routeHeader, o.route)
	if o.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(o.header, 2) {
		request.Header.Set(pair[0], filled.Replace(pair[1]))
	}
	return load.Wire(request)
}
