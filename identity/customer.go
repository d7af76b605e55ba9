package identity

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/polycart/polycart/cartcore"
)

// customerNamed finds whose cart a server asks for that shows a secret API key. It is not noted among the callers found
// lately: their names hold nothing of the customer, and a server asks for many.
func customerNamed(d *Directory, creds *cartcore.Credentials) (*cartcore.Caller, *cartcore.Error) {
	asked := *creds
	asked.Need = cartcore.NeedSecretKey // nothing else lets anybody name a customer
	t, err := tenantFor(d, &asked)
	if err != nil {
		return nil, err
	}
	if !secretKey(d, asked.APIKey) {
		return nil, cartcore.Refuse(cartcore.KindAPIKey)
	}
	if err := customerFits(asked.Customer); err != nil {
		return nil, cartcore.Fail(cartcore.KindCartUnknown, err)
	}
	caller := asCustomer(t, remembered{Customer: asked.Customer})
	if len(t.Config.Stores) > 0 {
		caller.Store = t.Config.Stores[0]
	}
	caller.Shown = cartcore.KeyText(caller.Key)
	return &caller, nil
}

// secretKey tells an API key that only servers have.
func secretKey(d *Directory, key string) bool {
	if len(key) > maxAPIKey {
		return false
	}
	sum := sha256.Sum256([]byte(key))
	return d.secret[hex.EncodeToString(sum[:])]
}
