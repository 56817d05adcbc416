package trust

import "errors"

var (
	// ErrPassphrase says that a private key could not be unlocked: no
	// passphrase was given, or it is not the right one.
	ErrPassphrase = errors.New("wrong passphrase")

	// ErrWeakKey says that a key is too weak to be believed.
	ErrWeakKey = errors.New("key is too weak")

	// ErrKeyKind says that a file holds something other than the key that was
	// expected: a private key for a public one, a certificate, an algorithm
	// that is not supported.
	ErrKeyKind = errors.New("not the expected kind of key")
)

// clip bounds text from a file that is repeated in a message.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
