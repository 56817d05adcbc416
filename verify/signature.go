package verify

import (
	"fmt"
	"strings"

	sigstore "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/fnseal/fnseal/trust"
)

// checker verifies bundles against one key.
type checker struct {
	key      trust.PublicKey
	verifier *sigstore.Verifier
}

func newCheckers(keys []trust.PublicKey) ([]checker, error) {
	out := make([]checker, 0, len(keys))
	for _, k := range keys {
		// A PublicKey is an open struct: hold one that was put together by
		// hand to the same rules, and give it its own id.
		strong, err := trust.NewPublicKey(k.Key, k.Name)
		if err != nil {
			return nil, fmt.Errorf("using %s: %w", k, err)
		}
		v, err := sigstore.NewVerifier(strong.TrustedMaterial(),
			sigstore.WithNoObserverTimestamps(), sigstore.WithoutStatementPredicate())
		if err != nil {
			return nil, fmt.Errorf("using %s: %w", k, err)
		}
		out = append(out, checker{strong, v})
	}
	return out, nil
}

// checkSignature looks for the key that signed the bundle. The hint is a claim:
// it chooses no key and only explains a failure.
func checkSignature(b *parsed, keys []checker) (Result, Key) {
	if !b.keyed {
		return Result{Failed, "it is signed with a certificate, not with a bare key"}, Key{}
	}
	if b.kind == KindMessageSignature && b.signed.IsZero() {
		return Result{Failed, fmt.Sprintf("it signs a %s digest, and only SHA2_256 is compared", b.algorithm)}, Key{}
	}
	artifact := sigstore.WithoutArtifactUnsafe() // subjects are compared by compare
	if b.kind == KindMessageSignature {
		artifact = sigstore.WithArtifactDigest("sha256", b.signed[:])
	}
	var hinted *trust.PublicKey
	for _, c := range keys {
		if c.key.ID == b.hint {
			hinted = &c.key
		}
		_, err := c.verifier.Verify(b.entity, sigstore.NewPolicy(artifact, sigstore.WithKey()))
		if err == nil {
			return Result{State: Passed}, Key{ID: c.key.ID, Name: c.key.Name}
		}
	}
	if hinted != nil {
		return Result{Failed, fmt.Sprintf("it names %s as its signer, but its signature does not verify with that key", hinted)}, Key{}
	}
	reason := "it is not signed by " + list(keys)
	if b.hint != "" {
		reason += fmt.Sprintf("; it says it is signed by key id %q", clip(b.hint))
	}
	return Result{Failed, reason}, Key{}
}

func list(keys []checker) string {
	names := make([]string, len(keys))
	for i, c := range keys {
		names[i] = c.key.String()
	}
	return strings.Join(names, " or ")
}
