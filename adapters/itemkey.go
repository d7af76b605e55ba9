package adapters

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/polycart/polycart/cartcore"
)

// itemkey is the klvxn cart API: a Django session's cart, items addressed by a key made of product id and SKU.
// Source: seed 002 and facts 4; vouchers and other routes go to the next handler. A body may be missing: its fields are
// then named as missing, as Django REST framework does.
func itemkey() *Adapter {
	return &Adapter{Name: "itemkey", Fail: itemkeyFail, Show: itemkeyCart, Guest: itemkeyGuest, Routes: []Route{
		{"GET /api/v1/cart/{$}", "read", NoBody, itemkeyRead, itemkeyCart},
		{"POST /api/v1/cart/{$}", "put", OptionalBody, itemkeyPut, itemkeyAdded},
		{"DELETE /api/v1/cart/{$}", "clear", NoBody, itemkeyClear, itemkeyCleared},
		{"PUT /api/v1/cart/items/{$}", "adjust", OptionalBody, itemkeyAdjust, itemkeyAdjusted},
		{"DELETE /api/v1/cart/items/{$}", "remove", OptionalBody, itemkeyRemove, itemkeyRemoved},
	}}
}

const (
	itemkeyCookie  = "sessionid"
	itemkeySeconds = 1800 // facts 4.1: the session expires 1,800 s after each cart request
	maxSKU         = 20   // facts 4.3: variant_sku has no more than 20 characters
	maxItemKey     = 50   // facts 4.5: item_key has no more than 50 characters
)

// itemkeyGuest makes a session id; 32 lower-case letters and digits are what Django makes.
func itemkeyGuest(entropy string) string { return entropy }

// itemkeyCaller reads who asks: the host names the tenant, the session cookie a guest or, where the shop's session lookup
// says so, a customer; a bearer token a customer.
func itemkeyCaller(call *Call) {
	call.Credentials = &cartcore.Credentials{
		TenantBy: cartcore.TenantByHost, Tenant: call.Request.Host,
		Token: bearer(call.Request.Header.Get("Authorization")), Session: true, Need: cartcore.NeedAnyone,
	}
	if cookie, err := call.Request.Cookie(itemkeyCookie); err == nil {
		call.Credentials.Guest = cookie.Value
	}
}

func itemkeyRead(call *Call) *cartcore.Error {
	itemkeyCaller(call)
	return nil
}

func itemkeyPut(call *Call) *cartcore.Error {
	itemkeyCaller(call)
	found, err := bodyMembers(call)
	if err != nil {
		return err
	}
	problems := []cartcore.FieldError{}
	quantity, problem := integer(found, "quantity", 1, call.Limits.MaxQuantityPerLine)
	if problem != nil {
		problems = append(problems, *problem)
	}
	sku, problem := itemkeyText(found, "variant_sku", maxSKU)
	if problem != nil {
		problems = append(problems, *problem)
	}
	if len(problems) > 0 {
		return &cartcore.Error{Kind: cartcore.KindInvalid, Fields: problems}
	}
	ask := &cartcore.Ask{Item: cartcore.ItemRef{SKU: sku}, Named: sku, Quantity: quantity}
	call.Command = &cartcore.Command{Verb: cartcore.Put, Asks: []*cartcore.Ask{ask}, Short: cartcore.ShortRefusesAsk, Gone: cartcore.GoneDrops}
	return nil
}

func itemkeyClear(call *Call) *cartcore.Error {
	itemkeyCaller(call)
	call.Command = &cartcore.Command{Verb: cartcore.Clear}
	return nil
}

func itemkeyAdjust(call *Call) *cartcore.Error {
	itemkeyCaller(call)
	found, err := bodyMembers(call)
	if err != nil {
		return err
	}
	problems := []cartcore.FieldError{}
	quantity, problem := integer(found, "quantity", -call.Limits.MaxQuantityPerLine, call.Limits.MaxQuantityPerLine)
	if problem == nil && quantity == 0 {
		problem = &cartcore.FieldError{Field: "quantity", Problem: cartcore.ProblemZero, Limit: 1}
	}
	if problem != nil {
		problems = append(problems, *problem)
	}
	ask, problem := itemkeyAsk(found)
	if problem != nil {
		problems = append(problems, *problem)
	}
	if len(problems) > 0 {
		return &cartcore.Error{Kind: cartcore.KindInvalid, Fields: problems}
	}
	ask.Quantity = quantity
	call.Command = &cartcore.Command{Verb: cartcore.Adjust, Asks: []*cartcore.Ask{ask}, Short: cartcore.ShortRefusesAsk, Gone: cartcore.GoneDrops}
	return nil
}

