package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/policy"
	"github.com/fnseal/fnseal/sign"
	"github.com/fnseal/fnseal/trust"
	"github.com/fnseal/fnseal/verify"
)

var (
	mine    = fnpkg.Digest{1, 31: 1}
	other   = fnpkg.Digest{2, 31: 2}
	content = fnpkg.ContentDigest{7}
	clean   = policy.PackageFacts{Kind: fnpkg.KindZip, Content: content}
)

// scene makes real bundles and the facts that verify finds in them.
type scene struct {
	t                  testing.TB
	accepted, stranger keyed
	items              []attest.Item
}

func newScene(t testing.TB) *scene {
	return &scene{t: t, accepted: newSigner(t), stranger: newSigner(t)}
}

func newSigner(t testing.TB) keyed {
	t.Helper()
	key, err := trust.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sign.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return keyed{s, key}
}

// keyed is a signer with the key it signs with.
type keyed struct {
	*sign.Signer
	key *trust.PrivateKey
}

// Key returns the public half.
func (k keyed) Key() trust.PublicKey { return k.key.Public() }

func (s *scene) add(source string, named bool, data []byte, err error) {
	input, _, _ := strings.Cut(source, ":")
	s.items = append(s.items, attest.Item{Source: source, Input: input, Named: named, JSON: data, Err: err})
}

// message adds a message signature.
func (s *scene) message(source string, named bool, by keyed, of fnpkg.Digest) {
	s.t.Helper()
	data, err := by.SignDigest(s.t.Context(), of)
	if err != nil {
		s.t.Fatal(err)
	}
	s.add(source, named, data, nil)
}

// attestation adds an attestation of a predicate type.
func (s *scene) attestation(source string, named bool, by keyed, of fnpkg.Digest, predicateType string) {
	s.t.Helper()
	subject, err := attest.SubjectOf(fnpkg.Subject{Name: "fn.zip", Digest: of, Content: content})
	if err != nil {
		s.t.Fatal(err)
	}
	statement, err := attest.NewStatement([]attest.Subject{subject}, predicateType, map[string]any{})
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := statement.Marshal()
	if err != nil {
		s.t.Fatal(err)
	}
	data, err := by.SignStatement(s.t.Context(), text)
	if err != nil {
		s.t.Fatal(err)
	}
	s.add(source, named, data, nil)
}

func (s *scene) junk(source string, named bool) {
	s.add(source, named, nil, errors.New("not valid JSON"))
}

