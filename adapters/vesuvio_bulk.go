package adapters

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/polycart/polycart/cartcore"
)

// The bulk operations of vesuvio: several items in one request, each judged alone and in order, the cart saved once.

// vesuvioMostItems bounds the entries of a bulk request. The origin has a bound (TOO_MANY_ITEMS) and does not publish it.
const vesuvioMostItems = 100

func vesuvioBulkAdd(call *Call) *cartcore.Error {
	command := &cartcore.Command{Verb: cartcore.Add, Short: cartcore.ShortRefuses, Each: true}
	entries, err := vesuvioEntries(call, command, "items")
	for i := range entries {
		command.Asks = append(command.Asks, vesuvioAddEntry(call, entries[i], i))
	}
	return err
}

func vesuvioBulkSet(call *Call) *cartcore.Error {
	command := &cartcore.Command{Verb: cartcore.Set, Short: cartcore.ShortRefuses, Each: true}
	entries, err := vesuvioEntries(call, command, "items")
	for i := range entries {
		command.Asks = append(command.Asks, vesuvioSetEntry(call, entries[i], i))
	}
	return err
}

func vesuvioBulkRemove(call *Call) *cartcore.Error {
	command := &cartcore.Command{Verb: cartcore.Remove, Each: true}
	entries, err := vesuvioEntries(call, command, "cartItemIds")
	for i := range entries {
		name := "cartItemIds[" + strconv.Itoa(i) + "]"
		line, problem := text(map[string]rawJSON{name: entries[i]}, name)
		ask := &cartcore.Ask{LineID: line, Named: line}
		if problem != nil {
			ask = &cartcore.Ask{Err: cartcore.RefuseField(*problem)}
		}
		command.Asks = append(command.Asks, ask)
	}
	return err
}

// vesuvioEntries reads who asks and the entries of a bulk request. The command is set first: by it vesuvioFail knows that
// the request is one in bulk.
func vesuvioEntries(call *Call, command *cartcore.Command, name string) ([]json.RawMessage, *cartcore.Error) {
	vesuvioCaller(call)
	call.Command = command
	found, err := bodyMembers(call)
	if err != nil {
		return nil, err
	}
	entries, problem := array(found, name, vesuvioMostItems)
	if problem == nil {
		return entries, nil
	}
	if problem.Problem == cartcore.ProblemTooLong {
		return nil, &cartcore.Error{Kind: cartcore.KindTooManyAsks, Limit: vesuvioMostItems}
	}
	return nil, cartcore.RefuseField(*problem)
}

// vesuvioAddEntry reads an entry of a bulk add. One that is wrong is refused in its turn, and does not refuse the others.
func vesuvioAddEntry(call *Call, entry rawJSON, at int) *cartcore.Ask {
	found := inner(entry)
	if found == nil {
		return vesuvioNoEntry(at)
	}
	ask, problems := vesuvioItem(found)
	quantity, problem := integer(found, "quantity", 1, call.Limits.MaxQuantityPerLine)
	if problem != nil {
		problems = append(problems, *problem)
	}
	if len(problems) > 0 {
		return &cartcore.Ask{Err: &cartcore.Error{Kind: cartcore.KindInvalid, Fields: problems}}
	}
	ask.Quantity = quantity
	return ask
}

// vesuvioSetEntry reads an entry of a bulk update, likewise.
func vesuvioSetEntry(call *Call, entry rawJSON, at int) *cartcore.Ask {
	found := inner(entry)
	if found == nil {
		return vesuvioNoEntry(at)
	}
	ask, problems := vesuvioLineAsked(call, found)
	if len(problems) > 0 {
		ask.Err = &cartcore.Error{Kind: cartcore.KindInvalid, Fields: problems}
	}
	return ask
}

// vesuvioNoEntry names the entry that is no object.
func vesuvioNoEntry(at int) *cartcore.Ask {
	wrong := cartcore.FieldError{Field: "items[" + strconv.Itoa(at) + "]", Problem: cartcore.ProblemNotObject}
	return &cartcore.Ask{Err: cartcore.RefuseField(wrong)}
}

// vesuvioBulk is the answer to a bulk request. Message and ErrorCode are there where no entry succeeded: then they are
// those of the first.
type vesuvioBulk struct {
	Success        bool            `json:"success"`
	Message        string          `json:"message,omitempty"`
	ErrorCode      string          `json:"errorCode,omitempty"`
	Data           rawJSON         `json:"data"`
	PartialSuccess bool            `json:"partialSuccess"`
	Results        []vesuvioResult `json:"results"`
}

type vesuvioResult struct {
	Index      int    `json:"index"`
	Success    bool   `json:"success"`
	CartItemID string `json:"cartItemId,omitempty"`
	ErrorCode  string `json:"errorCode,omitempty"`
	Message    string `json:"message,omitempty"`
}

func vesuvioBulkCart(call *Call, seen *Seen) *Answer {
	body := vesuvioBulk{Data: vesuvioPrinted(vesuvioCart(call, seen)), Results: []vesuvioResult{}}
	failed := 0
	for i := range seen.Outcome.Results {
		result := vesuvioResultOf(call, seen.Outcome.Results[i], i)
		body.Results = append(body.Results, result)
		if !result.Success {
			failed++
		}
	}
	body.Success = failed < len(body.Results)
	body.PartialSuccess = body.Success && failed > 0
	if !body.Success {
		body.Message = body.Results[0].Message
		body.ErrorCode = body.Results[0].ErrorCode
	}
	return printed(200, body)
}

// vesuvioPrinted is the data of an answer that is printed already. The cart beside the results is that of every other
// write, whose way to print it stays as short as it is.
func vesuvioPrinted(answer *Answer) rawJSON {
	var whole struct {
		Data rawJSON `json:"data"`
	}
	if json.Unmarshal(answer.Body, &whole) != nil {
		return rawJSON("null") // only where the cart could not be printed
	}
	return whole.Data
}

func vesuvioResultOf(call *Call, result *cartcore.Result, at int) vesuvioResult {
	told := vesuvioResult{Index: at, Success: result.Err == nil, CartItemID: result.Ask.LineID}
	if result.Line != nil {
		told.CartItemID = result.Line.ID
	}
	if result.Err != nil {
		told.ErrorCode, told.Message = vesuvioEntryWords(call, result.Err)
	}
	return told
}

// vesuvioEntryWords are the code and the text of a refused entry, which has no list of fields of its own.
func vesuvioEntryWords(call *Call, err *cartcore.Error) (code, message string) {
	row := vesuvioRefusals[err.Kind]
	if len(err.Fields) == 0 {
		return row.code, worded(row, call, err)
	}
	texts := []string{}
	for i := range err.Fields {
		texts = append(texts, vesuvioFieldText(err.Fields[i]))
	}
	code = row.code
	if vesuvioQuantityAlone(err) {
		code = vesuvioQuantityCode
	}
	return code, strings.Join(texts, "; ")
}
