package attest_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
)

func TestPredicateType(t *testing.T) {
	for name, want := range map[string]string{
		"cyclonedx":                       attest.TypeCycloneDX,
		"spdx":                            attest.TypeSPDX,
		"provenance":                      attest.TypeSLSAProvenance,
		"https://example.com/x/v1":        "https://example.com/x/v1",
		"urn:example:note":                "urn:example:note",
		"cyclonedy":                       "",
		"CycloneDX":                       "",
		"":                                "",
		"https://":                        "",
		"https://example.com/a b":         "",
		"/path":                           "",
		"example.com/x":                   "",
		"https://example.com/\nCVE: none": "",
	} {
		got, err := attest.PredicateType(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range attest.TypeNames() {
		if _, err := attest.PredicateType(name); err != nil {
			t.Error(err)
		}
	}
}

func TestParsePredicate(t *testing.T) {
	vulns, err := os.ReadFile("testdata/vulns.json")
	if err != nil {
		t.Fatal(err)
	}
	full, err := attest.ParseStatement(vulns)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, predicateType, text, want string }{
		{"cyclonedx", attest.TypeCycloneDX, ` {"bomFormat":"CycloneDX","specVersion":"1.6"} `, ""},
		{"vulns", attest.TypeVulns, string(full.Predicate), ""},
		{"unknown", "https://example.com/x", `{}`, ""},
		{"spdx", attest.TypeSPDX, `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","creationInfo":{}}`, ""},
		{"provenance", attest.TypeSLSAProvenance, `{"buildDefinition":{"buildType":"https://b","externalParameters":{}},"runDetails":{"builder":{"id":"https://c"}}}`, ""},
		{"vsa", attest.TypeVSA, `{"verifier":{"id":"v"},"timeVerified":"2026-01-02T03:04:05Z","resourceUri":"r","policy":{},"verificationResult":"PASSED"}`, ""},
		{"openvex", attest.TypeOpenVEX, `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"i","author":"a","timestamp":"2026-01-02T03:04:05Z","statements":[]}`, ""},
		{"link", attest.TypeLink, `{"name":"n","materials":[]}`, ""},

		{"empty", "https://example.com/x", ``, "JSON"},
		{"array", "https://example.com/x", `[]`, "not an object"},
		{"behind the end", "https://example.com/x", `{} {}`, "JSON"},
		{"twice", "https://example.com/x", `{"a":1,"a":2}`, `two members are named "a"`},
		{"twice, deep", "https://example.com/x", `{"b":[{"a":1,"\u0061":2}]}`, `two members are named "a"`},
		{"no UTF-8", "https://example.com/x", "{\"a\":\"\xff\"}", "UTF-8"},
		{"XML", attest.TypeCycloneDX, `<?xml version="1.0"?><bom/>`, "XML"},
		{"statement", "https://example.com/x", string(vulns), "whole statement"},
		{"bundle", "https://example.com/x", `{"mediaType":"m","dsseEnvelope":{}}`, "signed already"},
		{"other SBOM", attest.TypeCycloneDX, `{"spdxVersion":"SPDX-2.3"}`, `no "bomFormat"`},
		{"other version", attest.TypeSPDX, `{"spdxVersion":"SPDX-2.2","SPDXID":"x","creationInfo":{}}`, `is "SPDX-2.2", not "SPDX-2.3"`},
		{"no time", attest.TypeVulns, strings.Replace(string(full.Predicate), `"scanStartedOn":"`, `"scanStartedOn":"x`, 1), "not a time"},
		{"no builder", attest.TypeSLSAProvenance, `{"buildDefinition":{"buildType":"https://b","externalParameters":{}},"runDetails":{"builder":{"id":""}}}`, "is empty"},
		{"builder of another kind", attest.TypeSLSAProvenance, `{"buildDefinition":{"buildType":"https://b","externalParameters":{}},"runDetails":{"builder":7}}`, "is not an object"},
	} {
		got, err := attest.ParsePredicate(c.predicateType, []byte(c.text))
		switch {
		case c.want == "" && (err != nil || string(got) != strings.TrimSpace(c.text)):
			t.Errorf("%s: %s, %v", c.name, got, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestCheckDescribes(t *testing.T) {
	d := fnpkg.Digest{1}
	subjects := []attest.Subject{{Name: "a", Digest: map[string]string{"sha256": fnpkg.Digest{2}.Hex()}}, {Name: "b", Digest: map[string]string{"sha256": d.Hex()}}}
	doc := func(alg, hash string) []byte {
		return []byte(`{"metadata":{"component":{"name":"b","hashes":[{"alg":"` + alg + `","content":"` + hash + `"}]}}}`)
	}
	for _, c := range []struct {
		name, predicateType string
		doc                 []byte
		other               bool
	}{
		{"same", attest.TypeCycloneDX, doc("SHA-256", strings.ToUpper(d.Hex())), false},
		{"other", attest.TypeCycloneDX, doc("SHA-256", fnpkg.Digest{3}.Hex()), true},
		{"another algorithm", attest.TypeCycloneDX, doc("SHA-1", "00"), false},
		{"none", attest.TypeCycloneDX, []byte(`{}`), false},
		{"another type", attest.TypeSPDX, doc("SHA-256", "00"), false},
	} {
		if err := attest.CheckDescribes(c.predicateType, c.doc, subjects); errors.Is(err, attest.ErrOtherSubject) != c.other {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
