package bundle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/sbom/purl"
)

// maxEvidence bounds the evidence kept of one component.
const maxEvidence = 12

// packageCopy is one copy of a package in a script: the folder it was installed in
// tells copies apart, as far as it is known.
type packageCopy struct {
	name, version string
	claims        []claim // that speak of this copy
}

// resolver makes components of the claims about one script.
type resolver struct {
	builds   []*Build
	warnings []string
}

// resolve decides which copies of which packages the claims speak of.
func (r *resolver) resolve(claims []claim) []packageCopy {
	listing := slices.ContainsFunc(claims, func(c claim) bool { return listingRank(c.technique) < 2 })
	byName := map[string][]claim{}
	for _, c := range preferNames(dropForks(r.dropFolders(claims))) {
		byName[c.name] = append(byName[c.name], c)
	}
	var out []packageCopy
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		// What a list of all modules leaves out is within one of them.
		within := listing && !slices.ContainsFunc(byName[name], func(c claim) bool { return listingRank(c.technique) < 2 })
		out = append(out, r.copies(name, byName[name], within)...)
	}
	return out
}

// dropFolders drops original sources of what no build knows, if there are
// builds: then the folder is one of the package's authors.
func (r *resolver) dropFolders(claims []claim) []claim {
	listed := map[string]bool{}
	known := false
	for _, c := range claims {
		if c.technique == TechniqueMetafile {
			listed[c.name], known = true, true
		}
	}
	for _, b := range r.builds {
		known = known || len(b.versions) > 0
	}
	return slices.DeleteFunc(slices.Clone(claims), func(c claim) bool {
		return known && c.technique == TechniqueOriginal && !listed[c.name] &&
			!slices.ContainsFunc(r.builds, func(b *Build) bool { return len(b.versions[c.name]) > 0 || hasPlace(b, c.place) })
	})
}

func hasPlace(b *Build, place string) bool {
	_, ok := b.at(place)
	return ok
}

// dropForks drops what a comment says of a package if a scoped package of the
// same name is there and nothing else speaks for the unscoped one: the fork has
// kept the comment.
func dropForks(claims []claim) []claim {
	fork, sure := map[string]bool{}, map[string]bool{}
	for _, c := range claims {
		if c.technique == TechniqueBanner || c.technique == TechniqueComment {
			continue
		}
		sure[c.name] = true
		if _, last, ok := strings.Cut(c.name, "/"); ok {
			fork[last] = true
		}
	}
	return slices.DeleteFunc(claims, func(c claim) bool {
		return (c.technique == TechniqueBanner || c.technique == TechniqueComment) && fork[c.name] && !sure[c.name]
	})
}

