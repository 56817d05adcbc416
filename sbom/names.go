package sbom

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fnseal/fnseal/fnpkg"
)

// Names of the properties in which a document keeps what its format has no
// field for. They are stable.
const (
	propOrigin     = "fnseal:origin"      // of a component: shipped, bundled, declared, runtime
	propConfidence = "fnseal:confidence"  // of a component, 0 to 1; absent when 1
	propFoundBy    = "fnseal:found-by"    // of a component: the technique
	propFoundAt    = "fnseal:found-at"    // of a component, where the format has no occurrences; repeated
	propTree       = "fnseal:tree-sha256" // of a component that is a tree of files
	propUnknown    = "fnseal:unknown"     // of a component: what of "version", "licence" and "producer" nothing states
	propEvidence   = "fnseal:evidence"    // of a recovered component, where the format has no place for it; repeated
	propArchive    = "fnseal:archive"     // of a component, where the format has no place for it: "<algorithm>:<hash>" of the archive it is from
	propPackage    = "fnseal:package"     // of a component in a merged document: the reference of its package

	propKind    = "fnseal:kind"           // of the package: zip, directory, …
	propSize    = "fnseal:size"           // of the package, in bytes
	propContent = "fnseal:content-digest" // of the package: scheme and digest
	propNewest  = "fnseal:newest-entry"   // of the package, where the timestamp says something else

	propLayer = "fnseal:layer" // of the package, in order: "<digest or none> <name>"; repeated

	propCoverage = "fnseal:coverage:" // and an ecosystem: "<state> <files> <reason>"
	propEdges    = "fnseal:edges:"    // and an ecosystem: state of the edges from its components
	propHazard   = "fnseal:hazard:"   // and a hazard's id: the entry's name
)

// Properties of the taxonomy that BSI TR-03183-2 defines for CycloneDX.
const (
	bsiFilename   = "bsi:component:filename"
	bsiExecutable = "bsi:component:executable"
	bsiArchive    = "bsi:component:archive"
	bsiStructured = "bsi:component:structured"
)

// property is one name with its value.
type property struct{ name, value string }

// packageProperties are those of a package in a document dated stamp.
func packageProperties(inv *fnpkg.Inventory, stamp time.Time) []property {
	s := inv.Subject
	list := []property{{propKind, string(s.Kind)}}
	add := func(name, value string) { list = append(list, property{name, value}) }
	if s.Size != 0 {
		add(propSize, strconv.FormatInt(s.Size, 10))
	}
	if !s.Content.IsZero() {
		add(propContent, s.Content.String())
	}
	if !s.Newest.IsZero() && formatTime(stamp) != formatTime(s.Newest) {
		add(propNewest, formatTime(s.Newest))
	}
	for _, l := range s.Layers {
		digest := noDigest
		if !l.Digest.IsZero() {
			digest = l.Digest.String()
		}
		add(propLayer, digest+" "+l.Name)
	}
	for _, c := range inv.Coverage {
		add(propCoverage+c.Ecosystem, strings.TrimSpace(fmt.Sprintf("%s %d %s", c.State, c.Files, c.Reason)))
		if c.Edges != "" {
			add(propEdges+c.Ecosystem, string(c.Edges))
		}
	}
	for _, h := range inv.Hazards {
		add(propHazard+string(h.ID), h.Path)
	}
	return list
}

// noDigest stands for the digest of a layer that has none.
const noDigest = "none"

// componentProperties are those of a component of the unit u.
func componentProperties(u *unit, c fnpkg.Component) []property {
	list := []property{{propOrigin, string(c.Origin)}}
	if c.Confidence != 1 {
		list = append(list, property{propConfidence, formatConfidence(c.Confidence)})
	}
	if c.FoundBy != "" {
		list = append(list, property{propFoundBy, c.FoundBy})
	}
	if c.TreeSHA256 != "" {
		list = append(list, property{propTree, c.TreeSHA256})
	}
	if words := unknowns(c); words != "" {
		list = append(list, property{propUnknown, words})
	}
	if u.ref != rootRef {
		list = append(list, property{propPackage, u.ref})
	}
	return list
}

// unknowns lists what nothing in the package states of a component, of what
// CISA's minimum elements ask to be marked so.
func unknowns(c fnpkg.Component) string {
	var words []string
	if c.Version == "" {
		words = append(words, "version")
	}
	if len(c.Licenses) == 0 {
		words = append(words, "licence")
	}
	if c.Producer.IsZero() {
		words = append(words, "producer")
	}
	return strings.Join(words, " ")
}

// placeProperties are the properties of a component in formats that have no
// place for where and by what it was found, nor for hashes of archives.
func placeProperties(c fnpkg.Component) []property {
	var list []property
	for _, at := range c.Occurrences {
		list = append(list, property{propFoundAt, at.Path})
	}
	for _, e := range c.Evidence {
		list = append(list, property{propEvidence, formatConfidence(e.Confidence) + " " + evidenceText(e)})
	}
	return list
}

