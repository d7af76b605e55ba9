package cartcore

// TenantBy says by what a request names its tenant.
type TenantBy int

// The ways. Add only at the end.
const (
	TenantByDomain  TenantBy = iota // a domain in the path
	TenantByStore                   // a store id in the path
	TenantByAccount                 // an account in a header
	TenantByAPIKey                  // the API key itself
	TenantByHost                    // the host that was asked
)

// Credentials are what a request shows of who asks, as an adapter read it off; identity turns them into a Key.
type Credentials struct {
	TenantBy TenantBy
	Tenant   string // the domain, store id, account or host
	APIKey   string // as sent; where TenantBy is TenantByAPIKey it names the tenant, else it must belong to it
	Token    string // customer token, without "Bearer "
	Guest    string // guest token or session, as sent
	Cart     string // the cart that a customer's client names; it must be the customer's own. Empty: the client names none
	Customer string // for NeedSecretKey: the customer whose cart a server asks for
	Phone    bool   // the customer's phone number must count as verified; the door asks for it where Command.Verb is Lock
	Need     Need
	Session  bool // Guest may itself be a customer token, and is checked by the session lookup where one is configured
}

// Need says what must be shown.
type Need int

// The needs. Add only at the end.
const (
	NeedAnyone    Need = iota // a customer or a guest; a guest who shows nothing gets a fresh token
	NeedCustomer              // a customer token
	NeedSession               // a session that somebody else issued
	NeedCart                  // a customer token, or the token of a guest cart that exists
	NeedStoreKey              // an API key of the tenant and nobody in person; so are those below
	NeedSecretKey             // a secret API key of the tenant, whose server asks for a customer's cart
)

// Caller is who asks, found out.
type Caller struct {
	Tenant        string
	Store         string // for NeedSecretKey: the first of the tenant's store ids, since such a request may name none; may be empty
	Key           Key    // whose cart is asked for; no Owner for NeedStoreKey
	Customer      string // customer id; empty for a guest
	PhoneVerified bool   // the customer's phone number counts as verified; false for a guest
	Guest         string // guest token in force; empty for a customer
	Fresh         bool   // Guest was made for this request
	Vouched       bool   // the session lookup knows Guest: it is the shop's own and counts without a cart
	Until         int64  // Unix milliseconds until which the same credentials mean this caller; 0: as long as the configuration stands
	Settled       int64  // Unix milliseconds until which a request that is the same need not be asked for its caller; 0: it must be
	Shown         string // what the request showed, as one text: a name for what depends on it. It holds tokens and is never logged
	MergeKey      Key    // a guest's cart to merge into Key's first; no Owner where there is none
}
