package migrate

import (
	"bytes"
	"fmt"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

// judge tells what is to be done with a record of the folder where the target has there.
//
// A version alone does not say which is newer: a cart that was dropped and made anew begins at 1 again. So a record only takes
// the place of an earlier one of the same cart, by its id, that was changed no later.
func judge(key string, record, there *store.Record) (Outcome, string) {
	if there.Version == 0 {
		return Copied, ""
	}
	same := there.Version == record.Version
	if same && there.Expires == record.Expires && there.Pending == record.Pending && bytes.Equal(there.Data, record.Data) {
		return There, ""
	}
	owner, _ := cartcore.KeyOf(key)
	ours, wrong := cartcore.FromRecord(owner, record.Data)
	theirs, wrongThere := cartcore.FromRecord(owner, there.Data)
	if wrong != nil || wrongThere != nil {
		return Other, fmt.Sprintf("a cart of tenant %s, version %d there and version %d in the folder, one of which is of another form", owner.Tenant, there.Version, record.Version)
	}
	example := fmt.Sprintf("cart %s of tenant %s, version %d there and version %d in the folder", ours.ID, owner.Tenant, there.Version, record.Version)
	if ours.ID != theirs.ID {
		return Other, example + ", where there it is cart " + theirs.ID
	}
	if there.Version > record.Version || theirs.Updated > ours.Updated {
		return Newer, example
	}
	if same {
		return Other, example
	}
	return Replaced, example
}
