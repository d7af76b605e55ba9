package ucpshop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
)

// Item is one sellable variant.
type Item struct {
	ID           string `json:"id"`                      // what item.id of a cart's line says
	ProductID    string `json:"product_id,omitempty"`    // which variants belong together; empty is ID
	SKU          string `json:"sku,omitempty"`           // another name that catalogue lookups find it by
	Title        string `json:"title"`                   //
	VariantTitle string `json:"variant_title,omitempty"` // in catalogue answers; empty is Title
	Description  string `json:"description,omitempty"`   // plain text in catalogue answers; empty is Title
	ImageURL     string `json:"image_url,omitempty"`     //
	Price        int64  `json:"price"`                   // minor units a piece
	ListPrice    int64  `json:"list_price,omitempty"`    // minor units before discounts; 0 where there is none
	Stock        int64  `json:"stock"`                   // units
	Unlimited    bool   `json:"unlimited,omitempty"`     // Stock does not count
	Delisted     bool   `json:"delisted,omitempty"`      // known, but not sold
}

// available is how many units of the item can be sold.
func (i *Item) available() int64 {
	if i.Unlimited {
		return cartcore.MaxInteger
	}
	return i.Stock
}

func (i *Item) check() error {
	switch image, err := url.Parse(i.ImageURL); {
	case i.ID == "":
		return errors.New("an item has no id")
	case i.Title == "":
		return fmt.Errorf("item %s: title is required", i.ID)
	case i.Price < 0 || i.Price > cartcore.MaxInteger:
		return fmt.Errorf("item %s: price must be from 0 to %d minor units, not %d", i.ID, cartcore.MaxInteger, i.Price)
	case i.ListPrice < 0 || i.ListPrice > cartcore.MaxInteger:
		return fmt.Errorf("item %s: list_price must be from 0 to %d minor units, not %d", i.ID, cartcore.MaxInteger, i.ListPrice)
	case i.Stock < 0 || i.Stock > cartcore.MaxInteger:
		return fmt.Errorf("item %s: stock must be from 0 to %d units, not %d", i.ID, cartcore.MaxInteger, i.Stock)
	case i.ImageURL != "" && (err != nil || !image.IsAbs()):
		return fmt.Errorf("item %s: image_url must be an absolute URL, not %q", i.ID, i.ImageURL)
	}
	return nil
}

// FlowerShop is the catalogue of the protocol's public conformance tests, prices in cents.
func FlowerShop() []Item {
	return []Item{
		{ID: "bouquet_roses", Title: "Bouquet of Red Roses", Price: 3500, Stock: 1000},
		{ID: "pot_ceramic", Title: "Ceramic Pot", Price: 1500, Stock: 2000},
		{ID: "bouquet_sunflowers", Title: "Sunflower Bundle", Price: 2500, Stock: 500},
		{ID: "bouquet_tulips", Title: "Spring Tulips", Price: 3000, Stock: 1500},
		{ID: "orchid_white", Title: "White Orchid", Price: 4500, Stock: 800},
		{ID: "gardenias", Title: "Gardenias", Price: 2000, Stock: 0},
	}
}

// ReadItems reads a seed: {"items": [{"id": …, "title": …, "price": …, "stock": …}, …]}, prices in minor units.
func ReadItems(data []byte) ([]Item, error) {
	seed := struct {
		Items []Item `json:"items"`
	}{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&seed); err != nil {
		return nil, fmt.Errorf("reading seed: %w", err)
	}
	if decoder.More() {
		return nil, errors.New("reading seed: something stands behind the first JSON object")
	}
	if len(seed.Items) == 0 {
		return nil, errors.New("reading seed: items must list at least one item")
	}
	return seed.Items, nil
}

// FromCatalog makes a shop of one of Polycart's catalogues: the same prices and stocks, item.id being the variant id, or the
// SKU where an item has none. The items are in the order of their ids.
func FromCatalog(snapshot *catalog.Snapshot) []Item {
	items := make([]Item, 0, len(snapshot.Facts))
	for sku, from := range snapshot.Facts {
		item := Item{
			ID: from.VariantID, ProductID: from.ProductID, SKU: sku, Title: from.Title, VariantTitle: from.VariantTitle, ImageURL: from.ImageURL,
			Price: from.Price, Stock: from.Stock, Unlimited: !from.TrackStock, Delisted: !from.Active,
		}
		if item.ID == "" {
			item.ID = sku
		}
		if item.Title == "" {
			item.Title = sku
		}
		if from.OriginalPrice > from.Price {
			item.ListPrice = from.OriginalPrice
		}
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(a.ID, b.ID) })
	return items
}

// shelf holds the items. They are not kept in the file: a restart sells what its seed says.
type shelf struct {
	lock  sync.RWMutex
	items map[string]Item // by ID; never changed, only replaced, so that one request sees one state
	order []string        // ids, as they came
}

// SetItems replaces everything that is sold, from the next request on. Carts keep their lines.
func (s *Shop) SetItems(items []Item) error {
	byID := make(map[string]Item, len(items))
	order := make([]string, 0, len(items))
	for _, item := range items {
		if err := item.check(); err != nil {
			return fmt.Errorf("stocking ucpshop: %w", err)
		}
		if _, twice := byID[item.ID]; twice {
			return fmt.Errorf("stocking ucpshop: item %s is listed twice", item.ID)
		}
		if item.ProductID == "" {
			item.ProductID = item.ID
		}
		byID[item.ID] = item
		order = append(order, item.ID)
	}
	s.shelf.lock.Lock()
	defer s.shelf.lock.Unlock()
	s.shelf.items, s.shelf.order = byID, order
	return nil
}

// ChangeItem lets change alter one item, from the next request on. An id that is not sold is an error.
func (s *Shop) ChangeItem(id string, change func(*Item)) error {
	s.shelf.lock.Lock()
	defer s.shelf.lock.Unlock()
	item, found := s.shelf.items[id]
	if !found {
		return fmt.Errorf("changing item: %s is not sold here", id)
	}
	change(&item)
	if err := item.check(); err != nil {
		return fmt.Errorf("changing item: %w", err)
	}
	if item.ID != id {
		return fmt.Errorf("changing item: the id of %s cannot change", id)
	}
	changed := maps.Clone(s.shelf.items)
	changed[id] = item
	s.shelf.items = changed
	return nil
}

// stocked is what is sold at this moment.
func (s *Shop) stocked() map[string]Item {
	s.shelf.lock.RLock()
	defer s.shelf.lock.RUnlock()
	return s.shelf.items
}

// listed is what is sold at this moment, in the order of the seed.
func (s *Shop) listed() []Item {
	s.shelf.lock.RLock()
	defer s.shelf.lock.RUnlock()
	items := make([]Item, 0, len(s.shelf.order))
	for _, id := range s.shelf.order {
		items = append(items, s.shelf.items[id])
	}
	return items
}
