package cartcore

import (
	"encoding/json"
	"fmt"
)

// Record is the cart as bytes, for a store. It does not hold the key: the store keeps the record under it.
func Record(cart *Cart) ([]byte, error) {
	record, err := json.Marshal(cart)
	if err != nil {
		return nil, fmt.Errorf("writing the record of cart %s: %w", cart.ID, err)
	}
	return record, nil
}

// FromRecord reads what Record wrote.
func FromRecord(key Key, record []byte) (*Cart, error) {
	cart := &Cart{}
	if err := json.Unmarshal(record, cart); err != nil {
		return nil, fmt.Errorf("reading the record of a cart of tenant %s: %w", key.Tenant, err)
	}
	if cart.ID == "" || cart.Version < 1 || cart.NextLine < 1 {
		return nil, fmt.Errorf("reading the record of a cart of tenant %s: id, version or next line is missing", key.Tenant)
	}
	if cart.Lines == nil {
		cart.Lines = []*Line{}
	}
	cart.Key = key
	return cart, nil
}
