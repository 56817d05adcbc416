package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// components judges what third-party components there are.
func (j *judging) components(r Components) {
	invs := j.inventories(CheckComponents, "components", r.SignedBy)
	if invs == nil {
		return
	}
	var all []fnpkg.Component
	for _, inv := range invs {
		for _, c := range inv.Components {
			if c.Origin != fnpkg.OriginRuntime { // whose provider chose it
				all = append(all, c)
			}
		}
	}
	if len(r.Allow) > 0 {
		j.each(CheckComponents, "components.allow", "only "+r.Allow.String(), all, func(c fnpkg.Component) string {
			if slices.ContainsFunc(r.Allow, func(g Glob) bool { return names(g, c) }) {
				return ""
			}
			return "matches nothing that is allowed"
		})
	}
	if len(r.Deny) > 0 {
		j.each(CheckComponents, "components.deny", "none that is denied", all, func(c fnpkg.Component) string {
			for _, d := range r.Deny {
				if names(d.Component, c) {
					if d.Reason != "" {
						return d.Reason
					}
					return "is denied"
				}
			}
			return ""
		})
	}
	if l := r.Licenses; l != nil {
		j.each(CheckLicenses, "components.licenses", l.String(), all, func(c fnpkg.Component) string { return l.licenses(c) })
	}
	if s := r.Suppliers; s != nil {
		j.each(CheckSuppliers, "components.suppliers", s.String(), all, func(c fnpkg.Component) string {
			return s.judge("supplier", c.Producer.Name)
		})
	}
}

// each makes one check of a rule that every component must keep. broken says
// why one does not, "" if it does.
func (j *judging) each(id, rule, wanted string, all []fnpkg.Component, broken func(fnpkg.Component) string) {
	const most = 5
	c := Check{ID: id, Wanted: wanted, Found: count(len(all), "component")}
	var bad []string
	seen := make(map[string]bool)
	for _, component := range all {
		why := broken(component)
		if why == "" || seen[component.PURL] {
			continue
		}
		seen[component.PURL] = true
		bad = append(bad, clip(component.PURL)+" "+clip(why))
	}
	if len(bad) > 0 {
		c.Reason = strings.Join(bad[:min(most, len(bad))], "; ")
		if more := len(bad) - most; more > 0 {
			c.Reason += fmt.Sprintf("; %d more", more)
		}
	}
	j.add(rule, c)
}

// names reports whether a pattern names a component: by its name, by its whole
// package URL, or by that without its version.
func names(g Glob, c fnpkg.Component) bool {
	if !strings.HasPrefix(g.text, "pkg:") {
		return g.Match(c.Name)
	}
	bare, _, _ := strings.Cut(c.PURL, "?")
	bare, _, _ = strings.Cut(bare, "#")
	// An @ behind the last slash begins the version: those of scopes are
	// percent-encoded.
	without := bare
	if i := strings.LastIndex(bare, "@"); i > strings.LastIndex(bare, "/") {
		without = bare[:i]
	}
	return g.Match(c.PURL) || g.Match(bare) || g.Match(without)
}

// String describes the values that are accepted.
func (a *AllowDeny) String() string {
	var parts []string
	if len(a.Allow) > 0 {
		parts = append(parts, "only "+a.Allow.String())
	}
	if len(a.Deny) > 0 {
		parts = append(parts, "not "+a.Deny.String())
	}
	return strings.Join(parts, ", ")
}

// accepts reports whether a value may be.
func (a *AllowDeny) accepts(value string) bool {
	return !a.Deny.Match(value) && (len(a.Allow) == 0 || a.Allow.Match(value))
}

// judge says why a value may not be, "" if it may.
func (a *AllowDeny) judge(what, value string) string {
	switch {
	case value == "" && a.AllowUnknown, value != "" && a.accepts(value):
		return ""
	case value == "":
		return "names no " + what
	}
	return "has the " + what + " " + value
}

// licenses says why a component's licences may not be, "" if they may. All of
// those it names must be: who only lists them does not say that one can choose.
func (a *AllowDeny) licenses(c fnpkg.Component) string {
	if len(c.Licenses) == 0 {
		return a.judge("licence", "")
	}
	for _, l := range c.Licenses {
		if l.Expression == "" {
			if why := a.judge("licence", l.Name); why != "" {
				return why
			}
			continue
		}
		if !licenseOK(l.Expression, a.accepts) {
			return "has the licence " + l.Expression
		}
	}
	return ""
}
