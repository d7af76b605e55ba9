// Package plugin is the door that Traefik opens: it reads the configuration, keeps what must survive a reload, and leads
// each request through the other rooms.
package plugin

// Config is the configuration of one Polycart middleware. Durations are Go durations such as "30s" or "720h".
type Config struct {
	// Tenants are the shops behind this middleware. At least one is needed.
	Tenants []Tenant `json:"tenants,omitempty"`
	// Dialects changes how a dialect is served, by its name. A dialect that is not named here is served with the defaults.
	Dialects map[string]Dialect `json:"dialects,omitempty"`
	// Answers changes what a dialect answers, by its name, for clients that need a field more or less (docs/answers.md).
	Answers map[string]Answers `json:"answers,omitempty"`
	// Limits bound carts and requests.
	Limits Limits `json:"limits,omitempty"`
	// Store says where carts are kept.
	Store Store `json:"store,omitempty"`
	// Backend says who decides what is in a cart: a cart service behind the router, or nobody but the store (docs/backends.md).
	Backend Backend `json:"backend,omitempty"`
	// Cache bounds the carts that are held in memory.
	Cache Cache `json:"cache,omitempty"`
	// Outbox bounds the deliveries of events to webhooks.
	Outbox Outbox `json:"outbox,omitempty"`
	// Log says what is logged.
	Log Log `json:"log,omitempty"`
}

// Tenant is one shop.
type Tenant struct {
	// ID names the tenant in the store and in logs. It has 1 to 64 letters, digits, dots, hyphens and underscores, and must never change.
	ID string `json:"id,omitempty"`
	// Currency is the ISO 4217 code of the shop's currency.
	Currency string `json:"currency,omitempty"`
	// Domains are the domains by which the agent dialect names this tenant in its paths.
	Domains []string `json:"domains,omitempty"`
	// Stores are the store ids by which the vesuvio dialect names this tenant in its paths.
	Stores []string `json:"stores,omitempty"`
	// Accounts are the accounts by which the fabric dialect names this tenant in x-site-context.
	Accounts []string `json:"accounts,omitempty"`
	// Hosts are the host names, without port, by which the itemkey dialect names this tenant.
	Hosts []string `json:"hosts,omitempty"`
	// APIKeys are the keys by which the shop dialect names this tenant and which the vesuvio dialect checks.
	APIKeys []APIKey `json:"apiKeys,omitempty"`
	// Catalog says where the tenant's products are described.
	Catalog Catalog `json:"catalog,omitempty"`
	// Customers says how the tokens of signed-in customers are verified.
	Customers Customers `json:"customers,omitempty"`
	// Sessions says how the sessions of the agent dialect and the session cookies of the itemkey dialect are checked.
	// Without a URL every agent session is taken as it comes, and a cookie counts where a cart is known by it.
	Sessions Sessions `json:"sessions,omitempty"`
	// Webhooks are told of what happens to the tenant's carts, whichever dialect changed them (docs/webhooks.md). Every
	// middleware that serves the tenant needs the same ones.
	Webhooks []Webhook `json:"webhooks,omitempty"`
	// AbandonedAfter is how long a cart with items must stay as it is to count as abandoned, for instance "24h". Empty is never.
	AbandonedAfter string `json:"abandonedAfter,omitempty"`
}

// Webhook is one receiver of events.
type Webhook struct {
	// URL is where events are sent with POST. No two webhooks of a tenant have the same.
	URL string `json:"url,omitempty"`
	// SecretFile is the path of a file that holds the secret of the signatures, 16 to 4096 bytes. It is read at the start.
	SecretFile string `json:"secretFile,omitempty"`
	// Events are the types of event that are sent. Empty sends every type.
	Events []string `json:"events,omitempty"`
	// Description is for people; nothing depends on it.
	Description string `json:"description,omitempty"`
	// UserAgent is what deliveries call themselves. Empty is VesuvioPay-Webhooks/1.0, for receivers that were written for that.
	UserAgent string `json:"userAgent,omitempty"`
	// AllowPrivate lets deliveries go to addresses that are not on the public internet, such as 10.0.0.5 or localhost.
	AllowPrivate bool `json:"allowPrivate,omitempty"`
}

