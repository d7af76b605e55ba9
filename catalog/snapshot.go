package catalog

import "github.com/polycart/polycart/cartcore"

// Snapshot is the catalogue at one moment. Readers share it and never change it.
type Snapshot struct {
	Facts      cartcore.Facts // every item by SKU
	Generation int64          // counts the loads of a Catalog, from 1; 0 where Parse made the snapshot

	ByNumber          map[int64]*cartcore.Item    // by Item.NumericID
	ByVariant         map[string]*cartcore.Item   // by Item.VariantID
	ByProduct         map[string][]*cartcore.Item // by Item.ProductID, in the order of the file: the first is the product's default
	ByProductNumber   map[int64][]*cartcore.Item  // by Item.ProductNumber, likewise
	ByExternal        map[External]*cartcore.Item // by both external ids, where either is given
	ByExternalProduct map[string]*cartcore.Item   // by Item.ExternalProductID; nil where several items share it
	ByExternalVariant map[string]*cartcore.Item   // by Item.ExternalVariantID; nil where several items share it

	partial bool // only what one command needed, from a service
}

// External is the pair of ids that names an item in the merchant's e-commerce platform.
type External struct {
	ProductID string
	VariantID string
}

// Find answers the item that ref names, or nil. Every identifier given must fit the item. A product id or product number
// that several variants share means the first listed that fits; an external product or variant id that several items
// share means none of them unless another identifier decides.
func Find(s *Snapshot, ref *cartcore.ItemRef) *cartcore.Item {
	if ref.SKU == "" && ref.NumericID == 0 {
		return findShared(s, ref)
	}
	if ref.SKU == "" {
		return ifFits(s.ByNumber[ref.NumericID], ref)
	}
	return ifFits(s.Facts[ref.SKU], ref)
}

// findShared finds by the identifiers that several items can share. A product id alone is what most requests name.
func findShared(s *Snapshot, ref *cartcore.ItemRef) *cartcore.Item {
	found := s.ByProduct[ref.ProductID]
	if len(found) == 0 || ref.ExternalProductID != "" || ref.ExternalVariantID != "" || ref.ProductNumber != 0 {
		return findOther(s, ref)
	}
	return found[0]
}

// findOther finds by every other identifier that several items can share, or by several of them.
func findOther(s *Snapshot, ref *cartcore.ItemRef) *cartcore.Item {
	if ref.ExternalProductID != "" && ref.ExternalVariantID != "" {
		return ifFits(s.ByExternal[External{ProductID: ref.ExternalProductID, VariantID: ref.ExternalVariantID}], ref)
	}
	if ref.ProductID != "" {
		return firstFit(s.ByProduct[ref.ProductID], ref)
	}
	if ref.ProductNumber != 0 {
		return firstFit(s.ByProductNumber[ref.ProductNumber], ref)
	}
	if ref.ExternalVariantID != "" {
		return s.ByExternalVariant[ref.ExternalVariantID]
	}
	return s.ByExternalProduct[ref.ExternalProductID]
}

// NameAsks finds the catalogue's name for each item that a client named. An item that only a cart still knows keeps the SKU
// that the client gave.
func NameAsks(s *Snapshot, asks []*cartcore.Ask) {
	for _, ask := range asks {
		if ask.LineID == "" && ask.LineNumber == 0 {
			nameAsk(s, ask)
		}
	}
}

func nameAsk(s *Snapshot, ask *cartcore.Ask) {
	item := Find(s, &ask.Item)
	if item != nil {
		ask.SKU = item.SKU
	} else if ask.Item.SKU != "" && s.Facts[ask.Item.SKU] == nil {
		ask.SKU = ask.Item.SKU
	}
}

// firstFit answers the first of items that every identifier of ref fits, or nil.
func firstFit(items []*cartcore.Item, ref *cartcore.ItemRef) *cartcore.Item {
	for i := range items {
		if found := ifFits(items[i], ref); found != nil {
			return found
		}
	}
	return nil
}

// ifFits answers item where every identifier that ref gives is the item's own, else nil.
func ifFits(item *cartcore.Item, ref *cartcore.ItemRef) *cartcore.Item {
	if item == nil || !ownNames(item, ref) || !sharedNames(item, ref) {
		return nil
	}
	return item
}

// ownNames tells whether the identifiers that no two items share fit.
func ownNames(item *cartcore.Item, ref *cartcore.ItemRef) bool {
	return (ref.SKU == "" || ref.SKU == item.SKU) && (ref.NumericID == 0 || ref.NumericID == item.NumericID)
}

// sharedNames tells whether the identifiers that items can share fit.
func sharedNames(item *cartcore.Item, ref *cartcore.ItemRef) bool {
	return (ref.ProductID == "" || ref.ProductID == item.ProductID) &&
		(ref.ProductNumber == 0 || ref.ProductNumber == item.ProductNumber) &&
		(ref.ExternalProductID == "" || ref.ExternalProductID == item.ExternalProductID) &&
		(ref.ExternalVariantID == "" || ref.ExternalVariantID == item.ExternalVariantID)
}

// newSnapshot is an empty catalogue with room for n items.
func newSnapshot(n int) *Snapshot {
	return &Snapshot{
		Facts:             make(cartcore.Facts, n),
		ByNumber:          make(map[int64]*cartcore.Item, n),
		ByVariant:         make(map[string]*cartcore.Item, n),
		ByProduct:         make(map[string][]*cartcore.Item, n),
		ByProductNumber:   make(map[int64][]*cartcore.Item, n),
		ByExternal:        make(map[External]*cartcore.Item, n),
		ByExternalProduct: make(map[string]*cartcore.Item, n),
		ByExternalVariant: make(map[string]*cartcore.Item, n),
	}
}
