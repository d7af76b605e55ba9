package store

import (
	"fmt"
	"math/rand"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// redisNode is one server.
type redisNode struct {
	address string
	link    *redisLink   // the edition's connections to it (redis_link.go)
	resting atomic.Int64 // 0: it answers; else the moment, as sinceBegan counts, before which nobody asks it

	mu     sync.Mutex
	faults int       // without an answer in between
	since  time.Time // of the first of them
	why    string    // the last of them
}

const (
	// restFirst and restLongest, in milliseconds: a server that does not answer is left alone for so long after the first fault,
	// and twice as long after each further one, while requests are refused at once instead of waiting for it in vain.
	restFirst   = 50
	restLongest = 2000
)

// redisBegan is what rests are counted from: the system's clock may be set back.
var redisBegan = time.Now()

func sinceBegan() int64 { return time.Since(redisBegan).Milliseconds() + 1 }

// mayAsk tells whether a server may be asked: it answers, or its rest is over and the caller is the one who tries.
func mayAsk(o *RedisOptions, n *redisNode) bool {
	until := n.resting.Load()
	if until == 0 {
		return true
	}
	now := sinceBegan()
	return now >= until && n.resting.CompareAndSwap(until, now+o.Timeout.Milliseconds())
}

// restNode leaves a server alone for a while.
func restNode(o *RedisOptions, n *redisNode, why string) {
	n.mu.Lock()
	n.faults++
	faults := n.faults
	n.why = why
	if faults == 1 {
		n.since = time.Now()
	}
	n.mu.Unlock()
	rest := int64(restLongest)
	if faults < 7 {
		rest = restFirst << (faults - 1)
	}
	if rest > restLongest {
		rest = restLongest
	}
	n.resting.Store(sinceBegan() + rest/2 + rand.Int63n(rest/2+1)) //nolint:gosec // spreads tries, guards nothing
	if faults == 1 {
		o.Logger.Warn("the cart store does not answer", "address", n.address, "error", why)
	}
}

// wakeNode says that a server has answered.
func wakeNode(o *RedisOptions, n *redisNode) {
	if n.resting.Load() == 0 {
		return
	}
	n.mu.Lock()
	faults := n.faults
	since := n.since
	n.faults = 0
	n.resting.Store(0)
	n.mu.Unlock()
	if faults > 0 {
		o.Logger.Info("the cart store answers again", "address", n.address, "seconds", int64(time.Since(since).Seconds()))
	}
}

// redisNodes are the servers, and which has the carts of which bucket: in a cluster several, else one.
type redisNodes struct {
	o       *RedisOptions
	slots   []int // of the buckets, in a cluster
	several bool  // it must be asked where the buckets are: of a cluster, or of sentinels

	mu     sync.Mutex
	owners []*redisNode // by bucket; nil where nobody has said it yet
	known  map[string]*redisNode
	closed bool

	finding sync.Mutex // held by the one who asks where the buckets are
	found   int64      // when that was asked last, as sinceBegan counts; guarded by finding
}

const (
	// findEvery is the least time, in milliseconds, between two times that servers are asked where the buckets are.
	findEvery = 200
	// maxNodes bounds the servers that we connect to because others name them: a cluster has at most 1000.
	maxNodes = 1000
)

func newRedisNodes(o *RedisOptions, places []string) *redisNodes {
	nodes := &redisNodes{o: o, several: o.Cluster || o.Master != "", owners: make([]*redisNode, redisBuckets), known: map[string]*redisNode{}}
	if nodes.several {
		for i := range places {
			nodes.slots = append(nodes.slots, slotOf(places[i]))
		}
		return nodes
	}
	only := &redisNode{address: o.Addresses[0], link: newRedisLink(o, o.Addresses[0], false)}
	nodes.known[only.address] = only
	for bucket := range nodes.owners {
		nodes.owners[bucket] = only
	}
	return nodes
}

// ownerOf answers who has a bucket, as far as is known; nil where nothing is.
func ownerOf(nodes *redisNodes, bucket int) *redisNode {
	nodes.mu.Lock()
	n := nodes.owners[bucket]
	nodes.mu.Unlock()
	return n
}

func setOwner(nodes *redisNodes, bucket int, n *redisNode) {
	nodes.mu.Lock()
	nodes.owners[bucket] = n
	nodes.mu.Unlock()
}

// nodeAt answers the server at an address.
func nodeAt(nodes *redisNodes, address string) (*redisNode, error) {
	nodes.mu.Lock()
	defer nodes.mu.Unlock()
	n := nodes.known[address]
	if n != nil {
		return n, nil
	}
	if nodes.closed {
		return nil, fmt.Errorf("the store in redis is closed: %w", ErrUnavailable)
	}
	if len(nodes.known) >= maxNodes {
		return nil, fmt.Errorf("more than %d servers are named: %w", maxNodes, ErrUnavailable)
	}
	n = &redisNode{address: address, link: newRedisLink(nodes.o, address, false)}
	nodes.known[address] = n
	return n, nil
}

// nodeFor answers the server to ask about a bucket. Where the one that is known does not answer, it asks the others who has
// taken its place.
func nodeFor(nodes *redisNodes, bucket int, deadline time.Time) (*redisNode, error) {
	n := ownerOf(nodes, bucket)
	if n != nil && mayAsk(nodes.o, n) {
		return n, nil
	}
	if nodes.several {
		trouble := findOwners(nodes, deadline)
		n = ownerOf(nodes, bucket)
		if n == nil {
			return nil, fmt.Errorf("no server is known to have the cart (%s): %w", trouble, ErrUnavailable)
		}
		if mayAsk(nodes.o, n) {
			return n, nil
		}
	}
	n.mu.Lock()
	why := n.why
	n.mu.Unlock()
	return nil, fmt.Errorf("%s is left alone for a moment, because it did not answer (%s): %w", n.address, why, ErrUnavailable)
}

// findOwners asks where the buckets are, unless that was asked just now. It answers what went wrong, in words.
func findOwners(nodes *redisNodes, deadline time.Time) string {
	nodes.finding.Lock()
	defer nodes.finding.Unlock()
	if nodes.found != 0 && sinceBegan()-nodes.found < findEvery {
		return "that was asked a moment ago"
	}
	trouble := "there is none"
	if nodes.o.Master != "" {
		trouble = askSentinels(nodes, deadline)
	} else {
		trouble = askCluster(nodes, deadline)
	}
	nodes.found = sinceBegan()
	return trouble
}

// askCluster asks the servers that are known, and then those that were configured, until one tells the slots.
func askCluster(nodes *redisNodes, deadline time.Time) string {
	trouble := "no node of the cluster may be asked yet"
	asked := map[string]bool{}
	addresses := []string{}
	nodes.mu.Lock()
	for address := range nodes.known {
		addresses = append(addresses, address)
	}
	nodes.mu.Unlock()
	addresses = append(addresses, nodes.o.Addresses...)
	for i := range addresses {
		if asked[addresses[i]] || !time.Now().Before(deadline) {
			continue
		}
		asked[addresses[i]] = true
		n, err := nodeAt(nodes, addresses[i])
		if err != nil {
			return err.Error()
		}
		if !mayAsk(nodes.o, n) {
			continue
		}
		replies, _, err := linkExchange(n.link, [][]string{{"CLUSTER", "SLOTS"}}, halfWay(deadline))
		if err != nil {
			trouble = n.address + ": " + err.Error()
			restNode(nodes.o, n, err.Error())
			continue
		}
		if replies[0].Kind != '*' {
			trouble = n.address + ": " + replies[0].Text
			restNode(nodes.o, n, replies[0].Text)
			continue
		}
		wakeNode(nodes.o, n)
		if trouble = takeSlots(nodes, n.address, replies[0].List); trouble == "" {
			return ""
		}
	}
	return trouble
}

// takeSlots reads the answer to CLUSTER SLOTS: ranges, each with its first and last slot and the address of its master.
func takeSlots(nodes *redisNodes, teller string, ranges []*redisReply) string {
	owners := make([]*redisNode, redisBuckets)
	named := map[string]bool{}
	for i := range ranges {
		one := ranges[i].List
		if len(one) < 3 || len(one[2].List) < 2 {
			return teller + ": it tells slots in a form that is not known"
		}
		address := addressFrom(string(one[2].List[0].Bulk)+":"+strconv.FormatInt(one[2].List[1].Number, 10), teller)
		n, err := nodeAt(nodes, address)
		if err != nil {
			return err.Error()
		}
		named[address] = true
		for bucket := range owners {
			slot := int64(nodes.slots[bucket])
			if slot >= one[0].Number && slot <= one[1].Number {
				owners[bucket] = n
			}
		}
	}
	if len(ranges) == 0 {
		return teller + ": the cluster has no slots yet"
	}
	for i := range nodes.o.Addresses {
		named[nodes.o.Addresses[i]] = true
	}
	nodes.mu.Lock()
	nodes.owners = owners
	gone := []*redisNode{}
	for address, n := range nodes.known {
		if !named[address] {
			gone = append(gone, n)
			delete(nodes.known, address)
		}
	}
	nodes.mu.Unlock()
	for i := range gone {
		closeRedisLink(gone[i].link)
	}
	return ""
}

// askSentinels asks who is the master now.
func askSentinels(nodes *redisNodes, deadline time.Time) string {
	trouble := ""
	for i := range nodes.o.Addresses {
		address := nodes.o.Addresses[i]
		link := newRedisLink(nodes.o, address, true)
		replies, _, err := linkExchange(link, [][]string{{"SENTINEL", "GET-MASTER-ADDR-BY-NAME", nodes.o.Master}}, halfWay(deadline))
		closeRedisLink(link)
		if err != nil {
			trouble = address + ": " + err.Error()
			continue
		}
		if replies[0].Kind != '*' || len(replies[0].List) != 2 {
			trouble = address + ": it knows no master of this name"
			continue
		}
		n, err := nodeAt(nodes, net.JoinHostPort(string(replies[0].List[0].Bulk), string(replies[0].List[1].Bulk)))
		if err != nil {
			return err.Error()
		}
		nodes.mu.Lock()
		for bucket := range nodes.owners {
			nodes.owners[bucket] = n
		}
		nodes.mu.Unlock()
		return ""
	}
	return trouble
}

// halfWay leaves of the time until a deadline half to the others, where this one does not answer.
func halfWay(deadline time.Time) time.Time { return time.Now().Add(time.Until(deadline) / 2) }

// addressFrom is an address as a node names it: without a host it is on the host of the teller.
func addressFrom(named, teller string) string {
	at := strings.LastIndex(named, ":")
	if at < 0 {
		return named
	}
	host := strings.Trim(named[:at], "[]")
	if host == "" || host == "?" {
		host, _, _ = net.SplitHostPort(teller)
	}
	return net.JoinHostPort(host, named[at+1:])
}

// slotOf is the slot of a place in a cluster: CRC-16/XMODEM of its hash tag, of 16384
// (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/).
func slotOf(place string) int {
	tag := place[strings.IndexByte(place, '{')+1 : strings.IndexByte(place, '}')]
	crc := 0
	for i := 0; i < len(tag); i++ {
		crc ^= int(tag[i]) << 8
		for bit := 0; bit < 8; bit++ {
			crc <<= 1
			if crc&0x10000 != 0 {
				crc ^= 0x11021
			}
		}
	}
	return crc % 16384
}

func closeRedisNodes(nodes *redisNodes) {
	nodes.mu.Lock()
	nodes.closed = true
	known := []*redisNode{}
	for _, n := range nodes.known {
		known = append(known, n)
	}
	nodes.mu.Unlock()
	for i := range known {
		closeRedisLink(known[i].link)
	}
}