func itemkeyRemove(call *Call) *cartcore.Error {
	itemkeyCaller(call)
	found, err := bodyMembers(call)
	if err != nil {
		return err
	}
	ask, problem := itemkeyAsk(found)
	if problem != nil {
		return cartcore.RefuseField(*problem)
	}
	call.Command = &cartcore.Command{Verb: cartcore.Remove, Asks: []*cartcore.Ask{ask}}
	return nil
}

// itemkeyOf is the key of an item: prod{product_id}_{sku}_dflt.
func itemkeyOf(item *cartcore.Item) string {
	return "prod" + strconv.FormatInt(item.ProductNumber, 10) + "_" + item.SKU + "_dflt"
}

// itemkeyAsk reads a key that itemkeyOf made. A key of another form names nothing.
func itemkeyAsk(found map[string]rawJSON) (*cartcore.Ask, *cartcore.FieldError) {
	key, problem := itemkeyText(found, "item_key", maxItemKey)
	if problem != nil {
		return nil, problem
	}
	ask := &cartcore.Ask{Named: key}
	middle, tail := strings.CutSuffix(key, "_dflt")
	middle, head := strings.CutPrefix(middle, "prod")
	digits, sku, cut := strings.Cut(middle, "_")
	number, err := strconv.ParseInt(digits, 10, 64)
	if tail && head && cut && sku != "" && err == nil && number > 0 && strconv.FormatInt(number, 10) == digits {
		ask.Item = cartcore.ItemRef{SKU: sku, ProductNumber: number}
	}
	return ask, nil
}

// itemkeyText reads a text of 1 to most characters as Django REST framework does: a whole number stands for its digits,
// and blanks around the text do not count.
func itemkeyText(found map[string]rawJSON, name string, most int64) (string, *cartcore.FieldError) {
	if number, err := strconv.ParseInt(string(found[name]), 10, 64); err == nil {
		return strconv.FormatInt(number, 10), nil
	}
	value, problem := text(found, name)
	value = strings.TrimSpace(value)
	if problem == nil && value == "" {
		problem = &cartcore.FieldError{Field: name, Problem: cartcore.ProblemBlank}
	}
	if problem == nil && int64(utf8.RuneCountInString(value)) > most {
		problem = &cartcore.FieldError{Field: name, Problem: cartcore.ProblemTooLong}
	}
	if problem != nil && problem.Problem == cartcore.ProblemTooLong {
		problem.Limit = most
	}
	return value, problem
}

// The answers as facts 4.2 and the seed print them.
type itemkeyInfo struct {
	Info string `json:"info"`
}

type itemkeyFull struct {
	Items    rawJSON     `json:"items"`
	Count    int64       `json:"count"`
	Subtotal json.Number `json:"subtotal"`
	Shipping json.Number `json:"shipping"`
	Total    json.Number `json:"total"`
}

type itemkeyItem struct {
	Product       string  `json:"product"`
	VariantID     int64   `json:"variant_id"`
	Price         string  `json:"price"`
	OriginalPrice string  `json:"original_price"`
	Quantity      int64   `json:"quantity"`
	OfferApplied  bool    `json:"offer_applied"`
	Shipping      string  `json:"shipping"`
	ItemType      string  `json:"item_type"`
	ActiveOffer   rawJSON `json:"active_offer,omitempty"`
}

type itemkeyPutDone struct {
	Success   string      `json:"success"`
	CartTotal json.Number `json:"cart_total"`
}

type itemkeyDone struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

