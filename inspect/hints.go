package inspect

import (
	"cmp"
	"slices"
	"strings"
)

// hints collects the evidence of a package by what it speaks for.
type hints struct {
	providers []ProviderHint
	runtimes  []RuntimeHint
}

// provider adds evidence for a provider.
func (h *hints) provider(p Provider, strength Strength, path, says string) {
	i := slices.IndexFunc(h.providers, func(x ProviderHint) bool { return x.Provider == p })
	if i < 0 {
		i = len(h.providers)
		h.providers = append(h.providers, ProviderHint{Provider: p})
	}
	h.providers[i].add(strength, path, says)
}

// runtime adds evidence for a runtime: its Name, Constraint and AtLeast.
func (h *hints) runtime(r RuntimeHint, strength Strength, path, says string) {
	i := slices.IndexFunc(h.runtimes, func(x RuntimeHint) bool {
		return x.Name == r.Name && x.Constraint == r.Constraint && x.AtLeast == r.AtLeast
	})
	if i < 0 {
		if len(h.runtimes) == maxRuntimeHints {
			return
		}
		i = len(h.runtimes)
		h.runtimes = append(h.runtimes, r)
	}
	h.runtimes[i].add(strength, path, says)
}

// maxRuntimeHints bounds what a package made to confuse can be made for.
const maxRuntimeHints = 50

// add keeps the strongest evidence, then that of the first paths.
func (h *Hint) add(strength Strength, path, says string) {
	h.Count++
	if strength > h.Strength {
		// What was found so far is not what the belief now rests on.
		h.Strength, h.Evidence = strength, nil
	}
	if strength == h.Strength && len(h.Evidence) < MaxEvidence {
		h.Evidence = append(h.Evidence, Evidence{Path: path, Says: says})
	}
}

func byStrength(a, b Hint) int {
	return cmp.Or(cmp.Compare(b.Strength, a.Strength), cmp.Compare(b.Count, a.Count))
}

func (h *hints) providerHints() []ProviderHint {
	slices.SortStableFunc(h.providers, func(a, b ProviderHint) int {
		return cmp.Or(byStrength(a.Hint, b.Hint), strings.Compare(string(a.Provider), string(b.Provider)))
	})
	return h.providers
}

func (h *hints) runtimeHints() []RuntimeHint {
	slices.SortStableFunc(h.runtimes, func(a, b RuntimeHint) int {
		return cmp.Or(byStrength(a.Hint, b.Hint), strings.Compare(a.Name, b.Name), strings.Compare(a.Constraint, b.Constraint))
	})
	return h.runtimes
}
