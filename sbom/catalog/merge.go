package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
)

// merge makes one component of all finds of a purl and origin. What is shipped
// is not listed once more because a lock file names it too.
func merge(finds []find) []fnpkg.Component {
	type key struct {
		purl   string
		origin fnpkg.Origin
	}
	shipped := map[string]bool{}
	for _, f := range finds {
		if f.origin == fnpkg.OriginShipped {
			shipped[f.purl.Text] = true
		}
	}
	// A fixed order, so that ties fall the same way in every run.
	slices.SortFunc(finds, func(a, b find) int {
		return cmp.Or(
			cmp.Compare(a.purl.Text, b.purl.Text), cmp.Compare(a.origin, b.origin),
			cmp.Compare(a.path, b.path), cmp.Compare(b.confidence, a.confidence),
			cmp.Compare(a.sha256, b.sha256), cmp.Compare(a.foundBy, b.foundBy),
		)
	})
	var out []fnpkg.Component
	at := map[key]int{}
	archives := archivesOf(finds)
	for _, f := range finds {
		if f.origin == fnpkg.OriginDeclared && shipped[f.purl.Text] {
			continue
		}
		k := key{f.purl.Text, f.origin}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, fnpkg.Component{
				PURL: f.purl.Text, Type: f.purl.Type, Name: f.purl.Name, Version: f.purl.Version,
				Origin: f.origin, SHA256: f.sha256, SHA512: f.sha512, FoundBy: f.foundBy,
				Distribution: archives[f.purl.Text],
			})
		}
		c := &out[i]
		c.Evidence = append(c.Evidence, f.evidence...)
		c.Producer = cmp.Or(c.Producer, f.producer)
		c.SourceURL = cmp.Or(c.SourceURL, f.source)
		c.Confidence = max(c.Confidence, f.confidence)
		c.Occurrences = append(c.Occurrences, fnpkg.Occurrence{Path: f.path})
		c.Licenses = append(c.Licenses, f.licenses...)
		if c.SHA256 != f.sha256 {
			// The same version as different files: no hash stands for all.
			c.SHA256, c.SHA512 = "", ""
		}
	}
	for i := range out {
		c := &out[i]
		slices.SortFunc(c.Occurrences, func(a, b fnpkg.Occurrence) int { return strings.Compare(a.Path, b.Path) })
		c.Occurrences = slices.Compact(c.Occurrences)
		slices.SortFunc(c.Licenses, func(a, b fnpkg.License) int {
			return cmp.Or(strings.Compare(a.Expression, b.Expression), strings.Compare(a.Name, b.Name))
		})
		c.Licenses = slices.Compact(c.Licenses)
	}
	return out
}

// archivesOf returns the archive each purl was installed from, as lock files
// and package managers' own notes state it. Where two of them contradict each
// other, neither is believed.
func archivesOf(finds []find) map[string]fnpkg.Distribution {
	out := map[string]fnpkg.Distribution{}
	doubtful := map[string]bool{}
	for _, f := range finds {
		if f.archive == (fnpkg.Distribution{}) {
			continue
		}
		one, ok := agree(out[f.purl.Text], f.archive)
		out[f.purl.Text] = one
		if !ok {
			doubtful[f.purl.Text] = true
		}
	}
	for id := range doubtful {
		delete(out, id)
	}
	return out
}

// agree puts together what two statements say of one archive.
func agree(a, b fnpkg.Distribution) (fnpkg.Distribution, bool) {
	for _, pair := range [][2]string{{a.URL, b.URL}, {a.SHA256, b.SHA256}, {a.SHA512, b.SHA512}} {
		if pair[0] != "" && pair[1] != "" && pair[0] != pair[1] {
			return fnpkg.Distribution{}, false
		}
	}
	return fnpkg.Distribution{
		URL: cmp.Or(a.URL, b.URL), SHA256: cmp.Or(a.SHA256, b.SHA256), SHA512: cmp.Or(a.SHA512, b.SHA512),
	}, true
}

// mergeEdges sorts edges, drops repetitions and edges from a component to
// itself (a package nested in another version's folder may resolve so).
func mergeEdges(edges []fnpkg.Edge) []fnpkg.Edge {
	edges = slices.DeleteFunc(edges, func(e fnpkg.Edge) bool { return e.From == e.To })
	slices.SortFunc(edges, func(a, b fnpkg.Edge) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	return slices.Compact(edges)
}
