package adapters

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/polycart/polycart/cartcore"
)

// fabric is the fabric XM v1 cart API: carts addressed by a 24 character _id, lines by a small number.
// Source: seed 004; paths from facts/fabric-cart.md §2, operations 1 to 8; the others go to the next handler.
func fabric() *Adapter {
	return &Adapter{Name: "fabric", Fail: fabricFail, Show: fabricShow, Guest: fabricGuest, Routes: []Route{
		{"POST /api-cart/cart/item", "add", JSONBody, fabricAdd, fabricCart},
		{"GET /api-cart/cart", "read", NoBody, fabricRead, fabricCart},
		{"PATCH /api-cart/cart/{cartId}/items", "set", JSONBody, fabricSet, fabricCart},
		{"PATCH /api-cart/cart/{cartId}/item/{lineItemId}", "remove", NoBody, fabricRemove, fabricCart},
		{"PATCH /api-cart/cart/{cartId}/empty", "clear", NoBody, fabricClear, fabricCart},
		{"PATCH /api-cart/cart/merge", "merge", OptionalBody, fabricMerge, fabricCart},
		{"DELETE /api-cart/cart/{cartId}", "close", OptionalBody, fabricClose, fabricCart},
		{"PATCH /api-cart/cart/{cartId}/orderNumber", "close", OptionalBody, fabricClose, fabricCart},
	}, Options: []Option{
		{Name: "forbiddenStatus", Default: "500", Allowed: []string{"500", "403"}, Doc: "The status that answers a wrong account in x-site-context. The XM page says 500, the later pages 403."},
		{Name: "priceListId", Default: "100000", Doc: "The price list of an item whose attributes name none; errors name it where the request names none."},
	}}
}

// fabricGuest makes a cart _id for a guest: 24 hexadecimal digits, 96 random bits.
func fabricGuest(entropy string) string { return entropy[:24] }

// fabricCaller reads off the headers and the query who asks: x-site-context names the account, a token the user.
// No cart is named yet.
func fabricCaller(call *Call) *cartcore.Error {
	call.Credentials = &cartcore.Credentials{TenantBy: cartcore.TenantByAccount, Token: fabricToken(call, ""), Need: cartcore.NeedAnyone}
	sent := fabricUndated.ReplaceAllString(call.Request.Header.Get("X-Site-Context"), `"date":""`)
	fabricSites.mu.Lock()
	account := fabricSites.accounts[sent]
	fabricSites.mu.Unlock()
	if account != "" {
		call.Credentials.Tenant = account
		return nil
	}
	return fabricStranger(call, sent)
}

// fabricStranger is fabricCaller for an x-site-context that was not read lately.
func fabricStranger(call *Call, undated string) *cartcore.Error {
	site, err := fabricSite(call)
	if err != nil {
		return err
	}
	account, problem := text(site, "account")
	if problem != nil {
		return nil
	}
	call.Credentials.Tenant = account
	if len(undated) > maxSiteBytes {
		return nil
	}
	fabricSites.mu.Lock()
	defer fabricSites.mu.Unlock()
	if len(fabricSites.accounts) >= maxSites {
		fabricSites.accounts = map[string]string{}
	}
	fabricSites.accounts[undated] = account
	return nil
}

// sitesRead are the accounts that texts of x-site-context name which were read lately: a storefront sends the same with every request
// but for the time, and reading it costs more than all else that a read decodes.
type sitesRead struct {
	mu       sync.Mutex
	accounts map[string]string // by the text without its time; only of texts that are as they must be
}

var fabricSites = &sitesRead{accounts: map[string]string{}}

const (
	maxSites     = 256 // which take some 100 kB
	maxSiteBytes = 512 // four times the published example
)

// fabricUndated finds the time in an x-site-context. Whatever the digits of one are, the rest reads the same: they stand between the
// quotes of a string, or the text is no JSON.
var fabricUndated = regexp.MustCompile(`"date":"[0-9TZ:.+-]*"`)

