package cartcore

// Limits bound a cart. 0 switches MaxUnits off; the others are always in force.
type Limits struct {
	MaxLines           int64 // lines in a cart
	MaxUnits           int64 // units in a cart, all lines together; 0 is no bound
	MaxQuantityPerLine int64 // units of one item
}
