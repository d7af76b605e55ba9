package plugin

import (
	"log/slog"
	"strings"

	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/identity"
	"github.com/polycart/polycart/store"
)

// The configuration in the words of each room.

func identityTenants(config *Config) []identity.Tenant {
	tenants := []identity.Tenant{}
	for i := range config.Tenants {
		from := config.Tenants[i]
		keys := []identity.APIKey{}
		for j := range from.APIKeys {
			keys = append(keys, identity.APIKey{SHA256: from.APIKeys[j].SHA256, Kind: from.APIKeys[j].Kind})
		}
		hosts := []string{}
		for j := range from.Hosts {
			hosts = append(hosts, strings.ToLower(from.Hosts[j]))
		}
		tenants = append(tenants, identity.Tenant{
			ID: from.ID, Currency: from.Currency, Domains: from.Domains, Stores: from.Stores, Accounts: from.Accounts, Hosts: hosts, APIKeys: keys,
			Customers: identity.CustomerTokens{
				SecretFile: from.Customers.SecretFile, PublicKeyFile: from.Customers.PublicKeyFile, JWKSURL: from.Customers.JWKSURL,
				Algorithms: from.Customers.Algorithms, Issuer: from.Customers.Issuer, Audience: from.Customers.Audience,
				Leeway: milliseconds(from.Customers.Leeway, 0), ExpiryOptional: from.Customers.ExpiryOptional, Claim: from.Customers.Claim,
				PhoneVerifiedClaim: from.Customers.PhoneVerifiedClaim, Header: from.Customers.Header,
			},
			Sessions: identity.SessionLookup{URL: from.Sessions.URL, Timeout: milliseconds(from.Sessions.Timeout, 0)},
		})
	}
	return tenants
}

// catalogEvery is how often a catalogue file is looked at where catalog.checkEvery says nothing: a price change shows within a second.
const catalogEvery = 1000

func catalogSource(tenant Tenant, log *slog.Logger) catalog.Source {
	return catalog.Source{
		File: tenant.Catalog.File, Inline: tenant.Catalog.Inline, Currency: tenant.Currency,
		CheckEvery: milliseconds(tenant.Catalog.CheckEvery, catalogEvery), Logger: log,
	}
}

func storeLifetimes(config *Config) store.Lifetimes {
	return store.Lifetimes{
		Customer: milliseconds(config.Store.CustomerLife, 0), Guest: milliseconds(config.Store.GuestLife, 0), Empty: milliseconds(config.Store.EmptyLife, 0),
		Letters: milliseconds(config.Outbox.DeadLetterLife, 0),
	}
}
