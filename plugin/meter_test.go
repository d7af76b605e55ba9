package plugin

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/polycart/polycart/cartcore"
)

func ownerOf(owner string) *cartcore.Caller {
	return &cartcore.Caller{Tenant: "store-alpha", Key: cartcore.Key{Tenant: "store-alpha", Owner: owner}}
}

// Within any span of time a caller gets no more than a burst and what the rate adds in that time, and never less than a
// caller who keeps to it; what the wait says is true to the millisecond.
func TestABucketGivesWhatItsRateSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := &rates{Owner: rate{rapid.Int64Range(1, maxRate).Draw(t, "perMinute"), rapid.Int64Range(1, 1000).Draw(t, "burst")}}
		m, caller := newMeter(), ownerOf("customer:182")
		now, begin, granted := int64(1_700_000_000_000), int64(1_700_000_000_000), int64(0)
		steps := rapid.IntRange(1, 200).Draw(t, "steps")
		for range steps {
			now += rapid.Int64Range(0, 2*partsOfRequest/limits.Owner.PerMinute+1).Draw(t, "passed")
			told := take(m, limits, caller, now)
			if told.Remaining < 0 || told.Remaining > limits.Owner.Burst || told.Reset*1000 < now {
				t.Fatalf("%+v at %d", told, now)
			}
			if told.After == 0 {
				granted++
			}
			if most := limits.Owner.Burst*partsOfRequest + (now-begin)*limits.Owner.PerMinute; granted*partsOfRequest > most {
				t.Fatalf("%d requests in %d ms", granted, now-begin)
			}
			if told.After == 0 {
				continue
			}
			wait := waitOf(m.newer[cartcore.KeyText(caller.Key)], &limits.Owner)
			if told.After*1000 < wait || told.After*1000 >= wait+1000 {
				t.Fatalf("told to wait %d s, needed are %d ms", told.After, wait)
			}
			if early := take(m, limits, caller, now+wait-1); early.After == 0 {
				t.Fatal("a millisecond before the wait is over a request is granted")
			}
			now += wait
			if late := take(m, limits, caller, now); late.After != 0 {
				t.Fatal("after the wait a request is refused")
			}
			granted++
		}
		// However long the pause, a full bucket is a burst and no more.
		now += rapid.Int64Range(0, 1<<52).Draw(t, "pause") + limits.Owner.Burst*partsOfRequest
		for range limits.Owner.Burst {
			if told := take(m, limits, caller, now); told.After != 0 {
				t.Fatal("a burst is cut short")
			}
		}
		if told := take(m, limits, caller, now); told.After == 0 && limits.Owner.PerMinute < partsOfRequest {
			t.Fatal("a burst does not end")
		}
	})
}

func TestCallersAreHeldApart(t *testing.T) {
	limits := &rates{Owner: rate{1, 1}, Tenant: rate{1, 3}}
	m := newMeter()
	const now = 1_700_000_000_000
	steps := []struct {
		name    string
		caller  *cartcore.Caller
		now     int64
		granted bool
	}{
		{"the first request of a customer", ownerOf("customer:1"), now, true},
		{"his second is refused", ownerOf("customer:1"), now, false},
		{"another customer", ownerOf("customer:2"), now, true},
		{"a guest without a token counts for the tenant, from which a refused request took nothing", ownerOf(""), now, true},
		{"now the tenant has none left, even for a customer who has", ownerOf("customer:3"), now, false},
		{"nor for a guest", ownerOf(""), now, false},
		{"another tenant has its own", &cartcore.Caller{Tenant: "store-beta", Key: cartcore.Key{Tenant: "store-beta", Owner: "customer:1"}}, now, true},
		{"a minute later there is one again, which the refusals did not take", ownerOf("customer:3"), now + 60000, true},
		{"and only one", ownerOf("customer:4"), now + 60000, false},
		{"a clock that is set back gives nothing", ownerOf("customer:5"), now - 60000, false},
		{"and begins anew from there", ownerOf("customer:5"), now, true},
	}
	for _, step := range steps {
		told := take(m, limits, step.caller, step.now)
		if (told.After == 0) != step.granted {
			t.Errorf("%s: got %+v", step.name, told)
		}
	}
	if told := take(m, &rates{Owner: rate{1, 1}}, ownerOf(""), now); told != nil {
		t.Errorf("a guest without a token has a limit where the tenant has none: %+v", told)
	}
}

func TestBucketsAreBounded(t *testing.T) {
	limits := &rates{Owner: rate{1, 1}}
	m := newMeter()
	for i := range 3 * ownersHalf {
		take(m, limits, ownerOf(fmt.Sprint("guest:shop:", i)), 1000)
		if told := take(m, limits, ownerOf("customer:182"), 1000); i > 0 && told.After == 0 {
			t.Fatalf("a bucket in use is forgotten after %d others", i)
		}
	}
	if held := len(m.newer) + len(m.older); held > 2*ownersHalf {
		t.Errorf("%d buckets are held, %d are allowed", held, 2*ownersHalf)
	}
	if told := take(m, limits, ownerOf("guest:shop:0"), 1000); told.After != 0 {
		t.Error("a forgotten bucket is not full")
	}
}

func TestAReloadKeepsTheBucketsAndTakesTheNewLimits(t *testing.T) {
	m := newMeter()
	take(m, &rates{Owner: rate{60, 100}}, ownerOf("customer:182"), 1000)
	if told := take(m, &rates{Owner: rate{60, 5}}, ownerOf("customer:182"), 1000); told.Remaining != 4 {
		t.Errorf("after the burst was made smaller %d requests are left, want 4", told.Remaining)
	}
	if told := take(m, &rates{Owner: rate{60, 100}}, ownerOf("customer:182"), 1000); told.Remaining != 3 {
		t.Errorf("after the burst was made larger %d requests are left, want 3", told.Remaining)
	}
}
