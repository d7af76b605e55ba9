package identity

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// openTokens makes config ready; it is nil where config names no keys.
func openTokens(field, tenantID string, config CustomerTokens) (*tokenCheck, []error) {
	c := &tokenCheck{Tenant: tenantID, Allowed: map[string]bool{}, Rules: &claimRules{}, known: newMemory()}
	faults := openRules(field, c.Rules, config)
	for i := range config.Algorithms {
		if algorithms[config.Algorithms[i]] == "" {
			faults = append(faults, fmt.Errorf("%s.algorithms[%d] is %q; allowed are %s", field, i, config.Algorithms[i], algorithmNames))
		}
		c.Allowed[config.Algorithms[i]] = true
	}
	given := []string{}
	for _, one := range [][2]string{{config.SecretFile, "secretFile"}, {config.PublicKeyFile, "publicKeyFile"}, {config.JWKSURL, "jwksURL"}} {
		if one[0] != "" {
			given = append(given, one[1])
		}
	}
	if len(given) > 1 {
		faults = append(faults, fmt.Errorf("%s has %s; allowed is one of secretFile, publicKeyFile and jwksURL", field, strings.Join(given, " and ")))
		return nil, faults
	}
	if len(given) == 0 {
		return nil, faults
	}
	if config.JWKSURL != "" {
		faults = append(faults, openSet(field, c, config)...)
		return c, faults
	}
	name := given[0]
	c.File = &keyFile{Path: config.SecretFile + config.PublicKeyFile, Secret: config.SecretFile != ""}
	keys, _, err := loadFile(c.File)
	if err != nil {
		faults = append(faults, fmt.Errorf("%s.%s is %q: %w", field, name, c.File.Path, err))
		return nil, faults
	}
	installKeys(c, keys)
	faults = append(faults, unfit(field, config.Algorithms, keys)...)
	return c, faults
}

// openSet makes ready a check whose keys come from a set. Without configured algorithms it takes all but HMAC.
func openSet(field string, c *tokenCheck, config CustomerTokens) []error {
	faults := []error{}
	for i := range config.Algorithms {
		if algorithms[config.Algorithms[i]] == familySecret {
			faults = append(faults, fmt.Errorf("%s.algorithms[%d] is %q, which needs a secret; a key set holds public keys only", field, i, config.Algorithms[i]))
		}
	}
	if len(config.Algorithms) == 0 {
		for name := range algorithms {
			if algorithms[name] != familySecret {
				c.Allowed[name] = true
			}
		}
	}
	u, err := readURL(field+".jwksURL", config.JWKSURL)
	if err != nil {
		return append(faults, err)
	}
	c.Set = &keyEndpoint{URL: config.JWKSURL, Shown: shownURL(u), Timeout: setTimeout}
	c.nextLook = math.MaxInt64 // the first fetch is the first token's
	return faults
}

// openRules makes ready what config asks of claims.
func openRules(field string, rules *claimRules, config CustomerTokens) []error {
	faults := []error{}
	leeway, err := boundedMillis(field+".leeway", config.Leeway, 30*time.Second, 5*time.Minute)
	if err != nil {
		faults = append(faults, err)
	}
	rules.Issuer, rules.Audience, rules.ExpiryOptional = config.Issuer, config.Audience, config.ExpiryOptional
	rules.Leeway = int64(leeway / time.Millisecond)
	for i := range config.Audience {
		if config.Audience[i] == "" {
			faults = append(faults, fmt.Errorf("%s.audience[%d] is empty; allowed is the text that aud must hold", field, i))
		}
	}
	rules.Customer, err = readPath(orElse(config.Claim, "sub"))
	if err != nil {
		faults = append(faults, fmt.Errorf("%s.claim %w", field, err))
	}
	rules.PhoneNeeded = config.PhoneVerifiedClaim != ""
	rules.Phone, err = readPath(orElse(config.PhoneVerifiedClaim, "phone_verified"))
	if err != nil {
		faults = append(faults, fmt.Errorf("%s.phoneVerifiedClaim %w", field, err))
	}
	return faults
}

// orElse is text, or usual where it is empty.
func orElse(text, usual string) string {
	if text == "" {
		return usual
	}
	return text
}

// unfit lists the configured algorithms that no key takes.
func unfit(field string, names []string, keys []*verifyKey) []error {
	faults := []error{}
	for i := range names {
		taken := algorithms[names[i]] == "" // has its fault already
		for j := range keys {
			taken = taken || keyTakes(keys[j], names[i])
		}
		if !taken {
			faults = append(faults, fmt.Errorf("%s.algorithms[%d] is %q, which does not fit the key (%s); allowed are algorithms that do", field, i, names[i], string(keys[0].Family)))
		}
	}
	return faults
}