// fabricToken is the user's token. It stands bare or as Bearer in Authorization, or as userAuthToken in the body or the
// query; a storefront sends "null" there for a guest (facts/fabric-cart.md §3.4).
func fabricToken(call *Call, bodyToken string) string {
	sent := call.Request.Header.Get("Authorization")
	if token := bearer(sent); token != "" && !fabricBlank(token) {
		return token
	}
	return fabricOtherToken(call, sent, bodyToken)
}

// fabricOtherToken is a token that does not stand as Bearer in Authorization.
func fabricOtherToken(call *Call, sent, bodyToken string) string {
	token := sent
	if fabricBlank(token) || bearer(token) != "" { // what stood there as Bearer was blank
		token = bodyToken
	}
	if fabricBlank(token) {
		token = call.Request.URL.Query().Get("userAuthToken")
	}
	if fabricBlank(token) {
		return ""
	}
	return token
}

// fabricBlank tells what JavaScript makes of a value that is not there.
func fabricBlank(sent string) bool { return sent == "" || sent == "null" || sent == "undefined" }

// accountUnquoted finds the misprint of the published header, {"account": 5f493c9f30ec2a0007a94fc8", …}.
var accountUnquoted = regexp.MustCompile(`"account"\s*:\s*([0-9A-Za-z]+")`)

// fabricSite reads x-site-context.
func fabricSite(call *Call) (map[string]rawJSON, *cartcore.Error) {
	site, err := members([]byte(call.Request.Header.Get("X-Site-Context")))
	if err != nil {
		return fabricMisprinted(call)
	}
	return site, nil
}

// fabricMisprinted reads an x-site-context that a client copied from the page, which prints the account without its opening
// quote; any other that is no JSON object is refused.
func fabricMisprinted(call *Call) (map[string]rawJSON, *cartcore.Error) {
	sent := call.Request.Header.Get("X-Site-Context")
	site, err := members([]byte(accountUnquoted.ReplaceAllString(sent, `"account":"$1`)))
	if err != nil {
		unreadable := cartcore.FieldError{Field: "x-site-context", Problem: cartcore.ProblemNotObject}
		return nil, &cartcore.Error{Kind: cartcore.KindMalformed, Fields: []cartcore.FieldError{unreadable}}
	}
	return site, nil
}

// fabricCartNamed says which cart is asked for. Beside a token the id must be that of the user's own cart; a guest's cart
// is merged into it by the merge operation only.
func fabricCartNamed(call *Call, cartID string) {
	call.Credentials.Need = cartcore.NeedCart
	call.Credentials.Cart = cartID
	if call.Credentials.Token == "" {
		call.Credentials.Guest = cartID
	}
}

// fabricBody reads the body and the token that may stand in it.
func fabricBody(call *Call) (map[string]rawJSON, *cartcore.Error) {
	found, err := bodyMembers(call)
	if err != nil {
		return nil, err
	}
	token, problem := fabricNullable(found, "userAuthToken")
	if problem != nil {
		return nil, cartcore.RefuseField(*problem)
	}
	call.Credentials.Token = fabricToken(call, token)
	return found, nil
}

func fabricAdd(call *Call) *cartcore.Error {
	if err := fabricCaller(call); err != nil {
		return err
	}
	found, err := fabricBody(call)
	if err != nil {
		return err
	}
	cartID, problem := fabricNullable(found, "cartId")
	if problem != nil {
		return cartcore.RefuseField(*problem)
	}
	if cartID != "" {
		fabricCartNamed(call, cartID)
	}
	return fabricItems(call, found, &cartcore.Command{Verb: cartcore.Add, Short: cartcore.ShortRefuses}, 1)
}

func fabricRead(call *Call) *cartcore.Error {
	if err := fabricCaller(call); err != nil {
		return err
	}
	fabricCartNamed(call, call.Request.URL.Query().Get("cartId"))
	call.Command = &cartcore.Command{NeedsCart: true}
	return nil
}

func fabricSet(call *Call) *cartcore.Error {
	if err := fabricCaller(call); err != nil {
		return err
	}
	found, err := fabricBody(call)
	if err != nil {
		return err
	}
	fabricCartNamed(call, pathText(call, "cartId"))
	command := &cartcore.Command{Verb: cartcore.Set, Short: cartcore.ShortCapsToEmpty, Gone: cartcore.GoneDrops, NeedsCart: true}
	return fabricItems(call, found, command, 0)
}

