package verify_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/verify"
)

func TestProvenanceV02(t *testing.T) {
	b := verify.BundleFact{Statement: &attest.Statement{
		PredicateType: "https://slsa.dev/provenance/v0.2",
		Predicate: []byte(`{"builder":{"id":"https://builder.example.com"},"buildType":"t",
			"invocation":{"configSource":{"uri":"git+https://github.com/org/repo@refs/tags/v1","digest":{"sha1":"c0ffee"},"entryPoint":".github/workflows/release.yml"}},
			"metadata":{"buildInvocationID":"1"},"materials":[{"uri":"git+https://github.com/other/repo@refs/heads/main","digest":{"sha1":"decade"}}]}`),
	}}
	want := &verify.Provenance{
		Builder: "https://builder.example.com", BuildType: "t", SourceRepository: "https://github.com/org/repo",
		SourceRef: "refs/tags/v1", SourceDigest: "c0ffee", Workflow: ".github/workflows/release.yml", Invocation: "1",
	}
	if diff := cmp.Diff(want, b.Provenance()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, p := range []string{``, `[]`, `{"builder":1}`} {
		b.Statement.Predicate = []byte(p)
		if got := b.Provenance(); got != nil && *got != (verify.Provenance{}) {
			t.Errorf("%q: %+v", p, got)
		}
	}
	b.Statement.PredicateType = attest.TypeCycloneDX
	if b.Provenance() != nil {
		t.Error("an SBOM is taken for provenance")
	}
}