// APIKey is one API key of a tenant. The key itself is never configured.
type APIKey struct {
	// SHA256 is the SHA-256 of the key as 64 hexadecimal digits (printf %s KEY | sha256sum).
	SHA256 string `json:"sha256,omitempty"`
	// Kind is "public" for a key that clients carry, or "secret" for a key that only servers have, which with it read the carts of
	// customers in the vesuvio dialect.
	Kind string `json:"kind,omitempty"`
}

// Catalog is where a tenant's products come from. Exactly one of File, Inline and HTTP is set.
type Catalog struct {
	// File is the path of a catalogue file in JSON (docs/catalogue.md). It is read again when it changes.
	File string `json:"file,omitempty"`
	// Inline is a catalogue as JSON text, for a handful of products.
	Inline string `json:"inline,omitempty"`
	// CheckEvery is how often the file is looked at for changes. "0s" looks at every request.
	CheckEvery string `json:"checkEvery,omitempty"`
	// HTTP is a JSON service that is asked for products as they are needed (docs/catalogue.md).
	HTTP CatalogHTTP `json:"http,omitempty"`
}

// CatalogHTTP is a JSON service that is asked for products as they are needed. It is set where URL or URLs is.
type CatalogHTTP struct {
	// Preset is "ucp" for the catalog lookup of the Universal Commerce Protocol, whose UCP-Agent stands in Headers. Empty is none.
	Preset string `json:"preset,omitempty"`
	// URL is the address of an item. {id} in it stands for one identifier, {ids} for several with commas, {kind} for the name of their kind.
	URL string `json:"url,omitempty"`
	// URLs are addresses for single kinds of identifier: sku, number, productId, productNumber, externalProductId and externalVariantId.
	URLs map[string]string `json:"urls,omitempty"`
	// Body is JSON that is sent with POST; {ids} in it stands for a list of identifiers. Empty asks with GET.
	Body string `json:"body,omitempty"`
	// Headers are sent with every request.
	Headers map[string]string `json:"headers,omitempty"`
	// SecretFile is the path of a file that holds the value of SecretHeader, for instance "Bearer …". It is read at the start. Empty is none.
	SecretFile string `json:"secretFile,omitempty"`
	// SecretHeader is the header that SecretFile is the value of. Empty is Authorization.
	SecretHeader string `json:"secretHeader,omitempty"`
	// Items is the path of the item, or of the list of items, in an answer. Empty is the answer itself.
	Items string `json:"items,omitempty"`
	// Variants is the path of the variants in an item; the paths of Fields then begin with product or variant. Empty takes an item as one variant.
	Variants string `json:"variants,omitempty"`
	// Fields are the paths in an item of the fields of a catalogue file and of currency. After = stands a constant in JSON. A field that is not
	// named here has the path of its own name; empty is none.
	Fields map[string]string `json:"fields,omitempty"`
	// PriceUnit is "major" for prices that are text such as "110.00", or "minor" for whole numbers of minor units. Empty is major.
	PriceUnit string `json:"priceUnit,omitempty"`
	// Timeout bounds a lookup. Empty is 2s.
	Timeout string `json:"timeout,omitempty"`
	// Fresh is how long an answer counts as new. Empty is 30s.
	Fresh string `json:"fresh,omitempty"`
	// Stale is how long beyond Fresh an answer is used, while it is fetched again. Empty is 10m.
	Stale string `json:"stale,omitempty"`
	// Absent is how long it is remembered that the service does not have an item. Empty is 5s.
	Absent string `json:"absent,omitempty"`
	// MaxBytes is the most bytes that an answer can have. 0 is 1048576.
	MaxBytes int64 `json:"maxBytes,omitempty"`
	// MaxItems is the most identifiers whose items are kept. 0 is 10000.
	MaxItems int `json:"maxItems,omitempty"`
}