func formatConfidence(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// evidenceText says in one line what was read where: "<technique> <path>:
// <detail>".
func evidenceText(e fnpkg.Evidence) string {
	return e.Technique + " " + e.Path + ": " + e.Detail
}

// parseEvidence reads what evidenceText wrote.
func parseEvidence(text string, confidence float64) (fnpkg.Evidence, bool) {
	technique, rest, ok := strings.Cut(text, " ")
	path, detail, ok2 := strings.Cut(rest, ": ")
	if !ok || !ok2 || technique == "" || !(confidence >= 0 && confidence <= 1) {
		return fnpkg.Evidence{}, false
	}
	return fnpkg.Evidence{Technique: technique, Path: path, Detail: detail, Confidence: confidence}, true
}

// readPackageProperty takes over one property of a package. Those that say
// nothing valid are ignored, for any tool may write such a name.
func readPackageProperty(inv *fnpkg.Inventory, name, value string) {
	s := &inv.Subject
	switch {
	case name == propKind:
		s.Kind = fnpkg.Kind(value)
	case name == propSize:
		if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 {
			s.Size = n
		}
	case name == propContent:
		if digits, ok := strings.CutPrefix(value, fnpkg.ContentScheme+":"); ok {
			if digest, err := fnpkg.ParseDigest("sha256:" + digits); err == nil {
				s.Content = fnpkg.ContentDigest(digest)
			}
		}
	case name == propLayer:
		text, layer, ok := strings.Cut(value, " ")
		digest, err := fnpkg.ParseDigest(text)
		if ok && (err == nil || text == noDigest) {
			s.Layers = append(s.Layers, fnpkg.Layer{Name: layer, Digest: digest})
		}
	case strings.HasPrefix(name, propCoverage):
		readCoverage(inv, strings.TrimPrefix(name, propCoverage), value)
	case strings.HasPrefix(name, propEdges):
		ecosystem := strings.TrimPrefix(name, propEdges)
		i := slices.IndexFunc(inv.Coverage, func(c fnpkg.Coverage) bool { return c.Ecosystem == ecosystem })
		if state, ok := coverageState(value); ok && i >= 0 {
			inv.Coverage[i].Edges = state
		}
	case strings.HasPrefix(name, propHazard):
		inv.Hazards = append(inv.Hazards, fnpkg.Hazard{
			ID: fnpkg.HazardID(strings.TrimPrefix(name, propHazard)), Path: value,
		})
	}
}

func readCoverage(inv *fnpkg.Inventory, ecosystem, value string) {
	state, rest, _ := strings.Cut(value, " ")
	files, reason, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(files)
	if err != nil || n < 0 {
		return
	}
	if s, ok := coverageState(state); ok {
		inv.Coverage = append(inv.Coverage, fnpkg.Coverage{
			Ecosystem: ecosystem, State: s, Files: n, Reason: strings.TrimSpace(reason),
		})
	}
}

func coverageState(word string) (fnpkg.CoverageState, bool) {
	switch s := fnpkg.CoverageState(word); s {
	case fnpkg.CoverageComplete, fnpkg.CoveragePartial, fnpkg.CoverageNone:
		return s, true
	}
	return "", false
}

// readComponentProperty takes over one property of a component.
func readComponentProperty(c *fnpkg.Component, name, value string) {
	switch name {
	case propOrigin:
		switch o := fnpkg.Origin(value); o {
		case fnpkg.OriginShipped, fnpkg.OriginBundled, fnpkg.OriginDeclared, fnpkg.OriginRuntime:
			c.Origin = o
		}
	case propConfidence:
		if f, err := strconv.ParseFloat(value, 64); err == nil {
			c.Confidence = f
		}
	case propFoundBy:
		c.FoundBy = value
	case propFoundAt:
		if value != "" {
			c.Occurrences = append(c.Occurrences, fnpkg.Occurrence{Path: value})
		}
	case propEvidence:
		word, text, _ := strings.Cut(value, " ")
		if f, err := strconv.ParseFloat(word, 64); err == nil {
			if e, ok := parseEvidence(text, f); ok {
				c.Evidence = append(c.Evidence, e)
			}
		}
	case propArchive:
		algorithm, digits, _ := strings.Cut(strings.ToLower(value), ":")
		switch {
		case algorithm == "sha256" && isHex(digits, 32):
			c.Distribution.SHA256 = digits
		case algorithm == "sha512" && isHex(digits, 64):
			c.Distribution.SHA512 = digits
		}
	case propTree:
		if isHex(value, 32) {
			c.TreeSHA256 = strings.ToLower(value)
		}
	}
}

// formatTime writes whole seconds in UTC, and nothing for no time or one that
// RFC 3339 cannot express.
func formatTime(t time.Time) string {
	t = t.UTC().Truncate(time.Second)
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return t.Format(time.RFC3339)
}

// readNewest takes over the time of the newest entry.
func readNewest(s *fnpkg.Subject, text string) {
	if t, err := time.Parse(time.RFC3339, text); err == nil && formatTime(t) != "" {
		s.Newest = t.UTC().Truncate(time.Second)
	}
}
