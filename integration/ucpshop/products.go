package ucpshop

import (
	"net/http"
	"slices"
	"strconv"
)

// maxIDs is how many ids one lookup may name: ten times what the protocol wants accepted.
const maxIDs = 100

type price struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type plain struct {
	Plain string `json:"plain"`
}

type productAnswer struct {
	ID          string           `json:"id"`
	Title       string           `json:"title"`
	Description plain            `json:"description"`
	PriceRange  map[string]price `json:"price_range"`
	Media       []media          `json:"media,omitempty"`
	Variants    []variantAnswer  `json:"variants"`
	variants    []Item           // all of them, not only those in the answer
	named       map[string][]hit // by variant id: what named it
}

type variantAnswer struct {
	ID           string       `json:"id"`
	SKU          string       `json:"sku,omitempty"`
	Title        string       `json:"title"`
	Description  plain        `json:"description"`
	Price        price        `json:"price"`
	ListPrice    *price       `json:"list_price,omitempty"`
	Availability availability `json:"availability"`
	Media        []media      `json:"media,omitempty"`
	Inputs       []hit        `json:"inputs,omitempty"`
}

type availability struct {
	Available bool   `json:"available"`
	Status    string `json:"status"`
}

type media struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

// hit says which id of a lookup named a variant, and how.
type hit struct {
	ID    string `json:"id"`
	Match string `json:"match"`
}

type lookupAnswer struct {
	UCP      metadata        `json:"ucp"`
	Products []productAnswer `json:"products"`
	Messages []message       `json:"messages,omitempty"`
}

// lookup answers the variants that ids name: by variant id or SKU that variant, by product id the product's first.
func (s *Shop) lookup(c *call) (reply, error) {
	object, err := readObject(c.body)
	if err != nil {
		return reply{}, err
	}
	ids, err := readIDs(object)
	if err != nil {
		return reply{}, err
	}
	if _, err := signalsOf(object, "filters"); err != nil {
		return reply{}, err
	}
	products := productsOf(s.listed())
	answer := lookupAnswer{UCP: about(lookupCapability, "success"), Products: []productAnswer{}}
	for _, id := range ids {
		at, variant, match := named(products, id)
		if at < 0 {
			answer.Messages = append(answer.Messages, message{Type: "info", Code: "not_found", Content: id})
			continue
		}
		key := products[at].variants[variant].ID
		products[at].named[key] = append(products[at].named[key], hit{ID: id, Match: match})
	}
	for _, found := range products {
		for _, item := range found.variants {
			if inputs := found.named[item.ID]; inputs != nil {
				variant := s.variant(&item)
				variant.Inputs = inputs
				found.Variants = append(found.Variants, variant)
			}
		}
		if len(found.Variants) > 0 {
			answer.Products = append(answer.Products, s.described(found))
		}
	}
	return encoded(http.StatusOK, answer), nil
}

func readIDs(object map[string]any) ([]string, error) {
	list, is := object["ids"].([]any)
	if !is || len(list) == 0 {
		return nil, invalid("/ids is required: a list of at least one id")
	}
	if len(list) > maxIDs {
		return nil, &fault{status: http.StatusBadRequest, code: "request_too_large", content: "/ids may name at most " + strconv.Itoa(maxIDs) + " ids"}
	}
	var ids []string
	for at, value := range list {
		id, is := value.(string)
		if !is {
			return nil, invalid("/ids/" + strconv.Itoa(at) + " must be a string")
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// product answers one product with all its variants, the one that was named first.
func (s *Shop) product(c *call) (reply, error) {
	object, err := readObject(c.body)
	if err != nil {
		return reply{}, err
	}
	id, found, err := text(object, "id", "/id")
	if err != nil {
		return reply{}, err
	}
	if !found {
		return reply{}, invalid("/id is required: a string")
	}
	products := productsOf(s.listed())
	at, first, _ := named(products, id)
	if at < 0 {
		return refused(lookupCapability, message{Type: "error", Code: "not_found", Severity: unrecoverable, Content: "Product not found"}), nil
	}
	shown := products[at]
	shown.Variants = append(shown.Variants, s.variant(&shown.variants[first]))
	for other := range shown.variants {
		if other != first {
			shown.Variants = append(shown.Variants, s.variant(&shown.variants[other]))
		}
	}
	return encoded(http.StatusOK, struct {
		UCP     metadata      `json:"ucp"`
		Product productAnswer `json:"product"`
	}{about(lookupCapability, "success"), s.described(shown)}), nil
}

// productsOf puts the variants of a product together.
func productsOf(items []Item) []productAnswer {
	var products []productAnswer
	at := map[string]int{}
	for _, item := range items {
		found, seen := at[item.ProductID]
		if !seen {
			found = len(products)
			at[item.ProductID] = found
			products = append(products, productAnswer{ID: item.ProductID, Title: item.Title, named: map[string][]hit{}})
		}
		products[found].variants = append(products[found].variants, item)
	}
	return products
}

// named finds the product and the variant in it that an id names; -1 where none is.
func named(products []productAnswer, id string) (product, variant int, match string) {
	for at := range products {
		for v, item := range products[at].variants {
			if item.ID == id || (item.SKU != "" && item.SKU == id) {
				return at, v, "exact"
			}
		}
	}
	for at := range products {
		if products[at].ID == id {
			return at, 0, "featured"
		}
	}
	return -1, 0, ""
}

// described fills in what the variants say of their product.
func (s *Shop) described(p productAnswer) productAnswer {
	first := p.variants[0]
	p.Description = describedAs(&first)
	p.Media = pictures(&first)
	low, high := first.Price, first.Price
	for _, item := range p.variants {
		low, high = min(low, item.Price), max(high, item.Price)
	}
	p.PriceRange = map[string]price{"min": s.price(low), "max": s.price(high)}
	return p
}

func (s *Shop) variant(item *Item) variantAnswer {
	v := variantAnswer{
		ID: item.ID, SKU: item.SKU, Title: item.VariantTitle, Description: describedAs(item), Price: s.price(item.Price), Media: pictures(item),
		Availability: availability{Available: true, Status: "in_stock"},
	}
	if v.Title == "" {
		v.Title = item.Title
	}
	if item.ListPrice > 0 {
		list := s.price(item.ListPrice)
		v.ListPrice = &list
	}
	if item.available() == 0 {
		v.Availability = availability{Status: "out_of_stock"}
	}
	if item.Delisted {
		v.Availability = availability{Status: "discontinued"}
	}
	return v
}

func (s *Shop) price(amount int64) price { return price{Amount: amount, Currency: s.settings.Currency} }

func describedAs(item *Item) plain {
	if item.Description == "" {
		return plain{Plain: item.Title}
	}
	return plain{Plain: item.Description}
}

func pictures(item *Item) []media {
	if item.ImageURL == "" {
		return nil
	}
	return []media{{Type: "image", URL: item.ImageURL}}
}
