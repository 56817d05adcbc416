package sbom

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// Difference is what tells two inventories apart. Its lists are sorted by
// type, name and version, and do not depend on the order in which tools list
// components.
type Difference struct {
	From, To fnpkg.Subject

	Added   []fnpkg.Component
	Removed []fnpkg.Component
	Changed []ComponentChange

	// Same counts the components without a change.
	Same int

	// Files is nil unless both sides are packages whose files were compared.
	Files *FileDifference
}

// Empty reports whether nothing differs.
func (d *Difference) Empty() bool {
	return len(d.Added)+len(d.Removed)+len(d.Changed) == 0 && (d.Files == nil || d.Files.Empty())
}

// ComponentChange is a component of which both sides know, but not the same.
type ComponentChange struct {
	From, To fnpkg.Component
	What     []Aspect // in the order of the constants, never empty
}

// Aspect is what changed of a component.
type Aspect string

// The aspects of a component that are compared.
const (
	AspectVersion Aspect = "version"
	AspectOrigin  Aspect = "origin"
	AspectLicense Aspect = "licence" // both sides know one, and not the same
	AspectContent Aspect = "content" // the version is the same, the hash is not
)

// Diff compares two inventories. Components are the same if type, name,
// version and origin are. Of those that remain of one name, one is taken for
// the other side's of another origin or version, in the order of versions;
// what still remains is added or removed.
func Diff(a, b *fnpkg.Inventory) *Difference {
	d := &Difference{From: a.Subject, To: b.Subject}
	left, right := byPackage(a.Components), byPackage(b.Components)
	for _, key := range keysOf(left, right) {
		d.compare(left[key], right[key])
	}
	return d
}

// packageKey is a package in any version.
type packageKey struct{ typ, name string }

func byPackage(components []fnpkg.Component) map[packageKey][]fnpkg.Component {
	out := map[packageKey][]fnpkg.Component{}
	for _, c := range components {
		key := packageKey{c.Type, c.Name}
		out[key] = append(out[key], c)
	}
	for _, list := range out {
		slices.SortFunc(list, func(x, y fnpkg.Component) int {
			return cmp.Or(compareVersions(x.Version, y.Version), strings.Compare(string(x.Origin), string(y.Origin)), strings.Compare(x.PURL, y.PURL))
		})
	}
	return out
}

func keysOf(maps ...map[packageKey][]fnpkg.Component) []packageKey {
	var keys []packageKey
	for _, m := range maps {
		for key := range m {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b packageKey) int {
		return cmp.Or(strings.Compare(a.typ, b.typ), strings.Compare(a.name, b.name))
	})
	return slices.Compact(keys)
}

// compare pairs the components of one package, the closest first.
func (d *Difference) compare(left, right []fnpkg.Component) {
	usedLeft, usedRight := make([]bool, len(left)), make([]bool, len(right))
	var changed []ComponentChange
	for _, alike := range []func(x, y fnpkg.Component) bool{
		func(x, y fnpkg.Component) bool { return x.PURL == y.PURL && x.Origin == y.Origin },
		func(x, y fnpkg.Component) bool { return x.Version == y.Version && x.Origin == y.Origin },
		func(x, y fnpkg.Component) bool { return x.Version == y.Version },
		func(x, y fnpkg.Component) bool { return x.Origin == y.Origin },
		func(x, y fnpkg.Component) bool { return true },
	} {
		for i, x := range left {
			if usedLeft[i] {
				continue
			}
			for j, y := range right {
				if usedRight[j] || !alike(x, y) {
					continue
				}
				usedLeft[i], usedRight[j] = true, true
				if what := aspects(x, y); what != nil {
					changed = append(changed, ComponentChange{x, y, what})
				} else {
					d.Same++
				}
				break
			}
		}
	}
	slices.SortStableFunc(changed, func(x, y ComponentChange) int {
		return cmp.Or(compareVersions(x.From.Version, y.From.Version), strings.Compare(string(x.From.Origin), string(y.From.Origin)))
	})
	d.Changed = append(d.Changed, changed...)
	for i, x := range left {
		if !usedLeft[i] {
			d.Removed = append(d.Removed, x)
		}
	}
	for j, y := range right {
		if !usedRight[j] {
			d.Added = append(d.Added, y)
		}
	}
}

func aspects(x, y fnpkg.Component) []Aspect {
	var out []Aspect
	if x.Version != y.Version {
		out = append(out, AspectVersion)
	}
	if x.Origin != y.Origin {
		out = append(out, AspectOrigin)
	}
	if l, r := settle(x.Licenses), settle(y.Licenses); len(l) > 0 && len(r) > 0 && !slices.Equal(l, r) {
		out = append(out, AspectLicense)
	}
	if x.Version == y.Version && (differ(x.SHA256, y.SHA256) || differ(x.SHA512, y.SHA512) || differ(x.TreeSHA256, y.TreeSHA256)) {
		out = append(out, AspectContent)
	}
	return out
}

// differ reports whether both hashes are known and not the same.
func differ(a, b string) bool { return a != "" && b != "" && !strings.EqualFold(a, b) }

// compareVersions orders versions for people: runs of digits by their value,
// anything else by its bytes. It is no ecosystem's order, and nothing but the
// order of lists depends on it.
func compareVersions(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		p, q := leadingRun(x), leadingRun(y)
		x, y = x[len(p):], y[len(q):]
		if isDigit(p[0]) && isDigit(q[0]) {
			m, n := strings.TrimLeft(p, "0"), strings.TrimLeft(q, "0")
			if c := cmp.Or(cmp.Compare(len(m), len(n)), strings.Compare(m, n)); c != 0 {
				return c
			}
			continue
		}
		if c := strings.Compare(p, q); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

// leadingRun is the longest beginning of s that is all digits or all not.
func leadingRun(s string) string {
	for i := 1; i < len(s); i++ {
		if isDigit(s[i]) != isDigit(s[0]) {
			return s[:i]
		}
	}
	return s
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
