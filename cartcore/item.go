package cartcore

// Item is one sellable variant as the catalogue knows it, with every identifier the dialects use for it.
// An Item is never changed after the catalogue made it.
type Item struct {
	SKU               string // unique within a tenant; the canonical name of the variant
	ProductID         string // the shop's own product id
	VariantID         string // the shop's own variant id
	ExternalProductID string // the product id in the merchant's e-commerce platform
	ExternalVariantID string // the variant id there
	ProductNumber     int64  // the product's number, where a dialect counts products
	NumericID         int64  // the variant's number, where a dialect counts variants
	Title             string
	VariantTitle      string // what tells this variant from its siblings: "Color: Red - Size: L"; may be empty
	ImageURL          string
	Price             int64 // minor units, for one
	OriginalPrice     int64 // minor units, before an offer; equal to Price where there is none
	Stock             int64 // units; meaningless where TrackStock is false
	TrackStock        bool
	Active            bool
	Attributes        map[string]string // JSON text by name, passed to the dialects that know the name
}

// ItemRef names an item as a client did. Every identifier that is given must fit the item found.
type ItemRef struct {
	SKU               string
	ProductID         string
	ExternalProductID string
	ExternalVariantID string
	ProductNumber     int64 // 0: not given
	NumericID         int64 // 0: not given
}

// Facts are the catalogue's items by SKU, at one moment. Readers never change it.
type Facts map[string]*Item

// unlimited stands for the stock of an item whose stock is not tracked: the largest integer that every JSON reader keeps exact.
const unlimited = MaxInteger

// Available answers how many units of the item can be had, 0 where it is not sold.
func Available(item *Item) int64 {
	if !item.Active {
		return 0
	}
	if !item.TrackStock {
		return unlimited
	}
	if item.Stock < 0 {
		return 0
	}
	return item.Stock
}
