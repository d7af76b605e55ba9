package adapters

import (
	"encoding/json"
	"strconv"

	"github.com/polycart/polycart/cartcore"
)

// vesuvio is the VesuvioPay cart API: a signed-in customer's cart at a store.
// Source: seed 003; paths, statuses and error codes from facts 1.1 and 1.6. What is not about one item of the customer's
// cart is in the files beside: vesuvio_bulk.go, vesuvio_availability.go, vesuvio_checkout.go and vesuvio_customer.go.
func vesuvio() *Adapter {
	return &Adapter{Name: "vesuvio", Fail: vesuvioFail, Show: vesuvioShow, Rated: vesuvioRated, Routes: []Route{
		{"GET /api/v1/sdk/cart/{storeId}", "read", NoBody, vesuvioRead, vesuvioCart},
		{"POST /api/v1/sdk/cart/store/{storeId}/item", "add", JSONBody, vesuvioAdd, vesuvioCart},
		{"PUT /api/v1/sdk/cart/store/{storeId}/item", "set", JSONBody, vesuvioSet, vesuvioCart},
		{"DELETE /api/v1/sdk/cart/store/{storeId}/item/{cartItemId}", "remove", NoBody, vesuvioRemove, vesuvioCart},
		{"DELETE /api/v1/sdk/cart/store/{storeId}", "clear", NoBody, vesuvioClear, vesuvioCart},
		{"GET /api/v1/customers/{customerId}/cart", "read for a customer", NoBody, vesuvioCustomer, vesuvioCustomerCart},
		{"POST /api/v1/sdk/cart/store/{storeId}/availability", "check availability", JSONBody, vesuvioLook, vesuvioAvailable},
		{"POST /api/v1/sdk/cart/store/{storeId}/availability-with-subscription", "check availability with subscription", JSONBody, vesuvioLookAsCustomer, vesuvioAvailableWithSubscription},
		{"POST /api/v1/sdk/cart/store/{storeId}/finish", "finish", NoBody, vesuvioFinish, vesuvioFinished},
		{"POST /api/v1/sdk/cart/store/{storeId}/back-in-stock-subscription", "subscribe to back in stock", JSONBody, vesuvioSubscribe, vesuvioSubscription},
		{"DELETE /api/v1/sdk/cart/store/{storeId}/back-in-stock-subscription", "unsubscribe from back in stock", OptionalBody, vesuvioUnsubscribe, vesuvioSubscription},
		{"POST /api/v1/sdk/cart/store/{storeId}/items/bulk", "add in bulk", JSONBody, vesuvioBulkAdd, vesuvioBulkCart},
		{"PUT /api/v1/sdk/cart/store/{storeId}/items/bulk", "set in bulk", JSONBody, vesuvioBulkSet, vesuvioBulkCart},
		{"DELETE /api/v1/sdk/cart/store/{storeId}/items/bulk", "remove in bulk", JSONBody, vesuvioBulkRemove, vesuvioBulkCart},
	}, Options: []Option{vesuvioCheckout()}}
}

// vesuvioCaller reads who asks: the store in the path, the customer's token, and an API key that must fit the store.
func vesuvioCaller(call *Call) {
	header := call.Request.Header
	call.Credentials = &cartcore.Credentials{
		TenantBy: cartcore.TenantByStore, Tenant: call.Request.PathValue("storeId"), APIKey: header.Get("X-API-Key"),
		Token: bearer(header.Get("Authorization")), Need: cartcore.NeedCustomer,
	}
}

func vesuvioRead(call *Call) *cartcore.Error {
	vesuvioCaller(call)
	call.Command = &cartcore.Command{NeedsCart: true}
	return nil
}

func vesuvioAdd(call *Call) *cartcore.Error {
	vesuvioCaller(call)
	found, err := bodyMembers(call)
	if err != nil {
		return err
	}
	ask, problems := vesuvioItem(found)
	quantity, problem := integer(found, "quantity", 1, call.Limits.MaxQuantityPerLine)
	if problem != nil {
		problems = append(problems, *problem)
	}
	if len(problems) > 0 {
		return &cartcore.Error{Kind: cartcore.KindInvalid, Fields: problems}
	}
	ask.Quantity = quantity
	call.Command = &cartcore.Command{Verb: cartcore.Add, Asks: []*cartcore.Ask{ask}, Short: cartcore.ShortRefuses}
	return nil
}