func (s *scene) facts() verify.Facts {
	s.t.Helper()
	key := s.accepted.Key()
	key.Name = "release.pub"
	f, err := verify.Verify(s.t.Context(), verify.Input{
		Name: "fn.zip", Digest: mine, Bundles: s.items, Keys: []trust.PublicKey{key},
		Looked: attest.BundlePaths("dir/fn.zip"),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return *f
}

// show renders a verdict in a line for each check: outcome, id, bundle, reason.
// Keys, which differ from run to run, become words.
func (s *scene) show(v policy.Verdict) []string {
	words := strings.NewReplacer(
		s.accepted.Key().ID, "GOOD", s.stranger.Key().ID, "OTHER", mine.String(), "MINE", other.String(), "ANOTHER")
	var out []string
	for _, c := range v.Checks {
		line := fmt.Sprintf("%s %s", c.Outcome, c.ID)
		if c.Bundle != "" {
			line += " " + c.Bundle
		}
		if c.Reason != "" {
			line += ": " + c.Reason
		}
		out = append(out, words.Replace(line))
	}
	return out
}

const unproven = "its signature is not accepted, so what it signs proves nothing"

const noType = "not-checked type: no attestation was demanded: what is proven is a signature, not provenance, contents or a scan"

func TestEvaluate(t *testing.T) {
	tests := map[string]struct {
		make     func(s *scene)
		pkg      *policy.PackageFacts
		policy   policy.Policy
		accepted bool
		want     []string
	}{
		"sealed": {
			make: func(s *scene) {
				s.message("fn.zip.sigstore.json", false, s.accepted, mine)
				s.attestation("fn.zip.sigstore.jsonl:1", false, s.accepted, mine, attest.TypeCycloneDX)
			},
			accepted: true,
			want: []string{
				"pass package", "pass bundle",
				"pass signature fn.zip.sigstore.json", "pass digest fn.zip.sigstore.json",
				"pass signature fn.zip.sigstore.jsonl:1", "pass digest fn.zip.sigstore.jsonl:1",
				noType,
			},
		},
		"one byte flipped": {
			make: func(s *scene) { s.message("b", false, s.accepted, other) },
			want: []string{"pass package", "pass bundle", "pass signature b",
				"fail digest b: the file is MINE, but it signs ANOTHER", noType},
		},
		"packed again": {
			make: func(s *scene) { s.attestation("b", false, s.accepted, other, attest.TypeCycloneDX) },
			want: []string{"pass package", "pass bundle", "pass signature b",
				`fail digest b: the file is MINE, but it signs ANOTHER ("fn.zip"); the content is the same, it was packed again`, noType},
		},
		"packed again, says a stranger": {
			make: func(s *scene) { s.attestation("b", false, s.stranger, other, attest.TypeCycloneDX) },
			want: []string{"pass package", "pass bundle",
				`fail signature b: it is not signed by release.pub (key id GOOD); it says it is signed by key id "OTHER"`,
				"not-checked digest b: " + unproven, noType},
		},
		"another key": {
			make: func(s *scene) { s.message("b", true, s.stranger, mine) },
			want: []string{"pass package", "pass bundle",
				`fail signature b: it is not signed by release.pub (key id GOOD); it says it is signed by key id "OTHER"`,
				"not-checked digest b: " + unproven, noType},
		},
		"another key, another file": {
			make: func(s *scene) { s.message("b", false, s.stranger, other) },
			want: []string{"pass package", "pass bundle",
				`fail signature b: it is not signed by release.pub (key id GOOD); it says it is signed by key id "OTHER"`,
				"not-checked digest b: " + unproven, noType},
		},
		"no bundle": {
			make: func(s *scene) {},
			want: []string{"pass package",
				"fail bundle: no bundle was found: looked for fn.zip.sigstore.json and fn.zip.sigstore.jsonl",
				"not-checked signature: there is no bundle to check", "not-checked digest: there is no bundle to check", noType},
		},
		"named junk": {
			make: func(s *scene) { s.junk("b", true) },
			want: []string{"pass package", "fail bundle b: cannot be read: not valid JSON",
				"not-checked signature: there is no bundle to check", "not-checked digest: there is no bundle to check", noType},
		},
		"junk found": {
			make: func(s *scene) { s.junk("b", false) },
			want: []string{"pass package", "fail bundle b: there is no bundle but one that cannot be read: not valid JSON",
				"not-checked signature: there is no bundle to check", "not-checked digest: there is no bundle to check", noType},
		},
		"two pieces of junk found": {
			make: func(s *scene) { s.junk("b:1", false); s.junk("b:2", false) },
			want: []string{"pass package", "fail bundle: none of what lies beside the file can be read as a bundle",
				"not-checked bundle b:1: ignored, it cannot be read: not valid JSON",
				"not-checked bundle b:2: ignored, it cannot be read: not valid JSON",
				"not-checked signature: there is no bundle to check", "not-checked digest: there is no bundle to check", noType},
		},
		"junk, a stranger's and an old one beside a good one": {
			make: func(s *scene) {
				s.junk("b:1", false)
				s.message("b:2", false, s.stranger, mine)
				s.message("b:3", false, s.accepted, other)
				s.message("b:4", false, s.accepted, mine)
			},
			accepted: true,
			want: []string{"pass package", "pass bundle",
				"not-checked bundle b:1: ignored, it cannot be read: not valid JSON",
				`not-checked signature b:2: ignored: it is not signed by release.pub (key id GOOD); it says it is signed by key id "OTHER"`,
				"not-checked digest b:3: ignored: the file is MINE, but it signs ANOTHER",
				"pass signature b:4", "pass digest b:4", noType},
		},
		"the same in a file that was named": {
			make: func(s *scene) {
				s.message("b:2", true, s.stranger, mine)
				s.message("b:3", true, s.accepted, other)
				s.message("b:4", true, s.accepted, mine)
			},
			accepted: true,
			want: []string{"pass package", "pass bundle",
				`not-checked signature b:2: ignored: it is not signed by release.pub (key id GOOD); it says it is signed by key id "OTHER"`,
				"not-checked digest b:3: ignored: the file is MINE, but it signs ANOTHER",
				"pass signature b:4", "pass digest b:4", noType},
		},
		"junk in a file that was named": {
			make: func(s *scene) {
				s.message("b:1", true, s.accepted, mine)
				s.junk("b:2", true)
			},
			want: []string{"pass package", "pass bundle", "fail bundle b:2: cannot be read: not valid JSON",
				"pass signature b:1", "pass digest b:1", noType},
		},
		"a file that was named proves nothing": {
			make: func(s *scene) {
				s.message("good", true, s.accepted, mine)
				s.message("old", true, s.accepted, other)
				s.message("strange", true, s.stranger, mine)
			},
			want: []string{"pass package", "pass bundle",
				"pass signature good", "pass digest good",
				"pass signature old", "fail digest old: the file is MINE, but it signs ANOTHER",
				`fail signature strange: it is not signed by release.pub (key id GOOD); it says it is signed by key id "OTHER"`,
				"not-checked digest strange: " + unproven, noType},
		},
		"signature and digest in two bundles": {
			make: func(s *scene) {
				s.message("b:1", false, s.accepted, other)
				s.message("b:2", false, s.stranger, mine)
			},
			want: []string{"pass package", "pass bundle",
				"pass signature b:1", "fail digest b:1: the file is MINE, but it signs ANOTHER",
				`fail signature b:2: it is not signed by release.pub (key id GOOD); it says it is signed by key id "OTHER"`,
				"not-checked digest b:2: " + unproven, noType},
		},
		"ambiguous": {
			make: func(s *scene) { s.message("b", false, s.accepted, mine) },
			pkg: &policy.PackageFacts{Kind: fnpkg.KindZip, Hazards: []fnpkg.Hazard{
				{ID: fnpkg.HazardSetuid, Path: "x"}, {ID: fnpkg.HazardDuplicateName, Path: "index.py\n"}}},
			want: []string{`fail package: two readers could see different packages in the same bytes: duplicate-name "index.py\n"`,
				"pass bundle", "pass signature b", "pass digest b", noType},
		},
		"ambiguous and allowed": {
			make:     func(s *scene) { s.message("b", false, s.accepted, mine) },
			pkg:      &policy.PackageFacts{Kind: fnpkg.KindZip, Hazards: []fnpkg.Hazard{{ID: fnpkg.HazardDuplicateName}}},
			policy:   policy.Policy{UnsafeAllowHazards: []fnpkg.HazardID{fnpkg.HazardDuplicateName}},
			accepted: true,
			want: []string{"not-checked package: ambiguous, and allowed: duplicate-name",
				"pass bundle", "pass signature b", "pass digest b", noType},
		},
		"hazard that is not ambiguous": {
			make:     func(s *scene) { s.message("b", false, s.accepted, mine) },
			pkg:      &policy.PackageFacts{Kind: fnpkg.KindZip, Hazards: []fnpkg.Hazard{{ID: fnpkg.HazardSetuid}}},
			accepted: true,
			want:     []string{"pass package", "pass bundle", "pass signature b", "pass digest b", noType},
		},
		"unreadable package": {
			make: func(s *scene) { s.message("b", false, s.accepted, mine) },
			pkg:  &policy.PackageFacts{Kind: fnpkg.KindFile, Err: errors.New("no end record")},
			want: []string{"fail package: no end record", "pass bundle", "pass signature b", "pass digest b", noType},
		},
		"plain file": {
			make:     func(s *scene) { s.message("b", false, s.accepted, mine) },
			pkg:      &policy.PackageFacts{Kind: fnpkg.KindFile},
			accepted: true,
			want: []string{"not-checked package: it is no function package, only a file",
				"pass bundle", "pass signature b", "pass digest b", noType},
		},
		"only a digest": {
			make:     func(s *scene) { s.message("b", false, s.accepted, mine) },
			pkg:      &policy.PackageFacts{},
			accepted: true,
			want: []string{"not-checked package: only a digest is known, not the package",
				"pass bundle", "pass signature b", "pass digest b", noType},
		},
		"types": {
			make: func(s *scene) {
				s.attestation("b:1", false, s.accepted, mine, attest.TypeCycloneDX)
				s.attestation("b:2", false, s.stranger, mine, attest.TypeVulns)
				s.attestation("b:3", false, s.accepted, other, attest.TypeSLSAProvenance)
			},
			policy: policy.Policy{Types: []string{attest.TypeCycloneDX, attest.TypeVulns, attest.TypeSLSAProvenance}},
			want: []string{"pass package", "pass bundle", "pass signature b:1", "pass digest b:1",
				`not-checked signature b:2: ignored: it is not signed by release.pub (key id GOOD); it says it is signed by key id "OTHER"`,
				`not-checked digest b:3: ignored: the file is MINE, but it signs ANOTHER ("fn.zip")`,
				"pass type b:1",
				"fail type: no accepted attestation has the predicate type " + attest.TypeVulns + "; there is " + attest.TypeCycloneDX,
				"fail type: no accepted attestation has the predicate type " + attest.TypeSLSAProvenance + "; there is " + attest.TypeCycloneDX,
			},
		},
		"a message signature has no type": {
			make:   func(s *scene) { s.message("b", false, s.accepted, mine) },
			policy: policy.Policy{Types: []string{attest.TypeCosignSign}},
			want: []string{"pass package", "pass bundle", "pass signature b", "pass digest b",
				"fail type: no accepted attestation has the predicate type " + attest.TypeCosignSign},
		},
		"an empty type is not had by a message signature": {
			make:   func(s *scene) { s.message("b", false, s.accepted, mine) },
			policy: policy.Policy{Types: []string{""}},
			want: []string{"pass package", "pass bundle", "pass signature b", "pass digest b",
				"fail type: no accepted attestation has the predicate type "},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			tt.make(s)
			pkg := clean
			if tt.pkg != nil {
				pkg = *tt.pkg
			}
			facts := s.facts()
			v := policy.Evaluate(facts, pkg, tt.policy)
			if diff := cmp.Diff(tt.want, s.show(v)); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
			if v.Accepted() != tt.accepted {
				t.Errorf("accepted = %t", v.Accepted())
			}
			if v.Target != "fn.zip" || v.Digest != mine.String() {
				t.Errorf("verdict on %s %s", v.Target, v.Digest)
			}
			if diff := cmp.Diff(v, policy.Evaluate(facts, pkg, tt.policy)); diff != "" {
				t.Errorf("judged twice (-first +second):\n%s", diff)
			}
			for _, c := range v.Checks {
				if c.Outcome == policy.Fail && c.Reason == "" {
					t.Errorf("%s fails without a reason", c.ID)
				}
				if len(c.Reason) > 1000 || len(c.Found) > 1000 {
					t.Errorf("%s says too much", c.ID)
				}
			}
		})
	}
}

// TestNothingIsAcceptedByNothing: without facts no verdict is favourable.
func TestNothingIsAcceptedByNothing(t *testing.T) {
	for name, f := range map[string]verify.Facts{
		"no facts":       {},
		"an empty fact":  {Bundles: []verify.BundleFact{{}}},
		"only a digest":  {Bundles: []verify.BundleFact{{Digest: verify.Result{State: verify.Passed}}}},
		"only a signer":  {Bundles: []verify.BundleFact{{Signature: verify.Result{State: verify.Passed}}}},
		"unreadable too": {Bundles: []verify.BundleFact{{Unreadable: "x", Signature: verify.Result{State: verify.Passed}, Digest: verify.Result{State: verify.Passed}}}},
	} {
		if v := policy.Evaluate(f, clean, policy.Policy{}); v.Accepted() {
			t.Errorf("%s: accepted: %+v", name, v.Checks)
		}
	}
}
