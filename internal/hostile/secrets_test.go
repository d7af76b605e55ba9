package hostile

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/internal/interpretable"
)

// Whoever sees how long a comparison takes must not learn a secret by it. Guest tokens, customer tokens and API keys are
// compared with nothing: guest tokens are part of a key that maps find by its hash, API keys are looked up by their SHA-256,
// and signatures are checked by crypto/hmac and the like. The exceptions compare what one client sent.
func TestSecretsAreLookedUpAndNotCompared(t *testing.T) {
	allowed := []string{
		"identity/resolve.go: creds.Guest, creds.Token", // both from one request
		"store/carts.go: record.Token, hit.token",       // a save's, which no client sends or sees
		"store/lock.go: holder.Token, k.self.Token",     // the lock file's, which no client sends
	}
	met := []string{}
	inRooms(t, func(name string, file *ast.File) {
		ast.Inspect(file, func(node ast.Node) bool {
			compared, is := node.(*ast.BinaryExpr)
			if !is || (compared.Op != token.EQL && compared.Op != token.NEQ) {
				return true
			}
			for _, sides := range [][2]ast.Expr{{compared.X, compared.Y}, {compared.Y, compared.X}} {
				if _, literal := sides[1].(*ast.BasicLit); secret(sides[0]) && !literal {
					met = append(met, fmt.Sprintf("%s: %s, %s", name, written(compared.X), written(compared.Y)))
					break
				}
			}
			return true
		})
	})
	slices.Sort(met)
	if !slices.Equal(met, allowed) {
		t.Errorf("secrets are compared here:\n%s\nallowed is\n%s", strings.Join(met, "\n"), strings.Join(allowed, "\n"))
	}
}

// secret tells the fields in which the rooms hold what opens a cart.
func secret(side ast.Expr) bool {
	field, is := side.(*ast.SelectorExpr)
	return is && slices.Contains([]string{"Guest", "Token", "APIKey"}, field.Sel.Name)
}

func written(side ast.Expr) string {
	switch side := side.(type) {
	case *ast.SelectorExpr:
		return written(side.X) + "." + side.Sel.Name
	case *ast.Ident:
		return side.Name
	}
	return "…"
}

// Only pauses come from a generator that can be guessed: between deliveries, between tries of writers who met, and between
// looks at a server that is away. Nobody profits from guessing them.
func TestRandomnessIsCryptographic(t *testing.T) {
	guessable := []string{}
	inRooms(t, func(name string, file *ast.File) {
		for _, imported := range file.Imports {
			if strings.HasPrefix(imported.Path.Value, `"math/rand`) {
				guessable = append(guessable, name)
			}
		}
	})
	if !slices.Equal(guessable, []string{"plugin/change.go", "plugin/deliver.go", "store/redis_nodes.go"}) {
		t.Errorf("math/rand is imported by %v", guessable)
	}
}

// The names of a client's strange fields are read off the source. What reflection sees of the canonical cart is among them.
func TestTheNamesHoldTheCanonicalCart(t *testing.T) {
	names, err := Names(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, modelled := range []any{
		cartcore.Key{}, cartcore.Cart{}, cartcore.Line{}, cartcore.Option{}, cartcore.Item{}, cartcore.Reply{}, cartcore.Mark{}, cartcore.Rest{},
		cartcore.Outbox{}, cartcore.Event{}, cartcore.Delivery{}, cartcore.Credentials{}, cartcore.Caller{}, cartcore.Command{}, cartcore.Ask{},
	} {
		made := reflect.TypeOf(modelled)
		for i := range made.NumField() {
			tag, _, _ := strings.Cut(made.Field(i).Tag.Get("json"), ",")
			for _, name := range []string{made.Field(i).Name, tag} {
				if name != "" && name != "-" && !slices.Contains(names, name) {
					t.Errorf("%s: %q is not among the names", made, name)
				}
			}
		}
	}
	for _, name := range []string{"price", "stock", "owner", "tenant", "version", "locked", "lock", "id", "total", "Xprice", "Xstock", "Xowner"} {
		if !slices.Contains(names, name) {
			t.Errorf("%q is not among the names", name)
		}
	}
}

// A route that nobody says how to attack is an error.
func TestEveryRouteHasARecipe(t *testing.T) {
	if _, err := Steps(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"agent GET /{domain}/agent/cart/get", "vesuvio DELETE /api/v1/sdk/cart/store/{storeId}"} {
		recipe := recipes[name]
		delete(recipes, name)
		if _, err := Steps(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without the recipe of %q: %v", name, err)
		}
		recipes[name] = recipe
	}
	const stray = "agent GET /nowhere"
	recipes[stray] = Recipe{}
	defer delete(recipes, stray)
	if _, err := Steps(); err == nil || !strings.Contains(err.Error(), stray) {
		t.Errorf("with the recipe of no route: %v", err)
	}
}

// inRooms visits every file of the interpreted rooms but tests.
func inRooms(t *testing.T, visit func(name string, file *ast.File)) {
	t.Helper()
	rooms := []string{}
	for room := range interpretable.Rooms {
		rooms = append(rooms, room)
	}
	slices.Sort(rooms)
	for _, room := range rooms {
		entries, err := os.ReadDir(filepath.Join("..", "..", room))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", room, entry.Name()), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			visit(room+"/"+entry.Name(), file)
		}
	}
}
