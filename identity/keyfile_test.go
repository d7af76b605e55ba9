package identity

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

func TestAChangedSecretIsReadAgain(t *testing.T) {
	customers := secretFile(t)
	d := open(t, shop(customers))
	other := []byte(strings.Repeat("o", 40))
	old, fresh := token(t, "HS256", testSecret, goodClaims), token(t, "HS256", other, goodClaims)
	wantCustomer(t, d, old, moment, "182")
	rewrite(t, customers.SecretFile, string(other))
	wantCustomer(t, d, old, moment+fileEvery-1, "182") // the file is looked at once a second
	wantCustomer(t, d, fresh, moment+fileEvery, "182")
	wantRefused(t, d, old, moment+fileEvery, cartcore.KindBadToken, "fits no key") // verified before, and forgotten with its key
}

func TestABrokenNewFileKeepsTheOldKeyAndIsLoggedOnce(t *testing.T) {
	for name, broken := range map[string]string{
		"empty":                                  "",
		"a short one":                            "short",
		"no PEM":                                 strings.Repeat("x", 100),
		"half a PEM":                             pemOf(t, ring().P256)[:100],
		"a key that does not fit the algorithms": pemOf(t, ring().P384),
	} {
		t.Run(name, func(t *testing.T) {
			customers := CustomerTokens{PublicKeyFile: file(t, pemOf(t, ring().P256)), Algorithms: []string{"ES256"}}
			d, logged := openLogged(t, shop(customers))
			one, two := token(t, "ES256", ring().P256, goodClaims), token(t, "ES256", ring().P256, claims(`"n":2`))
			wantCustomer(t, d, one, moment, "182")
			rewrite(t, customers.PublicKeyFile, broken)
			for at := moment + 1000; at < moment+5000; at += 1000 {
				wantCustomer(t, d, one, at, "182")
				wantCustomer(t, d, two, at, "182")
			}
			if n := strings.Count(logged.String(), "the old ones stay"); n != 1 {
				t.Fatalf("logged %d times: %s", n, logged.String())
			}
			rewrite(t, customers.PublicKeyFile, pemOf(t, ring().P256)+"\n")
			wantCustomer(t, d, one, moment+6000, "182")
			if !strings.Contains(logged.String(), "read the changed keys") {
				t.Fatalf("logged %s", logged.String())
			}
		})
	}
}

func TestAFileThatWentKeepsItsKey(t *testing.T) {
	customers := secretFile(t)
	d, logged := openLogged(t, shop(customers))
	if err := os.Remove(customers.SecretFile); err != nil {
		t.Fatal(err)
	}
	for at := moment; at < moment+3000; at += 1000 {
		wantCustomer(t, d, token(t, "HS256", testSecret, goodClaims), at, "182")
	}
	if n := strings.Count(logged.String(), "no such file"); n != 1 {
		t.Fatalf("logged %d times: %s", n, logged.String())
	}
}

func TestTheLastLineBreakIsNotPartOfASecret(t *testing.T) {
	for _, ending := range []string{"", "\n", "\r\n"} {
		d := open(t, shop(CustomerTokens{SecretFile: file(t, string(testSecret)+ending)}))
		wantCustomer(t, d, token(t, "HS256", testSecret, goodClaims), moment, "182")
	}
	d := open(t, shop(CustomerTokens{SecretFile: file(t, string(testSecret)+"\n\n")}))
	wantCustomer(t, d, token(t, "HS256", append(append([]byte{}, testSecret...), '\n'), goodClaims), moment, "182")
}

func TestManyTokensVerifyWhileTheSecretChanges(t *testing.T) {
	customers := secretFile(t)
	d := open(t, shop(customers))
	other := []byte(strings.Repeat("o", 40))
	one, two := token(t, "HS256", testSecret, goodClaims), token(t, "HS256", other, goodClaims)
	all := sync.WaitGroup{}
	for i := 0; i < 4; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := int64(0); n < 200; n++ {
				_, errOne := signIn(d, one, moment+n*500)
				_, errTwo := signIn(d, two, moment+n*500)
				if kind := kindOf(errOne); kind != 0 && kind != cartcore.KindBadToken {
					t.Errorf("got %v", errOne)
				}
				if kind := kindOf(errTwo); kind != 0 && kind != cartcore.KindBadToken {
					t.Errorf("got %v", errTwo)
				}
			}
		}()
	}
	for i := 0; i < 20; i++ {
		rewrite(t, customers.SecretFile, string(other))
		rewrite(t, customers.SecretFile, string(testSecret)+"\n")
	}
	rewrite(t, customers.SecretFile, string(other))
	all.Wait()
	wantCustomer(t, d, two, moment+200*500, "182")
	wantRefused(t, d, one, moment+200*500, cartcore.KindBadToken, "fits no key")
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAVerifiedTokenIsForgottenWhenItEnds(t *testing.T) {
	d := open(t, shop(secretFile(t)))
	text := token(t, "HS256", testSecret, `{"sub":"182","exp":1800000000}`)
	wantCustomer(t, d, text, moment, "182")
	wantCustomer(t, d, text, moment+29_999, "182") // the leeway
	wantRefused(t, d, text, moment+30_000, cartcore.KindBadToken, "ended")
}

func TestAMemoryKeepsItsLastEntriesAndNotMore(t *testing.T) {
	m := newMemory()
	names := []string{}
	for i := 0; i < 5*memoryHalf; i++ {
		names = append(names, Entropy())
		remember(m, names[i], remembered{Customer: names[i], Until: moment + 1})
		if _, ok := recall(m, names[0], moment); !ok { // asked for again and again, so it stays
			t.Fatalf("the entry in use is gone after %d others", i)
		}
		if held := len(m.newer) + len(m.older); held > 2*memoryHalf {
			t.Fatalf("%d entries are held", held)
		}
	}
	for _, name := range names[len(names)-memoryHalf+2:] {
		if who, ok := recall(m, name, moment); !ok || who.Customer != name {
			t.Fatal("one of the last entries is gone")
		}
	}
	if _, ok := recall(m, names[1], moment); ok {
		t.Fatal("the oldest entry not in use is still there")
	}
	if _, ok := recall(m, names[0], moment+1); ok {
		t.Fatal("an entry outlives its end")
	}
}
