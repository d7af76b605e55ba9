package adapters

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/polycart/polycart/cartcore"
)

// shop is the Service Dog Standards cart API: items addressed by SKU, guests by the X-Cart-ID header.
// Source: seed 001; errors are decisions (docs/dialects/shop.md).
func shop() *Adapter {
	return &Adapter{Name: "shop", Fail: shopFail, Show: shopRetrieved, Guest: shopGuest, Routes: []Route{
		{"GET /api/v1/shop/cart", "read", NoBody, shopRead, shopRetrieved},
		{"POST /api/v1/shop/cart/{sku}", "add", OptionalBody, shopAdd, shopAdded},
		{"PUT /api/v1/shop/cart/{sku}", "set", OptionalBody, shopSet, shopUpdated},
		{"DELETE /api/v1/shop/cart/{sku}", "remove", NoBody, shopRemove, shopRemoved},
		{"DELETE /api/v1/shop/cart", "clear", NoBody, shopClear, shopCleared},
	}}
}

// shopGuest makes a guest id of the form the seed shows.
func shopGuest(entropy string) string { return "guest_" + cartcore.UUID(entropy) }

// shopCaller reads who asks: the API key names the tenant, a bearer token the customer, X-Cart-ID a guest.
func shopCaller(call *Call) {
	header := call.Request.Header
	key := header.Get("X-API-Key")
	call.Credentials = &cartcore.Credentials{
		TenantBy: cartcore.TenantByAPIKey, APIKey: key,
		Token: bearer(header.Get("Authorization")), Guest: header.Get("X-Cart-ID"), Need: cartcore.NeedAnyone,
	}
}

func shopRead(call *Call) *cartcore.Error {
	shopCaller(call)
	return nil
}

func shopAdd(call *Call) *cartcore.Error {
	shopCaller(call)
	found, err := bodyMembers(call)
	if err != nil {
		return err
	}
	problems := []cartcore.FieldError{}
	quantity, problem := integer(found, "quantity", 1, call.Limits.MaxQuantityPerLine)
	if problem != nil && problem.Problem == cartcore.ProblemMissing {
		quantity = 1
	} else if problem != nil {
		problems = append(problems, *problem)
	}
	return shopCommand(call, cartcore.Add, quantity, found, cartcore.OptionsMerge, problems)
}

func shopSet(call *Call) *cartcore.Error {
	shopCaller(call)
	found, err := bodyMembers(call)
	if err != nil {
		return err
	}
	problems := []cartcore.FieldError{}
	quantity, problem := integer(found, "quantity", 0, call.Limits.MaxQuantityPerLine)
	if problem != nil {
		problems = append(problems, *problem)
	}
	return shopCommand(call, cartcore.Set, quantity, found, cartcore.OptionsReplace, problems)
}

// shopCommand reads the options and completes the command on the item of the path.
func shopCommand(call *Call, verb cartcore.Verb, quantity int64, found map[string]rawJSON, rule cartcore.OptionRule, problems []cartcore.FieldError) *cartcore.Error {
	ask := shopAsk(call)
	ask.Quantity = quantity
	if found["options"] != nil {
		chosen, given, problem := options(found, "options")
		if problem != nil {
			problems = append(problems, *problem)
		}
		if given {
			ask.Options, ask.OptionRule = chosen, rule
		}
	}
	if len(problems) > 0 {
		return &cartcore.Error{Kind: cartcore.KindInvalid, Fields: problems}
	}
	call.Command = &cartcore.Command{Verb: verb, Asks: []*cartcore.Ask{ask}}
	return nil
}

func shopAsk(call *Call) *cartcore.Ask {
	sku := pathText(call, "sku")
	return &cartcore.Ask{Item: cartcore.ItemRef{SKU: sku}, Named: sku}
}

func shopRemove(call *Call) *cartcore.Error {
	shopCaller(call)
	call.Command = &cartcore.Command{Verb: cartcore.Remove, Asks: []*cartcore.Ask{shopAsk(call)}}
	return nil
}

func shopClear(call *Call) *cartcore.Error {
	shopCaller(call)
	call.Command = &cartcore.Command{Verb: cartcore.Clear}
	return nil
}

// The answer as the seed prints it.
type shopEnvelope struct {
	Success bool      `json:"success"`
	Message string    `json:"message"`
	Data    *shopData `json:"data"`
}

type shopData struct {
	CartID    string    `json:"cart_id"`
	CartData  *shopCart `json:"cart_data"`
	IsNewCart *bool     `json:"is_new_cart,omitempty"`
	AddedItem *shopItem `json:"added_item,omitempty"`
}

// shopUpdate is the envelope after an update. Its updated_item is always there: null says that a set to 0 took the item out.
type shopUpdate struct {
	Success bool           `json:"success"`
	Message string         `json:"message"`
	Data    shopUpdateData `json:"data"`
}

type shopUpdateData struct {
	CartID      string    `json:"cart_id"`
	CartData    *shopCart `json:"cart_data"`
	UpdatedItem *shopItem `json:"updated_item"`
}