// vesuvioItem reads the external ids that name a variant.
func vesuvioItem(found map[string]rawJSON) (*cartcore.Ask, []cartcore.FieldError) {
	problems := []cartcore.FieldError{}
	product, problem := text(found, "externalProductId")
	if problem != nil {
		problems = append(problems, *problem)
	}
	variant, problem := text(found, "externalVariantId")
	if problem != nil {
		problems = append(problems, *problem)
	}
	item := cartcore.ItemRef{ExternalProductID: product, ExternalVariantID: variant}
	return &cartcore.Ask{Item: item, Named: variant}, problems
}

func vesuvioSet(call *Call) *cartcore.Error {
	vesuvioCaller(call)
	found, err := bodyMembers(call)
	if err != nil {
		return err
	}
	ask, problems := vesuvioLineAsked(call, found)
	if len(problems) > 0 {
		return &cartcore.Error{Kind: cartcore.KindInvalid, Fields: problems}
	}
	call.Command = &cartcore.Command{Verb: cartcore.Set, Asks: []*cartcore.Ask{ask}, Short: cartcore.ShortRefuses}
	return nil
}

// vesuvioLineAsked reads the line that an update names and the quantity it shall have, with what is wrong in either.
func vesuvioLineAsked(call *Call, found map[string]rawJSON) (*cartcore.Ask, []cartcore.FieldError) {
	problems := []cartcore.FieldError{}
	line, problem := text(found, "cartItemId")
	if problem != nil {
		problems = append(problems, *problem)
	}
	quantity, problem := integer(found, "quantity", 0, call.Limits.MaxQuantityPerLine)
	if problem != nil {
		problems = append(problems, *problem)
	}
	return &cartcore.Ask{LineID: line, Named: line, Quantity: quantity}, problems
}

func vesuvioRemove(call *Call) *cartcore.Error {
	vesuvioCaller(call)
	line := pathText(call, "cartItemId")
	call.Command = &cartcore.Command{Verb: cartcore.Remove, Asks: []*cartcore.Ask{{LineID: line, Named: line}}}
	return nil
}

func vesuvioClear(call *Call) *cartcore.Error {
	vesuvioCaller(call)
	call.Command = &cartcore.Command{Verb: cartcore.Clear, NeedsCart: true}
	return nil
}

// The answer as the seed prints it.
type vesuvioEnvelope struct {
	Success bool        `json:"success"`
	Data    vesuvioData `json:"data"`
}

type vesuvioData struct {
	StoreID    string        `json:"storeId"`
	Items      []vesuvioLine `json:"items"`
	TotalItems int64         `json:"totalItems"`
	Subtotal   json.Number   `json:"subtotal"`
}

type vesuvioLine struct {
	ID                string         `json:"id"`
	ProductID         string         `json:"productId"`
	VariantID         string         `json:"variantId"`
	ExternalProductID string         `json:"externalProductId"`
	ExternalVariantID string         `json:"externalVariantId"`
	Quantity          int64          `json:"quantity"`
	Price             json.Number    `json:"price"`
	Product           vesuvioProduct `json:"product"`
}

type vesuvioProduct struct {
	Name     string `json:"name"`
	ImageURL string `json:"imageUrl"`
}

func vesuvioCart(call *Call, seen *Seen) *Answer {
	view := seen.View
	data := vesuvioData{
		StoreID: call.Credentials.Tenant, Items: make([]vesuvioLine, 0, len(view.Lines)),
		TotalItems: view.Units, Subtotal: major(view.Subtotal, view.Decimals),
	}
	for i := range view.Lines {
		item := view.Lines[i].Item
		data.Items = append(data.Items, vesuvioLine{
			ID: view.Lines[i].Line.ID, ProductID: item.ProductID, VariantID: item.VariantID,
			ExternalProductID: item.ExternalProductID, ExternalVariantID: item.ExternalVariantID,
			Quantity: view.Lines[i].Line.Quantity, Price: major(item.Price, view.Decimals),
			Product: vesuvioProduct{item.Title, item.ImageURL},
		})
	}
	return printed(200, vesuvioEnvelope{true, data})
}

