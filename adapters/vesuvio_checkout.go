package adapters

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/polycart/polycart/cartcore"
)

// checkoutURL is the name of the option that says where a customer pays.
const checkoutURL = "checkoutUrl"

func vesuvioCheckout() Option {
	return Option{
		Name: checkoutURL, Fits: checkoutFits, Form: "empty, or an http or https URL with {cartId}, {storeId} and {customerId} in its path or query only",
		Doc: "The address that finish answers, where the customer pays. {cartId}, {storeId} and {customerId} in it are filled in. Without it finish is refused.",
	}
}

// checkoutFits tells a template of which an address can be made.
func checkoutFits(template string) bool {
	if template == "" {
		return true
	}
	plain := strings.NewReplacer("{cartId}", "", "{storeId}", "", "{customerId}", "").Replace(template)
	address, err := url.Parse(plain)
	if err != nil || strings.ContainsAny(plain, "{} \"<>\\^`|") || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		return false
	}
	// A placeholder before the path would let a customer's id choose the host.
	rest, found := strings.CutPrefix(template, address.Scheme+"://"+address.Host)
	return found && (rest == "" || strings.ContainsAny(rest[:1], "/?"))
}

// vesuvioFinish holds the cart for a checkout. The customer gets a link by phone there, so the number must be verified.
func vesuvioFinish(call *Call) *cartcore.Error {
	vesuvioCaller(call)
	call.Credentials.Phone = true
	call.Command = &cartcore.Command{Verb: cartcore.Lock, NeedsCart: true, NeedsLines: true}
	if call.Options[checkoutURL] == "" {
		return cartcore.Refuse(cartcore.KindNotOffered)
	}
	return nil
}

type vesuvioFinishedEnvelope struct {
	Success bool                `json:"success"`
	Data    vesuvioFinishedData `json:"data"`
}

type vesuvioFinishedData struct {
	CheckoutURL string `json:"checkoutUrl"`
}

func vesuvioFinished(call *Call, seen *Seen) *Answer {
	address := strings.NewReplacer(
		"{cartId}", escaped(seen.View.Cart.ID), "{storeId}", escaped(call.Credentials.Tenant), "{customerId}", escaped(seen.Caller.Customer),
	).Replace(call.Options[checkoutURL])
	return printed(200, vesuvioFinishedEnvelope{true, vesuvioFinishedData{address}})
}

// escaped is a value as it can stand in a path and in a query alike.
func escaped(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

// vesuvioMissing words what is wrong with a line that cannot be had: field is its id, Limit what can be had.
func vesuvioMissing(call *Call, field cartcore.FieldError) vesuvioField {
	if field.Limit == 0 {
		return vesuvioField{field.Field, vesuvioRefusals[cartcore.KindOutOfStock].text}
	}
	requested, err := strconv.ParseInt(field.Value, 10, 64)
	if err != nil {
		requested = field.Limit + 1 // only a value that cartcore did not write
	}
	short := &cartcore.Error{Requested: requested, Available: field.Limit}
	return vesuvioField{field.Field, worded(vesuvioRefusals[cartcore.KindShortStock], call, short)}
}