type shopCart struct {
	ID             string      `json:"id"`
	Total          json.Number `json:"total"`
	FormattedTotal string      `json:"formatted_total"`
	ItemsCount     int         `json:"items_count"`
	ItemsQuantity  int64       `json:"items_quantity"`
	IsEmpty        bool        `json:"is_empty"`
	Items          []*shopItem `json:"items"`
}

type shopItem struct {
	ID       string      `json:"id"`
	SKU      string      `json:"sku"`
	Name     string      `json:"name"`
	Price    json.Number `json:"price"`
	Quantity int64       `json:"quantity"`
	Subtotal json.Number `json:"subtotal"`
	Options  rawJSON     `json:"options"`
	Stock    int64       `json:"stock"`
	Meta     rawJSON     `json:"meta"`
}

func shopRetrieved(call *Call, seen *Seen) *Answer {
	isNew := seen.Caller.Fresh
	return shopAnswer(call, seen, "Cart retrieved successfully", shopData{IsNewCart: &isNew}, false)
}

func shopAdded(call *Call, seen *Seen) *Answer {
	return shopAnswer(call, seen, "Product added to cart successfully", shopData{}, true)
}

func shopUpdated(call *Call, seen *Seen) *Answer {
	id := shopCartID(seen)
	cart := shopCartOf(call, seen, id)
	return printed(200, shopUpdate{true, "Cart item updated successfully", shopUpdateData{CartID: id, CartData: cart, UpdatedItem: shopTouched(seen, cart)}})
}

func shopRemoved(call *Call, seen *Seen) *Answer {
	return shopAnswer(call, seen, "Cart item removed successfully", shopData{}, false)
}

func shopCleared(call *Call, seen *Seen) *Answer {
	return shopAnswer(call, seen, "Cart cleared successfully", shopData{}, false)
}

// shopAnswer prints the cart, and where touched says so the item that the request named.
func shopAnswer(call *Call, seen *Seen, message string, data shopData, touched bool) *Answer {
	data.CartID = shopCartID(seen)
	data.CartData = shopCartOf(call, seen, data.CartID)
	if touched {
		data.AddedItem = shopTouched(seen, data.CartData)
	}
	return printed(200, shopEnvelope{true, message, &data})
}

// shopCartID is the cart's name for its owner: the guest token itself, or user_ and the customer id.
func shopCartID(seen *Seen) string {
	if seen.Caller.Customer != "" {
		return "user_" + seen.Caller.Customer
	}
	return seen.Caller.Guest
}

func shopCartOf(call *Call, seen *Seen, id string) *shopCart {
	view := seen.View
	cart := &shopCart{
		ID: id, Total: major(view.Subtotal, view.Decimals), FormattedTotal: cartcore.Fixed(view.Subtotal, view.Decimals),
		ItemsCount: len(view.Lines), ItemsQuantity: view.Units, IsEmpty: len(view.Lines) == 0, Items: make([]*shopItem, 0, len(view.Lines)),
	}
	for i := range view.Lines {
		cart.Items = append(cart.Items, shopItemOf(call, view.Lines[i], view.Decimals))
	}
	return cart
}

// shopTouched is the item that the request named; none where a set to 0 took it out.
func shopTouched(seen *Seen, cart *shopCart) *shopItem {
	sku := seen.Outcome.Results[0].Line.SKU
	for i := range cart.Items {
		if cart.Items[i].SKU == sku {
			return cart.Items[i]
		}
	}
	return nil
}

func shopItemOf(call *Call, priced *cartcore.PricedLine, decimals int) *shopItem {
	item := priced.Item
	stock := cartcore.Available(item) // clients compare quantities with this number: of what is no longer sold it is 0
	if !item.TrackStock && item.Active {
		stock = call.Limits.MaxQuantityPerLine
	}
	meta := item.Attributes["meta"]
	if !strings.HasPrefix(meta, "[") {
		meta = "[]"
	}
	return &shopItem{
		ID: item.SKU, SKU: item.SKU, Name: item.Title, Price: major(item.Price, decimals), Quantity: priced.Line.Quantity,
		Subtotal: major(priced.Total, decimals), Options: shopOptions(item, priced.Line), Stock: stock, Meta: rawJSON(meta),
	}
}

// shopOptions prints the options of a line: the product's own facts with the client's options laid over them, or after an
// update the client's options alone.
func shopOptions(item *cartcore.Item, line *cartcore.Line) rawJSON {
	facts := item.Attributes["options"]
	if line.OptionsReplaced || !strings.HasPrefix(facts, "{") {
		return shopObject(line.Options)
	}
	if len(line.Options) == 0 {
		return rawJSON(facts)
	}
	return shopObject(cartcore.OverlayOptions(ordered([]byte(facts)), line.Options))
}

func shopObject(all []cartcore.Option) rawJSON {
	parts := make([]string, 0, len(all))
	for i := range all {
		parts = append(parts, quoted(all[i].Name)+":"+all[i].Value)
	}
	return rawJSON("{" + strings.Join(parts, ",") + "}")
}