// preferNames drops what a surer technique makes superfluous: where the
// bundler's report or the source map lists copies of a package, paths found in
// the code add no more of them. Their folders may be written from another root.
func preferNames(claims []claim) []claim {
	listed := map[string]Technique{}
	for _, c := range claims {
		if c.place == "" {
			continue
		}
		if best, ok := listed[c.name]; isListing(c.technique) && (!ok || listingRank(c.technique) < listingRank(best)) {
			listed[c.name] = c.technique
		}
	}
	// A version by store path or source text goes with the listing it is from.
	places := map[[2]string]bool{}
	for _, c := range claims {
		if c.place != "" && listingRank(c.technique) == listingRank(listed[c.name]) {
			places[[2]string{c.name, c.place}] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(claims), func(c claim) bool {
		return c.place != "" && !places[[2]string{c.name, c.place}]
	})
}

// isListing reports whether a technique lists copies.
func isListing(t Technique) bool { return listingRank(t) < 3 }

func listingRank(t Technique) int {
	switch t {
	case TechniqueMetafile:
		return 0
	case TechniqueSourceMap, TechniqueOriginal:
		return 1
	case TechniqueModulePath:
		return 2
	}
	return 3
}

// copies sorts the claims about one name into copies and gives each a version,
// if there is one to be had. within says that all copies are within other
// packages: of those, no build knows the version.
func (r *resolver) copies(name string, claims []claim, within bool) []packageCopy {
	placed := map[string][]claim{}
	var loose []claim
	said := map[string]bool{} // versions that claims without a place state
	for _, c := range claims {
		switch {
		case c.place != "":
			placed[c.place] = append(placed[c.place], c)
		default:
			loose = append(loose, c)
			if c.version != "" {
				said[c.version] = true
			}
		}
	}

	var known, open []packageCopy
	var openPlaces []string
	for _, place := range slices.Sorted(maps.Keys(placed)) {
		one := packageCopy{name: name, claims: placed[place]}
		if v := surestVersion(one.claims); v != "" {
			one.version = v
			if !within {
				r.compare(one, place)
			}
			known = append(known, one)
			delete(said, v)
			continue
		}
		open = append(open, one)
		openPlaces = append(openPlaces, place)
	}

	// Versions stated without a place belong to the copies that have none yet.
	stated := slices.Sorted(maps.Keys(said))
	out := known
	if len(stated) >= len(open) {
		// Each copy has one of the versions; which, is of no consequence.
		var shared []claim
		for _, c := range open {
			shared = append(shared, c.claims...)
		}
		for _, v := range stated {
			one := packageCopy{name: name, version: v, claims: slices.Clone(shared)}
			if len(open) == 1 && len(stated) == 1 && !within {
				r.compare(one, openPlaces[0])
			}
			out = append(out, one)
		}
	} else {
		for _, v := range stated {
			out = append(out, packageCopy{name: name, version: v})
		}
		for i, one := range open {
			if !within && slices.ContainsFunc(one.claims, func(c claim) bool { return !c.embedded }) {
				one = r.lookUp(one, openPlaces[i])
			}
			out = append(out, one)
		}
	}
	if len(out) == 0 {
		one := packageCopy{name: name}
		if !within {
			one = r.lookUp(one, "")
		}
		out = append(out, one)
	}
	for i := range out {
		for _, c := range loose {
			if c.version == "" || c.version == out[i].version {
				out[i].claims = append(out[i].claims, c)
			}
		}
		r.confirm(&out[i])
	}
	return out
}

// confirm adds the builds that have the very version a bundle states.
func (r *resolver) confirm(one *packageCopy) {
	p := installed{one.name, one.version}
	for _, b := range r.builds {
		if slices.Contains(b.versions[one.name], p) {
			one.claims = append(one.claims, claim{
				name: p.name, version: p.version, technique: b.technique, path: b.name, detail: shorten(p.name + "@" + p.version),
			})
		}
	}
}

// surestVersion returns the version of the surest claim that has one.
func surestVersion(claims []claim) string {
	version, best := "", 0.0
	for _, c := range claims {
		if conf := c.technique.Confidence(); c.version != "" && (conf > best || conf == best && c.version > version) {
			version, best = c.version, conf
		}
	}
	return version
}

// lookUp takes the version of a copy from the builds: that of its folder, or,
// where folders are not known, the only one there is of that name.
func (r *resolver) lookUp(one packageCopy, place string) packageCopy {
	for _, exact := range []bool{true, false} {
		for _, b := range r.builds {
			var p installed
			var ok bool
			detail := place
			switch {
			case exact:
				p, ok = b.at(place)
			case place == "" || len(b.places) == 0:
				// A copy in a folder the build does not have is not the build's.
				p, ok = b.only(one.name)
				detail = "the only version of " + one.name
			}
			if !ok {
				continue
			}
			// A folder may hold a package under an alias; its own name counts.
			one.name, one.version = p.name, p.version
			one.claims = append(slices.Clone(one.claims), claim{
				name: p.name, version: p.version, technique: b.technique, path: b.name, detail: shorten(detail + ": " + p.name + "@" + p.version),
			})
			return one
		}
	}
	return one
}

// compare warns if a build disagrees with what a bundle says of itself: then
// it is another build, and its other versions may be wrong.
func (r *resolver) compare(one packageCopy, place string) {
	for _, b := range r.builds {
		if p, ok := b.at(place); ok && p.name == one.name && p.version != one.version {
			r.warnings = append(r.warnings, fmt.Sprintf("%s has %s %s, but %s is in the bundle: it may not be the build of this package", b.name, one.name, p.version, one.version))
		}
	}
}

// components makes one component of all copies of a purl.
func components(copies []packageCopy) []fnpkg.Component {
	at := map[string]int{}
	var out []fnpkg.Component
	for _, one := range copies {
		id, err := purl.New("npm", one.name, one.version)
		if err != nil {
			continue // a valid name and version make a purl; no other is listed
		}
		i, ok := at[id.Text]
		if !ok {
			i = len(out)
			at[id.Text] = i
			out = append(out, fnpkg.Component{
				PURL: id.Text, Type: "npm", Name: id.Name, Version: one.version, Origin: fnpkg.OriginBundled,
			})
		}
		c := &out[i]
		evidence, confidence := weigh(one)
		c.Evidence = append(c.Evidence, evidence...)
		c.Confidence = max(c.Confidence, confidence)
		for _, cl := range one.claims {
			if cl.technique != TechniqueBuildTree && cl.technique != TechniqueLockFile {
				c.Occurrences = append(c.Occurrences, fnpkg.Occurrence{Path: cl.path})
			}
		}
	}
	for i := range out {
		tidy(&out[i])
	}
	slices.SortFunc(out, func(a, b fnpkg.Component) int { return strings.Compare(a.PURL, b.PURL) })
	return out
}

// weigh turns a copy's claims into evidence and a confidence: that of the
// surest sign for the name, or, if it is less, that of the surest for the
// version.
func weigh(one packageCopy) (evidence []fnpkg.Evidence, confidence float64) {
	var name, version float64
	for _, c := range one.claims {
		conf := c.technique.Confidence()
		evidence = append(evidence, fnpkg.Evidence{Technique: string(c.technique), Path: c.path, Detail: c.detail, Confidence: conf})
		name = max(name, conf)
		if c.version == one.version {
			version = max(version, conf)
		}
	}
	if one.version == "" {
		return evidence, name
	}
	return evidence, min(name, version)
}

// tidy sorts occurrences and evidence and bounds the latter: of one technique
// and file the first is enough where there are many.
func tidy(c *fnpkg.Component) {
	slices.SortFunc(c.Occurrences, func(a, b fnpkg.Occurrence) int { return strings.Compare(a.Path, b.Path) })
	c.Occurrences = slices.Compact(c.Occurrences)
	slices.SortFunc(c.Evidence, func(a, b fnpkg.Evidence) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), strings.Compare(a.Technique, b.Technique),
			strings.Compare(a.Path, b.Path), strings.Compare(a.Detail, b.Detail))
	})
	c.Evidence = slices.CompactFunc(c.Evidence, func(a, b fnpkg.Evidence) bool { return a.Technique == b.Technique && a.Path == b.Path })
	c.Evidence = c.Evidence[:min(len(c.Evidence), maxEvidence):min(len(c.Evidence), maxEvidence)]
	if len(c.Evidence) > 0 {
		c.FoundBy = "bundle-" + c.Evidence[0].Technique
	}
}