func itemkeyCart(call *Call, seen *Seen) *Answer {
	view := seen.View
	if len(view.Lines) == 0 {
		return itemkeyAnswer(call, seen, printed(200, itemkeyInfo{"Your cart is empty"}))
	}
	// Keys stand in the order the items were added, as a Python dictionary prints them; a Go map would sort them.
	var items bytes.Buffer
	for i := range view.Lines {
		items.WriteString(",")
		items.WriteString(quoted(itemkeyOf(view.Lines[i].Item)))
		items.WriteString(":")
		items.Write(printed(200, itemkeyItemOf(view.Lines[i], view.Decimals)).Body)
	}
	total := major(view.Subtotal, view.Decimals)
	full := itemkeyFull{Items: rawJSON("{" + items.String()[1:] + "}"), Count: view.Units, Subtotal: total, Shipping: "0", Total: total}
	return itemkeyAnswer(call, seen, printed(200, full))
}

func itemkeyItemOf(priced *cartcore.PricedLine, decimals int) itemkeyItem {
	item := priced.Item
	kind := item.Attributes["itemType"]
	if kind == "" {
		kind = "standalone"
	}
	printed := itemkeyItem{
		Product: item.Title, VariantID: item.NumericID, Price: cartcore.Fixed(item.Price, decimals), OriginalPrice: cartcore.Fixed(item.OriginalPrice, decimals),
		Quantity: priced.Line.Quantity, OfferApplied: item.Price != item.OriginalPrice, Shipping: "0", ItemType: strings.Trim(kind, `"`),
	}
	if printed.OfferApplied && item.Attributes["activeOffer"] != "" {
		printed.ActiveOffer = rawJSON(item.Attributes["activeOffer"])
	}
	return printed
}

func itemkeyAdded(call *Call, seen *Seen) *Answer {
	result := seen.Outcome.Results[0]
	if row, gone := itemkeyGone(result, itemkeyUnknownSKU); gone {
		return itemkeyAnswer(call, seen, itemkeyField(row, row.text))
	}
	name := result.Ask.SKU
	if item := result.Item; item != nil {
		variant := item.VariantTitle
		if variant == "" {
			variant = "Default"
		}
		name = item.Title + " (" + variant + ")"
	}
	text := strconv.FormatInt(result.Granted, 10) + "x " + name + " has been added"
	return itemkeyAnswer(call, seen, printed(200, itemkeyPutDone{text, major(seen.View.Subtotal, seen.View.Decimals)}))
}

func itemkeyCleared(call *Call, seen *Seen) *Answer {
	return itemkeyAnswer(call, seen, &Answer{Status: 204})
}

func itemkeyAdjusted(call *Call, seen *Seen) *Answer {
	result := seen.Outcome.Results[0]
	if row, gone := itemkeyGone(result, itemkeyVanished); gone {
		return itemkeyAnswer(call, seen, itemkeyField(row, row.text))
	}
	message := "Quantity updated"
	if result.Why == cartcore.WhyRemoved || result.Granted == 0 {
		message = "Item removed from cart"
	} else if result.Why == cartcore.WhyCapped || result.Why == cartcore.WhyLimited {
		message = "Quantity limited to available stock: (" + strconv.FormatInt(result.Granted, 10) + ")"
	}
	return itemkeyAnswer(call, seen, printed(200, itemkeyDone{true, message}))
}

func itemkeyRemoved(call *Call, seen *Seen) *Answer {
	return itemkeyAnswer(call, seen, printed(200, itemkeyDone{true, "Item has been removed from cart"}))
}

// itemkeyGone answers how a command is refused that met an item no longer sold, and took its line out; vanished is for
// an item that the catalogue no longer has.
func itemkeyGone(result *cartcore.Result, vanished refusal) (row refusal, gone bool) {
	if result.Why == cartcore.WhyVanished {
		return vanished, true
	}
	return itemkeyRefusals[cartcore.KindItemGone], result.Why == cartcore.WhyInactive
}