func fabricRemove(call *Call) *cartcore.Error {
	sent := pathText(call, "lineItemId")
	number, err := strconv.ParseInt(sent, 10, 64)
	if err != nil || number < 1 {
		number = cartcore.MaxInteger // a line that no cart has
	}
	asks := []*cartcore.Ask{{LineNumber: number, Named: sent}}
	call.Command = &cartcore.Command{Verb: cartcore.Remove, Asks: asks, NeedsCart: true, NeedsLines: true}
	if err := fabricCaller(call); err != nil {
		return err
	}
	fabricCartNamed(call, pathText(call, "cartId"))
	return nil
}

func fabricClear(call *Call) *cartcore.Error {
	call.Command = &cartcore.Command{Verb: cartcore.Clear, NeedsCart: true}
	if err := fabricCaller(call); err != nil {
		return err
	}
	fabricCartNamed(call, pathText(call, "cartId"))
	return nil
}

// fabricItems reads the items of a body into the asks of a command. lowest is the smallest quantity allowed.
func fabricItems(call *Call, found map[string]rawJSON, command *cartcore.Command, lowest int64) *cartcore.Error {
	entries, problem := array(found, "items", call.Limits.MaxLines)
	if problem != nil {
		if problem.Problem == cartcore.ProblemTooLong {
			return &cartcore.Error{Kind: cartcore.KindTooManyLines, Limit: problem.Limit}
		}
		return cartcore.RefuseField(*problem)
	}
	for i := range entries {
		ask, err := fabricAsk(call, entries[i], command.Verb, lowest)
		if err != nil {
			for j := range err.Fields {
				err.Fields[j].Field = strings.TrimSuffix("items["+strconv.Itoa(i)+"]."+err.Fields[j].Field, ".")
			}
			return err
		}
		command.Asks = append(command.Asks, ask)
	}
	call.Command = command
	return nil
}

// fabricAsk reads an item. An update names the line by lineItemId; an itemId beside it must be that of the line.
func fabricAsk(call *Call, entry rawJSON, verb cartcore.Verb, lowest int64) (*cartcore.Ask, *cartcore.Error) {
	found := inner(entry)
	if found == nil {
		return nil, notObject(entry)
	}
	ask := &cartcore.Ask{Named: string(found["itemId"])}
	all := make([]*cartcore.FieldError, 6)
	ask.Quantity, all[0] = integer(found, "quantity", lowest, call.Limits.MaxQuantityPerLine)
	_, byLine := found["lineItemId"]
	byLine = byLine && verb == cartcore.Set
	if byLine {
		ask.LineNumber, all[1] = integer(found, "lineItemId", 1, cartcore.MaxInteger)
		ask.Named = string(found["lineItemId"])
	}
	if raw := string(found["itemId"]); !byLine || (raw != "" && raw != "null") {
		ask.Item.NumericID, all[2] = integer(found, "itemId", 1, cartcore.MaxInteger)
	}
	ask.Groups, all[3] = fabricGroups(found)
	ask.PriceSeen, all[4] = fabricPrice(found)
	if verb == cartcore.Add {
		list := cartcore.Attribute{Name: "priceListId", Default: call.Options["priceListId"]}
		list.Value, all[5] = fabricPriceList(found)
		ask.Attributes = []cartcore.Attribute{list, {Name: "weight"}, {Name: "taxCode"}}
	}
	problems := []cartcore.FieldError{}
	for i := range all {
		if all[i] != nil {
			problems = append(problems, *all[i])
		}
	}
	if len(problems) > 0 {
		return ask, &cartcore.Error{Kind: cartcore.KindInvalid, Fields: problems}
	}
	return ask, nil
}

// fabricPriceList reads the price list that an item is asked from, as JSON text; empty where the request names none.
func fabricPriceList(found map[string]rawJSON) (string, *cartcore.FieldError) {
	raw, given := found["priceListId"]
	if !given || string(raw) == "null" {
		return "", nil
	}
	number, problem := integer(found, "priceListId", 1, cartcore.MaxInteger)
	return strconv.FormatInt(number, 10), problem
}