// Customers says how customer tokens are verified. At most one of SecretFile, PublicKeyFile and JWKSURL is set; with none
// of them, and no Header, nobody can be signed in.
type Customers struct {
	// SecretFile is the path of a file that holds the secret of HS256, HS384 or HS512 tokens: 32 bytes or more.
	SecretFile string `json:"secretFile,omitempty"`
	// PublicKeyFile is the path of a PEM file with the public key of RS*, PS*, ES* or EdDSA tokens.
	PublicKeyFile string `json:"publicKeyFile,omitempty"`
	// JWKSURL is the address of a JSON Web Key Set.
	JWKSURL string `json:"jwksURL,omitempty"`
	// Algorithms are the signature algorithms that are accepted. Empty accepts those that fit the key.
	Algorithms []string `json:"algorithms,omitempty"`
	// Issuer is what the claim iss must be. Empty accepts any.
	Issuer string `json:"issuer,omitempty"`
	// Audience lists the values of which the claim aud must hold one. Empty accepts any.
	Audience []string `json:"audience,omitempty"`
	// Leeway is by how much clocks may differ when exp, nbf and iat are judged.
	Leeway string `json:"leeway,omitempty"`
	// Claim is the path of the claim that holds the customer id.
	Claim string `json:"claim,omitempty"`
	// ExpiryOptional accepts tokens without the claim exp, which never end.
	ExpiryOptional bool `json:"expiryOptional,omitempty"`
	// PhoneVerifiedClaim is the path of a claim that is true where the customer's phone number is verified. Empty reads
	// phone_verified, and takes a token without it as verified.
	PhoneVerifiedClaim string `json:"phoneVerifiedClaim,omitempty"`
	// Header names a request header that holds the customer id, set by an earlier Traefik middleware such as ForwardAuth.
	// That middleware must remove the header from what clients send. Empty trusts no header.
	Header string `json:"header,omitempty"`
}

// Sessions is a lookup for the opaque sessions of the agent and itemkey dialects.
type Sessions struct {
	// URL is asked with GET for a session that stands in place of {session}. It answers 200 with {"customer":"<id>"} or {}, or 404.
	URL string `json:"url,omitempty"`
	// Timeout bounds a lookup.
	Timeout string `json:"timeout,omitempty"`
}

// Dialect is how one dialect is served.
type Dialect struct {
	// Disabled switches the dialect off: its paths go to the next handler.
	Disabled bool `json:"disabled,omitempty"`
	// Prefix stands before every path of the dialect, for instance "/legacy". Empty is none.
	Prefix string `json:"prefix,omitempty"`
	// Hosts are the host names on which the dialect is served. Empty is every host.
	Hosts []string `json:"hosts,omitempty"`
	// Options are the dialect's own settings; its page in docs/dialects lists them.
	Options map[string]string `json:"options,omitempty"`
}

// Answers is how the answers of one dialect that say no error are changed.
type Answers struct {
	// Set puts values at paths: {cart.id}, {cart.version}, {count}, {currency}, {decimals}, {tenant}, {total}, {total.text} or {units}, or
	// after = a constant in JSON.
	Set map[string]string `json:"set,omitempty"`
	// Remove takes away what stands at paths.
	Remove []string `json:"remove,omitempty"`
}

// Limits bound carts and requests.
type Limits struct {
	// MaxLines is the most lines that a cart can have.
	MaxLines int64 `json:"maxLines,omitempty"`
	// MaxUnits is the most units that a cart can have in all lines together. 0 is no bound.
	MaxUnits int64 `json:"maxUnits,omitempty"`
	// MaxQuantityPerLine is the most units of one item that a cart can have.
	MaxQuantityPerLine int64 `json:"maxQuantityPerLine,omitempty"`
	// MaxBodyBytes is the most bytes that a request body can have.
	MaxBodyBytes int64 `json:"maxBodyBytes,omitempty"`
	// CheckoutLock is how long a checkout holds a cart, which can be read then but not changed. It opens again by itself.
	CheckoutLock string `json:"checkoutLock,omitempty"`
	// RequestsPerMinute is how many requests a minute one customer or guest can make in the long run. 0 is no limit.
	RequestsPerMinute int64 `json:"requestsPerMinute,omitempty"`
	// Burst is how many requests one customer or guest can make at once after a pause. 0 is as many as RequestsPerMinute.
	Burst int64 `json:"burst,omitempty"`
	// TenantRequestsPerMinute is how many requests a minute all callers of one tenant together can make in the long run.
	// 0 is no limit.
	TenantRequestsPerMinute int64 `json:"tenantRequestsPerMinute,omitempty"`
	// TenantBurst is how many requests all callers of one tenant together can make at once after a pause. 0 is as many as
	// TenantRequestsPerMinute.
	TenantBurst int64 `json:"tenantBurst,omitempty"`
}

