package plugin_test

import (
	"net/http"
	"testing"

	"github.com/polycart/polycart/internal/hostile"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/plugin"
)

// native is the plugin as the compiler makes it. The integration module holds the interpreted one to the same promises.
var native = &hostile.Level{Root: "..", Open: func(t testing.TB, config map[string]any, name string) http.Handler {
	handler, err := plugin.New(t.Context(), transcript.Upstream(), decoded(t, config), name)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}}

func TestOnlyTheOwnerSeesOrChangesACart(t *testing.T) { hostile.Matrix(t, native) }

func TestTheOwnerIsGrantedWhatOthersAreRefused(t *testing.T) { hostile.Owners(t, native) }

func TestAClientSetsNothingThatIsTheShops(t *testing.T) { hostile.Fields(t, native) }

func TestGuestTokensCannotBeGuessed(t *testing.T) { hostile.Tokens(t, native) }

func TestSessionCookiesAreHeldBack(t *testing.T) { hostile.Cookies(t, native) }

func TestAPlantedTokenOpensNobodysCart(t *testing.T) { hostile.Fixation(t, native) }
