package cartcore

// Outcome is what a command did, ask by ask.
type Outcome struct {
	Changed bool
	Created bool // the cart did not exist before
	Cut     bool // an ask got less than it asked for or, with Command.Each, nothing; or its line went because the item is no longer sold
	Results []*Result
	View    *View // the cart after the command
}

// Result is what became of one ask.
type Result struct {
	Ask       *Ask
	Item      *Item // the item, where the catalogue has it
	Line      *Line // the line after the command; for a line that went, as it was; nil where there never was one
	Was       int64
	Requested int64 // units the line would have had
	Granted   int64 // units it has
	Available int64 // units that could be had
	Why       Why
	Err       *Error // for Command.Each: why this ask was refused
}

// Why is what happened to an ask beyond plain success.
type Why int

// The reasons. Add only at the end.
const (
	WhyPlain    Why = iota
	WhyCapped       // stock cut the quantity
	WhyLimited      // limits.maxQuantityPerLine, or for Merge a bound of the cart, cut the quantity
	WhyRemoved      // the quantity came to 0
	WhyInactive     // the item is no longer sold, and the line went
	WhyVanished     // the catalogue no longer has the item, and the line went
)

// WhyName is the reason in one word, for logs and headers.
func WhyName(w Why) string { return whyNames[w] }

var whyNames = []string{"plain", "capped", "limited", "removed", "inactive", "vanished"}