// Backend is a cart service behind the router, where there is one. What it answers of titles, prices, quantities and totals counts.
type Backend struct {
	// Kind is "ucp" for a cart service of the Universal Commerce Protocol that is the service of the router. Empty is none: the
	// router's service is asked nothing about carts.
	Kind string `json:"kind,omitempty"`
	// Profile is the https URL of the profile that the service knows us by (UCP-Agent).
	Profile string `json:"profile,omitempty"`
	// Path stands before the paths of the protocol, for instance "/ucp". Empty is none.
	Path string `json:"path,omitempty"`
	// ItemID is what the service calls an item by: "sku" or "variantId" of the catalogue. Empty is variantId, and the SKU
	// where an item has none.
	ItemID string `json:"itemId,omitempty"`
	// Headers are sent with every request to the service.
	Headers map[string]string `json:"headers,omitempty"`
	// SecretFile is the path of a file that holds the value of SecretHeader, for instance "Bearer …". It is read at the start. Empty is none.
	SecretFile string `json:"secretFile,omitempty"`
	// SecretHeader is the header that SecretFile is the value of. Empty is Authorization.
	SecretHeader string `json:"secretHeader,omitempty"`
	// Timeout bounds one request to the service.
	Timeout string `json:"timeout,omitempty"`
	// LookAgain is how old what we saw of a cart may be for a change to replace it. "0s" looks before every change. A service that
	// answers with ETag need not be looked at.
	LookAgain string `json:"lookAgain,omitempty"`
	// MaxBytes is the most bytes that an answer of the service can have.
	MaxBytes int64 `json:"maxBytes,omitempty"`
}

// Store says where carts are kept, and for how long.
type Store struct {
	// Kind is "file" for the log in a data folder, "redis" for a store that any number of Traefiks share (docs/replicas.md), or
	// "memory" for a trial whose carts end with Traefik.
	Kind string `json:"kind,omitempty"`
	// Folder is the data folder. Only one Traefik process can use it at a time.
	Folder string `json:"folder,omitempty"`
	// Sync says when a write is safe from a power failure: "always" before the answer, "interval" within SyncEvery, "os"
	// when the operating system writes it. A crash of Traefik alone loses nothing with any of them.
	Sync string `json:"sync,omitempty"`
	// SyncEvery is the longest time between two syncs where Sync is "interval".
	SyncEvery string `json:"syncEvery,omitempty"`
	// CustomerLife is how long a customer's cart is kept after its last change.
	CustomerLife string `json:"customerLife,omitempty"`
	// GuestLife is how long a guest's cart is kept after its last change.
	GuestLife string `json:"guestLife,omitempty"`
	// EmptyLife is how long a guest's cart without lines is kept after its last change.
	EmptyLife string `json:"emptyLife,omitempty"`
	// Redis says where the carts are where Kind is "redis".
	Redis Redis `json:"redis,omitempty"`
}

// Redis is a Redis or Valkey server, cluster or group with sentinels. It must keep what it is given: maxmemory-policy noeviction.
type Redis struct {
	// Addresses are host:port of the server, of some nodes of the cluster, or of the sentinels.
	Addresses []string `json:"addresses,omitempty"`
	// Cluster says that the addresses are nodes of a cluster. The others are found from them.
	Cluster bool `json:"cluster,omitempty"`
	// Master is the name by which sentinels know the server. Where it is set, the addresses are those of sentinels.
	Master string `json:"master,omitempty"`
	// Username is the ACL user. Empty is the default user.
	Username string `json:"username,omitempty"`
	// PasswordFile is the path of a file that holds the password. It is read again at every new connection, so that the password
	// can be changed without a restart. Empty is none. A password itself is never configured.
	PasswordFile string `json:"passwordFile,omitempty"`
	// Database is the number of the database. A cluster has only 0.
	Database int `json:"database,omitempty"`
	// TLS says how connections are encrypted.
	TLS RedisTLS `json:"tls,omitempty"`
	// Prefix stands before every key. Shops that share a server and no carts have different ones. Neither braces nor blanks are in it.
	Prefix string `json:"prefix,omitempty"`
	// Timeout is how long a request waits for the server in all, and then is answered 503.
	Timeout string `json:"timeout,omitempty"`
	// PoolSize is the most connections to one server.
	PoolSize int `json:"poolSize,omitempty"`
	// Wait is how many replicas must have a change before it is answered (the command WAIT). 0 waits for none: what the server
	// has not yet copied is lost when it is lost.
	Wait int `json:"wait,omitempty"`
}

