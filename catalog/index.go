package catalog

import (
	"strconv"

	"github.com/polycart/polycart/cartcore"
)

// index puts an item into the snapshot under each of its identifiers and lists those that another item has.
func index(p *parser, at int, item *cartcore.Item) {
	s := p.snapshot
	if item.SKU != "" {
		if first, taken := p.position[item.SKU]; taken {
			blameField(p, at, item.SKU, "sku is already that of items["+strconv.Itoa(first)+"]; each item has its own")
			return
		}
		p.position[item.SKU] = at
		s.Facts[item.SKU] = item
	}
	if item.NumericID != 0 {
		if other := s.ByNumber[item.NumericID]; other != nil {
			blameTaken(p, at, item, "number "+strconv.FormatInt(item.NumericID, 10), other)
		}
		s.ByNumber[item.NumericID] = item
	}
	if item.VariantID != "" {
		if other := s.ByVariant[item.VariantID]; other != nil {
			blameTaken(p, at, item, "variantId "+strconv.Quote(shortened(item.VariantID)), other)
		}
		s.ByVariant[item.VariantID] = item
	}
	if item.ProductID != "" {
		s.ByProduct[item.ProductID] = append(s.ByProduct[item.ProductID], item)
	}
	if item.ProductNumber != 0 {
		siblings := s.ByProductNumber[item.ProductNumber]
		if len(siblings) > 0 && siblings[0].ProductID != item.ProductID {
			blameField(p, at, item.SKU, "productNumber "+strconv.FormatInt(item.ProductNumber, 10)+" is already that of productId "+
				strconv.Quote(shortened(siblings[0].ProductID))+" (sku "+strconv.Quote(shortened(siblings[0].SKU))+"); only variants of one product share it")
		}
		s.ByProductNumber[item.ProductNumber] = append(siblings, item)
	}
	if item.ExternalProductID != "" || item.ExternalVariantID != "" {
		indexExternal(p, at, item)
	}
}

// indexExternal indexes the pair of external ids. Items that share one of the two need the other to be told apart.
func indexExternal(p *parser, at int, item *cartcore.Item) {
	s := p.snapshot
	product, variant := item.ExternalProductID, item.ExternalVariantID
	pair := External{ProductID: product, VariantID: variant}
	if other := s.ByExternal[pair]; other != nil {
		blameTaken(p, at, item, "externalProductId "+strconv.Quote(shortened(product))+" with externalVariantId "+strconv.Quote(shortened(variant)), other)
		return
	}
	s.ByExternal[pair] = item
	if product != "" {
		_, shared := s.ByExternalProduct[product]
		if shared && (variant == "" || s.ByExternal[External{ProductID: product}] != nil) {
			blameField(p, at, item.SKU, "externalProductId "+strconv.Quote(shortened(product))+" is that of several items: each of them needs an externalVariantId")
		}
		if shared {
			s.ByExternalProduct[product] = nil
		} else {
			s.ByExternalProduct[product] = item
		}
	}
	if variant != "" {
		_, shared := s.ByExternalVariant[variant]
		if shared && (product == "" || s.ByExternal[External{VariantID: variant}] != nil) {
			blameField(p, at, item.SKU, "externalVariantId "+strconv.Quote(shortened(variant))+" is that of several items: each of them needs an externalProductId")
		}
		if shared {
			s.ByExternalVariant[variant] = nil
		} else {
			s.ByExternalVariant[variant] = item
		}
	}
}
