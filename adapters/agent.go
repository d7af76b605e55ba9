package adapters

import (
	"time"

	"github.com/polycart/polycart/cartcore"
)

// agent is the Walta agent cart API: a session's cart at a shop's domain.
// Source: seed 000; the other spellings of paths and sessions are those of its public pages (docs/dialects/agent.md).
func agent() *Adapter {
	return &Adapter{Name: "agent", Fail: agentFail, Show: agentRows, Routes: []Route{
		{"GET /{domain}/agent/cart/get", "read", NoBody, agentRead, agentRows},
		{"GET /{domain}/agent/cart/view", "read", NoBody, agentRead, agentRows},
		{"GET /{domain}/agents/cart/get", "read", NoBody, agentRead, agentRows},
		{"GET /{domain}/agents/cart/view", "read", NoBody, agentRead, agentRows},
		{"POST /{domain}/agent/cart/add", "add", JSONBody, agentAdd, agentRowAdded},
		{"POST /{domain}/agents/cart/add", "add", JSONBody, agentAdd, agentRowAdded},
		{"POST /{domain}/agent/cart/delete", "remove", JSONBody, agentRemove, agentRemoved},
		{"POST /{domain}/agents/cart/delete", "remove", JSONBody, agentRemove, agentRemoved},
	}}
}

