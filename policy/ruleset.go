package policy

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/verify"
)

// RuleSet are rules that stand in one place of a policy. Every set stands for
// itself: what one accepts, another can still refuse. So a policy only ever
// becomes stricter by what it includes.
type RuleSet struct {
	Where string // for a person: "fnseal.yaml: verify"
	Rules
}

// RuleSets returns the rules for an artifact of a name.
func (s Sources) RuleSets(name string) []RuleSet {
	var sets []RuleSet
	for _, f := range s {
		file := filepath.Base(f.Path)
		if f.Verify != nil {
			sets = append(sets, withPresets(file+": verify", *f.Verify)...)
		}
		for i, t := range f.Targets {
			if t.Match.Match(name) {
				sets = append(sets, withPresets(fmt.Sprintf("%s: targets[%d].verify", file, i), t.Rules)...)
			}
		}
	}
	return sets
}

// WantsFeed reports whether a rule for any artifact matches against the local
// feed.
func (s Sources) WantsFeed() bool {
	wants := func(r Rules) bool {
		return slices.ContainsFunc(withPresets("", r), func(set RuleSet) bool {
			return set.Vulnerabilities != nil && set.Vulnerabilities.Use == useFeed
		})
	}
	for _, f := range s {
		if f.Verify != nil && wants(*f.Verify) || slices.ContainsFunc(f.Targets, func(t Target) bool { return wants(t.Rules) }) {
			return true
		}
	}
	return false
}

// Accepts returns the identity whose certificates are the signer's; of the
// holder of a key, one that is nobody's.
func (s *Signer) Accepts() verify.Identity { return s.accepts }

// Signers returns those that the files of the policy name.
func (s Sources) Signers() map[string]*Signer {
	all := make(map[string]*Signer)
	for _, f := range s {
		maps.Copy(all, f.File.Signers)
	}
	return all
}

// hazards returns the kinds of hazard that refuse nothing.
func (s Sources) hazards() []fnpkg.HazardID {
	var ids []fnpkg.HazardID
	for _, f := range s {
		for _, id := range f.AllowHazards {
			ids = append(ids, fnpkg.HazardID(id))
		}
	}
	return ids
}

// KeyPath returns where the key of a signer is kept.
func (s Sources) KeyPath(name string) string {
	for _, f := range s {
		if signer, ok := f.File.Signers[name]; ok && signer.Key != "" {
			return f.beside(signer.Key)
		}
	}
	return ""
}

// RootPaths returns the files of the trusted roots.
func (s Sources) RootPaths() []string {
	var paths []string
	for _, f := range s {
		for _, r := range f.Roots {
			paths = append(paths, f.beside(r))
		}
	}
	return paths
}

// beside returns the path of a file that is named in s.
func (s Source) beside(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(s.Path), name)
}

// Receipt returns what receipts say: of each value, what the last file says.
func (s Sources) Receipt() Statement {
	var out Statement
	for _, f := range s {
		if r := f.File.Receipt; r != nil {
			if r.Verifier != "" {
				out.Verifier = r.Verifier
			}
			if r.Resource != "" {
				out.Resource = r.Resource
			}
			if len(r.Levels) > 0 {
				out.Levels = r.Levels
			}
		}
	}
	return out
}

// The presets.
const (
	presetSealed  = "sealed"
	presetSLSA3   = "slsa-build-l3"
	presetPatched = "patched"
)

// Presets lists the names of rules that need not be written out.
func Presets() []string { return []string{presetPatched, presetSealed, presetSLSA3} }

// Preset returns the rules of a name, and whether there are any.
func Preset(name string) (Rules, bool) {
	switch name {
	case presetSealed:
		return Rules{
			SBOM:            &SBOM{},
			Vulnerabilities: &Vulnerabilities{Use: useAttested, NotAssessed: true},
		}, true
	case presetSLSA3:
		return Rules{Provenance: &Provenance{HostedRunners: true}}, true
	case presetPatched:
		return Rules{Vulnerabilities: &Vulnerabilities{Use: useFeed, Severity: "high", Exploited: true}}, true
	}
	return Rules{}, false
}

func withPresets(where string, r Rules) []RuleSet {
	sets := []RuleSet{{Where: where, Rules: r}}
	for _, name := range r.Presets {
		rules, ok := Preset(name)
		if !ok {
			continue // Load refused it
		}
		// Whose word counts is said once, beside the presets.
		if r.Signatures != nil {
			rules.trusted = slices.Concat(r.Signatures.AnyOf, r.Signatures.AllOf)
		}
		sets = append(sets, RuleSet{Where: where + ".presets " + name, Rules: rules})
	}
	return sets
}

// ReceiptRule returns the rule that a receipt must be there, for who demands it
// without a policy file: where is what the verdict calls that. Any accepted
// signer may have signed it.
func ReceiptRule(where string, r Receipt) (RuleSet, error) {
	var defects []string
	r.check(func(path, format string, args ...any) {
		defects = append(defects, path+": "+fmt.Sprintf(format, args...))
	})
	if len(defects) > 0 {
		return RuleSet{}, errors.New(strings.Join(defects, "; "))
	}
	return RuleSet{Where: where, Rules: Rules{Receipts: []Receipt{r}}}, nil
}