// RedisTLS is how connections to Redis are encrypted. The server's certificate is always verified.
type RedisTLS struct {
	// Enabled encrypts connections.
	Enabled bool `json:"enabled,omitempty"`
	// CAFile is the path of a PEM file with the certificates that sign the server's. Empty trusts those of the system.
	CAFile string `json:"caFile,omitempty"`
	// CertFile is the path of a PEM file with our certificate, for a server that wants one.
	CertFile string `json:"certFile,omitempty"`
	// KeyFile is the path of a PEM file with the key of CertFile.
	KeyFile string `json:"keyFile,omitempty"`
	// ServerName is the name that must be in the server's certificate. Empty is the host of the address.
	ServerName string `json:"serverName,omitempty"`
}

// Cache bounds the carts held in memory. Both bounds hold; a cart that leaves the cache stays in the store.
type Cache struct {
	// Carts is the most carts in memory.
	Carts int `json:"carts,omitempty"`
	// Bytes is the most bytes that the carts in memory may take, as estimated.
	Bytes int64 `json:"bytes,omitempty"`
	// AnswerBytes is the most bytes that printed answers to reads may take, which are sent again while the cart and the
	// catalogue stay the same. 0 keeps none.
	AnswerBytes int64 `json:"answerBytes,omitempty"`
}

// Outbox bounds the deliveries of events to webhooks.
type Outbox struct {
	// Attempts is how often a delivery is tried before it becomes a dead letter.
	Attempts int64 `json:"attempts,omitempty"`
	// FirstRetry is how long after the first attempt the second follows. Each further one waits twice as long.
	FirstRetry string `json:"firstRetry,omitempty"`
	// LongestRetry is the longest wait between two attempts.
	LongestRetry string `json:"longestRetry,omitempty"`
	// LongestAge is the age at which an event that was not delivered becomes a dead letter.
	LongestAge string `json:"longestAge,omitempty"`
	// Timeout is how long a receiver has for its answer.
	Timeout string `json:"timeout,omitempty"`
	// PerCart is the most events that wait in one cart. Beyond it the oldest become dead letters.
	PerCart int64 `json:"perCart,omitempty"`
	// DeadLetters is the most dead letters that are kept. Beyond it the oldest are dropped. 0 keeps none.
	DeadLetters int64 `json:"deadLetters,omitempty"`
	// DeadLetterLife is how long a dead letter is kept.
	DeadLetterLife string `json:"deadLetterLife,omitempty"`
}

// Log says what is logged. Lines are JSON on standard output; they hold no tokens and no customer ids.
type Log struct {
	// Level is the least level that is logged: "debug", "info", "warn" or "error". Refused requests are at info.
	Level string `json:"level,omitempty"`
}

// CreateConfig answers the defaults. Traefik lays the operator's configuration over them.
func CreateConfig() *Config {
	return &Config{
		Limits: Limits{MaxLines: 500, MaxQuantityPerLine: 10000, MaxBodyBytes: 256 << 10, CheckoutLock: "15m"},
		Store: Store{
			Kind: "file", Folder: "polycart-data", Sync: "always", SyncEvery: "1s",
			CustomerLife: "8760h", GuestLife: "720h", EmptyLife: "24h",
			Redis: Redis{Prefix: "polycart:", Timeout: "2s", PoolSize: 16},
		},
		Backend: Backend{Timeout: "2s", LookAgain: "1s", MaxBytes: 1 << 20},
		Cache:   Cache{Carts: 100000, Bytes: 256 << 20, AnswerBytes: 64 << 20},
		Outbox: Outbox{
			Attempts: 12, FirstRetry: "5s", LongestRetry: "1h", LongestAge: "72h", Timeout: "30s", PerCart: 256, DeadLetters: 10000,
			DeadLetterLife: "720h",
		},
		Log: Log{Level: "info"},
	}
}