// itemkeyAnswer sets the session cookie, whose life begins anew with each answer to a guest. A session that the shop
// itself issued is the shop's to renew.
func itemkeyAnswer(call *Call, seen *Seen, answer *Answer) *Answer {
	if seen.Caller.Guest == "" || seen.Caller.Vouched {
		return answer
	}
	secure := call.Request.TLS != nil || call.Request.Header.Get("X-Forwarded-Proto") == "https"
	cookie := http.Cookie{ //nolint:gosec // Secure is set where the client came by TLS: on plain HTTP browsers drop a Secure cookie
		Name: itemkeyCookie, Value: seen.Caller.Guest, Path: "/", MaxAge: itemkeySeconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure,
	}
	answer.Header = append(answer.Header, Header{"Set-Cookie", cookie.String()})
	return answer
}

// Rows that a verb needs beside those of the table.
var (
	itemkeyUnknownSKU = refusal{400, "variant_sku", "Invalid variant SKU"}
	itemkeyVanished   = refusal{400, "item_key", "Product variant no longer exists"}
)

// itemkeyUnavailable is spelled as the seed spells it.
const itemkeyUnavailable = "Product is no longer availabe"

// itemkeyRefusals is the dialect's one table from kind to answer. The code is the field that the text stands under;
// "" stands for Django REST framework's detail, and "!" for {"success":false,"message":…}.
var itemkeyRefusals = map[cartcore.Kind]refusal{
	cartcore.KindUnsupportedMedia: {415, "", "Unsupported media type \"{sent}\" in request."},
	cartcore.KindTooLarge:         {413, "", "Request body is too large."},
	cartcore.KindMalformed:        {400, "", "JSON parse error - the body is not valid JSON"},
	cartcore.KindInvalid:          {400, "", "Invalid input."},
	cartcore.KindTenantUnknown:    {404, "", "Not found."},
	cartcore.KindAPIKey:           {403, "", "You do not have permission to perform this action."},
	cartcore.KindForbidden:        {403, "", "You do not have permission to perform this action."},
	cartcore.KindUnauthenticated:  {401, "", "Authentication credentials were not provided."},
	cartcore.KindBadToken:         {401, "", "Given token not valid for any token type"},
	cartcore.KindSessionMissing:   {401, "", "Authentication credentials were not provided."},
	cartcore.KindSessionUnknown:   {401, "", "Authentication credentials were not provided."},
	cartcore.KindCartUnknown:      {404, "", "Not found."},
	cartcore.KindItemUnknown:      {400, "item_key", "Invalid cart item key"},
	cartcore.KindLineUnknown:      {404, "!", "This item is not in your cart"},
	cartcore.KindItemGone:         {400, "item_key", itemkeyUnavailable},
	cartcore.KindItemIncomplete:   {400, "item_key", itemkeyUnavailable},
	cartcore.KindOutOfStock:       {400, "quantity", "Requested quantity: ({requested}) exceeds available stock: ({available}) for this variant"},
	cartcore.KindShortStock:       {400, "quantity", "Requested quantity: ({requested}) exceeds available stock: ({available}) for this variant"},
	cartcore.KindTooManyLines:     {400, "non_field_errors", "Cart is limited to {n} items"},
	cartcore.KindTooManyUnits:     {400, "non_field_errors", "Cart is limited to {n} items"},
	cartcore.KindTooManyOfItem:    {400, "quantity", "Ensure this value is less than or equal to {n}."},
	cartcore.KindAmountTooLarge:   {400, "non_field_errors", "Cart total is too large"},
	cartcore.KindCartEmpty:        {404, "!", "Your cart is empty"},
	cartcore.KindCartLocked:       {409, "", "Cart is locked for checkout."},
	cartcore.KindConflict:         {409, "", "Cart was changed by another request."},
	cartcore.KindUnavailable:      {503, "", "Service temporarily unavailable, try again later."},
	cartcore.KindInternal:         {500, "", "A server error occurred."},
	cartcore.KindKeyInvalid:       {400, "", "Idempotency-Key must be 1 to 255 visible ASCII characters, with or without quotes."},
	cartcore.KindKeyReused:        {422, "", "Idempotency-Key was used for another request."},
	cartcore.KindKeyRunning:       {409, "", "A request with this Idempotency-Key is still being processed."},
	cartcore.KindTagMismatch:      {412, "", "Cart is not the one that If-Match names."},
	cartcore.KindTooManyRequests:  {429, "", "Request was throttled. Expected available in {seconds}."},
	cartcore.KindTooManyAsks:      {400, "non_field_errors", "A request is limited to {n} entries"},
	cartcore.KindItemsUnavailable: {409, "", "Some items of the cart are not available."},
	cartcore.KindPhoneUnverified:  {403, "", "Phone number is not verified."},
	cartcore.KindNotOffered:       {501, "", "Not available at this shop."},
	cartcore.KindInStock:          {409, "", "This item is in stock."},
	cartcore.KindNotSubscribed:    {404, "", "Subscription not found."},
}

