package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/fnseal/fnseal/attest"
	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom"
	"github.com/fnseal/fnseal/verify"
)

// documents are the predicates of bundles, read when they are first asked for.
type documents struct {
	facts       verify.Facts
	inventories map[int]inventory
	objects     map[int]map[string]any
	cel         map[string]any // what expressions see
}

type inventory struct {
	*fnpkg.Inventory
	err error
}

func newDocuments(facts verify.Facts) *documents {
	return &documents{facts: facts, inventories: make(map[int]inventory), objects: make(map[int]map[string]any)}
}

// inventory reads the SBOM of a bundle.
func (d *documents) inventory(i int) (*fnpkg.Inventory, error) {
	if inv, ok := d.inventories[i]; ok {
		return inv.Inventory, inv.err
	}
	s := d.facts.Bundles[i].Statement
	inv, err := readSBOM(s, d.facts.Digest)
	d.inventories[i] = inventory{inv, err}
	return inv, err
}

func readSBOM(s *attest.Statement, digest fnpkg.Digest) (*fnpkg.Inventory, error) {
	inv, err := sbom.Read(bytes.NewReader(s.Predicate))
	if err != nil {
		return nil, err
	}
	// What is signed for the artifact must not describe another.
	if d := inv.Subject.Digest; !d.IsZero() && d != digest {
		return nil, errors.New("it describes " + d.String() + ", not the artifact")
	}
	return inv, nil
}

// object returns the predicate of a bundle, empty where there is none. Names
// are as they are in the text: no reader may take "Builder" for "builder".
func (d *documents) object(i int) map[string]any {
	if o, ok := d.objects[i]; ok {
		return o
	}
	var o map[string]any
	if s := d.facts.Bundles[i].Statement; s != nil && len(s.Predicate) > 0 {
		if json.Unmarshal(s.Predicate, &o) != nil {
			o = nil
		}
	}
	d.objects[i] = o
	return o
}

// at returns the value at a path of names, nil if there is none.
func at(v any, path ...string) any {
	for _, name := range path {
		o, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = o[name]
	}
	return v
}

// text returns the text at a path of names, "" if there is none.
func text(v any, path ...string) string {
	s, _ := at(v, path...).(string)
	return s
}

// list returns the list at a path of names, nil if there is none.
func list(v any, path ...string) []any {
	l, _ := at(v, path...).([]any)
	return l
}

func isCycloneDX(t string) bool {
	return t == attest.TypeCycloneDX || strings.HasPrefix(t, attest.TypeCycloneDX+"/")
}

func isSPDX(t string) bool {
	const document = "https://spdx.dev/Document"
	return t == document || strings.HasPrefix(t, document+"/")
}

func isSBOM(t string) bool { return isCycloneDX(t) || isSPDX(t) }

func isProvenance(t string) bool {
	return t == attest.TypeSLSAProvenance || t == attest.TypeSLSAProvenance02
}

func isScan(t string) bool { return t == attest.TypeVulns || t == attest.TypeCosignVuln }

func isType(want string) func(string) bool { return func(t string) bool { return t == want } }

// countsAsSignature reports whether a bundle says no more of the artifact than
// that its signer stands for it, or how it came to be. An approval is given for
// a purpose, a receipt may say that the artifact failed, and so may a test.
func countsAsSignature(b verify.BundleFact) bool {
	switch b.PredicateType() {
	case attest.TypeApproval, attest.TypeVSA, attest.TypeTestResult:
		return false
	}
	return true
}
