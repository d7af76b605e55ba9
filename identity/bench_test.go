package identity

import (
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// BenchmarkResolve measures who asks: a token verified before, tokens never seen, and a guest.
func BenchmarkResolve(b *testing.B) {
	for _, algorithm := range []string{"HS256", "RS256", "ES256", "EdDSA"} {
		customers := secretFile(b)
		if algorithm != "HS256" {
			customers = CustomerTokens{PublicKeyFile: file(b, pemOf(b, ring().RSA, ring().P256, ring().Ed25519))}
		}
		d := open(b, shop(customers))
		text := token(b, algorithm, signer(algorithm), goodClaims)
		b.Run(algorithm+" verified before", func(b *testing.B) {
			for b.Loop() {
				if _, err := signIn(d, text, moment); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(algorithm+" never seen", func(b *testing.B) {
			for b.Loop() {
				d.byID["acme"].Tokens.known = newMemory()
				if _, err := signIn(d, text, moment); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	d := open(b, shop(CustomerTokens{}))
	b.Run("guest", func(b *testing.B) {
		creds := cartcore.Credentials{TenantBy: cartcore.TenantByHost, Tenant: "shop.acme.com:443", Guest: "guest_763d1369-5bb8-4745-9e4d-4612126bcdb8", Session: true}
		for b.Loop() {
			if _, err := resolve(d, "any", creds, nil, moment); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkEntropy measures what each write needs for the ids that it may make.
func BenchmarkEntropy(b *testing.B) {
	for b.Loop() {
		if len(Entropy()) != 32 {
			b.Fatal("it is too short")
		}
	}
}