// shopRefusals is the dialect's one table from kind to answer. All of it is decided (docs/dialects/shop.md).
var shopRefusals = map[cartcore.Kind]refusal{
	cartcore.KindUnsupportedMedia: {415, "", "Unsupported Media Type"},
	cartcore.KindTooLarge:         {413, "", "Payload Too Large"},
	cartcore.KindMalformed:        {400, "", "The request body is not valid JSON"},
	cartcore.KindInvalid:          {422, "", "The given data was invalid"},
	cartcore.KindTenantUnknown:    {401, "", "Invalid API key"},
	cartcore.KindAPIKey:           {401, "", "Invalid API key"},
	cartcore.KindForbidden:        {401, "", "Invalid API key"},
	cartcore.KindUnauthenticated:  {401, "", "Unauthenticated"},
	cartcore.KindBadToken:         {401, "", "Unauthenticated"},
	cartcore.KindSessionMissing:   {401, "", "Unauthenticated"},
	cartcore.KindSessionUnknown:   {401, "", "Unauthenticated"},
	cartcore.KindCartUnknown:      {404, "", "Cart not found"},
	cartcore.KindItemUnknown:      {404, "", "Product not found"},
	cartcore.KindLineUnknown:      {404, "", "Item not found in cart"},
	cartcore.KindItemGone:         {409, "", "Product is out of stock"},
	cartcore.KindItemIncomplete:   {409, "", "Product is out of stock"},
	cartcore.KindOutOfStock:       {409, "", "Product is out of stock"},
	cartcore.KindShortStock:       {409, "", "Product is out of stock"},
	cartcore.KindTooManyLines:     {409, "", "Cart is limited to {n} items"},
	cartcore.KindTooManyUnits:     {409, "", "Cart is limited to {n} items"},
	cartcore.KindTooManyOfItem:    {409, "", "Product is limited to {n} items"},
	cartcore.KindAmountTooLarge:   {409, "", "Cart total is too large"},
	cartcore.KindCartEmpty:        {409, "", "Cart is empty"},
	cartcore.KindCartLocked:       {409, "", "Cart is locked for checkout"},
	cartcore.KindConflict:         {409, "", "Cart was changed by another request"},
	cartcore.KindUnavailable:      {503, "", "Service Unavailable"},
	cartcore.KindInternal:         {500, "", "Server Error"},
	cartcore.KindKeyInvalid:       {400, "", "The Idempotency-Key must be 1 to 255 visible ASCII characters, with or without quotes"},
	cartcore.KindKeyReused:        {422, "", "The Idempotency-Key was used for another request"},
	cartcore.KindKeyRunning:       {409, "", "A request with this Idempotency-Key is still being processed"},
	cartcore.KindTagMismatch:      {412, "", "The cart is not the one that If-Match names"},
	cartcore.KindTooManyRequests:  {429, "", "Too Many Requests"},
	cartcore.KindTooManyAsks:      {422, "", "A request is limited to {n} entries"},
	cartcore.KindItemsUnavailable: {409, "", "Some items of the cart are not available"},
	cartcore.KindPhoneUnverified:  {403, "", "Phone number is not verified"},
	cartcore.KindNotOffered:       {501, "", "Not available at this shop"},
	cartcore.KindInStock:          {409, "", "The product is in stock"},
	cartcore.KindNotSubscribed:    {404, "", "Subscription not found"},
}

type shopError struct {
	Success bool                `json:"success"`
	Message string              `json:"message"`
	Errors  map[string][]string `json:"errors,omitempty"`
}

func shopFail(call *Call, err *cartcore.Error) *Answer {
	row := shopRefusals[err.Kind]
	body := shopError{Message: worded(row, call, err)}
	if len(err.Fields) > 0 {
		body.Errors = map[string][]string{}
	}
	for i := range err.Fields {
		field := err.Fields[i]
		if field.Field == "" {
			field.Field = "body"
		}
		body.Errors[field.Field] = append(body.Errors[field.Field], shopFieldText(field))
	}
	return printed(row.status, body)
}

// shopFieldText words a field error as Laravel 8, which the API behind the seed looks to be built on, does: later versions
// print the first of these texts as the message. An object is called one, where PHP says array.
func shopFieldText(field cartcore.FieldError) string {
	subject := "The " + field.Field
	limit := strconv.FormatInt(field.Limit, 10)
	switch field.Problem {
	case cartcore.ProblemMissing, cartcore.ProblemBlank:
		return subject + " field is required."
	case cartcore.ProblemNotInteger, cartcore.ProblemNull:
		return subject + " must be an integer."
	case cartcore.ProblemNotObject:
		return subject + " must be an object."
	case cartcore.ProblemTooSmall:
		return subject + " must be at least " + limit + "."
	case cartcore.ProblemTooLarge:
		return subject + " must not be greater than " + limit + "."
	case cartcore.ProblemTooLong:
		return subject + " must not be longer than " + limit + " bytes."
	}
	return subject + " format is invalid."
}