func itemkeyFail(call *Call, err *cartcore.Error) *Answer {
	row := itemkeyRefusals[err.Kind]
	verb := call.Command.Verb
	if err.Kind == cartcore.KindInvalid {
		return printed(row.status, itemkeyFields(err.Fields))
	}
	if err.Kind == cartcore.KindUnsupportedMedia {
		return printed(row.status, map[string]string{"detail": itemkeyMediaText(row.text, call.Request.Header)})
	}
	if err.Kind == cartcore.KindItemUnknown && verb == cartcore.Put {
		row = itemkeyUnknownSKU
	}
	if err.Kind == cartcore.KindLineUnknown && verb == cartcore.Adjust {
		row = itemkeyRefusals[cartcore.KindItemUnknown]
	}
	return itemkeyField(row, worded(row, call, err))
}

// itemkeyField prints a text where the row's code says that it stands.
func itemkeyField(row refusal, message string) *Answer {
	if row.code == "" {
		return printed(row.status, map[string]string{"detail": message})
	}
	if row.code == "!" {
		return printed(row.status, itemkeyDone{false, message})
	}
	return printed(row.status, map[string][]string{row.code: {message}})
}

// itemkeyMediaText names what was sent and cannot be read: the media type, or the encoding of a compressed body.
func itemkeyMediaText(row string, header http.Header) string {
	sent := header.Get("Content-Type")
	if encoding := strings.Join(header["Content-Encoding"], ","); encoding != "" && !strings.EqualFold(encoding, "identity") {
		sent, row = encoding, "Unsupported content encoding \"{sent}\" in request."
	}
	return strings.Replace(row, "{sent}", sent, 1)
}

// itemkeyFields words field errors as Django REST framework does (facts 4.3).
func itemkeyFields(fields []cartcore.FieldError) map[string][]string {
	body := map[string][]string{}
	for i := range fields {
		name := fields[i].Field
		if name == "" {
			name = "non_field_errors"
		}
		body[name] = append(body[name], itemkeyFieldText(fields[i]))
	}
	return body
}

func itemkeyFieldText(field cartcore.FieldError) string {
	limit := strconv.FormatInt(field.Limit, 10)
	switch field.Problem {
	case cartcore.ProblemMissing:
		return "This field is required."
	case cartcore.ProblemNull:
		return "This field may not be null."
	case cartcore.ProblemBlank:
		return "This field may not be blank."
	case cartcore.ProblemNotInteger:
		return "A valid integer is required."
	case cartcore.ProblemTooSmall, cartcore.ProblemZero:
		return "Ensure this value is greater than or equal to " + limit + "."
	case cartcore.ProblemTooLarge:
		return "Ensure this value is less than or equal to " + limit + "."
	case cartcore.ProblemTooLong:
		return "Ensure this field has no more than " + limit + " characters."
	case cartcore.ProblemNotObject:
		return itemkeyNotObject(field.Value)
	}
	return "Not a valid string."
}

// itemkeyNotObject names what came instead of an object as Python would.
func itemkeyNotObject(value string) string {
	if value == "null" {
		return "No data provided"
	}
	kind := "int"
	if strings.ContainsAny(value[:1], "[") {
		kind = "list"
	} else if value[:1] == `"` {
		kind = "str"
	} else if value == "true" || value == "false" {
		kind = "bool"
	} else if strings.ContainsAny(value, ".eE") {
		kind = "float"
	}
	return "Invalid data. Expected a dictionary, but got " + kind + "."
}
