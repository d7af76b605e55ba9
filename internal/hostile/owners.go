package hostile

import (
	"strings"
	"testing"
)

// Owners lets the owner of a cart send every route's request, as a customer and as a guest: each is granted, and each write
// is kept. So what the other tests see refused is refused for who asks, and not for how it is asked.
func Owners(t *testing.T, level *Level) {
	steps, err := Steps()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, level, "owners")
	for i := range steps {
		step := &steps[i]
		t.Run(step.Dialect+" "+step.Pattern, func(t *testing.T) {
			for _, own := range w.owners(t, step, "c"+string(rune('A'+i/26))+string(rune('A'+i%26))) {
				w.log.fresh(t)
				got := w.ask(t, step, &own.Shown)
				switch {
				case strings.Contains(got.Body, `"success":false`):
					t.Errorf("%s is refused: %s", own.Name, got.Body)
				case step.Apart:
				case step.Reads && !strings.Contains(got.Body, lampTitle) && !strings.Contains(got.Body, `"p-lamp"`):
					t.Errorf("%s does not see the cart: %s", own.Name, got.Body)
				case !step.Reads && !wrote(w.log.fresh(t), own.kept):
					t.Errorf("%s is told that it is done, and nothing is kept: %s", own.Name, got.Body)
				}
			}
		})
	}
}

// owners are who may send a step's request: a customer called id, and in a dialect that knows guests a guest. Each has a cart
// that the request fits.
func (w *world) owners(t testing.TB, step *Step, id string) []*holder {
	t.Helper()
	signedIn := w.customer(t, alpha, id, "", "3", nil)
	if step.Owns {
		signedIn.Key = alpha.Secret
	}
	if step.Signs {
		signedIn.Guest = w.guest(t, alpha, step.Dialect, "", "3", Shown{}).Name
	}
	if subscribed := strings.Replace(step.Pattern, "DELETE ", "POST ", 1); step.Apart && subscribed != step.Pattern {
		w.ask(t, stepNamed(t, step.Dialect, subscribed), &signedIn.Shown)
	}
	if dialects[step.Dialect].adds == "" || step.Signs {
		return []*holder{signedIn}
	}
	showing := Shown{}
	if dialects[step.Dialect].session {
		showing.Guest = "session-" + id
	}
	return []*holder{signedIn, w.guest(t, alpha, step.Dialect, "", "3", showing)}
}
