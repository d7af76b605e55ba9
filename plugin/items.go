package plugin

import (
	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/catalog"
	"github.com/polycart/polycart/ucp"
)

// What a cart service calls an item, and what of its answers is laid over the catalogue.

// itemOf is what the service calls an item of the catalogue; empty for nil.
func itemOf(b *backend, item *cartcore.Item) string {
	if item == nil {
		return ""
	}
	switch b.ItemID {
	case "sku":
		return item.SKU
	case "variantId":
		return item.VariantID
	}
	if item.VariantID != "" {
		return item.VariantID
	}
	return item.SKU
}

// skuOf is the SKU of what the service calls id; empty where the catalogue has none.
func skuOf(b *backend, sold *catalog.Snapshot, id string) string {
	item := sold.ByVariant[id]
	if b.ItemID == "sku" || (b.ItemID == "" && item == nil) {
		item = sold.Facts[id]
	}
	if itemOf(b, item) != id || id == "" {
		return ""
	}
	return item.SKU
}

// wantedOf is how the service shall have lines. Lines of the service that are none of the catalogue's stay.
func wantedOf(b *backend, backing *cartcore.Backing, lines []*cartcore.Line, facts cartcore.Facts) []*ucp.Wanted {
	known := map[string]*cartcore.BackedLine{}
	wanted := []*ucp.Wanted{}
	if backing != nil {
		for _, line := range backing.Lines {
			if line.SKU != "" && known[line.SKU] == nil {
				known[line.SKU] = line
			}
		}
	}
	for _, line := range lines {
		one := &ucp.Wanted{Item: itemOf(b, facts[line.SKU]), Quantity: line.Quantity}
		if held := known[line.SKU]; held != nil {
			one.ID = held.ID
			one.Item = held.Item
		}
		if one.Item != "" { // else neither the catalogue nor the service ever had it
			wanted = append(wanted, one)
		}
	}
	if backing == nil {
		return wanted
	}
	for _, line := range backing.Lines {
		if line.SKU == "" {
			wanted = append(wanted, &ucp.Wanted{ID: line.ID, Parent: line.Parent, Item: line.Item, Quantity: line.Quantity})
		}
	}
	return wanted
}

// backingOf is a cart of the service as it is kept with ours. before is what was kept until now, which knows the items of lines
// that the catalogue may have lost; nil: nothing.
func backingOf(b *backend, before *cartcore.Backing, lines []*cartcore.Line, sold *catalog.Snapshot, answer *ucp.Answer) *cartcore.Backing {
	named := map[string]string{} // SKUs by what the service calls them
	made := &cartcore.Backing{ID: answer.Cart.ID, Tag: answer.Tag, Subtotal: answer.Cart.Subtotal, Lines: []*cartcore.BackedLine{}}
	if before != nil {
		made.Moves = before.Moves
		for _, line := range before.Lines {
			if line.SKU != "" { // a part of another line may be the same item
				named[line.Item] = line.SKU
			}
		}
	}
	for _, line := range lines {
		if item := sold.Facts[line.SKU]; item != nil {
			named[itemOf(b, item)] = line.SKU
		}
	}
	for _, line := range answer.Cart.Lines {
		sku := named[line.Item]
		if sku == "" {
			sku = skuOf(b, sold, line.Item)
		}
		if line.Parent != "" { // part of another line: nothing that a legacy client can name
			sku = ""
		}
		made.Lines = append(made.Lines, &cartcore.BackedLine{ID: line.ID, Parent: line.Parent, Item: line.Item, SKU: sku, Quantity: line.Quantity, Total: line.Total})
	}
	return made
}

// factsOf is the catalogue as far as lines and asks need it.
func factsOf(lines []*cartcore.Line, asks []*cartcore.Ask, facts cartcore.Facts) cartcore.Facts {
	needed := cartcore.Facts{}
	for _, line := range lines {
		if item := facts[line.SKU]; item != nil {
			needed[line.SKU] = item
		}
	}
	for _, ask := range asks {
		if item := facts[ask.SKU]; item != nil {
			needed[ask.SKU] = item
		}
	}
	return needed
}

// priceBy puts the titles and prices of the service into facts. The lines of backing are those of the answer, in its order.
func priceBy(facts cartcore.Facts, backing *cartcore.Backing, answer *ucp.Answer, sold cartcore.Facts) {
	if answer.Cart == nil {
		return
	}
	for i, line := range answer.Cart.Lines {
		sku := backing.Lines[i].SKU
		if item := sold[sku]; item != nil {
			facts[sku] = retold(item, line)
		}
	}
}

// retold is an item with what the service says of it.
func retold(item *cartcore.Item, line *ucp.Line) *cartcore.Item {
	same := line.Price == item.Price && (line.Title == "" || line.Title == item.Title) && (item.ImageURL != "" || line.ImageURL == "")
	if same {
		return item
	}
	told := *item
	told.Price = line.Price
	if item.OriginalPrice == item.Price || item.OriginalPrice < line.Price { // there is no offer
		told.OriginalPrice = line.Price
	}
	if line.Title != "" {
		told.Title = line.Title
	}
	if told.ImageURL == "" {
		told.ImageURL = line.ImageURL
	}
	return &told
}

// grantedBy is facts with as much stock as the service granted where it granted less than lines want, so that each dialect tells
// it as it tells any short stock.
func grantedBy(b *backend, answer *ucp.Answer, goods map[string]int64, lines []*cartcore.Line, facts cartcore.Facts) cartcore.Facts {
	granted := cartcore.Facts{}
	for sku, item := range facts {
		granted[sku] = item
	}
	for _, line := range lines {
		got := goods[line.SKU]
		item := facts[line.SKU]
		if got >= line.Quantity || item == nil {
			continue
		}
		short := *item
		short.TrackStock = true
		short.Stock = got
		short.Active = item.Active && (got > 0 || !ucp.Unavailable(answer, itemOf(b, item)))
		granted[line.SKU] = &short
	}
	return granted
}
