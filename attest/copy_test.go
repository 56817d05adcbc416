package attest_test

import (
	"testing"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/internal/registry"
	"github.com/fnseal/fnseal/internal/testkit/imagekit"
)

// TestCopyBundles copies what can be read, to another kind of registry, and
// says what cannot.
func TestCopyBundles(t *testing.T) {
	from, image := pushed(t, imagekit.WithoutReferrers)
	to, _ := pushed(t, nil)
	signature, attestation := bundles(t, image)
	if err := attest.PushBundles(t.Context(), from, image, signature, attestation); err != nil {
		t.Fatal(err)
	}
	long := make([]byte, 5000)
	for _, a := range []registry.Artifact{
		{Type: attest.BundleV03, Content: long},
		{Type: "application/vnd.example.sbom", Content: []byte("{}")},
	} {
		if _, err := from.Attach(t.Context(), image, a); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // copying again adds nothing
		n, junk, err := attest.CopyBundles(t.Context(), from, to, image, attest.Limits{BundleBytes: 4000})
		if n != 2 || len(junk) != 1 || junk[0].Err == nil || err != nil {
			t.Errorf("copied %d, junk %v, error %v", n, show(junk), err)
		}
	}
	for _, repo := range []*registry.Repository{from, to} {
		items, err := attest.PullBundles(t.Context(), repo, image, attest.Limits{BundleBytes: 4000})
		if err != nil {
			t.Fatal(err)
		}
		sound := 0
		for _, i := range items {
			if i.Err == nil {
				sound++
			}
		}
		if sound != 2 {
			t.Errorf("%s: %q", repo, show(items))
		}
	}
	list, err := to.Referrers(t.Context(), image, 0)
	if err != nil || len(list) != 2 {
		t.Errorf("%d copied, error %v", len(list), err)
	}
	there, err := from.Referrers(t.Context(), image, 0)
	if err != nil {
		t.Fatal(err)
	}
	digests := map[string]bool{}
	for _, r := range there {
		digests[r.Digest.String()] = true
	}
	for _, r := range list {
		if !digests[r.Digest.String()] {
			t.Errorf("%s was changed on its way", r.Digest)
		}
	}
}
