//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/fnseal/fnseal/internal/testkit/oidc"
)

// TestOldRegistry signs and verifies images in a registry without the
// referrers API, where bundles are found by a tag.
func TestOldRegistry(t *testing.T) {
	s := startSigstore(t)
	host := startOldRegistry(t)
	dir := t.TempDir()
	private, public := keypair(t, dir, "k")
	_, otherPublic := keypair(t, dir, "other")
	for _, mode := range []string{"key", "keyless"} {
		right, wrong := accepted{key: public}, accepted{key: otherPublic}
		by := signer{key: private}
		if mode == "keyless" {
			right, wrong = accepted{identity: oidc.Email}, accepted{identity: "somebody@example.com"}
		}
		for _, from := range clients {
			if mode == "keyless" {
				by.token = s.emailToken(t)
			}
			img, other := push(t, host+"/shop/"+mode), push(t, host+"/shop/"+mode)
			from.sign(t, s, img, by)
			for _, to := range clients {
				t.Run(strings.Join([]string{mode, from.name, to.name}, "/"), func(t *testing.T) {
					if err := to.verify(t, s, img, nil, right); err != nil {
						t.Errorf("refused: %v", err)
					}
					if to.verify(t, s, img, nil, wrong) == nil {
						t.Error("accepted from somebody else")
					}
					if to.verify(t, s, other, nil, right) == nil {
						t.Error("accepted for something else")
					}
				})
			}
		}
		// Signers add to what is there.
		img := push(t, host+"/shop/both-"+mode)
		fnseal{}.sign(t, s, img, by)
		cosign{}.sign(t, s, img, by)
		fnseal{}.sign(t, s, img, by) // signed already: nothing is added
		if n := len(attached(t, img.ref)); n != 2 {
			t.Errorf("%s: %d bundles, want that of fnseal and that of cosign", mode, n)
		}
	}
}
