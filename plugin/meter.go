package plugin

import (
	"strconv"
	"sync"

	"github.com/polycart/polycart/adapters"
	"github.com/polycart/polycart/cartcore"
)

// Limits per caller are token buckets: a bucket holds up to a burst of requests and fills up at so many a minute. There is
// one for each owner and one for each tenant. They are filled by arithmetic when they are looked at, so nothing runs beside.

// rate is how fast a bucket fills and how much it holds.
type rate struct {
	PerMinute int64 // requests; 0: no limit
	Burst     int64 // requests
}

// rates are the limits of an engine.
type rates struct {
	Owner  rate
	Tenant rate
}

// partsOfRequest is what a request takes out of a bucket. A minute has 60,000 ms, so that each ms adds exactly
// rate.PerMinute parts and nothing is rounded.
const partsOfRequest = 60000

// bucket holds what may still be asked.
type bucket struct {
	Parts int64 // at At
	At    int64 // Unix milliseconds
}

// meter keeps the buckets of all callers, in two halves as preparedAnswers are. A bucket that is forgotten counts as
// full; those of tenants are never forgotten.
type meter struct {
	mu      sync.Mutex
	tenants map[string]*bucket // by tenant id
	newer   map[string]*bucket // by owner
	older   map[string]*bucket
}

// ownersHalf bounds each half of the owners' buckets. Two halves of 16,384 entries of some 200 bytes stay under 7 MB.
const ownersHalf = 16384

func newMeter() *meter {
	return &meter{tenants: map[string]*bucket{}, newer: map[string]*bucket{}, older: map[string]*bucket{}}
}

// ratesOf are the limits that are configured, nil where there are none. A burst that is not configured is the number a minute.
func ratesOf(config *Config) *rates {
	limits := config.Limits
	if limits.RequestsPerMinute == 0 && limits.TenantRequestsPerMinute == 0 {
		return nil
	}
	found := &rates{Owner: rate{limits.RequestsPerMinute, limits.Burst}, Tenant: rate{limits.TenantRequestsPerMinute, limits.TenantBurst}}
	if found.Owner.Burst == 0 {
		found.Owner.Burst = found.Owner.PerMinute
	}
	if found.Tenant.Burst == 0 {
		found.Tenant.Burst = found.Tenant.PerMinute
	}
	return found
}

// metered answers a request within the caller's limits: it refuses it with wrong where that is not nil, else it goes on.
func metered(d *desk, call *adapters.Call, caller *cartcore.Caller, wrong *cartcore.Error, now int64) *adapters.Answer {
	told := take(d.Engine.Shared.Meter, d.Engine.Rates, caller, now)
	answer := admitted(d, call, caller, told, wrong, now)
	if told == nil || d.Adapter.Rated == nil {
		return answer
	}
	counted := *answer // the answer may be a prepared one, which nobody may change
	counted.Header = append(append([]adapters.Header{}, answer.Header...), d.Adapter.Rated(told)...)
	return &counted
}

func admitted(d *desk, call *adapters.Call, caller *cartcore.Caller, told *adapters.Rate, wrong *cartcore.Error, now int64) *adapters.Answer {
	if told != nil && told.After > 0 {
		answer := refused(d, call, &cartcore.Error{Kind: cartcore.KindTooManyRequests, Limit: told.Limit, After: told.After})
		answer.Header = append(answer.Header, adapters.Header{Name: "Retry-After", Value: strconv.FormatInt(told.After, 10)})
		return answer
	}
	if wrong != nil {
		return refused(d, call, wrong)
	}
	return proceed(d, call, caller, now)
}

// take takes a request out of the owner's bucket and out of the tenant's, or where either has none out of neither. It
// answers what stands in the bucket that decides: the one that refuses, else the owner's; nil where no limit holds. A
// guest who shows no token has no bucket of his own: whatever else tells guests apart, a client can change.
func take(m *meter, limits *rates, caller *cartcore.Caller, now int64) *adapters.Rate {
	m.mu.Lock()
	defer m.mu.Unlock()
	var tenant, owner *bucket
	if limits.Tenant.PerMinute > 0 {
		tenant = tenantBucket(m, caller.Tenant, &limits.Tenant, now)
	}
	if limits.Owner.PerMinute > 0 && caller.Key.Owner != "" {
		owner = ownerBucket(m, cartcore.KeyText(caller.Key), &limits.Owner, now)
	}
	if tenant == nil && owner == nil {
		return nil
	}
	if lacks(tenant) && waitOf(tenant, &limits.Tenant) > waitOf(owner, &limits.Owner) {
		return standing(tenant, &limits.Tenant)
	}
	if lacks(owner) {
		return standing(owner, &limits.Owner)
	}
	if tenant != nil {
		tenant.Parts -= partsOfRequest
	}
	if owner == nil {
		return granted(tenant, &limits.Tenant)
	}
	owner.Parts -= partsOfRequest
	return granted(owner, &limits.Owner)
}

// tenantBucket answers a tenant's bucket as it is at now.
func tenantBucket(m *meter, tenant string, limit *rate, now int64) *bucket {
	found := m.tenants[tenant]
	if found == nil {
		found = fullBucket(limit, now)
		m.tenants[tenant] = found
	}
	refill(found, limit, now)
	return found
}

// ownerBucket answers an owner's bucket as it is at now.
func ownerBucket(m *meter, owner string, limit *rate, now int64) *bucket {
	found := m.newer[owner]
	if found != nil {
		refill(found, limit, now)
		return found
	}
	found = m.older[owner]
	if found == nil {
		found = fullBucket(limit, now)
	}
	if len(m.newer) >= ownersHalf {
		m.older = m.newer
		m.newer = map[string]*bucket{}
	}
	m.newer[owner] = found
	refill(found, limit, now)
	return found
}

func fullBucket(limit *rate, now int64) *bucket {
	return &bucket{Parts: limit.Burst * partsOfRequest, At: now}
}

// refill adds what came in since the bucket was last looked at. A clock that was set back adds nothing and begins anew.
func refill(b *bucket, limit *rate, now int64) {
	full := limit.Burst * partsOfRequest
	passed := now - b.At
	b.At = now
	if passed < 0 {
		passed = 0
	}
	// Past this time any bucket is full; a longer one times the rate could pass 2^63.
	if passed > full/limit.PerMinute {
		b.Parts = full
		return
	}
	b.Parts += passed * limit.PerMinute
	if b.Parts > full { // also where a reload made the burst smaller
		b.Parts = full
	}
}

func lacks(b *bucket) bool { return b != nil && b.Parts < partsOfRequest }

// waitOf is the time until a bucket holds a request, in milliseconds; 0 where it does, or where there is none.
func waitOf(b *bucket, limit *rate) int64 {
	if !lacks(b) {
		return 0
	}
	return roundedUp(partsOfRequest-b.Parts, limit.PerMinute)
}

// granted is what stands in a bucket after a request was taken out of it.
func granted(b *bucket, limit *rate) *adapters.Rate {
	full := roundedUp(limit.Burst*partsOfRequest-b.Parts, limit.PerMinute)
	return &adapters.Rate{Limit: limit.PerMinute, Remaining: b.Parts / partsOfRequest, Reset: roundedUp(b.At+full, 1000)}
}

// standing is what stands in a bucket that refuses.
func standing(b *bucket, limit *rate) *adapters.Rate {
	told := granted(b, limit)
	told.After = roundedUp(waitOf(b, limit), 1000)
	return told
}

// roundedUp divides two numbers that are not negative and rounds up.
func roundedUp(number, by int64) int64 { return (number + by - 1) / by }