// agentRow is a line as the seed prints it.
type agentRow struct {
	ID        string `json:"id"`
	Domain    string `json:"domain"`
	SessionID string `json:"session_id"`
	ProductID string `json:"product_id"`
	Quantity  int64  `json:"quantity"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

// agentCaller reads who asks: the session is in the query, in the body, or in place of a bearer token. The session sent
// as session_id wins, since the published examples send it so.
func agentCaller(call *Call, session string) {
	if session == "" {
		session = bearer(call.Request.Header.Get("Authorization"))
	}
	call.Credentials = &cartcore.Credentials{
		TenantBy: cartcore.TenantByDomain, Tenant: pathText(call, "domain"),
		Guest: session, Session: true, Need: cartcore.NeedSession,
	}
}

func agentRead(call *Call) *cartcore.Error {
	agentCaller(call, call.Request.URL.Query().Get("session_id"))
	return nil
}

func agentAdd(call *Call) *cartcore.Error {
	found, ask, err := agentAsk(call)
	if err != nil {
		return err
	}
	ask.Quantity = 1 // what a request without a quantity means
	if _, given := found["quantity"]; given {
		quantity, problem := integer(found, "quantity", 1, call.Limits.MaxQuantityPerLine)
		if problem != nil {
			return cartcore.RefuseField(*problem)
		}
		ask.Quantity = quantity
	}
	call.Command = &cartcore.Command{Verb: cartcore.Add, Asks: []*cartcore.Ask{ask}}
	return nil
}

func agentRemove(call *Call) *cartcore.Error {
	_, ask, err := agentAsk(call)
	if err != nil {
		return err
	}
	ask.Product = true
	call.Command = &cartcore.Command{Verb: cartcore.Remove, Asks: []*cartcore.Ask{ask}}
	return nil
}

// agentAsk reads the session and the product of a body.
func agentAsk(call *Call) (map[string]rawJSON, *cartcore.Ask, *cartcore.Error) {
	found, err := bodyMembers(call)
	if err != nil {
		agentCaller(call, "")
		return nil, nil, err
	}
	session, problem := text(found, "session_id")
	agentCaller(call, session)
	if problem != nil && problem.Problem != cartcore.ProblemMissing {
		if err := agentBadSession(call, problem); err != nil {
			return nil, nil, err
		}
	}
	product, problem := text(found, "product_id")
	if problem != nil {
		return nil, nil, cartcore.RefuseField(*problem)
	}
	return found, &cartcore.Ask{Item: cartcore.ItemRef{ProductID: product}, Named: product}, nil
}

// agentBadSession refuses a session_id that is no text; an empty one counts as none.
func agentBadSession(call *Call, problem *cartcore.FieldError) *cartcore.Error {
	if problem.Problem == cartcore.ProblemBlank || problem.Problem == cartcore.ProblemNull {
		return nil
	}
	call.Credentials.Need = cartcore.NeedAnyone // so that the field is what the client hears of, not that it is missing
	return cartcore.RefuseField(*problem)
}

func agentRows(call *Call, seen *Seen) *Answer {
	rows := make([]agentRow, 0, len(seen.View.Lines))
	for i := range seen.View.Lines {
		rows = append(rows, agentRowOf(call, seen.View.Lines[i].Line, seen.View.Lines[i].Item.ProductID))
	}
	return printed(200, rows)
}

func agentRowAdded(call *Call, seen *Seen) *Answer {
	result := seen.Outcome.Results[0]
	return printed(200, agentRowOf(call, result.Line, result.Ask.Item.ProductID))
}

func agentRowOf(call *Call, line *cartcore.Line, product string) agentRow {
	return agentRow{
		ID: line.ID, Domain: call.Credentials.Tenant, SessionID: call.Credentials.Guest, ProductID: product,
		Quantity: line.Quantity, CreatedAt: agentTime(line.Added), UpdatedAt: agentTime(line.Updated),
	}
}

// agentTime prints Unix milliseconds as the seed does: UTC, whole seconds.
func agentTime(milliseconds int64) string {
	return time.UnixMilli(milliseconds).UTC().Format("2006-01-02T15:04:05Z")
}

type agentMessage struct {
	Message string `json:"message"`
}

func agentRemoved(_ *Call, _ *Seen) *Answer {
	return printed(200, agentMessage{"Item deleted from cart"})
}

// agentRefusals is the dialect's one table from kind to answer. The 404 of an unknown domain is published; the rest are
// decisions (docs/dialects/agent.md).
var agentRefusals = map[cartcore.Kind]refusal{
	cartcore.KindUnsupportedMedia: {415, "", "Request body must be JSON in UTF-8, not compressed, with Content-Type application/json"},
	cartcore.KindTooLarge:         {413, "", "Request body is too large"},
	cartcore.KindMalformed:        {400, "", "Request body is not valid JSON"},
	cartcore.KindInvalid:          {400, "", "Request is not valid"},
	cartcore.KindTenantUnknown:    {404, "", "Domain '{tenant}' not found"},
	cartcore.KindAPIKey:           {401, "", "API key is not valid"},
	cartcore.KindForbidden:        {403, "", "Forbidden"},
	cartcore.KindUnauthenticated:  {401, "", "session_id is required"},
	cartcore.KindBadToken:         {401, "", "Session not found"},
	cartcore.KindSessionMissing:   {401, "", "session_id is required"},
	cartcore.KindSessionUnknown:   {401, "", "Session not found"},
	cartcore.KindCartUnknown:      {404, "", "Cart not found"},
	cartcore.KindItemUnknown:      {404, "", "Product '{item}' not found"},
	cartcore.KindLineUnknown:      {404, "", "Item not found in cart"},
	cartcore.KindItemGone:         {409, "", "Product '{item}' is out of stock"},
	cartcore.KindItemIncomplete:   {409, "", "Product '{item}' is out of stock"},
	cartcore.KindOutOfStock:       {409, "", "Product '{item}' is out of stock"},
	cartcore.KindShortStock:       {409, "", "Only {available} of product '{item}' are in stock"},
	cartcore.KindTooManyLines:     {409, "", "Cart is limited to {n} items"},
	cartcore.KindTooManyUnits:     {409, "", "Cart is limited to {n} items"},
	cartcore.KindTooManyOfItem:    {409, "", "Cart is limited to {n} of product '{item}'"},
	cartcore.KindAmountTooLarge:   {409, "", "Cart total is too large"},
	cartcore.KindCartEmpty:        {409, "", "Cart is empty"},
	cartcore.KindCartLocked:       {409, "", "Cart is locked for checkout"},
	cartcore.KindConflict:         {409, "", "Cart was changed by another request"},
	cartcore.KindUnavailable:      {503, "", "Service temporarily unavailable"},
	cartcore.KindInternal:         {500, "", "Internal server error"},
	cartcore.KindKeyInvalid:       {400, "", "Idempotency-Key must be 1 to 255 visible ASCII characters, with or without quotes"},
	cartcore.KindKeyReused:        {422, "", "Idempotency-Key was used for another request"},
	cartcore.KindKeyRunning:       {409, "", "A request with this Idempotency-Key is still being processed"},
	cartcore.KindTagMismatch:      {412, "", "Cart is not the one that If-Match names"},
	cartcore.KindTooManyRequests:  {429, "", "Too many requests, retry after {seconds}"},
	cartcore.KindTooManyAsks:      {400, "", "A request is limited to {n} entries"},
	cartcore.KindItemsUnavailable: {409, "", "Some items of the cart are not available"},
	cartcore.KindPhoneUnverified:  {403, "", "Phone number is not verified"},
	cartcore.KindNotOffered:       {501, "", "Not available at this shop"},
	cartcore.KindInStock:          {409, "", "Product is in stock"},
	cartcore.KindNotSubscribed:    {404, "", "Subscription not found"},
}

type agentError struct {
	Error      string `json:"error"`
	StatusCode int    `json:"status_code"`
}

func agentFail(call *Call, err *cartcore.Error) *Answer {
	row := agentRefusals[err.Kind]
	message := worded(row, call, err)
	if err.Kind == cartcore.KindInvalid {
		message = agentFieldText(err.Fields[0])
	}
	return printed(row.status, agentError{message, row.status})
}

// agentFieldText names the first field that is wrong and what it must be, without the value, which may be a session.
func agentFieldText(field cartcore.FieldError) string {
	if field.Field == "" {
		return "Request body must be a JSON object"
	}
	if field.Field == "quantity" && field.Problem != cartcore.ProblemTooLarge {
		return "quantity must be a positive integer"
	}
	return cartcore.FieldText(cartcore.FieldError{Field: field.Field, Problem: field.Problem, Limit: field.Limit})
}