// maxGroups bounds the grouping ids of a line, which are kept and printed with every answer; the published example has one.
const maxGroups = 20

func fabricGroups(found map[string]rawJSON) ([]string, *cartcore.FieldError) {
	raw, given := found["group"]
	if !given || string(raw) == "null" || string(raw) == "[]" {
		return nil, nil
	}
	entries, problem := array(found, "group", maxGroups)
	if problem != nil {
		return nil, problem
	}
	groups := []string{}
	for i := range entries {
		group, problem := text(map[string]rawJSON{"group": entries[i]}, "group")
		if problem != nil {
			return nil, problem
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// fabricPrice reads the unit price that the client believes: the sale price, or where that is 0 or none the base price.
// It is empty where the client sends none.
func fabricPrice(found map[string]rawJSON) (string, *cartcore.FieldError) {
	raw, given := found["price"]
	if !given || string(raw) == "null" {
		return "", nil
	}
	price := inner(raw)
	if price == nil {
		return "", &cartcore.FieldError{Field: "price", Problem: cartcore.ProblemNotObject, Value: shown(raw)}
	}
	if sale := string(price["sale"]); strings.Trim(sale, "0.") != "" && sale != "null" && sale != "false" {
		return sale, nil
	}
	if base := string(price["base"]); base != "null" {
		return base, nil
	}
	return "", nil
}

// fabricNullable reads a string that may be missing, null or empty. What is wrong is told without the value, which may
// name somebody's cart or be a token.
func fabricNullable(found map[string]rawJSON, name string) (string, *cartcore.FieldError) {
	value, problem := text(found, name)
	if problem != nil && (problem.Problem == cartcore.ProblemMissing || problem.Problem == cartcore.ProblemNull || problem.Problem == cartcore.ProblemBlank) {
		return "", nil
	}
	if problem != nil {
		problem.Value = ""
	}
	return value, problem
}

// The cart as the seed prints it.
type fabricPrinted struct {
	ID               string       `json:"_id"`
	Deleted          bool         `json:"deleted"`
	RegisteredUser   bool         `json:"registeredUser"`
	CartID           int64        `json:"cartId"`
	Items            []fabricLine `json:"items"`
	UserID           string       `json:"userId,omitempty"`
	AllPromosApplied []string     `json:"allPromosApplied"`
	Attributes       []string     `json:"attributes"`
	CreatedAt        string       `json:"createdAt"`
	UpdatedAt        string       `json:"updatedAt"`
	V                int64        `json:"__v"`
	TotalAmount      fabricAmount `json:"totalAmount"`
	Quantity         int64        `json:"quantity"`
	Errors           fabricErrors `json:"errors"`
}

type fabricLine struct {
	Price               fabricUnitPrice `json:"price"`
	Sample              bool            `json:"sample"`
	DiscountedQuantity  int64           `json:"discountedQuantity"`
	Group               []string        `json:"group"`
	WeightUnit          rawJSON         `json:"weightUnit"`
	IsPickup            bool            `json:"isPickup"`
	CreatedAt           string          `json:"createdAt"`
	UpdatedAt           string          `json:"updatedAt"`
	ID                  string          `json:"_id"`
	ItemID              int64           `json:"itemId"`
	Quantity            int64           `json:"quantity"`
	PriceListID         rawJSON         `json:"priceListId"`
	SKU                 string          `json:"sku"`
	TaxCode             rawJSON         `json:"taxCode"`
	Title               string          `json:"title"`
	Weight              rawJSON         `json:"weight"`
	LineItemID          int64           `json:"lineItemId"`
	AttributeTotalPrice int64           `json:"attributeTotalPrice"`
	TotalPrice          fabricAmount    `json:"totalPrice"`
	Attributes          []string        `json:"attributes"`
	AlsoID              string          `json:"id"`
}

type fabricUnitPrice struct {
	Discount fabricDiscount `json:"discount"`
	Sale     json.Number    `json:"sale"`
	Base     json.Number    `json:"base"`
	Currency string         `json:"currency"`
}

type fabricDiscount struct {
	DiscountAmount int64    `json:"discountAmount"`
	Price          int64    `json:"price"`
	PromosApplied  []string `json:"promosApplied"`
}

type fabricAmount struct {
	Currency string      `json:"currency"`
	Amount   json.Number `json:"amount"`
}

type fabricErrors struct {
	Inventory []fabricShort   `json:"inventory"`
	Price     []fabricPriceOf `json:"price"`
	Promo     []string        `json:"promo"`
}

type fabricShort struct {
	ItemID     int64 `json:"itemId"`
	LineItemID int64 `json:"lineItemId"`
	Requested  int64 `json:"requested"`
	Available  int64 `json:"available"`
}

type fabricPriceOf struct {
	ID            string        `json:"_id"`
	IsSoftDeleted bool          `json:"isSoftDeleted"`
	PriceListID   rawJSON       `json:"priceListId"`
	ItemID        int64         `json:"itemId"`
	Offers        []fabricOffer `json:"offers"`
}

type fabricOffer struct {
	Price     fabricOfferPrice `json:"price"`
	ID        string           `json:"_id"`
	Kind      *string          `json:"kind"`
	Channel   rawJSON          `json:"channel"`
	StartDate string           `json:"startDate"`
	EndDate   string           `json:"endDate"`
	OfferCode int64            `json:"offerCode"`
	Range     []string         `json:"range"`
}

type fabricOfferPrice struct {
	Sale     json.Number    `json:"sale"`
	Cost     json.Number    `json:"cost"`
	Currency string         `json:"currency"`
	Base     json.Number    `json:"base"`
	Discount fabricDiscount `json:"discount"`
}

func fabricCart(call *Call, seen *Seen) *Answer {
	view := seen.View
	cart := view.Cart
	body := fabricPrinted{
		ID: seen.Caller.Guest, Deleted: cart.Order != "", RegisteredUser: seen.Caller.Customer != "", CartID: fabricNumber(cart.ID),
		Items: make([]fabricLine, 0, len(view.Lines)), UserID: seen.Caller.Customer, AllPromosApplied: []string{}, Attributes: []string{},
		CreatedAt: fabricTime(cart.Created), UpdatedAt: fabricTime(cart.Updated),
		TotalAmount: fabricAmount{Amount: major(view.Subtotal, view.Decimals)}, Quantity: view.Units,
		Errors: fabricErrors{Inventory: []fabricShort{}, Price: []fabricPriceOf{}, Promo: []string{}},
	}
	if body.RegisteredUser {
		body.ID = cartcore.ShortID(cart.ID)
	}
	if len(view.Lines) > 0 { // an emptied cart has no currency (facts §4)
		body.TotalAmount.Currency = cart.Currency
	}
	for i := range view.Lines {
		body.Items = append(body.Items, fabricLineOf(call, cart.Currency, view.Lines[i], view.Decimals))
	}
	for i := range seen.Outcome.Results {
		fabricTell(call, &body.Errors, seen.Outcome.Results[i], view)
	}
	return printed(200, body)
}

// fabricShow prints what the read route answers; that refuses where no cart was ever saved.
func fabricShow(call *Call, seen *Seen) *Answer {
	if cartcore.Edition(seen.View.Cart) == 0 {
		return nil
	}
	return fabricCart(call, seen)
}

func fabricLineOf(call *Call, currency string, priced *cartcore.PricedLine, decimals int) fabricLine {
	line, item := priced.Line, priced.Item
	id := cartcore.ShortID(line.ID)
	base, sale := fabricPrices(item, decimals)
	groups := line.Groups
	if groups == nil {
		groups = []string{}
	}
	return fabricLine{
		Price: fabricUnitPrice{fabricDiscount{PromosApplied: []string{}}, sale, base, currency},
		Group: groups, WeightUnit: fabricAttribute(item, "weightUnit", `"lb"`), CreatedAt: fabricTime(line.Added), UpdatedAt: fabricTime(line.Updated),
		ID: id, ItemID: item.NumericID, Quantity: line.Quantity, PriceListID: fabricAttribute(item, "priceListId", call.Options["priceListId"]),
		SKU: item.SKU, TaxCode: fabricAttribute(item, "taxCode", `""`), Title: item.Title, Weight: fabricAttribute(item, "weight", "0"),
		LineItemID: line.Number, TotalPrice: fabricAmount{currency, major(priced.Total, decimals)}, Attributes: []string{}, AlsoID: id,
	}
}

// fabricPrices are the base price and the sale price, which is 0 where there is no offer, as in the seed.
func fabricPrices(item *cartcore.Item, decimals int) (base, sale json.Number) {
	if item.OriginalPrice == item.Price {
		return major(item.Price, decimals), "0"
	}
	return major(item.OriginalPrice, decimals), major(item.Price, decimals)
}

func fabricAttribute(item *cartcore.Item, name, fallback string) rawJSON {
	value := item.Attributes[name]
	if value == "" {
		value = fallback
	}
	return rawJSON(value)
}

// fabricTell adds what a success must still tell: stock that cut a quantity, and a price that the client had wrong.
func fabricTell(call *Call, errors *fabricErrors, result *cartcore.Result, view *cartcore.View) {
	item := result.Item
	if result.Why != cartcore.WhyPlain && result.Why != cartcore.WhyRemoved {
		fabricTellShort(errors, result)
	}
	if item == nil || result.Ask.PriceSeen == "" {
		return
	}
	if minor, ok := cartcore.ParseMajor(result.Ask.PriceSeen, view.Decimals); ok && minor == item.Price {
		return
	}
	base, sale := fabricPrices(item, view.Decimals)
	errors.Price = append(errors.Price, fabricPriceDocument(call, item, base, sale, view.Cart.Currency))
}

// fabricTellShort tells of an item of which less could be had. After a merge there may be no line of it, and what left the
// catalogue has no number to tell it by.
func fabricTellShort(errors *fabricErrors, result *cartcore.Result) {
	short := fabricShort{ItemID: result.Ask.Item.NumericID, Requested: result.Ask.Quantity, Available: result.Available}
	if result.Item != nil {
		short.ItemID = result.Item.NumericID
	}
	if result.Line != nil {
		short.LineItemID = result.Line.Number
	}
	if result.Requested > 0 { // 0 is said of a line that went with its item
		short.Requested = result.Requested
	}
	if result.Why == cartcore.WhyLimited {
		short.Available = result.Granted
	}
	if short.ItemID != 0 {
		errors.Inventory = append(errors.Inventory, short)
	}
}

// fabricOfferFacts is what the catalogue's attribute priceDocument may say of an item's price; ids that it lacks are made of the SKU.
type fabricOfferFacts struct {
	ID        string      `json:"_id"`
	OfferID   string      `json:"offerId"`
	Cost      json.Number `json:"cost"`
	OfferCode int64       `json:"offerCode"`
	StartDate string      `json:"startDate"`
	EndDate   string      `json:"endDate"`
}

func fabricPriceDocument(call *Call, item *cartcore.Item, base, sale json.Number, currency string) fabricPriceOf {
	facts := fabricOfferFacts{
		ID: fabricDigest("price", item.SKU), OfferID: fabricDigest("offer", item.SKU), Cost: "0",
		StartDate: "1970-01-01T00:00:00.000Z", EndDate: "2100-01-01T07:59:00.000Z",
	}
	if raw := item.Attributes["priceDocument"]; raw != "" {
		// What does not fit keeps its default: a price document is information beside the cart, never its price.
		_ = json.Unmarshal([]byte(raw), &facts)
	}
	channel := rawJSON("12") // the channel of the published examples
	if site, err := fabricSite(call); err == nil {
		if number, problem := integer(site, "channel", 0, cartcore.MaxInteger); problem == nil {
			channel = rawJSON(strconv.FormatInt(number, 10))
		}
	}
	price := fabricOfferPrice{sale, facts.Cost, currency, base, fabricDiscount{PromosApplied: []string{}}}
	offer := fabricOffer{
		Price: price, ID: facts.OfferID, Channel: channel, StartDate: facts.StartDate, EndDate: facts.EndDate,
		OfferCode: facts.OfferCode, Range: []string{},
	}
	return fabricPriceOf{
		ID: facts.ID, PriceListID: fabricAttribute(item, "priceListId", call.Options["priceListId"]),
		ItemID: item.NumericID, Offers: []fabricOffer{offer},
	}
}

// fabricDigest makes 24 hexadecimal digits of a name.
func fabricDigest(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "/" + name))
	return hex.EncodeToString(sum[:12])
}

// fabricNumber is the cart's running number: positive, and the same for the life of the cart. It is made of a digest, so
// that it tells nothing of the id.
func fabricNumber(id string) int64 {
	sum := sha256.Sum256([]byte("number/" + id))
	return int64(binary.BigEndian.Uint32(sum[:4])>>1) + 1
}

// fabricTime prints Unix milliseconds as the seed does.
func fabricTime(milliseconds int64) string {
	return time.UnixMilli(milliseconds).UTC().Format("2006-01-02T15:04:05.000Z")
}

// fabricRefusals is the dialect's one table from kind to answer. The seed has the codes of KindItemUnknown, KindItemIncomplete,
// KindOutOfStock, KindBadToken and the bare KindTenantUnknown; the rest is decided (docs/dialects/fabric.md).
var fabricRefusals = map[cartcore.Kind]refusal{
	cartcore.KindUnsupportedMedia: {415, "UNSUPPORTED_MEDIA_TYPE", "Request body must be JSON in UTF-8, not compressed, with Content-Type application/json"},
	cartcore.KindTooLarge:         {413, "PAYLOAD_TOO_LARGE", "Request body is too large"},
	cartcore.KindMalformed:        {400, "BAD_REQUEST", "Request body is not valid JSON"},
	cartcore.KindInvalid:          {400, "BAD_REQUEST", "Bad Request"},
	cartcore.KindTenantUnknown:    {500, "", "Forbidden"},
	cartcore.KindAPIKey:           {403, "", "Forbidden"},
	cartcore.KindForbidden:        {403, "", "Forbidden"},
	cartcore.KindUnauthenticated:  {401, "INVALID_AUTHORIZATION_TOKEN", "Invalid Authorization Token"},
	cartcore.KindBadToken:         {401, "INVALID_AUTHORIZATION_TOKEN", "Invalid Authorization Token"},
	cartcore.KindSessionMissing:   {401, "INVALID_AUTHORIZATION_TOKEN", "Invalid Authorization Token"},
	cartcore.KindSessionUnknown:   {401, "INVALID_AUTHORIZATION_TOKEN", "Invalid Authorization Token"},
	cartcore.KindCartUnknown:      {404, "CART_NOT_FOUND", "Cart not found"},
	cartcore.KindItemUnknown:      {404, "PRICE_LIST_ITEM_ID_NOT_FOUND", "ItemIds, PriceListIds {pairs} not found."},
	cartcore.KindLineUnknown:      {404, "LINE_ITEM_NOT_FOUND", "Items {items} not found in cart."},
	cartcore.KindItemGone:         {404, "NOT_IN_STOCK", "ItemIds {items} are not in stock."},
	cartcore.KindItemIncomplete:   {404, "ATTRIBUTE_CODE_NOT_FOUND", "attribute {attribute} not found for itemId {item}."},
	cartcore.KindOutOfStock:       {404, "NOT_IN_STOCK", "ItemIds {items} are not in stock."},
	cartcore.KindShortStock:       {404, "NOT_IN_STOCK", "ItemIds {items} are not in stock."},
	cartcore.KindTooManyLines:     {400, "CART_ITEM_LIMIT_EXCEEDED", "A maximum of {n} items can be added to a cart."},
	cartcore.KindTooManyUnits:     {400, "CART_ITEM_LIMIT_EXCEEDED", "A maximum of {n} items can be added to a cart."},
	cartcore.KindTooManyOfItem:    {400, "CART_ITEM_LIMIT_EXCEEDED", "A maximum of {n} of an item can be added to a cart."},
	cartcore.KindAmountTooLarge:   {400, "CART_TOTAL_TOO_LARGE", "The total of the cart is too large."},
	cartcore.KindCartEmpty:        {400, "CART_EMPTY", "Cart is already empty"},
	cartcore.KindCartLocked:       {409, "CART_LOCKED", "Cart is locked for checkout"},
	cartcore.KindConflict:         {409, "CONFLICT", "Cart was changed by another request"},
	cartcore.KindUnavailable:      {503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable"},
	cartcore.KindInternal:         {500, "INTERNAL_SERVER_ERROR", "Internal server error"},
	cartcore.KindKeyInvalid:       {400, "INVALID_IDEMPOTENCY_KEY", "Idempotency-Key must be 1 to 255 visible ASCII characters, with or without quotes"},
	cartcore.KindKeyReused:        {422, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key was used for another request"},
	cartcore.KindKeyRunning:       {409, "REQUEST_IN_PROGRESS", "A request with this Idempotency-Key is still being processed"},
	cartcore.KindTagMismatch:      {412, "PRECONDITION_FAILED", "Cart is not the one that If-Match names"},
	cartcore.KindTooManyRequests:  {429, "TOO_MANY_REQUESTS", "Too many requests, retry after {seconds}."},
	cartcore.KindTooManyAsks:      {400, "CART_ITEM_LIMIT_EXCEEDED", "A maximum of {n} items can be added to a cart."},
	cartcore.KindItemsUnavailable: {409, "NOT_IN_STOCK", "Some items of the cart are not in stock."},
	cartcore.KindPhoneUnverified:  {403, "PHONE_NOT_VERIFIED", "Phone number is not verified."},
	cartcore.KindNotOffered:       {501, "NOT_IMPLEMENTED", "Not available at this shop."},
	cartcore.KindInStock:          {409, "IN_STOCK", "Item is in stock."},
	cartcore.KindNotSubscribed:    {404, "SUBSCRIPTION_NOT_FOUND", "Subscription not found."},
}

type fabricError struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
}

func fabricFail(call *Call, err *cartcore.Error) *Answer {
	row := fabricRefusals[err.Kind]
	if err.Kind == cartcore.KindTenantUnknown && call.Options["forbiddenStatus"] == "403" {
		row.status = 403
	}
	if len(err.Fields) > 0 {
		return printed(row.status, fabricError{row.code, fabricFieldTexts(err.Fields)})
	}
	named := *err
	named.Attribute = fabricAttributes[err.Attribute]
	message := strings.ReplaceAll(worded(row, call, &named), "{pairs}", fabricPairs(call, err))
	return printed(row.status, fabricError{row.code, message})
}

// fabricFieldTexts names every field that is wrong and what is allowed.
func fabricFieldTexts(fields []cartcore.FieldError) string {
	texts := []string{}
	for i := range fields {
		field := fields[i]
		if field.Field == "" { // the body itself, whose text may hold anything
			field.Field, field.Value = "body", ""
		}
		texts = append(texts, cartcore.FieldText(field))
	}
	return strings.Join(texts, "; ")
}

// fabricAttributes is how the seed's errors spell the attributes that an item must have.
var fabricAttributes = map[string]string{"weight": "Weight", "taxCode": "TaxCode", "priceListId": "PriceListId"}

// fabricPairs lists each unknown item with the price list that it was asked from: [1000000052, 100268].
func fabricPairs(call *Call, err *cartcore.Error) string {
	items := err.Items
	if len(items) == 0 {
		items = []string{err.Item}
	}
	lists := map[string]string{}
	for i := range call.Command.Asks {
		ask := call.Command.Asks[i]
		if len(ask.Attributes) > 0 && ask.Attributes[0].Value != "" {
			lists[ask.Named] = ask.Attributes[0].Value
		}
	}
	pairs := []string{}
	for i := range items {
		list := lists[items[i]]
		if list == "" {
			list = call.Options["priceListId"]
		}
		pairs = append(pairs, "["+items[i]+", "+list+"]")
	}
	return strings.Join(pairs, ", ")
}