// vesuvioShow prints what the read route answers; that refuses where no cart was ever saved.
func vesuvioShow(call *Call, seen *Seen) *Answer {
	if cartcore.Edition(seen.View.Cart) == 0 {
		return nil
	}
	return vesuvioCart(call, seen)
}

// vesuvioRated is what the page on rate limits announces for every answer (facts 1.7).
func vesuvioRated(rate *Rate) []Header {
	told := []Header{
		{"X-RateLimit-Limit", strconv.FormatInt(rate.Limit, 10)},
		{"X-RateLimit-Remaining", strconv.FormatInt(rate.Remaining, 10)},
		{"X-RateLimit-Reset", strconv.FormatInt(rate.Reset, 10)},
	}
	if rate.After > 0 {
		told = append(told, Header{"X-RateLimit-Retry-After", strconv.FormatInt(rate.After, 10)})
	}
	return told
}

// vesuvioRefusals is the dialect's one table from kind to answer. Codes are those of facts 1.6; the texts are decided
// (docs/dialects/vesuvio.md).
var vesuvioRefusals = map[cartcore.Kind]refusal{
	cartcore.KindUnsupportedMedia: {415, "UNSUPPORTED_MEDIA_TYPE", "Request body must be JSON in UTF-8, not compressed, with Content-Type application/json"},
	cartcore.KindTooLarge:         {413, "REQUEST_TOO_LARGE", "Request body is too large"},
	cartcore.KindMalformed:        {400, "INVALID_REQUEST", "Request body is not valid JSON"},
	cartcore.KindInvalid:          {400, "VALIDATION_FAILED", "Validation failed"},
	cartcore.KindTenantUnknown:    {404, "STORE_NOT_FOUND", "Store not found"},
	cartcore.KindAPIKey:           {401, "INVALID_API_KEY", "API key is missing or invalid"},
	cartcore.KindForbidden:        {403, "NO_STORE_ACCESS", "API key does not match the store ID"},
	cartcore.KindUnauthenticated:  {401, "UNAUTHORIZED", "Missing or invalid customer token"},
	cartcore.KindBadToken:         {401, "UNAUTHORIZED", "Missing or invalid customer token"},
	cartcore.KindSessionMissing:   {401, "UNAUTHORIZED", "Missing or invalid customer token"},
	cartcore.KindSessionUnknown:   {401, "UNAUTHORIZED", "Missing or invalid customer token"},
	cartcore.KindCartUnknown:      {404, "CART_NOT_FOUND", "Cart not found"},
	cartcore.KindItemUnknown:      {404, "VARIANT_NOT_FOUND", "Product variant not found"},
	cartcore.KindLineUnknown:      {404, "CART_ITEM_NOT_FOUND", "Cart item doesn't exist or doesn't belong to customer"},
	cartcore.KindItemGone:         {400, "OUT_OF_STOCK", "Product is out of stock or discontinued"},
	cartcore.KindItemIncomplete:   {400, "OUT_OF_STOCK", "Product is out of stock or discontinued"},
	cartcore.KindOutOfStock:       {400, "OUT_OF_STOCK", "Product is out of stock or discontinued"},
	cartcore.KindShortStock:       {409, "INSUFFICIENT_STOCK", "Requested quantity {requested} exceeds available stock {available}"},
	cartcore.KindTooManyLines:     {409, "CART_LIMIT_EXCEEDED", "Cart is limited to {n} items"},
	cartcore.KindTooManyUnits:     {409, "CART_LIMIT_EXCEEDED", "Cart is limited to {n} units"},
	cartcore.KindTooManyOfItem:    {400, "INVALID_QUANTITY", "Cart item is limited to {n} units"},
	cartcore.KindAmountTooLarge:   {409, "CART_LIMIT_EXCEEDED", "Cart total is too large"},
	cartcore.KindCartEmpty:        {400, "EMPTY_CART", "Cart is empty"},
	cartcore.KindCartLocked:       {409, "CART_LOCKED", "Cart is locked for checkout"},
	cartcore.KindConflict:         {409, "CONFLICT", "Cart was changed by another request"},
	cartcore.KindUnavailable:      {503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable"},
	cartcore.KindInternal:         {500, "INTERNAL_ERROR", "Internal server error"},
	cartcore.KindKeyInvalid:       {400, "INVALID_IDEMPOTENCY_KEY", "Idempotency-Key must be 1 to 255 visible ASCII characters, with or without quotes"},
	cartcore.KindKeyReused:        {422, "IDEMPOTENCY_KEY_REUSED", "Idempotency-Key was used for another request"},
	cartcore.KindKeyRunning:       {409, "REQUEST_IN_PROGRESS", "A request with this Idempotency-Key is still being processed"},
	cartcore.KindTagMismatch:      {412, "PRECONDITION_FAILED", "Cart is not the one that If-Match names"},
	cartcore.KindTooManyRequests:  {429, "RATE_LIMIT_EXCEEDED", "Rate limit exceeded. Please retry after {seconds}."},
	cartcore.KindTooManyAsks:      {400, "TOO_MANY_ITEMS", "A request is limited to {n} items"},
	cartcore.KindItemsUnavailable: {400, "ITEMS_UNAVAILABLE", "Some items of the cart are not available"},
	cartcore.KindPhoneUnverified:  {400, "PHONE_NOT_VERIFIED", "Phone number is not verified"},
	cartcore.KindInStock:          {400, "PRODUCT_IN_STOCK", "Product is in stock"},
	cartcore.KindNotSubscribed:    {404, "SUBSCRIPTION_NOT_FOUND", "Subscription not found"},
	cartcore.KindNotOffered:       {501, "CHECKOUT_NOT_CONFIGURED", "Checkout is not configured for this store"},
}

// vesuvioNoCartYet answers a customer who reads and never had a cart. The origin spells it otherwise than EMPTY_CART, which
// is for a checkout of nothing.
var vesuvioNoCartYet = refusal{404, "CART_EMPTY", "Cart is empty"}

type vesuvioError struct {
	Success    bool           `json:"success"`
	Message    string         `json:"message"`
	ErrorCode  string         `json:"errorCode"`
	Errors     []vesuvioField `json:"errors,omitempty"`
	RetryAfter int64          `json:"retryAfter,omitempty"` // seconds
}

type vesuvioField struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func vesuvioFail(call *Call, err *cartcore.Error) *Answer {
	row := vesuvioRefusals[err.Kind]
	if err.Kind == cartcore.KindCartUnknown && call.Command.Verb == cartcore.Read && call.Credentials.Need != cartcore.NeedSecretKey {
		row = vesuvioNoCartYet
	}
	body := vesuvioError{Message: worded(row, call, err), ErrorCode: row.code, RetryAfter: err.After}
	if err.Kind == cartcore.KindInvalid && (call.Command.Each || call.Command.Verb >= cartcore.Look) {
		body.ErrorCode = vesuvioRefusals[cartcore.KindMalformed].code
	} else if len(err.Fields) == 1 && err.Fields[0].Field == "customerId" {
		body.ErrorCode = "INVALID_CUSTOMER_ID"
	} else if vesuvioQuantityAlone(err) {
		body.ErrorCode = vesuvioQuantityCode // two assignments, not one of a pair (docs/interpreter.md: assignments of several values)
		body.Message = vesuvioFieldText(err.Fields[0])
		return printed(row.status, body)
	}
	for i := range err.Fields {
		field := err.Fields[i]
		if err.Kind == cartcore.KindItemsUnavailable {
			body.Errors = append(body.Errors, vesuvioMissing(call, field))
			continue
		}
		if field.Field == "" {
			field.Field = "body"
		}
		body.Errors = append(body.Errors, vesuvioField{field.Field, vesuvioFieldText(field)})
	}
	return printed(row.status, body)
}

// vesuvioQuantityCode is for a quantity that was sent and is wrong; one that is not there is a missing field like any other.
const vesuvioQuantityCode = "INVALID_QUANTITY"

func vesuvioQuantityAlone(err *cartcore.Error) bool {
	return len(err.Fields) == 1 && err.Fields[0].Field == "quantity" && err.Fields[0].Problem != cartcore.ProblemMissing
}

func vesuvioFieldText(field cartcore.FieldError) string {
	return cartcore.FieldText(cartcore.FieldError{Field: field.Field, Problem: field.Problem, Limit: field.Limit})
}
