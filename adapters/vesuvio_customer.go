package adapters

import (
	"encoding/json"
	"regexp"

	"github.com/polycart/polycart/cartcore"
)

// customerForm is what can be a customer's id: UTF-8 without control characters. In a regular expression a byte that is
// not UTF-8 is a U+FFFD.
var customerForm = regexp.MustCompile(`^[^\x00-\x1f\x7f\x{FFFD}]+$`)

// vesuvioCustomer reads which customer's cart a server asks for. The path names no store: the secret key does.
func vesuvioCustomer(call *Call) *cartcore.Error {
	call.Credentials = &cartcore.Credentials{
		TenantBy: cartcore.TenantByAPIKey, APIKey: call.Request.Header.Get("X-API-Key"), Need: cartcore.NeedSecretKey,
	}
	call.Command = &cartcore.Command{NeedsCart: true}
	customer := pathText(call, "customerId")
	if len(customer) > maxTextBytes || !customerForm.MatchString(customer) {
		return cartcore.RefuseField(cartcore.FieldError{Field: "customerId", Problem: cartcore.ProblemNotValid})
	}
	call.Credentials.Customer = customer
	return nil
}

// A customer's cart as a server sees it: that of the seed, and what V-cust names in prose beside it, as far as a cart
// knows it. Taxes are not known before checkout.
type vesuvioCustomerEnvelope struct {
	Success bool                `json:"success"`
	Data    vesuvioCustomerData `json:"data"`
}

type vesuvioCustomerData struct {
	StoreID    string                `json:"storeId"`
	CustomerID string                `json:"customerId"`
	Items      []vesuvioCustomerLine `json:"items"`
	TotalItems int64                 `json:"totalItems"`
	Subtotal   json.Number           `json:"subtotal"`
}

type vesuvioCustomerLine struct {
	ID                string                 `json:"id"`
	ProductID         string                 `json:"productId"`
	VariantID         string                 `json:"variantId"`
	ExternalProductID string                 `json:"externalProductId"`
	ExternalVariantID string                 `json:"externalVariantId"`
	Quantity          int64                  `json:"quantity"`
	Price             json.Number            `json:"price"`
	LineTotal         json.Number            `json:"lineTotal"`
	IsAvailable       bool                   `json:"isAvailable"`
	Product           vesuvioCustomerProduct `json:"product"`
}

type vesuvioCustomerProduct struct {
	Name        string `json:"name"`
	VariantName string `json:"variantName"`
	ImageURL    string `json:"imageUrl"`
}

func vesuvioCustomerCart(_ *Call, seen *Seen) *Answer {
	view := seen.View
	data := vesuvioCustomerData{
		StoreID: seen.Caller.Store, CustomerID: seen.Caller.Customer, Items: make([]vesuvioCustomerLine, 0, len(view.Lines)),
		TotalItems: view.Units, Subtotal: major(view.Subtotal, view.Decimals),
	}
	for i := range view.Lines {
		line, item := view.Lines[i].Line, view.Lines[i].Item
		data.Items = append(data.Items, vesuvioCustomerLine{
			ID: line.ID, ProductID: item.ProductID, VariantID: item.VariantID,
			ExternalProductID: item.ExternalProductID, ExternalVariantID: item.ExternalVariantID,
			Quantity: line.Quantity, Price: major(item.Price, view.Decimals), LineTotal: major(view.Lines[i].Total, view.Decimals),
			IsAvailable: line.Quantity <= cartcore.Available(item),
			Product:     vesuvioCustomerProduct{item.Title, item.VariantTitle, item.ImageURL},
		})
	}
	return printed(200, vesuvioCustomerEnvelope{true, data})
}
