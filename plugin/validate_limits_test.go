package plugin

import (
	"strings"
	"testing"
)

func TestLimitsPerCallerAreChecked(t *testing.T) {
	tests := []struct {
		name   string
		limits Limits
		fault  string // empty: none
	}{
		{"none", Limits{}, ""},
		{"a rate", Limits{RequestsPerMinute: 100}, ""},
		{"a rate and a burst for callers and tenant", Limits{RequestsPerMinute: 100, Burst: 150, TenantRequestsPerMinute: 6000, TenantBurst: 100}, ""},
		{"a negative rate", Limits{RequestsPerMinute: -1}, "limits.requestsPerMinute: -1 is not allowed"},
		{"a rate of more than a machine answers", Limits{TenantRequestsPerMinute: maxRate + 1}, "limits.tenantRequestsPerMinute: 100000001 is not allowed"},
		{"a burst without a rate", Limits{Burst: 5}, "limits.burst: 5 is not allowed; it needs limits.requestsPerMinute"},
		{"a tenant's burst without the tenant's rate", Limits{RequestsPerMinute: 5, TenantBurst: 5}, "limits.tenantBurst: 5 is not allowed; it needs limits.tenantRequestsPerMinute"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := CreateConfig()
			test.limits.MaxLines, test.limits.MaxQuantityPerLine, test.limits.MaxBodyBytes = 500, 10000, 1024
			config.Limits = test.limits
			faults := strings.Join(limitFaults(config), "\n")
			if (test.fault == "") != (faults == "") || !strings.HasPrefix(faults, test.fault) {
				t.Errorf("got %q, want %q", faults, test.fault)
			}
		})
	}
}
