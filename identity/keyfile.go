package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Bounds of key material.
const (
	minSecret    = 32       // bytes: as long as the hash of HS256 (RFC 7518 §3.2)
	minModulus   = 2048     // bits: RFC 7518 §3.3
	maxModulus   = 8192     // bits; a longer one makes each verification slow
	maxKeyFile   = 64 << 10 // bytes; 8 certificates need 16 KiB
	maxKeysAFile = 8        // keys; a rotation needs two
)

// keyFile is a secret or PEM file that is read again when it changes.
type keyFile struct {
	Path       string
	Secret     bool
	modified   time.Time
	size       int64
	complained string // the fault that was logged last, so that it is logged once
}

// loadFile reads the keys of file where its time or size differs from what was last seen; changed is false where they
// do not. The error says what is wrong without the file's name, and nothing of its content.
func loadFile(file *keyFile) (keys []*verifyKey, changed bool, err error) {
	info, err := os.Stat(file.Path)
	if err != nil {
		return nil, true, withoutPath(err)
	}
	if info.ModTime().Equal(file.modified) && info.Size() == file.size {
		return nil, false, nil
	}
	file.modified = info.ModTime()
	file.size = info.Size()
	if !info.Mode().IsRegular() {
		return nil, true, errors.New("it is not a regular file")
	}
	text, err := readBounded(file.Path)
	if err != nil {
		return nil, true, err
	}
	keys = nil // said, because a result does not begin as zero (docs/interpreter.md: named results)
	if file.Secret {
		keys, err = secretKeys(text)
	} else {
		keys, err = publicKeys(text)
	}
	return keys, true, err
}

// readBounded reads a file of at most maxKeyFile bytes.
func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("it is longer than %d bytes", maxKeyFile)
	}
	return text, nil
}

// withoutPath takes the path out of an error of package os: the fault names it already.
func withoutPath(err error) error {
	var of *os.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// secretKeys reads an HMAC secret. Editors and echo end a file with a line break, which is not part of it.
func secretKeys(text []byte) ([]*verifyKey, error) {
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if strings.Contains(secret, "-----BEGIN ") {
		return nil, errors.New("it holds PEM; allowed is a secret, and a public key belongs into publicKeyFile")
	}
	if len(secret) < minSecret {
		return nil, fmt.Errorf("the secret has %d bytes; allowed are %d or more", len(secret), minSecret)
	}
	return []*verifyKey{{Family: familySecret, Secret: []byte(secret)}}, nil
}

// publicKeys reads the public keys and certificates of a PEM file. How long a certificate is valid is not looked at:
// the file is trusted for as long as it is configured.
func publicKeys(text []byte) ([]*verifyKey, error) {
	keys := []*verifyKey{}
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		key, err := publicKey(block)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no PEM; allowed are PUBLIC KEY and CERTIFICATE")
	}
	if len(keys) > maxKeysAFile {
		return nil, fmt.Errorf("it holds %d keys; allowed are up to %d", len(keys), maxKeysAFile)
	}
	return keys, nil
}

// publicKey reads one block of a PEM file.
func publicKey(block *pem.Block) (*verifyKey, error) {
	if strings.Contains(block.Type, "PRIVATE KEY") {
		return nil, errors.New("it holds a private key, which does not belong here; allowed are PUBLIC KEY and CERTIFICATE")
	}
	if block.Type == "PUBLIC KEY" {
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading a public key: %w", err)
		}
		return keyOf(public)
	}
	if block.Type == "CERTIFICATE" {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading a certificate: %w", err)
		}
		return keyOf(certificate.PublicKey)
	}
	return nil, fmt.Errorf("it holds a PEM block %q; allowed are PUBLIC KEY and CERTIFICATE", block.Type)
}

// keyOf makes the key of a public key of package crypto, where its kind and size are allowed.
func keyOf(public any) (*verifyKey, error) {
	if key, ok := public.(*rsa.PublicKey); ok {
		if bits := key.N.BitLen(); bits < minModulus || bits > maxModulus {
			return nil, fmt.Errorf("an RSA key has %d bits; allowed are %d to %d", bits, minModulus, maxModulus)
		}
		if key.E < 3 || key.E%2 == 0 {
			return nil, fmt.Errorf("an RSA key has the exponent %d; allowed are odd numbers from 3", key.E)
		}
		return &verifyKey{Family: familyRSA, RSA: key}, nil
	}
	if key, ok := public.(*ecdsa.PublicKey); ok {
		curve := family(key.Curve.Params().Name)
		if curve != familyP256 && curve != familyP384 {
			return nil, fmt.Errorf("an EC key is on the curve %s; allowed are P-256 and P-384", string(curve))
		}
		return &verifyKey{Family: curve, EC: key}, nil
	}
	if key, ok := public.(ed25519.PublicKey); ok {
		return &verifyKey{Family: familyEd25519, Ed: key}, nil
	}
	return nil, errors.New("the public key's kind is not supported; allowed are RSA, EC P-256, EC P-384 and Ed25519")
}
