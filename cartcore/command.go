package cartcore

// Verb is what a command does.
type Verb int

// The verbs. Add only at the end.
const (
	Read        Verb = iota // nothing
	Add                     // add to the quantity held; a new line where there is none
	Put                     // set the quantity; a new line where there is none
	Set                     // set the quantity of a line that is there; 0 removes it
	Adjust                  // add to the quantity of a line that is there; 0 or less removes it
	Remove                  // take the line out
	Clear                   // take every line out; it and those below are about the whole cart
	Merge                   // add what fits of another cart's lines
	Lock                    // hold the cart until Command.Until; where it is held already it stays as it is
	Look                    // see whether the asks can be had; no cart counts
	Close                   // make the cart the order Command.Order: it is a cart no more
	Subscribe               // wait for the one ask's item to be in stock again; no cart counts
	Unsubscribe             // wait for it no more; no cart counts
)

// Short says what happens where stock, or the bound on one item, does not cover what was asked for.
type Short int

// The rules for short stock. Add only at the end.
const (
	ShortCaps        Short = iota // grant what there is; refuse only where there is nothing at all
	ShortRefuses                  // refuse
	ShortRefusesAsk               // refuse where the number asked for passes the stock by itself, cap where only the sum does
	ShortCapsToEmpty              // grant what there is, even where that is nothing: the line goes
)

// Gone says what happens to a line whose item is no longer sold when a command names it.
type Gone int

// The rules for lines whose item is gone. Add only at the end.
const (
	GoneRefuses Gone = iota // refuse; the line stays
	GoneDrops               // drop the line, and tell so in the outcome
)

// Command is one request on a cart in canonical words. An adapter writes it; it holds no price and no stock.
type Command struct {
	Verb  Verb
	Asks  []*Ask
	Short Short
	Gone  Gone
	Each  bool   // judge every ask alone: a refused one does not refuse the others
	Seed  string // random hexadecimal digits, from which new ids are made; the same for each try
	Mark  Mark   // for Merge: the guest cart that the asks come from
	Until int64  // for Lock: Unix milliseconds
	Begin bool   // for Merge: a cart that was never saved is saved, even where nothing fits
	Order string // for Close: the number of the order

	NeedsCart  bool // refuse where the cart was never saved
	NeedsLines bool // refuse where the cart has no line
}

// Ask is one line of a command: which item or line, and how many.
type Ask struct {
	Item       ItemRef // the item, as the client named it
	SKU        string  // the item, as the catalogue found it; empty where it has none like it
	LineID     string  // or the line, by id
	LineNumber int64   // or the line, by number
	Quantity   int64
	Options    []Option
	OptionRule OptionRule
	Groups     []string
	Product    bool   // for Remove: every line of the item's product
	Named      string // the item in the client's own words, for messages
	Attributes []Attribute
	PriceSeen  string // the unit price that the client believes, as it wrote it; compared and told, never taken
	Err        *Error // with Command.Each: why the ask cannot be read. It is refused in its turn, and nothing else of it counts
}

// Attribute is what an ask requires of its item: that it has the attribute, and where Value is given, that value.
type Attribute struct {
	Name    string
	Value   string // JSON text; empty: any
	Default string // JSON text that stands for an attribute the item lacks; empty: the item must have it
}

// OptionRule says what a command does with the options of a line.
type OptionRule int

// The rules for options. Add only at the end.
const (
	OptionsKeep    OptionRule = iota // leave them
	OptionsMerge                     // lay the sent ones over those held
	OptionsReplace                   // the sent ones stand alone
)
